/** `strata update`: changes of a zone, sent to its primary. */
import type { Command } from "../arguments.ts";
import { JSON_OPTION, KEY_OPTION, STATE_OPTION } from "../options.ts";

export const updateCommand: Command = {
  words: ["update"],
  summary: "Change a zone at its primary by UPDATE messages, each of which holds whole or not at all.",
  positionals: [
    {
      name: "COMMAND",
      describe:
        "add NAME TTL TYPE RDATA, delete NAME [TYPE [RDATA]], prereq yxdomain|nxdomain NAME, prereq yxrrset|nxrrset NAME TYPE [RDATA]; all of them in one message. None: from --file or standard input, as nsupdate takes them",
      required: false,
      many: true,
    },
  ],
  options: {
    server: {
      kind: "text",
      value: "ADDR[:PORT]",
      describe: "send to this server (beside strata up: the primary of the zone)",
    },
    state: STATE_OPTION,
    key: KEY_OPTION,
    zone: { kind: "text", value: "NAME", describe: "the zone (asked of the server unless given)" },
    file: { kind: "text", value: "FILE", describe: "commands, one a line; an empty line or send ends a message" },
    ttl: { kind: "text", value: "TTL", describe: "of records that are added without one, such as 30 or 1h" },
    lease: { kind: "text", value: "TIME", describe: "have what is added go by itself after so long, such as 30s" },
    "key-lease": {
      kind: "text",
      value: "TIME",
      describe: "the same for KEY records (as long as the others unless given)",
    },
    timeout: { kind: "number", value: "S", default: 10, describe: "give up after so many seconds" },
    json: JSON_OPTION,
  },
  examples: [
    [
      "strata update --server 127.0.0.1:5300 'add pc24.cs.vu.nl 30 A 192.0.2.24'",
      "one record more, from an address that may do so",
    ],
    [
      "strata update --server 127.0.0.1:5300 --key update.key --lease 30s 'delete pc24.cs.vu.nl A' 'add pc24.cs.vu.nl 30 A 192.0.2.25'",
      "another address, which goes by itself in half a minute, signed",
    ],
    ["strata update --server 127.0.0.1:5300 --file changes", "what a script for nsupdate says"],
  ],
  run: async (given, output) => (await import("../update.ts")).update(given, output),
};
