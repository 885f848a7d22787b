/** What a failure looks like to whoever asked: a status code, a status, and words that say how to mend it. */
import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import type { Log } from "../../base/index.ts";
import { BankError, type BankErrorCode } from "../error.ts";
import { wrongWords } from "./wrong-words.ts";

/** What is no request that has a route. */
export function failFramework(error: FastifyError, _request: unknown, reply: FastifyReply): void {
  const code = error.statusCode ?? 400;
  void reply.code(code).send({ status: "bad-request", message: "the path is wrong, or too long" });
}

export function addFailures(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError | BankError, _request, reply) => {
    const { code, ...body } = failureOf(error, log);
    return reply.code(code).send(body);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ status: "not-found", message: "there is nothing at that path" }),
  );
}

/** Status code and status of each failure. */
const FAILURES: Readonly<Record<BankErrorCode, readonly [code: number, status: string]>> = {
  AMOUNT: [400, "bad-request"],
  CURRENCY: [400, "bad-request"],
  INPUT: [400, "bad-request"],
  LOGIN: [401, "login"],
  NOT_ENROLLED: [401, "not-enrolled"],
  FORBIDDEN: [403, "forbidden"],
  REVOKED: [403, "revoked"],
  STORE: [503, "unavailable"],
  TOO_MANY: [429, "too-many"],
  UNKNOWN: [504, "unknown"],
  EPOCH: [503, "unavailable"],
};

/** What fastify itself refuses. */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [404, "not-found"],
  [413, "too-large"],
  [415, "not-json"],
  [429, "too-many"],
]);

interface Failure {
  readonly code: number;
  readonly status: string;
  readonly message: string;
}

function failureOf(error: FastifyError | BankError, log: Log): Failure {
  if (error instanceof BankError) {
    const [code, status] = FAILURES[error.code];
    return { code, status, message: error.message };
  }
  const { statusCode: code = 500 } = error;
  const message = wrongWords(error) ?? error.message;
  if (code < 500) return { code, status: STATUSES.get(code) ?? "bad-request", message };
  // Nothing of a request goes into the log: a PIN may be in it.
  log.error({ error: error.stack ?? message }, "a bug ended a request");
  return { code: 500, status: "unavailable", message: "the request was not carried out: a bug ended it" };
}
