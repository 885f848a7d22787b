/**
 * Three that touch one account at once: 100.00 is paid in, 1.00 of interest is added, 50.00 is taken. Each asks the database what there is,
 * reckons, and writes what there is to be; between the two it waits, as whoever asks over a network does. Nothing is staged: all three begin
 * together, and what becomes of the balance is what the database has in the end.
 */
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../base/index.ts";
import { internalOf } from "./account.ts";
import type { Command, Movement } from "./command.ts";
import { formatAmount } from "./money.ts";
import { amount as amountIn } from "./rows.ts";
import { decodeAnswer } from "./request-text.ts";
import { digested, GroupCommit, SqliteLedger } from "./sqlite-ledger.ts";

export interface RaceStep {
  readonly who: string;
  readonly did: string;
}

export interface RaceOutcome {
  readonly way: string;
  readonly why: string;
  /** As they happened. */
  readonly steps: readonly RaceStep[];
  readonly balance: bigint;
}

interface Operation {
  readonly who: string;
  readonly amount: bigint;
}

/** In cents. */
const BEGINNING = 100_000n;
const OPERATIONS: readonly Operation[] = [
  { who: "deposit", amount: 10_000n },
  { who: "interest", amount: 100n },
  { who: "withdrawal", amount: -5_000n },
];
export const RACE_BEGINNING: bigint = BEGINNING;
export const RACE_RIGHT: bigint = OPERATIONS.reduce((sum, { amount }) => sum + amount, BEGINNING);

/** Without synchronization first, then each of the right ways. */
export async function race(clock: Clock): Promise<readonly RaceOutcome[]> {
  return [
    await raceOnTable(clock, "nothing", "each overwrites what the others wrote since it looked", readThenWrite),
    await raceOnTable(clock, "a lock", "one looks and writes while the others wait", behindLock()),
    await raceOnTable(clock, "an atomic update", "the database adds; nobody carries a balance about", addInDatabase),
    await raceOnTable(clock, "a version, tried again", "who finds another version looks again", writeIfUnchanged),
    await raceForWriter(clock),
  ];
}

type Way = (table: Table, operation: Operation) => Promise<void>;

/** A table with one account, asked over something that takes time. */
class Table {
  readonly steps: RaceStep[] = [];
  readonly #database = new DatabaseSync(":memory:");
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#database.exec("CREATE TABLE account (balance INTEGER NOT NULL, version INTEGER NOT NULL) STRICT");
    this.#database.exec(`INSERT INTO account VALUES (${BEGINNING}, 1)`);
  }

  /** The balance and its version. */
  async read(who: string): Promise<readonly [bigint, bigint]> {
    await this.#travel();
    const row = this.row();
    this.steps.push({ who, did: `reads ${cents(row[0])}` });
    await this.#travel();
    return row;
  }

  /** How many rows it changed. */
  async write(
    who: string,
    { sql, values, did }: { sql: string; values: readonly bigint[]; did: string },
  ): Promise<number> {
    await this.#travel();
    const { changes } = this.#database.prepare(sql).run(...values);
    this.steps.push({ who, did: changes === 0 ? "finds another version" : did });
    await this.#travel();
    return Number(changes);
  }

  row(): readonly [bigint, bigint] {
    const statement = this.#database.prepare("SELECT balance, version FROM account");
    statement.setReadBigInts(true);
    const row = statement.get();
    return [amountIn(row?.["balance"]), amountIn(row?.["version"])];
  }

  close(): void {
    this.#database.close();
  }

  #travel(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.soon(resolve);
    return promise;
  }
}

async function raceOnTable(clock: Clock, way: string, why: string, take: Way): Promise<RaceOutcome> {
  const table = new Table(clock);
  try {
    await Promise.all(OPERATIONS.map((operation) => take(table, operation)));
    return { way, why, steps: table.steps, balance: table.row()[0] };
  } finally {
    table.close();
  }
}

const readThenWrite: Way = async (table, { who, amount }) => {
  const [balance] = await table.read(who);
  const next = balance + amount;
  await table.write(who, { sql: "UPDATE account SET balance = ?", values: [next], did: `writes ${cents(next)}` });
};

function behindLock(): Way {
  let last: Promise<void> = Promise.resolve();
  return (table, operation) => {
    last = last.then(() => readThenWrite(table, operation));
    return last;
  };
}

const addInDatabase: Way = async (table, { who, amount }) => {
  const did = `adds ${cents(amount)}`;
  await table.write(who, { sql: "UPDATE account SET balance = balance + ?", values: [amount], did });
};

const writeIfUnchanged: Way = async (table, { who, amount }) => {
  // Whoever fails does so because another succeeded, so it ends.
  for (;;) {
    const [balance, version] = await table.read(who);
    const next = balance + amount;
    const sql = "UPDATE account SET balance = ?, version = version + 1 WHERE version = ?";
    if ((await table.write(who, { sql, values: [next, version], did: `writes ${cents(next)}` })) > 0) return;
  }
};

/** The bank's own way (`sqlite-ledger.ts`): requests, not balances, go to the one who writes. */
async function raceForWriter(clock: Clock): Promise<RaceOutcome> {
  const ledger = new SqliteLedger(":memory:", { clock, epoch: 0 });
  try {
    const commits = new GroupCommit(ledger, clock);
    const ask = async (key: string, command: Command): Promise<readonly { readonly balance: bigint }[]> =>
      decodeAnswer(await commits.submit(digested({ key, command, by: "race" }))).accounts;
    const account = { ...internalOf("counter:USD", "USD"), id: "1", overdraft: 0n };
    await ask("open-1", { kind: "open-account", account: internalOf("counter:USD", "USD") });
    await ask("open-2", { kind: "open-account", account });
    await ask("begin", moved(BEGINNING));
    const steps: RaceStep[] = [];
    let balance = 0n;
    await Promise.all(
      OPERATIONS.map(async ({ who, amount }) => {
        const accounts = await ask(who, moved(amount));
        balance = accounts[amount > 0n ? 1 : 0]!.balance;
        steps.push({ who, did: `is answered ${cents(balance)}` });
      }),
    );
    return { way: "one writer", why: "requests wait in a line, and one commit answers all of them", steps, balance };
  } finally {
    ledger.close();
  }
}

function moved(amount: bigint): Command {
  const [debit, credit] = amount > 0n ? ["counter:USD", "1"] : ["1", "counter:USD"];
  const sides = { debit, credit, amount: amount < 0n ? -amount : amount };
  const movement: Movement = { ...sides, reason: "transfer", reference: "", card: null };
  return { kind: "transfer", movement };
}

const cents = (amount: bigint): string => formatAmount(amount, "USD");
