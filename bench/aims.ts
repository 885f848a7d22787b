/** What the benchmarks are to reach, as data, and how a run is judged: by the medians of one run, beside the peers of that run. */
import { isPeer, type Result } from "./history.ts";

export interface Aim {
  /** The benchmark, by the name that `npm run bench` knows it by. */
  readonly bench: string;
  readonly work: string;
  /** The quantity of which ours is compared. */
  readonly what: string;
  readonly kind: "at most" | "at least";
  /** Times what it is compared with; where that is `"nothing"`, the bound itself. */
  readonly limit: number;
  /** The best of these peers; of all of them; another quantity of our own; or nothing. */
  readonly beside: readonly string[] | "every peer" | { readonly ours: string } | "nothing";
}

const CPU = "CPU µs/query";
const RATE = "queries/s";

export const AIMS: readonly Aim[] = [
  aim("udp", "UDP, 100,000 names, 90 % hits", CPU, "at most", 0.85, ["nsd", "knotd"]),
  aim("udp", "UDP, 100,000 names, 90 % hits", RATE, "at least", 1, ["nsd", "knotd", "named"]),
  aim("udp-delegations", "UDP, 1,000,000-record delegation zone, random names", CPU, "at most", 0.95, "every peer"),
  aim("udp-signed", "UDP, signed root zone with DO, answers and NXDOMAIN", CPU, "at most", 1, "every peer"),
  aim("latency", "latency at 50,000 queries/s", "p99 ms at 50000/s", "at most", 1, "every peer"),
  aim("tcp-long", "TCP, 100 long pipelined connections", RATE, "at least", 1, ["named"]),
  aim("tcp-short", "TCP, one query a connection", RATE, "at least", 1, ["named"]),
  aim("load", "load of 1,000,000 records", "seconds to first answer", "at most", 1, "every peer"),
  aim("load", "load of 1,000,000 records", "MiB resident", "at most", 0.6, ["knotd"]),
  aim(
    "restart",
    "restart with an unchanged file",
    "seconds to first answer, started again",
    "at most",
    0.3,
    "every peer",
  ),
  aim("resolver-hits", "resolver, cache hits", CPU, "at most", 0.85, ["unbound"]),
  aim("resolver-misses", "resolver, misses, 100,000 names behind one authority", CPU, "at most", 1, ["unbound"]),
  aim("reload", "reload of 1,000,000 records under 50,000 queries/s", "lost", "at most", 0, "nothing"),
  aim("reload", "reload of 1,000,000 records under 50,000 queries/s", "p99 ms", "at most", 2, {
    ours: "p99 ms before",
  }),
  aim(
    "updates",
    "durable updates, acknowledged one by one to 1 client",
    "updates/s, 1 client",
    "at least",
    1,
    "every peer",
  ),
  aim("updates", "durable updates, 32 clients at once", "updates/s, 32 clients", "at least", 1, "every peer"),
  aim("transfer", "AXFR of 1,000,000 records", "AXFR seconds", "at most", 1, ["named"]),
  aim("transfer", "1,000,000 records, one changed: answered", "change visible p50 ms", "at most", 5, "nothing"),
  aim("transfer", "the same, at a secondary by IXFR", "IXFR to a secondary p50 ms", "at most", 50, "nothing"),
  aim(
    "layers",
    "administrational layer, 1,000 updates, last of 3 secondaries",
    "p99 ms to the last secondary",
    "at most",
    250,
    "nothing",
  ),
  aim("layers", "managerial layer, 10,000 updates each followed by a query", "stale answers", "at most", 0, "nothing"),
  aim("layers", "global layer, 1,000 updates in a window, 8 secondaries", "transfers each", "at most", 1, "nothing"),
  aim("bank", "bank, embedded store, 128 requests in flight", "requests/s, 128 in flight", "at least", 5, ["pgbench"]),
  aim("bank", "bank, embedded store, one by one", "requests/s, one by one", "at least", 4000, "nothing"),
  aim("bank", "bank, embedded store, at half of that load", "p99 ms at half load", "at most", 10, "nothing"),
  aim("bank", "bank, PostgreSQL store", "requests/s, PostgreSQL, 8 connections", "at least", 1.2, ["pgbench"]),
  aim("bank", "bank, PostgreSQL store", "deadlocks", "at most", 0, "nothing"),
  aim(
    "bank-https",
    "bank over HTTPS, withdrawals from 64 clients, two cores with them",
    "requests/s",
    "at least",
    5000,
    "nothing",
  ),
  aim("bank-https", "bank over HTTPS, 1,000 ATMs at once", "MiB that 1000 ATMs hold", "at most", 200, "nothing"),
  aim("bank-name", "finding a bank whose name an ATM knows", "p99 µs to find it, known", "at most", 1000, "nothing"),
  aim("mount-server", "a file of 1 GiB to nfs-cp", "READ MB/s", "at least", 1, ["ganesha"]),
  aim("mount-server", "attributes of a file", "GETATTR/s at depth 64", "at least", 4, ["ganesha"]),
  aim("mount-server", "attributes of a file", "GETATTR/s at depth 1", "at least", 0.6, ["ganesha"]),
  aim("mount-server", "a directory of 100,000 names", "MiB more after listing", "at most", 1, ["ganesha"]),
  aim("mount-client", "a file of 1 GiB from Ganesha, copied", "copy MB/s", "at least", 1, ["libnfs"]),
  aim(
    "mount-client",
    "a file of 1 GiB from Ganesha, exported again",
    "exported again, MB/s to nfs-cp",
    "at least",
    400,
    "nothing",
  ),
  aim(
    "mount-client",
    "attributes of two mounts, a third server dead",
    "p99 beside it / without",
    "at most",
    1.5,
    "nothing",
  ),
  aim("idle", "nothing to do", "CPU %", "at most", 0.5, "nothing"),
];

