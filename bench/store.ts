/** The store by itself: records inserted a second, octets of arena a record, nanoseconds a lookup. `node bench/store.ts`. */
import { systemClock } from "../base/index.ts";
import { Name, TYPE } from "../dns/index.ts";
import { Lookup, lookup, ZoneStore } from "../zones/index.ts";

const LOOKUPS = 2_000_000;

function measure(delegations: number): void {
  const store = ZoneStore.create();
  const apex = Name.parse("example.");
  const names = Array.from({ length: delegations }, (_, i) => {
    const label = `d${(i * 7919) % delegations}`;
    return { cut: Name.parse(`${label}.example.`).octets, server: Name.parse(`ns.${label}.example.`).octets };
  });
  const address = Uint8Array.of(192, 0, 2, 1);
  const began = systemClock.now();
  const edit = store.replace(apex);
  const soa = new Uint8Array(22);
  edit.add(apex.octets, 0, TYPE.SOA, 300, soa, 0, soa.length);
  for (const { cut, server } of names) {
    edit.add(cut, 0, TYPE.NS, 300, server, 0, server.length);
    edit.add(server, 0, TYPE.A, 300, address, 0, address.length);
  }
  edit.commit();
  const seconds = (systemClock.now() - began) / 1000;
  const zone = store.zoneOf(apex);
  const found = new Lookup();
  const lookups = (count: number): number => {
    const start = systemClock.now();
    for (let i = 0; i < count; i++) lookup(store, zone, names[(i * 7907) % delegations]!.server, 0, TYPE.A, found);
    return ((systemClock.now() - start) * 1e6) / count;
  };
  lookups(LOOKUPS / 4);
  const nanoseconds = lookups(LOOKUPS);
  const records = delegations * 2;
  console.log(
    `${records} records: inserted in ${seconds.toFixed(2)} s (${Math.round(records / seconds)}/s), ` +
      `${(store.stats.usedOctets / records).toFixed(1)} octets a record, ${nanoseconds.toFixed(0)} ns a lookup`,
  );
}

for (const delegations of [50_000, 500_000]) measure(delegations);
