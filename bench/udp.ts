/** Questions over UDP on one core: queries a second, and CPU time a query of all the server's threads and processes. */
import { existsSync } from "node:fs";
import { RealRoot, ROOT_FILE } from "../test/support/real-root.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Contender, contenders, CORE_OF_SERVER, npmPeers, type Running, start } from "./contender.ts";
import { delegationLabel, delegationQueries, delegationZone, hostQueries, hostZone, rootQueries } from "./data.ts";
import { dnsperf, type Load } from "./dnsperf.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { Scratch } from "./scratch.ts";

const NAMES = 100_000;
const QUERIES = 200_000;
const HITS = 0.9;
const RECORDS = 1_000_000;
const ROUNDS = 3;
const SECONDS = 3;
const WARM_UP_SECONDS = 2;
const CLIENTS = 8;
const OUTSTANDING = 200;

/** Hosts of one zone. */
export async function udp(effort: Effort): Promise<Result> {
  const rows = await underLoad([...contenders(), ...npmPeers()], effort, {
    apex: "example",
    zone: hostZone(NAMES),
    queries: hostQueries(NAMES, QUERIES, HITS),
    probe: `host${NAMES - 1}.example`,
  });
  return { bench: `udp ${NAMES} names, ${HITS * 100} % hits, one core`, rows };
}

/** A zone like a top-level domain's, asked for names below its cuts. */
export async function udpDelegations(effort: Effort): Promise<Result> {
  const rows = await underLoad(contenders(), effort, {
    apex: "example",
    zone: delegationZone(RECORDS),
    queries: delegationQueries(RECORDS, QUERIES),
    probe: `www.${delegationLabel(RECORDS / 2 - 1)}.example`,
  });
  return { bench: `udp, delegation zone of ${RECORDS} records, random names below its cuts, one core`, rows };
}

/** The root zone as it was signed, asked with DO: referrals with DS, what stands at the apex, and names that nobody has. */
export async function udpSigned(effort: Effort): Promise<Result> {
  const bench = "udp, signed root zone with DO, answers and NXDOMAIN, one core";
  if (!existsSync(ROOT_FILE)) {
    process.stderr.write(`${bench}: there is no root zone at ${ROOT_FILE}; it is left out\n`);
    return { bench, rows: {} };
  }
  const root = new RealRoot();
  const zone = root.withOneSoa();
  const queries = rootQueries([...root.names()], QUERIES);
  const work = { apex: ".", zone, queries, probe: "www.example.com", dnssecOk: true };
  return { bench, rows: await underLoad(contenders(), effort, work) };
}

interface UdpWork {
  readonly apex: string;
  readonly zone: string;
  readonly queries: string;
  readonly probe: string;
  readonly dnssecOk?: boolean;
}

async function underLoad(
  servers: readonly Contender[],
  { rounds = ROUNDS, seconds = SECONDS }: Effort,
  work: UdpWork,
): Promise<Result["rows"]> {
  using scratch = new Scratch("udp");
  const zones = [{ apex: work.apex, file: scratch.write("zone", work.zone) }];
  const load: Load = {
    queries: scratch.write("queries", work.queries),
    until: { seconds },
    clients: CLIENTS,
    outstanding: OUTSTANDING,
    dnssecOk: work.dnssecOk === true,
  };
  const how = { zones, probe: work.probe, cores: CORE_OF_SERVER };
  return await alternate(servers, rounds, async (contender) => {
    await using running = await start(contender, how);
    await dnsperf(running.port, { ...load, until: { seconds: WARM_UP_SECONDS } });
    return await measured(running, load);
  });
}

/** What a load costs a server that runs. */
export async function measured({ pid, port }: Running, load: Load): Promise<Sample> {
  const before = cpuMicroseconds(pid);
  const { completed, perSecond } = await dnsperf(port, load);
  return { "queries/s": perSecond, "CPU µs/query": (cpuMicroseconds(pid) - before) / completed };
}
