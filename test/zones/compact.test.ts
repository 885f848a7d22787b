/** Compaction a little at a time, between edits: what it leaves is what the plain one, all at once, leaves. */
import { describe, expect, test, vi } from "vitest";
import { type Clock, SeededRandom, SimulatedClock } from "../../base/index.ts";
import { Name, TYPE } from "../../dns/index.ts";
import { ArenaFullError, Compactor, ZoneStore, ZoneView } from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";
import { nameBelow } from "../support/wild-zone.ts";
import { chainOf } from "../support/zone-chain.ts";
import { addRecord, change, expectExactGarbage } from "../support/zone-changes.ts";
import { toldBy, ZoneModel } from "../support/zone-model.ts";
import { viewOf } from "../support/zone-told.ts";

const apex = Name.parse("example.");
const small = { capacityOctets: 1 << 24 };

/** A zone of so many hosts, from nothing. */
function fill(store: ZoneStore, hosts: number, zone = apex): void {
  const edit = store.replace(zone);
  for (let i = 0; i < hosts; i++) addRecord(edit, { ...rr("x. 300 A 192.0.2.1"), owner: host(i, zone) });
  edit.commit();
}

const host = (i: number, zone = apex): Name => zone.child(new TextEncoder().encode(`h${i}`));

function setAddress(store: ZoneStore, owner: Name, address: Uint8Array): void {
  const edit = store.edit(apex);
  edit.removeRrset(owner, TYPE.A);
  addRecord(edit, { ...rr("x. 300 A 192.0.2.1"), owner, rdata: address });
  edit.commit();
}

describe("zones that change while they are compacted are what plain maps are", () => {
  test.each(Array.from({ length: 40 }, (_, i) => i + 1))("seed %i", (seed) => {
    const random = new SeededRandom(seed);
    const store = ZoneStore.create(small);
    let moves = 0;
    store.onMove = () => moves++;
    // Zones within zones, so that the catalogue has ancestors; the root's trie parts elsewhere than theirs.
    const zones = [Name.root, apex, Name.parse("a.example."), Name.parse("b."), Name.parse("xyz.b.")];
    const models = new Map(zones.map((zone) => [zone, new ZoneModel(zone)]));
    const names = new Map(
      zones.map((zone) => [zone, [zone, ...Array.from({ length: 20 }, () => nameBelow(zone, random))]]),
    );
    const versions: { readonly view: ZoneView; readonly told: unknown }[] = [];
    for (let round = 0; round < 120; round++) {
      const zone = random.pick(zones);
      const fate = random.below(12);
      if (random.below(4) === 0) store.startCompaction();
      if (fate === 0) {
        const wasThere = store.zoneOf(zone) !== 0;
        expect(store.remove(zone)).toBe(wasThere);
        models.set(zone, new ZoneModel(zone));
      } else {
        if (store.zoneOf(zone) === 0) models.set(zone, new ZoneModel(zone));
        const changed = fate === 1 ? new ZoneModel(zone) : models.get(zone)!.copy();
        const edit = fate === 1 ? store.replace(zone) : store.edit(zone);
        for (let i = random.below(8); i >= 0; i--) change(edit, changed, names.get(zone)!, random);
        // An open edit does not keep the copying back, only its end.
        while (random.below(3) > 0) store.compactSome(random.below(2000));
        if (fate === 2) edit.abort();
        else {
          edit.commit();
          models.set(zone, changed);
          versions.push({ view: viewOf(store, zone), told: toldBy(viewOf(store, zone)) });
        }
      }
      for (const [each, model] of models) {
        const view = ZoneView.of(store, each);
        expect(view === null ? new ZoneModel(each).told : toldBy(view)).toEqual(model.told);
      }
      while (random.below(4) > 0) store.compactSome(random.below(4000));
    }
    expect(moves).toBeGreaterThan(0);
    for (const { view, told } of versions) expect(toldBy(view)).toEqual(told);
    expectExactGarbage(store);
  });
});

