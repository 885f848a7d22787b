/**
 * The bank's HTTP application: JSON under /v1, as one thread serves it. What may be done is the routes' to say, what becomes of
 * money the ledger's; here are the limits of a request and what a failure looks like to whoever asked.
 */
import type {} from "@fastify/swagger";
import { fastify, type FastifyError, type FastifyInstance } from "fastify";
import { BankError, type BankErrorCode } from "../error.ts";
import { addAccountRoutes } from "./account-routes.ts";
import { addAtmRoutes } from "./atm-routes.ts";
import { addCounterRoutes } from "./counter-routes.ts";
import { addLoginRoutes } from "./login-routes.ts";
import { addMoneyRoutes } from "./money-routes.ts";
import type { BankParts, Desk } from "./parts.ts";
import { Pins } from "./pins.ts";
import { Tokens } from "./tokens.ts";

/** A request is a few words. */
const BODY_OCTETS_MAX = 16_384;
const REQUEST_MILLISECONDS = 10_000;
/** As long as an idle ATM is let be. */
const IDLE_MILLISECONDS = 75_000;
const CONNECTIONS_MAX = 10_000;

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/** Listens nowhere by itself. Without TLS only for tests and behind something that has it. */
export function createBankApp(parts: BankParts, tls: TlsIdentity | null): FastifyInstance {
  const options = {
    logger: false,
    bodyLimit: BODY_OCTETS_MAX,
    requestTimeout: REQUEST_MILLISECONDS,
    keepAliveTimeout: IDLE_MILLISECONDS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 100 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  } as const;
  const app: FastifyInstance =
    tls === null
      ? fastify(options)
      : fastify({ ...options, https: { ...tls, handshakeTimeout: REQUEST_MILLISECONDS } });
  app.server.maxConnections = CONNECTIONS_MAX;
  const desk: Desk = { ...parts, tokens: new Tokens(parts), pins: new Pins(parts.serverKey) };
  app.setErrorHandler((error: FastifyError | BankError, _request, reply) => {
    const { code, message } = failureOf(error, desk);
    return reply
      .code(code)
      .header("cache-control", "no-store")
      .send({ status: statusOf(code), message });
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ status: "not-found", message: "there is nothing at that path" }),
  );
  app.addHook("onSend", async (_request, reply, payload) => {
    void reply.header("cache-control", "no-store");
    return payload;
  });
  addLoginRoutes(app, desk);
  addAccountRoutes(app, desk);
  addMoneyRoutes(app, desk);
  addCounterRoutes(app, desk);
  addAtmRoutes(app, desk);
  return app;
}

const CODES: Readonly<Record<BankErrorCode, number>> = {
  AMOUNT: 400,
  CURRENCY: 400,
  INPUT: 400,
  LOGIN: 401,
  FORBIDDEN: 403,
  STORE: 503,
  UNKNOWN: 504,
  EPOCH: 503,
};

const STATUSES: ReadonlyMap<number, string> = new Map([
  [400, "bad-request"],
  [401, "login"],
  [403, "forbidden"],
  [404, "not-found"],
  [413, "too-large"],
  [415, "not-json"],
  [429, "too-many"],
  [503, "unavailable"],
  [504, "unknown"],
]);

const statusOf = (code: number): string => STATUSES.get(code) ?? (code < 500 ? "bad-request" : "unavailable");

function failureOf(
  error: FastifyError | BankError,
  { log }: Desk,
): { readonly code: number; readonly message: string } {
  if (error instanceof BankError) return { code: CODES[error.code], message: error.message };
  const { statusCode = 500, message } = error;
  if (statusCode < 500) return { code: statusCode, message };
  // Nothing of a request goes into the log: a PIN may be in it.
  log.error({ error: error.stack ?? message }, "a bug ended a request");
  return { code: 500, message: "the request was not carried out: a bug ended it" };
}
