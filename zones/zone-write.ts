/** Fills in a zone record from a zone's tries: what lookups want to know at once is found here once. */
import type { Name } from "../dns/index.ts";
import { TYPE } from "../dns/index.ts";
import type { Arena } from "./arena.ts";
import { NameKey } from "./key.ts";
import { findRrset, firstRecord, recordLength } from "./rrset-view.ts";
import { Cursor, Seek } from "./trie.ts";
import { ZONE_FIELD } from "./zone-record.ts";

export interface ZoneContent {
  readonly apex: Name;
  readonly names: { readonly root: number; readonly count: number };
  readonly nsec3: { readonly root: number };
  readonly records: number;
  /** See `name-index.ts`; 0: none. */
  readonly index: number;
}

const key = new NameKey();
const seek = new Seek();
const cursor = new Cursor();

export function writeZoneRecord(arena: Arena, zone: number, content: ZoneContent): void {
  const { words } = arena;
  const at = zone >> 2;
  key.set(content.apex.octets, 0);
  seek.find(arena, content.names.root, key);
  const apex = seek.isExact ? seek.leaf : 0;
  const soa = apex === 0 ? 0 : findRrset(arena, apex, TYPE.SOA);
  words[at + ZONE_FIELD.NAMES_ROOT] = content.names.root;
  words[at + ZONE_FIELD.NSEC3_ROOT] = content.nsec3.root;
  words[at + ZONE_FIELD.APEX] = apex;
  words[at + ZONE_FIELD.SOA] = soa;
  words[at + ZONE_FIELD.NSEC3_PARAMETERS] = nsec3Parameters(arena, apex, content.nsec3.root);
  words[at + ZONE_FIELD.RECORDS] = content.records;
  words[at + ZONE_FIELD.INDEX] = content.index;
  words[at + ZONE_FIELD.NAMES] = content.names.count;
  words[at + ZONE_FIELD.SERIAL] = soa === 0 ? 0 : soaSerial(arena, soa);
}

/** A zone without NSEC3PARAM that has NSEC3 all the same is still proved by them. */
function nsec3Parameters(arena: Arena, apex: number, nsec3Root: number): number {
  if (nsec3Root === 0 || apex === 0) return 0;
  const parameters = findRrset(arena, apex, TYPE.NSEC3PARAM);
  if (parameters !== 0) return parameters;
  for (cursor.toFirst(arena, nsec3Root); cursor.leaf !== 0; cursor.next(arena)) {
    const rrset = findRrset(arena, cursor.leaf, TYPE.NSEC3);
    if (rrset !== 0) return rrset;
  }
  return 0;
}

/** The first of the five numbers at the end of the RDATA (RFC 1035 §3.3.13). */
function soaSerial(arena: Arena, soa: number): number {
  const record = firstRecord(arena, soa);
  const at = record + 2 + recordLength(arena, record) - 20;
  const { octets } = arena;
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!;
}
