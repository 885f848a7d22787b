import { describe, expect, test } from "vitest";
import { type Files, SeededRandom, systemFiles } from "../../base/index.ts";
import { Name, recordsOf, type Rr, TYPE } from "../../dns/index.ts";
import { ArenaFullError, loadZone, type ZoneEdit, ZoneStore, type ZoneView } from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";
import { PlainZone, type Proof } from "../support/plain-zone.ts";
import { nameBelow } from "../support/wild-zone.ts";
import { addRecord as add, change, expectExactGarbage } from "../support/zone-changes.ts";
import { ZoneModel, toldBy } from "../support/zone-model.ts";
import { chainOf } from "../support/zone-chain.ts";
import { tell, viewOf } from "../support/zone-told.ts";

const apex = Name.parse("example.");
const other = Name.parse("other.");
const small = { capacityOctets: 1 << 24 };

/** A published zone. */
function publish(store: ZoneStore, zone: Name, text: string): void {
  const edit = store.edit(zone);
  for (const each of rrs(text)) add(edit, each);
  edit.commit();
}

/** What was removed must leave nothing behind that a lookup stumbles over. */
function expectSameLookups(view: ZoneView, names: readonly Name[]): void {
  const records = Array.from(view.rrsets(), (rrset) => recordsOf([rrset])).flat();
  const plain = new PlainZone(view.apex, records);
  for (const name of names) {
    for (const type of [TYPE.A, TYPE.CNAME]) {
      expect(tell(view.lookup(name, type)), `${name.toString()} ${type}`).toEqual(plain.lookup(name, type));
    }
  }
}

describe("edits do what plain maps do, and versions stay what they were", () => {
  test.each(Array.from({ length: 20 }, (_, i) => i + 1))("seed %i", (seed) => {
    const random = new SeededRandom(seed);
    const zone = seed % 3 === 0 ? Name.root : apex;
    const store = ZoneStore.create(small);
    const names = [zone, ...Array.from({ length: 25 }, () => nameBelow(zone, random))];
    let model = new ZoneModel(zone);
    const versions: { readonly view: ZoneView; readonly told: unknown }[] = [];
    for (let round = 0; round < 25; round++) {
      const changed = random.below(8) === 0 ? new ZoneModel(zone) : model.copy();
      const isReplaced = changed.told.records === 0;
      const edit = isReplaced ? store.replace(zone) : store.edit(zone);
      for (let i = random.below(30); i >= 0; i--) change(edit, changed, names, random);
      if (random.below(4) === 0) edit.abort();
      else {
        edit.commit();
        model = changed;
      }
      if (store.zoneOf(zone) === 0) continue;
      const told = toldBy(viewOf(store, zone));
      expect(told).toEqual(model.told);
      if (told.records > 0) expectSameLookups(viewOf(store, zone), names);
      versions.push({ view: viewOf(store, zone), told });
      if (random.below(6) === 0) expectExactGarbage(store);
    }
    for (const { view, told } of versions) expect(toldBy(view)).toEqual(told);
    expectExactGarbage(store);
  });
});

