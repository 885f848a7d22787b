/** What became of a request of one's own: for whoever was not told, such as an ATM that was cut off after it had asked. */
import type { FastifyInstance } from "fastify";
import { decodeAnswer } from "../request-text.ts";
import { told } from "./asking.ts";
import { atmOr, ownKey, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { failures, keyText, object, outcome } from "./schemas.ts";

export function addRequestRoutes(app: FastifyInstance, desk: Desk): void {
  app.get<{ Querystring: { key: string } }>(
    "/v1/requests",
    {
      preValidation: atmOr(desk, ["holder", "teller"]),
      schema: {
        summary: "What the ledger answered to the request of one's own with that key; not found: it has not arrived.",
        querystring: object({ key: keyText }, ["key"]),
        response: { 200: outcome, ...failures },
      },
    },
    async (request, reply) => {
      const { key } = request.query;
      const visitor = visitorOf(request);
      const octets = await desk.reader.answer(ownKey(visitor, key));
      if (octets === null) return reply.code(404).send({ status: "not-found", message: "no request has that key" });
      const account = visitor.kind === "session" ? visitor.session.account : null;
      return told(decodeAnswer(octets), { account, key });
    },
  );
}
