/** Sessions of holders: begun with a card and its PIN, ended by whoever has them; the PIN is the holder's to change. */
import type { FastifyInstance } from "fastify";
import type { Card, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { checkAtm, hasAtm } from "./atm-signature.ts";
import { changeDocument } from "./documents.ts";
import { anybody, counterOr, only, sessionOf, actorOf, visitorOf } from "./gate.ts";
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
  app.post<{ Body: { old: string; new: string } }>(
    "/v1/pin",
    { preValidation: only(desk, ["holder"]), schema: { summary: "Change the card's PIN.", body, response: done } },
    async (request) => {
      const { card, subject } = sessionOf(request);
      if (card === null) throw new BankError("FORBIDDEN", "the session was not begun with a card");
      const { old, new: wanted } = request.body;
      // A session that was left open is not enough: three wrong ones block the card here as well.
      await checkPin(desk, card, old);
      const pin = await desk.pins.hash(pinOwner(card), wanted, desk.random.octets(16));
      await changeDocument(desk, { what: "card", id: card, by: `holder ${subject}` }, (value) => ({ ...value, pin }));
      return { status: "ok" };
    },
  );
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
