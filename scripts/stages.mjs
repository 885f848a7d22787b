/**
 * Runs the stages it is given, one after the other, all of them even when one fails, so that one run shows everything;
 * says at the end how each went. `npm run check` and `npm test` are lists of stages. With STRATA_COUNTS=FILE it
 * leaves there how many tests passed and failed; a stage that is not a test run counts as one failure when it fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const STAGES = {
  types: ["tsc", "--noEmit"],
  lint: ["eslint", "."],
  format: ["prettier", "--check", "--log-level", "warn", "."],
  fast: ["vitest", "run", "--project", "unit", "--project", "house"],
  whole: ["vitest", "run", "--project", "whole"],
};

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const bin = join(root, "node_modules", ".bin");
const scratch = mkdtempSync(join(tmpdir(), "strata-stages-"));
const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(STAGES, name));
if (unknown.length > 0) {
  process.stderr.write(`no stage is called ${unknown.join(", ")}; there are ${Object.keys(STAGES).join(", ")}\n`);
  process.exit(64);
}

const outcomes = names.map(runStage);
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`\n${outcomes.map(describe).join("\n")}\n`);
const total = outcomes.reduce(
  (sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }),
  {
    passed: 0,
    failed: 0,
  },
);
if (process.env.STRATA_COUNTS)
  writeFileSync(process.env.STRATA_COUNTS, `${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

function runStage(name) {
  const [program, ...args] = STAGES[name];
  const counts = join(scratch, `${name}.json`);
  const counted = program === "vitest" ? ["--reporter=default", "--reporter=json", `--outputFile.json=${counts}`] : [];
  process.stdout.write(`\n== ${name}: ${program} ${args.join(" ")}\n`);
  const began = performance.now();
  const { status } = spawnSync(join(bin, program), [...args, ...counted], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
  });
  const seconds = (performance.now() - began) / 1000;
  const { passed, failed, skipped } = testCounts(counts);
  // A run that failed without a failed test (it did not start, or broke down) is one failure all the same.
  return { name, seconds, passed, skipped, failed: status === 0 ? failed : Math.max(failed, 1) };
}

function testCounts(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(readFileSync(file, "utf8"));
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function describe({ name, seconds, passed, failed, skipped }) {
  const tests =
    passed + skipped > 0 ? `  ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}` : "";
  return `${failed === 0 ? "ok    " : "FAILED"} ${name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s${tests}`;
}