describe("publishing", () => {
  test("nobody sees an edit before it is committed", () => {
    const store = ZoneStore.create(small);
    const edit = store.edit(apex);
    add(edit, rr("a.example. 300 A 192.0.2.1"));
    expect(store.zoneOf(apex)).toBe(0);
    edit.commit();
    expect(viewOf(store, apex).get(Name.parse("a.example."), TYPE.A)?.rdatas).toHaveLength(1);
  });

  test("edits of two zones may overlap", () => {
    const store = ZoneStore.create(small);
    const one = store.edit(apex);
    const two = store.edit(other);
    for (let i = 0; i < 50; i++) {
      add(one, rr(`h${i}.example. 300 A 192.0.2.1`));
      add(two, rr(`h${i}.other. 300 A 192.0.2.2`));
    }
    two.commit();
    one.commit();
    expect(viewOf(store, apex).recordCount).toBe(50);
    for (const view of [viewOf(store, apex), viewOf(store, other)]) expect([...view.names()]).toHaveLength(51);
    expectExactGarbage(store);
  });

  test.each(["first", "second"])("of two edits that overlap the %s is aborted and the other is whole", (which) => {
    const store = ZoneStore.create(small);
    const one = store.edit(apex);
    const two = store.edit(other);
    const fill = (edit: ZoneEdit, zone: string): void => {
      for (let i = 0; i < 50; i++) add(edit, rr(`h${i}.${zone} 300 A 192.0.2.1`));
    };
    fill(two, "other.");
    fill(one, "example.");
    const [gone, kept, zone] = which === "first" ? ([one, two, other] as const) : ([two, one, apex] as const);
    gone.abort();
    const third = store.edit(Name.parse("third."));
    fill(third, "third.");
    third.commit();
    kept.commit();
    expect([...store.zones()].map((stored) => stored.apex.toString())).toEqual(
      [zone.toString(), "third."].sort((a, b) => Name.parse(a).compare(Name.parse(b))),
    );
    expect(viewOf(store, zone).recordCount).toBe(50);
    expect([...viewOf(store, zone).rrsets()]).toHaveLength(50);
    expectExactGarbage(store);
  });

  test("an abort gives back what the edit took, and a second does nothing", () => {
    const store = ZoneStore.create(small);
    publish(store, apex, "a.example. 300 A 192.0.2.1");
    const before = store.stats;
    const edit = store.edit(apex);
    for (let i = 0; i < 50; i++) add(edit, rr(`h${i}.example. 300 A 192.0.2.1`));
    edit.abort();
    edit.abort();
    expect(store.stats).toEqual(before);
  });

  test("of two edits of one zone the later one to commit is refused", () => {
    const store = ZoneStore.create(small);
    const one = store.edit(apex);
    const two = store.edit(apex);
    add(one, rr("a.example. 300 A 192.0.2.1"));
    add(two, rr("b.example. 300 A 192.0.2.1"));
    one.commit();
    expect(() => two.commit()).toThrow("nobody else changed the zone");
    two.abort();
    expect(viewOf(store, apex).recordCount).toBe(1);
    expectExactGarbage(store);
  });

  test("a zone that is removed is gone, and an enclosing one answers for it", () => {
    const store = ZoneStore.create(small);
    publish(store, apex, "example. 300 NS ns.test.");
    publish(store, Name.parse("sub.example."), "sub.example. 300 NS ns.test.");
    const name = Name.parse("x.sub.example.").octets;
    expect(store.findZone(name, 0)).toBe(store.zoneOf(Name.parse("sub.example.")));
    expect(store.remove(Name.parse("sub.example."))).toBe(true);
    expect(store.remove(Name.parse("sub.example."))).toBe(false);
    expect(store.findZone(name, 0)).toBe(store.zoneOf(apex));
    expectExactGarbage(store);
  });

  test("a store that is full leaves what was published whole, and takes the next edit", () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 16 });
    publish(store, apex, "a.example. 300 A 192.0.2.1");
    const before = toldBy(viewOf(store, apex));
    const stats = store.stats;
    for (const begin of [() => store.edit(apex), () => store.replace(apex), () => store.edit(other)]) {
      const edit = begin();
      expect(() => {
        for (let i = 0; i < 5000; i++) add(edit, rr(`h${i}.${edit.apex.toString()} 300 A 192.0.2.1`));
      }).toThrow(ArenaFullError);
      edit.abort();
      expect(toldBy(viewOf(store, apex))).toEqual(before);
      expect(store.stats).toEqual(stats);
    }
    publish(store, apex, "b.example. 300 A 192.0.2.1");
    expect(viewOf(store, apex).recordCount).toBe(2);
  });

  test("garbage makes room before an edit begins", () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 16 });
    const text = Array.from({ length: 300 }, (_, i) => `h${i}.example. 300 A 192.0.2.1`);
    for (let round = 0; round < 20; round++) {
      const edit = round % 2 === 0 ? store.replace(apex) : store.edit(apex);
      for (const each of text) {
        const record = rr(each);
        edit.removeRrset(record.owner, record.type);
        add(edit, record);
      }
      edit.commit();
      expect(viewOf(store, apex).recordCount).toBe(300);
    }
    expectExactGarbage(store);
  });

  test("a file that does not fit leaves the version before and no edit open", () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 16 });
    publish(store, apex, "a.example. 300 A 192.0.2.1");
    const octets = new TextEncoder().encode("$TTL 60\n$GENERATE 1-5000 h$ A 192.0.2.1\n");
    const files: Files = { ...systemFiles, read: () => octets };
    const outcome = loadZone({ store, files }, { apex, file: "/large" });
    expect(outcome.kind).toBe("refused");
    expect(outcome.problems[0]?.message).toContain("65536 octets of memory");
    expect(viewOf(store, apex).recordCount).toBe(1);
    store.compact();
  });

  test("whatever the room, a commit publishes all or throws and can be aborted", () => {
    for (let records = 1500; records < 1560; records++) {
      const store = ZoneStore.create({ capacityOctets: 1 << 16 });
      publish(store, other, "other. 300 NS ns.test.");
      const edit = store.edit(apex);
      let isFull = false;
      try {
        for (let i = 0; i < records; i++) add(edit, rr(`h${i}.example. 300 A 192.0.2.1`));
        edit.commit();
      } catch (error) {
        expect(error).toBeInstanceOf(ArenaFullError);
        isFull = true;
        edit.abort();
      }
      expect([...store.zones()]).toHaveLength(isFull ? 1 : 2);
      if (!isFull) expect(viewOf(store, apex).recordCount).toBe(records);
      expect([...viewOf(store, other).rrsets()]).toHaveLength(1);
    }
  });
});

