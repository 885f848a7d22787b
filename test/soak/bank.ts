/** The long proofs of the bank: kills on both stores, requests beside a bank that is told plainly, and simulated worlds by seed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../base/index.ts";
import { openEmbeddedLedger } from "../../bank/index.ts";
import { crashBank, type BankCrashOutcome } from "../support/bank-crash.ts";
import { compareWithPlainBank } from "../support/bank-oracle.ts";
import { crashPostgresBank } from "../support/bank-postgres-crash.ts";
import { runBankWorld } from "../support/bank-world.ts";
import { findProgram } from "../support/peers.ts";

export const BANK_PARTS = ["bank-simulation", "bank-oracle", "bank-embedded", "bank-postgres"] as const;
export type BankPart = (typeof BANK_PARTS)[number];

export interface BankSoakWork {
  readonly seed: number;
  /** Of the full amount; the next piece begins where one has ended with another seed. */
  readonly share: number;
  readonly say: (text: string) => void;
}

const KILLS = 100;
const REQUESTS = 200_000;
const WORLDS = 2000;
const KILLS_A_ROW = 10;
const WORLDS_A_ROW = 500;

/** What is wrong, in words. */
export function soakBank(part: BankPart, work: BankSoakWork): Promise<readonly string[]> {
  switch (part) {
    case "bank-simulation":
      return simulate(work);
    case "bank-oracle":
      return ask(work);
    case "bank-embedded":
      return killEmbedded(work);
    case "bank-postgres":
      return killPostgres(work);
  }
}

async function simulate({ seed, share, say }: BankSoakWork): Promise<readonly string[]> {
  const worlds = Math.ceil(WORLDS * share);
  say(`${worlds} worlds from seed ${seed} in which messages, servers, ATMs, disks and clocks fail`);
  const troubles = new Map<string, number>();
  const complaints: string[] = [];
  let entries = 0;
  for (let i = 1; i <= worlds; i++) {
    const outcome = await runBankWorld(seed + i - 1);
    entries += outcome.entries;
    for (const [what, times] of outcome.troubles) troubles.set(what, (troubles.get(what) ?? 0) + times);
    complaints.push(...outcome.faults.map((fault) => `world ${seed + i - 1}: ${fault}`));
    if (i % WORLDS_A_ROW === 0) say(`${i} worlds, ${entries} entries, ${complaints.length} faults`);
  }
  const told = [...troubles].sort().map(([what, times]) => `${what} ${times}`);
  say(`${entries} entries; ${told.join(", ")}`);
  return complaints;
}

async function ask({ seed, share, say }: BankSoakWork): Promise<readonly string[]> {
  const requests = Math.ceil(REQUESTS * share);
  say(`${requests} requests beside a bank that is told plainly, seed ${seed}`);
  const folder = mkdtempSync(join(tmpdir(), "strata-oracle-"));
  let seconds = 0;
  const clock = { ...systemClock, wallSeconds: () => seconds };
  const store = openEmbeddedLedger(join(folder, "ledger.sqlite"), { clock, epoch: 0 });
  const setSeconds = (now: number): void => void (seconds = now);
  try {
    const statuses = await compareWithPlainBank({ store, seed, requests, setSeconds });
    const { entries, faults } = await store.verify();
    say(`${entries} entries, ${statuses.size} statuses: ${[...statuses.keys()].join(", ")}`);
    return faults;
  } catch (error) {
    return [String(error)];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

async function killEmbedded({ seed, share, say }: BankSoakWork): Promise<readonly string[]> {
  const kills = Math.ceil(KILLS * share);
  say(`${kills} kills of an embedded bank under 32 clients and 4 readers, seed ${seed}`);
  const outcome = await crashBank({ kills, seed, onKill: rows(say) });
  say(summary(outcome));
  return outcome.faults;
}

async function killPostgres({ seed, share, say }: BankSoakWork): Promise<readonly string[]> {
  const kills = Math.ceil(KILLS * share);
  if (findProgram("initdb") === null) return ["PostgreSQL is not installed: npm run peers"];
  say(
    `${kills} kills of a bank's process, its database and its database's machine under 32 clients and 4 readers, seed ${seed}`,
  );
  const outcome = await crashPostgresBank({ kills, seed, onKill: rows(say) });
  const { server, database, machine } = outcome.killed;
  say(`${summary(outcome)}; killed: server ${server}, database ${database}, its machine ${machine}`);
  return outcome.faults;
}

const summary = ({ acknowledged, unknown, readings }: BankCrashOutcome): string =>
  `${acknowledged} acknowledged, ${unknown} were not known at first and asked again, ${readings} readings of all balances`;

const rows =
  (say: (text: string) => void) =>
  (kills: number, acknowledged: number): void => {
    if (kills % KILLS_A_ROW === 0) say(`${kills} kills, ${acknowledged} acknowledged`);
  };
