/**
 * A change to one zone: begun from its published version or from nothing, seen by nobody until `commit` publishes it whole,
 * gone after `abort`. All names between the apex and an owner are kept as nodes, so empty non-terminals exist (RFC 4592 §2.2.2).
 */
import { assert } from "../base/index.ts";
import { LOWER_CASE, type Name, type Rrset, TYPE } from "../dns/index.ts";
import { type Arena, ArenaSpace } from "./arena.ts";
import * as nodes from "./node-edit.ts";
import {
  findRrset,
  NODE_FLAG,
  nodeRrsetCount,
  nodeRrset,
  rrsetCount,
  rrsetOctets,
  rrsetTtl,
  rrsetType,
} from "./rrset-view.ts";
import { TrieEdit } from "./trie-edit.ts";
import { readRrset } from "./values.ts";
import { ZONE_FIELD, zoneField } from "./zone-record.ts";

/** Records of an RRset, and types at a name, at most (DESIGN §8). */
export const RRSET_RECORDS_MAX = 100;
export const NODE_TYPES_MAX = 100;

/**
 * What became of a record: "ttl-differs" is in the zone, and the RRset has the lesser TTL (RFC 2181 §5.2);
 * "duplicate" was there already; the others are refused.
 */
export type AddOutcome =
  "added" | "duplicate" | "ttl-differs" | "too-many" | "only-one-allowed" | "outside-zone" | "meta-type";

/** The store, as far as an edit knows it. */
export interface EditHome {
  readonly arena: Arena;
  publish(edit: ZoneEdit): void;
  drop(edit: ZoneEdit): void;
}

export class ZoneEdit {
  readonly apex: Name;
  /** The version this began from, 0 for none. */
  readonly base: number;
  readonly space: ArenaSpace;
  readonly names: TrieEdit;
  readonly nsec3: TrieEdit;
  /** Whether it began from `base` rather than from nothing. */
  readonly isContinued: boolean;
  /** The index of the version it began from, where what it changes is marked; 0: none. */
  readonly index: number;
  records = 0;
  #isOpen = true;
  readonly #store: EditHome;
  readonly #apexLabels: number;
  readonly #rdata: nodes.RdataPlace = { octets: new Uint8Array(0), offset: 0, length: 0 };

  /** Use `ZoneStore.edit` or `replace`. `from` is the version whose names it begins with, or 0. */
  constructor(store: EditHome, apex: Name, { base, from }: { readonly base: number; readonly from: number }) {
    this.#store = store;
    this.apex = apex;
    this.base = base;
    this.isContinued = from !== 0;
    this.#apexLabels = apex.labelCount;
    this.space = new ArenaSpace(store.arena);
    const field = (name: number): number => (from === 0 ? 0 : zoneField(store.arena, from, name));
    this.index = field(ZONE_FIELD.INDEX);
    const facts = { count: field(ZONE_FIELD.NAMES), index: this.index };
    this.names = new TrieEdit(this.space, field(ZONE_FIELD.NAMES_ROOT), facts);
    this.nsec3 = new TrieEdit(this.space, field(ZONE_FIELD.NSEC3_ROOT));
    this.records = field(ZONE_FIELD.RECORDS);
    this.space.liveOctets = field(ZONE_FIELD.OCTETS);
  }

