/** Priorities of threads, in a process of its own: what is lowered stays so. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const INDEX = new URL("../../base/index.ts", import.meta.url).href;

const SCRIPT = `
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { lowerHelperPriority } from ${JSON.stringify(INDEX)};
const usual = getPriority();
lowerHelperPriority();
const tasks = readdirSync("/proc/self/task").map((task) => {
  const isHelper = readFileSync("/proc/self/task/" + task + "/comm", "latin1").includes("V8Worker");
  return [isHelper, getPriority(Number(task)) - usual];
});
const priorities = (of) => [...new Set(tasks.filter(([isHelper]) => isHelper === of).map(([, priority]) => priority > 0))];
process.stdout.write(JSON.stringify({ helpers: priorities(true), others: priorities(false) }));
`;

test.runIf(process.platform === "linux")("helpers give way, and nobody else does", () => {
  const told = execFileSync(process.execPath, ["--input-type=module", "--eval", SCRIPT], { encoding: "utf8" });
  expect(JSON.parse(told)).toEqual({ helpers: [true], others: [false] });
});
