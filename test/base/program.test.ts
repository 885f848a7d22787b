/** Programs that are run for what they print: they end in time, and nothing of them is left. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { programRunner, SimulatedClock, systemClock } from "../../base/index.ts";

const LIMITS = { milliseconds: 20_000, octets: 1000, signal: new AbortController().signal };
const run = programRunner(systemClock);

describe("a program", () => {
  test("is given its words as they are, and nothing else", async () => {
    process.env["STRATA_SECRET"] = "x";
    const end = await run("/usr/bin/printf", ["%s|", "a b", "$(id)", "*"], LIMITS);
    expect(end).toEqual({ kind: "ended", code: 0, output: "a b|$(id)|*|" });
    const env = await run("/usr/bin/env", [], LIMITS);
    expect(env.kind === "ended" && env.output).not.toContain("STRATA_SECRET");
    delete process.env["STRATA_SECRET"];
  });

  test("ends with a code", async () => {
    expect(await run("/bin/sh", ["-c", "echo no >&2; exit 3"], LIMITS)).toEqual({ kind: "ended", code: 3, output: "" });
  });

  test("that is not there is not run", async () => {
    expect(await run("/no/such/program", [], LIMITS)).toMatchObject({ kind: "not-run" });
  });

  test("that prints without end is stopped", async () => {
    expect(await run("/usr/bin/yes", [], LIMITS)).toEqual({ kind: "too-much" });
  });

  test("that does not end in time is killed, with what it has started", async () => {
    const clock = new SimulatedClock();
    const file = join(mkdtempSync(join(tmpdir(), "program-")), "pids");
    const script = `sleep 1000 & echo "$$ $!" > ${file}.new; mv ${file}.new ${file}; wait`;
    const ending = programRunner(clock)("/bin/sh", ["-c", script], LIMITS);
    while (!existsSync(file)) await new Promise((resolve) => setImmediate(resolve));
    const pids = readFileSync(file, "utf8").trim().split(" ").map(Number);
    await clock.advance(20_000);
    expect(await ending).toEqual({ kind: "late" });
    for (const pid of pids) {
      while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test("that nobody waits for any more is killed", async () => {
    const stop = new AbortController();
    const ending = run("/bin/sleep", ["1000"], { ...LIMITS, signal: stop.signal });
    stop.abort();
    expect(await ending).toEqual({ kind: "late" });
    expect(await run("/bin/sleep", ["1000"], { ...LIMITS, signal: stop.signal })).toEqual({ kind: "late" });
  });
});

/** One that has ended and that its parent has not seen yet has ended. */
function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, "latin1"));
}
