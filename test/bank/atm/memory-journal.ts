/** An ATM's journal in memory: for tests and simulations, which take a copy of it where a crash is to have left it. */
import type { CardRequest } from "../../../bank/atm/card-request.ts";
import { type CashOperation, isFinal } from "../../../bank/atm/cash.ts";
import type { Advice, AtmJournal, Bins, JournalPage } from "../../../bank/atm/journal.ts";
import type { Notes } from "../../../bank/atm/notes.ts";

interface Content {
  readonly operations: ReadonlyMap<string, CashOperation>;
  readonly cardRequests: ReadonlyMap<string, CardRequest>;
  readonly cassettes: readonly Notes[];
  readonly bins: Bins;
  readonly advices: readonly Advice[];
  readonly nextSequence: number;
  readonly words: ReadonlyMap<string, string>;
}

const EMPTY: Content = {
  operations: new Map(),
  cardRequests: new Map(),
  cassettes: [],
  bins: { retracted: 0n, deposited: 0n },
  advices: [],
  nextSequence: 1,
  words: new Map(),
};

export class MemoryJournal implements AtmJournal {
  #content: Content;
  /** Called before and after each change, where a simulation may end the process by throwing. */
  onChange: (when: "before" | "after") => void = () => undefined;

  constructor(from: MemoryJournal | null = null) {
    this.#content = from === null ? EMPTY : from.#content;
  }

  change<T>(work: (page: JournalPage) => T): T {
    this.onChange("before");
    const page = new MemoryPage(this.#content);
    const result = work(page);
    this.#content = page.content;
    this.onChange("after");
    return result;
  }
}

class MemoryPage implements JournalPage {
  content: Content;

  constructor(content: Content) {
    this.content = content;
  }

  operation(key: string): CashOperation | null {
    return this.content.operations.get(key) ?? null;
  }

  openOperations(): readonly CashOperation[] {
    return [...this.content.operations.values()].filter((operation) => !isFinal(operation));
  }

  operationsSince(seconds: number): readonly CashOperation[] {
    return [...this.content.operations.values()].filter(
      (operation) => isFinal(operation) && operation.atSeconds >= seconds,
    );
  }

  put(operation: CashOperation): void {
    this.content = { ...this.content, operations: new Map(this.content.operations).set(operation.key, operation) };
  }

  cardRequest(key: string): CardRequest | null {
    return this.content.cardRequests.get(key) ?? null;
  }

  openCardRequests(): readonly CardRequest[] {
    return [...this.content.cardRequests.values()].filter(({ state }) => state === "asked");
  }

  putCardRequest(request: CardRequest): void {
    const cardRequests = new Map(this.content.cardRequests).set(request.key, request);
    this.content = { ...this.content, cardRequests };
  }

  cassettes(): readonly Notes[] {
    return this.content.cassettes;
  }

  setCassettes(cassettes: readonly Notes[]): void {
    this.content = { ...this.content, cassettes };
  }

  bins(): Bins {
    return this.content.bins;
  }

  setBins(bins: Bins): void {
    this.content = { ...this.content, bins };
  }

  advices(): readonly Advice[] {
    return this.content.advices;
  }

  addAdvice(advice: Omit<Advice, "sequence">): void {
    const { advices, nextSequence } = this.content;
    const added = [...advices, { ...advice, sequence: nextSequence }];
    this.content = { ...this.content, advices: added, nextSequence: nextSequence + 1 };
  }

  dropAdvice(sequence: number): void {
    this.content = { ...this.content, advices: this.content.advices.filter((advice) => advice.sequence !== sequence) };
  }

  word(name: string): string | null {
    return this.content.words.get(name) ?? null;
  }

  setWord(name: string, value: string): void {
    this.content = { ...this.content, words: new Map(this.content.words).set(name, value) };
  }
}
