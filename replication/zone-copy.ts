/**
 * A secondary's copy of a zone: in the store, where queries are answered from it, and on the shelf, where it outlives the server. A
 * transfer becomes a version whole or not at all; the version before is served until then.
 */
import type { Clock } from "../base/index.ts";
import { type Name, recordsOf, type Rr, TYPE, typeToText } from "../dns/index.ts";
import {
  applyChange,
  ArenaFullError,
  type ChangeSet,
  ChangeError,
  ChangeLogError,
  type KeptZone,
  RecordReader,
  UnfitChangeError,
  type ZoneChanger,
  ZoneDraft,
  type ZoneEdit,
  type ZoneStore,
  ZoneView,
} from "../zones/index.ts";
import { RecordSpool } from "./record-spool.ts";
import { TransferError } from "./transfer-error.ts";

/** Where secondaries keep their zones. Steps of an incremental transfer come to it through the changer's log. */
export interface ZoneShelf {
  /** Null: nothing (sound) is kept of that zone. */
  load(apex: Name): KeptZone | null;
  /** Takes the place of all that was kept. It is on disk when this returns. Throws ChangeLogError. */
  keep(apex: Name, zone: KeptZone): void;
  /** Notes that a primary confirmed the version that is kept. Throws ChangeLogError. */
  confirm(apex: Name, checkedAtSeconds: number): void;
  /** Whether the changes since it was kept take so much that all of it should be kept again. */
  isOutgrown(apex: Name): boolean;
}

export interface ZoneCopyParts {
  readonly store: ZoneStore;
  readonly changer: ZoneChanger;
  readonly clock: Clock;
  /** Null: nothing outlives the server. */
  readonly shelf: ZoneShelf | null;
}

/** Records that are put into the store at a time: about 5 ms, for this thread has other things to do as well. */
const RECORDS_AT_A_TIME = 2000;

/** Octets that publishing takes at most: a path of the catalogue. */
const PUBLISHING_OCTETS = 1 << 16;

export class ZoneCopy {
  readonly apex: Name;
  readonly #parts: ZoneCopyParts;

  constructor(apex: Name, parts: ZoneCopyParts) {
    this.apex = apex;
    this.#parts = parts;
  }

  /** The SOA of the version that is served; null: none is. */
  soa(): Rr | null {
    const soa = ZoneView.of(this.#parts.store, this.apex)?.soa ?? null;
    return soa === null ? null : recordsOf([soa])[0]!;
  }

  /** Makes the steps of an incremental transfer. Throws TransferError and ChangeError. */
  async apply(changes: readonly ChangeSet[], by: string): Promise<void> {
    const { changer, shelf } = this.#parts;
    await changer.submit({ apex: this.apex, by, serial: "kept", work: (draft) => makeSteps(draft, changes) });
    if (shelf?.isOutgrown(this.apex) === true) this.#keepAnew(shelf);
  }

  /** Puts a whole zone in the place of what is there. Throws TransferError and ChangeError. */
  async replace(records: RecordSpool, by: string): Promise<void> {
    const { changer, clock, shelf } = this.#parts;
    if (changer.isFrozen(this.apex)) throw new ChangeError("FROZEN", `the zone ${this.apex.toString()} is frozen`);
    const { pieces } = records;
    const atSeconds = clock.wallSeconds();
    const soaBefore = this.soa();
    await this.#publish({ pieces, changes: [], checkedAtSeconds: atSeconds }, (kept) => shelf?.keep(this.apex, kept));
    const soaAfter = this.soa()!;
    const change = { apex: this.apex, soaBefore: soaBefore ?? soaAfter, soaAfter, removed: [], added: [] };
    changer.announce({ change, by, atSeconds });
  }

  /** Serves what the shelf has. Null: nothing; else when it was last confirmed, by the wall clock. Throws what `replace` does. */
  async restore(): Promise<number | null> {
    const kept = this.#parts.shelf?.load(this.apex) ?? null;
    if (kept === null) return null;
    await this.#publish(kept, () => undefined);
    return kept.checkedAtSeconds;
  }

  /** Notes on the shelf that a primary confirmed the version so long ago. Throws ChangeLogError. */
  confirm(agoSeconds: number): void {
    const { clock, shelf } = this.#parts;
    shelf?.confirm(this.apex, clock.wallSeconds() - agoSeconds);
  }

  /** Serves nothing any more: queries get SERVFAIL. What is on the shelf stays there. */
  withdraw(): void {
    this.#parts.store.replace(this.apex).commit();
  }

  #keepAnew(shelf: ZoneShelf): void {
    const { store, clock } = this.#parts;
    const records = new RecordSpool();
    const zone = ZoneView.of(store, this.apex)!;
    for (const record of recordsIn(zone)) records.add(record);
    shelf.keep(this.apex, { pieces: records.pieces, changes: [], checkedAtSeconds: clock.wallSeconds() });
  }

  /** Builds the version beside the one being served and then, once `keep` has it on disk, publishes it. */
  async #publish(zone: KeptZone, keep: (zone: KeptZone) => void): Promise<void> {
    const { store } = this.#parts;
    const edit = store.replace(this.apex);
    try {
      await this.#fill(edit, zone.pieces);
      if (zone.changes.length > 0) makeSteps(new ZoneDraft(edit), zone.changes);
      if (edit.rrset(this.apex, TYPE.NS) === null) throw unfit("a zone without NS at its apex");
      store.arena.assureRoom(PUBLISHING_OCTETS);
      keep(zone);
      edit.commit();
    } catch (error) {
      edit.abort();
      if (error instanceof ArenaFullError) throw new ChangeError("MEMORY", error.message);
      if (error instanceof ChangeLogError) throw new ChangeError("DISK", error.message);
      throw error;
    }
  }

  async #fill(edit: ZoneEdit, pieces: Iterable<Uint8Array>): Promise<void> {
    let count = 0;
    for (const piece of pieces) {
      const reader = new RecordReader(piece);
      while (reader.at < piece.length) {
        add(edit, reader.next());
        if (++count % RECORDS_AT_A_TIME === 0) await new Promise<void>((go) => this.#parts.clock.soon(go));
      }
    }
  }
}

/** All steps of an incremental transfer (RFC 1995 §4). Throws TransferError when one does not fit; the draft is then to be reverted. */
function makeSteps(draft: ZoneDraft, changes: readonly ChangeSet[]): void {
  try {
    for (const change of changes) applyChange(draft, change);
  } catch (error) {
    if (!(error instanceof UnfitChangeError)) throw error;
    throw unfit(error.message);
  }
  if (draft.rrset(draft.apex, TYPE.NS) === null) throw unfit("changes that leave the zone without NS at its apex");
}

function* recordsIn(zone: ZoneView): Generator<Rr> {
  for (const rrset of zone.rrsets()) yield* recordsOf([rrset]);
}

/** A record that came twice is there once; TTLs of an RRset that differ become the least of them (RFC 2181 §5.2). */
function add(edit: ZoneEdit, { owner, type, ttlSeconds, rdata }: Rr): void {
  const outcome = edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
  if (outcome === "added" || outcome === "duplicate" || outcome === "ttl-differs") return;
  const what = outcome.replaceAll("-", " ");
  throw unfit(`what a zone cannot hold (${what}): ${owner.toString()} ${typeToText(type)}`);
}

function unfit(what: string): TransferError {
  return new TransferError("UNFIT", `it sent ${what}`);
}
