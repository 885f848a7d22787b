/** `strata resolve`: one name, looked up and printed. */
import type { Command } from "../arguments.ts";
import { HINTS_OPTION, JSON_OPTION, PORT_OPTION, STATE_OPTION } from "../options.ts";

export const RESOLVE_MODES = ["iterative", "recursive", "resolver"] as const;

export const resolveCommand: Command = {
  words: ["resolve"],
  summary: "Resolve a name and print its records, one a line.",
  positionals: [
    { name: "NAME", describe: "the domain name to resolve", required: true },
    { name: "TYPE", describe: "the record type: A unless given", required: false },
  ],
  options: {
    mode: {
      kind: "text",
      choices: RESOLVE_MODES,
      describe:
        "iterative: walk from the root; recursive: have the root hand it down; resolver: ask a caching resolver",
    },
    server: { kind: "text", value: "ADDR[:PORT]", describe: "ask this server (a resolver, or the first of the chain)" },
    hints: HINTS_OPTION,
    port: PORT_OPTION,
    trace: { kind: "flag", describe: "draw every step: whom was asked, what came back, what was kept" },
    compare: { kind: "flag", describe: "resolve cold and warm, iteratively and recursively, side by side" },
    at: {
      kind: "text",
      value: "TIME",
      describe:
        "as it was then, by the journal of a server on this machine: YYYYMMDDHHmmSS, seconds since 1970, or how long ago as 5m",
    },
    json: JSON_OPTION,
    tcp: { kind: "flag", describe: "ask over TCP from the start" },
    timeout: { kind: "number", value: "S", default: 10, describe: "give up after so many seconds" },
    state: STATE_OPTION,
  },
  examples: [
    ["strata resolve www.cs.vu.nl", "beside strata up: ask its caching resolver"],
    ["strata resolve www.cs.vu.nl AAAA --mode iterative --trace", "walk from the root, and see every step"],
    ["strata resolve vu.nl MX --server 127.0.0.1:5353 --json", "ask some resolver, and print JSON"],
  ],
  run: async (given, output) => (await import("../resolve.ts")).resolve(given, output),
};
