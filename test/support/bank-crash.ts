/**
 * An embedded bank whose process is killed again and again under clients that transfer and readers that add up all balances, as Jepsen's bank test
 * does: every reading sums to what was put in, nothing acknowledged is missing or done twice, the books are right.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "../../base/index.ts";
import { BankError, type Ledger, type LedgerRequest, SqliteReader } from "../../bank/index.ts";
import type { FromChild, ToChild } from "./bank-child.ts";
import { BankLoad } from "./bank-load.ts";

export interface BankCrashWork {
  readonly kills: number;
  readonly seed: number;
  readonly onKill?: (kills: number, acknowledged: number) => void;
}

export interface BankCrashOutcome {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly readings: number;
  readonly faults: readonly string[];
}

const CLIENTS = 32;
const ACCOUNTS = 12;
const READERS = 4;
const LIFE_MILLISECONDS_MAX = 250;
const READY_MILLISECONDS = 20_000;

export async function crashBank({ kills, seed, onKill }: BankCrashWork): Promise<BankCrashOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "strata-killed-"));
  const file = join(folder, "ledger.sqlite");
  const random = new SeededRandom(seed);
  const load = new BankLoad(seed, ACCOUNTS);
  const bank = new KilledBank(file);
  const faults: string[] = [];
  let readings = 0;
  try {
    await bank.start();
    await load.openAccounts(bank);
    let isOver = false;
    const reading = Array.from({ length: READERS }, async () => {
      const reader = new SqliteReader(file);
      while (!isOver) {
        const complaint = await load.look(reader);
        if (complaint !== null) faults.push(complaint);
        readings++;
        await pause(1);
      }
      await reader.close();
    });
    const clients = load.run(bank, CLIENTS, "t");
    for (let i = 1; i <= kills; i++) {
      await pause(random.below(LIFE_MILLISECONDS_MAX));
      await bank.kill();
      await bank.start();
      onKill?.(i, load.acknowledged.size);
    }
    load.stop();
    await clients;
    isOver = true;
    await Promise.all(reading);
    await bank.kill();
    const reader = new SqliteReader(file);
    for (const key of await load.lost(reader))
      faults.push(`${key} was acknowledged and is missing, or is told otherwise`);
    faults.push(...(await reader.verify()).faults, ...(await doneTwice(reader)));
    await reader.close();
    return { acknowledged: load.acknowledged.size, unknown: load.unknown, readings, faults };
  } finally {
    await bank.kill();
    rmSync(folder, { recursive: true });
  }
}

async function doneTwice(reader: SqliteReader): Promise<string[]> {
  const keys = new Set<string>();
  const twice: string[] = [];
  for (let from = 1; ; from += 10_000) {
    const entries = await reader.entries({ from, countMax: 10_000 });
    for (const { key } of entries) if (keys.size === keys.add(key).size) twice.push(`${key} was done twice`);
    if (entries.length < 10_000) return twice;
  }
}

/** What is asked of it while it is dead, or when it dies, fails as a lost connection would. */
class KilledBank implements Ledger {
  readonly #file: string;
  readonly #waiting = new Map<number, { resolve: (octets: Uint8Array) => void; reject: (error: BankError) => void }>();
  #child: ChildProcess | null = null;
  #asked = 0;

  constructor(file: string) {
    this.#file = file;
  }

  async start(): Promise<void> {
    const child = fork(join(import.meta.dirname, "bank-child.ts"), [this.#file], { serialization: "advanced" });
    const isReady = Promise.withResolvers<void>();
    child.on("message", (message: FromChild) => (message === "ready" ? isReady.resolve() : this.#told(message)));
    child.once("exit", () => isReady.reject(new Error("the bank's process ended while it started")));
    const late = setTimeout(() => isReady.reject(new Error("the bank's process did not start")), READY_MILLISECONDS);
    await isReady.promise.finally(() => clearTimeout(late));
    this.#child = child;
  }

  submit(request: LedgerRequest): Promise<Uint8Array> {
    if (this.#child === null) return Promise.reject(new BankError("STORE", "nobody is there"));
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const id = ++this.#asked;
    this.#waiting.set(id, { resolve, reject });
    const message: ToChild = [id, request];
    this.#child.send(message, () => undefined);
    return promise;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    for (const { reject } of this.#waiting.values()) reject(new BankError("UNKNOWN", "it was killed"));
    this.#waiting.clear();
  }

  #told([id, octets, why]: Exclude<FromChild, "ready">): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (octets === null) waiting?.reject(new BankError("STORE", why));
    else waiting?.resolve(octets);
  }
}
