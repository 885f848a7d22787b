/** Questions over UDP on one core: queries a second, and CPU time a query of all the server's threads and processes. */
import { alternate, type Sample } from "./alternate.ts";
import { contenders, CORE_OF_SERVER, npmPeers, type Running, start } from "./contender.ts";
import { hostQueries, hostZone } from "./data.ts";
import { dnsperf, type Load } from "./dnsperf.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { Scratch } from "./scratch.ts";

const NAMES = 100_000;
const QUERIES = 200_000;
const HITS = 0.9;
const ROUNDS = 3;
const SECONDS = 5;
const WARM_UP_SECONDS = 2;

export async function udp(): Promise<Result> {
  using scratch = new Scratch("udp");
  const zones = [{ apex: "example", file: scratch.write("example.zone", hostZone(NAMES)) }];
  const load: Load = {
    queries: scratch.write("queries", hostQueries(NAMES, QUERIES, HITS)),
    until: { seconds: SECONDS },
    clients: 8,
    outstanding: 200,
  };
  const how = { zones, probe: `host${NAMES - 1}.example`, cores: CORE_OF_SERVER };
  const rows = await alternate([...contenders(), ...npmPeers()], ROUNDS, async (contender) => {
    await using running = await start(contender, how);
    await dnsperf(running.port, { ...load, until: { seconds: WARM_UP_SECONDS } });
    return await measured(running, load);
  });
  return { bench: `udp ${NAMES} names, ${HITS * 100} % hits, one core`, rows };
}

/** What a load costs a server that runs. */
export async function measured({ pid, port }: Running, load: Load): Promise<Sample> {
  const before = cpuMicroseconds(pid);
  const { completed, perSecond } = await dnsperf(port, load);
  return { "queries/s": perSecond, "CPU µs/query": (cpuMicroseconds(pid) - before) / completed };
}
