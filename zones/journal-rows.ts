/** What stands in the journal's tables, read and doubted: each change has a checksum, and follows the one before. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import { DataError, type Name, NameError } from "../dns/index.ts";
import { decodeChangeSet, fromSerial, type JournalEntry, toSerial } from "./change-set.ts";

/** The changes since a zone's base up to the first that is not sound, and what is wrong with that. */
export function soundChanges(
  database: DatabaseSync,
  apex: Name,
  id: number,
): { readonly entries: JournalEntry[]; readonly fault: string | null } {
  const entries: JournalEntry[] = [];
  try {
    const base = Number(database.prepare("SELECT base_seq FROM zone WHERE id = ?").get(id)?.["base_seq"]);
    const rows = database.prepare("SELECT * FROM change WHERE zone = ? AND seq > ? ORDER BY seq").iterate(id, base);
    for (const row of rows) {
      const facts = [id, row["from_serial"], row["to_serial"], row["at"], row["by"]];
      const octets = octetsOf(row["octets"]);
      const serials = `from serial ${String(row["from_serial"])} to ${String(row["to_serial"])}`;
      if (sumOf(facts, octets) !== row["sum"]) return { entries, fault: `the one ${serials} has a wrong checksum` };
      const entry = entryOf(apex, row);
      const before = entries.at(-1);
      const follows = before === undefined || toSerial(before.change) === fromSerial(entry.change);
      if (!follows) return { entries, fault: `the one ${serials} does not follow the one before` };
      entries.push(entry);
    }
    return { entries, fault: null };
  } catch (error) {
    if (error instanceof DataError || error instanceof NameError || isSqliteError(error))
      return { entries, fault: error.message };
    throw error;
  }
}

export function attempted<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isSqliteError(error)) return null;
    throw error;
  }
}

/** What node:sqlite throws. */
export const isSqliteError = (error: unknown): error is Error => error instanceof Error && "errcode" in error;

/** Throws DataError. */
export function entryOf(apex: Name, row: Record<string, SQLOutputValue>): JournalEntry {
  return {
    change: decodeChangeSet(apex, octetsOf(row["octets"])),
    atSeconds: Number(row["at"]),
    by: String(row["by"]),
  };
}

export function sumOf(facts: readonly (SQLOutputValue | undefined)[], octets: Uint8Array): number {
  return crc32(octets, crc32(facts.join(" ")));
}

export function octetsOf(value: SQLOutputValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new DataError("the journal has something else where octets should be");
}
