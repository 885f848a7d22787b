/**
 * What is asked of the bank with a card and moves no cash: a transfer, another PIN. Written down before it is asked, so that the same key goes on after
 * a crash or an outcome that is not known. No PIN is in it.
 */
import type { CashAnswer } from "./cash.ts";

export type CardRequestState =
  /** The bank is asked. */
  | "asked"
  | "done"
  /** The bank's rules forbid it. */
  | "refused"
  /** The bank was told not to do it, or to take it back. */
  | "undone"
  /** It never came to the bank, or nobody asked again. */
  | "left";

export interface CardRequest {
  readonly key: string;
  readonly kind: "transfer" | "pin";
  readonly card: string;
  /** To which account, and how much, as it was typed; of a change of PIN nothing. */
  readonly to: string;
  readonly amount: string;
  readonly state: CardRequestState;
  /** Whoever asked was told that the outcome is not known, and may ask again. */
  readonly isUnknown: boolean;
  /** The process that sees to it. */
  readonly owner: string;
  readonly atSeconds: number;
  /** What the bank answered, as it is shown. */
  readonly answer: CashAnswer | null;
}

/** Reads what was written down as JSON. */
export const decodeCardRequest = (text: string): CardRequest => JSON.parse(text) as CardRequest;
