/** Entries, the immutable lines of the books, and the hash chain over them: whoever changes an old one changes the head. */
import { createHash } from "node:crypto";
import type { Reason } from "./command.ts";

export interface Entry {
  /** From 1 on, growing. */
  readonly number: number;
  /** Of the request that made it. */
  readonly key: string;
  /** `posted` and `captured` move money; `pending` holds it; `released` ends a hold without. */
  readonly kind: "posted" | "pending" | "captured" | "released";
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
  readonly reason: Reason;
  readonly reference: string;
  /** The key of the request whose hold this ends, or whose entry it reverses. */
  readonly of: string | null;
  /** A limit was passed, because the money was out already. */
  readonly isFlagged: boolean;
  readonly atMilliseconds: number;
}

/** What comes before the first entry: 32 octets of zero. */
export const CHAIN_START: Uint8Array = new Uint8Array(32);

/** SHA-256 of the link before and all of the entry; fields are separated so that no two entries read alike. */
export function chainLink(before: Uint8Array, entry: Entry): Uint8Array {
  const { number, key, kind, debit, credit, amount, reason, reference, of, isFlagged, atMilliseconds } = entry;
  const fields = [number, key, kind, debit, credit, String(amount), reason, reference, of, isFlagged, atMilliseconds];
  return createHash("sha256").update(before).update(JSON.stringify(fields)).digest();
}
