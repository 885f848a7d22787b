import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { Name, TYPE } from "../../dns/index.ts";
import { Lookahead } from "../../zones/lookahead.ts";
import { hashOfName, NameHashes } from "../../zones/name-hash.ts";
import { ZoneStore } from "../../zones/store.ts";
import { readNodeName } from "../../zones/values.ts";
import { nameBelow, record } from "../support/wild-zone.ts";

const CAPACITY_OCTETS = 1 << 22;

test("the hashes of a name are those of its ancestors, in any case, wherever it stands", () => {
  const random = new SeededRandom(5);
  const hashes = new NameHashes();
  for (let i = 0; i < 500; i++) {
    const name = nameBelow(Name.parse("Example."), random);
    const offset = random.below(20);
    const octets = new Uint8Array(300);
    octets.set(name.octets, offset);
    hashes.set(octets, offset);
    expect([hashes.labelCount, hashes.nameOctets]).toEqual([name.labelCount, name.octets.length]);
    for (let labels = 0; labels <= name.labelCount; labels++) {
      const ancestor = name.ancestor(labels);
      expect(hashes.hashes[labels]).toBe(hashOfName(ancestor.octets, 0));
      expect(hashes.hashes[labels]).toBe(hashOfName(Name.parse(ancestor.toString().toUpperCase()).octets, 0));
      expect(hashes.starts[labels]).toBe(offset + name.octets.length - ancestor.octets.length);
    }
  }
});

test("another name in the place of one that was hashed is hashed anew", () => {
  const hashes = new NameHashes();
  const octets = new Uint8Array(64);
  octets.set(Name.parse("one.example.").octets);
  hashes.set(octets, 0);
  octets.set(Name.parse("two.example.").octets);
  hashes.set(octets, 0);
  expect(hashes.hashes[2]).toBe(hashOfName(Name.parse("two.example.").octets, 0));
});

describe("the closest zone, by hashes and by the trie", () => {
  test.each([1, 5, 31, 32, 33, 60])("of %i zones", (count) => {
    const random = new SeededRandom(count);
    const store = ZoneStore.create({ capacityOctets: CAPACITY_OCTETS });
    const apexes = new Map<string, Name>();
    while (apexes.size < count) {
      const apex =
        random.below(4) === 0 ? Name.parse(`z${random.below(50)}.`) : nameBelow(Name.parse("example."), random);
      apexes.set(apex.key, apex);
    }
    const expectClosest = (): void => {
      for (let i = 0; i < 300; i++) {
        const name = nameBelow(random.pick([Name.root, Name.parse("example."), ...apexes.values()]), random);
        const closest = Array.from({ length: name.labelCount + 1 }, (_, up) =>
          name.ancestor(name.labelCount - up),
        ).find((ancestor) => store.zoneOf(ancestor) !== 0);
        const zone = store.findZone(name.octets, 0);
        expect(zone === 0 ? undefined : readNodeName(store, zone).key, name.toString()).toBe(closest?.key);
      }
    };
    for (const apex of apexes.values()) {
      const edit = store.replace(apex);
      const soa = record(apex, TYPE.SOA, random);
      edit.add(apex.octets, 0, TYPE.SOA, 300, soa.rdata, 0, soa.rdata.length);
      edit.commit();
    }
    expectClosest();
    store.remove(random.pick([...apexes.values()]));
    expectClosest();
    store.compact();
    expectClosest();
  });
});

test("another arena whose catalogue stands in the same place holds other zones", () => {
  const random = new SeededRandom(3);
  const store = ZoneStore.create({ capacityOctets: CAPACITY_OCTETS });
  const names = ["aa.", "bb."].map((text) => Name.parse(text));
  const expectAlone = (apex: Name): void => {
    const soa = record(apex, TYPE.SOA, random);
    const edit = store.replace(apex);
    edit.add(apex.octets, 0, TYPE.SOA, 300, soa.rdata, 0, soa.rdata.length);
    edit.commit();
    for (const other of names) if (other !== apex) store.remove(other);
    store.compact();
    expect(names.map((name) => store.findZone(name.octets, 0) !== 0)).toEqual(names.map((name) => name === apex));
  };
  expectAlone(names[0]!);
  expectAlone(names[1]!);
});

test("whatever came instead of a question, looking ahead does no harm", () => {
  const random = new SeededRandom(9);
  const store = ZoneStore.create({ capacityOctets: CAPACITY_OCTETS, indexedNamesMin: 1 });
  const apex = Name.parse("example.");
  const edit = store.replace(apex);
  for (let i = 0; i < 300; i++) {
    const { owner, type, rdata } = record(nameBelow(apex, random), TYPE.A, random);
    edit.add(owner.octets, 0, type, 300, rdata, 0, rdata.length);
  }
  edit.commit();
  const lookahead = new Lookahead();
  for (let round = 0; round < 200; round++) {
    const questions = Array.from({ length: 64 }, (_, i) => {
      const octets = random.octets(512);
      if (i % 2 === 0) octets.set(nameBelow(apex, random).octets, 12);
      if (i % 7 === 0) octets.fill(1);
      if (i % 11 === 0) octets.fill(63, 12);
      return octets;
    });
    lookahead.look(store, questions, questions.length, 12);
  }
});

test("a zone that was found ahead is one of the arena that it was found in", () => {
  const store = ZoneStore.create({ capacityOctets: CAPACITY_OCTETS, indexedNamesMin: 1 });
  const apex = Name.parse("example.");
  const soa = record(apex, TYPE.SOA, new SeededRandom(5));
  const edit = store.replace(apex);
  edit.add(apex.octets, 0, TYPE.SOA, 300, soa.rdata, 0, soa.rdata.length);
  edit.commit();
  const lookahead = new Lookahead();
  const question = Name.parse("www.example.").octets;
  lookahead.look(store, [question], 1, 0);
  expect(lookahead.zone(0, store)).toBe(store.findZone(question, 0));
  store.compact();
  expect(lookahead.zone(0, store)).toBe(0);
});