/** A row of the table above, in the order of its columns. */
function aim(bench: string, work: string, what: string, kind: Aim["kind"], limit: number, beside: Aim["beside"]): Aim {
  return { bench, work, what, kind, limit, beside };
}

export interface Judgement {
  /** Our median. */
  readonly ours: number;
  /** The best of what it is compared with, and whose that is; null where there is nothing to compare with. */
  readonly best: { readonly name: string; readonly value: number } | null;
  /** Ours over the best; ours itself where it is compared with nothing. */
  readonly ratio: number;
  readonly isMet: boolean;
}

/** Null where the run says nothing of it: it was not measured, or none of the peers was there. */
export function judge({ what, kind, limit, beside }: Aim, rows: Result["rows"]): Judgement | null {
  const ours = rows["strata"]?.[what]?.median;
  if (ours === undefined) return null;
  const isWithin = (ratio: number): boolean => (kind === "at most" ? ratio <= limit : ratio >= limit);
  if (beside === "nothing") return { ours, best: null, ratio: ours, isMet: isWithin(ours) };
  const best = bestOf(candidates(beside, what, rows), kind);
  if (best === null) return null;
  const ratio = ours / best.value;
  return { ours, best, ratio, isMet: isWithin(ratio) };
}

interface Candidate {
  readonly name: string;
  readonly value: number;
}

function candidates(beside: Exclude<Aim["beside"], "nothing">, what: string, rows: Result["rows"]): Candidate[] {
  const wanted = ([name]: readonly [string, unknown]): boolean =>
    Array.isArray(beside) ? beside.includes(name) : isPeer(name);
  if (typeof beside === "object" && "ours" in beside) {
    const value = rows["strata"]?.[beside.ours]?.median;
    return value === undefined ? [] : [{ name: beside.ours, value }];
  }
  return Object.entries(rows)
    .filter(wanted)
    .flatMap(([name, row]) => (row[what] === undefined ? [] : [{ name, value: row[what].median }]));
}

/** The least where ours is to be low, the greatest where it is to be high. */
function bestOf(given: readonly Candidate[], kind: Aim["kind"]): Candidate | null {
  const [best] = given.toSorted((a, b) => (kind === "at most" ? a.value - b.value : b.value - a.value));
  return best ?? null;
}
