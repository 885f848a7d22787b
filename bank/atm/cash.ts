/**
 * What becomes of cash at an ATM, as a pure state machine. Every state is on the disk before what it names is done, so that after a crash at
 * any moment it is known what may have happened: notes that were on their way out then are `suspect` until they are counted.
 * A withdrawal: intent → authorised → presenting → presented → taken. A deposit: inserted → accepted.
 * Reasons of reversals are the message reason codes of ISO 8583:1993 (annex A.8, 4000 to 4021).
 */
import { unreachable } from "../../base/index.ts";
import type { Notes } from "./notes.ts";

/** ISO 8583:1993 message reason codes of reversals, those that an ATM here has use for. */
export const CAUSES = {
  "4000": "cancelled by the customer",
  "4007": "the ATM cannot complete it",
  "4017": "suspected malfunction, no cash dispensed",
  "4018": "not taken in time, no cash dispensed",
  "4021": "no answer in time",
} as const;
export type Cause = keyof typeof CAUSES;

export type CashState =
  /** Notes are set aside; the bank is asked. */
  | "intent"
  /** The bank has taken the amount from the account; no note has moved. */
  | "authorised"
  /** Notes leave their cassettes. */
  | "presenting"
  /** They lie in the open shutter. */
  | "presented"
  | "taken"
  /** Nobody knows where the notes are: they are to be counted. */
  | "suspect"
  /** No cash went out, so that the bank is told to take it back, until it says that it has. */
  | "reversing"
  | "reversed"
  /** The bank's rules forbid it. */
  | "refused"
  /** Nothing of it left the ATM. */
  | "abandoned"
  /** Notes lie in the escrow; the bank is asked. */
  | "inserted"
  /** They are in the bin, and on the account. */
  | "accepted"
  /** They are in the bin; the first request is being made undone, … */
  | "undoing"
  /** … so that an advice can say what is there. */
  | "advised"
  /** They were given back. */
  | "returned";

export interface CashOperation {
  readonly key: string;
  readonly kind: "withdrawal" | "deposit";
  readonly card: string;
  readonly currency: string;
  /** In minor units. */
  readonly amount: bigint;
  /** Set aside for it. */
  readonly notes: readonly Notes[];
  readonly state: CashState;
  /** Of its reversal. */
  readonly cause: Cause | null;
  /** Given while the bank could not be asked; it is told by an advice. */
  readonly isOffline: boolean;
  /** The bank had booked it, and has taken that back. */
  readonly wasBooked: boolean;
  /** Whoever asked was told that the outcome is not known, and may ask again. */
  readonly isUnknown: boolean;
  /** The process that sees to it. */
  readonly owner: string;
  readonly atSeconds: number;
  /** What the bank answered, as it is shown. */
  readonly answer: CashAnswer | null;
}

export interface CashAnswer {
  readonly status: string;
  readonly balance: string | null;
  readonly message: string | null;
}

export type CashEvent =
  | { readonly kind: "approved"; readonly answer: CashAnswer }
  | { readonly kind: "refused"; readonly answer: CashAnswer }
  /** The bank cannot be asked, and gave nothing: nothing is known of it there. */
  | { readonly kind: "unreached" }
  | { readonly kind: "unknown" }
  /** The bank cannot be asked; it is given all the same. */
  | { readonly kind: "allowed-offline"; readonly answer: CashAnswer }
  | { readonly kind: "moving" }
  | { readonly kind: "shown" }
  | { readonly kind: "taken" }
  /** It is certain that no note came out, or that all came back. */
  | { readonly kind: "not-given"; readonly cause: Cause }
  | { readonly kind: "unsure" }
  | { readonly kind: "counted"; readonly wasGiven: boolean }
  /** Whether the bank had booked it. */
  | { readonly kind: "reversed"; readonly wasBooked: boolean }
  /** The first request of a deposit is undone; an advice of it is on its way. */
  | { readonly kind: "undone"; readonly wasBooked: boolean }
  /** The advice was taken. */
  | { readonly kind: "told" };

const FINAL: ReadonlySet<CashState> = new Set(["taken", "reversed", "refused", "abandoned", "accepted", "returned"]);

export const isFinal = ({ state }: CashOperation): boolean => FINAL.has(state);

