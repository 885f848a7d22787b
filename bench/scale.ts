/**
 * What a zone of each layer costs one server: seconds to build it in the store, octets a delegation or name, resident memory, nanoseconds
 * to find a random name. SCALING.md among the documents has the figures and calculates on from them.
 * Run: node bench/scale.ts [delegations of the top-level domain …]
 */
import { SeededRandom, systemClock } from "../base/index.ts";
import { Name, TYPE } from "../dns/index.ts";
import { Lookup, lookup, type ZoneEdit, ZoneStore } from "../zones/index.ts";

const LOOKUPS = 1_000_000;
const QUERIES = 65_536;
const NAME_OCTETS = 64;
const SECURE_SHARE = 0.05;
const IN_ZONE_SHARE = 0.02;
const PROVIDERS = 20_000;
const HASH_OCTETS = 20;
/** RRSIG made with ECDSA P-256: fixed fields, the signer `example.`, the signature. */
const SIGNATURE_OCTETS = 18 + 9 + 64;

interface Built {
  readonly what: string;
  readonly units: number;
  readonly store: ZoneStore;
  readonly seconds: number;
  /** The name asked for the unit at an index. */
  readonly nameAt: (index: number) => Name;
}

/** A top-level domain: two name servers a delegation, mostly of providers elsewhere; some secure, with NSEC3 opt-out. */
function topLevelDomain(delegations: number): Built {
  const random = new SeededRandom(5);
  const providers = Array.from({ length: PROVIDERS }, (_, i) => [
    Name.parse(`ns1.dns-provider${i}.net.`).octets,
    Name.parse(`ns2.dns-provider${i}.net.`).octets,
  ]);
  const label = (index: number): string => `${((index * 2654435761) % 4294967296).toString(36)}-site`;
  return timed(`top-level domain of ${delegations} delegations`, delegations, (edit) => {
    const hash = new SeededRandom(6);
    for (let i = 0; i < delegations; i++) {
      const cut = Name.parse(`${label(i)}.example.`).octets;
      const share = random.below(10_000) / 10_000;
      if (share < IN_ZONE_SHARE) addWithGlue(edit, cut, label(i));
      else for (const server of random.pick(providers)) edit.add(cut, 0, TYPE.NS, 172_800, server, 0, server.length);
      if (share > 1 - SECURE_SHARE) addSecurity(edit, cut, hash);
    }
    return (index) => Name.parse(`www.${label(index)}.example.`);
  });
}

function addWithGlue(edit: ZoneEdit, cut: Uint8Array, label: string): void {
  for (const number of [1, 2]) {
    const server = Name.parse(`ns${number}.${label}.example.`).octets;
    edit.add(cut, 0, TYPE.NS, 172_800, server, 0, server.length);
    edit.add(server, 0, TYPE.A, 172_800, Uint8Array.of(192, 0, 2, number), 0, 4);
  }
}

/** DS and its signature at the cut; NSEC3 and its signature at the hashed owner. Content is random, lengths are real. */
function addSecurity(edit: ZoneEdit, cut: Uint8Array, random: SeededRandom): void {
  const ds = random.octets(36);
  edit.add(cut, 0, TYPE.DS, 86_400, ds, 0, ds.length);
  addSignature(edit, cut, TYPE.DS, random);
  const owner = Name.parse(`${base32(random)}.example.`).octets;
  const nsec3 = Uint8Array.of(
    1,
    1,
    0,
    0,
    0,
    HASH_OCTETS,
    ...random.octets(HASH_OCTETS),
    0,
    7,
    0x22,
    0,
    0,
    0,
    0,
    2,
    0x90,
  );
  edit.add(owner, 0, TYPE.NSEC3, 900, nsec3, 0, nsec3.length);
  addSignature(edit, owner, TYPE.NSEC3, random);
}

function addSignature(edit: ZoneEdit, owner: Uint8Array, covered: number, random: SeededRandom): void {
  const rrsig = random.octets(SIGNATURE_OCTETS);
  rrsig[0] = covered >> 8;
  rrsig[1] = covered & 255;
  rrsig.set(Name.parse("example.").octets, 18);
  edit.add(owner, 0, TYPE.RRSIG, 900, rrsig, 0, rrsig.length);
}

function base32(random: SeededRandom): string {
  return Array.from({ length: 32 }, () => random.below(32).toString(32)).join("");
}

/** A department: hosts with addresses of both families, and a service each. */
function department(hosts: number): Built {
  return timed(`department of ${hosts} hosts`, hosts, (edit) => {
    const service = Uint8Array.of(0, 10, 0, 5, 2, 119, ...Name.parse("srv1.example.").octets);
    for (let i = 0; i < hosts; i++) {
      const owner = Name.parse(`pc${i}.example.`).octets;
      edit.add(owner, 0, TYPE.A, 30, Uint8Array.of(10, 0, i >> 8, i & 255), 0, 4);
      edit.add(
        owner,
        0,
        TYPE.AAAA,
        30,
        Uint8Array.of(32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i >> 8, i & 255),
        0,
        16,
      );
      const name = Name.parse(`_http._tcp.pc${i}.example.`).octets;
      edit.add(name, 0, TYPE.SRV, 30, service, 0, service.length);
    }
    return (index) => Name.parse(`pc${index}.example.`);
  });
}

function timed(what: string, units: number, build: (edit: ZoneEdit) => Built["nameAt"]): Built {
  const store = ZoneStore.create();
  const apex = Name.parse("example.");
  const began = systemClock.now();
  const edit = store.replace(apex);
  edit.add(apex.octets, 0, TYPE.SOA, 300, new Uint8Array(22), 0, 22);
  const nameAt = build(edit);
  edit.commit();
  return { what, units, store, seconds: (systemClock.now() - began) / 1000, nameAt };
}

function report({ what, units, store, seconds, nameAt }: Built): void {
  const random = new SeededRandom(7);
  const queries = new Uint8Array(QUERIES * NAME_OCTETS);
  for (let i = 0; i < QUERIES; i++) queries.set(nameAt(random.below(units)).octets, i * NAME_OCTETS);
  const nanoseconds = [0, 1, 2, 3].map(() => lookups(store, queries));
  const { usedOctets } = store.stats;
  process.stdout.write(
    `${what}: built in ${seconds.toFixed(2)} s, arena ${(usedOctets / 2 ** 20).toFixed(1)} MiB, ` +
      `${(usedOctets / units).toFixed(0)} octets each, resident ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB, ` +
      `${Math.min(...nanoseconds.slice(1)).toFixed(0)} ns a lookup\n`,
  );
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

const asked = process.argv.slice(2).map(Number);
report(department(1000));
for (const delegations of asked.length > 0 ? asked : [100_000, 1_000_000]) report(topLevelDomain(delegations));
