import { describe, expect, test } from "vitest";
import { formatSpread, percentile, spread } from "../../bench/statistics.ts";

describe("a spread", () => {
  test.each([
    ["one sample", [3], { median: 3, min: 3, max: 3 }],
    ["an odd number, unsorted", [9, 1, 5], { median: 5, min: 1, max: 9 }],
    ["an even number: between the middle two", [4, 1, 3, 2], { median: 2.5, min: 1, max: 4 }],
    ["numbers sort as numbers, not as text", [10, 9, 100], { median: 10, min: 9, max: 100 }],
  ])("of %s", (_, samples, expected) => expect(spread(samples)).toEqual(expected));

  test("of nothing says nothing", () => expect(spread([]).median).toBeNaN());

  test("is written with its least and greatest", () =>
    expect(formatSpread({ median: 5.06, min: 4.9, max: 5.61 }, 1)).toBe("5.1 (4.9–5.6)"));
});

describe("a percentile", () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i);
  test.each([
    ["half", 0.5, 50],
    ["99 of 100", 0.99, 99],
    ["all", 1, 99],
    ["none", 0, 0],
  ])("of %s", (_, share, expected) => expect(percentile(hundred, share)).toBe(expected));

  test("of nothing says nothing", () => expect(percentile(new Float64Array(), 0.5)).toBeNaN());
});
