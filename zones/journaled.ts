/**
 * Zones that are read from master files and changed while they are served: what a start makes of file and journal together, and what
 * becomes of an edited file. A file's edit and the zone's own changes never silently undo one another: where both have changed, the
 * journal's version goes on and the user decides.
 *
 * When the journal lost changes, a secondary may have versions that nobody here knows of any more. So that no serial of theirs stands for
 * another version, every zone leaps over as many as there may have been (RFC 1982 leaves room for that).
 */
import { assert, type Clock, type Log } from "../base/index.ts";
import { isNewerSerial, type Name, nextSerial, recordsOf } from "../dns/index.ts";
import { applyChange, UnfitChangeError } from "./apply-change.ts";
import {
  type ChangeSet,
  fromSerial,
  type JournalEntry,
  recordOctets,
  RecordReader,
  soaWithSerial,
  toSerial,
  writeRecord,
} from "./change-set.ts";
import { type ChangeLog, ChangeLogError } from "./changer.ts";
import { ZoneDraft } from "./draft.ts";
import type { Journal, KeptZone } from "./journal.ts";
import { ALL_LOST } from "./journal-mending.ts";
import type { ZoneSource } from "./journal-rows.ts";
import type { LeaseNote } from "./lease.ts";
import { ZoneStore } from "./store.ts";
import { ZoneView } from "./zone.ts";
import { diffZones, type ZoneVersion } from "./zone-diff.ts";
import type { ZoneEdit } from "./zone-edit.ts";

export interface JournaledParts {
  readonly store: ZoneStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a zone was made of at a start. */
export type Settled =
  /** What stands in its file. */
  | { readonly kind: "file" }
  /** The file, and the changes since. */
  | { readonly kind: "replayed"; readonly changes: number }
  /** What the journal has, because the file cannot be read, is not the base any more, … */
  | { readonly kind: "journal" }
  /** … or has been edited since the zone itself was changed. */
  | { readonly kind: "both-changed" }
  /** The file if it can be read: what the journal had besides is damaged. */
  | { readonly kind: "lost" };

const PIECE_OCTETS = 1 << 20;
/** Zones of more records than this are journaled once they change, and not for reloads alone. */
const RECORDS_FOR_RELOADS_MAX = 100_000;
/** No change takes less in the journal: it has two SOAs. An update that asks for a serial of its own may have gone further. */
const CHANGE_OCTETS_MIN = 64;
const LEAP_MAX = 0x3fff_ffff;
/** So many of the last changes may be damaged, and one before them tells the serial yet. */
const HISTORY_LOOK = 100;
/** From one look at whether a base is outgrown to the next. */
const LOOK_ENTRIES = 1000;

export class JournaledZones implements ChangeLog {
  readonly #parts: JournaledParts;
  /** Of the files that were read last, by zone. */
  readonly #digests = new Map<string, string>();
  /** Whose served version the journal does not have, because the disk was full when it was to be written. */
  readonly #unwritten = new Set<string>();
  /** What has leapt since this start. */
  readonly #leapt = new Set<string>();
  #sinceLook = 0;

  constructor(parts: JournaledParts) {
    this.#parts = parts;
  }

