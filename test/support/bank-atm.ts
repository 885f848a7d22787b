/**
 * An ATM of the simulation: the real cash machine and its real states, before notes that lie somewhere, a hand that takes them, and a process
 * that ends before any step. Its bank is the other end of a simulated network.
 */
import type { SeededRandom, SimulatedClock } from "../../base/index.ts";
import {
  type Advice,
  atmCash,
  type CashBank,
  CashMachine,
  type CashOperation,
  type CashOutcome,
  type Cause,
  type Command,
  decodeAnswer,
  type Dispenser,
  type Escrow,
  type Movement,
  type Told,
} from "../../bank/index.ts";
import { MemoryJournal } from "../bank/atm/memory-journal.ts";
import type { BankNet } from "./bank-net.ts";

/** The ATM's process ended here. */
export class ProcessEnd extends Error {}

export interface Customer {
  readonly name: string;
  hand: bigint;
}

const FILLED = [
  { denomination: 5000n, count: 40 },
  { denomination: 1000n, count: 100 },
];
export const LOADED = 300_000n;
const OFFLINE_MAX = 4_000n;

export class SimulatedAtm implements Dispenser, Escrow, CashBank {
  readonly id: string;
  readonly #net: BankNet;
  readonly #clock: SimulatedClock;
  readonly #random: SeededRandom;
  #journal: MemoryJournal;
  /** Notes in the cassettes, or drawn in. */
  inside = LOADED;
  bin = 0n;
  readonly #escrow = new Map<string, { readonly amount: bigint; readonly of: Customer }>();
  readonly #inserted = new Set<string>();
  #shutter: { readonly amount: bigint; readonly before: Customer } | null = null;
  #life = 0;
  #machine: CashMachine | null = null;
  #jump = 0;
  /** Who stands there. */
  #customer: Customer | null = null;

  constructor(id: string, { net, clock, random }: { net: BankNet; clock: SimulatedClock; random: SeededRandom }) {
    [this.id, this.#net, this.#clock, this.#random] = [id, net, clock, random];
    this.#journal = new MemoryJournal();
    this.#journal.change((page) => page.setCassettes(FILLED));
  }

  get cash(): bigint {
    return this.inside + this.bin;
  }

  get isEmptyHanded(): boolean {
    return this.#shutter === null && this.#escrow.size === 0;
  }

  async withdraw(customer: Customer, key: string, amount: bigint): Promise<CashOutcome | null> {
    this.#customer = customer;
    const token = this.#net.chance(30, "login did not reach the bank") ? null : "token";
    return this.#living((machine) => machine.withdraw({ key, card: customer.name, currency: "USD", amount, token }));
  }

  async deposit(customer: Customer, key: string, amount: bigint): Promise<CashOutcome | null> {
    this.#customer = customer;
    return this.#living((machine) => {
      // Nobody puts in the same notes twice: only those that were given back.
      if (!this.#inserted.has(key) && customer.hand >= amount) {
        this.#inserted.add(key);
        customer.hand -= amount;
        this.#escrow.set(key, { amount, of: customer });
      }
      if (!this.#inserted.has(key)) return Promise.resolve(null);
      return machine.deposit({ key, card: customer.name, currency: "USD", amount, token: "token" });
    });
  }

