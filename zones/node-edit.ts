/** Changes to the RRsets of one node that an edit owns; see `rrset-view.ts` for how they stand in the arena. */
import { rdataType, TYPE } from "../dns/index.ts";
import { equalOctets } from "../base/index.ts";
import type { ArenaSpace } from "./arena.ts";
import {
  firstRecord,
  NODE_ENTRY_OCTETS,
  NODE_FLAG,
  NODE_HEAD_OCTETS,
  nextRecord,
  nodeOctets,
  nodeRrset,
  recordLength,
  RRSET_HEAD_OCTETS,
  rrsetCount,
  rrsetOctets,
  rrsetTtl,
} from "./rrset-view.ts";

/** RDATA of one record, somewhere. */
export interface RdataPlace {
  octets: Uint8Array;
  offset: number;
  length: number;
}

/** What names an RRset within its node: the type, and for RRSIG the type covered. */
export function entryOf(type: number, { octets, offset, length }: RdataPlace): number {
  if (type !== TYPE.RRSIG || length < 2) return type;
  return type | (octets[offset]! << 24) | (octets[offset + 1]! << 16);
}

/** The index of the entry, or -1. */
export function entryIndex({ arena }: ArenaSpace, node: number, entry: number): number {
  const first = (node >> 2) + 1;
  const count = arena.words[node >> 2]! & 0xff;
  for (let i = 0; i < count; i++) if (arena.words[first + 2 * i] === entry) return i;
  return -1;
}

/** Writes the entry at `index`, and the flags that follow from its type. */
export function setEntry({ arena }: ArenaSpace, node: number, index: number, entry: number, rrset: number): void {
  const at = (node >> 2) + 1 + 2 * index;
  arena.words[at] = entry;
  arena.words[at + 1] = rrset;
  arena.words[node >> 2]! |= flagOf(entry);
}

function flagOf(entry: number): number {
  switch (entry) {
    case TYPE.NS:
      return NODE_FLAG.NS;
    case TYPE.CNAME:
      return NODE_FLAG.CNAME;
    case TYPE.DNAME:
      return NODE_FLAG.DNAME;
    case TYPE.NSEC:
      return NODE_FLAG.NSEC;
    default:
      return 0;
  }
}

/** The node with room for one more entry at its end. It takes the old one's place, which is released. */
export function withEntry(space: ArenaSpace, node: number): number {
  const { words, octets } = space.arena;
  const count = words[node >> 2]! & 0xff;
  const length = nodeOctets(space.arena, node);
  const larger = space.allocate(length + NODE_ENTRY_OCTETS);
  const head = NODE_HEAD_OCTETS + count * NODE_ENTRY_OCTETS;
  words.copyWithin(larger >> 2, node >> 2, (node + head) >> 2);
  words[larger >> 2] = words[node >> 2]! + 1;
  words[(larger + head) >> 2] = 0;
  words[((larger + head) >> 2) + 1] = 0;
  octets.copyWithin(larger + head + NODE_ENTRY_OCTETS, node + head, node + length);
  space.release(node, length);
  return larger;
}

/** The node without that entry. It takes the old one's place, which is released; the RRset is not. */
export function withoutEntry(space: ArenaSpace, node: number, index: number): number {
  const { words, octets } = space.arena;
  const head = words[node >> 2]!;
  const count = head & 0xff;
  const length = nodeOctets(space.arena, node);
  const entry = words[(node >> 2) + 1 + 2 * index]!;
  const smaller = space.allocate(length - NODE_ENTRY_OCTETS);
  words[smaller >> 2] = (head - 1) & ~flagOf(entry);
  for (let i = 0, to = (smaller >> 2) + 1; i < count; i++) {
    if (i === index) continue;
    words[to++] = words[(node >> 2) + 1 + 2 * i]!;
    words[to++] = words[(node >> 2) + 2 + 2 * i]!;
  }
  const nameAt = node + NODE_HEAD_OCTETS + count * NODE_ENTRY_OCTETS;
  octets.copyWithin(smaller + (nameAt - node) - NODE_ENTRY_OCTETS, nameAt, node + length);
  space.release(node, length);
  return smaller;
}

