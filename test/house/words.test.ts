/** What code reaches for, which words it uses and how long it gets. Each rule is first shown a small wrong sample. */
import { describe, expect, test } from "vitest";
import { banComplaints, wordComplaints } from "./bans.ts";
import { BANS } from "./owners.ts";
import ratchets from "./ratchets.json" with { type: "json" };
import { measure, ratchetComplaints } from "./sizes.ts";
import { parseSource, readSources } from "./sources.ts";

const tree = readSources();

describe("clock, chance, files, sockets and console only in their owners", () => {
  test("the tree keeps it", () => expect(banComplaints(tree)).toEqual([]));
  test("every owner is there", () => {
    const paths = tree.map(({ path }) => path);
    for (const owner of BANS.flatMap(({ owners }) => owners)) expect(paths).toContain(owner);
  });
  test.each([
    ["const now = Date.now();", "the clock and timers"],
    ["const now = new Date();", "the clock and timers"],
    ["setTimeout(run, 5);", "the clock and timers"],
    ["globalThis.queue(setImmediate);", "the clock and timers"],
    ["const signal = AbortSignal.timeout(5);", "the clock and timers"],
    ['import { setTimeout as wait } from "node:timers/promises";', "the clock and timers"],
    ["const id = Math.random();", "chance"],
    ['import { randomBytes } from "node:crypto";', "chance"],
    ['import * as crypto from "node:crypto";', "chance"],
    ["const id = crypto.randomUUID();", "chance"],
    ['import { readFileSync } from "node:fs";', "the file system"],
    ['import fs from "node:fs/promises";', "the file system"],
    ['import { createSocket } from "node:dgram";', "sockets"],
    ["console.log(1);", "the console"],
    ["process.stdout.write(text);", "the console"],
    ['import { spawn } from "node:child_process";', "other processes"],
  ])("%s is %s", (text, what) => {
    const complaints = banComplaints([parseSource("zones/sample.ts", text)]);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(what);
  });
  test.each([
    "const text = zone.Date; const table = { performance: 1, console: two };",
    "interface Log { console(text: string): void; setTimeout: number }",
    'import type { Socket } from "node:dgram";',
    'import { createHash } from "node:crypto";',
    "function run(performance: number) { return performance; }",
    "Math.floor(2.5); process.exitCode = 1;",
  ])("%s is free", (text) => expect(banComplaints([parseSource("zones/sample.ts", text)])).toEqual([]));
  test("owners, tests and benchmarks are free", () => {
    expect(
      banComplaints([parseSource("base/clock.ts", "Date.now();"), parseSource("bench/a.ts", "Date.now();")]),
    ).toEqual([]);
  });
});

describe("words", () => {
  test("the tree keeps it", () => expect(wordComplaints(tree)).toEqual([]));
  test.each([
    "const a: any = 1;",
    "enum Colour { red }",
    "namespace N {}",
    "class C { constructor(readonly a: number) {} }",
    "// @ts-" + "ignore",
    "/* eslint-" + "disable */",
  ])("%s is refused", (text) => expect(wordComplaints([parseSource("dns/sample.ts", text)])).toHaveLength(1));
  test("what only looks like it is free", () => {
    const text = `const any = "any"; const text = "no enum here"; type A = "any"; class C { constructor(a: number) {} }`;
    expect(wordComplaints([parseSource("dns/sample.ts", text)])).toEqual([]);
  });
});

describe("sizes", () => {
  test("the tree keeps its ratchets", () => expect(ratchetComplaints(measure(tree), ratchets)).toEqual([]));
  const long = (lines: number): string => "run();\n".repeat(lines);
  test.each([
    ["a long file", long(401), "files"],
    ["a long function", `function f() {\n${long(70)}}`, "functions"],
    ["a long arrow function", `const f = () => {\n${long(70)}};`, "functions"],
    ["a long method", `class C { m() {\n${long(70)}} }`, "functions"],
    ["an assertion", "const a = b as string;", "assertions"],
  ] as const)("%s is seen", (_what, text, kind) => {
    const measured = measure([parseSource("dns/sample.ts", text)]);
    expect(Object.keys(measured[kind])).toHaveLength(1);
    expect(ratchetComplaints(measured, { files: {}, functions: {}, assertions: {} })).toHaveLength(1);
    expect(ratchetComplaints(measured, measured)).toEqual([]);
  });
  test("what is within the limits is free", () => {
    const text = `const a = [1] as const;\nfunction f() {\n${long(60)}}\ndescribe("x", () => {\n${long(100)}});`;
    expect(measure([parseSource("dns/sample.ts", text)])).toEqual({ files: {}, functions: {}, assertions: {} });
  });
  test("what shrank must be written down", () => {
    const before = { files: { "dns/a.ts": 500 }, functions: {}, assertions: {} };
    const after = { files: { "dns/a.ts": 450 }, functions: {}, assertions: {} };
    expect(ratchetComplaints(after, before)).toHaveLength(1);
    expect(ratchetComplaints(before, after)).toHaveLength(1);
  });
});
