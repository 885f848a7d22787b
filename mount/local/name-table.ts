/**
 * Under which names the files of an exported directory were last seen: what turns a key into a path again after a restart. It is a hint only: whoever follows it
 * looks whether the file that stands there is the one meant. A key's name is on the disk before the key is given out, so that a killed server loses none; what a power
 * failure takes is found by a search.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type FileKey, fileKey, fileKeyOctets } from "../file-key.ts";
import { fileNameOctets, fileNameText } from "../file-name.ts";
import type { Place } from "../file-system.ts";

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE name (
    key BLOB NOT NULL,
    directory BLOB NOT NULL,
    name BLOB NOT NULL,
    PRIMARY KEY (key, directory, name)
  ) WITHOUT ROWID;
  CREATE TABLE verifier (key BLOB PRIMARY KEY, verifier INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE inner_mount (
    id INTEGER PRIMARY KEY,
    directory BLOB NOT NULL,
    name BLOB NOT NULL,
    UNIQUE (directory, name)
  );
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Names that are known to be on the disk, so that a file that is looked up again costs no statement: this many, and as many older ones. */
const RECENT_NAMES_MAX = 10_000;
/** A file with more names than that is found by its newest. */
const NAMES_OF_FILE_MAX = 16;

/** The table cannot be used; the message says which and what to do. */
export class NameTableError extends Error {
  readonly code = "NAME_TABLE";

  constructor(path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `cannot use ${path}, which keeps the names of exported files: ${why}; without it (remove it) clients mount again`,
      {
        cause,
      },
    );
  }
}

export interface Named {
  readonly key: FileKey;
  readonly place: Place;
  readonly isDirectory: boolean;
}

export class NameTable {
  readonly #database: DatabaseSync;
  readonly #path: string;
  /** When the first is full it becomes the second: taking the oldest out of one Map, one by one, costs a walk over its gaps each time. */
  #recent = new Map<FileKey, Place>();
  #older = new Map<FileKey, Place>();
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #forget: StatementSync;
  readonly #forgetOne: StatementSync;
  readonly #insertVerifier: StatementSync;
  readonly #selectVerifier: StatementSync;
  readonly #forgetVerifier: StatementSync;

  /** Throws NameTableError. `:memory:` keeps nothing. */
  static open(path: string): NameTable {
    try {
      return new NameTable(new DatabaseSync(path), path);
    } catch (error) {
      throw new NameTableError(path, error);
    }
  }

  private constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    // What a killed process committed is in the system's hands; only a power failure may take the last of it.
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8000",
    );
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    else if (version !== SCHEMA_VERSION) throw new Error(`it is of another version of strata (${version})`);
    this.#insert = database.prepare("INSERT OR IGNORE INTO name VALUES (?, ?, ?)");
    this.#select = database.prepare("SELECT directory, name FROM name WHERE key = ? LIMIT ?");
    this.#forget = database.prepare("DELETE FROM name WHERE key = ?");
    this.#forgetOne = database.prepare("DELETE FROM name WHERE key = ? AND directory = ? AND name = ?");
    this.#insertVerifier = database.prepare("INSERT OR REPLACE INTO verifier VALUES (?, ?)");
    this.#selectVerifier = database.prepare("SELECT verifier FROM verifier WHERE key = ?");
    this.#selectVerifier.setReadBigInts(true);
    this.#forgetVerifier = database.prepare("DELETE FROM verifier WHERE key = ?");
  }

  /** Where the key was seen: one place for a directory, one for each name of a file. */
  places(key: FileKey): readonly Place[] {
    const recent = this.#recentPlace(key);
    if (recent !== undefined) return [recent];
    return this.allPlaces(key);
  }

  allPlaces(key: FileKey): readonly Place[] {
    const rows = this.#guarded(() => this.#select.all(fileKeyOctets(key), NAMES_OF_FILE_MAX));
    return rows.flatMap(({ directory, name }) =>
      directory instanceof Uint8Array && name instanceof Uint8Array
        ? [{ directory: fileKey(directory), name: fileNameText(name) }]
        : [],
    );
  }

  remember(named: Named): void {
    if (!this.#isRecent(named)) this.#guarded(() => this.#write(named));
  }

  /** Many in one transaction. */
  rememberAll(all: readonly Named[]): void {
    const fresh = all.filter((named) => !this.#isRecent(named));
    if (fresh.length === 0) return;
    this.#together(() => {
      for (const named of fresh) this.#write(named);
    });
  }

  forget(key: FileKey): void {
    this.#forgetRecent(key);
    this.#together(() => {
      this.#forget.run(fileKeyOctets(key));
      this.#forgetVerifier.run(fileKeyOctets(key));
    });
  }

  forgetPlace(key: FileKey, { directory, name }: Place): void {
    this.#forgetRecent(key);
    this.#guarded(() => this.#forgetOne.run(fileKeyOctets(key), fileKeyOctets(directory), fileNameOctets(name)));
  }

  /** With which verifier an exclusive create made the file (RFC 1813 §3.3.8), or null. */
  verifier(key: FileKey): bigint | null {
    const row = this.#guarded(() => this.#selectVerifier.get(fileKeyOctets(key)));
    return typeof row?.["verifier"] === "bigint" ? BigInt.asUintN(64, row["verifier"]) : null;
  }

  setVerifier(key: FileKey, verifier: bigint): void {
    this.#guarded(() => this.#insertVerifier.run(fileKeyOctets(key), BigInt.asIntN(64, verifier)));
  }

  /** The number of the file system that is mounted there, the same each time, from 1 on. */
  innerMount({ directory, name }: Place): number {
    const words = [fileKeyOctets(directory), fileNameOctets(name)];
    return this.#guarded(() => {
      this.#database.prepare("INSERT OR IGNORE INTO inner_mount (directory, name) VALUES (?, ?)").run(...words);
      const row = this.#database.prepare("SELECT id FROM inner_mount WHERE directory = ? AND name = ?").get(...words);
      return Number(row?.["id"]);
    });
  }

  close(): void {
    this.#database.close();
  }

  #isRecent({ key, place }: Named): boolean {
    const known = this.#recentPlace(key);
    return known !== undefined && known.directory === place.directory && known.name === place.name;
  }

  #write({ key, place, isDirectory }: Named): void {
    const octets = fileKeyOctets(key);
    if (isDirectory) this.#forget.run(octets);
    this.#insert.run(octets, fileKeyOctets(place.directory), fileNameOctets(place.name));
    this.#setRecent(key, place);
  }

  #recentPlace(key: FileKey): Place | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.#setRecent(key, older);
    return older;
  }

  #setRecent(key: FileKey, place: Place): void {
    this.#older.delete(key);
    this.#recent.set(key, place);
    if (this.#recent.size < RECENT_NAMES_MAX) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  #forgetRecent(key: FileKey): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  #together(work: () => void): void {
    this.#guarded(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        work();
        this.#database.exec("COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        // What was rolled back is not on the disk.
        this.#recent.clear();
        this.#older.clear();
        throw error;
      }
    });
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new NameTableError(this.#path, error);
    }
  }
}
