/** `strata up`: a whole name space and a caching resolver on this machine. */
import type { Command } from "../arguments.ts";
import { LOG_OPTION, STATE_OPTION } from "../options.ts";

export const upCommand: Command = {
  words: ["up"],
  summary: "Start a whole name space and a caching resolver on this machine.",
  positionals: [
    { name: "FILE", describe: "the name space's YAML description (the example unless given)", required: false },
  ],
  options: {
    processes: { kind: "flag", describe: "give each server a process of its own, and restart one that dies" },
    port: { kind: "number", value: "N", describe: "the port of all servers (8053 in the example)" },
    state: STATE_OPTION,
    log: LOG_OPTION,
  },
  examples: [
    ["strata up", "start the example name space; then, in another shell: strata resolve www.cs.vu.nl"],
    ["strata up --processes --port 9053", "the same with a process a server, on another port"],
  ],
  run: async (given, output) => (await import("../up.ts")).up(given, output),
};
