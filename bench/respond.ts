/**
 * What a query costs in the name server itself, transport left out: CPU time of this thread for a call of NameServer.handleForeseen. That is
 * far less noisy than the whole, so it is what the files listed as hot (docs/HACKING.md) are changed by. Requests and responses take
 * turns in as many buffers as a batch has; the copying of requests into them is the system's work and is not counted.
 */
import { existsSync } from "node:fs";
import { SeededRandom, systemClock } from "../base/index.ts";
import { CLASS, emptyMessage, encodeMessage, Name, plainEdns, typeFromText } from "../dns/index.ts";
import { NameServer } from "../nameserver/index.ts";
import type { Peer } from "../net/index.ts";
import { MemoryFiles } from "../test/support/memory-files.ts";
import { RealRoot, ROOT_FILE } from "../test/support/real-root.ts";
import { loadText, ZoneStore } from "../zones/index.ts";
import { delegationQueries, delegationZone, hostQueries, hostZone, rootQueries } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { spread, type Spread } from "./statistics.ts";

const CALLS = 1_000_000;
const REQUESTS = 65_536;
const ROUNDS = 5;
const BATCH = 64;
const REQUEST_OCTETS = 4096;

interface Work {
  readonly apex: string;
  readonly zone: () => Uint8Array;
  /** `name type` a line, as dnsperf has them. */
  readonly queries: () => string;
  readonly edns: "none" | "plain" | "DO";
}

const hosts = {
  apex: "example.",
  zone: text(() => hostZone(100_000)),
  queries: () => hostQueries(100_000, REQUESTS, 0.9),
};
const delegations = {
  apex: "example.",
  zone: text(() => delegationZone(1_000_000)),
  queries: () => delegationQueries(1_000_000, REQUESTS),
};

const WORKS: Readonly<Record<string, Work>> = {
  "100,000 names, 90 % hits": { ...hosts, edns: "none" },
  "100,000 names, 90 % hits, EDNS": { ...hosts, edns: "plain" },
  "1,000,000 records, below the cuts": { ...delegations, edns: "none" },
};

/** The real root zone, asked with DO; nothing where it is not there. */
function rootWork(): Readonly<Record<string, Work>> {
  if (!existsSync(ROOT_FILE)) return {};
  const root = new RealRoot();
  const zone = text(() => root.withOneSoa());
  const queries = (): string => rootQueries([...root.names()], REQUESTS);
  return { "root zone, DO": { apex: ".", zone, queries, edns: "DO" } };
}

function text(make: () => string): () => Uint8Array {
  return () => new TextEncoder().encode(make());
}

function serverOf({ apex, zone }: Work): NameServer {
  const store = ZoneStore.create();
  const outcome = loadText(
    { store, files: new MemoryFiles() },
    { apex: Name.parse(apex), file: "zone" },
    { name: "zone", octets: zone() },
  );
  if (outcome.kind !== "loaded") throw new Error(outcome.problems[0]!.message);
  return new NameServer({ store, clock: systemClock, random: new SeededRandom(1), recursion: null });
}

/** Requests one after another in one piece of memory, so that reading them costs little beside the answers. */
class Requests {
  readonly #octets = new Uint8Array(REQUESTS * 128);
  readonly #lengths = new Int32Array(REQUESTS);
  readonly #buffers = Array.from({ length: BATCH }, () => new Uint8Array(REQUEST_OCTETS));
  readonly #views: (Uint8Array | undefined)[][] = this.#buffers.map(() => []);

  constructor({ queries, edns }: Work) {
    const random = new SeededRandom(42);
    const lines = queries().trimEnd().split("\n");
    for (let i = 0; i < REQUESTS; i++) {
      const [name, type] = lines[i]!.split(" ");
      const request = encodeMessage({
        ...emptyMessage,
        id: random.below(65_536),
        recursionDesired: true,
        question: [
          { name: Name.parse(name!.endsWith(".") ? name! : `${name}.`), type: typeFromText(type!)!, class: CLASS.IN },
        ],
        edns: edns === "none" ? null : { ...plainEdns, dnssecOk: edns === "DO" },
      });
      this.#octets.set(request, i * 128);
      this.#lengths[i] = request.length;
    }
  }

  get buffers(): readonly Uint8Array[] {
    return this.#buffers;
  }

  take(i: number): Uint8Array {
    const slot = i & (BATCH - 1);
    const from = (i & (REQUESTS - 1)) * 128;
    const length = this.#lengths[i & (REQUESTS - 1)]!;
    const view = (this.#views[slot]![length] ??= this.#buffers[slot]!.subarray(0, length));
    for (let k = 0; k < length; k++) view[k] = this.#octets[from + k]!;
    return view;
  }
}

function measure(work: Work, rounds: number): Spread {
  const server = serverOf(work);
  const requests = new Requests(work);
  const responses = Array.from({ length: BATCH }, () => new Uint8Array(1280));
  const peer: Peer = {
    address: "127.0.0.1",
    addressOctets: Uint8Array.of(127, 0, 0, 1),
    port: 40_000,
    transport: "udp",
  };
  const views: Uint8Array[] = [];
  const handled = cpuOf(rounds, (i) => {
    const slot = i & (BATCH - 1);
    views[slot] = requests.take(i);
    if (slot < BATCH - 1) return;
    server.foresee(requests.buffers, BATCH);
    for (let k = 0; k < BATCH; k++) server.handleForeseen(k, views[k]!, responses[k]!, peer);
  });
  const copied = cpuOf(rounds, (i) => requests.take(i).length);
  const least = Math.min(...copied);
  return spread(handled.map((microseconds) => microseconds - least));
}

/** CPU microseconds a call, by rounds; the first round warms up. */
function cpuOf(rounds: number, call: (i: number) => unknown): number[] {
  const taken: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.threadCpuUsage();
    for (let i = 0; i < CALLS; i++) call(i);
    const { user, system } = process.threadCpuUsage(before);
    if (round > 0) taken.push((user + system) / CALLS);
  }
  return taken;
}

export function respond({ rounds = ROUNDS }: Effort): Promise<Result> {
  const rows = Object.entries({ ...WORKS, ...rootWork() }).map(([name, work]) => [
    name,
    { "CPU µs/query": measure(work, rounds) },
  ]);
  return Promise.resolve({
    bench: "name server alone, no transport",
    rows: Object.fromEntries(rows) as Result["rows"],
  });
}
