/**
 * The figures in the documents, put in between two marks as Markdown and from `history.ndjson` alone: the README has the aims and how
 * near we are, docs/PERFORMANCE.md the latest result of each benchmark.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Aim, AIMS, judge } from "./aims.ts";
import { latestOf, type Latest, type Run, runs } from "./history.ts";
import { formatSpread } from "./statistics.ts";

const BEGIN = "<!-- figures from bench/history.ndjson: begin -->";
const END = "<!-- figures: end -->";

export interface FiguresPage {
  readonly file: string;
  readonly figures: (history: readonly Run[]) => string;
}

const pathOf = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));

export const PAGES: readonly FiguresPage[] = [
  { file: pathOf("README.md"), figures: aimTable },
  { file: pathOf("docs/PERFORMANCE.md"), figures: resultTables },
];

/** The page's text with its figures put in anew. */
export function withFigures(text: string, { file, figures }: FiguresPage, history: readonly Run[]): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for figures: ${BEGIN} … ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${figures(history)}\n${text.slice(end)}`;
}

export function updatePages(): void {
  const history = runs();
  for (const page of PAGES) writeFileSync(page.file, withFigures(readFileSync(page.file, "utf8"), page, history));
}

function aimTable(history: readonly Run[]): string {
  const latest = latestOf(history);
  const lines = AIMS.map((aim) => aimLine(aim, latest.get(aim.bench) ?? null));
  return ["| work | aim | measured | ours | the best beside it | |", "|---|---|---|---|---|---|", ...lines, ""].join(
    "\n",
  );
}

function aimLine(aim: Aim, latest: Latest | null): string {
  const wanted = `${aim.what} ${describeAim(aim)}`;
  const judged = latest === null ? null : judge(aim, latest.result.rows);
  if (judged === null) return `| ${aim.work} | ${wanted} | not measured | | | |`;
  const { ours, best, ratio, isMet } = judged;
  const measured = best === null ? "" : `${ratio.toFixed(2)} ×`;
  const beside = best === null ? "" : `${figure(best.value)} (${best.name})`;
  return `| ${aim.work} | ${wanted} | ${measured} | ${figure(ours)} | ${beside} | ${isMet ? "met" : "**missed**"} |`;
}

/** `≤ 0.85 × the best of nsd, knotd`. */
export function describeAim({ kind, limit, beside }: Aim): string {
  const bound = `${kind === "at most" ? "≤" : "≥"} ${limit}`;
  if (beside === "nothing") return bound;
  if (typeof beside === "object" && "ours" in beside) return `${bound} × its ${beside.ours}`;
  if (beside === "every peer") return `${bound} × the best`;
  return `${bound} × ${beside.length > 1 ? "the best of " : ""}${beside.join(", ")}`;
}

/** A figure with as many digits as a median of a few rounds is worth. */
function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function resultTables(history: readonly Run[]): string {
  return [...latestOf(history).values()].map(resultTable).join("\n");
}

function resultTable({ run: { at, commit, cpu }, result: { bench, rows } }: Latest): string {
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
