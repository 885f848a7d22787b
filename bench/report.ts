/**
 * `report.html`: every benchmark's latest result as bars with their spread, its aims as lines, and how our ratio to the best peer went over
 * the runs. One file with nothing outside it; narrow screens and dark ones are thought of. Rendered from `history.ndjson` alone.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Aim, AIMS, judge } from "./aims.ts";
import { describeAim } from "./figures.ts";
import { type Latest, latestOf, type Run, runs } from "./history.ts";
import { curveLoads, curvePlot, isInCurve } from "./report-curves.ts";
import { formatSpread, type Spread } from "./statistics.ts";

export const REPORT = fileURLToPath(new URL("report.html", import.meta.url));

/** Lengths in the units of the pictures' own coordinates. */
const WIDTH = 640;
const NAMES_WIDTH = 130;
const FIGURES_WIDTH = 190;
const BAR_HEIGHT = 18;
const LINE_HEIGHT = 26;
const PLOT_HEIGHT = 140;
const PLOT_LEFT = 40;
const PLOT_RIGHT = 12;
const PLOT_EDGE = 16;

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fff; --soft: #667085; --line: #d5dae3; --ours: #1f6feb; --peer: #a9b4c6; --met: #1a7f37; --missed: #c4320a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #11151c; --soft: #98a2b3; --line: #2c3442; --ours: #58a6ff; --peer: #56627a; --met: #3fb950; --missed: #ff7b54; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 44rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 2.5rem 0 .25rem } h3 { font-size: .9rem; font-weight: 600; margin: 1rem 0 .25rem }
p, td, th { font-size: .875rem } .soft { color: var(--soft) }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
.met { color: var(--met) } .missed { color: var(--missed); font-weight: 600 }
svg { width: 100%; min-width: 26rem; height: auto; display: block } text { font: 13px system-ui, sans-serif; fill: var(--ink); stroke: var(--paper); stroke-width: 3; paint-order: stroke } .axis text, text.soft { fill: var(--soft) }
.ours { fill: var(--ours) } .peer { fill: var(--peer) } .spread { stroke: var(--ink); stroke-width: 1.5; opacity: .7 }
.aim { stroke: var(--missed); stroke-width: 1.5; stroke-dasharray: 4 3 } .course { fill: none; stroke: var(--ours); stroke-width: 2 } .dot { fill: var(--ours) }
.grid { stroke: var(--line) } .curve { fill: none; stroke: var(--peer); stroke-width: 1.5 }
.wide { overflow-x: auto }`;

export function writeReport(): void {
  writeFileSync(REPORT, report(runs()));
}

export function report(history: readonly Run[]): string {
  const latest = latestOf(history);
  const sections = [...latest.values()].map((one) => section(one, history));
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Strata, measured</title><style>${STYLE}</style></head><body>`,
    "<h1>Strata, measured beside its peers</h1>",
    '<p class="soft">Bars are medians, whiskers the least and the greatest of the rounds; a dashed line is the aim. All contenders of one picture took turns in one run.</p>',
    overview(latest),
    ...sections,
    "</body></html>",
    "",
  ].join("\n");
}

function overview(latest: ReadonlyMap<string, Latest>): string {
  const lines = AIMS.map((aim) => {
    const judged = judge(aim, latest.get(aim.bench)?.result.rows ?? {});
    const verdict = judged === null ? "not measured" : judged.isMet ? "met" : "missed";
    const ratio = judged === null || judged.best === null ? "" : `${judged.ratio.toFixed(2)} ×`;
    const cells = [aim.work, `${aim.what} ${describeAim(aim)}`, ratio].map((cell) => `<td>${escape(cell)}</td>`);
    return `<tr>${cells.join("")}<td class="${verdict}">${verdict}</td></tr>`;
  });
  return `<div class="wide"><table><tr><th>work</th><th>aim</th><th>measured</th><th></th></tr>${lines.join("")}</table></div>`;
}

function section({ run, result: { name, bench, rows } }: Latest, history: readonly Run[]): string {
  const quantities = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))];
  const loads = curveLoads(rows);
  const curves = loads.map(
    (load) => `<h3>latency at ${escape(load)}</h3><div class="wide">${curvePlot(rows, load)}</div>`,
  );
  const bars = quantities.filter((what) => !isInCurve(what, loads));
  const pictures = bars.map((what) => {
    const aims = AIMS.filter((aim) => aim.bench === name && aim.what === what);
    const values = Object.entries(rows).flatMap(([contender, row]) =>
      row[what] === undefined ? [] : [{ contender, value: row[what] }],
    );
    const courses = aims.map((aim) => course(aim, history)).join("");
    return `<h3>${escape(what)}</h3><div class="wide">${barPlot(values, aimValue(aims[0], rows))}${courses}</div>`;
  });
  const about = `${run.at.slice(0, 10)}, ${run.commit}, ${run.cpu}, Node ${run.node}`;
  return `<h2 id="${name}">${escape(bench)}</h2><p class="soft">${escape(about)}</p>${curves.join("")}${pictures.join("")}`;
}

