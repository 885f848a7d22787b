/**
 * The one gate to every route: each says who may come in, and one that says nothing cannot be added. Behind it a handler asks who came
 * (`sessionOf`, `actorFor`), and need not think of it again.
 */
import type { FastifyInstance, FastifyRequest, preValidationAsyncHookHandler as Gate } from "fastify";
import { BankError } from "../error.ts";
import { checkAtm, hasAtm } from "./atm-signature.ts";
import type { Desk } from "./parts.ts";
import type { Role, Session } from "./tokens.ts";

/** Who came in. */
type Visitor =
  | { readonly kind: "session"; readonly session: Session }
  /** An ATM by its signature alone. */
  | { readonly kind: "atm"; readonly id: string }
  /** A program on this machine, where the counter is open to them. */
  | { readonly kind: "counter" }
  | { readonly kind: "anybody" };

const VISITOR = "visitor";
/** What each asks for, as the OpenAPI document names it. */
const gates = new WeakMap<object, readonly Asks[]>();

/** Alternatives; all of one are wanted together. */
type Asks = Readonly<Record<string, readonly string[]>>;
const TOKEN: Asks = { token: [] };
const SIGNATURE: Asks = { atm: [], signature: [] };
const NOTHING: Asks = {};

/** Before routes are added: the gates need it, and a route without one is refused. */
export function addGate(app: FastifyInstance): void {
  app.decorateRequest(VISITOR, null);
  app.addHook("onRoute", (route) => {
    const security = typeof route.preValidation === "function" ? gates.get(route.preValidation) : undefined;
    if (security === undefined) throw new Error(`${String(route.method)} ${route.url} does not say who may come in`);
    route.schema = { ...route.schema, security };
  });
}

export const anybody = (): Gate => gate([NOTHING], async () => ({ kind: "anybody" }));

/** Whoever has a session with one of these roles. */
export const only = (desk: Desk, roles: readonly Role[]): Gate =>
  gate([TOKEN], async (request) => ({ kind: "session", session: await sessionIn(desk, request, roles) }));

/** The counter on this machine, or whoever has a session with one of these roles. */
export const counterOr = (desk: Desk, roles: readonly Role[]): Gate =>
  gate([TOKEN, NOTHING], async (request) => {
    const isLocal = desk.counter === "loopback" && isLoopback(request.ip);
    if (isLocal && request.headers.authorization === undefined) return { kind: "counter" };
    return { kind: "session", session: await sessionIn(desk, request, roles) };
  });

/** An ATM by its signature, also without any card; or whoever has a session with one of these roles. */
export const atmOr = (desk: Desk, roles: readonly Role[]): Gate =>
  gate([TOKEN, SIGNATURE], async (request) => {
    if (!hasAtm(request) || request.headers.authorization !== undefined) {
      return { kind: "session", session: await sessionIn(desk, request, roles) };
    }
    return { kind: "atm", id: (await checkAtm(desk, request)).id };
  });

/** The ATM that the path names (`:id`), by its signature. */
export const atmOnly = (desk: Desk): Gate =>
  gate([SIGNATURE], async (request) => {
    const { id } = await checkAtm(desk, request);
    const named = paramOf(request, "id");
    if (named !== id) throw new BankError("FORBIDDEN", `this is ATM ${id}, not ${named}`);
    return { kind: "atm", id };
  });

const paramOf = ({ params }: FastifyRequest, name: string): string => {
  const value: unknown = typeof params === "object" && params !== null ? Reflect.get(params, name) : null;
  return typeof value === "string" ? value : "";
};

function gate(asks: readonly Asks[], admit: (request: FastifyRequest) => Promise<Visitor>): Gate {
  const hook: Gate = async (request) => {
    request.setDecorator<Visitor>(VISITOR, await admit(request));
  };
  gates.set(hook, asks);
  return hook;
}

export const visitorOf = (request: FastifyRequest): Visitor => request.getDecorator<Visitor>(VISITOR);

/** Behind `only`. */
export function sessionOf(request: FastifyRequest): Session {
  const visitor = visitorOf(request);
  if (visitor.kind === "session") return visitor.session;
  throw new BankError("LOGIN", MISSING);
}

const MISSING = "who asks is missing: Authorization: Bearer TOKEN, which POST /v1/login gives";

/** Throws BankError "LOGIN" and "FORBIDDEN". */
async function sessionIn(desk: Desk, request: FastifyRequest, roles: readonly Role[]): Promise<Session> {
  const token = tokenOf(request);
  if (token === null) throw new BankError("LOGIN", MISSING);
  const session = await desk.sessions.check(token);
  if (!roles.includes(session.role)) throw new BankError("FORBIDDEN", `this is not for the role ${session.role}`);
  // A token that was begun at an ATM is of no use without that ATM's key.
  if (session.atm !== null && (await checkAtm(desk, request, session)).id !== session.atm) {
    throw new BankError("FORBIDDEN", "the session was begun at another ATM");
  }
  return session;
}

export function tokenOf({ headers }: FastifyRequest): string | null {
  const [scheme = "", token = ""] = (headers.authorization ?? "").split(" ");
  return scheme.toLowerCase() === "bearer" && token !== "" ? token : null;
}

/** How the audit trail names who asked. */
export function actorOf(visitor: Visitor): string {
  switch (visitor.kind) {
    case "session": {
      const { role, subject, card, atm } = visitor.session;
      const through = atm === null ? "" : ` at ATM ${atm}`;
      return `${role} ${subject}${card === null ? "" : ` card …${card.slice(-4)}`}${through}`;
    }
    case "atm":
      return `ATM ${visitor.id}`;
    case "counter":
      return "counter on this machine";
    case "anybody":
      return "anybody";
  }
}

/**
 * The ledger's key for a key of theirs: each subject's keys are its own, so that nobody can take, guess or bar another's. What is asked at an
 * ATM is the ATM's, which must be able to take it back without the card.
 */
export function ownKey(visitor: Visitor, key: string): string {
  switch (visitor.kind) {
    case "session": {
      const { role, subject, card, atm } = visitor.session;
      return atm === null ? `${role}:${card ?? subject}:${key}` : `atm:${atm}:${key}`;
    }
    case "atm":
      return `atm:${visitor.id}:${key}`;
    default:
      return `${visitor.kind}:${key}`;
  }
}

const isLoopback = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address);
