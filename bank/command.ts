/**
 * What a bank's store is asked, and what it answers. Each request has a key that is never used for another: the same key with the
 * same command is answered by the same octets for ever, so whoever does not know whether a request arrived asks again.
 */
import type { AccountState, NewAccount } from "./account.ts";
import type { DocumentKind, DocumentOf } from "./document.ts";

/** Why money moves; on statements, and for the limits that apply. */
export type Reason =
  | "opening"
  | "deposit"
  | "withdrawal"
  | "transfer"
  | "bill"
  | "standing-order"
  | "fee"
  | "interest"
  | "cash-load"
  | "adjustment"
  | "reversal";

/** A movement of money: one entry, a posting to each of two accounts. */
export interface Movement {
  readonly debit: string;
  readonly credit: string;
  /** In minor units of the currency that both accounts have. */
  readonly amount: bigint;
  readonly reason: Reason;
  /** For the statement; at most 140 characters. */
  readonly reference: string;
  /** The card it was asked with, whose limit a day counts; null: none. */
  readonly card: string | null;
}

export type Command =
  | { readonly kind: "open-account"; readonly account: NewAccount }
  | ({ readonly kind: "set-account"; readonly account: string } & AccountChange)
  | { readonly kind: "transfer"; readonly movement: Movement }
  /** Money that was given out already: taken even where limits are passed, and flagged then. */
  | { readonly kind: "advice"; readonly movement: Movement }
  | { readonly kind: "hold"; readonly movement: Movement; readonly expiresAtMilliseconds: number }
  /** Ends a hold by posting that much of it; the rest is free again. */
  | { readonly kind: "capture"; readonly hold: string; readonly amount: bigint }
  | { readonly kind: "release"; readonly hold: string }
  /** Only once its time has come. */
  | { readonly kind: "expire"; readonly hold: string }
  /**
   * Takes back what the request with that key moved; null: all of it. When that request has not arrived yet, it will be refused, so that
   * whoever does not know what became of it is safe either way.
   */
  | { readonly kind: "reverse"; readonly of: string; readonly amount: bigint | null; readonly cause: string }
  /** Interest for a day (days since 1970-01-01 UTC) that is over, from the balance at its end; once for each account and day. */
  | { readonly kind: "accrue"; readonly account: string; readonly day: number }
  /** Pays out what accrued before that day and was not paid out. */
  | { readonly kind: "pay-interest"; readonly account: string; readonly beforeDay: number }
  | SetDocument
  /** From now on only servers of this epoch or a later one may write. */
  | { readonly kind: "take-over"; readonly epoch: number };

export interface AccountChange {
  readonly state: AccountState;
  readonly overdraft: bigint | null;
  readonly withdrawalMax: bigint | null;
  readonly interestMillionths: bigint;
}

/** Writes a document, when it has that version (0: there is none) or any (null). */
export interface SetDocument<K extends DocumentKind = DocumentKind> {
  readonly kind: "set";
  readonly what: K;
  readonly id: string;
  readonly value: DocumentOf<K> | null;
  readonly ifVersion: number | null;
}

/** The closed list of what may become of a command. */
export const STATUSES = [
  "ok",
  /** The key was used for another command. */
  "key-reused",
  /** A reversal of it came first. */
  "reversed-before",
  "no-such-account",
  "account-exists",
  "account-blocked",
  "account-closed",
  "account-in-use",
  /** Interest of at least a minor unit is owed to it: that is paid out before it is closed. */
  "interest-unpaid",
  "same-account",
  "currency-differs",
  "amount-wrong",
  "insufficient-funds",
  "over-withdrawal-limit",
  "no-such-card",
  "card-blocked",
  "over-card-limit",
  "no-such-hold",
  "hold-ended",
  "hold-expired",
  "hold-not-due",
  "over-hold",
  "nothing-to-reverse",
  "reversed-already",
  "day-not-over",
  "accrued-already",
  "nothing-accrued",
  "changed-meanwhile",
  "stale-epoch",
] as const;

export type Status = (typeof STATUSES)[number];

export interface LedgerRequest {
  /** 1 to 80 visible ASCII characters. */
  readonly key: string;
  readonly command: Command;
  /** Who asks, for the audit trail: a role and a name. */
  readonly by: string;
}

/** An account after a request. */
export interface AccountAfter {
  readonly id: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly available: bigint | null;
}

/** What a store keeps beside the key, and gives again. */
export interface Answer {
  readonly status: Status;
  /** Of the entry that was made. */
  readonly entry: number | null;
  readonly amount: bigint | null;
  /** Debit first. */
  readonly accounts: readonly AccountAfter[];
  /** A limit was passed by an advice. */
  readonly isFlagged: boolean;
  /** Of the document that was set. */
  readonly version: number | null;
  readonly atMilliseconds: number;
}
