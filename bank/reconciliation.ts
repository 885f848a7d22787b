/** What an ATM has counted beside what the bank has booked for it: counts, sums, a digest of all, and what stands on one side only. */
import { createHash } from "node:crypto";

export const CASH_KINDS = ["withdrawal", "deposit", "reversal", "cash-load"] as const;
export type CashKind = (typeof CASH_KINDS)[number];

/** A movement of cash as one side has it. */
export interface CashEntry {
  /** The ATM's own key for it. */
  readonly key: string;
  readonly kind: CashKind;
  readonly amount: bigint;
}

export interface Tally {
  readonly kind: CashKind;
  readonly count: number;
  readonly sum: bigint;
}

/** Stands on one side only, or with another kind or amount on each. */
export interface Unmatched {
  readonly key: string;
  readonly atBank: CashEntry | null;
  readonly atAtm: CashEntry | null;
}

export interface Reconciliation {
  readonly matched: number;
  readonly unmatched: readonly Unmatched[];
}

export function reconcile(bank: readonly CashEntry[], atm: readonly CashEntry[]): Reconciliation {
  const ours = new Map(bank.map((entry) => [entry.key, entry]));
  const theirs = new Map(atm.map((entry) => [entry.key, entry]));
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  const pairs = keys.map((key) => ({ key, atBank: ours.get(key) ?? null, atAtm: theirs.get(key) ?? null }));
  const unmatched = pairs.filter(({ atBank, atAtm }) => !isSame(atBank, atAtm));
  return { matched: pairs.length - unmatched.length, unmatched };
}

export const tally = (entries: readonly CashEntry[]): readonly Tally[] =>
  CASH_KINDS.map((kind) => {
    const those = entries.filter((entry) => entry.kind === kind);
    return { kind, count: those.length, sum: those.reduce((sum, { amount }) => sum + amount, 0n) };
  });

/** The same on both sides when they have the same, in whatever order it came; 32 octets. */
export function digestOfCash(entries: readonly CashEntry[]): Uint8Array {
  const lines = entries.map(({ key, kind, amount }) => JSON.stringify([key, kind, String(amount)])).sort();
  return createHash("sha256").update(lines.join("\n")).digest();
}

const isSame = (one: CashEntry | null, other: CashEntry | null): boolean =>
  one !== null && other !== null && one.kind === other.kind && one.amount === other.amount;