describe("what an edit refuses", () => {
  test.each([
    ["example. 300 ANY \\# 0", "meta-type", "RFC 6895 §3.1"],
    ["a.test. 300 A 192.0.2.1", "outside-zone", "not at or below the apex"],
    ["xexample. 300 A 192.0.2.1", "outside-zone", "a suffix of octets is no suffix of labels"],
    [". 300 A 192.0.2.1", "outside-zone", "above the apex"],
  ])("%s: %s, %s", (text, outcome) => {
    const edit = ZoneStore.create(small).edit(apex);
    expect(add(edit, rr(text))).toBe(outcome);
    expect(edit.records).toBe(0);
  });

  test("too many records in an RRset, too many types at a name (DESIGN §8)", () => {
    const edit = ZoneStore.create(small).edit(apex);
    const at = (type: number, octet: number): Rr => ({
      ...rr("example. 300 A 192.0.2.1"),
      type,
      rdata: Uint8Array.of(192, 0, 2, octet),
    });
    for (let i = 0; i < 100; i++) expect(add(edit, at(TYPE.A, i))).toBe("added");
    expect(add(edit, at(TYPE.A, 100))).toBe("too-many");
    for (let i = 1; i < 100; i++) expect(add(edit, at(1000 + i, 1))).toBe("added");
    expect(add(edit, at(2000, 1))).toBe("too-many");
    expect(edit.records).toBe(199);
  });

  test("one record in two spellings is one (RFC 4343), two that only look alike are two", () => {
    const edit = ZoneStore.create(small).edit(apex);
    expect(add(edit, rr("example. 300 NS NS.example."))).toBe("added");
    expect(add(edit, rr("Example. 300 NS ns.example."))).toBe("duplicate");
    expect(add(edit, rr("example. 300 TXT a"))).toBe("added");
    expect(add(edit, rr("example. 300 TXT A"))).toBe("added");
    expect(edit.removeRecord(apex, TYPE.NS, Name.parse("nS.example.").octets)).toBe(true);
    expect(edit.records).toBe(2);
  });
});

test("signatures stand by the type they cover and go with RRSIG as a whole", () => {
  const store = ZoneStore.create(small);
  const signature = (type: string): string =>
    `example. 300 RRSIG ${type} 8 1 300 20300101000000 20200101000000 1 example. AAAA`;
  publish(store, apex, `example. 300 A 192.0.2.1\n${signature("A")}\n${signature("SOA")}`);
  const edit = store.edit(apex);
  expect(edit.removeRrset(apex, TYPE.RRSIG)).toBe(true);
  expect(edit.removeRrset(apex, TYPE.RRSIG)).toBe(false);
  edit.commit();
  expect([...viewOf(store, apex).rrsets()].map(({ type }) => type)).toEqual([TYPE.A]);
  expectExactGarbage(store);
});

