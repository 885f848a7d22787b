/** `strata register`: a name that follows this host. */
import type { Command } from "../arguments.ts";
import { KEY_OPTION, STATE_OPTION } from "../options.ts";

export const registerCommand: Command = {
  words: ["register"],
  summary:
    "Keep a name, and services at it, where this host is, until it is stopped; its records go by themselves if it dies.",
  positionals: [],
  options: {
    name: { kind: "text", value: "NAME", describe: "the name of this host, such as pc24.cs.vu.nl" },
    srv: {
      kind: "text",
      many: true,
      value: "_SERVICE._PROTOCOL:PORT",
      describe: "a service of this host, found by SRV in the domain above it; may be given again",
    },
    address: {
      kind: "text",
      many: true,
      value: "auto|ADDR",
      describe: "an address of it; auto, as unless given: those that the host has, followed when they change",
    },
    server: {
      kind: "text",
      value: "ADDR[:PORT]",
      describe: "the primary of the zone, or a secondary that passes it on",
    },
    state: STATE_OPTION,
    key: KEY_OPTION,
    zone: { kind: "text", value: "NAME", describe: "the zone (asked of the server unless given)" },
    lease: {
      kind: "text",
      value: "TIME",
      default: "30s",
      describe: "how long the records outlive this command if it dies",
    },
    ttl: {
      kind: "text",
      value: "TTL",
      describe: "of the records: 30 s, or the lease where that is shorter, unless given",
    },
  },
  examples: [
    ["strata register --name pc24.cs.vu.nl --server 127.0.1.20:8053 --key update.key", "this host's addresses"],
    [
      "strata register --name pc24.cs.vu.nl --srv _printer._tcp:631 --address 192.0.2.24 --server 127.0.1.20:8053 --key update.key",
      "a printer at that address",
    ],
  ],
  run: async (given, output) => (await import("../register.ts")).register(given, output),
};
