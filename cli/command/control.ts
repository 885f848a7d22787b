/** `strata status`, `reload`, `retransfer`, `freeze` and `thaw`: running servers, asked and told. */
import type { Command, Positional } from "../arguments.ts";
import { JSON_OPTION, STATE_OPTION } from "../options.ts";

const OPTIONAL_ZONE: Positional = { name: "ZONE", describe: "this zone only", required: false };
const ZONE: Positional = { name: "ZONE", describe: "the zone's name", required: true };

export const statusCommand: Command = {
  words: ["status"],
  summary: "Show the running servers of this machine and their zones.",
  positionals: [OPTIONAL_ZONE],
  options: { state: STATE_OPTION, json: JSON_OPTION },
  examples: [
    ["strata status", "those of strata up"],
    ["strata status vu.nl --state /var/lib/strata --json", "one zone of the server that keeps its state there"],
  ],
  run: async (given, output) => (await import("../control/commands.ts")).status(given, output),
};

export const reloadCommand: Command = {
  words: ["reload"],
  summary: "Have running servers read zone files again that have changed.",
  positionals: [OPTIONAL_ZONE],
  options: {
    take: {
      kind: "text",
      choices: ["file", "journal"],
      describe: "which is to go on where a zone's file was edited and the zone itself has changed as well",
    },
    state: STATE_OPTION,
  },
  examples: [
    ["strata reload", "all that has changed"],
    ["strata reload vu.nl --take file", "after strata zone diff vu.nl: what stands in the file"],
  ],
  run: async (given, output) => (await import("../control/commands.ts")).reload(given, output),
};

export const retransferCommand: Command = {
  words: ["retransfer"],
  summary: "Have servers that fetch a zone fetch all of it now, whichever serial its primary has.",
  positionals: [ZONE],
  options: { state: STATE_OPTION },
  examples: [
    ["strata retransfer vu.nl", "when the primary's serial was set back"],
    ["strata retransfer vu.nl --state /var/lib/strata", "the copy of the server that keeps its state there"],
  ],
  run: async (given, output) => (await import("../control/commands.ts")).retransfer(given, output),
};

export const freezeCommand: Command = {
  words: ["freeze"],
  summary: "Take no more updates of a zone, until strata thaw.",
  positionals: [ZONE],
  options: { state: STATE_OPTION },
  examples: [["strata freeze cs.vu.nl", "while its file is edited"]],
  run: async (given) => (await import("../control/commands.ts")).freeze(given),
};

export const thawCommand: Command = {
  words: ["thaw"],
  summary: "Take updates of a zone again.",
  positionals: [ZONE],
  options: { state: STATE_OPTION },
  examples: [["strata thaw cs.vu.nl", "after strata freeze"]],
  run: async (given) => (await import("../control/commands.ts")).thaw(given),
};
