/** `strata zone check`: what is wrong with a master file, and what is unwise. */
import type { Command } from "../arguments.ts";
import { JSON_OPTION, LAYER_OPTION } from "../options.ts";

export const ORIGIN_OPTION = {
  kind: "text",
  value: "NAME",
  describe: "the zone's name (taken from $ORIGIN, the SOA's owner or the file's name unless given)",
} as const;

export const zoneCheckCommand: Command = {
  words: ["zone", "check"],
  summary: "Check a master file: errors, and what is unwise for its layer.",
  positionals: [{ name: "FILE", describe: "the master file", required: true }],
  options: { origin: ORIGIN_OPTION, layer: LAYER_OPTION, json: JSON_OPTION },
  examples: [
    ["strata zone check vu.nl.zone --origin vu.nl", "as an organisation's zone"],
    ["strata zone check cs.zone --origin cs.vu.nl --layer managerial --json", "against a layer's promise, as JSON"],
  ],
  run: async (given, output) => (await import("../zone-check.ts")).zoneCheck(given, output),
};
