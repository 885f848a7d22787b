/** The README's figures: the latest result of each benchmark in `history.ndjson`, as Markdown between two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Result } from "./history.ts";
import { formatSpread } from "./statistics.ts";

const BEGIN = "<!-- figures from bench/history.ndjson: begin -->";
const END = "<!-- figures: end -->";

export const README = fileURLToPath(new URL("../README.md", import.meta.url));

interface Run {
  readonly at: string;
  readonly commit: string;
  readonly cpu: string;
  readonly results: readonly Result[];
}

/** The README with its figures put in anew. */
export function withFigures(readme: string, history: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the README has no place for figures: ${BEGIN} … ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${figures(history)}\n${readme.slice(end)}`;
}

export function updateReadme(): void {
  const history = readFileSync(new URL("history.ndjson", import.meta.url), "utf8");
  writeFileSync(README, withFigures(readFileSync(README, "utf8"), history));
}

function figures(history: string): string {
  const latest = new Map<string, { readonly run: Run; readonly result: Result }>();
  for (const line of history.trim().split("\n")) {
    // The file is our own, written by record() and by nothing else.
    const run = JSON.parse(line) as Run;
    for (const result of run.results) latest.set(result.bench, { run, result });
  }
  return [...latest.values()].map(({ run, result }) => section(run, result)).join("\n");
}

function section({ at, commit, cpu }: Run, { bench, rows }: Result): string {
  const columns = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))];
  const lines = Object.entries(rows).map(([name, row]) => {
    const cells = columns.map((column) => {
      const value = row[column];
      return value === undefined ? "" : formatSpread(value, value.median < 100 ? 2 : 0);
    });
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  return [
    `**${bench}**, ${at.slice(0, 10)}, ${commit}, ${cpu}; median (minimum–maximum):`,
    "",
    `| | ${columns.join(" | ")} |`,
    `|---|${columns.map(() => "---").join("|")}|`,
    ...lines,
    "",
  ].join("\n");
}
