/**
 * What must outlive the server of zones that change: of each a snapshot (its base), and every change since, each kept with the serials
 * that it leads from and to, when it was made and by whom. Changes of before the base are kept as well, bounded by octets and
 * age, for those who ask for a difference (RFC 1995) or for history.
 *
 * Every piece and every change has a checksum. What is found damaged is put aside whole, and the journal goes on with what is sound:
 * of a zone its base and the changes up to the first that is not.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Clock, Log } from "../base/index.ts";
import { Name } from "../dns/index.ts";
import { type ChangeSet, encodeChangeSet, fromSerial, type JournalEntry, toSerial } from "./change-set.ts";
import type { ChangeLog } from "./changer.ts";
import { emptyLog, guarded, JournalError, openDatabase, transaction } from "./journal-database.ts";
import {
  ALL_LOST,
  copyAside,
  draftFileOf,
  finishMending,
  forgetLoss,
  hasNotedLoss,
  isLogAlone,
  logFileOf,
  lossOf,
  type MendingFiles,
  noteLoss,
  octetsOfJournal,
  removeJournal,
  replaceByDraft,
  tidyCopy,
} from "./journal-mending.ts";
import {
  attempted,
  entryOf,
  holdsNumber,
  octetsOf,
  soundChanges,
  soundPieces,
  sourceOfRow,
  sumOf,
  type ZoneSource,
} from "./journal-rows.ts";
import { isDamage, type Salvaged, takeSoundOf } from "./journal-salvage.ts";
import { logEndOf, tellOfLogEnd } from "./journal-tail.ts";
import { leasesOf, writeLease } from "./journal-leases.ts";
import type { LeaseNote } from "./lease.ts";

/** A version of a zone on disk. */
export interface KeptZone {
  /** Whole records as `writeRecord` writes them, the SOA first. */
  readonly pieces: Iterable<Uint8Array>;
  /** What has changed since, in order. */
  readonly changes: readonly ChangeSet[];
  /** By the wall clock: when the version was last known to be right. */
  readonly checkedAtSeconds: number;
}

export interface JournalBounds {
  /** Octets of changes of before the bases, all zones together. */
  readonly octetsMax: number;
  /** Age of such changes. */
  readonly secondsMax: number;
  /** Octets of the whole file, where no more is to be had than that: as if the disk were full then. */
  readonly fileOctetsMax: number;
}

export const JOURNAL_BOUNDS: JournalBounds = {
  octetsMax: 64 << 20,
  secondsMax: 30 * 86_400,
  fileOctetsMax: Number.MAX_SAFE_INTEGER,
};

export interface JournalParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: MendingFiles;
  readonly bounds?: Partial<JournalBounds>;
}

/** A change as history tells it. */
export interface HistoryEntry extends JournalEntry {
  readonly octets: number;
}

/** A base is made anew when the changes since take as much as half of it, and at least … */
const OUTGROWN_OCTETS_MIN = 1 << 20;
/** From one look at the bounds to the next. */
const TRIM_APPENDS = 1000;

export class Journal implements ChangeLog {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #parts: JournalParts;
  readonly #bounds: JournalBounds;
  readonly #ids = new Map<string, { readonly id: number; readonly apex: Name }>();
  readonly #insert: StatementSync;
  /** Octets that changes may have taken that this start found to be lost; 0 when it found none, or ALL_LOST. */
  readonly lostOctets: number;
  #appends = 0;
  /** Zones whose rows the transaction that is under way has made. */
  #made: string[] = [];

  private constructor(path: string, database: DatabaseSync, parts: JournalParts, lostOctets = 0) {
    this.#path = path;
    this.#database = database;
    this.#parts = parts;
    this.#bounds = { ...JOURNAL_BOUNDS, ...parts.bounds };
    this.#insert = database.prepare(
      "INSERT INTO change (zone, from_serial, to_serial, at, by, octets, sum) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    guarded(path, () => this.#readZones());
    this.lostOctets = lostOctets;
  }

