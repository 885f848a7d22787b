/** Starting: `strata resolve` from process start to its answer, and `strata up` from process start to `ready`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Result } from "./history.ts";
import { spread } from "./statistics.ts";

const strata = fileURLToPath(new URL("../bin/strata", import.meta.url));
const ROUNDS = 5;

export async function startUp(): Promise<Result> {
  const up: number[] = [];
  const resolve: Record<string, number[]> = { resolver: [], iterative: [], recursive: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const folder = mkdtempSync(join(tmpdir(), "bench-start-"));
    const began = performance.now();
    const child = spawn(strata, ["up", "--state", folder, "--port", "8953"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await ready(child);
      up.push(performance.now() - began);
      for (const [mode, samples] of Object.entries(resolve)) samples.push(await resolved(mode, folder));
    } finally {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const milliseconds = (samples: readonly number[]) => ({ milliseconds: spread(samples) });
  const modes = Object.entries(resolve).map(([mode, samples]) => [`resolve ${mode}`, milliseconds(samples)] as const);
  return { bench: "start", rows: { "up to ready": milliseconds(up), ...Object.fromEntries(modes) } };
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error("the process has no standard output");
  for await (const line of createInterface(child.stdout)) if (line === "ready") return;
  throw new Error("strata up ended before it was ready");
}

async function resolved(mode: string, state: string): Promise<number> {
  const began = performance.now();
  const child = spawn(strata, ["resolve", "www.cs.vu.nl", "--mode", mode, "--state", state], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`strata resolve --mode ${mode} ended with ${code}`);
  return performance.now() - began;
}
