/**
 * An ATM's journal in SQLite: each change is on the disk before it returns. Several processes of one ATM may use it: a change has it to itself.
 * Integers are read as bigint.
 */
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { BankError } from "../error.ts";
import { amount, type Row, text } from "../rows.ts";
import { guarded } from "../sqlite-database.ts";
import { type CardRequest, decodeCardRequest } from "./card-request.ts";
import { type CashOperation, isFinal } from "./cash.ts";
import { decodeOperation, encodeOperation } from "./operation-text.ts";
import type { Advice, AtmJournal, Bins, JournalPage } from "./journal.ts";
import type { Notes } from "./notes.ts";

const SCHEMA_VERSION = 2n;
/** Another process of the same ATM is never in the middle of a change for longer. */
const BUSY_MILLISECONDS = 5000;

/** What version 1 did not have. */
const CARD_REQUESTS = `
  CREATE TABLE card_request (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, is_open INTEGER NOT NULL, value TEXT NOT NULL
  ) STRICT;
  CREATE INDEX card_request_open ON card_request (number) WHERE is_open = 1;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

const SCHEMA = `
  CREATE TABLE operation (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, is_open INTEGER NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL
  ) STRICT;
  CREATE INDEX operation_open ON operation (number) WHERE is_open = 1;
  CREATE INDEX operation_at ON operation (at);
  CREATE TABLE cassette (denomination INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
  CREATE TABLE bin (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE advice (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, card TEXT NOT NULL, currency TEXT NOT NULL, amount INTEGER NOT NULL,
    key TEXT NOT NULL, of TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE word (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

export class SqliteJournal implements AtmJournal {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #page: JournalPage;

  /** Makes one where there is none. Throws BankError "STORE". */
  constructor(path: string) {
    this.#path = path;
    this.#database = guarded(path, () => open(path));
    this.#page = new SqlitePage(this.#database);
  }

  change<T>(work: (page: JournalPage) => T): T {
    return guarded(this.#path, () => inTransaction(this.#database, () => work(this.#page)));
  }

  close(): void {
    this.#database.close();
  }
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS, readBigInts: true });
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    const version = inTransaction(database, () => {
      const found = database.prepare("PRAGMA user_version").get()?.["user_version"];
      if (found === 0n) database.exec(SCHEMA);
      if (found === 0n || found === 1n) database.exec(CARD_REQUESTS);
      return found === 0n || found === 1n ? SCHEMA_VERSION : found;
    });
    if (version === SCHEMA_VERSION) return database;
    throw new BankError("STORE", `${path} is no journal of this version's ATM: use the strata that made it`);
  } catch (error) {
    database.close();
    throw error;
  }
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

class SqlitePage implements JournalPage {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  operation(key: string): CashOperation | null {
    const row = this.#get("SELECT value FROM operation WHERE key = ?", key);
    return row === undefined ? null : decodeOperation(text(row["value"]));
  }

  openOperations(): readonly CashOperation[] {
    return this.#operations(this.#all("SELECT value FROM operation WHERE is_open = 1 ORDER BY number"));
  }

  operationsSince(seconds: number): readonly CashOperation[] {
    return this.#operations(
      this.#all("SELECT value FROM operation WHERE is_open = 0 AND at >= ? ORDER BY number", BigInt(seconds)),
    );
  }

  put(operation: CashOperation): void {
    this.#run(
      `INSERT INTO operation (key, is_open, at, value) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET is_open = excluded.is_open, at = excluded.at, value = excluded.value`,
      operation.key,
      isFinal(operation) ? 0n : 1n,
      BigInt(operation.atSeconds),
      encodeOperation(operation),
    );
  }

  cardRequest(key: string): CardRequest | null {
    const row = this.#get("SELECT value FROM card_request WHERE key = ?", key);
    return row === undefined ? null : decodeCardRequest(text(row["value"]));
  }

  openCardRequests(): readonly CardRequest[] {
    const rows = this.#all("SELECT value FROM card_request WHERE is_open = 1 ORDER BY number");
    return rows.map((row) => decodeCardRequest(text(row["value"])));
  }

  putCardRequest(request: CardRequest): void {
    this.#run(
      `INSERT INTO card_request (key, is_open, value) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET is_open = excluded.is_open, value = excluded.value`,
      ...[request.key, request.state === "asked" ? 1n : 0n, JSON.stringify(request)],
    );
  }

  cassettes(): readonly Notes[] {
    return this.#all("SELECT denomination, count FROM cassette ORDER BY denomination DESC").map((row) => ({
      denomination: amount(row["denomination"]),
      count: Number(row["count"]),
    }));
  }

  setCassettes(cassettes: readonly Notes[]): void {
    this.#run("DELETE FROM cassette");
    for (const { denomination, count } of cassettes)
      this.#run("INSERT INTO cassette VALUES (?, ?)", denomination, BigInt(count));
  }

  bins(): Bins {
    const all = new Map(this.#all("SELECT name, amount FROM bin").map((row) => [text(row["name"]), row["amount"]]));
    return { retracted: amount(all.get("retracted")), deposited: amount(all.get("deposited")) };
  }

  setBins({ retracted, deposited }: Bins): void {
    this.#run("REPLACE INTO bin VALUES ('retracted', ?), ('deposited', ?)", retracted, deposited);
  }

  advices(): readonly Advice[] {
    return this.#all("SELECT * FROM advice ORDER BY sequence").map((row) => ({
      sequence: Number(row["sequence"]),
      kind: text(row["kind"]) === "deposit" ? "deposit" : "withdrawal",
      card: text(row["card"]),
      currency: text(row["currency"]),
      amount: amount(row["amount"]),
      key: text(row["key"]),
      of: text(row["of"]),
      atSeconds: Number(row["at"]),
    }));
  }

  addAdvice({ kind, card, currency, amount: sum, key, of, atSeconds }: Omit<Advice, "sequence">): void {
    this.#run(
      "INSERT INTO advice (kind, card, currency, amount, key, of, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[kind, card, currency, sum, key, of, BigInt(atSeconds)],
    );
  }

  dropAdvice(sequence: number): void {
    this.#run("DELETE FROM advice WHERE sequence = ?", BigInt(sequence));
  }

  word(name: string): string | null {
    const row = this.#get("SELECT value FROM word WHERE name = ?", name);
    return row === undefined ? null : text(row["value"]);
  }

  setWord(name: string, value: string): void {
    this.#run("REPLACE INTO word VALUES (?, ?)", name, value);
  }

  #operations(rows: readonly Row[]): readonly CashOperation[] {
    return rows.map((row) => decodeOperation(text(row["value"])));
  }

  #get(sql: string, ...values: readonly SQLOutputValue[]): Row | undefined {
    return this.#database.prepare(sql).get(...values);
  }

  #all(sql: string, ...values: readonly SQLOutputValue[]): readonly Row[] {
    return this.#database.prepare(sql).all(...values);
  }

  #run(sql: string, ...values: readonly SQLOutputValue[]): void {
    this.#database.prepare(sql).run(...values);
  }
}
