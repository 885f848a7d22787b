import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { Name, type Rr, TYPE } from "../../dns/index.ts";
import { Arena, ArenaSpace, type ArenaViews } from "../../zones/arena.ts";
import { findNode, Lookup, lookup } from "../../zones/lookup.ts";
import { bucketAt, findIndexed, MARK, UNKNOWN } from "../../zones/name-index.ts";
import { markName, NameEntry, newNameIndex } from "../../zones/name-index-edit.ts";
import { NameHashes } from "../../zones/name-hash.ts";
import { nodeName } from "../../zones/rrset-view.ts";
import { ZoneStore } from "../../zones/store.ts";
import { leavesOf } from "../../zones/trie.ts";
import { TrieEdit } from "../../zones/trie-edit.ts";
import { type ZoneEdit } from "../../zones/zone-edit.ts";
import { ZONE_FIELD, zoneField } from "../../zones/zone-record.ts";
import { nearNames, record, WILD_QTYPES, wildZone } from "../support/wild-zone.ts";

const QTYPES = [...WILD_QTYPES, TYPE.RRSIG];

function add(edit: ZoneEdit, { owner, type, ttlSeconds, rdata }: Rr): void {
  edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
}

/** A version of a zone, and the same without its index: the plain way to everything. */
interface Version {
  readonly arena: Arena;
  readonly indexed: number;
  readonly plain: number;
}

function versionOf(store: ZoneStore, apex: Name): Version {
  const { arena } = store;
  const indexed = store.zoneOf(apex);
  const record = arena.words.slice(indexed >> 2, (indexed >> 2) + 80);
  record[ZONE_FIELD.INDEX] = 0;
  // Beyond what the store will ever use of its arena in a test.
  const plain = (spare -= 320);
  arena.words.set(record, plain >> 2);
  return { arena, indexed, plain };
}

const CAPACITY_OCTETS = 1 << 23;
let spare = CAPACITY_OCTETS;

function told(views: ArenaViews, zone: number, name: Name, qtype: number): unknown {
  const found = new Lookup();
  lookup(views, zone, name.octets, 0, qtype, found);
  const { kind, node, rrset, wildcard, labels, encloser } = found;
  return { kind, node, rrset, wildcard, labels, encloser, glue: findNode(views, zone, name.octets, 0) };
}

function expectSame({ arena, indexed, plain }: Version, names: readonly Name[], why: string): void {
  for (const name of names) {
    for (const qtype of QTYPES) {
      const expected = told(arena, plain, name, qtype);
      expect(told(arena, indexed, name, qtype), `${why}: ${name.toString()} ${qtype}`).toEqual(expected);
    }
  }
}

/** How many of the names of a version the index gives the node of. */
function known({ arena, indexed }: Version): number {
  const hashes = new NameHashes();
  let count = 0;
  for (const node of leavesOf(arena, zoneField(arena, indexed, ZONE_FIELD.NAMES_ROOT))) {
    hashes.set(arena.octets, nodeName(arena, node));
    const found = findIndexed(arena, zoneField(arena, indexed, ZONE_FIELD.INDEX), hashes, hashes.labelCount);
    if (found !== UNKNOWN) expect(found).toBe(node);
    if (found === node) count++;
  }
  return count;
}

describe("by the index and by the trie the same is found, in each version, whatever was changed since", () => {
  test.each(Array.from({ length: 24 }, (_, i) => i + 1))("seed %i", (seed) => {
    const random = new SeededRandom(seed);
    spare = CAPACITY_OCTETS;
    const store = ZoneStore.create({ capacityOctets: CAPACITY_OCTETS, indexedNamesMin: 1 });
    const { apex, records } = wildZone(random);
    const edit = store.replace(apex);
    for (const each of records) add(edit, each);
    edit.commit();
    const names = [...nearNames(apex, records, random)].slice(0, 60);
    const versions = [versionOf(store, apex)];
    expect(known(versions[0]!)).toBeGreaterThan(0);
    expectSame(versions[0]!, names, "at first");
    for (let round = 1; round <= 6; round++) {
      const change = store.edit(apex);
      for (let i = random.below(3); i >= 0; i--) changeOnce(change, names, random);
      // What is marked for an edit that is dropped costs only time.
      if (random.below(4) === 0) change.abort();
      else change.commit();
      versions.push(versionOf(store, apex));
      for (const [i, version] of versions.entries()) expectSame(version, names.slice(i), `version ${i} after ${round}`);
    }
    store.compact();
    spare = CAPACITY_OCTETS;
    const compacted = versionOf(store, apex);
    expectSame(compacted, names, "compacted");
  });
});

const TYPES = [TYPE.A, TYPE.NS, TYPE.CNAME, TYPE.DNAME, TYPE.TXT];

function changeOnce(edit: ZoneEdit, names: readonly Name[], random: SeededRandom): void {
  const name = random.pick(names);
  const type = random.pick(TYPES);
  if (random.below(3) === 0) edit.removeName(name);
  else if (random.below(3) === 0) edit.removeRrset(name, type);
  else add(edit, record(name, type, random));
}

