/** `strata serve`: one name server with the zones it is given. */
import type { Command } from "../arguments.ts";
import {
  HINTS_OPTION,
  LAYER_OPTION,
  LISTEN_OPTION,
  LOG_OPTION,
  METRICS_OPTION,
  PORT_OPTION,
  THREADS_OPTION,
} from "../options.ts";

export const serveCommand: Command = {
  words: ["serve"],
  summary: "Run one name server. SIGHUP reloads changed zone files; SIGTERM drains and ends.",
  positionals: [],
  options: {
    config: { kind: "text", value: "FILE", describe: "YAML configuration; see strata config schema" },
    zone: { kind: "text", many: true, value: "NAME=FILE", describe: "serve this zone; may be given again" },
    zones: { kind: "text", value: "LIST", describe: "serve the zones of a file with one NAME<tab>FILE a line" },
    secondary: {
      kind: "text",
      many: true,
      value: "NAME=ADDR:PORT",
      describe: "fetch this zone from the server there and serve it; may be given again, also for another primary",
    },
    listen: LISTEN_OPTION,
    layer: LAYER_OPTION,
    state: {
      kind: "text",
      value: "DIR",
      describe: "keep here what must outlive the server, and its control socket",
    },
    "update-key": {
      kind: "text",
      many: true,
      value: "FILE",
      describe: "who signs with a key of this file may change everything in the zones; may be given again",
    },
    "transfer-key": {
      kind: "text",
      value: "FILE",
      describe: "ask for zones of --secondary with the key of this file, and give zones to whoever signs with it",
    },
    transfer: {
      kind: "text",
      many: true,
      value: "CIDR",
      describe: "who asks from this prefix may have the zones whole (AXFR, IXFR); may be given again",
    },
    notify: {
      kind: "text",
      many: true,
      value: "ADDR:PORT",
      describe: "tell the server there of changes of the zones (NOTIFY); may be given again",
    },
    "no-images": { kind: "flag", describe: "read zone files as text, and leave no images of large ones on disk" },
    recursion: {
      kind: "text",
      many: true,
      value: "CIDR",
      describe: "hand names down for clients in this prefix; may be given again",
    },
    hints: HINTS_OPTION,
    port: PORT_OPTION,
    threads: THREADS_OPTION,
    metrics: METRICS_OPTION,
    log: LOG_OPTION,
  },
  examples: [
    ["strata serve --zone vu.nl=vu.nl.zone --listen 127.0.0.1:5300", "one zone"],
    ["strata serve --config server.yaml", "all that a configuration file says"],
    ["strata serve --secondary vu.nl=127.0.1.3:8053 --listen 127.0.0.1:5300", "a copy of another server's zone"],
    ["strata serve --zones list --listen 127.0.0.1:5300 --listen '[::1]:5300'", "many zones, two addresses"],
  ],
  run: async (given, output) => (await import("../serve.ts")).serve(given, output),
};
