/** Money moves: at an ATM, and from account to account. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Account, atmCash } from "../account.ts";
import type { Movement } from "../command.ts";
import { BankError } from "../error.ts";
import { type Currency, parseAmount } from "../money.ts";
import { visibleAccount } from "./account-routes.ts";
import { carryOut, keyOf, ownKey, sessionOf } from "./asking.ts";
import type { Desk } from "./parts.ts";
import { accountText, amountText, moving, object, reference, word } from "./schemas.ts";
import type { Session } from "./tokens.ts";

interface CashBody {
  readonly amount: string;
}

interface TransferBody extends CashBody {
  readonly to: string;
  readonly from?: string;
  readonly reference?: string;
}

export function addMoneyRoutes(app: FastifyInstance, desk: Desk): void {
  const cash = { body: object({ amount: amountText }, ["amount"]), response: moving };
  app.post<{ Body: CashBody }>(
    "/v1/withdrawals",
    { schema: { summary: "Take cash at an ATM.", ...cash } },
    async (request, reply) => {
      const { account, session, atm } = await atAtm(desk, request);
      const movement = {
        debit: account.id,
        credit: atmCash(atm, account.currency),
        reason: "withdrawal",
        reference: `ATM ${atm}`,
      } as const;
      return carryOut(desk, cashCommand(request, { session, account, movement }), reply);
    },
  );
  app.post<{ Body: CashBody }>(
    "/v1/deposits",
    { schema: { summary: "Put cash in at an ATM.", ...cash } },
    async (request, reply) => {
      const { account, session, atm } = await atAtm(desk, request);
      const movement = {
        debit: atmCash(atm, account.currency),
        credit: account.id,
        reason: "deposit",
        reference: `ATM ${atm}`,
      } as const;
      return carryOut(desk, cashCommand(request, { session, account, movement }), reply);
    },
  );
  const transfer = object({ amount: amountText, to: accountText, from: accountText, reference }, ["amount", "to"]);
  app.post<{ Body: TransferBody }>(
    "/v1/transfers",
    { schema: { summary: "Move money to another account.", body: transfer, response: moving } },
    async (request, reply) => {
      const session = sessionOf(desk, request, ["holder"]);
      const account = await ownAccount(desk, session, request.body.from ?? null);
      const { to, reference: text = "", amount } = request.body;
      const movement = movementOf(
        { debit: account.id, credit: to, reason: "transfer", reference: text },
        { amount, currency: account.currency, session },
      );
      const asked = {
        session,
        key: keyOf(request),
        account: account.id,
        command: { kind: "transfer", movement },
      } as const;
      return carryOut(desk, asked, reply);
    },
  );
  addReversal(app, desk);
}

function addReversal(app: FastifyInstance, desk: Desk): void {
  const body = object({ of: word(48, "^[\\x21-\\x7e]+$"), amount: amountText, cause: word(40) }, ["of", "cause"]);
  app.post<{ Body: { of: string; amount?: string; cause: string } }>(
    "/v1/reversals",
    {
      schema: {
        summary: "Take back what the request with that key moved at this ATM, or bar it.",
        body,
        response: moving,
      },
    },
    async (request, reply) => {
      const { account, session } = await atAtm(desk, request);
      const { of, amount, cause } = request.body;
      const part = amount === undefined ? null : parseAmount(amount, account.currency);
      const command = { kind: "reverse", of: ownKey(session, of), amount: part, cause } as const;
      return carryOut(desk, { session, key: keyOf(request), account: account.id, command }, reply);
    },
  );
}

type Direction = Pick<Movement, "debit" | "credit" | "reason" | "reference">;

function cashCommand(
  request: FastifyRequest<{ Body: CashBody }>,
  {
    session,
    account,
    movement,
  }: { readonly session: Session; readonly account: Account; readonly movement: Direction },
): Parameters<typeof carryOut>[1] {
  const whole = movementOf(movement, { amount: request.body.amount, currency: account.currency, session });
  return { session, key: keyOf(request), account: account.id, command: { kind: "transfer", movement: whole } };
}

function movementOf(
  direction: Direction,
  { amount, currency, session }: { readonly amount: string; readonly currency: Currency; readonly session: Session },
): Movement {
  return { ...direction, amount: parseAmount(amount, currency), card: session.card };
}

/** Throws BankError "FORBIDDEN" where the session was not begun at an ATM. */
async function atAtm(
  desk: Desk,
  request: FastifyRequest,
): Promise<{ account: Account; session: Session; atm: string }> {
  const session = sessionOf(desk, request, ["holder"]);
  if (session.atm === null) throw new BankError("FORBIDDEN", "cash is had at an ATM: the session was not begun at one");
  return { account: await ownAccount(desk, session, null), session, atm: session.atm };
}

/** That of the card, unless another of the holder's is named. */
async function ownAccount(desk: Desk, session: Session, id: string | null): Promise<Account> {
  const wanted = id ?? session.account;
  if (wanted === null) throw new BankError("INPUT", "the account to take it from is missing: from");
  return visibleAccount(desk, session, wanted);
}
