/**
 * What a query costs in the name server itself, transport left out: nanoseconds a call of NameServer.handle, over 100,000
 * names, 90 % hits, asked in random order.
 */
import { SeededRandom, systemClock } from "../base/index.ts";
import { CLASS, encodeMessage, Name, OPCODE, plainEdns, TYPE } from "../dns/index.ts";
import { NameServer } from "../nameserver/index.ts";
import type { Peer } from "../net/index.ts";
import { ZoneStore } from "../zones/index.ts";
import type { Result } from "./history.ts";
import { spread, type Spread } from "./statistics.ts";

const NAMES = 100_000;
const QUERIES = 1_000_000;
const REQUESTS = 65_536;
const ROUNDS = 5;
const HITS = 0.9;

const apex = Name.parse("bench.example.");

function storeOf(names: number): ZoneStore {
  const store = ZoneStore.create();
  const edit = store.replace(apex);
  const soa = Uint8Array.of(
    ...Name.parse("ns.bench.example.").octets,
    ...Name.parse("admin.bench.example.").octets,
    ...[0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 2, 88, 0, 9, 58, 128, 0, 0, 1, 44],
  );
  const ns = Name.parse("ns.bench.example.").octets;
  edit.add(apex.octets, 0, TYPE.SOA, 300, soa, 0, soa.length);
  edit.add(apex.octets, 0, TYPE.NS, 300, ns, 0, ns.length);
  edit.add(ns, 0, TYPE.A, 300, Uint8Array.of(127, 0, 0, 1), 0, 4);
  for (let i = 0; i < names; i++) {
    const owner = Name.parse(`h${i}.bench.example.`).octets;
    edit.add(owner, 0, TYPE.A, 300, Uint8Array.of(10, i >> 16, i >> 8, i), 0, 4);
  }
  edit.commit();
  return store;
}

function requestsFor(names: number, edns: boolean): Uint8Array[] {
  const random = new SeededRandom(42);
  return Array.from({ length: REQUESTS }, () => {
    const prefix = random.below(1000) < HITS * 1000 ? "h" : "missing";
    const name = Name.parse(`${prefix}${random.below(names)}.bench.example.`);
    return encodeMessage({
      id: random.below(65_536),
      opcode: OPCODE.QUERY,
      rcode: 0,
      response: false,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      authenticData: false,
      checkingDisabled: false,
      question: [{ name, type: TYPE.A, class: CLASS.IN }],
      answer: [],
      authority: [],
      additional: [],
      edns: edns ? plainEdns : null,
    });
  });
}

function measure(server: NameServer, requests: readonly Uint8Array[]): Spread {
  const response = new Uint8Array(4096);
  const peer: Peer = { address: "127.0.0.1", port: 40_000, transport: "udp" };
  const later = (): void => undefined;
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = systemClock.now();
    for (let i = 0; i < QUERIES; i++) server.handle(requests[i & (REQUESTS - 1)]!, response, peer, later);
    if (round > 0) rounds.push(((systemClock.now() - start) * 1000) / QUERIES); // The first round warms up.
  }
  return spread(rounds);
}

export function respond(): Promise<Result> {
  const store = storeOf(NAMES);
  const server = new NameServer({ store, clock: systemClock, random: new SeededRandom(1), recursion: null });
  const row = (edns: boolean): Record<string, Spread> => ({ "µs/query": measure(server, requestsFor(NAMES, edns)) });
  const bench = `name server alone, no transport, ${NAMES} names, ${HITS * 100} % hits`;
  return Promise.resolve({ bench, rows: { "strata, plain": row(false), "strata, EDNS": row(true) } });
}
