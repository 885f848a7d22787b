/** Starting: `strata resolve` from process start to its answer, and `strata up` from process start to `ready`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { startNamespace } from "./namespace.ts";
import { strata } from "./package.ts";
import { spread } from "./statistics.ts";

const ROUNDS = 5;

export async function startUp({ rounds = ROUNDS }: Effort): Promise<Result> {
  const up: number[] = [];
  const resolve: Record<string, number[]> = { resolver: [], iterative: [], recursive: [] };
  for (let round = 0; round < rounds; round++) {
    await using namespace = await startNamespace();
    up.push(namespace.readyMilliseconds);
    for (const [mode, samples] of Object.entries(resolve)) samples.push(await resolved(mode, namespace.state));
  }
  const milliseconds = (samples: readonly number[]) => ({ milliseconds: spread(samples) });
  const modes = Object.entries(resolve).map(([mode, samples]) => [`resolve ${mode}`, milliseconds(samples)] as const);
  return { bench: "start", rows: { "up to ready": milliseconds(up), ...Object.fromEntries(modes) } };
}

async function resolved(mode: string, state: string): Promise<number> {
  const program = strata();
  const began = performance.now();
  const child = spawn(program, ["resolve", "www.cs.vu.nl", "--mode", mode, "--state", state], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`strata resolve --mode ${mode} ended with ${code}`);
  return performance.now() - began;
}
