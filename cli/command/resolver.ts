/** `strata resolver`: a caching resolver for stubs. */
import type { Command } from "../arguments.ts";
import {
  HINTS_OPTION,
  LISTEN_OPTION,
  LOG_OPTION,
  METRICS_OPTION,
  PORT_OPTION,
  STATE_OPTION,
  THREADS_OPTION,
} from "../options.ts";

export const resolverCommand: Command = {
  words: ["resolver"],
  summary: "Run a caching resolver that walks from the root for its clients.",
  positionals: [],
  options: {
    listen: LISTEN_OPTION,
    hints: HINTS_OPTION,
    port: PORT_OPTION,
    allow: {
      kind: "text",
      many: true,
      value: "CIDR",
      describe: "clients that may ask (loopback unless told); may be given again",
    },
    threads: THREADS_OPTION,
    metrics: METRICS_OPTION,
    state: STATE_OPTION,
    log: LOG_OPTION,
  },
  examples: [
    ["strata resolver --listen 127.0.0.1:5353 --hints root.hints", "with hints of your own"],
    ["strata resolver --listen 127.0.0.1:5353", "beside strata up, whose hints it finds by itself"],
  ],
  run: async (given, output) => (await import("../resolver.ts")).resolver(given, output),
};
