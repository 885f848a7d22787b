/** What the ledger reads to decide, and what a decision changes; a store has both in one transaction. */
import type { Account } from "./account.ts";
import type { Answer } from "./command.ts";
import type { DocumentKind, DocumentOf, Versioned } from "./document.ts";
import type { Entry } from "./entry.ts";

export interface Hold {
  /** Of the request that made it. */
  readonly key: string;
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
  readonly expiresAtMilliseconds: number;
  readonly state: "pending" | "captured" | "released" | "expired";
}

/** What stands before the request; all of it as the requests before have left it. */
export interface Books {
  /** Of the server that the store lets write. */
  readonly epoch: number;
  readonly nextEntry: number;
  account(id: string): Account | null;
  hold(key: string): Hold | null;
  document<K extends DocumentKind>(what: K, id: string): Versioned<DocumentOf<K>> | null;
  /** Also of one that was removed, so that the next one is told from it; 0: there never was one. */
  lastVersion(what: DocumentKind, id: string): number;
  /** The entry that moved the money of that request. */
  entryOf(key: string): Entry | null;
  isReversed(key: string): boolean;
  /** Whether there is an answer for that key. */
  isKnown(key: string): boolean;
  /** The card with which that request was made. */
  cardOf(key: string): string | null;
  /** What the card took on that day. */
  spentOn(card: string, day: number): bigint;
  hasAccrued(account: string, day: number): boolean;
  /** In millionths of a minor unit: what accrued before that day and was not paid. */
  accruedBefore(account: string, day: number): bigint;
  /** What was posted before that moment. */
  balanceAt(account: string, beforeMilliseconds: number): bigint;
}

export type Change =
  | { readonly kind: "account"; readonly account: Account }
  | { readonly kind: "entry"; readonly entry: Entry; readonly debit: Account; readonly credit: Account }
  | { readonly kind: "hold"; readonly hold: Hold }
  | {
      readonly kind: "document";
      readonly what: DocumentKind;
      readonly id: string;
      readonly version: number;
      readonly value: DocumentOf<DocumentKind> | null;
    }
  /** Below zero: it was given back. */
  | { readonly kind: "spent"; readonly card: string; readonly day: number; readonly amount: bigint }
  | { readonly kind: "accrued"; readonly account: string; readonly day: number; readonly amount: bigint }
  | { readonly kind: "paid"; readonly account: string; readonly beforeDay: number }
  | { readonly kind: "reversed"; readonly of: string }
  /** The request with that key is to be refused when it comes. */
  | { readonly kind: "barred"; readonly key: string; readonly answer: Answer }
  | { readonly kind: "epoch"; readonly epoch: number };

export interface Decision {
  readonly answer: Answer;
  /** In order; none when it is refused. */
  readonly changes: readonly Change[];
}
