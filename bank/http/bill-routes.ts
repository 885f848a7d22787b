/** Bills and those they are paid to, and whom a holder pays often. */
import type { FastifyInstance } from "fastify";
import { billerAccount, internalOf } from "../account.ts";
import { BankError } from "../error.ts";
import { parseAmount } from "../money.ts";
import { carryOut, submit } from "./asking.ts";
import { setDocument } from "./documents.ts";
import { actorOf, counterOr, only, sessionOf, visitorOf } from "./gate.ts";
import { checkNumber, payingAccount } from "./money-routes.ts";
import type { Desk } from "./parts.ts";
import {
  accountNumberText,
  amountText,
  currencyText,
  failures,
  listOf,
  moving,
  nameText,
  object,
  reference,
  shape,
  word,
} from "./schemas.ts";

interface BillBody {
  readonly biller: string;
  readonly amount: string;
  readonly from?: string;
  readonly reference: string;
}

/** Of one holder. */
const PAYEES_MAX = 200;

export function addBillRoutes(app: FastifyInstance, desk: Desk): void {
  const bill = object({ biller: nameText, amount: amountText, from: accountNumberText, reference }, [
    "biller",
    "amount",
    "reference",
  ]);
  app.post<{ Body: BillBody }>(
    "/v1/bills",
    { preValidation: only(desk, ["holder"]), schema: { summary: "Pay a bill.", body: bill, response: moving } },
    async (request, reply) => {
      const { biller, amount, from = null, reference: text } = request.body;
      const { id, currency } = await payingAccount(desk, request, from);
      const movement = {
        debit: id,
        credit: billerAccount(biller, currency),
        amount: parseAmount(amount, currency),
        reason: "bill",
        reference: text,
        card: sessionOf(request).card,
      } as const;
      return carryOut(desk, { account: id, command: { kind: "transfer", movement } }, { request, reply });
    },
  );
  addBillers(app, desk);
  addPayees(app, desk);
}

function addBillers(app: FastifyInstance, desk: Desk): void {
  const shown = shape({ biller: "string", currency: "string" });
  app.get(
    "/v1/billers",
    {
      preValidation: only(desk, ["holder", "teller", "auditor"]),
      schema: { summary: "Whose bills can be paid.", response: { 200: listOf(shown), ...failures } },
    },
    async () =>
      (await desk.reader.internalAccounts("biller:")).map(({ id, currency }) => ({
        biller: id.split(":")[1],
        currency,
      })),
  );
  const body = object({ biller: nameText, currency: currencyText }, ["biller"]);
  app.post<{ Body: { biller: string; currency?: string } }>(
    "/v1/billers",
    {
      preValidation: counterOr(desk, ["teller"]),
      schema: { summary: "Let bills of somebody be paid.", body, response: { 200: shown, ...failures } },
    },
    async (request) => {
      const { biller, currency = desk.currencies[0]! } = request.body;
      if (!desk.currencies.includes(currency)) throw new BankError("CURRENCY", `this bank has no ${currency}`);
      const account = internalOf(billerAccount(biller, currency), currency);
      const by = actorOf(visitorOf(request));
      await submit(desk, `internal:${account.id}`, { command: { kind: "open-account", account }, by });
      return { biller, currency };
    },
  );
}

function addPayees(app: FastifyInstance, desk: Desk): void {
  const preValidation = only(desk, ["holder"]);
  const shown = shape({ account: "string", name: "string" });
  app.get(
    "/v1/payees",
    { preValidation, schema: { summary: "Whom one pays often.", response: { 200: listOf(shown), ...failures } } },
    async (request) => {
      const payees = await desk.reader.documents("payee", `${sessionOf(request).subject}:`);
      return payees.map(({ value: { account, name } }) => ({ account, name }));
    },
  );
  const body = object({ name: word(60), account: accountNumberText }, ["name", "account"]);
  app.post<{ Body: { name: string; account: string } }>(
    "/v1/payees",
    { preValidation, schema: { summary: "Remember whom one pays.", body, response: { 200: shown, ...failures } } },
    async (request) => {
      const { subject: holder } = sessionOf(request);
      const { name, account } = request.body;
      checkNumber(account);
      const known = await desk.reader.documents("payee", `${holder}:`);
      if (known.length >= PAYEES_MAX) throw new BankError("INPUT", `at most ${PAYEES_MAX} payees are remembered`);
      const place = { what: "payee", id: `${holder}:${account}`, by: `holder ${holder}` } as const;
      await setDocument(desk, place, { value: { holder, name, account }, ifVersion: null });
      return { account, name };
    },
  );
  app.delete<{ Params: { account: string } }>(
    "/v1/payees/:account",
    {
      preValidation,
      schema: {
        summary: "Forget whom one paid.",
        params: object({ account: accountNumberText }, ["account"]),
        response: { 200: shape({ status: "string" }), ...failures },
      },
    },
    async (request) => {
      const { subject: holder } = sessionOf(request);
      const place = { what: "payee", id: `${holder}:${request.params.account}`, by: `holder ${holder}` } as const;
      await setDocument(desk, place, { value: null, ifVersion: null });
      return { status: "ok" };
    },
  );
}
