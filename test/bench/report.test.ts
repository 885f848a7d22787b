import { describe, expect, test } from "vitest";
import type { Run } from "../../bench/history.ts";
import { ratioToBest } from "../../bench/history.ts";
import { curveLoads, curvePlot, isInCurve } from "../../bench/report-curves.ts";
import { report } from "../../bench/report.ts";

const one = (median: number) => ({ median, min: median, max: median });
const SHARES = ["p50", "p90", "p99", "p99.9", "longest"];
const at = (load: string, from: number): Readonly<Record<string, ReturnType<typeof one>>> =>
  Object.fromEntries(SHARES.map((share, i) => [`${share} ms at ${load}`, one(from * 2 ** i)]));

const rows = {
  strata: { ...at("half load", 0.03), "lost at half load": one(0) },
  nsd: { ...at("half load", 0.05), "lost at half load": one(0) },
};
const run: Run = {
  at: "2026-01-02T03:04:05.000Z",
  commit: "abc",
  node: "v26",
  cpu: "2 × x",
  results: [{ name: "latency", bench: "udp <latency>", rows }],
};

describe("latency", () => {
  test("that was measured from the median to the longest is drawn as curves", () => {
    expect(curveLoads(rows)).toEqual(["half load"]);
    const plot = curvePlot(rows, "half load");
    expect(plot.match(/<polyline/g)).toHaveLength(2);
    expect(plot).toContain('class="course"');
    expect(plot).not.toContain("NaN");
  });

  test("of which a percentile is missing is drawn as bars", () => {
    const some = Object.entries(rows.nsd).filter(([what]) => !what.startsWith("p90"));
    expect(curveLoads({ nsd: Object.fromEntries(some) })).toEqual([]);
  });

  test("keeps its bars where it may have an aim", () => {
    expect(isInCurve("p99 ms at half load", ["half load"])).toBe(false);
    expect(isInCurve("p99.9 ms at half load", ["half load"])).toBe(true);
    expect(isInCurve("p50 ms", ["half load"])).toBe(false);
  });
});

describe("the report", () => {
  const page = report([run, run]);

  test("is whole in itself", () => {
    expect(page).not.toMatch(/(?:src|href)=|url\(|@import/);
    expect(page).not.toContain("NaN");
  });

  test("shows names as text", () => {
    expect(page).toContain("udp &lt;latency>");
    expect(page).not.toContain("<latency");
  });
});

test("what the load costs is compared with nobody's", () => {
  const rows = { strata: { "generator's CPU µs/query": one(4) }, nsd: { "generator's CPU µs/query": one(5) } };
  expect(ratioToBest(rows, "generator's CPU µs/query")).toBeNull();
});

test("an echo is no peer", () => {
  const beside = {
    strata: { "CPU µs/query": one(4) },
    nsd: { "CPU µs/query": one(5) },
    "echo, batched": { "CPU µs/query": one(1) },
  };
  expect(ratioToBest(beside, "CPU µs/query")).toBe(0.8);
});
