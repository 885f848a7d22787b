/** What deciding about any command takes: the request at hand, entries and the accounts after them, the answer. */
import { type Account, availableOf, balanceOf } from "./account.ts";
import type { Books, Change, Decision } from "./books.ts";
import type { AccountAfter, Answer, Status } from "./command.ts";
import type { Entry } from "./entry.ts";

export const DAY_MILLISECONDS = 86_400_000;

/** Days since 1970-01-01 UTC. */
export const dayOf = (milliseconds: number): number => Math.floor(milliseconds / DAY_MILLISECONDS);

/** The request at hand. */
export interface Deciding {
  readonly books: Books;
  readonly key: string;
  readonly atMilliseconds: number;
}

export interface Parties {
  readonly debit: Account;
  readonly credit: Account;
}

export function posted({ debit, credit }: Parties, amount: bigint): Parties {
  return {
    debit: { ...debit, debitsPosted: debit.debitsPosted + amount },
    credit: { ...credit, creditsPosted: credit.creditsPosted + amount },
  };
}

export function entered(entry: Entry, { debit, credit }: Parties): Change[] {
  return [
    { kind: "account", account: debit },
    { kind: "account", account: credit },
    { kind: "entry", entry, debit, credit },
  ];
}

export interface Outcome {
  readonly entry?: number;
  readonly amount?: bigint;
  readonly accounts?: readonly Account[];
  readonly isFlagged?: boolean;
  readonly version?: number;
}

export function done(at: Deciding, changes: readonly Change[], outcome: Outcome): Decision {
  return { answer: answered(at, "ok", outcome), changes };
}

export const refused = (at: Deciding, status: Status): Decision => ({ answer: answered(at, status, {}), changes: [] });

export function answered({ atMilliseconds }: Deciding, status: Status, outcome: Outcome): Answer {
  const { entry = null, amount = null, accounts = [], isFlagged = false, version = null } = outcome;
  return { status, entry, amount, accounts: accounts.map(after), isFlagged, version, atMilliseconds };
}

function after(account: Account): AccountAfter {
  return { id: account.id, currency: account.currency, balance: balanceOf(account), available: availableOf(account) };
}
