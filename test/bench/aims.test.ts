import { describe, expect, test } from "vitest";
import { type Aim, AIMS, judge } from "../../bench/aims.ts";
import type { Result } from "../../bench/history.ts";

const CPU = "CPU µs/query";

function rows(medians: Readonly<Record<string, Readonly<Record<string, number>>>>): Result["rows"] {
  const one = (median: number) => ({ median, min: median, max: median });
  return Object.fromEntries(
    Object.entries(medians).map(([name, row]) => [
      name,
      Object.fromEntries(Object.entries(row).map(([what, median]) => [what, one(median)])),
    ]),
  );
}

const aim = (given: Partial<Aim>): Aim => ({
  bench: "udp",
  work: "work",
  what: CPU,
  kind: "at most",
  limit: 0.85,
  beside: ["nsd", "knotd"],
  ...given,
});

const beside = rows({ strata: { [CPU]: 4 }, nsd: { [CPU]: 5 }, knotd: { [CPU]: 8 }, named: { [CPU]: 2 } });

describe("our median is judged", () => {
  test.each([
    ["by the least of the peers named", aim({}), { ratio: 0.8, name: "nsd", isMet: true }],
    ["by the least of all peers", aim({ beside: "every peer" }), { ratio: 2, name: "named", isMet: false }],
    ["at the limit: it is met", aim({ limit: 0.8 }), { ratio: 0.8, name: "nsd", isMet: true }],
    [
      "by the greatest, where much is good",
      aim({ kind: "at least", limit: 1 }),
      { ratio: 0.5, name: "knotd", isMet: false },
    ],
  ])("%s", (_, given, { ratio, name, isMet }) => {
    const judged = judge(given, beside);
    expect(judged).toMatchObject({ ratio, isMet, ours: 4 });
    expect(judged?.best?.name).toBe(name);
  });

  test("by nothing but the bound", () => {
    const lost = rows({ strata: { lost: 0 }, nsd: { lost: 9 } });
    expect(judge(aim({ what: "lost", limit: 0, beside: "nothing" }), lost)).toEqual({
      ours: 0,
      best: null,
      ratio: 0,
      isMet: true,
    });
  });

  test("by another quantity of our own", () => {
    const own = rows({ strata: { "p99 ms": 3, "p99 ms before": 1 }, nsd: { "p99 ms": 9 } });
    const given = aim({ what: "p99 ms", limit: 2, beside: { ours: "p99 ms before" } });
    expect(judge(given, own)).toMatchObject({ ratio: 3, isMet: false });
  });
});

describe("nothing is said", () => {
  test.each([
    ["when we were not measured", rows({ nsd: { [CPU]: 5 } })],
    ["when none of the peers was there", rows({ strata: { [CPU]: 4 }, named: { [CPU]: 2 } })],
    ["when they have no such quantity", rows({ strata: { [CPU]: 4 }, nsd: { "queries/s": 5 } })],
  ])("%s", (_, given) => expect(judge(aim({}), given)).toBeNull());
});

test("an aim is listed once", () => {
  const keys = AIMS.map(({ bench, what }) => `${bench} ${what}`);
  expect(new Set(keys).size).toBe(keys.length);
});
