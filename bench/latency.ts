/** How long answers take over UDP at a steady rate that every server can bear, which does not wait for answers; one core. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { alternate } from "./alternate.ts";
import { contenders, CORE_OF_LOAD, CORE_OF_SERVER, start } from "./contender.ts";
import { hostQueries, hostZone } from "./data.ts";
import type { Result } from "./history.ts";
import { Scratch } from "./scratch.ts";

const NAMES = 100_000;
const QUERIES = 200_000;
const HITS = 0.9;
const PER_SECOND = 50_000;
const ROUNDS = 3;
const SECONDS = 5;
const WARM_UP_SECONDS = 2;

const run = promisify(execFile);
const generator = fileURLToPath(new URL("paced-load.ts", import.meta.url));

export async function latency(): Promise<Result> {
  using scratch = new Scratch("latency");
  const zones = [{ apex: "example", file: scratch.write("example.zone", hostZone(NAMES)) }];
  const queries = scratch.write("queries", hostQueries(NAMES, QUERIES, HITS));
  const how = { zones, probe: `host${NAMES - 1}.example`, cores: CORE_OF_SERVER };
  const rows = await alternate(contenders(), ROUNDS, async (contender) => {
    await using running = await start(contender, how);
    await load(running.port, queries, WARM_UP_SECONDS);
    const { p50, p99, max, lost } = await load(running.port, queries, SECONDS);
    const at = `at ${PER_SECOND}/s`;
    return { [`p50 ms ${at}`]: p50, [`p99 ms ${at}`]: p99, [`longest ms ${at}`]: max, lost };
  });
  return { bench: `udp latency, ${NAMES} names, ${PER_SECOND} queries/s, one core`, rows };
}

interface Told {
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

async function load(port: number, queries: string, seconds: number): Promise<Told> {
  const words = ["--port", `${port}`, "--queries", queries, "--rate", `${PER_SECOND}`, "--seconds", `${seconds}`];
  const { stdout } = await run("taskset", ["-c", CORE_OF_LOAD, process.execPath, generator, ...words], {
    timeout: (seconds + 60) * 1000,
  });
  // The generator is our own; this is its last line.
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Told;
}
