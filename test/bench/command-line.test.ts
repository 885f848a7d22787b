import { describe, expect, test } from "vitest";
import { wantedBy } from "../../bench/command-line.ts";

const KNOWN = ["load", "udp", "tcp-long"];

describe("what is asked for", () => {
  test.each([
    ["nothing: all of it", [], { names: KNOWN, effort: {}, isList: false }],
    ["some, in that order", ["udp", "load"], { names: ["udp", "load"], effort: {}, isList: false }],
    [
      "a try",
      ["--rounds", "1", "--seconds=2", "udp"],
      { names: ["udp"], effort: { rounds: 1, seconds: 2 }, isList: false },
    ],
    ["a list", ["--list"], { names: KNOWN, effort: {}, isList: true }],
  ])("%s", (_, words, expected) => expect(wantedBy(words, KNOWN)).toEqual(expected));
});

test("what takes long runs only by name", () => {
  expect(wantedBy([], KNOWN, ["load"])).toMatchObject({ names: ["udp", "tcp-long"] });
  expect(wantedBy(["load"], KNOWN, ["load"])).toMatchObject({ names: ["load"] });
});

describe("what cannot be", () => {
  test.each([
    ["a name there is not", ["upd"], "no benchmark is called upd"],
    ["no rounds", ["--rounds", "0"], "--rounds takes a number from 1 to 9999, not 0"],
    ["half a second", ["--seconds", "0.5"], "--seconds takes a number from 1 to 9999, not 0.5"],
    ["an option there is not", ["--fast"], "--fast"],
  ])("%s", (_, words, expected) => expect(wantedBy(words, KNOWN)).toContain(expected));
});
