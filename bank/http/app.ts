/**
 * The bank's HTTP application: JSON under /v1, as one thread serves it. What may be done is the routes' to say, what becomes of
 * money the ledger's; here are the limits of a request and what a failure looks like to whoever asked.
 */
import type {} from "@fastify/swagger";
import { fastify, type FastifyError, type FastifyInstance } from "fastify";
import { BankError, type BankErrorCode } from "../error.ts";
import { addAccountRoutes } from "./account-routes.ts";
import { addAtmRoutes } from "./atm-routes.ts";
import { AtmKeys, keepSignedBodies } from "./atm-signature.ts";
import { addCashRoutes } from "./cash-routes.ts";
import { addCounterRoutes } from "./counter-routes.ts";
import { addGate } from "./gate.ts";
import { addLoginRoutes } from "./login-routes.ts";
import { addMoneyRoutes } from "./money-routes.ts";
import { type BankParts, type Desk, LIMITS } from "./parts.ts";
import { Pins } from "./pins.ts";
import { addProposalRoutes } from "./proposals.ts";
import { addReconciliationRoutes } from "./reconciliation-routes.ts";
import { Sessions } from "./sessions.ts";
import { addStaffRoutes } from "./staff-routes.ts";
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
  const desk = deskOf(parts);
  app.setErrorHandler((error: FastifyError | BankError, _request, reply) => {
    const { code, ...body } = failureOf(error, desk);
    return reply.code(code).send(body);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ status: "not-found", message: "there is nothing at that path" }),
  );
  app.addHook("onSend", async (_request, reply, payload) => {
    void reply.header("cache-control", "no-store");
    return payload;
  });
  keepSignedBodies(app);
  addGate(app);
  addLoginRoutes(app, desk);
  addAccountRoutes(app, desk);
  addMoneyRoutes(app, desk);
  addCounterRoutes(app, desk);
  addStaffRoutes(app, desk);
  addProposalRoutes(app, desk);
  addAtmRoutes(app, desk);
  addCashRoutes(app, desk);
  addReconciliationRoutes(app, desk);
  return app;
}

function deskOf(parts: BankParts): Desk {
  const tokens = new Tokens(parts);
  const sessions = new Sessions({ ...parts, tokens });
  const limits = { ...LIMITS, ...parts.limits };
  return { ...parts, limits, tokens, sessions, pins: new Pins(parts.serverKey), atmKeys: new AtmKeys(parts) };
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

function failureOf(error: FastifyError | BankError, { log }: Desk): Failure {
  if (error instanceof BankError) {
    const [code, status] = FAILURES[error.code];
    return { code, status, message: error.message };
  }
  const { statusCode: code = 500, message } = error;
  if (code < 500) return { code, status: STATUSES.get(code) ?? "bad-request", message };
  // Nothing of a request goes into the log: a PIN may be in it.
  log.error({ error: error.stack ?? message }, "a bug ended a request");
  return { code: 500, status: "unavailable", message: "the request was not carried out: a bug ended it" };
}
