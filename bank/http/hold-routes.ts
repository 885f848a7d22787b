/** Holds: money that is promised, then taken in part or whole, or let go. Who made one ends it, whatever else may be asked of the account. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { atmCash } from "../account.ts";
import type { Hold } from "../books.ts";
import { formatTime } from "../calendar.ts";
import type { Movement } from "../command.ts";
import { BankError } from "../error.ts";
import { formatAmount, parseAmount } from "../money.ts";
import { visibleAccount } from "./account-routes.ts";
import { carryOut } from "./asking.ts";
import { atmOr, only, ownKey, sessionOf, visitorOf } from "./gate.ts";
import { checkNumber, payingAccount } from "./money-routes.ts";
import type { Desk } from "./parts.ts";
import {
  accountNumberText,
  accountText,
  amountText,
  failures,
  keyText,
  listOf,
  moving,
  object,
  reference,
  seconds,
  shape,
} from "./schemas.ts";

/** A promise is for days, not for years. */
const SECONDS_MAX = 31 * 86_400;

interface HoldBody {
  readonly amount: string;
  readonly to?: string;
  readonly from?: string;
  readonly reference?: string;
  readonly expiresAtSeconds: number;
}

export function addHoldRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object(
    { amount: amountText, to: accountNumberText, from: accountNumberText, reference, expiresAtSeconds: seconds },
    ["amount", "expiresAtSeconds"],
  );
  app.post<{ Body: HoldBody }>(
    "/v1/holds",
    {
      preValidation: only(desk, ["holder"]),
      schema: {
        summary: "Hold money for another account, or at an ATM for the cash in it, until that second since 1970.",
        body,
        response: moving,
      },
    },
    async (request, reply) => {
      const { amount, from = null, expiresAtSeconds } = request.body;
      if (expiresAtSeconds > desk.clock.wallSeconds() + SECONDS_MAX) {
        throw new BankError("INPUT", `expiresAtSeconds: a hold is for at most ${SECONDS_MAX / 86_400} days`);
      }
      const account = await payingAccount(desk, request, from);
      const movement = holdingOf(request, { debit: account.id, currency: account.currency });
      const whole = { ...movement, amount: parseAmount(amount, account.currency), card: sessionOf(request).card };
      const command = { kind: "hold", movement: whole, expiresAtMilliseconds: expiresAtSeconds * 1000 } as const;
      return carryOut(desk, { account: account.id, command }, { request, reply });
    },
  );
  addEnds(app, desk);
  addList(app, desk);
}

function holdingOf(
  request: FastifyRequest<{ Body: HoldBody }>,
  { debit, currency }: { readonly debit: string; readonly currency: string },
): Pick<Movement, "debit" | "credit" | "reason" | "reference"> {
  const { to, reference: text = "" } = request.body;
  const { atm } = sessionOf(request);
  if (to !== undefined) {
    checkNumber(to);
    return { debit, credit: to, reason: "transfer", reference: text };
  }
  if (atm === null) throw new BankError("INPUT", "who the money is held for is missing: to");
  return { debit, credit: atmCash(atm, currency), reason: "withdrawal", reference: `ATM ${atm}` };
}

function addEnds(app: FastifyInstance, desk: Desk): void {
  const capture = object({ hold: keyText, amount: amountText }, ["hold", "amount"]);
  const preValidation = atmOr(desk, ["holder"]);
  app.post<{ Body: { hold: string; amount: string } }>(
    "/v1/captures",
    {
      preValidation,
      schema: {
        summary: "Take that much of a hold of one's own; the rest is free again.",
        body: capture,
        response: moving,
      },
    },
    async (request, reply) => {
      const { key, hold } = await ownHold(desk, request, request.body.hold);
      const currency = hold === null ? null : await currencyOf(desk, hold);
      // A hold that is not there is the ledger's to refuse, so that the key is used up.
      const amount = parseAmount(request.body.amount, currency ?? desk.currencies[0]!);
      const command = { kind: "capture", hold: key, amount } as const;
      return carryOut(desk, { account: hold?.debit ?? null, command }, { request, reply });
    },
  );
  app.post<{ Body: { hold: string } }>(
    "/v1/releases",
    {
      preValidation,
      schema: { summary: "Let a hold of one's own go.", body: object({ hold: keyText }, ["hold"]), response: moving },
    },
    async (request, reply) => {
      const { key, hold } = await ownHold(desk, request, request.body.hold);
      const command = { kind: "release", hold: key } as const;
      return carryOut(desk, { account: hold?.debit ?? null, command }, { request, reply });
    },
  );
}

/** Another's is never found: its key begins with another name. */
async function ownHold(
  desk: Desk,
  request: FastifyRequest,
  named: string,
): Promise<{ readonly key: string; readonly hold: Hold | null }> {
  const key = ownKey(visitorOf(request), named);
  return { key, hold: await desk.reader.hold(key) };
}

const currencyOf = async (desk: Desk, { debit }: Hold): Promise<string | null> =>
  (await desk.reader.account(debit))?.currency ?? null;

function addList(app: FastifyInstance, desk: Desk): void {
  const shown = shape({ debit: "string", credit: "string", amount: "string", expires: "string", state: "string" });
  app.get<{ Params: { account: string } }>(
    "/v1/accounts/:account/holds",
    {
      preValidation: only(desk, ["holder", "teller", "auditor"]),
      schema: {
        summary: "What is held on an account, and what became of earlier holds.",
        params: object({ account: accountText }, ["account"]),
        response: { 200: listOf(shown), ...failures },
      },
    },
    async (request) => {
      const { id, currency } = await visibleAccount(desk, sessionOf(request), request.params.account);
      return (await desk.reader.holdsOf(id)).map(({ debit, credit, amount, expiresAtMilliseconds, state }) => {
        const expires = formatTime(expiresAtMilliseconds);
        return { debit, credit, amount: formatAmount(amount, currency), expires, state };
      });
    },
  );
}
