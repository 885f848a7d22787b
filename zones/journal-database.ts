/**
 * The database under the journal: SQLite with a write-ahead log, each commit on the disk before it returns. What is wrong with it is told
 * in words, and what is damaged is put aside before anything is written again.
 */
import { DatabaseSync } from "node:sqlite";
import { ChangeLogError } from "./changer.ts";

/** The journal cannot be used; the message says where, why and what to do. */
export class JournalError extends ChangeLogError {
  readonly code: "FULL" | "IN_USE" | "DAMAGED" | "FAILED";

  constructor(code: JournalError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Raised when the tables change: a journal of another version is refused rather than misread. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE zone (
    id INTEGER PRIMARY KEY,
    apex BLOB NOT NULL UNIQUE,
    source TEXT,
    is_file INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    base_seq INTEGER NOT NULL,
    base_octets INTEGER NOT NULL
  );
  CREATE TABLE piece (
    zone INTEGER NOT NULL,
    number INTEGER NOT NULL,
    octets BLOB NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (zone, number)
  ) WITHOUT ROWID;
  CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    zone INTEGER NOT NULL,
    from_serial INTEGER NOT NULL,
    to_serial INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    octets BLOB NOT NULL,
    sum INTEGER NOT NULL
  );
  CREATE TABLE lease (
    zone INTEGER NOT NULL,
    owner BLOB NOT NULL,
    type INTEGER NOT NULL,
    rdata BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (zone, owner, type, rdata)
  ) WITHOUT ROWID;
  CREATE INDEX change_of_zone ON change (zone, seq);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Numbers of SQLite (https://www.sqlite.org/rescode.html), their extended bits left out. */
const SQLITE = { BUSY: 5, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;

/** Opens it for this process alone, and makes the tables where there are none. Throws JournalError. */
export function openDatabase(path: string): DatabaseSync {
  return guarded(path, () => {
    const database = new DatabaseSync(path);
    try {
      // The lock is taken with the first transaction and kept until the end.
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      const row = database.prepare("PRAGMA user_version").get();
      const version = Number(row?.["user_version"]);
      if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
      else if (version !== SCHEMA_VERSION) {
        const message = `${path} is the journal of another version of strata (${version}): use that one`;
        throw new JournalError("FAILED", message);
      } else {
        database.exec("BEGIN IMMEDIATE; COMMIT");
        checkPages(database, path);
      }
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** For reading what can be read of it, and leaving it as it is. Throws JournalError when nothing can. */
export function openDamaged(path: string): DatabaseSync {
  return guarded(path, () => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      database.exec("SELECT count(*) FROM sqlite_schema");
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** A page that is damaged may hide what it held without any error; SQLite's own look at the whole finds it. */
function checkPages(database: DatabaseSync, path: string): void {
  const found = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (found !== "ok") throw new JournalError("DAMAGED", `${path} is damaged (${String(found)})`);
}

/** Takes what the log has over into the main file, so that nothing is left of its end that was dropped. Throws JournalError. */
export function emptyLog(database: DatabaseSync, path: string): void {
  guarded(path, () => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
}

/** Runs what uses the database and turns what SQLite throws into a JournalError. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toJournalError(path, error);
  }
}

function toJournalError(path: string, error: unknown): unknown {
  if (!(error instanceof Error && "errcode" in error && typeof error.errcode === "number")) return error;
  switch (error.errcode & 0xff) {
    case SQLITE.FULL:
      return new JournalError("FULL", `the disk is full and ${path} cannot grow: make room there`);
    case SQLITE.BUSY:
      return new JournalError("IN_USE", `another server uses ${path}: stop it, or choose another --state`);
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return new JournalError("DAMAGED", `${path} is damaged (${error.message})`);
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return new JournalError(
        "FAILED",
        `${path} cannot be written (${error.message}): see to the folder's owner and permissions`,
      );
    default:
      return new JournalError("FAILED", `${path} cannot be used (${error.message})`);
  }
}

/** All of the work or none of it is on the disk when it returns. Throws JournalError. */
export function transaction<T>(database: DatabaseSync, path: string, work: () => T): T {
  return guarded(path, () => {
    database.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      database.exec("COMMIT");
      return value;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  });
}