  /** Adds one record: owner and RDATA are uncompressed wire format, read and not kept. The owner must be at or below the apex. */
  add(
    owner: Uint8Array,
    ownerOffset: number,
    type: number,
    ttlSeconds: number,
    rdataOctets: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
  ): AddOutcome {
    assert(this.#isOpen, "the edit is open");
    const rdata = this.#place(rdataOctets, rdataOffset, rdataLength);
    const entry = nodes.entryOf(type, rdata);
    if (isNoData(type)) return "meta-type";
    if (!isInside(owner, ownerOffset, this.apex.octets, this.#apexLabels)) return "outside-zone";
    const trie = this.#trieOf(type, entry);
    let node = trie.own(owner, ownerOffset, 1);
    if (!trie.wasThere) {
      nodes.setEntry(this.space, node, 0, entry, nodes.newRrset(this.space, type, ttlSeconds, rdata));
      this.records++;
      if (trie === this.names) this.#addAncestors(owner, ownerOffset);
      return "added";
    }
    const { arena } = this.space;
    const index = nodes.entryIndex(this.space, node, entry);
    if (index < 0) {
      const count = nodeRrsetCount(arena, node);
      if (count >= NODE_TYPES_MAX && (type !== TYPE.RRSIG || count >= 2 * NODE_TYPES_MAX)) return "too-many";
      node = nodes.withEntry(this.space, node);
      nodes.setEntry(this.space, node, count, entry, nodes.newRrset(this.space, type, ttlSeconds, rdata));
      trie.replaceOwned(node);
      this.records++;
      return "added";
    }
    return this.#addTo(node, index, type, ttlSeconds);
  }

  #addTo(node: number, index: number, type: number, ttlSeconds: number): AddOutcome {
    const { space } = this;
    const { arena } = space;
    const rrset = nodeRrset(arena, node, index);
    if (nodes.findRecord(space, rrset, type, this.#rdata) !== 0) return "duplicate";
    if (type === TYPE.SOA || type === TYPE.CNAME || type === TYPE.DNAME) return "only-one-allowed";
    if (rrsetCount(arena, rrset) >= RRSET_RECORDS_MAX) return "too-many";
    const known = rrsetTtl(arena, rrset);
    arena.words[(node >> 2) + 2 + 2 * index] = nodes.withRecord(space, rrset, Math.min(known, ttlSeconds), this.#rdata);
    this.records++;
    return known === ttlSeconds ? "added" : "ttl-differs";
  }

  /** Makes the names between the new one and its closest encloser, and remembers wildcards with their parents. */
  #addAncestors(owner: Uint8Array, ownerOffset: number): void {
    const { names } = this;
    const shared = names.sharedLabels;
    let labels = 0;
    for (let at = ownerOffset; owner[at] !== 0; at += owner[at]! + 1) labels++;
    const isWildcard = owner[ownerOffset] === 1 && owner[ownerOffset + 1] === 0x2a;
    const least = Math.max(shared + 1, this.#apexLabels);
    let at = ownerOffset;
    for (let i = labels - 1; i >= least; i--) {
      at += owner[at]! + 1;
      names.own(owner, at, 0);
    }
    if (isWildcard && labels > this.#apexLabels) this.#markWildcard(owner, ownerOffset + 2);
    // An ancestor made above may itself be named `*`.
    at = ownerOffset;
    for (let i = labels - 1; i >= least; i--) {
      at += owner[at]! + 1;
      if (owner[at] === 1 && owner[at + 1] === 0x2a && i > this.#apexLabels) this.#markWildcard(owner, at + 2);
    }
  }

  #markWildcard(octets: Uint8Array, parentOffset: number): void {
    const parent = this.names.own(octets, parentOffset, 0);
    this.space.arena.words[parent >> 2]! |= NODE_FLAG.WILDCARD_BELOW;
  }

  /** Removes one record (RFC 2136 §3.4.2.4). False when it is not there. */
  removeRecord(owner: Name, type: number, rdata: Uint8Array): boolean {
    const place = this.#place(rdata, 0, rdata.length);
    const entry = nodes.entryOf(type, place);
    const trie = this.#trieOf(type, entry);
    const { space } = this;
    const found = trie.find(owner.octets, 0);
    if (found === 0) return false;
    const index = nodes.entryIndex(space, found, entry);
    if (index < 0) return false;
    const rrset = nodeRrset(space.arena, found, index);
    const record = nodes.findRecord(space, rrset, type, place);
    if (record === 0) return false;
    if (rrsetCount(space.arena, rrset) === 1) {
      this.#removeEntry(trie, owner, entry);
    } else {
      const node = trie.own(owner.octets, 0, 0);
      space.arena.words[(node >> 2) + 2 + 2 * index] = nodes.withoutRecord(space, rrset, record);
      this.records--;
    }
    return true;
  }

  /** Removes an RRset; RRSIG means all signatures of the name. False when there is none. */
  removeRrset(owner: Name, type: number): boolean {
    let isRemoved = false;
    for (const trie of this.#triesOf(type)) {
      for (;;) {
        const node = trie.find(owner.octets, 0);
        const rrset = node === 0 ? 0 : findRrset(this.space.arena, node, type);
        if (rrset === 0) break;
        this.#removeEntry(trie, owner, this.#entryOfRrset(node, rrset));
        isRemoved = true;
      }
    }
    return isRemoved;
  }

  /** Removes all RRsets of a name; names below it stay. False when it has none. */
  removeName(owner: Name): boolean {
    let isRemoved = false;
    for (const trie of [this.names, this.nsec3]) {
      for (;;) {
        const node = trie.find(owner.octets, 0);
        if (node === 0 || nodeRrsetCount(this.space.arena, node) === 0) break;
        this.#removeEntry(trie, owner, this.space.arena.words[(node >> 2) + 1]!);
        isRemoved = true;
      }
    }
    return isRemoved;
  }

  /** Gives an RRset another TTL. False when there is none. */
  setTtl(owner: Name, type: number, ttlSeconds: number): boolean {
    const [trie] = this.#triesOf(type);
    const found = trie!.find(owner.octets, 0);
    const index = found === 0 ? -1 : nodes.entryIndex(this.space, found, type);
    if (index < 0) return false;
    const node = trie!.own(owner.octets, 0, 0);
    const rrset = nodeRrset(this.space.arena, node, index);
    this.space.arena.words[(node >> 2) + 2 + 2 * index] = nodes.withTtl(this.space, rrset, ttlSeconds);
    return true;
  }

  /** The RRset as it is in this edit; for RRSIG, the first covered type's. */
  rrset(owner: Name, type: number): Rrset | null {
    const { arena } = this.space;
    for (const trie of this.#triesOf(type)) {
      const node = trie.find(owner.octets, 0);
      const rrset = node === 0 ? 0 : findRrset(arena, node, type);
      if (rrset !== 0) return readRrset(arena, owner, rrset);
    }
    return null;
  }

  /** All RRsets of a name as they are in this edit; signatures are an RRset for each type they cover. */
  rrsetsOf(owner: Name): Rrset[] {
    const { arena } = this.space;
    return [this.names, this.nsec3].flatMap((trie) => {
      const node = trie.find(owner.octets, 0);
      const count = node === 0 ? 0 : nodeRrsetCount(arena, node);
      return Array.from({ length: count }, (_, i) => readRrset(arena, owner, nodeRrset(arena, node, i)));
    });
  }

  /** Whether the name exists, empty non-terminals included. */
  hasName(owner: Name): boolean {
    return this.names.find(owner.octets, 0) !== 0;
  }

  /** Publishes the zone as it now is, with one atomic store. When it throws nothing was published, and `abort` is due. */
  commit(): void {
    assert(this.#isOpen, "an edit is committed once");
    this.#store.publish(this);
    this.#isOpen = false;
  }

  /** Forgets all of it. Also right after a failure in the middle of an edit; doing it twice does no harm. */
  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#store.drop(this);
  }

  #place(octets: Uint8Array, offset: number, length: number): nodes.RdataPlace {
    const place = this.#rdata;
    place.octets = octets;
    place.offset = offset;
    place.length = length;
    return place;
  }

  #trieOf(type: number, entry: number): TrieEdit {
    const isNsec3 = type === TYPE.NSEC3 || (type === TYPE.RRSIG && entry >>> 16 === TYPE.NSEC3);
    return isNsec3 ? this.nsec3 : this.names;
  }

  #triesOf(type: number): TrieEdit[] {
    if (type === TYPE.RRSIG) return [this.names, this.nsec3];
    return [type === TYPE.NSEC3 ? this.nsec3 : this.names];
  }

  #entryOfRrset(node: number, rrset: number): number {
    const { words } = this.space.arena;
    const count = words[node >> 2]! & 0xff;
    for (let i = 0; i < count; i++) {
      if (words[(node >> 2) + 2 + 2 * i] === rrset) return words[(node >> 2) + 1 + 2 * i]!;
    }
    return rrsetType(this.space.arena, rrset);
  }

  #removeEntry(trie: TrieEdit, owner: Name, entry: number): void {
    const { space } = this;
    const node = trie.own(owner.octets, 0, 0);
    const index = nodes.entryIndex(space, node, entry);
    const rrset = nodeRrset(space.arena, node, index);
    this.records -= rrsetCount(space.arena, rrset);
    space.release(rrset, rrsetOctets(space.arena, rrset));
    const smaller = nodes.withoutEntry(space, node, index);
    trie.replaceOwned(smaller);
    this.#prune(trie, owner);
  }

  /** Takes a name without RRsets out, and each ancestor that was only there because of it. */
  #prune(trie: TrieEdit, owner: Name): void {
    const { octets } = owner;
    let at = 0;
    for (let labels = owner.labelCount; labels >= this.#apexLabels; labels--) {
      const node = trie.find(octets, at);
      if (node === 0 || nodeRrsetCount(this.space.arena, node) > 0 || trie.hasNamesBelow(octets, at)) return;
      nodes.releaseNode(this.space, trie.remove(octets, at));
      at += octets[at]! + 1;
    }
  }
}

/** Types that are never data (RFC 6895 §3.1). */
function isNoData(type: number): boolean {
  return type === 0 || type === TYPE.OPT || (type >= 249 && type <= 255);
}

const labelStarts = new Int32Array(128);

/** Whether the name is the apex, which has so many labels, or below it. */
function isInside(octets: Uint8Array, offset: number, apex: Uint8Array, apexLabels: number): boolean {
  let count = 0;
  let end = offset;
  for (let length = octets[end]!; length !== 0; length = octets[end]!) {
    labelStarts[count++] = end;
    end += length + 1;
  }
  labelStarts[count] = end;
  if (count < apexLabels) return false;
  const start = labelStarts[count - apexLabels]!;
  if (end + 1 - start !== apex.length) return false;
  for (let i = 0; i < apex.length; i++) {
    const a = octets[start + i]!;
    const b = apex[i]!;
    if (a !== b && LOWER_CASE[a] !== LOWER_CASE[b]) return false;
  }
  return true;
}
