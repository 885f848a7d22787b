/** What the bank said of a cash operation, and what whoever asked for it is told. */
import type { CashAnswer, CashOperation } from "./cash.ts";

/** What the bank said. */
export type Told =
  /** Whether money moved: a reversal of what never arrived moves none. */
  | { readonly kind: "done"; readonly answer: CashAnswer; readonly moved: boolean }
  /** By the ledger: nothing else will ever be said of that key. Or before it, by whoever looks at requests: of other tries that says nothing. */
  | { readonly kind: "refused"; readonly answer: CashAnswer; readonly byLedger: boolean }
  | { readonly kind: "unknown"; readonly why: string }
  | { readonly kind: "unreached"; readonly why: string };

/** What acknowledges a reversal: there is nothing, or nothing any more, to be taken back. */
export const REVERSED_STATUSES: ReadonlySet<string> = new Set([
  "nothing-to-reverse",
  "reversed-already",
  "reversed-before",
]);

export type CashOutcome =
  | { readonly kind: "ok"; readonly answer: CashAnswer; readonly operation: CashOperation }
  | { readonly kind: "refused"; readonly answer: CashAnswer }
  | { readonly kind: "unknown"; readonly why: string }
  | { readonly kind: "unreached"; readonly why: string };

export const refusedHere = (status: string, message: string): CashOutcome => ({
  kind: "refused",
  answer: { status, balance: null, message },
});

/** What whoever asked is told. */
export function outcomeOf(operation: CashOperation): CashOutcome {
  const { state, cause, answer } = operation;
  switch (state) {
    case "taken":
    case "accepted":
    case "advised":
      return { kind: "ok", answer: answer ?? { status: "ok", balance: null, message: null }, operation };
    case "reversing":
    case "reversed":
      return refusedHere(cause === "4018" ? "not-taken" : "reversed", "no cash was given; the bank takes it back");
    case "refused":
    case "returned":
      return {
        kind: "refused",
        answer: answer ?? { status: "returned", balance: null, message: "the notes were given back" },
      };
    case "suspect":
      return { kind: "unknown", why: "the notes are to be counted first" };
    default:
      return { kind: "unknown", why: "it is under way" };
  }
}

export const whyOf = (told: Told): string =>
  told.kind === "done" || told.kind === "refused" ? (told.answer.message ?? told.answer.status) : told.why;
