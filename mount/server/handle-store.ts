/**
 * What file handles need that a restart must not change, in SQLite: the secret under their codes, the numbers of exports, and file keys too long to stand in a handle. A key is found by
 * its digest, not by a count: should the machine lose power before the disk has the last of them, a handle becomes stale, and never another file's.
 */
import { createHash } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Random } from "../../base/index.ts";
import { type FileKey, fileKeyOctets, fileKeyOf } from "../file-key.ts";

export const SECRET_OCTETS = 16;
export const DIGEST_OCTETS = 16;
/** Exports are numbered by 16 bits in a handle; numbers are never used again. */
const EXPORTS_MAX = 65_535;
const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE secret (octets BLOB NOT NULL);
  CREATE TABLE export (number INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE);
  CREATE TABLE key (digest BLOB PRIMARY KEY, octets BLOB NOT NULL) WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;
/** Keys known to be in the table, so that listing a directory again does not write. */
const KNOWN_MAX = 20_000;

/** The store cannot be used: the message says where, why and what to do. */
export class HandleStoreError extends Error {
  readonly code: "VERSION" | "FAILED" | "FULL";

  constructor(code: HandleStoreError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export class HandleStore implements Disposable {
  readonly secret: Uint8Array;
  readonly #database: DatabaseSync;
  readonly #addKey: StatementSync;
  readonly #findKey: StatementSync;
  readonly #known = new Map<FileKey, string>();

  /** @param path of the database's file, or ":memory:". Throws a HandleStoreError. */
  constructor(path: string, random: Random) {
    try {
      this.#database = new DatabaseSync(path);
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      prepare(this.#database, path, random);
      this.secret = readSecret(this.#database);
      this.#addKey = this.#database.prepare("INSERT OR IGNORE INTO key (digest, octets) VALUES (?, ?)");
      this.#findKey = this.#database.prepare("SELECT octets FROM key WHERE digest = ?");
    } catch (error) {
      if (error instanceof HandleStoreError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new HandleStoreError(
        "FAILED",
        `${path}: file handles cannot be kept there (${reason}); check the folder, its rights and the disk. Without the file all clients must mount again`,
      );
    }
  }

  /** The number of this export's path, the same as ever. Throws a HandleStoreError. */
  exportNumber(path: string): number {
    this.#database.prepare("INSERT OR IGNORE INTO export (path) VALUES (?)").run(path);
    const number = Number(this.#database.prepare("SELECT number FROM export WHERE path = ?").get(path)?.["number"]);
    if (number > EXPORTS_MAX)
      throw new HandleStoreError("FULL", `there have been ${EXPORTS_MAX} exports; begin with a new state folder`);
    return number;
  }

  /** The digest that stands for the key, kept from now on; one octet a character. */
  digestOf(key: FileKey): string {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const octets = fileKeyOctets(key);
    const digest = createHash("sha256").update(octets).digest().subarray(0, DIGEST_OCTETS);
    this.#addKey.run(digest, octets);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    const text = digest.toString("latin1");
    this.#known.set(key, text);
    return text;
  }

  /** The key of a digest, or null when it was never kept. */
  keyOf(digest: string): FileKey | null {
    const octets = this.#findKey.get(Buffer.from(digest, "latin1"))?.["octets"];
    return octets instanceof Uint8Array ? fileKeyOf(Buffer.from(octets).toString("latin1")) : null;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function prepare(database: DatabaseSync, path: string, random: Random): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version === SCHEMA_VERSION) return;
  if (version !== 0)
    throw new HandleStoreError(
      "VERSION",
      `${path} is of version ${version}, not ${SCHEMA_VERSION}; use the Strata that wrote it`,
    );
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA}`);
  database.prepare("INSERT INTO secret (octets) VALUES (?)").run(random.octets(SECRET_OCTETS));
  database.exec("COMMIT");
}

function readSecret(database: DatabaseSync): Uint8Array {
  const octets = database.prepare("SELECT octets FROM secret").get()?.["octets"];
  if (octets instanceof Uint8Array && octets.length === SECRET_OCTETS) return octets;
  throw new Error("its secret is missing");
}
