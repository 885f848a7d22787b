/** `history.ndjson`: one line per measured change, with the peers of the same run. */
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { LAYER_NAMES } from "../zones/index.ts";
import type { Spread } from "./statistics.ts";

/** One benchmark's result: a row per contender, a spread per measured quantity. */
export interface Result {
  /** What was done, in words. */
  readonly bench: string;
  readonly rows: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
}

/** A result under the name by which `npm run bench` knows the benchmark. */
export interface NamedResult extends Result {
  readonly name: string;
}

/** One line: what was measured together. */
export interface Run {
  /** ISO 8601. */
  readonly at: string;
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly results: readonly NamedResult[];
}

/** Figures of which more is better; of all others less is. */
const isMoreBetter = (what: string): boolean =>
  /^(queries|updates|requests|names|GETATTR)\/s\b|^(READ|copy) MB\/s$/.test(what);

/** What the load costs whoever makes it, which says nothing of the server: it is shown and compared with nobody's. */
export const GENERATORS_COST = "generator's CPU µs/query";

/** Our server of files, serving a tree in memory instead of a folder: what the server costs without a disk's file system behind it. */
export const MEMORY_SERVED = "strata memory:";

/** Rows that are ours too. */
const OWN: readonly string[] = ["strata", MEMORY_SERVED, ...LAYER_NAMES];

/** Those that answer as we do. What only echoes says what the transport costs. */
export function isPeer(name: string): boolean {
  return !OWN.includes(name) && !name.startsWith("echo");
}

/** Our median over the best peer's; null where there is no peer, where the best is nothing at all, or where it is not the server's. */
export function ratioToBest(rows: Result["rows"], what: string): number | null {
  if (what === GENERATORS_COST) return null;
  const ours = rows["strata"]?.[what];
  const peers = Object.entries(rows).flatMap(([name, row]) => (isPeer(name) ? (row[what]?.median ?? []) : []));
  if (ours === undefined || peers.length === 0) return null;
  const best = isMoreBetter(what) ? Math.max(...peers) : Math.min(...peers);
  return best === 0 ? null : ours.median / best;
}

export const HISTORY = fileURLToPath(new URL("history.ndjson", import.meta.url));

/** Appends the results of one run as one line. */
export function record(results: readonly NamedResult[]): void {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  const cpu = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
  const line: Run = { at: new Date().toISOString(), commit, node: process.version, cpu, results };
  appendFileSync(HISTORY, `${JSON.stringify(line, round)}\n`);
}

/** All runs, the oldest first. */
export function runs(): Run[] {
  return readFileSync(HISTORY, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Run); // The file is our own, written by record() and by nothing else.
}

export interface Latest {
  readonly run: Run;
  readonly result: NamedResult;
}

/** The last result of each benchmark, by its name. */
export function latestOf(history: readonly Run[]): Map<string, Latest> {
  return new Map(history.flatMap((run) => run.results.map((result) => [result.name, { run, result }] as const)));
}

function round(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
