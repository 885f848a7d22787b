/** `strata zone leases`: records that go by themselves. */
import type { Command } from "../arguments.ts";
import { JSON_OPTION, STATE_OPTION } from "../options.ts";

export const zoneLeasesCommand: Command = {
  words: ["zone", "leases"],
  summary: "Show the records of a zone that go by themselves unless they are renewed, and when.",
  positionals: [{ name: "ZONE", describe: "the zone's name", required: true }],
  options: { state: STATE_OPTION, json: JSON_OPTION },
  examples: [["strata zone leases cs.vu.nl", "the one that ends first stands first"]],
  run: async (given, output) => (await import("../control/leases.ts")).zoneLeases(given, output),
};