test("a zone with NSEC3 that changes meanwhile keeps its chain", () => {
  const store = ZoneStore.create(small);
  const proof = { kind: "nsec3", iterations: 1, salt: Uint8Array.of(1) } as const;
  const records = rrs("example. 300 SOA ns.test. a.test. 7 1 1 1 1\na.b.example. 300 A 192.0.2.1");
  const more = rrs("c.example. 300 A 192.0.2.1");
  const publish = (edit: ReturnType<ZoneStore["edit"]>, all: typeof records): void => {
    for (const each of all) addRecord(edit, each);
    edit.commit();
  };
  publish(store.edit(apex), [...records, ...chainOf(apex, records, proof)]);
  store.startCompaction();
  store.compactSome(200);
  const edit = store.edit(apex);
  for (const { owner, type } of chainOf(apex, records, proof)) edit.removeRrset(owner, type);
  publish(edit, [...more, ...chainOf(apex, [...records, ...more], proof)]);
  const before = toldBy(viewOf(store, apex));
  const denial = viewOf(store, apex).lookup(Name.parse("d.example."), TYPE.A);
  expect(denial).toMatchObject({ kind: "nxdomain" });
  while (store.compactSome(100));
  expect(toldBy(viewOf(store, apex))).toEqual(before);
  expect(viewOf(store, apex).lookup(Name.parse("d.example."), TYPE.A)).toEqual(denial);
  expectExactGarbage(store);
});

test("an edit does a bounded part of a compaction, however much it has changed itself", () => {
  const store = ZoneStore.create({ capacityOctets: 1 << 27 });
  fill(store, 20_000, Name.parse("large."));
  fill(store, 100);
  store.startCompaction();
  let moves = 0;
  store.onMove = () => moves++;
  fill(store, 20_000, Name.parse("other."));
  expect(moves).toBe(0);
  while (store.compactSome(1 << 20));
  expect(moves).toBe(1);
  expect([...store.zones()].map(({ records }) => records)).toEqual([100, 20_000, 20_000]);
  expectExactGarbage(store);
});

test("a compaction that finds less memory than it needs is given up, and the store goes on", () => {
  const store = ZoneStore.create({ capacityOctets: 1 << 21 });
  fill(store, 3000);
  const Whole = SharedArrayBuffer;
  vi.stubGlobal(
    "SharedArrayBuffer",
    class extends Whole {
      constructor(octets: number) {
        if (octets > 1 << 16) throw new RangeError("the system has no more");
        super(octets);
      }
    },
  );
  expect(() => store.compact()).toThrow(ArenaFullError);
  setAddress(store, host(1), Uint8Array.of(9, 9, 9, 9));
  vi.unstubAllGlobals();
  expect(viewOf(store, apex).get(host(1), TYPE.A)?.rdatas).toEqual([Uint8Array.of(9, 9, 9, 9)]);
  expect(viewOf(store, apex).recordCount).toBe(3000);
  expectExactGarbage(store);
});

describe("the compactor", () => {
  /** Each look at the clock takes a sixteenth of a millisecond. */
  function slowClock(simulated: SimulatedClock): Clock {
    let looks = 0;
    return {
      now: () => simulated.now() + ++looks / 16,
      wallSeconds: () => 0,
      after: (milliseconds, callback) => simulated.after(milliseconds, callback),
      soon: (callback) => simulated.soon(callback),
    };
  }

  test("works in slices with room between them, until nothing is left to do", async () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 27 });
    const simulated = new SimulatedClock();
    let collections = 0;
    const compactor = new Compactor({ store, clock: slowClock(simulated), collectGarbage: () => collections++ });
    let moves = 0;
    store.onMove = () => moves++;
    fill(store, 20_000);
    const { usedOctets } = store.stats;
    store.startCompaction();
    setAddress(store, host(1), Uint8Array.of(9, 9, 9, 9));
    // A slice of a quarter of a millisecond has time for four strides of 16 KiB, and there is one in each millisecond.
    const milliseconds = Math.floor(usedOctets / (4 << 14)) - 2;
    await simulated.advance(milliseconds);
    expect([moves, collections]).toEqual([0, 0]);
    await simulated.advance(milliseconds);
    expect([moves, collections]).toEqual([1, 1]);
    expect(viewOf(store, apex).recordCount).toBe(20_000);
    compactor.close();
    expectExactGarbage(store);
  });

  test("waits for an open edit, and comes back when it ends", async () => {
    const store = ZoneStore.create(small);
    const simulated = new SimulatedClock();
    const compactor = new Compactor({ store, clock: simulated, collectGarbage: () => undefined });
    let moves = 0;
    store.onMove = () => moves++;
    fill(store, 100);
    const open = store.edit(Name.parse("other."));
    store.startCompaction();
    setAddress(store, host(1), Uint8Array.of(9, 9, 9, 9));
    await simulated.advance(1000);
    expect(moves).toBe(0);
    open.abort();
    await simulated.advance(10);
    expect(moves).toBe(1);
    compactor.close();
  });
});
