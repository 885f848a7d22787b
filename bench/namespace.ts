/** The example name space as `strata up` starts it, on a port of its own, for benchmarks of the whole. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { strata } from "./package.ts";
import { Scratch } from "./scratch.ts";

export interface RunningNamespace extends AsyncDisposable {
  readonly port: number;
  /** Where other commands find it. */
  readonly state: string;
  /** From starting the process to `ready`. */
  readonly readyMilliseconds: number;
}

const PORT = 8953;

export async function startNamespace(): Promise<RunningNamespace> {
  const scratch = new Scratch("namespace");
  const program = strata();
  const began = performance.now();
  const child = spawn(program, ["up", "--state", scratch.folder, "--port", `${PORT}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    scratch[Symbol.dispose]();
  };
  for await (const line of createInterface(child.stdout)) {
    if (line !== "ready") continue;
    const readyMilliseconds = performance.now() - began;
    return { port: PORT, state: scratch.folder, readyMilliseconds, [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Error("strata up ended before it was ready");
}
