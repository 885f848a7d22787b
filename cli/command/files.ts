/** `strata ls`, `cat`, `cp`, `tree`, `find`, `stat`: files of the local name space, wherever they are. */
import type { Command, Option } from "../arguments.ts";
import { JSON_OPTION } from "../options.ts";

const STATE: Option = {
  kind: "text",
  value: "DIR",
  default: ".strata",
  describe: "the state folder of strata mountd",
};

export const lsCommand: Command = {
  words: ["ls"],
  summary: "List a directory of the local name space.",
  positionals: [{ name: "PATH", describe: "directories or files (default /)", required: false, many: true }],
  options: {
    l: { kind: "flag", describe: "long: kind and mode, links, owner, size, time" },
    state: STATE,
    json: JSON_OPTION,
  },
  examples: [["strata ls -l /remote/vu", "with sizes and times"]],
  run: async (given, output) => (await import("../mount/listing.ts")).ls(given, output),
};

export const catCommand: Command = {
  words: ["cat"],
  summary: "Print files of the local name space.",
  positionals: [{ name: "PATH", describe: "files", required: true, many: true }],
  options: { state: STATE },
  examples: [["strata cat /remote/vu/steen/mbox", "octets as they are"]],
  run: async (given, output) => (await import("../mount/copying.ts")).cat(given, output),
};

export const cpCommand: Command = {
  words: ["cp"],
  summary: "Copy files within the local name space, or between it and this machine (file:PATH).",
  positionals: [
    { name: "FROM", describe: "a path of the local name space, or file:PATH", required: true },
    {
      name: "TO",
      describe: "a path of the local name space, or file:PATH; a directory takes it by its name",
      required: true,
    },
  ],
  options: { r: { kind: "flag", describe: "directories, with all that is in them" }, state: STATE },
  examples: [
    ["strata cp /remote/vu/steen/mbox file:mbox", "to this machine"],
    ["strata cp -r file:thesis /remote/vu/steen", "to the server, where it is mounted rw"],
  ],
  run: async (given, output) => (await import("../mount/copying.ts")).cp(given, output),
};

export const treeCommand: Command = {
  words: ["tree"],
  summary: "Draw a directory of the local name space with all that is in it.",
  positionals: [{ name: "PATH", describe: "a directory (default /)", required: false }],
  options: {
    depth: { kind: "number", value: "N", default: 8, describe: "directories below that are only named" },
    state: STATE,
    json: JSON_OPTION,
  },
  examples: [["strata tree /net/vu.nl", "mounts are entered, symbolic links are shown"]],
  run: async (given, output) => (await import("../mount/listing.ts")).tree(given, output),
};

export const findCommand: Command = {
  words: ["find"],
  summary: "Print the paths below a directory of the local name space.",
  positionals: [{ name: "PATH", describe: "a directory (default /)", required: false }],
  options: {
    name: { kind: "text", value: "PATTERN", describe: "only names that match; * and ? as in a shell" },
    type: { kind: "text", choices: ["f", "d", "l"], describe: "only files, directories or symbolic links" },
    depth: { kind: "number", value: "N", default: 64, describe: "no deeper than that" },
    state: STATE,
    json: JSON_OPTION,
  },
  examples: [["strata find /remote/vu --name '*.tex' --type f", "one path a line"]],
  run: async (given, output) => (await import("../mount/listing.ts")).find(given, output),
};

export const statCommand: Command = {
  words: ["stat"],
  summary: "Show what is known of files of the local name space.",
  positionals: [{ name: "PATH", describe: "files, directories or links", required: true, many: true }],
  options: { state: STATE, json: JSON_OPTION },
  examples: [["strata stat /remote/vu", "kind, size, times, number, file system"]],
  run: async (given, output) => (await import("../mount/listing.ts")).stat(given, output),
};