/** Notes that are set aside and have not left their cassettes. */
export const setsAside = ({ state }: CashOperation): boolean => state === "intent" || state === "authorised";

/** An event that a state does not know is a bug. */
export class CashError extends Error {}

/** The operation after the event. Throws CashError. */
export function after(operation: CashOperation, event: CashEvent): CashOperation {
  const next = operation.kind === "withdrawal" ? withdrawalAfter(operation, event) : depositAfter(operation, event);
  if (next !== null) return next;
  throw new CashError(`${operation.kind} ${operation.key}: ${event.kind} in the state ${operation.state}`);
}

function withdrawalAfter(operation: CashOperation, event: CashEvent): CashOperation | null {
  const { state } = operation;
  const into = (next: CashState, ...from: CashState[]): CashOperation | null =>
    from.includes(state) ? { ...operation, state: next } : null;
  switch (event.kind) {
    case "approved":
      return state === "intent" ? { ...operation, state: "authorised", isUnknown: false, answer: event.answer } : null;
    case "refused":
      return state === "intent" ? { ...operation, state: "refused", isUnknown: false, answer: event.answer } : null;
    case "unreached":
      return into("abandoned", "intent");
    case "unknown":
      return state === "intent" ? { ...operation, isUnknown: true } : null;
    case "allowed-offline":
      if (state !== "intent" || operation.isUnknown) return null;
      return { ...operation, state: "authorised", isOffline: true, answer: event.answer };
    case "moving":
      return into("presenting", "authorised");
    case "shown":
      return into("presented", "presenting");
    case "taken":
      return into("taken", "presented");
    case "not-given":
      return notGiven(operation, event.cause);
    case "unsure":
      return into("suspect", "presenting", "presented");
    case "counted":
      if (state !== "suspect") return null;
      return event.wasGiven ? { ...operation, state: "taken" } : notGiven(operation, "4017");
    case "reversed":
      return state === "reversing" ? { ...operation, state: "reversed", wasBooked: event.wasBooked } : null;
    case "undone":
    case "told":
      return null;
    default:
      return unreachable(event);
  }
}

/** One of which the bank was to be told afterwards needs no reversal: it is not told. */
function notGiven(operation: CashOperation, cause: Cause): CashOperation | null {
  const { state, isOffline } = operation;
  if (!["intent", "authorised", "presenting", "presented", "suspect"].includes(state)) return null;
  return { ...operation, state: isOffline ? "reversed" : "reversing", cause, isUnknown: false };
}

function depositAfter(operation: CashOperation, event: CashEvent): CashOperation | null {
  const { state } = operation;
  const isInserted = state === "inserted";
  switch (event.kind) {
    case "approved":
      return isInserted ? { ...operation, state: "accepted", isUnknown: false, answer: event.answer } : null;
    case "refused":
      return isInserted ? { ...operation, state: "returned", isUnknown: false, answer: event.answer } : null;
    case "unreached":
      return isInserted ? { ...operation, state: "returned", isUnknown: false } : null;
    case "unknown":
      return isInserted ? { ...operation, isUnknown: true } : null;
    // Whoever put them in has gone, or cannot be told: the notes stay, and the bank is told by an advice.
    case "not-given":
      return isInserted ? { ...operation, state: "undoing", cause: event.cause } : null;
    case "undone":
      return state === "undoing" ? { ...operation, state: "advised", wasBooked: event.wasBooked } : null;
    case "told":
      return state === "advised" ? { ...operation, state: "accepted", isUnknown: false } : null;
    case "allowed-offline":
    case "moving":
    case "shown":
    case "taken":
    case "unsure":
    case "counted":
    case "reversed":
      return null;
    default:
      return unreachable(event);
  }
}

/** What is certain after the process that saw to it is gone; null: it is to be gone on with as it stands. */
export function eventOfCrash({ kind, state }: CashOperation): CashEvent | null {
  if (kind === "deposit") return state === "inserted" ? { kind: "not-given", cause: "4021" } : null;
  switch (state) {
    case "intent":
      return { kind: "not-given", cause: "4021" };
    case "authorised":
      return { kind: "not-given", cause: "4017" };
    case "presenting":
    case "presented":
      return { kind: "unsure" };
    default:
      return null;
  }
}
