/** What a holder may see of their accounts, and a member of staff of all. */
import type { FastifyInstance } from "fastify";
import { type Account, availableOf, balanceOf } from "../account.ts";
import { BankError } from "../error.ts";
import { formatAmount } from "../money.ts";
import { anybody, only, sessionOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { accountText, failures, listOf, object, shape } from "./schemas.ts";
import type { Session } from "./tokens.ts";

const shown = shape({
  account: "string",
  kind: "string",
  currency: "string",
  state: "string",
  balance: "string",
  available: ["string", "null"],
});

export function addAccountRoutes(app: FastifyInstance, desk: Desk): void {
  const bank = shape({ bank: "string", currencies: listOf({ type: "string" }), entries: "integer", head: "string" });
  app.get(
    "/v1/bank",
    {
      preValidation: anybody(),
      schema: {
        summary: "What bank this is, and where its chain of entries ends.",
        response: { 200: bank, ...failures },
      },
    },
    async () => {
      const { entries, link } = await desk.reader.head();
      return { bank: desk.bank, currencies: desk.currencies, entries, head: Buffer.from(link).toString("hex") };
    },
  );
  app.get(
    "/v1/accounts",
    {
      preValidation: only(desk, ["holder"]),
      schema: { summary: "The accounts of whoever asks.", response: { 200: listOf(shown), ...failures } },
    },
    async (request) => (await desk.reader.accountsOf(sessionOf(request).subject)).map(show),
  );
  app.get<{ Params: { account: string } }>(
    "/v1/accounts/:account",
    {
      preValidation: only(desk, ["holder", "teller", "auditor"]),
      schema: {
        summary: "One account.",
        params: object({ account: accountText }, ["account"]),
        response: { 200: shown, ...failures },
      },
    },
    async (request) => show(await visibleAccount(desk, sessionOf(request), request.params.account)),
  );
}

/** Throws BankError "FORBIDDEN". */
export const visibleAccount = async (desk: Desk, session: Session, id: string): Promise<Account> =>
  visible(session, await desk.reader.account(id));

/** Throws BankError "FORBIDDEN", the same for another's account and for one that is not there. */
export function visible<T extends { readonly holder: string | null }>(session: Session, account: T | null): T {
  if (account !== null && (session.role !== "holder" || account.holder === session.subject)) return account;
  throw new BankError("FORBIDDEN", "there is no such account of yours");
}

function show(account: Account): unknown {
  const { id, kind, currency, state } = account;
  const available = availableOf(account);
  return {
    account: id,
    kind,
    currency,
    state,
    balance: formatAmount(balanceOf(account), currency),
    available: available === null ? null : formatAmount(available, currency),
  };
}