  /** A change of a version that the journal does not have makes a base of that version first. */
  append(entries: readonly JournalEntry[], leases: readonly LeaseNote[]): void {
    const { journal, clock } = this.#parts;
    const apexes = new Map(entries.map(({ change }) => [change.apex.key, change.apex]));
    for (const apex of apexes.values()) {
      const digest = this.#digests.get(apex.key);
      const isKept = journal.sourceOf(apex) !== null && !this.#unwritten.has(apex.key);
      if (!isKept && digest !== undefined)
        this.#keepBase(apex, { digest, holds: this.#unwritten.has(apex.key) ? "other" : "file" });
    }
    journal.append(entries, leases);
    this.#sinceLook += entries.length;
    if (this.#sinceLook < LOOK_ENTRIES) return;
    this.#sinceLook = 0;
    clock.soon(() => this.#renew([...apexes.values()]));
  }

  /** Makes of a zone what it was, with a serial that nobody has seen if changes of it may be lost. */
  settle(apex: Name, files: FoundFiles): Settled {
    const settled = this.#settle(apex, files);
    this.#leapOverLost(apex);
    return settled;
  }

  /** All zones that are there were settled. */
  settledAll(): void {
    const { journal } = this.#parts;
    if (journal.lostOctets > 0 && this.#unwritten.size === 0) journal.forgetLoss();
  }

  #settle(apex: Name, { digest, isLoaded }: FoundFiles): Settled {
    const { journal } = this.#parts;
    this.#digests.set(apex.key, digest);
    const source = journal.sourceOf(apex);
    if (source === null) return { kind: "file" };
    const changes = journal.changesSinceBase(apex).map(({ change }) => change);
    const isOwn = changes.length > 0 || source.holds === "other";
    if (isLoaded && source.digest !== digest && !isOwn) {
      this.tookFile(apex, { before: this.#keptVersion(apex), digest, by: "file" });
      return { kind: "file" };
    }
    if (isLoaded && source.digest === digest && source.holds === "file") {
      if (changes.length === 0) return { kind: "file" };
      if (this.#replay(apex, changes)) return { kind: "replayed", changes: changes.length };
    }
    if (!this.#restore(apex)) {
      if (isLoaded) this.#beginAnew(apex, digest);
      return { kind: "lost" };
    }
    return source.digest === digest || !isLoaded ? { kind: "journal" } : { kind: "both-changed" };
  }

  /** Whether the zone has changed in other ways than by its file, so that a file edited since asks for a decision. */
  hasOwnChanges(apex: Name): boolean {
    const { journal } = this.#parts;
    const source = journal.sourceOf(apex);
    return source !== null && (source.holds === "other" || journal.changesSinceBase(apex).length > 0);
  }

  /** Whether its versions are in the journal, so that a file's serial need not be newer. */
  keeps(apex: Name): boolean {
    return this.#parts.journal.sourceOf(apex) !== null || this.#unwritten.has(apex.key);
  }

  /**
   * The file's content was published in the place of `before`. Its serial is made newer if it is not, so that nobody keeps
   * the old version (RFC 1982); returns the change, null when there is none or it is not journaled. It is published already, so a
   * full disk does not undo it: the journal is given the whole version before it is given a change of it.
   */
  tookFile(apex: Name, { before, digest, by }: TookFile): JournalEntry | null {
    const { store, journal, clock } = this.#parts;
    this.#digests.set(apex.key, digest);
    const isKept = this.keeps(apex);
    const view = ZoneView.of(store, apex);
    if (view === null || (!isKept && view.recordCount > RECORDS_FOR_RELOADS_MAX)) return null;
    if (before === null) {
      if (isKept) this.#beginAnew(apex, digest);
      this.#leapOverLost(apex);
      return null;
    }
    const change = diffZones(before, { views: store.arena, zone: store.zoneOf(apex) });
    if (change === null) {
      if (isKept) this.#written(apex, () => this.#keepBase(apex, { digest, holds: "file" }));
      return null;
    }
    const isNewer = isNewerSerial(toSerial(change), fromSerial(change));
    const made = isNewer ? change : this.#withNextSerial(change);
    const entry = { change: made, by, atSeconds: clock.wallSeconds() };
    this.#written(apex, () => {
      journal.append([entry]);
      this.#keepBase(apex, { digest, holds: isNewer ? "file" : "file-renumbered" });
    });
    return entry;
  }

  #written(apex: Name, write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof ChangeLogError)) throw error;
      this.#unwritten.add(apex.key);
      const about = { zone: apex.toString(), reason: error.message };
      this.#parts.log.error(about, "the version that is served could not be written to the journal");
    }
  }

  /** The user decided for the zone as it is served, whatever stands in its file. */
  tookJournal(apex: Name, digest: string): void {
    this.#digests.set(apex.key, digest);
    this.#keepBase(apex, { digest, holds: "other" });
  }

  /** Over the serials of changes that may be lost. */
  #leapOverLost(apex: Name): void {
    const { lostOctets } = this.#parts.journal;
    if (lostOctets === ALL_LOST) this.#leapFar(apex);
    else if (lostOctets > 0) this.#leap(apex, Math.min(LEAP_MAX, Math.ceil(lostOctets / CHANGE_OCTETS_MIN) + 1));
  }

  /**
   * Nobody knows any more which serials there were. By as many as seconds have gone by since 1970: so it is further than any zone came by a
   * change a second since its file was written, or since it was lost before, and less than what RFC 1982 §3.2 takes for older.
   */
  #leapFar(apex: Name): void {
    this.#leap(apex, LEAP_MAX + 1 + (this.#parts.clock.wallSeconds() % (LEAP_MAX + 1)));
  }

  /** Once in the life of a server. */
  #leap(apex: Name, leap: number): void {
    const { store, clock, log } = this.#parts;
    const view = ZoneView.of(store, apex);
    if (view === null || this.#leapt.has(apex.key)) return;
    this.#leapt.add(apex.key);
    const serial = (view.serial + leap) % 2 ** 32 || 1;
    log.warn(
      { zone: apex.toString(), from: view.serial, to: serial },
      "changes may be lost: their serials are left out",
    );
    const isOwn = this.hasOwnChanges(apex);
    edited(store.edit(apex), (edit) => {
      const draft = new ZoneDraft(edit);
      const { rdata, ttlSeconds } = draft.soa;
      draft.setSoa(soaWithSerial(rdata, serial), ttlSeconds);
      const change = draft.take("kept");
      assert(change !== null, "another serial is a change");
      const entry = { change, by: "damage to the journal", atSeconds: clock.wallSeconds() };
      this.#written(apex, () => this.append([entry], []));
    });
    const digest = this.#digests.get(apex.key);
    if (isOwn || digest === undefined || this.#unwritten.has(apex.key)) return;
    this.#written(apex, () => this.#keepBase(apex, { digest, holds: "file-renumbered" }));
  }

  #withNextSerial(change: ChangeSet): ChangeSet {
    const { rdata, ttlSeconds } = change.soaAfter;
    const soa = soaWithSerial(rdata, nextSerial(fromSerial(change)));
    edited(this.#parts.store.edit(change.apex), (edit) => new ZoneDraft(edit).setSoa(soa, ttlSeconds));
    return { ...change, soaAfter: { ...change.soaAfter, rdata: soa } };
  }

  #keepBase(apex: Name, source: ZoneSource): void {
    const { store, journal, clock } = this.#parts;
    const view = ZoneView.of(store, apex);
    assert(view !== null, "a base is kept of a zone that is served");
    journal.keep(apex, { pieces: piecesOf(view), changes: [], checkedAtSeconds: clock.wallSeconds() }, source);
    this.#unwritten.delete(apex.key);
  }

