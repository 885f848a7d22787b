/**
 * Moves all zones into a fresh arena, a little at a time, while edits go on in the old one. First what is published is copied,
 * in canonical order, so that what is read together stands together. Then what was changed meanwhile is brought over: two versions
 * share what is the same in both, so comparing them meets only what differs. That is repeated until nothing differs.
 *
 * All at once it is the plain compaction; test/zones/compact.test.ts holds the one to the other.
 */
import { assert } from "../base/index.ts";
import { type Arena, ArenaSpace } from "./arena.ts";
import { NameKey } from "./key.ts";
import { NameEntry, nameIndexOctets, newNameIndex } from "./name-index-edit.ts";
import { releaseNode } from "./node-edit.ts";
import { nodeOctets, nodeRrsetCount, rrsetOctets } from "./rrset-view.ts";
import { BRANCH_HEAD_WORDS, hasTwig, isBranch, keyValue, leafName, twigCount, twigRank } from "./trie.ts";
import { TrieEdit } from "./trie-edit.ts";
import { readNodeName } from "./values.ts";
import { ZONE_FIELD, zoneField, zoneRecords } from "./zone-record.ts";
import { writeZoneRecord } from "./zone-write.ts";

/** What there is to do, last first: a kind and two numbers each. */
const DO = {
  /** Copy a part of the catalogue, of a trie of names; its new place goes into that word. Names are entered in the index. */
  COPY_ZONES: 0,
  COPY_NAMES: 1,
  COPY_NSEC3: 7,
  /** Both tries of a zone are copied, or compared: that is the old record, that the new one. */
  COPIED_ZONE: 2,
  COMPARED_ZONE: 3,
  /** Make what is the one part of a trie that we hold into what is the other, wanted. */
  COMPARE_ZONES: 4,
  COMPARE_NAMES: 5,
  COMPARE_NSEC3: 6,
} as const;

const ROOT_SLOT = -1;
/** Numbers in a key are smaller. */
const KEY_VALUES = 48;
/** Stands for the time that a step takes which copies nothing. */
const STEP_OCTETS = 32;
/** Behind every position in a key. */
const NO_POSITION = 1 << 16;

const key = new NameKey();

export class Compaction {
  readonly arena: Arena;
  readonly #from: Arena;
  readonly #space: ArenaSpace;
  readonly #todo: number[] = [];
  /** The version of everything that the new arena holds, or will hold when there is nothing left to do. */
  #held = 0;
  readonly #catalogue: TrieEdit;
  /** Of the zone that is being compared. */
  #names: TrieEdit;
  #nsec3: TrieEdit;
  readonly #indexedNamesMin: number;
  /** Enters names in the index of the zone that is being copied; null: it has none. */
  #entry: NameEntry | null = null;
  /** Octets of zones that were removed from the new arena again. */
  #wasteOctets = 0;

  /** Zones of at least so many names get an index. */
  constructor(from: Arena, to: Arena, indexedNamesMin: number) {
    this.#from = from;
    this.#indexedNamesMin = indexedNamesMin;
    this.arena = to;
    this.#space = new ArenaSpace(to);
    this.#catalogue = new TrieEdit(this.#space, 0);
    this.#names = this.#catalogue;
    this.#nsec3 = this.#catalogue;
  }

  /** The root of the catalogue in the new arena. */
  get root(): number {
    return this.#catalogue.root;
  }

  get garbageOctets(): number {
    return this.#space.idleOctets + this.#wasteOctets;
  }

  /**
   * Goes on until about that many octets are copied. True when the new arena holds the version of everything whose root was
   * given. Throws ArenaFullError.
   */
  advance(published: number, octets: number): boolean {
    const todo = this.#todo;
    let left = octets;
    for (;;) {
      while (todo.length > 0) {
        if (left <= 0) return false;
        const before = this.arena.top;
        this.#step();
        left -= STEP_OCTETS + this.arena.top - before;
      }
      if (this.#held === published) return true;
      this.#begin(published);
    }
  }

  #begin(published: number): void {
    if (this.root === 0) this.#push(DO.COPY_ZONES, published, ROOT_SLOT);
    else this.#push(DO.COMPARE_ZONES, this.#held, published);
    this.#held = published;
  }

