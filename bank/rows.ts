/** Rows of a bank's tables as both stores give them: all integers as bigint, truth as 1 or 0. */
import type { Account } from "./account.ts";
import type { Hold } from "./books.ts";
import type { DocumentKind, DocumentOf, Versioned } from "./document.ts";
import type { Entry } from "./entry.ts";

export type Value = null | number | bigint | string | Uint8Array;
export type Row = Readonly<Record<string, Value>>;

export function accountFrom(row: Row): Account {
  return {
    id: text(row["id"]),
    holder: textOrNull(row["holder"]),
    kind: text(row["kind"]) as Account["kind"],
    currency: text(row["currency"]),
    state: text(row["state"]) as Account["state"],
    overdraft: whole(row["overdraft"]),
    withdrawalMax: whole(row["withdrawal_max"]),
    interestMillionths: amount(row["interest"]),
    debitsPosted: amount(row["debits_posted"]),
    debitsPending: amount(row["debits_pending"]),
    creditsPosted: amount(row["credits_posted"]),
    creditsPending: amount(row["credits_pending"]),
  };
}

export function entryFrom(row: Row): Entry {
  return {
    number: Number(row["number"]),
    key: text(row["key"]),
    kind: text(row["kind"]) as Entry["kind"],
    debit: text(row["debit"]),
    credit: text(row["credit"]),
    amount: amount(row["amount"]),
    reason: text(row["reason"]) as Entry["reason"],
    reference: text(row["reference"]),
    of: textOrNull(row["of"]),
    isFlagged: row["is_flagged"] === 1n,
    atMilliseconds: Number(row["at"]),
  };
}

export function holdFrom(row: Row): Hold {
  return {
    key: text(row["key"]),
    debit: text(row["debit"]),
    credit: text(row["credit"]),
    amount: amount(row["amount"]),
    expiresAtMilliseconds: Number(row["expires_at"]),
    state: text(row["state"]) as Hold["state"],
  };
}

/** Null: it was removed. */
export function documentFrom(row: Row): Versioned<DocumentOf<DocumentKind> | null> {
  const value = JSON.parse(text(row["value"])) as DocumentOf<DocumentKind> | null;
  return { id: text(row["id"]), version: Number(row["version"]), value };
}

export const text = (value: Value | undefined): string => (typeof value === "string" ? value : "");
export const textOrNull = (value: Value | undefined): string | null => (typeof value === "string" ? value : null);
const whole = (value: Value | undefined): bigint | null => (typeof value === "bigint" ? value : null);
export const amount = (value: Value | undefined): bigint => whole(value) ?? 0n;
/** What one store keeps as octets the other may keep as text, which is UTF-8. */
export const blob = (value: Value | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : Buffer.from(text(value));
