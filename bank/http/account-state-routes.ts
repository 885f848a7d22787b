/** The state of a holder's account, as tellers change it: frozen by one at once, unfrozen or closed for ever by two. */
import type { FastifyInstance } from "fastify";
import { type Account, type AccountState, balanceOf } from "../account.ts";
import type { Command } from "../command.ts";
import { dayOf } from "../deciding.ts";
import { BankError } from "../error.ts";
import { formatAmount } from "../money.ts";
import { submit } from "./asking.ts";
import { actorOf, only, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { carryOutOrPropose } from "./proposals.ts";
import { accountNumberText, changing, object } from "./schemas.ts";

const WORDS: Readonly<Record<AccountState, string>> = { open: "unfreeze", blocked: "freeze", closed: "close" };

export function addAccountStateRoutes(app: FastifyInstance, desk: Desk): void {
  const summary =
    "Freeze an account (one teller, at once), unfreeze or close it (a second one has to agree). One that is closed has to be empty; " +
    "interest that it is owed is paid out first, and less than a minor unit of it is left to the bank.";
  app.post<{ Params: { account: string }; Body: { state: AccountState } }>(
    "/v1/accounts/:account/state",
    {
      preValidation: only(desk, ["teller"]),
      schema: {
        summary,
        params: object({ account: accountNumberText }, ["account"]),
        body: object({ state: { enum: ["open", "blocked", "closed"] } }, ["state"]),
        response: changing,
      },
    },
    async (request, reply) => {
      const { state } = request.body;
      const account = await heldAccount(desk, request.params.account);
      const { id, overdraft, withdrawalMax, interestMillionths } = account;
      if (state === "closed" && account.state === "open")
        await settleInterest(desk, account, actorOf(visitorOf(request)));
      const terms = { overdraft, withdrawalMax, interestMillionths };
      const command = { kind: "set-account", account: id, state, ...terms } as const;
      // What protects the holder's money is done by whoever sees first that it has to be.
      const wish = { account: null, command, about: `${WORDS[state]} account ${id}`, isForTwo: state !== "blocked" };
      return carryOutOrPropose(desk, wish, { request, reply });
    },
  );
}

/** Throws BankError "INPUT" and "FORBIDDEN". */
async function heldAccount(desk: Desk, id: string): Promise<Account> {
  const account = await desk.reader.account(id);
  if (account === null) throw new BankError("INPUT", `there is no account ${id}`);
  if (account.holder === null) throw new BankError("FORBIDDEN", "that is one of the bank's own accounts");
  return account;
}

/** Up to yesterday, under the keys that the bank's own duties have for it. Throws BankError "INPUT" where the account is not empty then. */
async function settleInterest(desk: Desk, { id }: Account, by: string): Promise<void> {
  const today = dayOf(desk.clock.wallSeconds() * 1000);
  const commands: readonly (readonly [key: string, command: Command])[] = [
    [`accrue:${id}:${today - 1}`, { kind: "accrue", account: id, day: today - 1 }],
    [`interest:${id}:${today}`, { kind: "pay-interest", account: id, beforeDay: today }],
  ];
  for (const [key, command] of commands) await submit(desk, key, { command, by });
  const after = await heldAccount(desk, id);
  const balance = balanceOf(after);
  if (balance === 0n) return;
  const shown = `${formatAmount(balance, after.currency)} ${after.currency}`;
  throw new BankError("INPUT", `the account has a balance of ${shown}, which has to be zero before it is closed`);
}
