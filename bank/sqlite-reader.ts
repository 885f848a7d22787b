/** Reads an embedded bank's books on a connection of its own: what is committed, without waiting for the writer. */
import type { DatabaseSync } from "node:sqlite";
import { CHAIN_START } from "./entry.ts";
import { accountFrom, blob, entryFrom, holdFrom, type Row } from "./rows.ts";
import {
  accrualFrom,
  documentKeptFrom,
  POSTED,
  POSTINGS,
  postingsFrom,
  requestFrom,
  SqlReader,
  strayFrom,
  WHOLE,
} from "./sql-reader.ts";
import { guarded, openForReading } from "./sqlite-database.ts";
import type { ChainHead, LedgerReader, Verdict } from "./store.ts";
import { verifyBooks } from "./verify.ts";

export class SqliteReader extends SqlReader implements LedgerReader {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>();

  /** Throws BankError "STORE". */
  constructor(path: string) {
    super();
    this.#path = path;
    this.#database = openForReading(path);
  }

  async head(): Promise<ChainHead> {
    const [row] = await this.rows("SELECT number, link FROM entry ORDER BY number DESC LIMIT 1");
    return row === undefined
      ? { entries: 0, link: CHAIN_START }
      : { entries: Number(row["number"]), link: blob(row["link"]) };
  }

  async linkAt(entries: number): Promise<Uint8Array | null> {
    if (entries === 0) return CHAIN_START;
    const [row] = await this.rows("SELECT link FROM entry WHERE number = ?", entries);
    return row === undefined ? null : blob(row["link"]);
  }

  async verify(): Promise<Verdict> {
    return guarded(this.#path, () => {
      this.#database.exec("BEGIN");
      try {
        return verifyBooks({
          accounts: this.#all(WHOLE.accounts, accountFrom),
          links: this.#all(`SELECT entry.*, ${POSTED} FROM entry ${POSTINGS} ORDER BY number`, (row) => ({
            entry: entryFrom(row),
            link: blob(row["link"]),
            postings: postingsFrom(row),
          })),
          strays: this.#all(WHOLE.strays, strayFrom),
          holds: this.#all(WHOLE.holds, holdFrom),
          documents: this.#all(WHOLE.documents, documentKeptFrom),
          requests: this.#all(WHOLE.requests, requestFrom),
          accruals: this.#all(WHOLE.accruals, accrualFrom),
        });
      } finally {
        this.#database.exec("COMMIT");
      }
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  protected override async rows(sql: string, ...values: readonly (string | number)[]): Promise<readonly Row[]> {
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
