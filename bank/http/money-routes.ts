/** Money moves: as cash at an ATM or at the counter, and from account to account. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { atmCash, internalAccount } from "../account.ts";
import type { Movement } from "../command.ts";
import { BankError } from "../error.ts";
import { type Currency, parseAmount } from "../money.ts";
import { decodeAnswer } from "../request-text.ts";
import type { AccountFacts } from "./account-facts.ts";
import { visible } from "./account-routes.ts";
import { carryOut } from "./asking.ts";
import { atmOr, only, ownKey, sessionOf, visitorOf } from "./gate.ts";
import { isAccountNumber } from "./numbers.ts";
import type { Desk } from "./parts.ts";
import { carryOutOrPropose, needsSecond, propose } from "./proposals.ts";
import { accountNumberText, accountText, amountText, moving, object, reference, word } from "./schemas.ts";

interface CashBody {
  readonly amount: string;
  readonly account?: string;
}

interface TransferBody {
  readonly amount: string;
  readonly to: string;
  readonly from?: string;
  readonly reference?: string;
}

export function addMoneyRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object({ amount: amountText, account: accountNumberText }, ["amount"]);
  const open = { preValidation: only(desk, ["holder", "teller"]) };
  app.post<{ Body: CashBody }>(
    "/v1/withdrawals",
    { ...open, schema: { summary: "Take cash at an ATM, or hand it out at the counter.", body, response: moving } },
    async (request, reply) => {
      const { account, place, where } = await cashAt(desk, request);
      const direction = { debit: account.id, credit: place, reason: "withdrawal", reference: where } as const;
      return carryOutOrPropose(desk, wishOf(desk, request, { account, direction }), { request, reply });
    },
  );
  app.post<{ Body: CashBody }>(
    "/v1/deposits",
    { ...open, schema: { summary: "Put cash in at an ATM, or take it at the counter.", body, response: moving } },
    async (request, reply) => {
      const { account, place, where } = await cashAt(desk, request);
      const direction = { debit: place, credit: account.id, reason: "deposit", reference: where } as const;
      return carryOutOrPropose(desk, wishOf(desk, request, { account, direction }), { request, reply });
    },
  );
  const transfer = object({ amount: amountText, to: accountNumberText, from: accountText, reference }, [
    "amount",
    "to",
  ]);
  app.post<{ Body: TransferBody }>(
    "/v1/transfers",
    { ...open, schema: { summary: "Move money to another account.", body: transfer, response: moving } },
    async (request, reply) => {
      const { to, from = null, reference: text = "" } = request.body;
      const account = await payingAccount(desk, request, from);
      checkNumber(to);
      const direction = { debit: account.id, credit: to, reason: "transfer", reference: text } as const;
      return carryOutOrPropose(desk, wishOf(desk, request, { account, direction }), { request, reply });
    },
  );
  addReversal(app, desk);
}

function addReversal(app: FastifyInstance, desk: Desk): void {
  const body = object({ of: word(80, "^[\\x21-\\x7e]+$"), amount: amountText, cause: word(40) }, ["of", "cause"]);
  const summary =
    "Take back what the request with that key moved at this ATM, or bar it; signed by the ATM, a card is not needed. " +
    "A teller's names the key as a statement has it, and needs a second teller.";
  app.post<{ Body: { of: string; amount?: string; cause: string } }>(
    "/v1/reversals",
    { preValidation: atmOr(desk, ["holder", "teller"]), schema: { summary, body, response: moving } },
    async (request, reply) => {
      const { of, amount, cause } = request.body;
      const visitor = visitorOf(request);
      const session = visitor.kind === "session" ? visitor.session : null;
      const isTeller = session?.role === "teller";
      const key = isTeller ? of : ownKey(visitor, of);
      const part = amount === undefined ? null : parseAmount(amount, await currencyOfRequest(desk, key));
      if (isTeller) {
        const command = { kind: "reverse", of, amount: part, cause } as const;
        return propose(desk, { account: null, command, about: `reverse ${of}: ${cause}` }, { request, reply });
      }
      if (session !== null && session.atm === null) throw noCash();
      const command = { kind: "reverse", of: key, amount: part, cause } as const;
      return carryOut(desk, { account: session?.account ?? null, command }, { request, reply });
    },
  );
}

/** Of what that request moved; of one that has not arrived it does not matter. */
async function currencyOfRequest(desk: Desk, key: string): Promise<Currency> {
  const octets = await desk.reader.answer(key);
  return (octets === null ? undefined : decodeAnswer(octets).accounts[0]?.currency) ?? desk.currencies[0]!;
}

type Direction = Pick<Movement, "debit" | "credit" | "reason" | "reference">;

function wishOf(
  desk: Desk,
  request: FastifyRequest<{ Body: { readonly amount: string } }>,
  { account, direction }: { readonly account: AccountFacts; readonly direction: Direction },
): Parameters<typeof carryOutOrPropose>[1] {
  const { currency, id } = account;
  const amount = parseAmount(request.body.amount, currency);
  const movement = { ...direction, amount, card: sessionOf(request).card };
  const about = `${direction.reason} of ${request.body.amount} ${currency} from ${direction.debit} to ${direction.credit}`;
  const isForTwo = needsSecond(desk, request, { amount, currency });
  return { account: id, command: { kind: "transfer", movement }, about, isForTwo };
}

const noCash = (): BankError => new BankError("FORBIDDEN", "cash is had at an ATM: the session was not begun at one");

/** The account, and where the cash is. Throws BankError. */
async function cashAt(
  desk: Desk,
  request: FastifyRequest<{ Body: CashBody }>,
): Promise<{ readonly account: AccountFacts; readonly place: string; readonly where: string }> {
  const session = sessionOf(request);
  const account = await payingAccount(desk, request, request.body.account ?? null);
  const { currency } = account;
  if (session.role === "teller") return { account, place: internalAccount("counter", currency), where: "counter" };
  if (session.atm === null) throw noCash();
  return { account, place: atmCash(session.atm, currency), where: `ATM ${session.atm}` };
}

/** That of the card, unless another of the holder's is named. A teller names any holder's. Throws BankError. */
export async function payingAccount(desk: Desk, request: FastifyRequest, id: string | null): Promise<AccountFacts> {
  const session = sessionOf(request);
  const wanted = id ?? session.account;
  if (wanted === null) throw new BankError("INPUT", "the account is missing");
  const account = visible(session, await desk.accounts.facts(wanted));
  if (account.holder === null) throw new BankError("FORBIDDEN", "that is one of the bank's own accounts");
  return account;
}

/** Throws BankError "INPUT". */
export function checkNumber(account: string): void {
  if (!isAccountNumber(account)) {
    throw new BankError("INPUT", `${account} is no account number: its last digit does not fit the others`);
  }
}
