/**
 * All zones of a server in one arena (DESIGN §4). A version of everything is the root of the catalogue, a trie of zone
 * records; publishing is one atomic store of that root. One thread writes; others attach and read, without locks: what they
 * have found stays as it is for as long as they hold it.
 */
import { assert } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { Arena, ARENA_OCTETS_DEFAULT, ArenaFullError, type ArenaRegion, ArenaSpace } from "./arena.ts";
import { Compaction } from "./compact.ts";
import { ZoneDirectory } from "./directory.ts";
import type { NameHashes } from "./name-hash.ts";
import { INDEXED_NAMES_MIN, makeNameIndex } from "./name-index-edit.ts";
import { forgetPlaces } from "./prove.ts";
import type { BuiltZone } from "./region.ts";
import type { SharedStore, StoredZone, StoreOptions, StoreStats } from "./stored.ts";
import { leavesOf } from "./trie.ts";
import { TrieEdit } from "./trie-edit.ts";
import { readNodeName } from "./values.ts";
import { ZoneEdit } from "./zone-edit.ts";
import { writeZoneRecord, type ZoneContent } from "./zone-write.ts";
import { ZONE_ENTRIES, ZONE_FIELD, zoneField, zoneRecords, zoneSerial } from "./zone-record.ts";
import { nodeOctets } from "./rrset-view.ts";

const ROOT = 0;
/** Stands for a root in the control block of an arena that the writer has left. */
const MOVED = -1;
const VERSION = 1;
const CONTROL_OCTETS = 16;

/** Below this much garbage compaction is not worth it. */
const GARBAGE_OCTETS_MIN = 16 << 20;
/** While a compaction goes on, an edit has it copy so many octets for each that the edit took itself, at least … */
const PACE = 2;
/** … and at most so many, which takes about half a millisecond. */
const PACE_OCTETS_MAX = 1 << 17;

export class ZoneStore {
  /** What all offsets point into; `words` is the same memory. Both change when the store is compacted. */
  octets: Uint8Array;
  words: Int32Array;
  arena: Arena;
  /** Called when the zones move to another arena, before readers can see that they have: it sends the new one to every thread. */
  onMove: ((shared: SharedStore) => void) | null = null;
  /**
   * Called when there is something to compact: somebody with time then calls `compactSome` until that says that it is done. Also
   * called when it is done and an arena was left, which takes memory until nobody can reach it any more.
   */
  onGarbage: (() => void) | null = null;
  /** A reader's: takes what the writer's `onMove` sent, in order. */
  nextShared: (() => SharedStore) | null = null;
  #control: Int32Array;
  #controlBuffer: SharedArrayBuffer;
  /** The catalogue as this thread sees it. */
  #root = 0;
  readonly #directory = new ZoneDirectory();
  #indexedNamesMin = INDEXED_NAMES_MIN;
  readonly #isWriter: boolean;
  #garbageOctets = 0;
  #compaction: Compaction | null = null;
  #moves = 0;
  /** Garbage that there was when a compaction found no memory. */
  #failedAtOctets = 0;
  #openEdits = 0;
  /** Counts whatever moves the arena's top, so that an abort knows whether everything behind its start is its own. */
  #epoch = 0;
  readonly #epochs = new WeakMap<ZoneEdit, number>();

