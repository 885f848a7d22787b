/**
 * Peers: the servers and tools that we are compared with. A test that needs one says so; where it is absent the test is
 * skipped out loud, and with CI=true that is a failure. Servers run on loopback ports with a configuration of their own
 * in a temporary folder; only what was started here is ended, by its process id.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import {
  findProgram,
  freePort,
  type Program,
  program,
  PROGRAMS,
  type ServerPeer,
  WRITERS,
  written,
  type ZoneFile,
} from "./peer-configuration.ts";

export { findProgram, freePort, program, type ZoneFile };

/** A group of tests that needs these programs. */
export function describeWithPeers(title: string, programs: readonly Program[], tests: () => void): void {
  const absent = programs.filter((name) => findProgram(name) === null);
  if (absent.length === 0) {
    describe(title, tests);
    return;
  }
  const how = `${absent.join(", ")} not installed: npm run peers (Debian: ${absent.map((name) => PROGRAMS[name]).join(" ")})`;
  if (process.env["CI"] === "true") {
    describe(title, () => {
      test(`needs peers: ${how}`, () => {
        throw new Error(how);
      });
    });
    return;
  }
  process.stderr.write(`\nSKIPPED ${title}: ${how}\n\n`);
  describe.skip(`${title} (${how})`, tests);
}

export interface RunningPeer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** What it wrote to its log so far. */
  log(): string;
}

/**
 * Starts an authoritative server for these zones and waits until it answers at all. `first` is what its configuration begins with, in its
 * own words: keys, who may transfer.
 */
export async function startServer(name: ServerPeer, zones: readonly ZoneFile[], first = ""): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), `strata-${name}-`));
  const port = await freePort();
  const args = WRITERS[name](folder, port, zones);
  const configuration = args.at(-1)!;
  writeFileSync(configuration, first + readFileSync(configuration, "utf8"));
  return run({ name, folder, port, args });
}

/** What a resolver walks from, and where it runs. */
export interface ResolverPlan {
  /** Our root's servers; they answer on port 53, as all servers below them do. */
  readonly hints: string;
  /** A file of DS or DNSKEY records; Unbound validates when there is one. */
  readonly anchors?: string;
  /** What stands before the command, to run it in a network of its own. */
  readonly within: readonly string[];
}

/** Starts Unbound on port 5353 of a closed network, as a resolver that walks from the given hints. */
export async function startUnbound({ hints, anchors, within }: ResolverPlan): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), "strata-unbound-"));
  const port = 5353;
  const validation =
    anchors === undefined
      ? 'module-config: "iterator"'
      : `module-config: "validator iterator"\n  trust-anchor-file: "${anchors}"`;
  const configuration = `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  verbosity: 2
  val-log-level: 2
  log-servfail: yes
  interface: 127.0.0.1
  port: ${port}
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  ${validation}
  root-hints: "${hints}"
  access-control: 127.0.0.0/8 allow
  outgoing-interface: 127.0.0.1
remote-control:
  control-enable: no
`;
  const args = ["-d", "-p", "-c", written(folder, "unbound.conf", configuration)];
  return run({ name: "unbound", folder, port, args, within, started: /start of service/ });
}

/** Starts BIND on port 5300 of a closed network, as a resolver that walks from the given hints and gives away no more than it must. */
export async function startNamedResolver({ hints, within }: ResolverPlan): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), "strata-named-"));
  const port = 5300;
  const configuration = `options {
  directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; query-source address 127.0.0.1;
  recursion yes; dnssec-validation no; empty-zones-enable no; qname-minimization strict;
};
controls { };
logging { channel all { stderr; severity info; }; category default { all; }; };
zone "." { type hint; file "${hints}"; };
`;
  const args = ["-f", "-4", "-n", "1", "-c", written(folder, "named.conf", configuration)];
  return run({ name: "named", folder, port, args, within, started: /^.*\brunning$/m });
}

interface Launch {
  readonly name: ServerPeer | "unbound";
  readonly folder: string;
  readonly port: number;
  readonly args: readonly string[];
  readonly within?: readonly string[];
  /** What its log says when it has started, where it cannot be asked from here. */
  readonly started?: RegExp;
}

async function run({ name, folder, port, args, within = [], started }: Launch): Promise<RunningPeer> {
  const [command = "", ...words] = [...within, program(name), ...args];
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const stop = (): Promise<void> => end(child, folder);
  try {
    const hasEnded = (): boolean => child.exitCode !== null;
    if (started === undefined) await answers(port, hasEnded, 60_000);
    else await says(child, () => started.test(log), hasEnded);
  } catch (cause) {
    await stop();
    throw new Error(`${name} does not answer:\n${log.slice(-4000)}`, { cause });
  }
  return { name, port, pid: child.pid!, log: () => log, [Symbol.asyncDispose]: stop };
}

async function says(child: ChildProcess, hasStarted: () => boolean, hasEnded: () => boolean): Promise<void> {
  while (!hasStarted()) {
    if (hasEnded()) throw new Error("it ended");
    await Promise.race([once(child, "exit"), once(child.stdout!, "data"), once(child.stderr!, "data")]);
  }
}

export async function end(child: ChildProcess, folder: string | null): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const impatient = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(impatient);
  }
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
}

/** Waits for a response of any kind; asks again every 50 ms. */
export async function answers(port: number, hasEnded: () => boolean, limitMilliseconds: number): Promise<void> {
  const socket = createSocket("udp4");
  const query = Buffer.from([0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1]);
  try {
    await new Promise<void>((resolve, reject) => {
      const deadline = performance.now() + limitMilliseconds;
      const ask = setInterval(() => {
        if (hasEnded() || performance.now() > deadline) {
          clearInterval(ask);
          reject(new Error(hasEnded() ? "it ended" : "no answer in time"));
        } else socket.send(query, port, "127.0.0.1");
      }, 50);
      socket.on("error", () => undefined);
      socket.once("message", () => {
        clearInterval(ask);
        resolve();
      });
    });
  } finally {
    socket.close();
  }
}