  /** The journal in that file, made where there is none. Throws JournalError and FileError. */
  static open(path: string, parts: JournalParts): Journal {
    const { files, log } = parts;
    finishMending(path, files);
    if (isLogAlone(path, files)) return Journal.#salvage(path, parts, "its log is there, and its main file is not");
    const end = logEndOf(logFileOf(path), files);
    const lostOctets = Math.max(lossOf(path, files), end.hasLostCommits || end.isCut ? end.droppedOctets : 0);
    const isNoted = lostOctets === 0 || hasNotedLoss(path, files, lostOctets);
    try {
      const journal = new Journal(path, openDatabase(path), parts, lostOctets);
      journal.#limitFile();
      const damage = journal.#damage();
      if (damage === null) {
        tellOfLogEnd(path, end, log);
        // Or what is left of it would be found at the next start as well, behind commits that were sound.
        if (end.droppedOctets > 0 && isNoted) journal.#emptyLog();
        return journal;
      }
      journal.close();
      return Journal.#salvage(path, parts, damage);
    } catch (error) {
      if (isDamage(error)) return Journal.#salvage(path, parts, error.message);
      throw error;
    }
  }

  /** Puts a copy of the damaged files aside and a journal with all that is sound of them in their place. */
  static #salvage(path: string, parts: JournalParts, reason: string): Journal {
    const { files, log, clock } = parts;
    const aside = copyAside(path, files, clock.wallSeconds());
    const draft = draftFileOf(path);
    removeJournal(draft, files);
    const sound = new Journal(draft, openDatabase(draft), parts);
    let told: Salvaged;
    try {
      told = takeSoundOf(aside, sound);
    } finally {
      sound.close();
    }
    tidyCopy(aside, files);
    const lostOctets = told.isAllLost ? ALL_LOST : Math.max(lossOf(path, files), octetsOfJournal(path, files));
    noteLoss(path, files, lostOctets);
    replaceByDraft(path, files);
    log.error(
      { journal: path, reason, aside, zones: told.zones, changes: told.changes, lost: told.lost },
      "the journal is damaged: it was put aside, and what is sound of it is used",
    );
    const journal = new Journal(path, openDatabase(path), parts, lostOctets);
    journal.#limitFile();
    return journal;
  }

  append(entries: readonly JournalEntry[], leases: readonly LeaseNote[] = []): void {
    this.#transaction(() => {
      for (const note of leases) writeLease(this.#database, this.#idOf(note.apex), note);
      for (const { change, atSeconds, by } of entries) {
        const octets = encodeChangeSet(change);
        const facts = [this.#idOf(change.apex), fromSerial(change), toSerial(change), atSeconds, by] as const;
        this.#insert.run(...facts, octets, sumOf(facts, octets));
      }
    });
    this.#appends += entries.length;
    if (this.#appends < TRIM_APPENDS) return;
    this.#appends = 0;
    // What was to be appended is on disk: whoever called must not be told otherwise because there was no room to forget the rest.
    try {
      this.trim();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#parts.log.warn({ journal: this.#path, reason: error.message }, "old changes could not be forgotten");
    }
  }

  /** The changes that lead from that serial to the newest version, in order; null when they are not all known. */
  since(apex: Name, serial: number): readonly ChangeSet[] | null {
    const id = this.#ids.get(apex.key)?.id;
    if (id === undefined) return null;
    return guarded(this.#path, () => {
      const first = this.#database
        .prepare("SELECT max(seq) AS seq FROM change WHERE zone = ? AND from_serial = ?")
        .get(id, serial)?.["seq"];
      if (typeof first !== "number") return null;
      const entries = attempted(() => this.#changes(apex, id, first - 1));
      const changes = entries?.map(({ change }) => change) ?? [];
      return entries !== null && isChain(changes) ? changes : null;
    });
  }

  /** The changes of a zone, the latest first; those that are damaged are left out. */
  history(apex: Name, limit: number): HistoryEntry[] {
    const id = this.#ids.get(apex.key)?.id;
    if (id === undefined) return [];
    return guarded(this.#path, () =>
      this.#database
        .prepare("SELECT * FROM change WHERE zone = ? ORDER BY seq DESC LIMIT ?")
        .all(id, limit)
        .flatMap((row) => attempted(() => [{ ...entryOf(apex, row), octets: octetsOf(row["octets"]).length }]) ?? []),
    );
  }

  /** All that were granted and not forgotten, those included that have ended since. */
  leases(): LeaseNote[] {
    return guarded(this.#path, () =>
      [...this.#ids.values()].flatMap(({ id, apex }) => leasesOf(this.#database, apex, id)),
    );
  }

  /** Null when nothing is kept of that zone. */
  sourceOf(apex: Name): ZoneSource | null {
    const row = this.#zoneRow(apex);
    return row === undefined ? null : sourceOfRow(row);
  }

  /** What has changed since the base, in order. */
  changesSinceBase(apex: Name): JournalEntry[] {
    const row = this.#zoneRow(apex);
    if (row === undefined) return [];
    return guarded(this.#path, () => this.#changes(apex, Number(row["id"]), Number(row["base_seq"])));
  }

  /** Whether a base should be made anew. */
  isOutgrown(apex: Name): boolean {
    const row = this.#zoneRow(apex);
    if (row === undefined) return false;
    const sum = this.#database.prepare("SELECT sum(length(octets)) AS octets FROM change WHERE zone = ? AND seq > ?");
    const octets = Number(sum.get(Number(row["id"]), Number(row["base_seq"]))?.["octets"] ?? 0);
    return octets > Math.max(OUTGROWN_OCTETS_MIN, Number(row["base_octets"]) / 2);
  }

  /** Null: nothing sound is kept of that zone. */
  load(apex: Name): KeptZone | null {
    const row = this.#zoneRow(apex);
    if (row === undefined || Number(row["base_octets"]) === 0) return null;
    const id = Number(row["id"]);
    const pieces = guarded(this.#path, () => soundPieces(this.#database, id));
    if (pieces === null) {
      const about = { zone: apex.toString(), journal: this.#path };
      this.#parts.log.error(about, "the copy of a zone is damaged and not used");
      return null;
    }
    const changes = this.changesSinceBase(apex).map(({ change }) => change);
    return { pieces, changes, checkedAtSeconds: Number(row["checked_at"]) };
  }

  /** Makes this the base of the zone, in the place of any other; `changes` must be none. It is on disk when this returns. Throws JournalError. */
  keep(apex: Name, { pieces, checkedAtSeconds }: KeptZone, source: ZoneSource | null = null): void {
    const database = this.#database;
    this.#transaction(() => {
      const id = this.#idOf(apex);
      database.prepare("DELETE FROM piece WHERE zone = ?").run(id);
      const insert = database.prepare("INSERT INTO piece (zone, number, octets, sum) VALUES (?, ?, ?, ?)");
      let number = 0;
      let total = 0;
      for (const piece of pieces) {
        insert.run(id, number++, piece, crc32(piece));
        total += piece.length;
      }
      database
        .prepare(
          `UPDATE zone SET source = ?, is_file = ?, checked_at = ?, base_octets = ?,
             base_seq = (SELECT coalesce(max(seq), 0) FROM change WHERE zone = ?) WHERE id = ?`,
        )
        .run(source?.digest ?? null, holdsNumber(source), checkedAtSeconds, total, id, id);
    });
  }

  /** Notes that the version kept is still right. Throws JournalError. */
  confirm(apex: Name, checkedAtSeconds: number): void {
    const id = this.#ids.get(apex.key)?.id;
    if (id === undefined) return;
    transaction(this.#database, this.#path, () => {
      this.#database.prepare("UPDATE zone SET checked_at = ? WHERE id = ?").run(checkedAtSeconds, id);
    });
  }

  /** Forgets what is older than the bounds allow; never what a zone is made of. */
  trim(): void {
    const { octetsMax, secondsMax } = this.#bounds;
    const oldest = this.#parts.clock.wallSeconds() - secondsMax;
    transaction(this.#database, this.#path, () => {
      const covered = "seq <= (SELECT base_seq FROM zone WHERE zone.id = change.zone)";
      this.#database.prepare(`DELETE FROM change WHERE at < ? AND ${covered}`).run(oldest);
      this.#database
        .prepare(
          `DELETE FROM change WHERE ${covered} AND seq IN (SELECT seq FROM
             (SELECT seq, sum(length(octets)) OVER (ORDER BY seq DESC) AS total FROM change) WHERE total > ?)`,
        )
        .run(octetsMax);
    });
  }

  /** Every zone has a serial now beyond those that lost changes may have had. */
  forgetLoss(): void {
    forgetLoss(this.#path, this.#parts.files);
  }

  close(): void {
    this.#database.close();
  }

  #readZones(): void {
    for (const row of this.#database.prepare("SELECT id, apex FROM zone").all()) {
      const apex = Name.fromWire(octetsOf(row["apex"]));
      this.#ids.set(apex.key, { id: Number(row["id"]), apex });
    }
  }

  #limitFile(): void {
    const { fileOctetsMax } = this.#bounds;
    const pageOctets = Number(this.#database.prepare("PRAGMA page_size").get()?.["page_size"]);
    const pages = Math.min(0xffff_fffe, Math.floor(fileOctetsMax / pageOctets));
    this.#database.exec(`PRAGMA max_page_count = ${pages}`);
  }

  /** A full disk need not keep a server from its start. */
  #emptyLog(): void {
    try {
      emptyLog(this.#database, this.#path);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      const about = { journal: this.#path, reason: error.message };
      this.#parts.log.warn(about, "the end of the log could not be dropped, and is found again at the next start");
    }
  }

  #zoneRow(apex: Name): Record<string, SQLOutputValue> | undefined {
    const id = this.#ids.get(apex.key)?.id;
    if (id === undefined) return undefined;
    return guarded(this.#path, () => this.#database.prepare("SELECT * FROM zone WHERE id = ?").get(id));
  }

  /** For what may make a zone's row: when it is rolled back, so is the row. */
  #transaction(work: () => void): void {
    this.#made = [];
    try {
      transaction(this.#database, this.#path, work);
    } catch (error) {
      for (const key of this.#made) this.#ids.delete(key);
      throw error;
    }
  }

  /** Within `#transaction`. */
  #idOf(apex: Name): number {
    const known = this.#ids.get(apex.key)?.id;
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#database
      .prepare(
        "INSERT INTO zone (apex, source, is_file, checked_at, base_seq, base_octets) VALUES (?, NULL, 0, 0, 0, 0)",
      )
      .run(apex.toLowerCase().octets);
    const id = Number(lastInsertRowid);
    this.#ids.set(apex.key, { id, apex });
    this.#made.push(apex.key);
    return id;
  }

  #changes(apex: Name, id: number, after: number): JournalEntry[] {
    const rows = this.#database.prepare("SELECT * FROM change WHERE zone = ? AND seq > ? ORDER BY seq").all(id, after);
    return rows.map((row) => entryOf(apex, row));
  }

  /** What is wrong with the changes that zones are made of, in words; null when nothing is. */
  #damage(): string | null {
    for (const { id, apex } of this.#ids.values()) {
      const { fault } = soundChanges(this.#database, apex, id);
      if (fault !== null) return `the changes of ${apex.toString()}: ${fault}`;
    }
    return null;
  }
}

function isChain(changes: readonly ChangeSet[]): boolean {
  return changes.every((change, i) => i === 0 || toSerial(changes[i - 1]!) === fromSerial(change));
}