  /** The version that the journal has as its base, in a store of its own. Null: nothing sound. */
  #keptVersion(apex: Name): ZoneVersion | null {
    const kept = this.#parts.journal.load(apex);
    if (kept === null) return null;
    const store = ZoneStore.create();
    edited(store.replace(apex), (edit) => fill(edit, kept));
    return { views: store.arena, zone: store.zoneOf(apex) };
  }

  /** The file is all that is left. What is journaled from here on follows from it, with a serial newer than any that was seen. */
  #beginAnew(apex: Name, digest: string): void {
    const { store, journal } = this.#parts;
    const [last] = journal.history(apex, HISTORY_LOOK);
    const view = ZoneView.of(store, apex);
    if (view === null) return;
    const isNewer = last === undefined || isNewerSerial(view.serial, toSerial(last.change));
    if (!isNewer) {
      edited(store.edit(apex), (edit) => {
        const draft = new ZoneDraft(edit);
        const { rdata, ttlSeconds } = draft.soa;
        draft.setSoa(soaWithSerial(rdata, nextSerial(toSerial(last.change))), ttlSeconds);
      });
    }
    this.#written(apex, () => this.#keepBase(apex, { digest, holds: isNewer ? "file" : "file-renumbered" }));
    if (last === undefined) this.#leapFar(apex);
  }

  /** Makes bases anew that are outgrown. */
  #renew(apexes: readonly Name[]): void {
    const { journal, log } = this.#parts;
    for (const apex of apexes) {
      const source = journal.sourceOf(apex);
      if (source === null || !journal.isOutgrown(apex)) continue;
      try {
        this.#keepBase(apex, { ...source, holds: "other" });
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        log.warn({ zone: apex.toString(), reason: error.message }, "a zone's base could not be made anew");
      }
    }
  }

  /** Makes the changes on the published version; false when they do not fit it. */
  #replay(apex: Name, changes: readonly ChangeSet[]): boolean {
    return this.#fits(apex, () => edited(this.#parts.store.edit(apex), (edit) => applyAll(edit, changes)));
  }

  /** Publishes what the journal has, all of it; false when that is not sound. */
  #restore(apex: Name): boolean {
    const kept = this.#parts.journal.load(apex);
    if (kept === null) return false;
    return this.#fits(apex, () => {
      edited(this.#parts.store.replace(apex), (edit) => {
        fill(edit, kept);
        applyAll(edit, kept.changes);
      });
    });
  }

  #fits(apex: Name, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof UnfitChangeError)) throw error;
      this.#parts.log.error(
        { zone: apex.toString(), reason: error.message },
        "the journal's changes do not fit their base",
      );
      return false;
    }
  }
}

/** A zone's files, as a start finds them. */
interface FoundFiles {
  readonly digest: string;
  /** Whether the store has their content. */
  readonly isLoaded: boolean;
}

export interface TookFile {
  /** The version that was served; null: none that is known. */
  readonly before: ZoneVersion | null;
  readonly digest: string;
  /** See `JournalEntry`. */
  readonly by: string;
}

/** Commits what the work makes of it, or nothing. */
function edited(edit: ZoneEdit, work: (edit: ZoneEdit) => void): void {
  try {
    work(edit);
    edit.commit();
  } catch (error) {
    edit.abort();
    throw error;
  }
}

function applyAll(edit: ZoneEdit, changes: readonly ChangeSet[]): void {
  const draft = new ZoneDraft(edit);
  for (const change of changes) applyChange(draft, change);
}

function fill(edit: ZoneEdit, { pieces }: KeptZone): void {
  for (const piece of pieces) {
    const reader = new RecordReader(piece);
    while (reader.at < piece.length) {
      const { owner, type, ttlSeconds, rdata } = reader.next();
      edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
    }
  }
}

/** All records of a version, the SOA first, in pieces of about a mebioctet. */
function* piecesOf(view: ZoneView): Generator<Uint8Array> {
  let piece = new Uint8Array(PIECE_OCTETS);
  let at = 0;
  for (const rrset of view.rrsets()) {
    for (const record of recordsOf([rrset])) {
      if (at + recordOctets(record) > piece.length) {
        yield piece.subarray(0, at);
        piece = new Uint8Array(PIECE_OCTETS);
        at = 0;
      }
      at = writeRecord(piece, at, record);
    }
  }
  if (at > 0) yield piece.subarray(0, at);
}
