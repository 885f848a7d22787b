/** The figures in the documents are those of the history, and of no other source. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { PAGES, withFigures } from "../../bench/figures.ts";
import { runs } from "../../bench/history.ts";

describe.each(PAGES.map((page) => [basename(page.file), page] as const))("%s", (_, page) => {
  const text = readFileSync(page.file, "utf8");

  test("shows the latest figures", () => expect(text).toBe(withFigures(text, page, runs())));

  test("a figure that was touched by hand is seen", () => {
    const touched = text.replace(/(?<=begin -->[^]*?\| [^|]*\d)\d(?= )/, "x");
    expect(touched).not.toBe(text);
    expect(withFigures(touched, page, runs())).not.toBe(touched);
  });
});