  #push(kind: number, a: number, b: number): void {
    this.#todo.push(a, b, kind);
  }

  #step(): void {
    const kind = this.#todo.pop()!;
    const b = this.#todo.pop()!;
    const a = this.#todo.pop()!;
    switch (kind) {
      case DO.COPY_ZONES:
      case DO.COPY_NAMES:
      case DO.COPY_NSEC3:
        this.#copy(kind, a, b);
        break;
      case DO.COPIED_ZONE: {
        const root = (field: number): number => zoneField(this.arena, b, field);
        this.#entry?.end();
        this.#writeRecord(a, b, { names: root(ZONE_FIELD.NAMES_ROOT), nsec3: root(ZONE_FIELD.NSEC3_ROOT) });
        break;
      }
      case DO.COMPARED_ZONE:
        this.#writeRecord(a, b, { names: this.#names.root, nsec3: this.#nsec3.root });
        break;
      default:
        this.#compare(kind, a, b);
    }
  }

  #copy(kind: number, ref: number, slot: number): void {
    if (ref === 0) return this.#write(slot, 0);
    if (!isBranch(ref)) {
      const copy = kind === DO.COPY_ZONES ? this.#copyZone(ref) : this.#copyNode(ref);
      if (kind === DO.COPY_NAMES) this.#entry?.add(copy);
      this.#write(slot, copy);
      return;
    }
    const { words } = this.#from;
    const at = ref >> 2;
    const count = twigCount(words, at);
    const copy = this.#space.allocate((BRANCH_HEAD_WORDS + count) * 4) >> 2;
    const to = this.arena.words;
    to[copy] = words[at]!;
    to[copy + 1] = words[at + 1]!;
    this.#write(slot, (copy << 2) | 1);
    for (let i = BRANCH_HEAD_WORDS + count - 1; i >= BRANCH_HEAD_WORDS; i--) this.#push(kind, words[at + i]!, copy + i);
  }

  #write(slot: number, ref: number): void {
    if (slot === ROOT_SLOT) this.#catalogue.root = ref;
    else this.arena.words[slot] = ref;
  }

  /** Its tries are copied next, and its fields written then. */
  #copyZone(zone: number): number {
    const record = this.#copyBlock(zone, nodeOctets(this.#from, zone));
    const index = newNameIndex(this.#space, zoneField(this.#from, zone, ZONE_FIELD.NAMES), this.#indexedNamesMin);
    this.arena.words[(record >> 2) + ZONE_FIELD.INDEX] = index;
    this.#entry = index === 0 ? null : new NameEntry(this.#space, index);
    const copy = (kind: number, field: number): void =>
      this.#push(kind, zoneField(this.#from, zone, field), (record >> 2) + field);
    this.#push(DO.COPIED_ZONE, zone, record);
    copy(DO.COPY_NSEC3, ZONE_FIELD.NSEC3_ROOT);
    copy(DO.COPY_NAMES, ZONE_FIELD.NAMES_ROOT);
    return record;
  }

  #writeRecord(zone: number, record: number, roots: { readonly names: number; readonly nsec3: number }): void {
    const from = this.#from;
    const { words } = this.arena;
    const index = zoneField(this.arena, record, ZONE_FIELD.INDEX);
    writeZoneRecord(this.arena, record, {
      apex: readNodeName(from, zone),
      names: { root: roots.names, count: zoneField(from, zone, ZONE_FIELD.NAMES) },
      nsec3: { root: roots.nsec3 },
      records: zoneRecords(from, zone),
      index,
    });
    // What a zone takes does not depend on where it stands, but its index is made for as many names as there are now.
    const indexBefore = nameIndexOctets(from.words, zoneField(from, zone, ZONE_FIELD.INDEX));
    const octets = zoneField(from, zone, ZONE_FIELD.OCTETS) - indexBefore + nameIndexOctets(words, index);
    words[(record >> 2) + ZONE_FIELD.OCTETS] = octets;
  }

  #copyNode(node: number): number {
    const copy = this.#copyBlock(node, nodeOctets(this.#from, node));
    const { words } = this.arena;
    for (let i = nodeRrsetCount(this.#from, node); i > 0; i--) {
      const at = (copy >> 2) + 2 * i;
      const rrset = words[at]!;
      words[at] = this.#copyBlock(rrset, rrsetOctets(this.#from, rrset));
    }
    return copy;
  }

  #copyBlock(offset: number, octets: number): number {
    const copy = this.#space.allocate(octets);
    this.arena.octets.set(this.#from.octets.subarray(offset, offset + octets), copy);
    return copy;
  }

  /** `held` and `wanted` may have names in common only with one another, so what is in one alone is gone or new. */
  #compare(kind: number, held: number, wanted: number): void {
    if (held === wanted) return;
    if (!isBranch(held) && !isBranch(wanted)) {
      if (kind === DO.COMPARE_ZONES) this.#changeZone(held, wanted);
      else this.#changeNode(kind === DO.COMPARE_NAMES ? this.#names : this.#nsec3, held, wanted);
      return;
    }
    const position = Math.min(this.#positionOf(held), this.#positionOf(wanted));
    const heldAlone = this.#valueOfAll(held, position);
    const wantedAlone = this.#valueOfAll(wanted, position);
    for (let value = KEY_VALUES - 1; value >= 0; value--) {
      const one = this.#twig(held, heldAlone, value);
      const other = this.#twig(wanted, wantedAlone, value);
      if (one !== other) this.#push(kind, one, other);
    }
  }

  /** Where names below part; leaves and what is not there have no such place. */
  #positionOf(ref: number): number {
    return isBranch(ref) ? this.#from.words[ref >> 2]! >> 16 : NO_POSITION;
  }

  /** The number that the keys of all names below have at that place, or -1 when they part there or there are none. */
  #valueOfAll(ref: number, position: number): number {
    if (ref === 0 || this.#positionOf(ref) === position) return -1;
    const { words, octets } = this.#from;
    let leaf = ref;
    while (isBranch(leaf)) leaf = words[(leaf >> 2) + BRANCH_HEAD_WORDS]!;
    key.set(octets, leafName(words, leaf));
    return keyValue(key, position);
  }

  #twig(ref: number, valueOfAll: number, value: number): number {
    if (ref === 0) return 0;
    if (valueOfAll >= 0) return valueOfAll === value ? ref : 0;
    const { words } = this.#from;
    const at = ref >> 2;
    return hasTwig(words, at, value) ? words[at + BRANCH_HEAD_WORDS + twigRank(words, at, value)]! : 0;
  }

  #changeNode(trie: TrieEdit, held: number, wanted: number): void {
    const before = wanted === 0 ? 0 : trie.put(this.#copyNode(wanted));
    if (before !== 0) releaseNode(this.#space, before);
    else if (held !== 0) releaseNode(this.#space, this.#remove(trie, held));
  }

  #remove(trie: TrieEdit, held: number): number {
    const removed = trie.remove(this.#from.octets, leafName(this.#from.words, held));
    assert(removed !== 0, "what is held is there");
    return removed;
  }

  #changeZone(held: number, wanted: number): void {
    const there = wanted === 0 ? 0 : this.#recordOf(wanted);
    if (there !== 0) return this.#compareZone(held, wanted, there);
    if (wanted !== 0) this.#catalogue.put(this.#copyZone(wanted));
    if (held !== 0) this.#waste(this.#remove(this.#catalogue, held));
  }

  #recordOf(zone: number): number {
    return this.#catalogue.find(this.#from.octets, leafName(this.#from.words, zone));
  }

  #compareZone(held: number, wanted: number, record: number): void {
    const facts = { count: 0, index: zoneField(this.arena, record, ZONE_FIELD.INDEX) };
    this.#names = new TrieEdit(this.#space, zoneField(this.arena, record, ZONE_FIELD.NAMES_ROOT), facts);
    this.#nsec3 = new TrieEdit(this.#space, zoneField(this.arena, record, ZONE_FIELD.NSEC3_ROOT));
    this.#push(DO.COMPARED_ZONE, wanted, record);
    const compare = (kind: number, field: number): void =>
      this.#push(kind, zoneField(this.#from, held, field), zoneField(this.#from, wanted, field));
    compare(DO.COMPARE_NSEC3, ZONE_FIELD.NSEC3_ROOT);
    compare(DO.COMPARE_NAMES, ZONE_FIELD.NAMES_ROOT);
  }

  #waste(record: number): void {
    this.#wasteOctets += zoneField(this.arena, record, ZONE_FIELD.OCTETS);
    this.#space.release(record, nodeOctets(this.arena, record));
  }
}