test("an edit marks few names: the others are still found by the index", () => {
  spare = CAPACITY_OCTETS;
  const apex = Name.parse("example.");
  const store = ZoneStore.create({ capacityOctets: CAPACITY_OCTETS });
  const random = new SeededRandom(1);
  const edit = store.replace(apex);
  add(edit, record(apex, TYPE.SOA, random));
  for (let i = 0; i < 2000; i++) add(edit, record(Name.parse(`h${i}.example.`), TYPE.A, random));
  edit.commit();
  expect(known(versionOf(store, apex))).toBeGreaterThan(1950);
  const change = store.edit(apex);
  add(change, record(Name.parse("h7.example."), TYPE.TXT, random));
  add(change, record(Name.parse("new.example."), TYPE.A, random));
  change.removeName(Name.parse("h9.example."));
  change.commit();
  const after = versionOf(store, apex);
  expect(known(after)).toBeGreaterThan(1940);
  expectSame(
    after,
    ["h7", "h8", "h9", "new", "x.new", "x.h7"].map((label) => Name.parse(`${label}.example.`)),
    "after",
  );
  store.compact();
  spare = CAPACITY_OCTETS;
  expect(known(versionOf(store, apex))).toBeGreaterThan(1950);
});

test("small zones have none", () => {
  const store = ZoneStore.create({ capacityOctets: CAPACITY_OCTETS });
  const apex = Name.parse("example.");
  const edit = store.replace(apex);
  add(edit, record(apex, TYPE.SOA, new SeededRandom(1)));
  edit.commit();
  expect(zoneField(store, store.zoneOf(apex), ZONE_FIELD.INDEX)).toBe(0);
});

test("more names than fit: each is found or not known, and none is taken for another", () => {
  const space = new ArenaSpace(Arena.create(1 << 20));
  const { arena } = space;
  const trie = new TrieEdit(space, 0);
  const index = newNameIndex(space, 64, 1);
  const names = Array.from({ length: 400 }, (_, i) => Name.parse(`n${i}.`));
  const nodes = names.map((name) => trie.own(name.octets, 0, 0));
  const entry = new NameEntry(space, index);
  for (const node of nodes) entry.add(node);
  entry.end();
  const hashes = new NameHashes();
  const found = names.map((name) => {
    hashes.set(name.octets, 0);
    return findIndexed(arena, index, hashes, 1);
  });
  expect(found.every((node, i) => node === UNKNOWN || node === nodes[i])).toBe(true);
  expect(found.filter((node) => node === UNKNOWN).length).toBeGreaterThan(0);
  hashes.set(Name.parse("absent.").octets, 0);
  expect(findIndexed(arena, index, hashes, 1)).toBeLessThanOrEqual(0);
});

test("case does not matter, and a mark is for all that is in the bucket", () => {
  const space = new ArenaSpace(Arena.create(1 << 20));
  const trie = new TrieEdit(space, 0);
  const index = newNameIndex(space, 4, 1);
  const lower = Name.parse("www.example.");
  const upper = Name.parse("WWW.EXAMPLE.");
  const entry = new NameEntry(space, index);
  entry.add(trie.own(lower.octets, 0, 0));
  entry.end();
  const hashes = new NameHashes();
  hashes.set(upper.octets, 0);
  expect(findIndexed(space.arena, index, hashes, 2)).toBe(trie.find(lower.octets, 0));
  expect(findIndexed(space.arena, index, hashes, 1)).toBe(0);
  markName(space.arena.words, index, upper.octets, 0);
  expect(findIndexed(space.arena, index, hashes, 2)).toBe(UNKNOWN);
});

test("a bucket that is marked while it is read has the names that it had", () => {
  const space = new ArenaSpace(Arena.create(1 << 20));
  const { words, octets } = space.arena;
  const trie = new TrieEdit(space, 0);
  const index = newNameIndex(space, 4, 1);
  const name = Name.parse("www.example.");
  const entry = new NameEntry(space, index);
  entry.add(trie.own(name.octets, 0, 0));
  entry.end();
  const hashes = new NameHashes();
  hashes.set(name.octets, 0);
  // The writer's thread comes right after the reader has found the bucket without a mark.
  const marking = (after: number): Int32Array => {
    let reads = 0;
    return new Proxy(words, {
      get(target, place) {
        const value: unknown = Reflect.get(target, place);
        if (++reads === after) markName(words, index, name.octets, 0);
        return value;
      },
    });
  };
  for (let after = 1; after < 8; after++) {
    const found = findIndexed({ words: marking(after), octets }, index, hashes, 2);
    expect([UNKNOWN, trie.find(name.octets, 0)]).toContain(found);
    words[bucketAt(words, index, hashes.hashes[2]!) + 1]! &= ~MARK;
  }
});

test("no room for an index: the zone is published without", () => {
  const store = ZoneStore.create({ capacityOctets: 1 << 16, indexedNamesMin: 1 });
  const apex = Name.parse("example.");
  const edit = store.replace(apex);
  const random = new SeededRandom(1);
  add(edit, record(apex, TYPE.SOA, random));
  for (let i = 0; i < 1020; i++) add(edit, record(Name.parse(`h${i}.example.`), TYPE.A, random));
  edit.commit();
  const zone = store.zoneOf(apex);
  expect(zoneField(store, zone, ZONE_FIELD.INDEX)).toBe(0);
  expect(told(store, zone, Name.parse("h5.example."), TYPE.A)).toMatchObject({ kind: "answer" });
});
