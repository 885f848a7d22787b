/**
 * A bank, its ATMs and its customers in a world where everything goes wrong, by seed. In the end all notes are counted, everybody is told what
 * became of what they asked, and nobody has more or less than they should.
 */
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import {
  type Answer,
  atmCash,
  BankError,
  balanceOf,
  type Command,
  decodeAnswer,
  digested,
  internalOf,
  type Movement,
} from "../../bank/index.ts";
import { type Customer, LOADED, SimulatedAtm } from "./bank-atm.ts";
import { BankNet } from "./bank-net.ts";

const BALANCE = 20_000n;
const HAND = 10_000n;
const OPERATIONS = 7;
const TRANSFERS = 8;
const HOLDS = 4;
const DUTY_ROUNDS = 12;
const DAY_SECONDS = 86_400;
/** 3.65 % a year. */
const INTEREST_MILLIONTHS = 36_500n;
const SHOP = "shop";
/** More than any of it takes, in simulated time. */
const END_MILLISECONDS = 40 * 86_400_000;

export interface WorldOutcome {
  readonly faults: readonly string[];
  readonly troubles: ReadonlyMap<string, number>;
  readonly entries: number;
}

export async function runBankWorld(seed: number): Promise<WorldOutcome> {
  const world = new World(seed);
  await world.clock.run(world.run(), END_MILLISECONDS);
  return { faults: world.net.faults, troubles: world.net.troubles, entries: world.net.ledger.entries.length };
}

