/**
 * Caching resolvers over UDP on one core, with one authority behind them on the other: names that are asked for the first time,
 * each once, and names that are all known. CPU time is the resolver's alone.
 */
import { findProgram, writeUnbound } from "../test/support/peer-configuration.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Authority, startAuthority } from "./authority.ts";
import { type Contender, CORE_OF_SERVER, installed, type Running, start } from "./contender.ts";
import { hostList, hostQueries } from "./data.ts";
import { dnsperf, type Load } from "./dnsperf.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { strata } from "./package.ts";
import { Scratch } from "./scratch.ts";
import { measured } from "./udp.ts";

const NAMES = 100_000;
/** Names beside those, asked first, so that a resolver has its code and its delegations ready. */
const WARM_UP_NAMES = 20_000;
const QUERIES = 200_000;
const ROUNDS = 3;
const SECONDS = 3;
const WARM_UP_SECONDS = 2;
/** Few enough that no resolver turns one away for want of room. */
const MISSES_OUTSTANDING = 100;
const HITS_OUTSTANDING = 200;

const everyName = (queries: string): Load => ({
  queries,
  until: { times: 1 },
  clients: 8,
  outstanding: MISSES_OUTSTANDING,
});

export async function resolverMisses({ rounds = ROUNDS }: Effort): Promise<Result> {
  using scratch = new Scratch("misses");
  const warmUp = everyName(scratch.write("before", hostList(NAMES, WARM_UP_NAMES)));
  const load = everyName(scratch.write("names", hostList(0, NAMES)));
  const rows = await besideUnbound(scratch, rounds, async (running) => {
    await dnsperf(running.port, warmUp);
    return measured(running, load);
  });
  return { bench: `resolver, ${NAMES} names that it does not know, one core`, rows };
}

export async function resolverHits({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  using scratch = new Scratch("hits");
  const learning = everyName(scratch.write("names", hostList(0, NAMES)));
  const queries = scratch.write("queries", hostQueries(NAMES, QUERIES, 1));
  const load: Load = { ...learning, queries, until: { seconds }, outstanding: HITS_OUTSTANDING };
  const rows = await besideUnbound(scratch, rounds, async (running) => {
    await dnsperf(running.port, learning);
    await dnsperf(running.port, { ...load, until: { seconds: WARM_UP_SECONDS } });
    return measured(running, load);
  });
  return { bench: `resolver, ${NAMES} names that it knows, one core`, rows };
}

async function besideUnbound(
  scratch: Scratch,
  rounds: number,
  work: (running: Running) => Promise<Sample>,
): Promise<Result["rows"]> {
  await using authority = await startAuthority(scratch, NAMES + WARM_UP_NAMES);
  const how = { zones: [], probe: `ns1.${authority.apex}`, cores: CORE_OF_SERVER };
  return await alternate(resolvers(authority), rounds, async (contender) => {
    await using running = await start(contender, how);
    return await work(running);
  });
}

function resolvers({ apex, port: ofAuthority, hintsFile }: Authority): Contender[] {
  return installed([
    {
      name: "strata",
      program: strata(),
      prepare: (_folder, port) => {
        const below = ["--hints", hintsFile, "--port", `${ofAuthority}`];
        return ["resolver", "--listen", `127.0.0.1:${port}`, ...below];
      },
    },
    {
      name: "unbound",
      program: findProgram("unbound"),
      prepare: (folder, port) => writeUnbound(folder, port, { apex, port: ofAuthority }),
    },
  ]);
}
