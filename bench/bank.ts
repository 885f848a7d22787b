/**
 * Both stores of a bank beside `pgbench` (TPC-B-like, scale 10, 8 clients), on one disk, in turn, each as durable as PostgreSQL is unless
 * told. A request of ours is a withdrawal with all that a bank keeps of it: the request and its answer, an entry, two postings, two
 * balances; from 10,000 accounts to 100 ATMs. The embedded store writes in a thread of its own and is asked from this one.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { createLog, SeededRandom, systemClock } from "../base/index.ts";
import { type Command, decodeAnswer, internalOf, type Ledger, openPostgresLedger, Writer } from "../bank/index.ts";
import { findProgram, program } from "../test/support/peer-configuration.ts";
import { PostgresServer } from "../test/support/postgres.ts";
import { alternate, type Sample } from "./alternate.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { Scratch } from "./scratch.ts";
import { percentile } from "./statistics.ts";

const ACCOUNTS = 10_000;
const ATMS = 100;
const IN_FLIGHT = 128;
const CLIENTS = 8;
const ROUNDS = 3;
const SECONDS = 5;

const EMBEDDED = `requests/s, ${IN_FLIGHT} in flight`;
const ONE_BY_ONE = "requests/s, one by one";
const AT_HALF_LOAD = "p99 ms at half load";
const SHARED = `requests/s, PostgreSQL, ${CLIENTS} connections`;
const DEADLOCKS = "deadlocks";

export async function bank({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  const isThere = findProgram("pgbench") !== null;
  if (!isThere) process.stderr.write("PostgreSQL is not installed and is left out; npm run peers installs it\n");
  const contenders = [
    {
      name: "strata",
      measure: async () => ({ ...(await embedded(seconds)), ...(isThere ? await shared(seconds) : {}) }),
    },
    ...(isThere ? [{ name: "pgbench", measure: () => pgbench(seconds) }] : []),
  ];
  const rows = await alternate(contenders, rounds, ({ measure }) => measure());
  return { bench: `withdrawals, durable, ${ACCOUNTS} accounts, ${ATMS} ATMs; pgbench TPC-B-like, scale 10`, rows };
}

async function embedded(seconds: number): Promise<Sample> {
  using scratch = new Scratch("bank");
  const task = { database: join(scratch.folder, "ledger.sqlite"), epoch: 0 };
  const writer = await Writer.start({ task, clock: systemClock, log: await createLog("error") });
  const ledger = writer.ledger();
  try {
    await open(ledger);
    const work = new Work(ledger);
    const rate = await work.inFlight(IN_FLIGHT, seconds);
    const late = await work.atRate(rate / 2, seconds);
    const alone = await work.inFlight(1, seconds);
    return {
      [EMBEDDED]: rate,
      [ONE_BY_ONE]: alone,
      "p50 ms at half load": percentile(late, 0.5),
      [AT_HALF_LOAD]: percentile(late, 0.99),
    };
  } finally {
    ledger.close();
    await writer.close();
  }
}

async function shared(seconds: number): Promise<Sample> {
  await using server = await PostgresServer.start();
  const ledger = await openPostgresLedger(server.url, { clock: systemClock, epoch: 0, connections: CLIENTS });
  try {
    await open(ledger);
    const work = new Work(ledger);
    const rate = await work.inFlight(IN_FLIGHT, seconds);
    const few = await work.inFlight(CLIENTS, seconds);
    const alone = await work.inFlight(1, seconds);
    const [row] = await server.run("SELECT sum(deadlocks)::int AS deadlocks FROM pg_stat_database");
    return {
      [SHARED]: rate,
      [`requests/s, PostgreSQL, ${CLIENTS} in flight`]: few,
      "requests/s, PostgreSQL, one by one": alone,
      [DEADLOCKS]: Number(row?.["deadlocks"]),
    };
  } finally {
    await ledger.close();
  }
}

/** Its figure stands under each of ours that is compared with it. */
async function pgbench(seconds: number): Promise<Sample> {
  await using server = await PostgresServer.start();
  const run = promisify(execFile);
  const where = ["-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres"];
  await run(program("pgbench"), [...where, "-i", "-s", "10", "-q", "postgres"], { timeout: 120_000 });
  const load = ["-c", String(CLIENTS), "-j", "2", "-T", String(seconds), "postgres"];
  const { stdout } = await run(program("pgbench"), [...where, ...load], { timeout: 120_000 });
  const rate = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
  if (!(rate > 0)) throw new Error(`pgbench says no figure:\n${stdout}`);
  return { [EMBEDDED]: rate, [SHARED]: rate };
}

