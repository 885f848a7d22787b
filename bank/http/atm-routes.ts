/** ATMs: each is enrolled with a key of its own. */
import type { FastifyInstance } from "fastify";
import { atmCash, internalOf } from "../account.ts";
import { submit } from "./asking.ts";
import { checkSignature, publicKeyFrom } from "./atm-signature.ts";
import { actorOf, clerk, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { atmText, failures, object, word } from "./schemas.ts";

interface EnrolBody {
  readonly id: string;
  readonly publicKey: string;
}

export function addAtmRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object({ id: atmText, publicKey: word(200, "^[A-Za-z0-9+/=]+$") }, ["id", "publicKey"]);
  const enrolled = {
    type: "object",
    properties: { status: { type: "string" }, id: { type: "string" }, currency: { type: "string" } },
  };
  app.post<{ Body: EnrolBody }>(
    "/v1/atms",
    {
      preValidation: clerk(desk),
      schema: {
        summary: "Enrol an ATM with its key; the request is signed with it.",
        body,
        response: { 200: enrolled, 409: enrolled, ...failures },
      },
    },
    async (request, reply) => {
      const by = actorOf(visitorOf(request));
      const { id, publicKey } = request.body;
      checkSignature(desk, request, publicKeyFrom(publicKey));
      const status = await enrol(desk, { id, publicKey, by });
      void reply.code(status === "ok" ? 200 : 409);
      return { status, id, currency: desk.currencies[0]! };
    },
  );
}

/** Enrolled again with the same key changes nothing; with another key it is refused: staff revoke the old one first. */
async function enrol(desk: Desk, { id, publicKey, by }: EnrolBody & { readonly by: string }): Promise<string> {
  const currency = desk.currencies[0]!;
  const found = await desk.reader.document("atm", id);
  if (found !== null)
    return found.value.publicKey === publicKey && found.value.state === "active" ? "ok" : "changed-meanwhile";
  const account = atmCash(id, currency);
  await submit(desk, `internal:${account}`, {
    command: { kind: "open-account", account: internalOf(account, currency) },
    by: "bank",
  });
  const value = {
    publicKey,
    state: "active",
    currency,
    sequence: 0,
    contactAtMilliseconds: desk.clock.wallSeconds() * 1000,
    cassettes: [],
  } as const;
  const command = { kind: "set", what: "atm", id, value, ifVersion: 0 } as const;
  const { status } = await submit(desk, `enrol:${Buffer.from(desk.random.octets(12)).toString("base64url")}`, {
    command,
    by,
  });
  return status;
}
