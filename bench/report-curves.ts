/** Latency curves for `report.ts`: from the median to the longest, a line a contender, on a scale of powers of ten. */
import type { Result } from "./history.ts";

/** In the order of the horizontal axis. */
const SHARES = ["p50", "p90", "p99", "p99.9", "longest"] as const;
const QUANTITY = new RegExp(`^(?:${SHARES.map((share) => share.replace(".", "\\.")).join("|")}) ms at (.+)$`);

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 56;
const RIGHT = 110;
const TOP = 12;
const BOTTOM = 26;
const LABEL_HEIGHT = 16;

/** The loads whose latency was measured with all its percentiles, as they are called in the quantities. */
export function curveLoads(rows: Result["rows"]): string[] {
  const quantities = new Set(Object.values(rows).flatMap((row) => Object.keys(row)));
  const loads = new Set([...quantities].flatMap((what) => QUANTITY.exec(what)?.[1] ?? []));
  return [...loads].filter((load) => SHARES.every((share) => quantities.has(`${share} ms at ${load}`)));
}

/** What a curve shows already and needs no bars: all but the quantity that may have an aim. */
export function isInCurve(what: string, loads: readonly string[]): boolean {
  const load = QUANTITY.exec(what)?.[1];
  return load !== undefined && loads.includes(load) && !what.startsWith("p99 ");
}

interface Curve {
  readonly name: string;
  readonly milliseconds: readonly number[];
}

export function curvePlot(rows: Result["rows"], load: string): string {
  const curves: Curve[] = Object.entries(rows).flatMap(([name, row]) => {
    const milliseconds = SHARES.flatMap((share) => row[`${share} ms at ${load}`]?.median ?? []);
    return milliseconds.length === SHARES.length ? [{ name, milliseconds }] : [];
  });
  const all = curves.flatMap(({ milliseconds }) => milliseconds).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const up = (value: number): number => {
    const share = (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  };
  const label = `latency at ${load}: ${curves.map(({ name, milliseconds }) => `${name} ${milliseconds.join(" ")}`).join("; ")}`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label.replaceAll('"', "")}">`,
    ...Array.from({ length: high - low + 1 }, (_, i) => gridLine(10 ** (low + i), up)),
    ...SHARES.map(
      (share, i) => `<text class="soft" x="${across(i)}" y="${HEIGHT - 6}" text-anchor="middle">${share}</text>`,
    ),
    // Ours last, so that it lies on top.
    ...curves
      .toSorted((a, b) => Number(a.name === "strata") - Number(b.name === "strata"))
      .map((curve) => line(curve, up)),
    ...labels(curves, up),
    "</svg>",
  ].join("");
}

function across(index: number): string {
  return (LEFT + (index * (WIDTH - LEFT - RIGHT)) / (SHARES.length - 1)).toFixed(1);
}

function gridLine(milliseconds: number, up: (value: number) => number): string {
  const y = up(milliseconds).toFixed(1);
  const text = milliseconds >= 1 ? `${milliseconds}` : milliseconds.toPrecision(1);
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="soft" x="0" y="${Number(y) + 4}">${text} ms</text>`;
}

function line({ name, milliseconds }: Curve, up: (value: number) => number): string {
  const points = milliseconds.map((value, i) => `${across(i)},${up(value).toFixed(1)}`);
  return `<polyline class="${name === "strata" ? "course" : "curve"}" points="${points.join(" ")}"/>`;
}

/** Each at the end of its line, or as near below the one above as it can be read. */
function labels(curves: readonly Curve[], up: (value: number) => number): string[] {
  const placed = curves
    .map(({ name, milliseconds }) => ({ name, y: up(milliseconds.at(-1) ?? 0) }))
    .sort((a, b) => a.y - b.y);
  let free = TOP;
  return placed.map(({ name, y }) => {
    const at = Math.max(y, free);
    free = at + LABEL_HEIGHT;
    return `<text x="${WIDTH - RIGHT + 8}" y="${(at + 4).toFixed(1)}">${name}</text>`;
  });
}
