/** What is taken over of a damaged journal into a sound one: of each zone its base, and the changes up to the first that is not sound. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { DataError, Name, NameError } from "../dns/index.ts";
import type { JournalEntry } from "./change-set.ts";
import { JournalError, openDamaged } from "./journal-database.ts";
import { leasesOf } from "./journal-leases.ts";
import {
  attempted,
  isSqliteError,
  octetsOf,
  soundChangesAtAll,
  soundPieces,
  sourceOfRow,
  type ZoneSource,
} from "./journal-rows.ts";
import type { LeaseNote } from "./lease.ts";

/** What is found of a damaged journal, and what is not. */
export interface Salvaged {
  zones: number;
  changes: number;
  readonly lost: string[];
  /** Whether it is not even known which zones there were. */
  isAllLost: boolean;
}

/** The journal that takes it over, as `Journal` has it. */
interface SoundJournal {
  keep(apex: Name, kept: TakenZone, source: ZoneSource | null): void;
  append(entries: readonly JournalEntry[], leases: readonly LeaseNote[]): void;
}

interface TakenZone {
  readonly pieces: Iterable<Uint8Array>;
  readonly changes: readonly [];
  readonly checkedAtSeconds: number;
}

/** Leaves what is damaged as it is. Throws JournalError when the sound one cannot be written. */
export function takeSoundOf(path: string, sound: SoundJournal): Salvaged {
  const told: Salvaged = { zones: 0, changes: 0, lost: [], isAllLost: false };
  let damaged: DatabaseSync;
  try {
    damaged = openDamaged(path);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    return { ...told, lost: ["all of it"], isAllLost: true };
  }
  try {
    for (const row of damaged.prepare("SELECT * FROM zone").iterate()) {
      const apex = Name.fromWire(octetsOf(row["apex"]));
      const { changes, fault } = takeZone({ damaged, row, sound }, apex);
      told.zones++;
      told.changes += changes;
      if (fault !== null) told.lost.push(`${apex.toString()}: ${fault}`);
    }
  } catch (error) {
    if (!isDamage(error) && !isSqliteError(error)) throw error;
    told.isAllLost = true;
    told.lost.push(`the zones from there on: ${error.message}`);
  } finally {
    damaged.close();
  }
  return told;
}

interface FoundZone {
  readonly damaged: DatabaseSync;
  readonly row: Record<string, SQLOutputValue>;
  readonly sound: SoundJournal;
}

function takeZone(
  { damaged, row, sound }: FoundZone,
  apex: Name,
): { readonly changes: number; readonly fault: string | null } {
  const from = Number(row["id"]);
  const pieces = attempted(() => soundPieces(damaged, from));
  sound.keep(
    apex,
    { pieces: pieces ?? [], changes: [], checkedAtSeconds: Number(row["checked_at"]) },
    sourceOfRow(row),
  );
  const { entries, fault } = soundChangesAtAll(damaged, apex, from);
  const leases = attempted(() => leasesOf(damaged, apex, from));
  sound.append(entries, leases ?? []);
  const faults = [
    pieces === null ? "its copy is damaged" : null,
    fault,
    leases === null ? "its leases cannot be read, and their records stay until they are deleted" : null,
  ].filter((one) => one !== null);
  return { changes: entries.length, fault: faults.length === 0 ? null : faults.join("; ") };
}

/** What octets that are not what was written make us or SQLite say. */
export function isDamage(error: unknown): error is Error {
  if (error instanceof JournalError) return error.code === "DAMAGED";
  return error instanceof DataError || error instanceof NameError;
}