test("NSEC3 have names of their own: compaction keeps them, and each can be removed", () => {
  const store = ZoneStore.create(small);
  const records = rrs("example. 300 SOA ns.test. a.test. 7 1 1 1 1\na.b.example. 300 A 192.0.2.1");
  const proof: Proof = { kind: "nsec3", iterations: 1, salt: Uint8Array.of(1) };
  const chain = chainOf(apex, records, proof);
  const edit = store.edit(apex);
  for (const each of [...records, ...chain]) add(edit, each);
  edit.commit();
  const before = viewOf(store, apex).lookup(Name.parse("c.b.example."), TYPE.A);
  expect(tell(before)).toEqual(
    new PlainZone(apex, [...records, ...chain], proof).lookup(Name.parse("c.b.example."), TYPE.A),
  );
  expect(tell(before).proofs).not.toEqual([]);
  expectExactGarbage(store);
  expect(viewOf(store, apex).lookup(Name.parse("c.b.example."), TYPE.A)).toEqual(before);
  expect([...viewOf(store, apex).names()].map(String)).toEqual(["example.", "b.example.", "a.b.example."]);
  const unsigning = store.edit(apex);
  for (const [i, { owner, type }] of chain.entries()) {
    expect(i % 2 === 0 ? unsigning.removeRrset(owner, type) : unsigning.removeName(owner)).toBe(true);
    expect(unsigning.rrset(owner, type)).toBeNull();
  }
  unsigning.commit();
  expect(viewOf(store, apex).recordCount).toBe(2);
  expect(tell(viewOf(store, apex).lookup(Name.parse("c.b.example."), TYPE.A)).proofs).toEqual([]);
  expectExactGarbage(store);
});

test("100,000 changes leave the store as large as one", () => {
  const store = ZoneStore.create({ capacityOctets: 1 << 27 });
  publish(store, apex, Array.from({ length: 300 }, (_, i) => `h${i}.example. 300 A 192.0.2.1`).join("\n"));
  const names = Array.from({ length: 300 }, (_, i) => Name.parse(`h${i}.example.`));
  const random = new SeededRandom(1);
  let moves = 0;
  store.onMove = () => moves++;
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    const { octets } = random.pick(names);
    const edit = store.edit(apex);
    const address = Uint8Array.of(192, 0, 2, i);
    const owner = Name.fromChecked(octets);
    edit.removeRrset(owner, TYPE.A);
    edit.add(octets, 0, TYPE.A, 300, address, 0, 4);
    edit.commit();
    most = Math.max(most, store.stats.usedOctets);
  }
  expect(viewOf(store, apex).recordCount).toBe(300);
  expect(moves).toBeGreaterThan(0);
  // Compaction sets in at 16 MiB of garbage when that is half of what is used.
  expect(most).toBeLessThan(40 << 20);
  expectExactGarbage(store);
  expect(store.stats.usedOctets).toBeLessThan(40_000);
});

test("ten thousand zones: each is found, the closest one wins, all go again", () => {
  const store = ZoneStore.create({ capacityOctets: 1 << 26 });
  const zones = Array.from({ length: 10_000 }, (_, i) =>
    Name.parse(i % 2 === 0 ? `z${i}.test.` : `sub.z${i - 1}.test.`),
  );
  const soa = rr("x. 300 SOA ns.test. a.test. 7 1 1 1 1");
  for (const zone of zones) {
    const edit = store.replace(zone);
    add(edit, { ...soa, owner: zone });
    edit.commit();
  }
  expect([...store.zones()]).toHaveLength(10_000);
  for (const zone of zones) {
    const below = zone.child(Uint8Array.of(0x61)).child(Uint8Array.of(0x62));
    const found = store.findZone(below.octets, 0);
    expect(found).toBe(store.zoneOf(zone));
    expect(found).not.toBe(0);
  }
  expect(store.findZone(Name.parse("z0.tes.").octets, 0)).toBe(0);
  expect(store.findZone(Name.parse("test.").octets, 0)).toBe(0);
  expect([...store.zones()][1]).toMatchObject({ serial: 7, records: 1 });
  for (const zone of zones) expect(store.remove(zone)).toBe(true);
  expect([...store.zones()]).toEqual([]);
  store.compact();
  expect(store.stats.usedOctets).toBe(8);
});
