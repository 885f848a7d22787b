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

/** Figures of which more is better; of all others less is. */
const MORE_IS_BETTER = new Set(["queries/s"]);

/** Our median over the best peer's; null where there is no peer, or where the best is nothing at all. */
export function ratioToBest(rows: Result["rows"], what: string): number | null {
  const ours = rows["strata"]?.[what];
  const peers = Object.entries(rows).flatMap(([name, row]) => (name === "strata" ? [] : (row[what]?.median ?? [])));
  if (ours === undefined || peers.length === 0) return null;
  const best = MORE_IS_BETTER.has(what) ? Math.max(...peers) : Math.min(...peers);
  return best === 0 ? null : ours.median / best;
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
