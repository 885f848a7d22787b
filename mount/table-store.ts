/**
 * The mount table on disk (`node:sqlite`, WAL, FULL): a mount is saved before it is acknowledged, and a number is never given twice, also when its mount is gone. A row that cannot be read any
 * more (an older version wrote it) is reported and left where it is; the others are used.
 */
import { DatabaseSync } from "node:sqlite";
import { fileKey, fileKeyOctets } from "./file-key.ts";
import { formatMountOptions, parseMountOptions } from "./options.ts";
import { parsePath } from "./path.ts";
import { formatSource, parseSource } from "./source.ts";
import { isStatus } from "./status.ts";
import { type MountRow } from "./table.ts";

const MOUNT_ID_MAX = 0xffff_ffff;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS mounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    sources TEXT NOT NULL,
    options TEXT NOT NULL,
    place_mount INTEGER NOT NULL,
    place_key BLOB NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    with_covered INTEGER NOT NULL,
    is_automatic INTEGER NOT NULL,
    bound BLOB
  ) STRICT;
  CREATE TABLE IF NOT EXISTS exports (path TEXT PRIMARY KEY, networks TEXT NOT NULL, is_writable INTEGER NOT NULL) STRICT;
`;

export interface ReadRows {
  readonly rows: readonly MountRow[];
  /** What could not be read, in words. */
  readonly faults: readonly string[];
}

/** A path of the local name space that is published over NFS. */
export interface ExportRow {
  readonly path: string;
  /** Prefixes of addresses ("127.0.0.0/8") that may mount it. */
  readonly networks: readonly string[];
  readonly isWritable: boolean;
}

/** The table could not be written, and is as it was: the disk is full, or the file is damaged. */
export class MountTableError extends Error {
  readonly code = "MOUNT_TABLE";

  constructor(path: string, cause: Error) {
    super(`the mount table ${path} cannot be written (${cause.message}): make room there, or mend it`, { cause });
  }
}

/** What writes throws a MountTableError. */
export class MountTableStore {
  readonly #path: string;
  readonly #database: DatabaseSync;

  /** Opens or makes the file. ":memory:" keeps nothing. Throws what SQLite throws. */
  constructor(path: string) {
    this.#path = path;
    this.#database = new DatabaseSync(path);
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;");
    this.#database.exec(SCHEMA);
  }

  rows(): ReadRows {
    const rows: MountRow[] = [];
    const faults: string[] = [];
    for (const row of this.#database.prepare("SELECT * FROM mounts ORDER BY id").all()) {
      try {
        rows.push(mountRow(row));
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        faults.push(`mount ${String(row["id"])} at ${String(row["target"])} is left out: ${why}`);
      }
    }
    return { rows, faults };
  }

  /** Saves a row and gives it its number. It is on disk when this returns. */
  add(row: Omit<MountRow, "id">): MountRow {
    const { lastInsertRowid } = this.#written(() =>
      this.#database
        .prepare(
          `INSERT INTO mounts (target, sources, options, place_mount, place_key, level, position, with_covered, is_automatic, bound)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          row.target,
          row.sources.map((source) => formatSource(source)).join(" "),
          formatMountOptions(row.options),
          row.place.mount,
          fileKeyOctets(row.place.key),
          row.level,
          row.position,
          row.withCovered ? 1 : 0,
          row.isAutomatic ? 1 : 0,
          row.bound === null ? null : fileKeyOctets(row.bound),
        ),
    );
    return { ...row, id: Number(lastInsertRowid) };
  }

  /** Several at once, or none. */
  remove(ids: readonly number[]): void {
    this.#written(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const remove = this.#database.prepare("DELETE FROM mounts WHERE id = ?");
        for (const id of ids) remove.run(id);
        this.#database.exec("COMMIT");
      } finally {
        // A full disk may have ended the transaction already.
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      }
    });
  }

  exports(): ExportRow[] {
    return this.#database
      .prepare("SELECT path, networks, is_writable FROM exports ORDER BY path")
      .all()
      .map((row) => ({
        path: String(row["path"]),
        networks: String(row["networks"])
          .split(" ")
          .filter((prefix) => prefix !== ""),
        isWritable: row["is_writable"] === 1,
      }));
  }

  setExport({ path, networks, isWritable }: ExportRow): void {
    this.#written(() =>
      this.#database
        .prepare("INSERT OR REPLACE INTO exports (path, networks, is_writable) VALUES (?, ?, ?)")
        .run(path, networks.join(" "), isWritable ? 1 : 0),
    );
  }

  /** False: it was not exported. */
  removeExport(path: string): boolean {
    const remove = this.#database.prepare("DELETE FROM exports WHERE path = ?");
    return this.#written(() => Number(remove.run(path).changes) > 0);
  }

  close(): void {
    this.#database.close();
  }

  #written<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      // What SQLite says has its number with it; anything else is a bug.
      if (!(error instanceof Error && "errcode" in error)) throw error;
      throw new MountTableError(this.#path, error);
    }
  }
}

function mountRow(row: Readonly<Record<string, unknown>>): MountRow {
  const key = row["place_key"];
  const bound = row["bound"];
  const target = String(row["target"]);
  if (!(key instanceof Uint8Array)) throw new Error("its place is no key");
  if (isStatus(parsePath(target))) throw new Error("its target is no path");
  return {
    id: mountNumber(row["id"]),
    target,
    // A space in a source is written %20.
    sources: String(row["sources"])
      .split(" ")
      .map((source) => parseSource(source)),
    options: parseMountOptions(String(row["options"])),
    place: { mount: mountNumber(row["place_mount"]), key: fileKey(key) },
    level: Number(row["level"]),
    position: Number(row["position"]),
    withCovered: row["with_covered"] === 1,
    isAutomatic: row["is_automatic"] === 1,
    bound: bound instanceof Uint8Array ? fileKey(bound) : null,
  };
}

/** Numbers stand in keys as 32 bits. */
function mountNumber(value: unknown): number {
  const number = Number(value);
  if (!(number >= 0 && number <= MOUNT_ID_MAX)) throw new Error(`${number} is no number of a mount`);
  return number;
}
