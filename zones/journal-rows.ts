/** What stands in the journal's tables, read and doubted: each change has a checksum, and follows the one before. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import { DataError, type Name, NameError } from "../dns/index.ts";
import { decodeChangeSet, fromSerial, type JournalEntry, toSerial } from "./change-set.ts";

export interface SoundChanges {
  readonly entries: JournalEntry[];
  /** What is wrong with the one after them; null: there is none. */
  readonly fault: string | null;
}

/** The changes since a zone's base up to the first that is not sound. */
export function soundChanges(database: DatabaseSync, apex: Name, id: number): SoundChanges {
  return soundChangesFrom("change", { database, apex, id });
}

/** The same where the index that tells which are a zone's may be damaged, and the changes themselves not. */
export function soundChangesAtAll(database: DatabaseSync, apex: Name, id: number): SoundChanges {
  const found = soundChanges(database, apex, id);
  if (found.fault === null) return found;
  const more = soundChangesFrom("change NOT INDEXED", { database, apex, id });
  return more.entries.length > found.entries.length ? more : found;
}

interface WantedChanges {
  readonly database: DatabaseSync;
  readonly apex: Name;
  readonly id: number;
}

function soundChangesFrom(table: string, { database, apex, id }: WantedChanges): SoundChanges {
  const entries: JournalEntry[] = [];
  try {
    const base = Number(database.prepare("SELECT base_seq FROM zone WHERE id = ?").get(id)?.["base_seq"]);
    const rows = database.prepare(`SELECT * FROM ${table} WHERE zone = ? AND seq > ? ORDER BY seq`).iterate(id, base);
    for (const row of rows) {
      const entry = entryOf(apex, row);
      const before = entries.at(-1);
      const follows = before === undefined || toSerial(before.change) === fromSerial(entry.change);
      if (!follows) return { entries, fault: `${nameOf(row)} does not follow the one before` };
      entries.push(entry);
    }
    return { entries, fault: null };
  } catch (error) {
    if (error instanceof DataError || error instanceof NameError || isSqliteError(error))
      return { entries, fault: error.message };
    throw error;
  }
}

/** Where a base comes from. */
export interface ZoneSource {
  /** What tells the master files apart that were there when it was kept. */
  readonly digest: string;
  /** Whether the base is what stands in them, but for its serial, which is newer, or else. */
  readonly holds: "file" | "file-renumbered" | "other";
}

const HOLDS: Readonly<Record<ZoneSource["holds"], number>> = { other: 0, file: 1, "file-renumbered": 2 };

/** As the table of zones has it. */
export const holdsNumber = (source: ZoneSource | null): number => (source === null ? 0 : HOLDS[source.holds]);

/** Null: none is known, and the zone is not made of files. */
export function sourceOfRow(row: Record<string, SQLOutputValue>): ZoneSource | null {
  const { source: digest, is_file: number } = row;
  if (typeof digest !== "string") return null;
  const holds = number === HOLDS.file ? "file" : number === HOLDS["file-renumbered"] ? "file-renumbered" : "other";
  return { digest, holds };
}

/** The copy of a zone; null when a piece of it is not what was written. */
export function soundPieces(database: DatabaseSync, id: number): Uint8Array[] | null {
  const rows = database.prepare("SELECT octets, sum FROM piece WHERE zone = ? ORDER BY number").all(id);
  const isSound = rows.every(({ octets, sum }) => crc32(octetsOf(octets)) === sum);
  return isSound ? rows.map(({ octets }) => octetsOf(octets)) : null;
}

/** Null when what is read is damaged. */
export function attempted<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isSqliteError(error) || error instanceof DataError || error instanceof NameError) return null;
    throw error;
  }
}

/** What node:sqlite throws. */
export const isSqliteError = (error: unknown): error is Error => error instanceof Error && "errcode" in error;

/** Throws DataError when it is not what was written. */
export function entryOf(apex: Name, row: Record<string, SQLOutputValue>): JournalEntry {
  const octets = octetsOf(row["octets"]);
  const facts = [row["zone"], row["from_serial"], row["to_serial"], row["at"], row["by"]];
  if (sumOf(facts, octets) !== row["sum"]) throw new DataError(`${nameOf(row)} has a wrong checksum`);
  return {
    change: decodeChangeSet(apex, octets),
    atSeconds: Number(row["at"]),
    by: String(row["by"]),
  };
}

const nameOf = (row: Record<string, SQLOutputValue>): string =>
  `the change from serial ${String(row["from_serial"])} to ${String(row["to_serial"])}`;

export function sumOf(facts: readonly (SQLOutputValue | undefined)[], octets: Uint8Array): number {
  return crc32(octets, crc32(facts.join(" ")));
}

export function octetsOf(value: SQLOutputValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new DataError("the journal has something else where octets should be");
}
