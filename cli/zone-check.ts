/**
 * `strata zone check`: what the reader refuses and what the checker finds, for a person (alike findings together, the first
 * few of each) or whole as JSON.
 */
import { systemFiles } from "../base/index.ts";
import {
  checkZone,
  type Finding,
  type FindingGroup,
  formatProblem,
  groupFindings,
  layerFromText,
  type MasterProblem,
} from "../zones/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT } from "./failure.ts";
import type { Output, Paint } from "./output.ts";
import { type ReadZone, readZone } from "./zone-file.ts";

const PROBLEMS_SHOWN = 50;

interface Checked extends ReadZone {
  readonly file: string;
  readonly findings: readonly Finding[];
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

/** Exit code 0 when there is no error, 1 when there is; warnings and notes are advice. */
export function zoneCheck(given: Arguments, output: Output): number {
  const checked = check(given);
  if (given.flag("json")) printJson(checked, output);
  else printText(checked, output);
  return checked.errors === 0 ? EXIT.ok : EXIT.no;
}

function check(given: Arguments): Checked {
  const file = given.required("FILE");
  const layer = layerFromText(given.text("layer") ?? "");
  const read = readZone({ file, origin: given.text("origin"), layer }, systemFiles);
  const findings = checkZone(read.records, { apex: read.apex, layer });
  const count = (severity: Finding["severity"]): number =>
    [...read.problems, ...findings].filter((one) => one.severity === severity).length;
  return { ...read, file, findings, errors: count("error"), warnings: count("warning"), notes: count("note") };
}

function printText(checked: Checked, output: Output): void {
  const { file, problems, findings, records, apex } = checked;
  printProblems(problems, output);
  for (const group of groupFindings(findings)) printGroup(file, group, output);
  const { paint } = output;
  const zone = `${apex.toString()} ${records.length} records`;
  const verdict = checked.errors > 0 ? paint.red(counted(checked)) : paint.green(counted(checked));
  output.result(`${file}: ${zone}: ${verdict}`);
}

function printProblems(problems: readonly MasterProblem[], output: Output): void {
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) output.result(`${formatProblem(problem)}\n`);
  const rest = problems.length - PROBLEMS_SHOWN;
  if (rest > 0) output.result(`… and ${rest} more that cannot be read; --json has them all\n`);
}

/** The rule and the fix stand once under the places they are for. */
function printGroup(file: string, { code, severity, count, shown }: FindingGroup, output: Output): void {
  const { paint } = output;
  const head = severityPaint(severity, paint)(severity);
  output.result(`${head} ${paint.bold(code)}${count > 1 ? ` (${count} times)` : ""}: ${shown[0]?.reason ?? ""}`);
  for (const { file: own, line, owner, message } of shown) {
    const place = own ?? file;
    output.result(`  ${line > 0 ? `${place}:${line}:` : `${place}:`} ${owner.toString()} ${message}`);
  }
  if (count > shown.length)
    output.result(paint.dim(`  … and ${count - shown.length} more of these; --json has them all`));
  output.result(`  ${paint.dim("fix:")} ${shown[0]?.fix ?? ""}\n`);
}

function severityPaint(severity: Finding["severity"], paint: Paint): (text: string) => string {
  switch (severity) {
    case "error":
      return paint.red;
    case "warning":
      return paint.yellow;
    case "note":
      return paint.blue;
  }
}

function counted({ errors, warnings, notes }: Checked): string {
  if (errors + warnings + notes === 0) return "clean";
  const parts = [plural(errors, "error"), plural(warnings, "warning"), plural(notes, "note")];
  return parts.filter((part) => !part.startsWith("0 ")).join(", ");
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

function printJson(checked: Checked, output: Output): void {
  const { file, apex, records, problems, findings, errors, warnings, notes } = checked;
  const counts = { errors, warnings, notes };
  output.result(
    JSON.stringify(
      { file, zone: apex.toString(), records: records.length, ok: errors === 0, ...counts, problems, findings },
      null,
      2,
    ),
  );
}
