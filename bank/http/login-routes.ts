/** Sessions of holders: begun with a card and its PIN, ended by whoever has them; the PIN is the holder's to change. */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Card, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { codeOf, keyOf } from "./asking.ts";
import { noteContact } from "./atm-routes.ts";
import { checkAtm, hasAtm } from "./atm-signature.ts";
import { changeDocument } from "./documents.ts";
import { actorOf, anybody, counterOr, only, ownKey, sessionOf, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { cardText, failures, object, pinText, shape } from "./schemas.ts";
import { checkSecret } from "./tries.ts";

/** Of a holder's session. */
const SESSION_SECONDS = 600;

const done = { 200: shape({ status: "string" }), ...failures };

export function addLoginRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object({ card: cardText, pin: pinText }, ["card", "pin"]);
  const session = shape({ token: "string", account: "string", endsAtSeconds: "integer", seal: ["string", "null"] });
  app.post<{ Body: { card: string; pin: string } }>(
    "/v1/login",
    {
      preValidation: anybody(),
      schema: { summary: "Begin a session with a card and its PIN.", body, response: { 200: session, ...failures } },
    },
    async (request) => {
      const atm = hasAtm(request) ? await checkAtm(desk, request) : null;
      if (atm !== null) await noteContact(desk, atm);
      const { card, pin } = request.body;
      const { holder, account } = (await checkPin(desk, card, pin)).value;
      const begun = { role: "holder", subject: holder, card, account, atm: atm?.id ?? null } as const;
      const { token, session: made } = desk.tokens.issue(begun, SESSION_SECONDS);
      const seal = atm === null ? null : desk.tokens.sealSecret(made);
      return { token, account, endsAtSeconds: made.endsAtSeconds, seal };
    },
  );
  app.post(
    "/v1/logout",
    {
      preValidation: only(desk, ["holder", "teller", "auditor"]),
      schema: { summary: "End this session, on every server.", response: done },
    },
    async (request) => {
      await desk.sessions.end(desk, sessionOf(request));
      return { status: "ok" };
    },
  );
  addPinChange(app, desk);
  addCardStates(app, desk);
}

/** What belongs to the PIN in its hash. */
export const pinOwner = (card: string): string => `card ${card}`;

const checkPin = (desk: Desk, card: string, given: string): Promise<Versioned<Card>> =>
  checkSecret(desk, { what: "card", id: card, owner: pinOwner(card), given, secretOf: ({ pin }) => pin });

function addPinChange(app: FastifyInstance, desk: Desk): void {
  const body = object({ old: pinText, new: pinText }, ["old", "new"]);
  const changed = shape({ status: "string" });
  app.post<{ Body: PinBody }>(
    "/v1/pin",
    {
      preValidation: only(desk, ["holder"]),
      schema: {
        summary: "Change the card's PIN; asked again with the same key it is not changed again.",
        body,
        response: { ...done, 422: changed },
      },
    },
    async (request, reply) => {
      const status = await changePin(desk, request);
      void reply.code(codeOf(status));
      return { status };
    },
  );
}

interface PinBody {
  readonly old: string;
  readonly new: string;
}

/** Whoever asks again has the new PIN by then, so that the old one is not looked at: it would count as a wrong one. */
async function changePin(desk: Desk, request: FastifyRequest<{ Body: PinBody }>): Promise<"ok" | "key-reused"> {
  const { card, subject } = sessionOf(request);
  if (card === null) throw new BankError("FORBIDDEN", "the session was not begun with a card");
  const own = ownKey(visitorOf(request), keyOf(request));
  const pinChange = createHash("sha256").update(own).digest("base64url");
  const pin = await desk.pins.hash(pinOwner(card), request.body.new, desk.pins.saltFor(`pin ${own}`));
  const doneBefore = async (): Promise<"ok" | "key-reused" | null> => {
    const now = await desk.reader.document("card", card);
    if (now?.value.pinChange !== pinChange) return null;
    return now.value.pin === pin ? "ok" : "key-reused";
  };
  const before = await doneBefore();
  if (before !== null) return before;
  try {
    // A session that was left open is not enough: three wrong ones block the card here as well.
    await checkPin(desk, card, request.body.old);
  } catch (error) {
    const meanwhile = await doneBefore();
    if (meanwhile !== null) return meanwhile;
    throw error;
  }
  const place = { what: "card", id: card, by: `holder ${subject}` } as const;
  await changeDocument(desk, place, (value) => ({ ...value, pin, pinChange }));
  return "ok";
}

function addCardStates(app: FastifyInstance, desk: Desk): void {
  const body = object({ state: { enum: ["active", "blocked"] } }, ["state"]);
  app.post<{ Params: { card: string }; Body: { state: Card["state"] } }>(
    "/v1/cards/:card/state",
    {
      preValidation: counterOr(desk, ["teller"]),
      schema: {
        summary: "Block a card, or let it in again.",
        params: object({ card: cardText }, ["card"]),
        body,
        response: done,
      },
    },
    async (request) => {
      const place = { what: "card", id: request.params.card, by: actorOf(visitorOf(request)) } as const;
      const { state } = request.body;
      const changed = await changeDocument(desk, place, (value) => ({ ...value, state, wrongTries: 0 }));
      if (changed === null) throw new BankError("INPUT", "there is no such card");
      return { status: "ok" };
    },
  );
}
