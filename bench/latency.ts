/**
 * How long answers take over UDP at steady rates which do not wait for answers, one core: at half of what the least of the contenders
 * can bear, so that all are asked the same and none is near its end, and at 50,000 queries a second. From when a query was due.
 */
import { alternate, type Sample } from "./alternate.ts";
import { type Contender, contenders, CORE_OF_SERVER, start, type Work } from "./contender.ts";
import { hostQueries, hostZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import { generate } from "./generate.ts";
import type { Result } from "./history.ts";
import { Scratch } from "./scratch.ts";

const NAMES = 100_000;
const QUERIES = 200_000;
const HITS = 0.9;
const PER_SECOND = 50_000;
const ROUNDS = 3;
const SECONDS = 3;
const WARM_UP_SECONDS = 2;
const OUTSTANDING = 192;

export async function latency({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  using scratch = new Scratch("latency");
  const zones = [{ apex: "example", file: scratch.write("example.zone", hostZone(NAMES)) }];
  const queries = scratch.write("queries", hostQueries(NAMES, QUERIES, HITS));
  const how = { zones, probe: `host${NAMES - 1}.example`, cores: CORE_OF_SERVER };
  const half = await halfOfTheLeast(contenders(), how, queries);
  const rows = await alternate(contenders(), rounds, async (contender) => {
    await using running = await start(contender, how);
    const at = (perSecond: number, forSeconds: number) =>
      generate(running.port, { queries, seconds: forSeconds, flow: { perSecond } });
    await at(PER_SECOND, WARM_UP_SECONDS);
    const samples: Sample[] = [];
    for (const [perSecond, where] of [
      [half, "half load"],
      [PER_SECOND, `${PER_SECOND}/s`],
    ] as const) {
      const { p50, p90, p99, p999, max, lost, wrong } = await at(perSecond, seconds);
      const times = Object.entries({ p50, p90, p99, "p99.9": p999, longest: max });
      samples.push(Object.fromEntries(times.map(([what, value]) => [`${what} ms at ${where}`, value])));
      samples.push({ [`lost at ${where}`]: lost + wrong });
    }
    return samples.reduce((all, some) => ({ ...all, ...some }));
  });
  return { bench: `udp latency, ${NAMES} names, half load is ${half} queries/s, one core`, rows };
}

/** In thousands a second, by one look at each. */
async function halfOfTheLeast(servers: readonly Contender[], how: Work, queries: string): Promise<number> {
  const load = { queries, flow: { outstanding: OUTSTANDING } };
  const rows = await alternate(servers, 1, async (contender) => {
    await using running = await start(contender, how);
    await generate(running.port, { ...load, seconds: 1 });
    return { most: (await generate(running.port, { ...load, seconds: WARM_UP_SECONDS })).perSecond };
  });
  const least = Math.min(...Object.values(rows).map((row) => row["most"]!.median));
  return Math.max(1, Math.floor(least / 2000)) * 1000;
}
