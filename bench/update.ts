/**
 * Durable updates of one record each (RFC 2136), signed (RFC 8945) and acknowledged: by one client which waits for each answer, and by 32
 * at once. All servers keep their journals on the same disk and are as durable as they are unless told: Strata, BIND and Knot have an
 * update in their journals before they answer. A zone of a thousand names.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PeerClient } from "../test/support/peer-client.ts";
import { findProgram, WRITERS, type ZoneFile } from "../test/support/peer-configuration.ts";
import { updateWords } from "../test/support/peer-updates.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Contender, EVERY_CORE, installed, start, strataAt } from "./contender.ts";
import { hostZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { Scratch } from "./scratch.ts";
import { addAddress, UPDATE_KEY, UPDATE_KEY_FILE } from "./signed-updates.ts";
import { percentile } from "./statistics.ts";

const NAMES = 1000;
const CLIENTS = 32;
const ROUNDS = 3;
const SECONDS = 5;

export async function updates({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  const text = hostZone(NAMES);
  const rows = await alternate(servers(), rounds, async (contender) => {
    // A file of its own for each start: servers write into it, or beside it.
    using scratch = new Scratch("update");
    const zones = [{ apex: "example", file: scratch.write("example.zone", text) }];
    await using running = await start(contender, { zones, probe: `host${NAMES - 1}.example`, cores: EVERY_CORE });
    const one = await load(running, { clients: 1, seconds, series: "a" });
    const many = await load(running, { clients: CLIENTS, seconds, series: "b" });
    return { ...one, ...many };
  });
  return { bench: `durable updates of one record, signed, ${NAMES} names, server on both cores`, rows };
}

function servers(): Contender[] {
  const ours = strataAt("127.0.0.1");
  const peers = (["named", "knotd"] as const).map((name): Contender => ({
    name,
    program: findProgram(name),
    prepare: (folder, port, zones) => {
      const { first, more } = updateWords(name, UPDATE_KEY);
      const args = WRITERS[name](
        folder,
        port,
        zones.map((zone): ZoneFile => ({ ...zone, more })),
      );
      const configuration = args.at(-1)!;
      writeFileSync(configuration, first + readFileSync(configuration, "utf8"));
      return args;
    },
  }));
  return installed([
    {
      ...ours,
      prepare: (folder, port, zones) => {
        const key = join(folder, "update.key");
        writeFileSync(key, UPDATE_KEY_FILE);
        const state = join(folder, "state");
        mkdirSync(state);
        return [...ours.prepare(folder, port, zones), "--state", state, "--update-key", key];
      },
    },
    ...peers,
  ]);
}

interface Load {
  readonly clients: number;
  readonly seconds: number;
  /** Tells the names of one load from those of another. */
  readonly series: string;
}

async function load(
  { pid, port }: { readonly pid: number; readonly port: number },
  { clients, seconds, series }: Load,
): Promise<Sample> {
  await using client = await PeerClient.open(port);
  const waited: number[] = [];
  const began = performance.now();
  const cpuBefore = cpuMicroseconds(pid);
  const end = began + seconds * 1000;
  const work = async (index: number): Promise<void> => {
    for (let i = 0; performance.now() < end; i++) {
      const asked = performance.now();
      await addAddress(client, `${series}${index}-${i}`);
      waited.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => work(index)));
  const took = (performance.now() - began) / 1000;
  const sorted = Float64Array.from(waited).sort();
  const who = clients === 1 ? "1 client" : `${clients} clients`;
  return {
    [`updates/s, ${who}`]: waited.length / took,
    [`p50 ms, ${who}`]: percentile(sorted, 0.5),
    [`p99 ms, ${who}`]: percentile(sorted, 0.99),
    [`CPU µs/update, ${who}`]: (cpuMicroseconds(pid) - cpuBefore) / waited.length,
  };
}
