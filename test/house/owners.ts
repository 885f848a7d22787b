/** The one table of who may reach for what: floors, owners of the outside world, packages. DESIGN §3 and §7 as data. */

/** Lower floors know nothing of higher ones; folders of one floor do not know each other. */
export const FLOORS: Readonly<Record<string, number>> = {
  base: 0,
  dns: 1,
  dnssec: 2,
  net: 2,
  zones: 3,
  resolver: 4,
  nameserver: 4,
  replication: 4,
  mount: 5,
  bank: 5,
  mobility: 5,
  cli: 6,
  console: 6,
};

export const isProduct = (folder: string): boolean => Object.hasOwn(FLOORS, folder);

export interface Ban {
  readonly what: string;
  /** Global names, or `object.member`. */
  readonly globals: readonly string[];
  /** Modules of Node; `module#name` bans one name of it. */
  readonly modules: readonly string[];
  readonly owners: readonly string[];
  readonly instead: string;
}

export const BANS: readonly Ban[] = [
  {
    what: "the clock and timers",
    globals: [
      "Date",
      "performance",
      "setTimeout",
      "setInterval",
      "setImmediate",
      "process.hrtime",
      "process.uptime",
      "AbortSignal.timeout",
    ],
    modules: ["node:timers", "node:timers/promises", "node:perf_hooks"],
    // Whether the time of a file is long past is the business of who reads it.
    // A certificate's validity is a pair of Dates.
    owners: ["base/clock.ts", "base/files.ts", "bank/http/certificates.ts"],
    instead: "take a Clock (base/clock.ts)",
  },
  {
    what: "chance",
    globals: ["Math.random", "crypto"],
    modules: [
      "node:crypto#randomBytes",
      "node:crypto#randomFill",
      "node:crypto#randomFillSync",
      "node:crypto#randomInt",
      "node:crypto#randomUUID",
      "node:crypto#webcrypto",
    ],
    // Keys of certificates are made where they are used.
    owners: ["base/random.ts", "bank/http/certificates.ts"],
    instead: "take a Random (base/random.ts)",
  },
  {
    what: "the file system",
    globals: [],
    modules: ["node:fs", "node:fs/promises", "fs", "fs/promises"],
    owners: [
      "base/files.ts",
      "base/priority.ts",
      "mount/fuse/device.ts",
      "mount/fuse/device-thread.ts",
      "mount/local/system-calls.ts",
    ],
    instead: "take Files (base/files.ts)",
  },
  {
    what: "sockets",
    globals: ["fetch", "WebSocket"],
    modules: ["node:dgram", "node:net", "node:tls", "node:http", "node:https", "node:http2", "node:dns"],
    owners: [
      "bank/client/https.ts",
      "net/local.ts",
      "net/octet-listener.ts",
      "net/octet-stream.ts",
      "net/tcp-client.ts",
      "net/tcp.ts",
      "net/udp-client.ts",
      "net/udp.ts",
    ],
    instead: "take an Ask, an Exchange or a Handler (net/exchange.ts)",
  },
  {
    what: "databases",
    globals: [],
    modules: ["node:sqlite"],
    owners: [
      "bank/atm/sqlite-journal.ts",
      "bank/race.ts",
      "bank/sqlite-books.ts",
      "bank/sqlite-database.ts",
      "bank/sqlite-ledger.ts",
      "bank/sqlite-reader.ts",
      "mount/local/name-table.ts",
      "mount/server/handle-store.ts",
      "mount/table-store.ts",
      "zones/journal-database.ts",
      "zones/journal-rows.ts",
      "zones/journal.ts",
    ],
    instead: "leave it to the journal (zones/journal.ts) or to the bank's store (bank/store.ts)",
  },
  {
    what: "threads",
    globals: ["Worker"],
    modules: ["node:worker_threads"],
    owners: [
      "bank/threads/desk-thread.ts",
      "bank/threads/desks.ts",
      "bank/threads/port-ledger.ts",
      "bank/threads/verifier.ts",
      "bank/threads/verify-thread.ts",
      "bank/threads/writer-thread.ts",
      "bank/threads/writer.ts",
      "mount/fuse/device.ts",
      "mount/fuse/device-thread.ts",
      "net/threads/keeper.ts",
      "net/threads/query-thread.ts",
      "net/threads/streams.ts",
      "zones/builder-thread.ts",
      "zones/builder.ts",
    ],
    instead: "leave it to the query threads (net/threads/query-threads.ts) or to a builder of zones (zones/builder.ts)",
  },
  {
    what: "the console",
    globals: ["console", "process.stdout", "process.stderr", "process.stdin"],
    modules: ["node:tty"],
    owners: ["cli/atm/terminal.ts", "cli/output.ts"],
    instead: "take an Output (cli/output.ts) or a Log (base/log.ts)",
  },
  {
    what: "other processes",
    globals: [],
    modules: ["node:child_process", "node:cluster"],
    owners: ["base/program.ts", "cli/supervisor.ts", "mount/fuse/attach.ts"],
    instead: "take a RunProgram (base/program.ts), or leave it to the command line (cli/supervisor.ts)",
  },
];

/** Packages and the folders that may import them; `dns-packet` must never see octets of a stranger (DESIGN §6). */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  koffi: ["net"],
  pino: ["base"],
  "lru-cache": ["resolver", "nameserver"],
  "prom-client": ["nameserver", "resolver", "net"],
  fastify: ["net", "bank", "console"],
  "@fastify/cookie": ["bank", "console"],
  "@fastify/formbody": ["bank", "console"],
  "@fastify/helmet": ["bank", "console"],
  "@fastify/rate-limit": ["bank", "console"],
  "@fastify/swagger": ["bank", "console"],
  "@peculiar/x509": ["bank"],
  "reflect-metadata": ["bank"],
  pg: ["bank"],
  yaml: ["cli"],
  zod: ["cli"],
  yargs: ["cli"],
};

/** What is started by name and imported by nobody. */
export const ENTRIES: readonly string[] = [
  "index.ts",
  "cli/main.ts",
  "nameserver/thread.ts",
  "resolver/thread.ts",
  "zones/builder-thread.ts",
  "bank/threads/desk-thread.ts",
  "bank/threads/verify-thread.ts",
  "bank/threads/writer-thread.ts",
  "mount/fuse/device-thread.ts",
  "bench/main.ts",
  "bench/mount-reading.ts",
  "bench/mount-serving.ts",
  "test/soak/main.ts",
  "test/soak/load.ts",
  "test/support/bank-child.ts",
  "test/support/fuse-child.ts",
  "test/support/without-koffi.ts",
  "vitest.config.ts",
];

/** STYLE, Functions and files. What is over stands in ratchets.json. */
export const LINES_OF_FILE_MAX = 400;
export const LINES_OF_FUNCTION_MAX = 70;