async function open(ledger: Ledger): Promise<void> {
  const commands: Command[] = [internalOf("counter:USD", "USD"), ...Array.from({ length: ATMS }, (_, i) => atm(i))].map(
    (account) => ({ kind: "open-account", account }),
  );
  const terms = {
    kind: "current",
    currency: "USD",
    overdraft: 0n,
    withdrawalMax: 50_000n,
    interestMillionths: 0n,
  } as const;
  for (let i = 0; i < ACCOUNTS; i++) {
    commands.push({ kind: "open-account", account: { id: customer(i), holder: `holder ${i}`, ...terms } });
  }
  await submitAll(ledger, commands, "open");
  const fill = (credit: string): Command => {
    const movement = {
      debit: "counter:USD",
      credit,
      amount: 10n ** 12n,
      reason: "opening",
      reference: "",
      card: null,
    } as const;
    return { kind: "transfer", movement };
  };
  await submitAll(
    ledger,
    Array.from({ length: ACCOUNTS }, (_, i) => fill(customer(i))),
    "fill",
  );
}

async function submitAll(ledger: Ledger, commands: readonly Command[], series: string): Promise<void> {
  for (let i = 0; i < commands.length; i += 2000) {
    const some = commands.slice(i, i + 2000);
    await Promise.all(some.map((command, j) => ledger.submit({ key: `${series}-${i + j}`, command, by: "bench" })));
  }
}

const customer = (i: number): string => String(1_000_000_000 + i);
const atm = (i: number) => internalOf(`atm:a${i}:USD`, "USD");

/** Withdrawals at random, each with a key of its own. */
class Work {
  readonly #ledger: Ledger;
  readonly #random = new SeededRandom(11);
  #count = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** So many wait at any moment; a second. */
  async inFlight(clients: number, seconds: number): Promise<number> {
    const began = performance.now();
    const end = began + seconds * 1000;
    let done = 0;
    const client = async (): Promise<void> => {
      while (performance.now() < end) {
        await this.#withdraw();
        done++;
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    return (done * 1000) / (performance.now() - began);
  }

  /** Milliseconds that each took from when it was due, sorted: who is late to ask is not let off. */
  async atRate(perSecond: number, seconds: number): Promise<Float64Array> {
    const count = Math.floor(perSecond * seconds);
    const took = new Float64Array(count);
    const began = performance.now();
    const under: Promise<void>[] = [];
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.floor(((performance.now() - began) * perSecond) / 1000));
      for (; sent < due; sent++) {
        const place = sent;
        const dueAt = began + (place * 1000) / perSecond;
        under.push(this.#withdraw().then(() => void (took[place] = performance.now() - dueAt)));
      }
      await pause(1);
    }
    await Promise.all(under);
    return took.sort();
  }

  async #withdraw(): Promise<void> {
    const debit = customer(this.#random.below(ACCOUNTS));
    const credit = atm(this.#random.below(ATMS)).id;
    const movement = { debit, credit, amount: 2000n, reason: "withdrawal", reference: "", card: null } as const;
    const octets = await this.#ledger.submit({
      key: `w${++this.#count}`,
      command: { kind: "transfer", movement },
      by: "atm:a1",
    });
    // Of thousands a second one in a hundred is looked into.
    if (this.#count % 100 === 0 && decodeAnswer(octets).status !== "ok") throw new Error("a withdrawal was refused");
  }
}
