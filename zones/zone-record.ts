/**
 * What the store keeps of a zone: a leaf in the catalogue, the trie of apexes. It begins as a node does, its entries being
 * the fields below, so the trie finds its name. A published one never changes, so its place in the arena is a version of the zone.
 */
import type { ArenaViews } from "./arena.ts";
import { leavesOf } from "./trie.ts";

/** Entries of two words that a zone record has in place of RRsets. */
export const ZONE_ENTRIES = 5;

/** Words behind the head. */
export const ZONE_FIELD = {
  NAMES_ROOT: 1,
  /** Owners of NSEC3 are no names for ordinary lookups (RFC 5155 §7.2.8), so they have a trie of their own. */
  NSEC3_ROOT: 2,
  APEX: 3,
  SOA: 4,
  /** NSEC3PARAM, or an NSEC3 to take the parameters from; 0 when the zone is not signed with NSEC3. */
  NSEC3_PARAMETERS: 5,
  RECORDS: 6,
  SERIAL: 7,
  OCTETS: 8,
  /** The index of its names (`name-index.ts`); 0 when it has none. */
  INDEX: 9,
  /** Leaves of the trie of names. */
  NAMES: 10,
} as const;

export function zoneField({ words }: ArenaViews, zone: number, field: number): number {
  return words[(zone >> 2) + field]!;
}

/** The apex's node; 0 in a zone without any names. */
export function zoneApex(views: ArenaViews, zone: number): number {
  return zoneField(views, zone, ZONE_FIELD.APEX);
}

/** The SOA RRset; 0 when there is none. */
export function zoneSoa(views: ArenaViews, zone: number): number {
  return zoneField(views, zone, ZONE_FIELD.SOA);
}

export function zoneSerial(views: ArenaViews, zone: number): number {
  return zoneField(views, zone, ZONE_FIELD.SERIAL) >>> 0;
}

export function zoneRecords(views: ArenaViews, zone: number): number {
  return zoneField(views, zone, ZONE_FIELD.RECORDS);
}

/** The trie of the zone's names, those of NSEC3 left out; 0 when there are none. */
export function zoneNamesRoot(views: ArenaViews, zone: number): number {
  return zoneField(views, zone, ZONE_FIELD.NAMES_ROOT);
}

/** All nodes of a version in the order of a transfer: names in canonical order, then the owners of NSEC3. */
export function* transferNodes(views: ArenaViews, zone: number): Generator<number> {
  for (const field of [ZONE_FIELD.NAMES_ROOT, ZONE_FIELD.NSEC3_ROOT])
    yield* leavesOf(views, zoneField(views, zone, field));
}
