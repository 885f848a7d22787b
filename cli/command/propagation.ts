/** `strata propagation`: how far a change has travelled. */
import type { Command } from "../arguments.ts";
import { HINTS_OPTION, JSON_OPTION, PORT_OPTION, STATE_OPTION } from "../options.ts";

export const propagationCommand: Command = {
  words: ["propagation"],
  summary: "Show how far each server of a zone is, and when the last cache has forgotten what was before.",
  positionals: [{ name: "ZONE", describe: "the zone's name", required: true }],
  options: {
    watch: { kind: "flag", describe: "go on until all servers agree" },
    server: { kind: "text", many: true, value: "ADDR:PORT", describe: "ask this server too; may be given again" },
    hints: HINTS_OPTION,
    port: PORT_OPTION,
    state: STATE_OPTION,
    json: JSON_OPTION,
  },
  examples: [
    ["strata propagation vu.nl", "beside strata up: every server that the zone or its parent names"],
    [
      "strata propagation vu.nl --watch",
      "after a change, until every server has it; exit code 1 while they do not agree",
    ],
    ["strata propagation vu.nl --server 127.0.0.1:5300 --server 127.0.0.1:5301 --json", "these servers, as JSON"],
  ],
  run: async (given, output) => (await import("../propagation.ts")).propagation(given, output),
};
