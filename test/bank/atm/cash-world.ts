/**
 * An ATM's cash in a world that can end at any moment: a bank that books, a hand that takes, notes that lie somewhere. Each thing that happens is
 * a moment; the world ends before the chosen one, and everything outside the ATM's memory stays as it is then.
 */
import { type CashBank, CashMachine } from "../../../bank/atm/cash-machine.ts";
import type { Told } from "../../../bank/atm/cash-outcome.ts";
import type { CashOperation, Cause } from "../../../bank/atm/cash.ts";
import type { Advice } from "../../../bank/atm/journal.ts";
import type { Dispenser, Escrow } from "../../../bank/atm/medium.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { type Notes, sumOf } from "../../../bank/atm/notes.ts";

export class WorldEnd extends Error {}

export const CARD = "9000000000000009";
const BALANCE = 10_000n;
const HAND = 5_000n;
const FILLED: readonly Notes[] = [
  { denomination: 5000n, count: 4 },
  { denomination: 2000n, count: 10 },
  { denomination: 1000n, count: 10 },
];

type Way = "well" | "lost-request" | "lost-answer" | "unreached";

export class CashWorld implements Dispenser, Escrow, CashBank {
  readonly journal = new MemoryJournal();
  balance = BALANCE;
  hand = HAND;
  /** Notes in the cassettes, or that went back to them. */
  inside = sumOf(FILLED);
  shutter = 0n;
  bin = 0n;
  readonly escrow = new Map<string, bigint>();
  /** By key: what was booked; null: barred. */
  readonly #booked = new Map<string, { readonly amount: bigint; isReversed: boolean } | null>();
  readonly #refused = new Set<string>();
  moment = 0;
  endsBefore = Number.POSITIVE_INFINITY;
  /** Of each request, in order; then all go well. */
  ways: Way[] = [];
  presents: "presented" | "nothing" | "unsure" = "presented";
  takes: "taken" | "retracted" | "unsure" = "taken";
  seconds = 1_700_000_000;
  offlineMax = 0n;
  /** Several processes at once. */
  areAllAlive = false;
  readonly reversals: Cause[] = [];
  #life = 0;

  constructor() {
    this.journal.change((page) => page.setCassettes(FILLED));
    this.journal.onChange = () => this.happen();
  }

  happen(): void {
    if (++this.moment > this.endsBefore) throw new WorldEnd();
  }

  /** The ATM as it starts; what ran before is gone. */
  start(): CashMachine {
    const owner = String(++this.#life);
    return new CashMachine({
      ...{ journal: this.journal, dispenser: this, escrow: this, bank: this, owner },
      offlineMax: () => this.offlineMax,
      isAlive: (other) => this.areAllAlive || other === owner,
      clock: { wallSeconds: () => this.seconds },
    });
  }

  asked(key: string, amount: bigint, token: string | null = "token") {
    return { key, card: CARD, currency: "USD", amount, token };
  }

  /** Whoever stands there puts them in. */
  insert(key: string, amount: bigint): void {
    this.happen();
    this.hand -= amount;
    this.escrow.set(key, amount);
  }

  present({ amount }: CashOperation): Promise<"presented" | "nothing" | "unsure"> {
    this.happen();
    if (this.presents !== "nothing") {
      this.inside -= amount;
      this.shutter += amount;
    }
    this.happen();
    return Promise.resolve(this.presents);
  }

  awaitTaken(): Promise<"taken" | "retracted" | "unsure"> {
    this.happen();
    if (this.takes === "retracted") this.inside += this.shutter;
    else this.hand += this.shutter;
    this.shutter = 0n;
    this.happen();
    return Promise.resolve(this.takes);
  }

  heldFor(): readonly string[] {
    return [...this.escrow.keys()];
  }

  keep(key: string): Promise<void> {
    this.happen();
    this.bin += this.escrow.get(key) ?? 0n;
    this.escrow.delete(key);
    return Promise.resolve();
  }

  giveBack(key: string): Promise<void> {
    this.happen();
    this.hand += this.escrow.get(key) ?? 0n;
    this.escrow.delete(key);
    return Promise.resolve();
  }

  move({ kind, key, amount }: CashOperation): Promise<Told> {
    return this.#asked(() => this.#book(key, kind === "withdrawal" ? -amount : amount, 0n));
  }

  reverse({ key }: CashOperation, cause: Cause): Promise<Told> {
    return this.#asked(() => {
      const booked = this.#booked.get(key);
      if (this.#refused.has(key)) return refusedBy("nothing-to-reverse");
      if (booked === undefined) this.#booked.set(key, null);
      else if (booked !== null && !booked.isReversed) {
        this.balance -= booked.amount;
        booked.isReversed = true;
      }
      this.reversals.push(cause);
      return this.#done();
    });
  }

  advise({ kind, key, amount }: Advice): Promise<Told> {
    return this.#asked(() => this.#book(key, kind === "withdrawal" ? -amount : amount, null));
  }

  /** The limit is the least that may be left; null: there is none. */
  #book(key: string, amount: bigint, limit: bigint | null): Told {
    if (this.#booked.get(key) === null) return refusedBy("reversed-before");
    if (this.#refused.has(key)) return refusedBy("insufficient-funds");
    if (!this.#booked.has(key)) {
      if (limit !== null && this.balance + amount < limit) {
        this.#refused.add(key);
        return refusedBy("insufficient-funds");
      }
      this.#booked.set(key, { amount, isReversed: false });
      this.balance += amount;
    }
    return this.#done();
  }

  #done(): Told {
    return { kind: "done", answer: { status: "ok", balance: String(this.balance), message: null }, moved: true };
  }

  #asked(work: () => Told): Promise<Told> {
    this.happen();
    const way = this.ways.shift() ?? "well";
    if (way === "unreached") return Promise.resolve({ kind: "unreached", why: "nobody there" });
    if (way === "lost-request") return Promise.resolve({ kind: "unknown", why: "no answer" });
    const told = work();
    this.happen();
    return Promise.resolve(way === "lost-answer" ? { kind: "unknown", why: "no answer" } : told);
  }

  /** What lies in the shutter after a crash is drawn in; then staff count, and the bank is told what is left to tell. */
  async mend(): Promise<void> {
    this.endsBefore = Number.POSITIVE_INFINITY;
    this.inside += this.shutter;
    this.shutter = 0n;
    const machine = this.start();
    await machine.settle(0);
    const counted = [{ denomination: 1n, count: Number(this.inside) }];
    const outcome = machine.count(counted);
    if (outcome.kind === "undecided" || outcome.over !== 0n)
      throw new Error(`the count is ${outcome.kind}, over ${outcome.over}`);
    const troubles = await machine.settle(0);
    if (troubles.length > 0) throw new Error(troubles.join("; "));
  }

  /** What the customer has, on the account and in the hand: it must be what it was. */
  get wealth(): bigint {
    return this.balance + this.hand;
  }

  static readonly wealth = BALANCE + HAND;
}

const refusedBy = (status: string): Told => ({
  kind: "refused",
  answer: { status, balance: null, message: null },
  byLedger: true,
});
