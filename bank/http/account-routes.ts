/** What a holder may see of their accounts. */
import type { FastifyInstance } from "fastify";
import { type Account, availableOf, balanceOf } from "../account.ts";
import { BankError } from "../error.ts";
import { formatAmount } from "../money.ts";
import { sessionOf } from "./asking.ts";
import type { Desk } from "./parts.ts";
import { accountText, failures, object } from "./schemas.ts";
import type { Session } from "./tokens.ts";

const shown = {
  type: "object",
  properties: {
    account: { type: "string" },
    kind: { type: "string" },
    currency: { type: "string" },
    state: { type: "string" },
    balance: { type: "string" },
    available: { type: ["string", "null"] },
  },
};

export function addAccountRoutes(app: FastifyInstance, desk: Desk): void {
  app.get(
    "/v1/bank",
    { schema: { summary: "What bank this is, and where its chain of entries ends.", response: { ...failures } } },
    async () => {
      const { entries, link } = await desk.reader.head();
      const { bank, currencies } = desk;
      return { bank, currencies, entries, head: Buffer.from(link).toString("hex") };
    },
  );
  app.get(
    "/v1/accounts",
    {
      schema: {
        summary: "The accounts of whoever asks.",
        response: { 200: { type: "array", items: shown }, ...failures },
      },
    },
    async (request) => {
      const { subject } = sessionOf(desk, request, ["holder"]);
      return (await desk.reader.accountsOf(subject)).map(show);
    },
  );
  app.get<{ Params: { account: string } }>(
    "/v1/accounts/:account",
    {
      schema: {
        summary: "One account.",
        params: object({ account: accountText }, ["account"]),
        response: { 200: shown, ...failures },
      },
    },
    async (request) =>
      show(
        await visibleAccount(desk, sessionOf(desk, request, ["holder", "teller", "auditor"]), request.params.account),
      ),
  );
}

/** Throws BankError "FORBIDDEN", the same for another's account and for one that is not there. */
export async function visibleAccount(desk: Desk, session: Session, id: string): Promise<Account> {
  const account = await desk.reader.account(id);
  const isVisible = session.role !== "holder" || account?.holder === session.subject;
  if (account === null || !isVisible) throw new BankError("FORBIDDEN", "there is no such account of yours");
  return account;
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
