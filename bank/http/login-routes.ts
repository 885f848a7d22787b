/** Who somebody is: card and PIN become a token; three wrong PINs in a row block the card, whoever typed them and on however many servers. */
import type { FastifyInstance } from "fastify";
import type { Card, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { submit } from "./asking.ts";
import { atmOf } from "./atm-signature.ts";
import type { Desk } from "./parts.ts";
import { cardText, failures, object, pinText } from "./schemas.ts";

/** Of a holder's session. */
const SESSION_SECONDS = 600;
const WRONG_TRIES_MAX = 3;
/** Others try the same card at the same moment. */
const RACES_MAX = 5;

export function addLoginRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object({ card: cardText, pin: pinText }, ["card", "pin"]);
  const session = {
    type: "object",
    properties: { token: { type: "string" }, account: { type: "string" }, endsAtSeconds: { type: "integer" } },
  };
  app.post<{ Body: { card: string; pin: string } }>(
    "/v1/login",
    { schema: { summary: "Begin a session with a card and its PIN.", body, response: { 200: session, ...failures } } },
    async (request) => {
      const atm = await atmOf(desk, request);
      const { card, pin } = request.body;
      const { holder, account } = await checkPin(desk, card, pin);
      const begun = { role: "holder", subject: holder, card, account, atm: atm?.id ?? null } as const;
      const { token, session: made } = desk.tokens.issue(begun, SESSION_SECONDS);
      return { token, account, endsAtSeconds: made.endsAtSeconds };
    },
  );
}

/** What belongs to the PIN in its hash. */
export const pinOwner = (card: string): string => `card ${card}`;

/**
 * A try is counted before it is looked at, so that tries at the same moment count as many. Throws BankError "LOGIN", the same for a card that
 * is not there, and "FORBIDDEN" for one that is blocked.
 */
export async function checkPin(desk: Desk, number: string, pin: string): Promise<Card> {
  const counted = await countTry(desk, number);
  if (counted === null) {
    await desk.pins.matchesNothing(pin);
    throw wrong();
  }
  const { value, version } = counted;
  if (!(await desk.pins.matches(pinOwner(number), pin, value.pin))) {
    if (value.wrongTries >= WRONG_TRIES_MAX) await setCard(desk, number, { ...value, state: "blocked" }, version);
    throw wrong();
  }
  // Somebody else's try meanwhile keeps the count: it is reset by the next one that is right.
  const card = { ...value, wrongTries: 0 };
  await setCard(desk, number, card, version);
  return card;
}

const wrong = (): BankError => new BankError("LOGIN", "card or PIN is wrong");

async function countTry(desk: Desk, number: string): Promise<Versioned<Card> | null> {
  for (let race = 0; race < RACES_MAX; race++) {
    const found = await desk.reader.document("card", number);
    if (found === null) return null;
    const { value, version } = found;
    if (value.state === "blocked" || value.wrongTries >= WRONG_TRIES_MAX) {
      throw new BankError("FORBIDDEN", "the card is blocked: a member of staff can unblock it");
    }
    const card = { ...value, wrongTries: value.wrongTries + 1 };
    if (await setCard(desk, number, card, version)) return { id: number, version: version + 1, value: card };
  }
  throw new BankError("STORE", "the card is in use elsewhere at this moment: try again");
}

/** False when it was changed meanwhile. */
export async function setCard(desk: Desk, number: string, value: Card, ifVersion: number): Promise<boolean> {
  const command = { kind: "set", what: "card", id: number, value, ifVersion } as const;
  const key = `pin:${Buffer.from(desk.random.octets(18)).toString("base64url")}`;
  const { status } = await submit(desk, key, { command, by: `card …${number.slice(-4)}` });
  return status === "ok";
}
