/**
 * An embedded bank whose process is killed again and again under clients that transfer and readers that add up all balances, as Jepsen's bank test
 * does: every reading sums to what was put in, nothing acknowledged is missing or done twice, the books are right.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "../../base/index.ts";
import { SqliteReader } from "../../bank/index.ts";
import { BankLoad } from "./bank-load.ts";
import { doneTwice, KilledBank } from "./killed-bank.ts";

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
