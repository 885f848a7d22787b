/** `strata config check`: whether a configuration file is right. */
import type { Command } from "../arguments.ts";
import { JSON_OPTION } from "../options.ts";
import { CONFIGURATION_KINDS } from "./config-schema.ts";

export const configCheckCommand: Command = {
  words: ["config", "check"],
  summary: "Check a configuration file without starting anything.",
  positionals: [{ name: "FILE", describe: "the YAML file", required: true }],
  options: {
    kind: {
      kind: "text",
      choices: CONFIGURATION_KINDS,
      describe: "what the file is for: strata serve or strata up (told by its keys unless given)",
    },
    json: JSON_OPTION,
  },
  examples: [["strata config check server.yaml", "all mistakes at once, as FILE:LINE:COLUMN: what is wrong"]],
  run: async (given, output) => (await import("../config-check.ts")).configCheck(given, output),
};
