/** Copies all that a catalogue reaches into a fresh arena, in canonical order, so that what is read together stands together. */
import { type Arena, ArenaSpace } from "./arena.ts";
import { nodeOctets, nodeRrsetCount, rrsetOctets } from "./rrset-view.ts";
import { copyTrie } from "./trie-edit.ts";
import { readNodeName } from "./values.ts";
import { ZONE_FIELD, zoneField, zoneRecords } from "./zone-record.ts";
import { writeZoneRecord } from "./zone-write.ts";

/** Returns the root of the catalogue in the new arena. */
export function compactInto(from: Arena, catalogue: number, to: Arena): number {
  const space = new ArenaSpace(to);
  return copyTrie(from.words, catalogue, space, (zone) => copyZone(from, zone, space));
}

function copyZone(from: Arena, zone: number, space: ArenaSpace): number {
  const before = space.liveOctets;
  const copyOf = (field: number): number =>
    copyTrie(from.words, zoneField(from, zone, field), space, (node) => copyNode(from, node, space));
  const names = { root: copyOf(ZONE_FIELD.NAMES_ROOT) };
  const nsec3 = { root: copyOf(ZONE_FIELD.NSEC3_ROOT) };
  const octets = space.liveOctets - before;
  const record = copyBlock(from, zone, nodeOctets(from, zone), space);
  writeZoneRecord(space.arena, record, {
    apex: readNodeName(from, zone),
    names,
    nsec3,
    records: zoneRecords(from, zone),
  });
  space.arena.words[(record >> 2) + ZONE_FIELD.OCTETS] = octets;
  return record;
}

function copyNode(from: Arena, node: number, space: ArenaSpace): number {
  const copy = copyBlock(from, node, nodeOctets(from, node), space);
  const { words } = space.arena;
  for (let i = nodeRrsetCount(from, node); i > 0; i--) {
    const at = (copy >> 2) + 2 * i;
    const rrset = words[at]!;
    words[at] = copyBlock(from, rrset, rrsetOctets(from, rrset), space);
  }
  return copy;
}

function copyBlock(from: Arena, offset: number, octets: number, space: ArenaSpace): number {
  const copy = space.allocate(octets);
  space.arena.octets.set(from.octets.subarray(offset, offset + octets), copy);
  return copy;
}
