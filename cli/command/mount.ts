/** `strata mountd`, `mount`, `umount`, `mounts`, `export`, `why`: remote name spaces under local names, and what is known of them. */
import type { Command, Option } from "../arguments.ts";
import { JSON_OPTION, LOG_OPTION } from "../options.ts";

const STATE: Option = {
  kind: "text",
  value: "DIR",
  default: ".strata",
  describe: "where the daemon keeps its state, and is reached",
};

export const mountdCommand: Command = {
  words: ["mountd"],
  summary: "Keep the local name space: a table of what is mounted where, served over NFS.",
  positionals: [],
  options: {
    listen: {
      kind: "text",
      value: "ADDR:PORT",
      default: "127.0.0.1:2049",
      describe: "where NFS clients reach what is exported; MOUNT and NFS on one port, over TCP",
    },
    server: {
      kind: "text",
      value: "ADDR:PORT",
      describe: "the resolver that finds file servers; that of the running strata up unless given",
    },
    port: {
      kind: "number",
      value: "N",
      describe: "the port of authoritative servers, for dns: sources (53 unless told)",
    },
    net: {
      kind: "text",
      value: "PATH",
      default: "/net",
      describe:
        "where file servers (PATH/HOST) and domains (PATH/DOMAIN, RFC 6641) are mounted by themselves; - for nowhere",
    },
    state: STATE,
    log: LOG_OPTION,
  },
  examples: [
    ["strata mountd", "the daemon, until it is stopped"],
    ["strata mountd --listen 127.0.0.1:20049 --state /var/lib/strata", "with its state somewhere else"],
  ],
  run: async (given, output) => (await import("../mount/daemon.ts")).mountd(given, output),
};

export const mountCommand: Command = {
  words: ["mount"],
  summary: "Mount a remote name space at a local path.",
  positionals: [
    {
      name: "SOURCE",
      describe: "nfs://HOST/PATH, dns://ZONE[@SERVER], ns:/PATH, file:///DIR or auto:MAP",
      required: false,
    },
    {
      name: "TARGET",
      describe: "the local path; more than one source before it are replicas",
      required: false,
      many: true,
    },
  ],
  options: {
    o: {
      kind: "text",
      many: true,
      value: "OPTIONS",
      describe: "as of nfs(5), with commas: rw, hard, timeo=50, acregmin=3, noac, before, after, create, …",
    },
    os: {
      kind: "text",
      value: "DIR",
      describe: "attach the local name space to a directory of the operating system, instead of mounting into it",
    },
    writable: { kind: "flag", describe: "with --os: the operating system may change what is mounted rw" },
    "all-users": { kind: "flag", describe: "with --os: other users than the daemon's may enter" },
    state: STATE,
    json: JSON_OPTION,
  },
  examples: [
    ["strata mount nfs://files.cs.vu.nl/home /remote/vu", "then: strata ls /remote/vu"],
    ["strata mount -o rw,hard nfs://files.cs.vu.nl/home /home", "writable; waits as long as the server is away"],
    ["strata mount dns://cs.vu.nl /names/cs", "a zone as a tree of files"],
    ["strata mount --os /mnt", "the whole name space in the operating system's own tree"],
  ],
  run: async (given, output) => (await import("../mount/mounting.ts")).mount(given, output),
};

export const umountCommand: Command = {
  words: ["umount"],
  summary: "Undo a mount.",
  positionals: [{ name: "TARGET", describe: "the local path, or the number of the mount: #3", required: true }],
  options: {
    lazy: { kind: "flag", describe: "take it out of the tree now, though it is in use" },
    recursive: { kind: "flag", describe: "what is mounted below it goes too" },
    state: STATE,
    json: JSON_OPTION,
  },
  examples: [["strata umount /remote/vu", "it fails while something is mounted below"]],
  run: async (given, output) => (await import("../mount/mounting.ts")).umount(given, output),
};

export const mountsCommand: Command = {
  words: ["mounts"],
  summary: "Show the mount table: what is mounted where, and how it is doing.",
  positionals: [],
  options: { state: STATE, json: JSON_OPTION },
  examples: [["strata mounts", "one line for each mount"]],
  run: async (given, output) => (await import("../mount/mounting.ts")).mounts(given, output),
};

export const exportCommand: Command = {
  words: ["export"],
  summary: "Publish a path of the local name space over NFS, or show what is published.",
  positionals: [{ name: "TARGET", describe: "the path; without it all exports are shown", required: false }],
  options: {
    allow: {
      kind: "text",
      many: true,
      value: "CIDR",
      describe: "who may mount it (default: this machine); may be given again",
    },
    writable: { kind: "flag", describe: "what is mounted rw may be changed through it" },
    remove: { kind: "flag", describe: "publish it no longer" },
    state: STATE,
    json: JSON_OPTION,
  },
  examples: [
    ["strata export /remote/vu", "any NFSv3 client of this machine may mount it"],
    ["strata export /pub --allow 192.0.2.0/24", "and that network's"],
  ],
  run: async (given, output) => (await import("../mount/mounting.ts")).exportPath(given, output),
};

export const whyCommand: Command = {
  words: ["why"],
  summary: "Show how a path leads where it does: each step, its mount, its server, and how long that is known to hold.",
  positionals: [{ name: "PATH", describe: "a path of the local name space", required: true }],
  options: { state: STATE, json: JSON_OPTION },
  examples: [["strata why /net/vu.nl/pub/globe/index.html", "from the root down to the file"]],
  run: async (given, output) => (await import("../mount/mounting.ts")).why(given, output),
};
