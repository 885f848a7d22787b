/** Accounts, and what double entry makes of them. A balance is credits less debits: what the bank owes. */
import { accrualCurrency, type Currency } from "./money.ts";

export type AccountKind = "current" | "savings" | "internal";
export type AccountState = "open" | "blocked" | "closed";

/** Immutable; a posting makes another one. Amounts are minor units and never negative; sums since the account was opened. */
export interface Account {
  /** At most 64 characters: digits for a holder's, words for an internal one. */
  readonly id: string;
  /** Null for internal accounts. */
  readonly holder: string | null;
  readonly kind: AccountKind;
  readonly currency: Currency;
  readonly state: AccountState;
  /** How far below zero what is available may go; null: without bound (internal accounts). */
  readonly overdraft: bigint | null;
  /** The most that one withdrawal may take; null: no such limit. */
  readonly withdrawalMax: bigint | null;
  /** Interest a year in millionths (12,500 is 1.25 %). */
  readonly interestMillionths: bigint;
  readonly debitsPosted: bigint;
  readonly debitsPending: bigint;
  readonly creditsPosted: bigint;
  readonly creditsPending: bigint;
}

/** What has been posted. */
export const balanceOf = (account: Account): bigint => account.creditsPosted - account.debitsPosted;

/** What can be taken: held debits are gone already, held credits are not there yet. Null: without bound. */
export function availableOf(account: Account): bigint | null {
  return account.overdraft === null ? null : balanceOf(account) - account.debitsPending + account.overdraft;
}

/** Everything outside the bank's customers is an account too, one of each for a currency. */
export type InternalRole =
  /** Cash: in the vault and at the counters. */
  | "vault"
  | "counter"
  | "fees"
  | "interest"
  | "suspense"
  /** Other banks. */
  | "clearing";

export const INTERNAL_ROLES: readonly InternalRole[] = ["vault", "counter", "fees", "interest", "suspense", "clearing"];

export const internalAccount = (role: InternalRole, currency: Currency): string => `${role}:${currency}`;
/** The cash in an ATM. */
export const atmCash = (atm: string, currency: Currency): string => `atm:${atm}:${currency}`;
export const billerAccount = (biller: string, currency: Currency): string => `biller:${biller}:${currency}`;

/** Interest that accrues, in millionths of a minor unit: what it costs, what is owed, what was paid out, and what rounding leaves. */
export const accrualAccount = (role: "cost" | "payable" | "paid" | "residue", currency: Currency): string =>
  `${role}:${accrualCurrency(currency)}`;

export interface NewAccount {
  readonly id: string;
  readonly holder: string | null;
  readonly kind: AccountKind;
  readonly currency: Currency;
  readonly overdraft: bigint | null;
  readonly withdrawalMax: bigint | null;
  readonly interestMillionths: bigint;
}

export function emptyAccount(opened: NewAccount): Account {
  const none = { debitsPosted: 0n, debitsPending: 0n, creditsPosted: 0n, creditsPending: 0n };
  return { ...opened, state: "open", ...none };
}

/** One without bound that nobody holds. */
export const internalOf = (id: string, currency: Currency): NewAccount => ({
  id,
  holder: null,
  kind: "internal",
  currency,
  overdraft: null,
  withdrawalMax: null,
  interestMillionths: 0n,
});
