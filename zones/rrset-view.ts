/**
 * Nodes, RRsets and records as they stand in the arena, read in place: nothing here allocates. All places are octet
 * offsets; 0 is "none".
 *
 *   node    word: RRsets | flags << 8 | octets of the name << 16 | labels << 24
 *           for each RRset two words: type | covered type << 16 (RRSIG only), place of the RRset
 *           owner name, wire format, case kept
 *   RRset   word: type | records << 16;  word: TTL;  records one after another
 *   record  RDLENGTH (16 bits, big-endian), RDATA uncompressed
 *
 * Signatures are an RRset for each type they cover, since that is how they are wanted (RFC 4035 §3.1.1).
 */
import { TYPE } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";

export const NODE_FLAG = {
  /** Owns NS. Below the apex that makes it a zone cut. */
  NS: 0x100,
  DNAME: 0x200,
  CNAME: 0x400,
  /** Has, or once had, a child `*`; without it there is none. */
  WILDCARD_BELOW: 0x800,
  NSEC: 0x1000,
} as const;

export const NODE_HEAD_OCTETS = 4;
export const NODE_ENTRY_OCTETS = 8;
export const RRSET_HEAD_OCTETS = 8;
const RRSIG_ENTRY = TYPE.RRSIG;

/** Where the owner name stands, in uncompressed wire format and the case it was given. */
export function nodeName({ words }: ArenaViews, node: number): number {
  return node + NODE_HEAD_OCTETS + (words[node >> 2]! & 0xff) * NODE_ENTRY_OCTETS;
}

export function nodeNameOctets({ words }: ArenaViews, node: number): number {
  return (words[node >> 2]! >> 16) & 0xff;
}

/** Labels of the owner, the root's not counted. */
export function nodeLabels({ words }: ArenaViews, node: number): number {
  return words[node >> 2]! >>> 24;
}

/** How many RRsets there are, the signatures for each type counted as one; 0 for an empty non-terminal. */
export function nodeRrsetCount({ words }: ArenaViews, node: number): number {
  return words[node >> 2]! & 0xff;
}

/** The RRset at `index`, in the order in which they were added. */
export function nodeRrset({ words }: ArenaViews, node: number, index: number): number {
  return words[(node >> 2) + 2 + 2 * index]!;
}

export function nodeHas({ words }: ArenaViews, node: number, flag: number): boolean {
  return (words[node >> 2]! & flag) !== 0;
}

/** The RRset of that type; for RRSIG the first of them. */
export function findRrset({ words }: ArenaViews, node: number, type: number): number {
  const first = (node >> 2) + 1;
  const end = first + 2 * (words[node >> 2]! & 0xff);
  for (let at = first; at < end; at += 2) {
    const entry = words[at]!;
    if (entry === type || (type === RRSIG_ENTRY && (entry & 0xffff) === RRSIG_ENTRY)) return words[at + 1]!;
  }
  return 0;
}

/** The RRSIGs that cover that type. */
export function findSignatures({ words }: ArenaViews, node: number, coveredType: number): number {
  const wanted = RRSIG_ENTRY | (coveredType << 16);
  const first = (node >> 2) + 1;
  const end = first + 2 * (words[node >> 2]! & 0xff);
  for (let at = first; at < end; at += 2) if (words[at] === wanted) return words[at + 1]!;
  return 0;
}

export function rrsetType({ words }: ArenaViews, rrset: number): number {
  return words[rrset >> 2]! & 0xffff;
}

export function rrsetCount({ words }: ArenaViews, rrset: number): number {
  return words[rrset >> 2]! >>> 16;
}

export function rrsetTtl({ words }: ArenaViews, rrset: number): number {
  return words[(rrset >> 2) + 1]!;
}

export function firstRecord(_views: ArenaViews, rrset: number): number {
  return rrset + RRSET_HEAD_OCTETS;
}

/** The record behind this one; there is one as long as `rrsetCount` says so. */
export function nextRecord({ octets }: ArenaViews, record: number): number {
  return record + 2 + ((octets[record]! << 8) | octets[record + 1]!);
}

/** RDLENGTH. */
export function recordLength({ octets }: ArenaViews, record: number): number {
  return (octets[record]! << 8) | octets[record + 1]!;
}

/** Where the RDATA stands. */
export function recordRdata(_views: ArenaViews, record: number): number {
  return record + 2;
}

/** Octets of the whole RRset, its head included. */
export function rrsetOctets(views: ArenaViews, rrset: number): number {
  let record = firstRecord(views, rrset);
  for (let left = rrsetCount(views, rrset); left > 0; left--) record = nextRecord(views, record);
  return record - rrset;
}

/** Octets of the node alone, without its RRsets. */
export function nodeOctets({ words }: ArenaViews, node: number): number {
  const head = words[node >> 2]!;
  return NODE_HEAD_OCTETS + (head & 0xff) * NODE_ENTRY_OCTETS + ((head >> 16) & 0xff);
}
