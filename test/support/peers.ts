/**
 * Peers: the servers and tools that we are compared with. A test that needs one says so; where it is absent the test is
 * skipped out loud, and with CI=true that is a failure. Servers run on loopback ports with a configuration of their own
 * in a temporary folder; only what was started here is ended, by its process id.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";

/** Program → the Debian package that brings it. */
export const PROGRAMS = {
  named: "bind9",
  nsd: "nsd",
  knotd: "knot",
  unbound: "unbound",
  dig: "bind9-dnsutils",
  "named-checkzone": "bind9-utils",
  "dnssec-keygen": "bind9-utils",
  "dnssec-signzone": "bind9-utils",
  kdig: "knot-dnsutils",
  drill: "ldnsutils",
  "ldns-read-zone": "ldnsutils",
  "ldns-signzone": "ldnsutils",
  "ldns-keygen": "ldnsutils",
  dnsperf: "dnsperf",
} as const;

export type Program = keyof typeof PROGRAMS;

/** Where a program is, or null; servers live in /usr/sbin, which is not on every user's PATH. */
export function findProgram(name: Program): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/bin", "/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

export function program(name: Program): string {
  const path = findProgram(name);
  if (path === null) throw new Error(`${name} is not installed; npm run peers installs it`);
  return path;
}

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

export interface ZoneFile {
  readonly apex: string;
  readonly file: string;
}

export interface RunningPeer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** What it wrote to its log so far. */
  log(): string;
}

export type ServerPeer = "named" | "nsd" | "knotd";

const WRITERS: Readonly<Record<ServerPeer, (folder: string, port: number, zones: readonly ZoneFile[]) => string[]>> = {
  named: writeNamed,
  nsd: writeNsd,
  knotd: writeKnot,
};

/** Starts an authoritative server for these zones and waits until it answers at all. */
export async function startServer(name: ServerPeer, zones: readonly ZoneFile[]): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), `strata-${name}-`));
  const port = await freePort();
  return run({ name, folder, port, args: WRITERS[name](folder, port, zones) });
}

/** Starts Unbound as a resolver that walks from the given hints; it asks authoritative servers on their port `askPort`. */
export async function startUnbound(hints: string, askPort: number): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), "strata-unbound-"));
  const port = await freePort();
  const configuration = `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1
  port: ${port}
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  module-config: "iterator"
  root-hints: "${hints}"
  outgoing-port-permit: 1024-65535
  access-control: 127.0.0.0/8 allow
  qname-minimisation: no
stub-zone:
  name: "."
  stub-prime: no
  stub-addr: 127.0.1.1@${askPort}
remote-control:
  control-enable: no
`;
  return run({
    name: "unbound",
    folder,
    port,
    args: ["-d", "-p", "-c", written(folder, "unbound.conf", configuration)],
  });
}

interface Launch {
  readonly name: ServerPeer | "unbound";
  readonly folder: string;
  readonly port: number;
  readonly args: readonly string[];
}

async function run({ name, folder, port, args }: Launch): Promise<RunningPeer> {
  const child = spawn(program(name), args, { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const stop = (): Promise<void> => end(child, folder);
  try {
    await answers(port, () => child.exitCode !== null, 60_000);
  } catch (cause) {
    await stop();
    throw new Error(`${name} does not answer:\n${log.slice(-4000)}`, { cause });
  }
  return { name, port, pid: child.pid!, log: () => log, [Symbol.asyncDispose]: stop };
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

/** A port that was free a moment ago, for UDP and TCP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const socket = createSocket("udp4");
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once("error", () => resolve(false));
      socket.bind(port, "127.0.0.1", () => resolve(true));
    });
    socket.close();
    server.close();
    await once(server, "close");
    if (isFree) return port;
  }
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Minimal responses without an NS RRset beside answers, as ours are; additional data for answers stays. */
function writeNamed(folder: string, port: number, zones: readonly ZoneFile[]): string[] {
  const options = `options {
  directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; allow-recursion { none; }; allow-query { any; }; allow-query-cache { none; };
  dnssec-validation no; notify no; minimal-responses no-auth; minimal-any no; max-udp-size 1232; edns-udp-size 1232;
  empty-zones-enable no; check-names primary ignore; check-integrity no; check-sibling no; check-mx ignore; check-mx-cname ignore;
  check-srv-cname ignore; check-dup-records ignore; check-spf ignore; check-wildcard no; zone-statistics no; max-cache-size 2m;
  rrset-order { order none; }; answer-cookie no; max-records-per-type 0; max-types-per-name 0;
};
controls { };
logging { channel all { stderr; severity info; }; category default { all; }; };
`;
  const stanza = ({ apex, file }: ZoneFile): string => `zone "${apex}" { type primary; file "${file}"; };\n`;
  return ["-f", "-n", "1", "-c", written(folder, "named.conf", options + zones.map(stanza).join(""))];
}

function writeNsd(folder: string, port: number, zones: readonly ZoneFile[]): string[] {
  const server = `server:
  server-count: 1
  ip-address: 127.0.0.1@${port}
  zonesdir: "${folder}"
  username: ""
  chroot: ""
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/xfrd.state"
  database: ""
  zonelistfile: "${folder}/zone.list"
  xfrdir: "${folder}"
  ipv4-edns-size: 1232
  minimal-responses: yes
  refuse-any: no
  rrl-ratelimit: 0
  round-robin: no
remote-control:
  control-enable: no
`;
  const stanza = ({ apex, file }: ZoneFile): string => `zone:\n  name: "${apex}"\n  zonefile: "${file}"\n`;
  return ["-d", "-c", written(folder, "nsd.conf", server + zones.map(stanza).join(""))];
}

function writeKnot(folder: string, port: number, zones: readonly ZoneFile[]): string[] {
  mkdirSync(join(folder, "journal"), { recursive: true });
  const server = `server:
    rundir: "${folder}"
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 1232
    answer-rotation: off
database:
    storage: "${folder}"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "${folder}"
    journal-content: none
    zonefile-sync: -1
    zonefile-load: whole
    semantic-checks: off
zone:
`;
  const stanza = ({ apex, file }: ZoneFile): string => `  - domain: "${apex}"\n    file: "${file}"\n`;
  return ["-c", written(folder, "knot.conf", server + zones.map(stanza).join(""))];
}