  /** Goes on with what was left undone; staff count where something is suspect. Troubles that are left, null where the process ended. */
  settle(patienceSeconds: number): Promise<readonly string[] | null> {
    return this.#living(async (machine) => {
      if (this.#net.chance(40, "ATM's clock jumped")) this.#jump = this.#random.below(2000) - 1000;
      await machine.settle(patienceSeconds);
      const suspects = this.#journal.change((page) => page.openOperations().filter(({ state }) => state === "suspect"));
      if (suspects.length > 0) {
        const counted = machine.count([{ denomination: 1n, count: Number(this.inside) }]);
        if (counted.kind === "undecided" || counted.over !== 0n)
          this.#net.faults.push(`the count at ${this.id} is ${counted.kind}, over ${counted.over}`);
      }
      return machine.settle(patienceSeconds);
    });
  }

  /** Null: the process ended meanwhile. It is started again by whatever is asked of it next. */
  async #living<T>(work: (machine: CashMachine) => Promise<T>): Promise<T | null> {
    try {
      this.#machine ??= this.#start();
      return await work(this.#machine);
    } catch (error) {
      if (error instanceof ProcessEnd) return null;
      throw error;
    }
  }

  #start(): CashMachine {
    const owner = `${this.id}-${++this.#life}`;
    // What the process before would still write goes nowhere.
    this.#journal = new MemoryJournal(this.#journal);
    const journal = this.#journal;
    journal.onChange = () => this.#step(owner);
    return new CashMachine({
      journal,
      ...{ dispenser: this, escrow: this, bank: this, owner, offlineMax: () => OFFLINE_MAX },
      isAlive: (other) => other === `${this.id}-${this.#life}` && this.#machine !== null,
      clock: { wallSeconds: () => this.#clock.wallSeconds() + this.#jump },
    });
  }

  /** Somewhere between two steps a process may end. */
  #step(owner = `${this.id}-${this.#life}`): void {
    if (this.#machine === null && this.#life > 0 && owner !== `${this.id}-${this.#life}`) throw new ProcessEnd();
    if (!this.#net.chance(12, "ATM ended")) return;
    this.#machine = null;
    // Whoever stands before it takes what lies in the shutter, or it is drawn in.
    if (this.#shutter !== null) {
      if (this.#random.below(2) === 0) this.#shutter.before.hand += this.#shutter.amount;
      else this.inside += this.#shutter.amount;
      this.#shutter = null;
    }
    throw new ProcessEnd();
  }

  async present({ amount }: CashOperation): Promise<"presented" | "nothing" | "unsure"> {
    this.#step();
    if (this.#net.chance(60, "notes stuck")) return "nothing";
    this.inside -= amount;
    if (this.#net.chance(30, "nobody knows whether notes came out")) {
      if (this.#random.below(2) === 0) this.inside += amount;
      else this.#customer!.hand += amount;
      return "unsure";
    }
    this.#shutter = { amount, before: this.#customer! };
    await this.#wait(100);
    this.#step();
    return "presented";
  }

  async awaitTaken(): Promise<"taken" | "retracted" | "unsure"> {
    await this.#wait(1000);
    this.#step();
    const { amount, before } = this.#shutter!;
    this.#shutter = null;
    const isRetracted = this.#net.chance(80, "notes not taken");
    if (isRetracted) this.inside += amount;
    else before.hand += amount;
    this.#step();
    if (this.#net.chance(20, "nobody knows whether notes were taken")) return "unsure";
    return isRetracted ? "retracted" : "taken";
  }

  heldFor(): readonly string[] {
    return [...this.#escrow.keys()];
  }

  async keep(key: string): Promise<void> {
    this.#step();
    this.bin += this.#escrow.get(key)?.amount ?? 0n;
    this.#escrow.delete(key);
  }

  async giveBack(key: string): Promise<void> {
    this.#step();
    const held = this.#escrow.get(key);
    if (held === undefined) return;
    held.of.hand += held.amount;
    this.#escrow.delete(key);
    this.#inserted.delete(key);
  }

  move(operation: CashOperation): Promise<Told> {
    return this.#ask(operation.key, { kind: "transfer", movement: this.#movement(operation) });
  }

  reverse({ key }: CashOperation, cause: Cause): Promise<Told> {
    return this.#ask(`${key}.reverse`, { kind: "reverse", of: key, amount: null, cause });
  }

  advise(advice: Advice): Promise<Told> {
    return this.#ask(advice.key, { kind: "advice", movement: this.#movement(advice) });
  }

  #movement({ kind, card, amount }: Pick<Advice, "kind" | "card" | "amount">): Movement {
    const cash = atmCash(this.id, "USD");
    const [debit, credit] = kind === "withdrawal" ? [card, cash] : [cash, card];
    return { debit, credit, amount, reason: kind, reference: `ATM ${this.id}`, card: null };
  }

  async #ask(key: string, command: Command): Promise<Told> {
    this.#step();
    const life = this.#life;
    const outcome = await this.#net.call(this.id, key, command);
    if (life !== this.#life || this.#machine === null) throw new ProcessEnd();
    this.#step();
    if (outcome.kind !== "answered") return { kind: outcome.kind, why: outcome.kind };
    const { status, entry, accounts } = decodeAnswer(outcome.octets);
    const answer = { status, balance: String(accounts[0]?.balance ?? 0n), message: null };
    return status === "ok"
      ? { kind: "done", answer, moved: entry !== null }
      : { kind: "refused", answer, byLedger: true };
  }

  #wait(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.after(milliseconds, resolve);
    return promise;
  }
}
