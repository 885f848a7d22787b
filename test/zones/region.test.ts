/** Zones built in regions that the writer has lent: as if they were built in place, whatever else goes on meanwhile. */
import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { Arena, ArenaFullError, ArenaSpace } from "../../zones/arena.ts";
import { copyTrie } from "../../zones/copy-trie.ts";
import { loadText, type ZoneView, ZoneStore } from "../../zones/index.ts";
import { RegionStore } from "../../zones/region.ts";
import { publishBuilt } from "../support/built-zone.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import { rrs } from "../support/messages.ts";
import { generateZones } from "../support/zone-generator.ts";
import { toldBy } from "../support/zone-model.ts";
import { viewOf } from "../support/zone-told.ts";

const apex = Name.parse("example.");
const other = Name.parse("other.");
const small = { capacityOctets: 1 << 22 };
const hosts = (zone: string, count: number): string =>
  Array.from({ length: count }, (_, i) => `h${i}.${zone} 300 A 192.0.2.${i & 255}`).join("\n");

function publish(store: ZoneStore, zone: Name, text: string): void {
  const edit = store.edit(zone);
  for (const { owner, type, ttlSeconds, rdata } of rrs(text)) {
    edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
  }
  edit.commit();
}

/** What is in use must be exactly what a compaction keeps. */
function expectExactGarbage(store: ZoneStore): void {
  const { usedOctets, garbageOctets } = store.stats;
  store.compact();
  expect(usedOctets - garbageOctets).toBe(store.stats.usedOctets);
}

const expectSame = (one: ZoneView, two: ZoneView): void => expect(toldBy(one)).toEqual(toldBy(two));

describe("a zone built in a region is the one built in place", () => {
  test.each(generateZones(411, 40).map((zone) => [zone.features.join(", "), zone] as const))("%s", (_, zone) => {
    const name = Name.parse(zone.apex);
    const source = { name: "zone", octets: new TextEncoder().encode(zone.text) };
    const file = { apex: name, file: "zone" };
    const files = new MemoryFiles();
    const inPlace = ZoneStore.create(small);
    const outcome = loadText({ store: inPlace, files }, file, source);
    const store = ZoneStore.create(small);
    publish(store, other, "other. 300 NS ns.test.");
    const region = store.lend(1 << 20);
    const built = new RegionStore(region);
    expect(loadText({ store: built, files }, file, source)).toEqual(outcome);
    if (built.built === null) {
      expect(outcome.kind).toBe("refused");
      store.takeBack(region);
      return expectExactGarbage(store);
    }
    store.settle(region, name, built.built);
    expectSame(viewOf(store, name), viewOf(inPlace, name));
    expectExactGarbage(store);
    expectSame(viewOf(store, name), viewOf(inPlace, name));
  });
});

describe("while a region is lent", () => {
  test("other zones are edited, and both are whole", () => {
    const store = ZoneStore.create(small);
    publish(store, apex, "old.example. 300 A 192.0.2.1");
    const region = store.lend(1 << 18);
    const built = new RegionStore(region);
    const edit = built.replace(apex);
    const records = rrs(hosts("example.", 200));
    records.forEach(({ owner, type, ttlSeconds, rdata }, i) => {
      edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
      if (i % 20 === 0) publish(store, other, `h${i}.other. 300 A 192.0.2.1`);
    });
    edit.commit();
    expect(viewOf(store, apex).recordCount).toBe(1);
    store.settle(region, apex, built.built!);
    expect(viewOf(store, apex).recordCount).toBe(200);
    expect([...viewOf(store, apex).rrsets()]).toHaveLength(200);
    expect([...viewOf(store, other).rrsets()]).toHaveLength(10);
    expectExactGarbage(store);
  });

  test("the zone itself may be edited: what is built takes its place all the same", () => {
    const store = ZoneStore.create(small);
    publish(store, apex, "old.example. 300 A 192.0.2.1");
    const region = store.lend(1 << 18);
    const built = new RegionStore(region);
    built.replace(apex).commit();
    publish(store, apex, "newer.example. 300 A 192.0.2.1");
    store.settle(region, apex, built.built!);
    expect(viewOf(store, apex).recordCount).toBe(0);
    expectExactGarbage(store);
  });

  test.each(["first", "second"])("of two regions the %s may be settled first", (which) => {
    const store = ZoneStore.create(small);
    const lent = [apex, other].map((zone) => {
      const region = store.lend(1 << 18);
      const built = new RegionStore(region);
      const edit = built.replace(zone);
      for (const { owner, type, ttlSeconds, rdata } of rrs(hosts(zone.toString(), 50))) {
        edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
      }
      edit.commit();
      return () => store.settle(region, zone, built.built!);
    });
    if (which === "second") lent.reverse();
    for (const settle of lent) settle();
    for (const zone of [apex, other]) expect([...viewOf(store, zone).rrsets()]).toHaveLength(50);
    expectExactGarbage(store);
  });

  test("nothing moves to another arena, however much garbage there is, and then it does", () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 18 });
    const region = store.lend(1 << 12);
    for (let i = 0; i < 40; i++) publishBuilt(store, other, rrs(hosts("other.", 40)), 1 << 13);
    expect(store.arena.buffer).toBe(region.buffer);
    store.takeBack(region);
    for (let i = 0; i < 40; i++) publishBuilt(store, other, rrs(hosts("other.", 40)), 1 << 13);
    expect(store.arena.buffer).not.toBe(region.buffer);
    expectExactGarbage(store);
  });
});