  private constructor(arena: Arena, control: SharedArrayBuffer, isWriter: boolean) {
    this.arena = arena;
    this.octets = arena.octets;
    this.words = arena.words;
    this.#controlBuffer = control;
    this.#control = new Int32Array(control);
    this.#isWriter = isWriter;
    // A reader that comes after a move can follow once it has `nextShared`, at its first `refresh`.
    if (Atomics.load(this.#control, ROOT) !== MOVED) this.refresh();
  }

  /** An empty store, to be written by this thread. */
  static create(options: StoreOptions = {}): ZoneStore {
    const arena = Arena.create(options.capacityOctets ?? ARENA_OCTETS_DEFAULT);
    const store = new ZoneStore(arena, new SharedArrayBuffer(CONTROL_OCTETS), true);
    store.#indexedNamesMin = options.indexedNamesMin ?? INDEXED_NAMES_MIN;
    return store;
  }

  /** The store of another thread, to be read. `refresh` shows what has been published since. */
  static attach(shared: SharedStore): ZoneStore {
    return new ZoneStore(new Arena(shared.arena), shared.control, false);
  }

  get shared(): SharedStore {
    return { arena: this.arena.buffer, control: this.#controlBuffer };
  }

  /** Reads on in the arena that the writer moved to. What was found before is void. */
  adopt(shared: SharedStore): void {
    assert(!this.#isWriter, "the writer moves by itself");
    this.#use(new Arena(shared.arena), shared.control);
  }

  /** Takes the version published last. Readers do so once a query, so that each answer comes from one version. */
  refresh(): void {
    const root = Atomics.load(this.#control, ROOT);
    if (root === MOVED) this.#follow();
    else this.#root = root;
  }

  /** The writer has left this arena, and said so to every thread before it said so here. */
  #follow(): void {
    assert(this.nextShared !== null, "a reader is told where the zones moved to");
    this.adopt(this.nextShared());
  }

  /** The zone record of the closest zone that encloses the name (uncompressed, any case); 0 when there is none. */
  findZone(octets: Uint8Array, nameOffset: number): number {
    return this.#directory.find(this, this.#root, octets, nameOffset);
  }

  /** The same by hashes alone; TOO_MANY, which is below 0, where that does not say. */
  findHashedZone(name: NameHashes): number {
    return this.#directory.findHashed(this, this.#root, name);
  }

  /** The zone record of the zone with that apex; 0 when there is none. */
  zoneOf(apex: Name): number {
    return this.#directory.zoneOf(this, this.#root, apex);
  }

  /** All zones in canonical order, as they were when this was called. */
  *zones(): Generator<StoredZone> {
    const { arena } = this;
    for (const zone of leavesOf(arena, this.#root)) {
      yield {
        apex: readNodeName(arena, zone),
        zone,
        serial: zoneSerial(arena, zone),
        records: zoneRecords(arena, zone),
      };
    }
  }

  /** Begins a change of the zone as it is published, or of an empty one. */
  edit(apex: Name): ZoneEdit {
    const base = this.#begin(apex);
    return this.#opened(new ZoneEdit(this, apex, { base, from: base }));
  }

  /** Begins an empty zone that takes the place of the published one, if any. */
  replace(apex: Name): ZoneEdit {
    const base = this.#begin(apex);
    return this.#opened(new ZoneEdit(this, apex, { base, from: 0 }));
  }

  /** Removes a zone. False when there is none. */
  remove(apex: Name): boolean {
    assert(this.#isWriter, "only one thread writes");
    const zone = this.zoneOf(apex);
    if (zone === 0) return false;
    const space = new ArenaSpace(this.arena);
    const catalogue = new TrieEdit(space, this.#root);
    space.release(catalogue.remove(apex.octets, 0), nodeOctets(this, zone));
    this.#garbageOctets += space.wasteOctets + zoneField(this, zone, ZONE_FIELD.OCTETS);
    this.#publishRoot(catalogue.root);
    this.#clear(space.takenOctets);
    return true;
  }

  /** Moves all zones into a fresh arena, without what is no longer in use, all at once. Edits must not be open. Throws ArenaFullError. */
  compact(): void {
    assert(this.#openEdits === 0, "compaction ends between edits");
    this.startCompaction();
    this.compactSome(Number.POSITIVE_INFINITY);
  }

  /** Begins to do so a little at a time: whoever calls `compactSome`, and each edit, does some of it. Throws ArenaFullError. */
  startCompaction(): void {
    assert(this.#isWriter, "only one thread writes");
    this.#compaction ??= new Compaction(this.arena, Arena.create(this.arena.capacityOctets), this.#indexedNamesMin);
  }

  /**
   * Goes on with a compaction until about that many octets are copied. False when nothing is left to do: there is none, or it
   * waits for open edits to end, and `onGarbage` is called once they have. Throws ArenaFullError; the compaction is then given up.
   */
  compactSome(octets: number): boolean {
    const compaction = this.#compaction;
    if (compaction === null) return false;
    try {
      if (!compaction.advance(this.#root, octets)) return true;
    } catch (error) {
      this.#compaction = null;
      this.#failedAtOctets = this.#garbageOctets;
      throw error;
    }
    if (this.#openEdits === 0) this.#moveTo(compaction);
    return false;
  }

  #moveTo({ arena, root, garbageOctets }: Compaction): void {
    this.#compaction = null;
    const control = new SharedArrayBuffer(CONTROL_OCTETS);
    const words = new Int32Array(control);
    words[VERSION] = this.#control[VERSION]! + 1;
    Atomics.store(words, ROOT, root);
    this.#garbageOctets = garbageOctets;
    this.#failedAtOctets = 0;
    this.#epoch++;
    this.#moves++;
    const left = this.#control;
    this.#use(arena, control);
    this.onMove?.(this.shared);
    Atomics.store(left, ROOT, MOVED);
    this.onGarbage?.();
  }

  get stats(): StoreStats {
    return {
      usedOctets: this.arena.top,
      garbageOctets: this.#garbageOctets,
      capacityOctets: this.arena.capacityOctets,
      versions: this.#control[VERSION]!,
      moves: this.#moves,
    };
  }

  /** For `ZoneEdit.commit`. */
  publish(edit: ZoneEdit): void {
    assert(edit.space.arena === this.arena, "the edit was begun in this arena");
    assert(this.zoneOf(edit.apex) === edit.base, "nobody else changed the zone since the edit began");
    // An edit counts what it did without itself; of a replaced zone nothing is left.
    const replacedOctets = edit.base === 0 || edit.isContinued ? 0 : zoneField(this, edit.base, ZONE_FIELD.OCTETS);
    const { apex, names, nsec3, records, space } = edit;
    const index = edit.isContinued ? edit.index : makeNameIndex(space, names, this.#indexedNamesMin);
    const { top } = this.arena;
    const root = this.#catalogued(
      { apex, names, nsec3, records, index },
      { liveOctets: space.liveOctets, garbageOctets: space.wasteOctets + replacedOctets },
    );
    this.#openEdits--;
    this.#publishRoot(root);
    this.#clear(this.arena.top - top + edit.space.takenOctets);
  }

  /**
   * Lends so many octets, or what there are, to whoever builds a zone there (`RegionStore`). Until the region is settled or
   * taken back the zones do not move to another arena; edits go on.
   */
  lend(octets: number): ArenaRegion {
    assert(this.#isWriter, "only one thread writes");
    const isTooMuch = octets > this.arena.end - this.arena.top && this.#garbageOctets > 0;
    this.#makeRoom(isTooMuch || this.#roomLeft() <= 0);
    const { arena } = this;
    const start = arena.top;
    const end = start + (Math.min(octets, arena.end - start) & ~3);
    if (start >= end) throw new ArenaFullError("no memory is left for another zone");
    this.#openEdits++;
    this.#epoch++;
    arena.top = end;
    arena.untouched = Math.max(arena.untouched, end);
    return { buffer: arena.buffer, start, end };
  }

  /**
   * Publishes the zone that was built in the region, in the place of the one before. Throws ArenaFullError when the catalogue
   * has no room for it; the region is taken back also then.
   */
  settle(region: ArenaRegion, apex: Name, built: BuiltZone): void {
    assert(region.buffer === this.arena.buffer, "the region was lent in this arena");
    const before = this.zoneOf(apex);
    const replacedOctets = before === 0 ? 0 : zoneField(this, before, ZONE_FIELD.OCTETS);
    const unused = this.#cutBack(region, built.end);
    const garbageOctets = replacedOctets + built.wasteOctets + unused;
    const { top } = this.arena;
    let root: number;
    try {
      root = this.#catalogued({ apex, ...built }, { liveOctets: built.liveOctets, garbageOctets });
    } catch (error) {
      this.arena.top = top;
      this.takeBack({ ...region, end: unused === 0 ? built.end : region.end });
      throw error;
    }
    this.#openEdits--;
    this.#publishRoot(root);
    this.#clear(this.arena.top - top);
  }

  /** Takes a region back in which nothing was built. */
  takeBack(region: ArenaRegion): void {
    this.#openEdits--;
    this.#epoch++;
    this.#garbageOctets += this.#cutBack(region, region.start);
    this.#clear(0);
  }

  /** Gives up a region from `from` on: how many octets of it cannot be had again, because others stand behind them. */
  #cutBack({ end }: ArenaRegion, from: number): number {
    if (this.arena.top !== end) return end - from;
    this.arena.top = from;
    return 0;
  }

  /** The root of the catalogue with that zone. Nothing is published and nothing counted when it throws. */
  #catalogued(content: ZoneContent, zone: { readonly liveOctets: number; readonly garbageOctets: number }): number {
    const space = new ArenaSpace(this.arena);
    const catalogue = new TrieEdit(space, this.#root);
    const record = catalogue.own(content.apex.octets, 0, ZONE_ENTRIES);
    writeZoneRecord(this.arena, record, content);
    this.words[(record >> 2) + ZONE_FIELD.OCTETS] = zone.liveOctets;
    this.#garbageOctets += space.wasteOctets + zone.garbageOctets;
    return catalogue.root;
  }

  /** For `ZoneEdit.abort`. */
  drop(edit: ZoneEdit): void {
    this.#openEdits--;
    const { arena } = this;
    const { space } = edit;
    // Another edit that is or was open meanwhile may have put something behind this one's start.
    if (this.#openEdits === 0 && this.#epochs.get(edit) === this.#epoch) arena.top = space.start;
    else {
      this.#garbageOctets += space.takenOctets;
      this.#epoch++;
    }
    this.#clear(0);
  }

  #begin(apex: Name): number {
    assert(this.#isWriter, "only one thread writes");
    // An edit cannot compact when it runs out of room, so room is made before it begins.
    this.#makeRoom(this.#roomLeft() <= 0);
    return this.zoneOf(apex);
  }

  /** All at once. Where that gives no room, what wants it says so. */
  #makeRoom(isWanted: boolean): void {
    if (isWanted && this.#openEdits === 0 && this.#mayFit()) this.#try(() => this.compact());
  }

  /** Octets that edits may still take before the zones are compacted all at once: when garbage takes a quarter of an arena half full. */
  #roomLeft(): number {
    const { capacityOctets, top } = this.arena;
    return Math.max(capacityOctets / 4 - this.#garbageOctets, capacityOctets / 2 - top);
  }

  #opened(edit: ZoneEdit): ZoneEdit {
    this.#openEdits++;
    this.#epochs.set(edit, ++this.#epoch);
    return edit;
  }

  #publishRoot(root: number): void {
    this.#epoch++;
    this.#root = root;
    Atomics.add(this.#control, VERSION, 1);
    Atomics.store(this.#control, ROOT, root);
  }

  /** Compacts some of what an edit that took so many octets has left behind, so that edits do not outrun compaction. */
  #clear(takenOctets: number): void {
    if (this.#compaction === null && this.#isWorth()) this.#try(() => this.startCompaction());
    if (this.#compaction === null) return;
    const live = this.arena.top - this.#garbageOctets;
    const pace = takenOctets * Math.max(PACE, (2 * live) / Math.max(1, this.#roomLeft()));
    this.#try(() => this.compactSome(Math.min(pace, PACE_OCTETS_MAX)));
    if (this.#compaction !== null) this.onGarbage?.();
  }

  /** Where the system had no memory for a second arena, trying again at each edit would cost more than it could give. */
  #mayFit(): boolean {
    return this.#garbageOctets >= 1.25 * this.#failedAtOctets;
  }

  /** Half of what is used, or a good part of all memory, is garbage. */
  #isWorth(): boolean {
    const garbage = this.#garbageOctets;
    if (garbage < GARBAGE_OCTETS_MIN || !this.#mayFit()) return false;
    return garbage > this.arena.top / 2 || garbage > this.arena.capacityOctets / 8;
  }

  /** The system may promise less memory than before. What was published is whole where it is. */
  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
    }
  }

  #use(arena: Arena, control: SharedArrayBuffer): void {
    this.arena = arena;
    this.octets = arena.octets;
    this.words = arena.words;
    this.#controlBuffer = control;
    this.#control = new Int32Array(control);
    this.#directory.forget();
    forgetPlaces();
    this.refresh();
  }
}
