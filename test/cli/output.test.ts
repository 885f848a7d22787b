/** Colour only on a terminal, and never with NO_COLOR; what an error ends with. */
import { describe, expect, test } from "vitest";
import { FileError } from "../../base/index.ts";
import { describeFailure, UsageError, WorkError } from "../../cli/failure.ts";
import { paintFor } from "../../cli/output.ts";

test.each([
  ["a terminal", true, {}, "\u001b[31mx\u001b[0m"],
  ["a pipe", false, {}, "x"],
  ["NO_COLOR", true, { NO_COLOR: "1" }, "x"],
  ["an empty NO_COLOR", true, { NO_COLOR: "" }, "\u001b[31mx\u001b[0m"],
  ["a dumb terminal", true, { TERM: "dumb" }, "x"],
])("%s", (_situation, isTerminal, environment, text) => {
  expect(paintFor(isTerminal, environment).red("x")).toBe(text);
});

describe("what is thrown ends with", () => {
  const missing = new FileError("read", "a", Object.assign(new Error(""), { code: "ENOENT" }));
  const busy = Object.assign(new Error("busy"), { code: "IN_USE" });
  test.each([
    [new UsageError("wrong"), 64, "wrong"],
    [missing, 64, "cannot read a: there is no such file"],
    [new WorkError("not now"), 2, "not now"],
    [busy, 2, "busy"],
    [new TypeError("oops"), 2, "this is a bug in strata"],
  ])("%s: %i", (thrown, exitCode, message) => {
    expect(describeFailure(thrown)).toEqual({ exitCode, message: expect.stringContaining(message) });
  });
});
