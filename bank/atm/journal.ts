/** What an ATM writes down before it does it, and what it holds. `sqlite-journal.ts` keeps it on a disk, tests have another. */
import type { CardRequest } from "./card-request.ts";
import type { CashOperation } from "./cash.ts";
import type { Notes } from "./notes.ts";

/** Cash that moved while the bank could not be asked. */
export interface Advice {
  /** Of this ATM: one more than the one before. */
  readonly sequence: number;
  readonly kind: "withdrawal" | "deposit";
  readonly card: string;
  readonly currency: string;
  readonly amount: bigint;
  /** Of the request at the bank. */
  readonly key: string;
  /** The operation that it is of. */
  readonly of: string;
  readonly atSeconds: number;
}

/** Cash that is not in the cassettes, in minor units. */
export interface Bins {
  /** Notes that were presented and not taken. */
  readonly retracted: bigint;
  readonly deposited: bigint;
}

export interface JournalPage {
  operation(key: string): CashOperation | null;
  /** In the order in which they began. */
  openOperations(): readonly CashOperation[];
  /** That ended at or after that time. */
  operationsSince(seconds: number): readonly CashOperation[];
  put(operation: CashOperation): void;
  /** What was asked with a card and moves no cash. */
  cardRequest(key: string): CardRequest | null;
  /** Those whose outcome is not known, in the order in which they began. */
  openCardRequests(): readonly CardRequest[];
  putCardRequest(request: CardRequest): void;
  /** None: it was never filled. */
  cassettes(): readonly Notes[];
  setCassettes(cassettes: readonly Notes[]): void;
  bins(): Bins;
  setBins(bins: Bins): void;
  /** That the bank does not have yet, in order. */
  advices(): readonly Advice[];
  addAdvice(advice: Omit<Advice, "sequence">): void;
  dropAdvice(sequence: number): void;
  /** A word that is kept under a name. */
  word(name: string): string | null;
  setWord(name: string, value: string): void;
}

export interface AtmJournal {
  /** What `work` writes is on the medium when this returns, all of it or nothing; no other process writes meanwhile. Throws BankError "STORE". */
  change<T>(work: (page: JournalPage) => T): T;
}
