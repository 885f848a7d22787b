/** The README's figures are those of the history, and of no other source. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { README, withFigures } from "../../bench/figures.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the README shows the latest figures", () => {
  expect(readFileSync(README, "utf8")).toBe(withFigures(readFileSync(README, "utf8"), read("bench/history.ndjson")));
});

test("a figure that was touched by hand is seen", () => {
  const history = read("bench/history.ndjson");
  const touched = readFileSync(README, "utf8").replace(/(\| strata \| )\d/, "$19");
  expect(withFigures(touched, history)).not.toBe(touched);
});