class World {
  readonly clock = new SimulatedClock();
  readonly #random: SeededRandom;
  readonly net: BankNet;
  readonly #atms: readonly SimulatedAtm[];
  readonly #customers: readonly Customer[] = ["ada", "bob", "eve"].map((name) => ({ name, hand: HAND }));
  readonly #holds = new Set<string>();
  /** That was paid out. */
  #interest = 0n;
  /** What each should have, in the hand and on the account. */
  readonly #wealth = new Map(this.#customers.map(({ name }) => [name, HAND + BALANCE]));

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.net = new BankNet(this.clock, this.#random);
    const parts = { net: this.net, clock: this.clock, random: this.#random };
    this.#atms = ["a1", "a2"].map((id) => new SimulatedAtm(id, parts));
    this.#open();
  }

  async run(): Promise<void> {
    await Promise.all([
      ...this.#atms.map((atm) => this.#business(atm)),
      ...["ada", "bob"].map((name) => this.#online(name)),
      ...["ada", "eve"].map((name) => this.#buy(name)),
      this.#duties(),
    ]);
    this.net.calm();
    // What is under way arrives, or never will.
    await this.#wait(600_000);
    this.net.settleEpoch();
    for (const atm of this.#atms) await this.#settle(atm);
    for (const hold of this.#holds) await this.#told("bank", `${hold}-end`, { kind: "release", hold });
    this.#look();
  }

  #open(): void {
    const atms = this.#atms.map(({ id }) => atmCash(id, "USD"));
    const terms = { holder: "h", kind: "current", currency: "USD", overdraft: 0n } as const;
    const names = this.#customers.map(({ name }) => name);
    const commands: Command[] = [
      ...["vault:USD", "interest:USD", ...atms].map((id): Command => ({
        kind: "open-account",
        account: internalOf(id, "USD"),
      })),
      ...[...names, SHOP].map((id): Command => {
        const interestMillionths = id === SHOP ? 0n : INTEREST_MILLIONTHS;
        return { kind: "open-account", account: { id, ...terms, withdrawalMax: null, interestMillionths } };
      }),
      ...names.map((id) => moved("vault:USD", id, BALANCE)),
      ...atms.map((id) => moved(id, "vault:USD", LOADED)),
    ];
    this.net.ledger.commit(commands.map((command, i) => digested({ key: `opening-${i}`, command, by: "bank" })));
    this.net.ledger.sync();
  }

  /** One customer after the other; some ask again with the same key where the outcome is not known, some walk away. */
  async #business(atm: SimulatedAtm): Promise<void> {
    for (let i = 0; i < OPERATIONS; i++) {
      const customer = this.#random.pick(this.#customers);
      const amount = BigInt(1 + this.#random.below(8)) * 1000n;
      const key = `${atm.id}-${i}`;
      const isWithdrawal = this.#random.below(3) > 0;
      for (let tries = 0; tries < 3; tries++) {
        const outcome = isWithdrawal
          ? await atm.withdraw(customer, key, amount)
          : await atm.deposit(customer, key, amount);
        await this.#wait(this.#random.below(30_000));
        if (outcome !== null && outcome.kind !== "unknown") break;
        // It was started again, or somebody is there to look.
        await atm.settle(300);
        if (this.#random.below(2) === 0) break;
      }
      await atm.settle(300);
      await this.#wait(this.#random.below(600_000));
    }
  }

  /** Transfers; whoever is not told what became of one asks until told. */
  async #online(name: string): Promise<void> {
    for (let i = 0; i < TRANSFERS; i++) {
      const other = this.#random.pick(this.#customers.filter((customer) => customer.name !== name)).name;
      const amount = BigInt(1 + this.#random.below(9000));
      for (;;) {
        const outcome = await this.net.call(name, `${name}-${i}`, moved(name, other, amount));
        await this.#wait(this.#random.below(60_000));
        if (outcome.kind !== "answered") continue;
        if (decodeAnswer(outcome.octets).status !== "ok") break;
        this.#wealth.set(name, this.#wealth.get(name)! - amount);
        this.#wealth.set(other, this.#wealth.get(other)! + amount);
        break;
      }
    }
  }

  /** Has a shop hold money, which then takes all of it or some, lets it go, or forgets it. */
  async #buy(name: string): Promise<void> {
    for (let i = 0; i < HOLDS; i++) {
      const hold = `${name}-hold-${i}`;
      const amount = BigInt(1 + this.#random.below(5000));
      const expiresAtMilliseconds = (this.net.wallSeconds + this.#random.below(DAY_SECONDS)) * 1000;
      const movement = movementOf(name, SHOP, amount);
      const held = await this.#told(name, hold, { kind: "hold", movement, expiresAtMilliseconds });
      if (held.status !== "ok") continue;
      this.#holds.add(hold);
      await this.#wait(this.#random.below(600_000));
      const choice = this.#random.below(4);
      if (choice === 0) await this.#told(SHOP, `${hold}-off`, { kind: "release", hold });
      if (choice > 1) await this.#take(name, hold, amount);
    }
  }

  async #take(name: string, hold: string, amount: bigint): Promise<void> {
    const taken = BigInt(1 + this.#random.below(Number(amount)));
    const { status } = await this.#told(SHOP, `${hold}-take`, { kind: "capture", hold, amount: taken });
    if (status === "ok") this.#wealth.set(name, this.#wealth.get(name)! - taken);
  }

  /** What a server does by its clock, whatever that says; keys follow from what is due. */
  async #duties(): Promise<void> {
    for (let i = 0; i < DUTY_ROUNDS; i++) {
      const day = Math.floor(this.net.wallSeconds / DAY_SECONDS);
      for (const hold of this.#holds) await this.#told("bank", `expire-${i}-${hold}`, { kind: "expire", hold });
      for (const { name } of this.#customers) {
        await this.#told("bank", `accrue-${i}-${name}-${day}`, { kind: "accrue", account: name, day: day - 1 });
        const pay = { kind: "pay-interest", account: name, beforeDay: day } as const;
        const { status, amount } = await this.#told("bank", `pay-${i}-${name}-${day}`, pay);
        if (status !== "ok" || amount === null) continue;
        this.#interest += amount;
        this.#wealth.set(name, this.#wealth.get(name)! + amount);
      }
      await this.#wait(this.#random.below(600_000));
    }
  }

  /** Asked with that key until told what became of it. */
  async #told(from: string, key: string, command: Command): Promise<Answer> {
    for (;;) {
      const outcome = await this.net.call(from, key, command);
      if (outcome.kind === "answered") return decodeAnswer(outcome.octets);
      await this.#wait(this.#random.below(60_000));
    }
  }

  async #settle(atm: SimulatedAtm): Promise<void> {
    let troubles: readonly string[] | null = [];
    for (let i = 0; i < 5; i++) {
      troubles = await atm.settle(0);
      if (troubles !== null && troubles.length === 0) return;
      await this.#wait(10_000);
    }
    this.net.faults.push(`${atm.id} could not settle: ${troubles?.join("; ") ?? "it ended"}`);
  }

  #look(): void {
    const { ledger, faults, acknowledged } = this.net;
    const balance = (id: string): bigint => balanceOf(ledger.account(id)!);
    const expectThat = (what: string, is: bigint, wanted: bigint): void => {
      if (is !== wanted) faults.push(`${what} is ${is}, wanted ${wanted}`);
    };
    for (const atm of this.#atms) {
      expectThat(`the cash in ${atm.id}, as the books have it,`, -balance(atmCash(atm.id, "USD")), atm.cash);
      if (!atm.isEmptyHanded) faults.push(`notes lie in the shutter or the escrow of ${atm.id}`);
    }
    for (const { id, debitsPending, creditsPending } of ledger.accounts)
      expectThat(`what is held for or from ${id}`, debitsPending + creditsPending, 0n);
    for (const { name, hand } of this.#customers)
      expectThat(`what ${name} has`, balance(name) + hand, this.#wealth.get(name)!);
    const sum = ledger.accounts.reduce((before, account) => before + balanceOf(account), 0n);
    expectThat("the sum of the books", sum, 0n);
    const cash = this.#atms.reduce((before, atm) => before + atm.cash, 0n);
    const owned = this.#customers.reduce((before, { name, hand }) => before + hand + balance(name), 0n);
    const began = LOADED * BigInt(this.#atms.length) + (HAND + BALANCE) * BigInt(this.#customers.length);
    // Notes that customers brought are in the ATMs by now, and the other way round.
    expectThat("cash and accounts", cash + owned + balance(SHOP) - this.#interest - this.#putIn(), began);
    // Interest that is paid has several entries, of different accounts.
    const done = new Set<string>();
    for (const { key, debit, credit } of ledger.entries)
      if (done.size === done.add(`${key} ${debit} ${credit}`).size) faults.push(`${key} was done twice`);
    for (const [key, { request, text }] of acknowledged) {
      const [again] = ledger.commit([digested(request)], Number.MAX_SAFE_INTEGER);
      const told = again instanceof BankError ? again.message : Buffer.from(again!).toString();
      if (told !== text) faults.push(`${key} was acknowledged as ${text}, and stands as ${told}`);
    }
  }

  /** What customers put in less what they took, by the books. */
  #putIn(): bigint {
    return this.#atms.reduce(
      (before, { id }) => before - balanceOf(this.net.ledger.account(atmCash(id, "USD"))!) - LOADED,
      0n,
    );
  }

  #wait(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.clock.after(milliseconds, resolve);
    return promise;
  }
}

const movementOf = (debit: string, credit: string, amount: bigint): Movement => {
  return { debit, credit, amount, reason: "transfer", reference: "", card: null };
};

const moved = (debit: string, credit: string, amount: bigint): Command => ({
  kind: "transfer",
  movement: movementOf(debit, credit, amount),
});
