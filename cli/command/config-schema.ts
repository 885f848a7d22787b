/** `strata config schema`: the JSON Schema that editors complete and check configuration files by. */
import type { Command } from "../arguments.ts";

export const CONFIGURATION_KINDS = ["serve", "up"] as const;

export const configSchemaCommand: Command = {
  words: ["config", "schema"],
  summary: "Print the JSON Schema of configuration files, for editors.",
  positionals: [
    { name: "KIND", describe: "serve (unless given) or up", required: false, choices: CONFIGURATION_KINDS },
  ],
  options: {},
  examples: [
    [
      "strata config schema > server.schema.json",
      "then, as the first line of server.yaml:\n# yaml-language-server: $schema=server.schema.json",
    ],
  ],
  run: async (given, output) => (await import("../config-check.ts")).configSchema(given, output),
};
