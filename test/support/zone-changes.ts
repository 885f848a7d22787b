/** Random changes of a zone, done to an edit of the store and to the plain model alike, and what must hold of a store after any. */
import { expect } from "vitest";
import type { SeededRandom } from "../../base/index.ts";
import { type Name, type Rr, TYPE } from "../../dns/index.ts";
import type { ZoneEdit, ZoneStore } from "../../zones/index.ts";
import { record } from "./wild-zone.ts";
import type { ZoneModel } from "./zone-model.ts";

const TYPES = [TYPE.A, TYPE.A, TYPE.A, TYPE.TXT, TYPE.MX, TYPE.CNAME, TYPE.NS, TYPE.DNAME];

export function addRecord(edit: ZoneEdit, { owner, type, ttlSeconds, rdata }: Rr): string {
  return edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
}

/** One change, done to the edit and to the model; both must say the same of it. */
export function change(edit: ZoneEdit, model: ZoneModel, names: readonly Name[], random: SeededRandom): void {
  const owner = random.pick(names);
  const type = random.pick(TYPES);
  const ttlSeconds = 100 * (1 + random.below(2));
  const one = { ...record(owner, type, random), ttlSeconds };
  switch (random.below(12)) {
    case 0:
      return expect(edit.removeRrset(owner, type)).toBe(model.removeRrset(owner, type));
    case 1:
      return expect(edit.removeName(owner)).toBe(model.removeName(owner));
    case 2:
      return expect(edit.setTtl(owner, type, ttlSeconds)).toBe(model.setTtl(owner, type, ttlSeconds));
    case 3:
    case 4:
    case 5: {
      const there = edit.rrset(owner, type);
      const rdata = there === null ? one.rdata : random.pick(there.rdatas);
      return expect(edit.removeRecord(owner, type, rdata)).toBe(model.removeRecord({ ...one, rdata }));
    }
    default:
      return expect(addRecord(edit, one)).toBe(model.add(one));
  }
}

/** What is in use must be exactly what a compaction keeps; so nothing is lost and nothing counted twice. */
export function expectExactGarbage(store: ZoneStore): void {
  // One that is under way leaves what was changed meanwhile behind.
  store.compactSome(Number.POSITIVE_INFINITY);
  const { usedOctets, garbageOctets } = store.stats;
  store.compact();
  expect(usedOctets - garbageOctets).toBe(store.stats.usedOctets);
  expect(store.stats.garbageOctets).toBe(0);
}
