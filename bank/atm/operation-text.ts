/** Operations as text, for the journal. */
import type { CashOperation } from "./cash.ts";

const AMOUNTS: ReadonlySet<string> = new Set(["amount", "denomination"]);

/** Amounts as decimal digits, because JSON's numbers end at 2^53. */
export const encodeOperation = (operation: CashOperation): string =>
  JSON.stringify(operation, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

/** Reads what `encodeOperation` wrote. */
export const decodeOperation = (text: string): CashOperation =>
  JSON.parse(text, (name, value: unknown) =>
    AMOUNTS.has(name) && typeof value === "string" ? BigInt(value) : value,
  ) as CashOperation;
