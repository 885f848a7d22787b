/** `strata zone print`: the zone's records one a line, in canonical order. */
import { systemFiles } from "../base/index.ts";
import { formatProblem, masterLines } from "../zones/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT } from "./failure.ts";
import type { Output } from "./output.ts";
import { readZone } from "./zone-file.ts";

/** Lines handed to the terminal or pipe at once. */
const CHUNK_CHARACTERS = 65_536;

export function zonePrint(given: Arguments, output: Output): number {
  const { records, problems } = readZone(
    { file: given.required("FILE"), origin: given.text("origin"), layer: null },
    systemFiles,
  );
  for (const problem of problems) output.note(formatProblem(problem));
  // A text with lines left out would pass for the zone.
  if (problems.some(({ severity }) => severity === "error")) return EXIT.no;
  let chunk = "";
  for (const line of masterLines(records.values())) {
    chunk += line;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    output.result(chunk.slice(0, -1));
    chunk = "";
  }
  if (chunk !== "") output.result(chunk.slice(0, -1));
  return EXIT.ok;
}
