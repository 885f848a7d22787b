/**
 * The store by itself: records inserted a second, octets of arena a record, nanoseconds to find a zone and look a name up.
 * The names stand in one buffer, as those of queries do, so that the store's own memory is what is measured.
 * Run: node bench/store.ts [rounds]
 */
import { SeededRandom, systemClock } from "../base/index.ts";
import { Name, TYPE } from "../dns/index.ts";
import { Lookup, lookup, ZoneStore } from "../zones/index.ts";

const LOOKUPS = 1_000_000;
const QUERIES = 65_536;
const NAME_OCTETS = 64;
const ROUNDS = Number(process.argv[2] ?? 5);

function measure(delegations: number): void {
  const store = ZoneStore.create();
  const names = Array.from({ length: delegations }, (_, i) => {
    const label = `d${(i * 7919) % delegations}`;
    return { cut: Name.parse(`${label}.example.`).octets, server: Name.parse(`ns.${label}.example.`).octets };
  });
  const began = systemClock.now();
  fill(store, names);
  const seconds = (systemClock.now() - began) / 1000;
  const random = new SeededRandom(7);
  const queries = new Uint8Array(QUERIES * NAME_OCTETS);
  for (let i = 0; i < QUERIES; i++) queries.set(random.pick(names).server, i * NAME_OCTETS);
  const rounds = Array.from({ length: ROUNDS + 1 }, () => lookups(store, queries));
  // The first round warms up; the best is what the machine does when nobody else is busy.
  const nanoseconds = rounds.slice(1).sort((a, b) => a - b);
  const records = delegations * 2;
  process.stdout.write(
    `${records} records: inserted in ${seconds.toFixed(2)} s (${Math.round(records / seconds)}/s), ` +
      `${(store.stats.usedOctets / records).toFixed(1)} octets a record, ${nanoseconds[0]!.toFixed(0)} ns a lookup at best, median ${nanoseconds[ROUNDS >> 1]!.toFixed(0)}\n`,
  );
}

function fill(store: ZoneStore, names: readonly { readonly cut: Uint8Array; readonly server: Uint8Array }[]): void {
  const apex = Name.parse("example.");
  const address = Uint8Array.of(192, 0, 2, 1);
  const edit = store.replace(apex);
  const soa = new Uint8Array(22);
  edit.add(apex.octets, 0, TYPE.SOA, 300, soa, 0, soa.length);
  for (const { cut, server } of names) {
    edit.add(cut, 0, TYPE.NS, 300, server, 0, server.length);
    edit.add(server, 0, TYPE.A, 300, address, 0, address.length);
  }
  edit.commit();
}

/** Nanoseconds each. */
function lookups(store: ZoneStore, queries: Uint8Array): number {
  const found = new Lookup();
  const start = systemClock.now();
  for (let i = 0; i < LOOKUPS; i++) {
    const at = (i & (QUERIES - 1)) * NAME_OCTETS;
    lookup(store, store.findZone(queries, at), queries, at, TYPE.A, found);
  }
  return ((systemClock.now() - start) * 1e6) / LOOKUPS;
}

for (const delegations of [500, 50_000, 500_000]) measure(delegations);
