/** What an ATM does with notes. A real one drives its hardware; tests simulate one that fails. */
import type { CashOperation } from "./cash.ts";

/** The journal knows before either begins. */
export interface Dispenser {
  /** Brings the notes from their cassettes into the open shutter. "nothing": it is certain that none left its cassette. */
  present(operation: CashOperation): Promise<"presented" | "nothing" | "unsure">;
  /** Waits, within bounds, until they are taken; what is not taken in time is drawn in again, all of it. */
  awaitTaken(operation: CashOperation): Promise<"taken" | "retracted" | "unsure">;
}

/** Where notes that were put in lie until it is known what becomes of them. */
export interface Escrow {
  /** Keys of the deposits whose notes lie there. */
  heldFor(): readonly string[];
  /** Into the bin. */
  keep(key: string): Promise<void>;
  giveBack(key: string): Promise<void>;
}

/** Where there is no hardware: whoever stands there takes what they get, and puts in what they say. */
export const handToHand: Dispenser & Escrow = {
  present: () => Promise.resolve("presented"),
  awaitTaken: () => Promise.resolve("taken"),
  heldFor: () => [],
  keep: () => Promise.resolve(),
  giveBack: () => Promise.resolve(),
};
