/**
 * As many questions over UDP as each server can bear on one core, which takes a load that dnsperf cannot make, and how near that is to what
 * the system lets anybody reach: beside them stand an echo over our transport and one over node:dgram. What our server costs over
 * the first is ours; the rest is the system's and its calls'.
 */
import { fileURLToPath } from "node:url";
import { alternate } from "./alternate.ts";
import { type Contender, contenders, CORE_OF_SERVER, start } from "./contender.ts";
import { hostQueries, hostZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import { generate } from "./generate.ts";
import { GENERATORS_COST, type Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { Scratch } from "./scratch.ts";

const NAMES = 100_000;
const QUERIES = 200_000;
const HITS = 0.9;
const ROUNDS = 3;
const SECONDS = 3;
const WARM_UP_SECONDS = 2;
const OUTSTANDING = 192;

export async function floor({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  using scratch = new Scratch("floor");
  const zones = [{ apex: "example", file: scratch.write("example.zone", hostZone(NAMES)) }];
  const queries = scratch.write("queries", hostQueries(NAMES, QUERIES, HITS));
  const how = { zones, probe: `host${NAMES - 1}.example`, cores: CORE_OF_SERVER };
  const rows = await alternate([...contenders(), echo("batched"), echo("dgram")], rounds, async (contender) => {
    await using running = await start(contender, how);
    const load = { queries, flow: { outstanding: OUTSTANDING } };
    await generate(running.port, { ...load, seconds: WARM_UP_SECONDS });
    const before = cpuMicroseconds(running.pid);
    const told = await generate(running.port, { ...load, seconds });
    return {
      "queries/s": told.perSecond,
      "CPU µs/query": (cpuMicroseconds(running.pid) - before) / told.answered,
      [GENERATORS_COST]: told.microsecondsEach,
      lost: told.lost + told.wrong,
    };
  });
  return { bench: `udp, the most that each bears, beside echoes, ${NAMES} names, one core`, rows };
}

function echo(transport: "batched" | "dgram"): Contender {
  return {
    name: `echo, ${transport}`,
    program: process.execPath,
    prepare: (_folder, port) => [fileURLToPath(new URL(`peers/echo-${transport}.ts`, import.meta.url)), `${port}`],
  };
}
