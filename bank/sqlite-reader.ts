/** Reads an embedded bank's books on a connection of its own: what is committed, without waiting for the writer. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Account } from "./account.ts";
import type { Hold } from "./books.ts";
import type { DocumentKind, DocumentOf, Versioned } from "./document.ts";
import { CHAIN_START, type Entry } from "./entry.ts";
import { decodeAnswer } from "./request-text.ts";
import { documentFrom } from "./sqlite-books.ts";
import {
  accountFrom,
  amount,
  blob,
  entryFrom,
  guarded,
  holdFrom,
  openForReading,
  type Row,
  text,
} from "./sqlite-database.ts";
import type { AuditLine, ChainHead, LedgerReader, Line, LineRange, NumberRange, Verdict } from "./store.ts";
import { type Accrued, type RequestMade, verifyBooks } from "./verify.ts";

export class SqliteReader implements LedgerReader {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>();

  /** Throws BankError "STORE". */
  constructor(path: string) {
    this.#path = path;
    this.#database = openForReading(path);
  }

  async account(id: string): Promise<Account | null> {
    const [row] = this.#rows("SELECT * FROM account WHERE id = ?", id);
    return row === undefined ? null : accountFrom(row);
  }

  async accountsOf(holder: string): Promise<readonly Account[]> {
    return this.#rows("SELECT * FROM account WHERE holder = ? ORDER BY id", holder).map(accountFrom);
  }

  async internalAccounts(beginning: string): Promise<readonly Account[]> {
    const sql = "SELECT * FROM account WHERE id >= ? AND id < ? AND kind = 'internal' ORDER BY id";
    return this.#rows(sql, beginning, behind(beginning)).map(accountFrom);
  }

  async lines(account: string, { fromMilliseconds, toMilliseconds, linesMax }: LineRange): Promise<readonly Line[]> {
    const sql = `SELECT entry.*, posting.moved, posting.balance FROM posting JOIN entry ON entry.number = posting.entry
      WHERE posting.account = ? AND posting.at >= ? AND posting.at < ? ORDER BY posting.at DESC, posting.entry DESC LIMIT ?`;
    const rows = this.#rows(sql, account, fromMilliseconds, toMilliseconds, linesMax);
    return rows
      .map((row) => ({ entry: entryFrom(row), moved: amount(row["moved"]), balance: amount(row["balance"]) }))
      .reverse();
  }

  async balanceAt(account: string, beforeMilliseconds: number): Promise<bigint> {
    const sql = "SELECT balance FROM posting WHERE account = ? AND at < ? ORDER BY at DESC, entry DESC LIMIT 1";
    return amount(this.#rows(sql, account, beforeMilliseconds)[0]?.["balance"]);
  }

  async entries({ from, countMax }: NumberRange): Promise<readonly Entry[]> {
    return this.#rows("SELECT * FROM entry WHERE number >= ? ORDER BY number LIMIT ?", from, countMax).map(entryFrom);
  }

  async audit({ from, countMax }: NumberRange): Promise<readonly AuditLine[]> {
    const sql = `SELECT request.number AS place, request.key AS asked, request.by, request.kind AS what, request.answer,
      request.at AS taken, entry.* FROM request LEFT JOIN entry ON entry.number = request.entry
      WHERE request.number >= ? ORDER BY request.number LIMIT ?`;
    return this.#rows(sql, from, countMax).map(auditLine);
  }

  async holdsOf(account: string): Promise<readonly Hold[]> {
    const sql = "SELECT * FROM hold WHERE debit = ? OR credit = ? ORDER BY key LIMIT ?";
    return this.#rows(sql, account, account, HOLDS_MAX).map(holdFrom);
  }

  async answer(key: string): Promise<Uint8Array | null> {
    const [row] = this.#rows("SELECT answer FROM request WHERE key = ?", key);
    return row === undefined ? null : blob(row["answer"]);
  }

  async document<K extends DocumentKind>(what: K, id: string): Promise<Versioned<DocumentOf<K>> | null> {
    const [row] = this.#rows("SELECT id, version, value FROM document WHERE what = ? AND id = ?", what, id);
    return row === undefined ? null : documentOf<K>(row);
  }

  async documents<K extends DocumentKind>(what: K, beginning: string): Promise<readonly Versioned<DocumentOf<K>>[]> {
    const sql = "SELECT id, version, value FROM document WHERE what = ? AND id >= ? AND id < ? ORDER BY id";
    return this.#rows(sql, what, beginning, behind(beginning)).map((row) => documentOf<K>(row));
  }

  async holdsDue(atMilliseconds: number, countMax: number): Promise<readonly string[]> {
    const sql = "SELECT key FROM hold WHERE state = 'pending' AND expires_at <= ? ORDER BY expires_at LIMIT ?";
    return this.#rows(sql, atMilliseconds, countMax).map((row) => text(row["key"]));
  }

  async accrualsDue(day: number, countMax: number): Promise<readonly string[]> {
    const sql = `SELECT id FROM account WHERE interest > 0 AND state <> 'closed'
      AND NOT EXISTS (SELECT 1 FROM accrual WHERE accrual.account = account.id AND accrual.day = ?) LIMIT ?`;
    return this.#rows(sql, day, countMax).map((row) => text(row["id"]));
  }

  async head(): Promise<ChainHead> {
    return this.#head();
  }

  async linkAt(entries: number): Promise<Uint8Array | null> {
    if (entries === 0) return CHAIN_START;
    const [row] = this.#rows("SELECT link FROM entry WHERE number = ?", entries);
    return row === undefined ? null : blob(row["link"]);
  }

  async verify(): Promise<Verdict> {
    return guarded(this.#path, () => {
      this.#database.exec("BEGIN");
      try {
        return verifyBooks({
          accounts: this.#all("SELECT * FROM account", accountFrom),
          links: this.#all("SELECT * FROM entry ORDER BY number", (row) => ({
            entry: entryFrom(row),
            link: blob(row["link"]),
          })),
          holds: this.#all("SELECT * FROM hold", holdFrom),
          requests: this.#all("SELECT key, answer, entry FROM request ORDER BY key", requestMade),
          accruals: this.#all("SELECT account, amount, is_paid FROM accrual", accrued),
        });
      } finally {
        this.#database.exec("COMMIT");
      }
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #head(): ChainHead {
    const [row] = this.#rows("SELECT number, link FROM entry ORDER BY number DESC LIMIT 1");
    return row === undefined
      ? { entries: 0, link: new Uint8Array(32) }
      : { entries: Number(row["number"]), link: blob(row["link"]) };
  }

  #rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return guarded(this.#path, () => this.#statement(sql).all(...values));
  }

  *#all<T>(sql: string, read: (row: Row) => T): Generator<T> {
    for (const row of this.#statement(sql).iterate()) yield read(row);
  }

  #statement(sql: string): ReturnType<DatabaseSync["prepare"]> {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReadBigInts(true);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

/** Given of one account. */
const HOLDS_MAX = 1000;

const auditLine = (row: Row): AuditLine => ({
  number: Number(row["place"]),
  key: text(row["asked"]),
  by: text(row["by"]),
  what: text(row["what"]),
  status: decodeAnswer(blob(row["answer"])).status,
  entry: row["number"] === null ? null : entryFrom(row),
  atMilliseconds: Number(row["taken"]),
});

/** Sorts behind all that begins so. */
const behind = (beginning: string): string => `${beginning}\u{10ffff}`;

// What stands under a kind was written as that kind.
const documentOf = <K extends DocumentKind>(row: Row): Versioned<DocumentOf<K>> =>
  documentFrom(row) as Versioned<DocumentOf<K>>;

const requestMade = (row: Row): RequestMade => ({
  key: text(row["key"]),
  answer: blob(row["answer"]),
  entry: typeof row["entry"] === "bigint" ? Number(row["entry"]) : null,
});

const accrued = (row: Row): Accrued => ({
  account: text(row["account"]),
  amount: amount(row["amount"]),
  isPaid: row["is_paid"] === 1n,
});
