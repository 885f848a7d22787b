/** Questions over UDP on one core: queries a second, and CPU time a query of all the server's threads and processes. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contenders, CORE_OF_LOAD, CORE_OF_SERVER, type Running, start } from "./contender.ts";
import { hostQueries, hostZone } from "./data.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { spread } from "./statistics.ts";

const NAMES = 100_000;
const QUERIES = 200_000;
const HITS = 0.9;
const ROUNDS = 3;
const SECONDS = 5;
const WARM_UP_SECONDS = 2;

export async function udp(): Promise<Result> {
  execFileSync("which", ["dnsperf"]);
  const folder = mkdtempSync(join(tmpdir(), "bench-udp-"));
  const file = join(folder, "example.zone");
  const queries = join(folder, "queries");
  writeFileSync(file, hostZone(NAMES));
  writeFileSync(queries, hostQueries(NAMES, QUERIES, HITS));
  const probe = `host${NAMES - 1}.example`;
  const samples = new Map<string, { persecond: number[]; cpu: number[] }>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const contender of contenders()) {
        await using running = await start(contender, {
          zones: [{ apex: "example", file }],
          probe,
          cores: CORE_OF_SERVER,
        });
        await dnsperf(running, queries, WARM_UP_SECONDS);
        const before = cpuMicroseconds(running.pid);
        const { completed, perSecond } = await dnsperf(running, queries, SECONDS);
        const sample = samples.get(contender.name) ?? { persecond: [], cpu: [] };
        sample.persecond.push(perSecond);
        sample.cpu.push((cpuMicroseconds(running.pid) - before) / completed);
        samples.set(contender.name, sample);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const rows = [...samples].map(([name, { persecond, cpu }]) => [
    name,
    { "queries/s": spread(persecond), "CPU µs/query": spread(cpu) },
  ]);
  return {
    bench: `udp ${NAMES} names, ${HITS * 100} % hits, one core`,
    rows: Object.fromEntries(rows) as Result["rows"],
  };
}

interface Load {
  readonly completed: number;
  readonly perSecond: number;
}

async function dnsperf(running: Running, queries: string, seconds: number): Promise<Load> {
  const args = ["-c", CORE_OF_LOAD, "dnsperf", "-s", "127.0.0.1", "-p", `${running.port}`, "-d", queries];
  const child = spawn("taskset", [...args, "-l", `${seconds}`, "-c", "8", "-q", "200"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "exit");
  const output = Buffer.concat(chunks).toString();
  return { completed: figure(output, "Queries completed"), perSecond: figure(output, "Queries per second") };
}

function figure(output: string, label: string): number {
  const line = output.split("\n").find((candidate) => candidate.includes(label));
  const value = Number(line?.split(":")[1]?.trim().split(" ")[0]);
  if (!(value > 0)) throw new Error(`dnsperf printed no "${label}":\n${output}`);
  return value;
}
