/** `generator.ts` as a process of its own on the core of the load: starts it, bounds it in time and reads what it prints. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CORE_OF_LOAD } from "./contender.ts";
import type { GeneratorResult } from "./generator-result.ts";

export interface GeneratorLoad {
  /** dnsperf's file of queries. */
  readonly queries: string;
  readonly seconds: number;
  /** Queries in flight, or queries a second. */
  readonly flow: { readonly outstanding: number } | { readonly perSecond: number };
  readonly dnssecOk?: boolean;
}

/** Over its own time: starting, and waiting for the last answers. */
const PATIENCE_SECONDS = 60;

/** What the generator adds itself is in the latencies; beyond this they say little of the server. */
const BEHIND_MILLISECONDS_MAX = 2;

export const GENERATOR = fileURLToPath(new URL("generator.ts", import.meta.url));
const run = promisify(execFile);

export async function generate(port: number, load: GeneratorLoad): Promise<GeneratorResult> {
  const { queries, seconds, flow, dnssecOk = false } = load;
  const how = "outstanding" in flow ? ["--outstanding", `${flow.outstanding}`] : ["--rate", `${flow.perSecond}`];
  const what = ["--port", `${port}`, "--queries", queries, "--seconds", `${seconds}`, ...(dnssecOk ? ["--do"] : [])];
  const words = ["-c", CORE_OF_LOAD, process.execPath, GENERATOR, ...what, ...how];
  const { stdout } = await run("taskset", words, { timeout: 1000 * (seconds + PATIENCE_SECONDS) });
  // The generator is our own; this is its last line.
  const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as GeneratorResult;
  if (result.behindMilliseconds > BEHIND_MILLISECONDS_MAX && "perSecond" in flow)
    process.stderr.write(
      `  held up for ${result.behindMilliseconds.toFixed(1)} ms itself: this machine is not quiet\n`,
    );
  if (result.answered === 0) throw new Error(`the server gave no answer: ${JSON.stringify(result)}`);
  return result;
}
