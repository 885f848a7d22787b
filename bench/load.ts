/** Loading: from starting the process to the first answer, and memory then, for a zone of a million records. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contenders, EVERY_CORE, start } from "./contender.ts";
import { delegationLabel, delegationZone } from "./data.ts";
import type { Result } from "./history.ts";
import { residentOctets } from "./process.ts";
import { spread } from "./statistics.ts";

const RECORDS = 1_000_000;
const ROUNDS = 3;

export async function load(): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "bench-load-"));
  const file = join(folder, "example.zone");
  writeFileSync(file, delegationZone(RECORDS));
  const probe = `www.${delegationLabel(RECORDS / 2 - 1)}.example`;
  const samples = new Map<string, { seconds: number[]; mebibytes: number[] }>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const contender of contenders()) {
        await using running = await start(contender, { zones: [{ apex: "example", file }], probe, cores: EVERY_CORE });
        const sample = samples.get(contender.name) ?? { seconds: [], mebibytes: [] };
        sample.seconds.push(running.readyMilliseconds / 1000);
        sample.mebibytes.push(residentOctets(running.pid) / 2 ** 20);
        samples.set(contender.name, sample);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const rows = [...samples].map(([name, { seconds, mebibytes }]) => [
    name,
    { "seconds to first answer": spread(seconds), "MiB resident": spread(mebibytes) },
  ]);
  return { bench: `load ${RECORDS} records`, rows: Object.fromEntries(rows) as Result["rows"] };
}
