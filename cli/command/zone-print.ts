/** `strata zone print`: a master file in canonical form. */
import type { Command } from "../arguments.ts";
import { ORIGIN_OPTION } from "./zone-check.ts";

export const zonePrintCommand: Command = {
  words: ["zone", "print"],
  summary: "Print a master file with one record a line, absolute names, in canonical order.",
  positionals: [{ name: "FILE", describe: "the master file", required: true }],
  options: { origin: ORIGIN_OPTION },
  examples: [["strata zone print vu.nl.zone --origin vu.nl", "the text that two equal zones share"]],
  run: async (given, output) => (await import("../zone-print.ts")).zonePrint(given, output),
};
