/**
 * A bank on PostgreSQL whose own process, database and database's machine are killed again and again under clients that transfer and readers that
 * add up all balances: every reading sums to what was put in, nothing acknowledged is missing or done twice, the books are right.
 */
import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom, systemClock } from "../../base/index.ts";
import { openPostgresReader, type PostgresReader } from "../../bank/index.ts";
import type { BankCrashOutcome, BankCrashWork } from "./bank-crash.ts";
import { BankLoad } from "./bank-load.ts";
import { doneTwice, KilledBank } from "./killed-bank.ts";
import { PostgresServer } from "./postgres.ts";

const CLIENTS = 32;
const ACCOUNTS = 12;
const READERS = 4;
/** Between one kill and the next so many more are acknowledged. */
const ACKNOWLEDGED_MIN = 50;
const LIMIT_MILLISECONDS = 60_000;
/** Of so many kills one loses the database's machine for good. */
const KILLS_PER_MACHINE = 5;

/** How often each was killed. */
export interface PostgresCrashOutcome extends BankCrashOutcome {
  readonly killed: Readonly<Record<"server" | "database" | "machine", number>>;
}

export async function crashPostgresBank({ kills, seed, onKill }: BankCrashWork): Promise<PostgresCrashOutcome> {
  await using world = new CrashWorld(seed);
  await world.begin();
  for (let i = 1; i <= kills; i++) {
    await world.goesOn();
    await world.kill(i % KILLS_PER_MACHINE === 0);
    onKill?.(i, world.acknowledged);
  }
  await world.goesOn();
  return await world.end();
}

class CrashWorld implements AsyncDisposable {
  readonly #random: SeededRandom;
  readonly #load: BankLoad;
  readonly #bank = new KilledBank("");
  readonly #faults: string[] = [];
  readonly #killed = { server: 0, database: 0, machine: 0 };
  #servers: PostgresServer[] = [];
  #readings = 0;
  #isOver = false;
  #clients: Promise<void> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#load = new BankLoad(seed, ACCOUNTS);
  }

  get acknowledged(): number {
    return this.#load.acknowledged.size;
  }

  async begin(): Promise<void> {
    this.#servers = [await PostgresServer.start()];
    await this.#addStandby();
    await this.#load.openAccounts(this.#bank);
    this.#clients = this.#load.run(this.#bank, CLIENTS, "t");
    this.#reading = Promise.all(Array.from({ length: READERS }, () => this.#read()));
    // Whoever waits for what they do finds out why they failed.
    this.#clients.catch(() => undefined);
    this.#reading.catch(() => undefined);
  }

  async goesOn(): Promise<void> {
    const wanted = this.acknowledged + ACKNOWLEDGED_MIN;
    const deadline = performance.now() + LIMIT_MILLISECONDS;
    while (this.acknowledged < wanted) {
      if (performance.now() > deadline) throw new Error(`the bank does not carry on: ${this.#faults.join("; ")}`);
      await pause(5);
    }
  }

  async kill(withMachine: boolean): Promise<void> {
    const [primary, standby] = this.#servers;
    if (withMachine) {
      this.#killed.machine++;
      await primary!.kill();
      await standby!.promote();
      this.#servers = [standby!];
      await primary![Symbol.asyncDispose]();
      await this.goesOn();
      // A new standby is at another place, which the bank is told at its start.
      await this.#addStandby();
    } else if (this.#random.below(2) === 0) {
      this.#killed.server++;
      await this.#bank.kill();
      await this.#bank.start();
    } else {
      this.#killed.database++;
      const killed = this.#random.below(3) === 0 ? standby! : primary!;
      await killed.kill();
      await killed.resume();
    }
  }

  async end(): Promise<PostgresCrashOutcome> {
    this.#load.stop();
    await this.#clients;
    this.#isOver = true;
    await this.#reading;
    const reader = await this.#openReader();
    for (const key of await this.#load.lost(reader))
      this.#faults.push(`${key} was acknowledged and is missing, or is told otherwise`);
    this.#faults.push(...(await reader.verify()).faults, ...(await doneTwice(reader)));
    await reader.close();
    const { unknown } = this.#load;
    const counts = { acknowledged: this.acknowledged, unknown, readings: this.#readings, killed: this.#killed };
    return { ...counts, faults: this.#faults };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#load.stop();
    this.#isOver = true;
    await this.#bank.kill();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }

  async #addStandby(): Promise<void> {
    const [primary] = this.#servers;
    const standby = await primary!.startStandby(`standby${this.#killed.machine}`);
    this.#servers = [primary!, standby];
    const hosts = this.#servers.map(({ port }) => `127.0.0.1:${port}`).join(",");
    await this.#bank.kill();
    this.#bank.database = `postgres://postgres@${hosts}/postgres`;
    await this.#bank.start();
  }

  #openReader(): Promise<PostgresReader> {
    return openPostgresReader(this.#bank.database, systemClock);
  }

  async #read(): Promise<void> {
    while (!this.#isOver) {
      const { database } = this.#bank;
      // While all of them are away there is nothing to be read.
      const reader = await this.#openReader().catch(() => null);
      while (reader !== null && !this.#isOver && database === this.#bank.database) {
        const complaint = await this.#load.look(reader);
        if (complaint !== null) this.#faults.push(complaint);
        this.#readings++;
        await pause(2);
      }
      await reader?.close();
      await pause(20);
    }
  }
}