describe("giving back", () => {
  test("what is not needed is free again when nothing stands behind it", () => {
    const store = ZoneStore.create(small);
    publishBuilt(store, apex, rrs(hosts("example.", 50)), 1 << 20);
    const before = store.stats;
    expect(before.usedOctets).toBeLessThan(1 << 14);
    store.takeBack(store.lend(1 << 20));
    expect(store.stats).toEqual(before);
  });

  test("what stands before another zone is garbage", () => {
    const store = ZoneStore.create(small);
    const region = store.lend(1 << 16);
    publish(store, other, "other. 300 NS ns.test.");
    store.takeBack(region);
    expect(store.stats.garbageOctets).toBe(1 << 16);
    expectExactGarbage(store);
  });

  test("an edit that was begun behind the region goes on", () => {
    const store = ZoneStore.create(small);
    const region = store.lend(1 << 16);
    const edit = store.edit(other);
    store.takeBack(region);
    for (const { owner, type, ttlSeconds, rdata } of rrs(hosts("other.", 100))) {
      edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
    }
    publish(store, apex, hosts("example.", 20));
    edit.commit();
    expect([...viewOf(store, other).rrsets()]).toHaveLength(100);
    expect([...viewOf(store, apex).rrsets()]).toHaveLength(20);
    expectExactGarbage(store);
  });
});

describe("too little room", () => {
  test("a region gives no more than it has, and can be used again from its start", () => {
    const store = ZoneStore.create(small);
    const region = store.lend(1 << 12);
    const built = new RegionStore(region);
    const edit = built.replace(apex);
    const fill = (): void => {
      for (const { owner, type, ttlSeconds, rdata } of rrs(hosts("example.", 1000))) {
        edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
      }
    };
    expect(fill).toThrow(ArenaFullError);
    expect(built.arena.top).toBeLessThanOrEqual(region.end);
    edit.abort();
    expect(built.arena.top).toBe(region.start);
    store.takeBack(region);
    expect(store.stats.garbageOctets).toBe(0);
  });

  test("a store lends what it has, and nothing when it has nothing", () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 16 });
    const region = store.lend(1 << 30);
    expect(region.end).toBe(1 << 16);
    expect(() => store.lend(8)).toThrow(ArenaFullError);
    store.takeBack(region);
  });

  test("a built zone for which the catalogue has no room is taken back", () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 16 });
    publish(store, other, "other. 300 NS ns.test.");
    const { usedOctets, garbageOctets } = store.stats;
    const region = store.lend(1 << 16);
    const built = {
      names: { root: 0, count: 0 },
      nsec3: { root: 0 },
      records: 0,
      index: 0,
      liveOctets: 0,
      wasteOctets: 0,
    };
    expect(() => store.settle(region, apex, { ...built, end: region.end })).toThrow(ArenaFullError);
    expect(store.stats).toMatchObject({ usedOctets, garbageOctets });
    expect([...store.zones()].map((zone) => zone.apex.toString())).toEqual(["other."]);
    store.compact();
  });
});

test("a copied trie says the same", () => {
  for (const { apex: name, text } of generateZones(77, 10)) {
    const zone = { apex: Name.parse(name), file: "zone" };
    const from = new RegionStore(ZoneStore.create(small).lend(1 << 20));
    loadText({ store: from, files: new MemoryFiles() }, zone, { name: "zone", octets: new TextEncoder().encode(text) });
    if (from.built === null) continue;
    const space = new ArenaSpace(Arena.create(1 << 20));
    const again = new ArenaSpace(Arena.create(1 << 20));
    const root = copyTrie(from.arena, from.built.names.root, space);
    copyTrie(space.arena, root, again);
    expect(space.liveOctets).toBe(again.liveOctets);
    // Both are in canonical order and without gaps, so the one is the other.
    expect(space.arena.octets.subarray(0, space.arena.top)).toEqual(again.arena.octets.subarray(0, again.arena.top));
  }
});
