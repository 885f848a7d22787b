/** The journal's table of leases. A damaged row loses one lease, and its record stays until it is deleted; so they have no checksums. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { Name, rdataType } from "../dns/index.ts";
import { attempted, octetsOf } from "./journal-rows.ts";
import type { LeaseNote } from "./lease.ts";

/** Within a transaction. */
export function writeLease(database: DatabaseSync, zone: number, note: LeaseNote): void {
  const { owner, type, rdata, endsAtSeconds, by } = note;
  if (endsAtSeconds === null) {
    database
      .prepare("DELETE FROM lease WHERE zone = ? AND owner = ? AND type = ? AND rdata = ?")
      .run(zone, owner.octets, type, rdata);
    return;
  }
  database
    .prepare("INSERT OR REPLACE INTO lease (zone, owner, type, rdata, ends_at, by) VALUES (?, ?, ?, ?, ?, ?)")
    .run(zone, owner.octets, type, rdata, endsAtSeconds, by);
}

export function leasesOf(database: DatabaseSync, apex: Name, zone: number): LeaseNote[] {
  return database
    .prepare("SELECT * FROM lease WHERE zone = ?")
    .all(zone)
    .flatMap((row) => attempted(() => [leaseOf(apex, row)]) ?? []);
}

/** Throws DataError and NameError. */
function leaseOf(apex: Name, row: Record<string, SQLOutputValue>): LeaseNote {
  const type = Number(row["type"]);
  return {
    apex,
    owner: Name.fromWire(octetsOf(row["owner"])),
    type,
    rdata: rdataType(type).canonical(octetsOf(row["rdata"])),
    endsAtSeconds: Number(row["ends_at"]),
    by: String(row["by"]),
  };
}