export function newRrset(space: ArenaSpace, type: number, ttlSeconds: number, rdata: RdataPlace): number {
  const rrset = space.allocate(RRSET_HEAD_OCTETS + 2 + rdata.length);
  const { words } = space.arena;
  words[rrset >> 2] = type | (1 << 16);
  words[(rrset >> 2) + 1] = ttlSeconds;
  writeRecord(space, rrset + RRSET_HEAD_OCTETS, rdata);
  return rrset;
}

function writeRecord({ arena }: ArenaSpace, at: number, { octets, offset, length }: RdataPlace): void {
  const to = arena.octets;
  to[at] = length >> 8;
  to[at + 1] = length;
  for (let i = 0; i < length; i++) to[at + 2 + i] = octets[offset + i]!;
}

/** The RRset with one record more and that TTL. It takes the old one's place. */
export function withRecord(space: ArenaSpace, rrset: number, ttlSeconds: number, rdata: RdataPlace): number {
  const { arena } = space;
  const length = rrsetOctets(arena, rrset);
  const longer = length + 2 + rdata.length;
  let result = rrset;
  if (!space.extend(rrset, length, longer)) {
    result = space.allocate(longer);
    arena.octets.copyWithin(result, rrset, rrset + length);
    space.release(rrset, length);
  }
  arena.words[result >> 2]! += 1 << 16;
  arena.words[(result >> 2) + 1] = ttlSeconds;
  writeRecord(space, result + length, rdata);
  return result;
}

/** The RRset without that record, which must not be its only one. */
export function withoutRecord(space: ArenaSpace, rrset: number, record: number): number {
  const { arena } = space;
  const length = rrsetOctets(arena, rrset);
  const end = nextRecord(arena, record);
  const result = space.allocate(length - (end - record));
  arena.octets.copyWithin(result, rrset, record);
  arena.octets.copyWithin(result + (record - rrset), end, rrset + length);
  arena.words[result >> 2]! -= 1 << 16;
  space.release(rrset, length);
  return result;
}

/** The RRset with another TTL. */
export function withTtl(space: ArenaSpace, rrset: number, ttlSeconds: number): number {
  if (rrsetTtl(space.arena, rrset) === ttlSeconds) return rrset;
  const { arena } = space;
  let result = rrset;
  if (!space.isOwn(rrset)) {
    const length = rrsetOctets(arena, rrset);
    result = space.allocate(length);
    arena.octets.copyWithin(result, rrset, rrset + length);
    space.release(rrset, length);
  }
  arena.words[(result >> 2) + 1] = ttlSeconds;
  return result;
}

/** The record of the RRset that has the same RDATA, names in it compared without case (RFC 2136 §1.1.1); 0: none. */
export function findRecord(space: ArenaSpace, rrset: number, type: number, rdata: RdataPlace): number {
  const { arena } = space;
  let record = firstRecord(arena, rrset);
  for (let left = rrsetCount(arena, rrset); left > 0; left--, record = nextRecord(arena, record)) {
    if (recordLength(arena, record) === rdata.length && hasRdata(arena.octets, record + 2, type, rdata)) return record;
  }
  return 0;
}

function hasRdata(octets: Uint8Array, at: number, type: number, rdata: RdataPlace): boolean {
  let isSame = true;
  for (let i = 0; i < rdata.length; i++) {
    const a = octets[at + i]!;
    const b = rdata.octets[rdata.offset + i]!;
    if (a === b) continue;
    isSame = false;
    // Names that differ only in case differ in this bit only; anything else is another record.
    if ((a ^ b) !== 0x20) return false;
  }
  if (isSame) return true;
  const declared = rdataType(type);
  const mine = new Uint8Array(octets.subarray(at, at + rdata.length));
  const theirs = new Uint8Array(rdata.octets.subarray(rdata.offset, rdata.offset + rdata.length));
  return equalOctets(declared.canonical(mine), declared.canonical(theirs));
}

/** Gives a node's RRsets back, and the node. Returns how many records they had. */
export function releaseNode(space: ArenaSpace, node: number): number {
  const { arena } = space;
  const count = arena.words[node >> 2]! & 0xff;
  let records = 0;
  for (let i = 0; i < count; i++) {
    const rrset = nodeRrset(arena, node, i);
    if (rrset === 0) continue;
    records += rrsetCount(arena, rrset);
    space.release(rrset, rrsetOctets(arena, rrset));
  }
  space.release(node, nodeOctets(arena, node));
  return records;
}
