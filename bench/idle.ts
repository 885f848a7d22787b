/**
 * Servers of a small zone with nothing to do: from starting the process to the first answer, then the CPU and the memory that waiting
 * takes. All of them wait during the same half minute, since what waits does not disturb the others.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Sample, spreads } from "./alternate.ts";
import { contenders, EVERY_CORE, type Running, start } from "./contender.ts";
import { hostZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds, residentOctets } from "./process.ts";
import { Scratch } from "./scratch.ts";

const NAMES = 10;
const STARTS = 5;
const SETTLE_SECONDS = 3;
const SECONDS = 30;

export async function idle({ rounds = STARTS, seconds = SECONDS }: Effort): Promise<Result> {
  using scratch = new Scratch("idle");
  const zones = [{ apex: "example", file: scratch.write("example.zone", hostZone(NAMES)) }];
  const started = new Map<string, number[]>();
  let waiting: readonly (readonly [name: string, running: Running])[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      await stopAll(waiting);
      waiting = [];
      for (const contender of contenders()) {
        const running = await start(contender, { zones, probe: "host1.example", cores: EVERY_CORE });
        waiting = [...waiting, [contender.name, running]];
        started.set(contender.name, [...(started.get(contender.name) ?? []), running.readyMilliseconds]);
      }
    }
    const waited = await watch(waiting, seconds);
    const rows = [...started].map(([name, milliseconds]) => [
      name,
      { ...spreads(milliseconds.map((ms) => ({ "ms to first answer": ms }))), ...spreads([waited.get(name) ?? {}]) },
    ]);
    return { bench: `idle, ${NAMES} names, ${seconds} s`, rows: Object.fromEntries(rows) as Result["rows"] };
  } finally {
    await stopAll(waiting);
  }
}

async function watch(
  waiting: readonly (readonly [name: string, running: Running])[],
  seconds: number,
): Promise<Map<string, Sample>> {
  await wait(SETTLE_SECONDS * 1000);
  const before = new Map(waiting.map(([name, { pid }]) => [name, cpuMicroseconds(pid)]));
  const began = performance.now();
  await wait(seconds * 1000);
  const microseconds = (performance.now() - began) * 1000;
  return new Map(
    waiting.map(([name, { pid }]) => [
      name,
      {
        "CPU %": (100 * (cpuMicroseconds(pid) - (before.get(name) ?? 0))) / microseconds,
        "MiB resident": residentOctets(pid) / 2 ** 20,
      },
    ]),
  );
}

async function stopAll(waiting: readonly (readonly [name: string, running: Running])[]): Promise<void> {
  await Promise.all(waiting.map(([, running]) => running[Symbol.asyncDispose]()));
}
