/**
 * The database of a bank that one machine is enough for: SQLite with a write-ahead log, each commit on the disk before it returns
 * (`synchronous=FULL`). One writer; readers have connections of their own and are never waited for.
 */
import { DatabaseSync } from "node:sqlite";
import { BankError } from "./error.ts";

/** Raised when the tables change: a database of another version is refused rather than misread. */
const SCHEMA_VERSION = 2;

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('epoch', 0);
  CREATE TABLE account (
    id TEXT PRIMARY KEY, holder TEXT, kind TEXT NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL,
    overdraft INTEGER, withdrawal_max INTEGER, interest INTEGER NOT NULL,
    debits_posted INTEGER NOT NULL, debits_pending INTEGER NOT NULL,
    credits_posted INTEGER NOT NULL, credits_pending INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX account_of_holder ON account (holder) WHERE holder IS NOT NULL;
  CREATE INDEX account_with_interest ON account (id) WHERE interest > 0;
  CREATE TABLE entry (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL,
    amount INTEGER NOT NULL, reason TEXT NOT NULL, reference TEXT NOT NULL, of TEXT, is_flagged INTEGER NOT NULL,
    at INTEGER NOT NULL, link BLOB NOT NULL
  ) STRICT;
  CREATE TABLE posting (
    account TEXT NOT NULL, at INTEGER NOT NULL, entry INTEGER NOT NULL, moved INTEGER NOT NULL, balance INTEGER NOT NULL,
    PRIMARY KEY (account, at, entry)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE request (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL, answer BLOB NOT NULL, entry INTEGER,
    is_reversed INTEGER NOT NULL, kind TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL, card TEXT
  ) STRICT;
  CREATE TABLE hold (
    key TEXT PRIMARY KEY, debit TEXT NOT NULL, credit TEXT NOT NULL, amount INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX hold_of_debit ON hold (debit);
  CREATE INDEX hold_of_credit ON hold (credit);
  CREATE INDEX hold_due ON hold (expires_at) WHERE state = 'pending';
  CREATE TABLE spent (card TEXT NOT NULL, day INTEGER NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (card, day)) STRICT, WITHOUT ROWID;
  CREATE TABLE accrual (
    account TEXT NOT NULL, day INTEGER NOT NULL, amount INTEGER NOT NULL, is_paid INTEGER NOT NULL, PRIMARY KEY (account, day)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE document (
    what TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL, due INTEGER, PRIMARY KEY (what, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX document_due ON document (due) WHERE due IS NOT NULL;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** From version 1: the card that a request was made with, the day that a document is due, and rows of what was removed. */
const UPGRADE = `
  ALTER TABLE request ADD COLUMN card TEXT;
  ALTER TABLE document ADD COLUMN due INTEGER;
  CREATE INDEX document_due ON document (due) WHERE due IS NOT NULL;
  UPDATE document SET due = json_extract(value, '$.nextDay') WHERE what = 'standing-order';
  INSERT INTO document (what, id, version, value)
    SELECT what, id, version, 'null' FROM (
      SELECT substr(name, 1, instr(name, ' ') - 1) AS what, substr(name, instr(name, ' ') + 1) AS id, version, max(number)
      FROM (SELECT number, substr(kind, 5) AS name, CAST(answer AS TEXT) ->> '$.version' AS version FROM request WHERE kind LIKE 'set %' AND kind NOT LIKE 'set ended-session %')
      WHERE version IS NOT NULL GROUP BY name
    ) WHERE true ON CONFLICT DO NOTHING;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** A reader waits this long for a writer that is just opening. */
const BUSY_MILLISECONDS = 2000;

/** For the one writer; makes the tables where there are none. Throws BankError "STORE". */
export function openForWriting(path: string): DatabaseSync {
  return guarded(path, () => {
    const database = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS });
    try {
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
      database.exec("PRAGMA cache_size = -65536");
      const version = versionOf(database);
      if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
      else if (version === 1) database.exec(`BEGIN IMMEDIATE; ${UPGRADE} COMMIT`);
      else checkVersion(version, path);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Throws BankError "STORE", also when there is none. */
export function openForReading(path: string): DatabaseSync {
  return guarded(path, () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MILLISECONDS });
    try {
      checkVersion(versionOf(database), path);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);

function checkVersion(version: number, path: string): void {
  if (version === SCHEMA_VERSION) return;
  if (version === 1)
    throw new BankError("STORE", `${path} is of an earlier version: its bank's server brings it up to date`);
  throw new BankError(
    "STORE",
    `${path} is no database of this version's bank (${version}): name another, or use the strata that made it`,
  );
}

/** Turns what SQLite throws into a BankError. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    const isFull = (error.errcode & 0xff) === SQLITE_FULL || error.errcode === SQLITE_IOERR_SHMSIZE;
    const what = isFull
      ? `the disk is full and ${path} cannot grow: make room there`
      : `${path} cannot be used (${error.message})`;
    throw new BankError("STORE", what, { cause: error });
  }
}

/** https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
/** What readers and writers share cannot grow, which is for want of room. */
const SQLITE_IOERR_SHMSIZE = 4874;

/** The end of a transaction: where the disk fails there, its frames may be in the log all the same, and be found when it is read again. */
export function committed(path: string, commit: () => void): void {
  try {
    commit();
  } catch (error) {
    if (!isSqliteError(error) || [SQLITE_BUSY, SQLITE_FULL].includes(error.errcode & 0xff)) throw error;
    const what = `${path} failed while it was written (${error.message}): ask with the same key again`;
    throw new BankError("UNKNOWN", what, { cause: error });
  }
}

export const isSqliteError = (error: unknown): error is Error & { readonly errcode: number } =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number";
