import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dateOfDay, dayOfDate, formatDate, formatTime, nextRun, parseDate } from "../../bank/index.ts";

describe("days and dates", () => {
  test.each([
    ["1970-01-01", 0],
    ["1969-12-31", -1],
    ["2000-02-29", 11_016],
    ["2026-11-23", 20_780],
    ["2100-03-01", 47_541],
  ])("%s is day %d", (text, day) => {
    expect(parseDate(text)).toBe(day);
    expect(formatDate(day)).toBe(text);
  });

  test.each(["2100-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-4-1", "", "x"])("%s is no day", (text) => {
    expect(parseDate(text)).toBeNull();
  });

  test("are those of the system's calendar", () => {
    fc.assert(
      fc.property(fc.integer({ min: -200_000, max: 400_000 }), (day) => {
        expect(formatTime(day * 86_400_000 + 12_345_678)).toBe(
          `${new Date(day * 86_400_000).toISOString().slice(0, 10)}T03:25:45Z`,
        );
        expect(dayOfDate(dateOfDay(day))).toBe(day);
      }),
    );
  });
});

describe("what runs every so often", () => {
  const runs = (first: string, every: "day" | "week" | "month", count: number): string[] => {
    const days = [parseDate(first)!];
    const { day: dayOfMonth } = dateOfDay(days[0]!);
    while (days.length < count) days.push(nextRun(days.at(-1)!, { every, dayOfMonth }));
    return days.map(formatDate);
  };
  test.each([
    ["2027-12-31", "month", ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"]],
    ["2026-11-30", "month", ["2026-11-30", "2026-12-30", "2027-01-30", "2027-02-28", "2027-03-30"]],
    ["2026-12-28", "week", ["2026-12-28", "2027-01-04"]],
    ["2026-02-28", "day", ["2026-02-28", "2026-03-01"]],
  ] as const)("from %s every %s", (first, every, expected) => {
    expect(runs(first, every, expected.length)).toEqual(expected);
  });
});
