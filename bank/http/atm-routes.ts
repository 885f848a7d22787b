/** ATMs: each is enrolled with a key of its own, seen by staff, and revoked when that key is not its own any more. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { atmCash, balanceOf, internalOf } from "../account.ts";
import { formatTime } from "../calendar.ts";
import type { Atm, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { formatAmount } from "../money.ts";
import { submit } from "./asking.ts";
import { checkSignature, publicKeyFrom } from "./atm-signature.ts";
import { changeDocument, setDocument } from "./documents.ts";
import { actorOf, counterOr, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { atmText, cassettes, failures, listOf, object, shape, word } from "./schemas.ts";

interface EnrolBody {
  readonly id: string;
  readonly publicKey: string;
}

const seen = shape({
  id: "string",
  state: "string",
  currency: "string",
  cash: "string",
  contact: "string",
  sequence: "integer",
  cassettes,
});

export function addAtmRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object({ id: atmText, publicKey: word(200, "^[A-Za-z0-9+/=]+$") }, ["id", "publicKey"]);
  const enrolled = shape({ status: "string", id: "string", currency: "string" });
  app.post<{ Body: EnrolBody }>(
    "/v1/atms",
    {
      preValidation: counterOr(desk, ["teller"]),
      schema: {
        summary: "Enrol an ATM with its key; the request is signed with it.",
        body,
        response: { 200: enrolled, 409: enrolled, ...failures },
      },
    },
    async (request, reply) => {
      const { id, publicKey } = request.body;
      checkSignature(desk, request, publicKeyFrom(publicKey));
      const isEnrolled = await enrol(desk, request);
      void reply.code(isEnrolled ? 200 : 409);
      return { status: isEnrolled ? "ok" : "changed-meanwhile", id, currency: desk.currencies[0]! };
    },
  );
  app.get(
    "/v1/atms",
    {
      preValidation: counterOr(desk, ["teller", "auditor"]),
      schema: {
        summary: "The ATMs, their cash and when they were last heard of.",
        response: { 200: listOf(seen), ...failures },
      },
    },
    async () => {
      const accounts = new Map((await desk.reader.internalAccounts("atm:")).map((account) => [account.id, account]));
      return (await desk.reader.documents("atm", "")).map(({ id, value }) => {
        const account = accounts.get(atmCash(id, value.currency));
        // What the bank is owed by the ATM is the cash in it.
        const cash = formatAmount(account === undefined ? 0n : -balanceOf(account), value.currency);
        const { state, currency, sequence } = value;
        return {
          id,
          state,
          currency,
          cash,
          sequence,
          contact: formatTime(value.contactAtMilliseconds),
          cassettes: value.cassettes,
        };
      });
    },
  );
  addRevocation(app, desk);
}

function addRevocation(app: FastifyInstance, desk: Desk): void {
  app.post<{ Params: { id: string } }>(
    "/v1/atms/:id/revocation",
    {
      preValidation: counterOr(desk, ["teller"]),
      schema: {
        summary: "Believe that ATM's key no more, at once; a teller may enrol it again with another key.",
        params: object({ id: atmText }, ["id"]),
        response: { 200: shape({ status: "string" }), ...failures },
      },
    },
    async (request) => {
      const { id } = request.params;
      const place = { what: "atm", id, by: actorOf(visitorOf(request)) } as const;
      const changed = await changeDocument(desk, place, (value) => ({ ...value, state: "revoked" }));
      desk.atmKeys.forget(id);
      if (changed === null) throw new BankError("INPUT", "there is no such ATM");
      return { status: "ok" };
    },
  );
}

/** Enrolled again with the same key changes nothing; with another key only a teller may, and only when the old one is revoked. */
async function enrol(desk: Desk, request: FastifyRequest<{ Body: EnrolBody }>): Promise<boolean> {
  const { id, publicKey } = request.body;
  const visitor = visitorOf(request);
  const found = await desk.reader.document("atm", id);
  if (found?.value.state === "active") return found.value.publicKey === publicKey;
  if (found !== null && (visitor.kind !== "session" || found.value.publicKey === publicKey)) {
    throw new BankError("REVOKED", `the key of ATM ${id} is revoked: a teller may enrol it with another one`);
  }
  const currency = desk.currencies[0]!;
  const account = internalOf(atmCash(id, currency), currency);
  await submit(desk, `internal:${account.id}`, { command: { kind: "open-account", account }, by: "bank" });
  const none = { currency, sequence: 0, cassettes: [] };
  const contactAtMilliseconds = desk.clock.wallSeconds() * 1000;
  const value: Atm = { ...none, ...found?.value, publicKey, state: "active", contactAtMilliseconds };
  const place = { what: "atm", id, by: actorOf(visitor) } as const;
  desk.atmKeys.forget(id);
  return (await setDocument(desk, place, { value, ifVersion: found?.version ?? 0 })) !== null;
}

/** It is there: what it said of itself is kept. */
export async function heardOf(
  desk: Desk,
  id: string,
  change: (value: Atm) => Atm = (value) => value,
): Promise<Versioned<Atm> | null> {
  const contactAtMilliseconds = desk.clock.wallSeconds() * 1000;
  return changeDocument(desk, { what: "atm", id, by: `ATM ${id}` }, (value) => ({
    ...change(value),
    contactAtMilliseconds,
  }));
}

/** From one note to the next, where an ATM asks for nothing that is written down anyhow. */
const CONTACT_MILLISECONDS = 60_000;

/** That it was heard of. Whatever stands in the way of that is nobody's trouble who stands there. */
export async function noteContact(desk: Desk, { id, value }: Versioned<Atm>): Promise<void> {
  if (desk.clock.wallSeconds() * 1000 - value.contactAtMilliseconds < CONTACT_MILLISECONDS) return;
  try {
    await heardOf(desk, id);
  } catch (error) {
    if (!(error instanceof BankError)) throw error;
  }
}
