/**
 * The ledger over Maps: what a store does, without a medium. `commit` is one transaction; what was not synchronised can be lost, as a disk
 * loses what it was not told to keep. For tables by situation, and for the simulation.
 */
import { equalOctets } from "../../base/index.ts";
import {
  type Account,
  BankError,
  type Books,
  type Change,
  decide,
  type DocumentKind,
  type DocumentOf,
  encodeAnswer,
  type Entry,
  type Hold,
  type Versioned,
} from "../../bank/index.ts";
import { type Command, type DigestedRequest } from "../../bank/index.ts";

interface Known {
  readonly digest: Uint8Array;
  readonly answer: Uint8Array;
  readonly entry: number | null;
  readonly isReversed: boolean;
  readonly card: string | null;
}

/** What one place held before it was written; undone backwards. */
type Undo = () => void;

class MemoryBooks implements Books {
  epoch = 0;
  readonly entries: Entry[] = [];
  readonly accounts = new Map<string, Account>();
  readonly requests = new Map<string, Known>();
  readonly #holds = new Map<string, Hold>();
  readonly #documents = new Map<string, Versioned<DocumentOf<DocumentKind> | null>>();
  readonly #spent = new Map<string, bigint>();
  readonly #accruals = new Map<
    string,
    { readonly account: string; readonly day: number; readonly amount: bigint; readonly isPaid: boolean }
  >();
  undo: Undo[] = [];

  get nextEntry(): number {
    return this.entries.length + 1;
  }

  account(id: string): Account | null {
    return this.accounts.get(id) ?? null;
  }

  hold(key: string): Hold | null {
    return this.#holds.get(key) ?? null;
  }

  document<K extends DocumentKind>(what: K, id: string): Versioned<DocumentOf<K>> | null {
    const found = this.#documents.get(`${what} ${id}`) ?? null;
    return found?.value === null ? null : (found as Versioned<DocumentOf<K>> | null);
  }

  lastVersion(what: DocumentKind, id: string): number {
    return this.#documents.get(`${what} ${id}`)?.version ?? 0;
  }

  entryOf(key: string): Entry | null {
    const number = this.requests.get(key)?.entry ?? null;
    return number === null ? null : this.entries[number - 1]!;
  }

  isReversed(key: string): boolean {
    return this.requests.get(key)?.isReversed ?? false;
  }

  isKnown(key: string): boolean {
    return this.requests.has(key);
  }

  cardOf(key: string): string | null {
    return this.requests.get(key)?.card ?? null;
  }

  spentOn(card: string, day: number): bigint {
    return this.#spent.get(`${card} ${day}`) ?? 0n;
  }

  hasAccrued(account: string, day: number): boolean {
    return this.#accruals.has(`${account} ${day}`);
  }

  accruedBefore(account: string, day: number): bigint {
    let sum = 0n;
    for (const accrual of this.#accruals.values())
      if (accrual.account === account && accrual.day < day && !accrual.isPaid) sum += accrual.amount;
    return sum;
  }

  balanceAt(account: string, beforeMilliseconds: number): bigint {
    let balance = 0n;
    for (const { kind, debit, credit, amount, atMilliseconds } of this.entries) {
      if (atMilliseconds >= beforeMilliseconds || kind === "pending" || kind === "released") continue;
      if (debit === account) balance -= amount;
      if (credit === account) balance += amount;
    }
    return balance;
  }

  put(key: string, known: Known): void {
    this.#set(this.requests, key, known);
  }

  apply(change: Change): void {
    switch (change.kind) {
      case "account":
        return this.#set(this.accounts, change.account.id, change.account);
      case "entry":
        this.entries.push(change.entry);
        this.undo.push(() => void this.entries.pop());
        return;
      case "hold":
        return this.#set(this.#holds, change.hold.key, change.hold);
      case "document": {
        const { what, id, version, value } = change;
        return this.#set(this.#documents, `${what} ${id}`, { id, version, value });
      }
      case "spent": {
        const place = `${change.card} ${change.day}`;
        return this.#set(this.#spent, place, (this.#spent.get(place) ?? 0n) + change.amount);
      }
      case "accrued": {
        const { account, day, amount } = change;
        return this.#set(this.#accruals, `${account} ${day}`, { account, day, amount, isPaid: false });
      }
      case "paid":
        for (const [place, accrual] of this.#accruals)
          if (accrual.account === change.account && accrual.day < change.beforeDay)
            this.#set(this.#accruals, place, { ...accrual, isPaid: true });
        return;
      case "reversed":
        return this.put(change.of, { ...this.requests.get(change.of)!, isReversed: true });
      case "barred":
        return this.put(change.key, {
          digest: new Uint8Array(0),
          answer: encodeAnswer(change.answer),
          entry: null,
          isReversed: false,
          card: null,
        });
      case "epoch": {
        const before = this.epoch;
        this.undo.push(() => void (this.epoch = before));
        this.epoch = change.epoch;
      }
    }
  }

  #set<T>(map: Map<string, T>, place: string, value: T): void {
    const before = map.get(place);
    this.undo.push(() => void (before === undefined ? map.delete(place) : map.set(place, before)));
    map.set(place, value);
  }
}

export class MemoryLedger {
  readonly #wallSeconds: () => number;
  #books = new MemoryBooks();
  #lastMilliseconds = 0;

  constructor(wallSeconds: () => number) {
    this.#wallSeconds = wallSeconds;
  }

  account(id: string): Account | null {
    return this.#books.account(id);
  }

  get accounts(): readonly Account[] {
    return [...this.#books.accounts.values()];
  }

  get entries(): readonly Entry[] {
    return this.#books.entries;
  }

  isKnown(key: string): boolean {
    return this.#books.isKnown(key);
  }

  /** One transaction; the epoch is that of the server that asks. */
  commit(group: readonly DigestedRequest[], epoch = 0): (Uint8Array | BankError)[] {
    return group.map((request) => this.#one(request, epoch));
  }

  /** What is written up to now survives. */
  sync(): void {
    this.#books.undo = [];
  }

  /** What was not synchronised is gone, as when the current fails. */
  crash(): void {
    for (const undo of this.#books.undo.splice(0).reverse()) undo();
  }

  #one({ key, digest, command }: DigestedRequest, epoch: number): Uint8Array | BankError {
    const books = this.#books;
    const known = books.requests.get(key);
    if (known !== undefined) {
      if (known.digest.length === 0 || equalOctets(known.digest, digest)) return known.answer;
      const none = { entry: null, amount: null, accounts: [], isFlagged: false, version: null };
      return encodeAnswer({ status: "key-reused", ...none, atMilliseconds: this.#lastMilliseconds });
    }
    if (command.kind !== "take-over" && books.epoch > epoch) return new BankError("EPOCH", "another has taken over");
    const atMilliseconds = Math.max(this.#lastMilliseconds, this.#wallSeconds() * 1000);
    this.#lastMilliseconds = atMilliseconds;
    const { answer, changes } = decide({ books, key, atMilliseconds }, command);
    for (const change of changes) books.apply(change);
    const octets = encodeAnswer(answer);
    books.put(key, { digest, answer: octets, entry: answer.entry, isReversed: false, card: cardOf(command) });
    return octets;
  }
}

const cardOf = (command: Command): string | null => ("movement" in command ? command.movement.card : null);
