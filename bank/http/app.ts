/**
 * The bank's HTTP application: JSON under /v1, as one thread serves it. What may be done is the routes' to say, what becomes of
 * money the ledger's; here are the limits of a request and what a failure looks like to whoever asked.
 */
import { fastify, type FastifyInstance } from "fastify";
import { addPages } from "../pages/pages.ts";
import { KnownAccounts } from "./account-facts.ts";
import { addAccountRoutes } from "./account-routes.ts";
import { addAccountStateRoutes } from "./account-state-routes.ts";
import { addAtmRoutes } from "./atm-routes.ts";
import { AtmKeys, keepSignedBodies } from "./atm-signature.ts";
import { addBillRoutes } from "./bill-routes.ts";
import { addBookRoutes } from "./book-routes.ts";
import { addCashRoutes } from "./cash-routes.ts";
import { addCounterRoutes } from "./counter-routes.ts";
import { addDescription, addDescriptionRoute } from "./description.ts";
import { addFailures, failFramework } from "./failures.ts";
import { addGate } from "./gate.ts";
import { addHoldRoutes } from "./hold-routes.ts";
import { addLoginRoutes } from "./login-routes.ts";
import { addMoneyRoutes } from "./money-routes.ts";
import { type BankParts, type Desk, LIMITS } from "./parts.ts";
import { Pins } from "./pins.ts";
import { addProposalRoutes } from "./proposals.ts";
import { addRateLimit } from "./rate-limit.ts";
import { newRates, Rates } from "./rates.ts";
import { addReconciliationRoutes } from "./reconciliation-routes.ts";
import { addRequestRoutes } from "./request-routes.ts";
import { Sessions } from "./sessions.ts";
import { addStaffRoutes } from "./staff-routes.ts";
import { addStandingOrderRoutes } from "./standing-order-routes.ts";
import { Tokens } from "./tokens.ts";

/** A request is a few words. */
const BODY_OCTETS_MAX = 16_384;
/** As long as an idle ATM is let be. */
const IDLE_MILLISECONDS = 75_000;
const CONNECTIONS_MAX = 10_000;
const HEADER_OCTETS_MAX = 8192;

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/** Listens nowhere by itself. Without TLS only for tests and behind something that has it. */
export function createBankApp(parts: BankParts, tls: TlsIdentity | null): FastifyInstance {
  const desk = deskOf(parts);
  const { requestMillisecondsMax } = desk.limits;
  const server = {
    maxHeaderSize: HEADER_OCTETS_MAX,
    headersTimeout: requestMillisecondsMax,
    requestTimeout: requestMillisecondsMax,
    // Node looks for those that are too slow only so often.
    connectionsCheckingInterval: Math.ceil(requestMillisecondsMax / 10),
  };
  const options = {
    logger: false,
    bodyLimit: BODY_OCTETS_MAX,
    requestTimeout: requestMillisecondsMax,
    keepAliveTimeout: IDLE_MILLISECONDS,
    forceCloseConnections: true,
    frameworkErrors: failFramework,
    routerOptions: { maxParamLength: 100 },
    // What is wanted stands beside what is wrong.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, verbose: true } },
  } as const;
  const app: FastifyInstance =
    tls === null
      ? fastify({ ...options, http: server })
      : fastify({ ...options, https: { ...server, ...tls, handshakeTimeout: requestMillisecondsMax } });
  app.server.maxConnections = CONNECTIONS_MAX;
  addFailures(app, parts.log);
  app.addHook("onSend", async (_request, reply, payload) => {
    void reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    return payload;
  });
  addDescription(app, parts.bank);
  addRateLimit(app, desk);
  // Behind the two above, which see the routes that are added after them.
  void app.register((scope, _options, done) => {
    addRoutes(scope, desk);
    done();
  });
  addPages(app, desk);
  return app;
}

function addRoutes(app: FastifyInstance, desk: Desk): void {
  keepSignedBodies(app);
  addGate(app);
  addLoginRoutes(app, desk);
  addAccountRoutes(app, desk);
  addAccountStateRoutes(app, desk);
  addRequestRoutes(app, desk);
  addMoneyRoutes(app, desk);
  addCounterRoutes(app, desk);
  addHoldRoutes(app, desk);
  addBillRoutes(app, desk);
  addStandingOrderRoutes(app, desk);
  addBookRoutes(app, desk);
  addStaffRoutes(app, desk);
  addProposalRoutes(app, desk);
  addAtmRoutes(app, desk);
  addCashRoutes(app, desk);
  addReconciliationRoutes(app, desk);
  addDescriptionRoute(app);
}

function deskOf(parts: BankParts): Desk {
  const tokens = new Tokens(parts);
  const sessions = new Sessions({ ...parts, tokens });
  const limits = { ...LIMITS, ...parts.limits };
  const accounts = new KnownAccounts(parts.reader);
  const atmKeys = new AtmKeys(parts);
  const { rates: counters = newRates(parts.random), verify = () => parts.reader.verify() } = parts;
  const rates = new Rates(counters, parts.clock);
  const pins = new Pins(parts.serverKey);
  return { ...parts, limits, tokens, sessions, pins, atmKeys, accounts, rates, verify };
}