/** Where the aim lies on the quantity's own scale. */
function aimValue(aim: Aim | undefined, rows: Latest["result"]["rows"]): number | null {
  if (aim === undefined) return null;
  if (aim.beside === "nothing") return aim.limit;
  const judged = judge(aim, rows);
  return judged?.best === null || judged === null ? null : aim.limit * judged.best.value;
}

interface Bar {
  readonly contender: string;
  readonly value: Spread;
}

function barPlot(bars: readonly Bar[], aim: number | null): string {
  const most = Math.max(...bars.map(({ value }) => value.max), aim ?? 0, Number.MIN_VALUE);
  const at = (value: number): number => NAMES_WIDTH + (value / most) * (WIDTH - NAMES_WIDTH - FIGURES_WIDTH);
  const height = bars.length * LINE_HEIGHT;
  const lines = bars.map(({ contender, value }, i) => barLine({ contender, value }, i * LINE_HEIGHT, at));
  const line = aim === null ? "" : `<line class="aim" x1="${x(at(aim))}" x2="${x(at(aim))}" y1="0" y2="${height}"/>`;
  const label = bars.map(({ contender, value }) => `${contender} ${value.median}`).join(", ");
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(label)}">${line}${lines.join("")}</svg>`;
}

function barLine({ contender, value }: Bar, top: number, at: (value: number) => number): string {
  const isOurs = contender.startsWith("strata") || contender.startsWith("resolve") || contender.startsWith("up ");
  const middle = top + LINE_HEIGHT / 2;
  const figures = formatSpread(value, value.median < 100 ? 2 : 0);
  return [
    `<text x="0" y="${middle + 4}">${escape(contender)}</text>`,
    `<rect class="${isOurs ? "ours" : "peer"}" x="${NAMES_WIDTH}" y="${middle - BAR_HEIGHT / 2}" width="${x(at(value.median) - NAMES_WIDTH)}" height="${BAR_HEIGHT}" rx="2"/>`,
    `<line class="spread" x1="${x(at(value.min))}" x2="${x(at(value.max))}" y1="${middle}" y2="${middle}"/>`,
    `<text class="soft" x="${x(Math.max(at(value.max), at(value.median)) + 6)}" y="${middle + 4}">${figures}</text>`,
  ].join("");
}

/** Our ratio to what the aim compares with, run by run; a single run draws no course. */
function course(aim: Aim, history: readonly Run[]): string {
  const ratios = history.flatMap((run) =>
    run.results.filter(({ name }) => name === aim.bench).flatMap(({ rows }) => judge(aim, rows)?.ratio ?? []),
  );
  if (ratios.length < 2 || aim.beside === "nothing") return "";
  const most = 1.1 * Math.max(aim.limit, ...ratios);
  const across = (i: number): string => x(PLOT_LEFT + (i * (WIDTH - PLOT_LEFT - PLOT_RIGHT)) / (ratios.length - 1));
  const up = (ratio: number): string => x(PLOT_HEIGHT - PLOT_EDGE - (ratio / most) * (PLOT_HEIGHT - 2 * PLOT_EDGE));
  const points = ratios.map((ratio, i) => `${across(i)},${up(ratio)}`);
  return [
    `<svg class="axis" viewBox="0 0 ${WIDTH} ${PLOT_HEIGHT}" role="img" aria-label="ratio over the runs: ${ratios.map((ratio) => ratio.toFixed(2)).join(", ")}">`,
    ...[0, aim.limit].map((ratio) => `<text x="0" y="${Number(up(ratio)) + 4}">${ratio}</text>`),
    `<line class="grid" x1="${PLOT_LEFT}" x2="${WIDTH}" y1="${up(0)}" y2="${up(0)}"/>`,
    `<line class="aim" x1="${PLOT_LEFT}" x2="${WIDTH}" y1="${up(aim.limit)}" y2="${up(aim.limit)}"/>`,
    `<polyline class="course" points="${points.join(" ")}"/>`,
    ...points.map((point, i) => {
      const [left, top] = point.split(",");
      return `<circle class="dot" cx="${left}" cy="${top}" r="3"><title>${ratios[i]!.toFixed(3)}</title></circle>`;
    }),
    `<text class="soft" x="${WIDTH}" y="12" text-anchor="end">ratio over the runs, the latest ${ratios.at(-1)!.toFixed(2)}</text></svg>`,
  ].join("");
}

function x(value: number): string {
  return value.toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
