/** `history.ndjson`: one line per measured change, with the peers of the same run. */
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Spread } from "./statistics.ts";

/** One benchmark's result: a row per contender, a spread per measured quantity. */
export interface Result {
  readonly bench: string;
  readonly rows: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
}

const path = fileURLToPath(new URL("history.ndjson", import.meta.url));

/** Appends the results of one run as one line. */
export function record(results: readonly Result[]): void {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  const line = {
    at: new Date().toISOString(),
    commit,
    node: process.version,
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    results,
  };
  appendFileSync(path, `${JSON.stringify(line, round)}\n`);
}

function round(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
