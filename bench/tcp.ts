/**
 * Questions over TCP on one core (RFC 7766): long connections with a window of queries in flight each, and connections that ask one
 * question and are closed. TCP fast open is off everywhere; every server takes more connections than there are.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { alternate } from "./alternate.ts";
import { contenders, CORE_OF_LOAD, CORE_OF_SERVER, start } from "./contender.ts";
import { hostQueries, hostZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { Scratch } from "./scratch.ts";
import type { TcpLoadResult, TcpLoadWork } from "./tcp-clients.ts";

const NAMES = 100_000;
const QUERIES = 200_000;
const HITS = 0.9;
const ROUNDS = 3;
const SECONDS = 3;
const WARM_UP_SECONDS = 2;
const CONNECTIONS = 100;
const WINDOW = 10;

const run = promisify(execFile);
const generator = fileURLToPath(new URL("tcp-load.ts", import.meta.url));

export const tcpLong = (effort: Effort): Promise<Result> =>
  tcp("long", effort, `tcp, ${CONNECTIONS} connections of ${WINDOW} queries in flight, ${NAMES} names, one core`);

export const tcpShort = (effort: Effort): Promise<Result> =>
  tcp("short", effort, `tcp, one query a connection, ${CONNECTIONS} at once, ${NAMES} names, one core`);

async function tcp(
  mode: TcpLoadWork["mode"],
  { rounds = ROUNDS, seconds = SECONDS }: Effort,
  bench: string,
): Promise<Result> {
  using scratch = new Scratch("tcp");
  const zones = [{ apex: "example", file: scratch.write("example.zone", hostZone(NAMES)) }];
  const queries = scratch.write("queries", hostQueries(NAMES, QUERIES, HITS));
  const how = { zones, probe: `host${NAMES - 1}.example`, cores: CORE_OF_SERVER };
  const rows = await alternate(contenders(), rounds, async (contender) => {
    await using running = await start(contender, how);
    await load({ port: running.port, queries, mode, seconds: WARM_UP_SECONDS });
    const before = cpuMicroseconds(running.pid);
    const told = await load({ port: running.port, queries, mode, seconds });
    return {
      "queries/s": told.perSecond,
      "CPU µs/query": (cpuMicroseconds(running.pid) - before) / told.queries,
      "p99 µs": told.p99,
      failed: told.failed,
    };
  });
  return { bench, rows };
}

interface Load {
  readonly port: number;
  readonly queries: string;
  readonly mode: TcpLoadWork["mode"];
  readonly seconds: number;
}

async function load({ port, queries, mode, seconds }: Load): Promise<TcpLoadResult> {
  const what = ["--port", `${port}`, "--queries", queries, "--mode", mode, "--seconds", `${seconds}`];
  const many = ["--connections", `${CONNECTIONS}`, "--window", `${WINDOW}`];
  const words = ["-c", CORE_OF_LOAD, process.execPath, generator, ...what, ...many];
  const { stdout } = await run("taskset", words, { timeout: (seconds + 30) * 1000 });
  // The generator is our own and prints just this.
  return JSON.parse(stdout) as TcpLoadResult;
}
