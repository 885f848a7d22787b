/**
 * How peers are found and configured: the programs, and for each name server its command line and a configuration of its own
 * in a temporary folder, on loopback, for tests and benchmarks alike.
 */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

/** Program → the Debian package that brings it. */
export const PROGRAMS = {
  named: "bind9",
  nsd: "nsd",
  nsupdate: "bind9-dnsutils",
  knsupdate: "knot-dnsutils",
  knotd: "knot",
  unbound: "unbound",
  dig: "bind9-dnsutils",
  delv: "bind9-dnsutils",
  "named-checkzone": "bind9-utils",
  "named-compilezone": "bind9-utils",
  "dnssec-keygen": "bind9-utils",
  "dnssec-signzone": "bind9-utils",
  kdig: "knot-dnsutils",
  "tsig-keygen": "bind9",
  drill: "ldnsutils",
  "ldns-read-zone": "ldnsutils",
  "ldns-signzone": "ldnsutils",
  "ldns-keygen": "ldnsutils",
  dnsperf: "dnsperf",
  initdb: "postgresql",
  postgres: "postgresql",
  pg_basebackup: "postgresql",
  pgbench: "postgresql",
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  chromium: "chromium",
  "ganesha.nfsd": "nfs-ganesha nfs-ganesha-vfs",
  "nfs-ls": "libnfs-utils",
  "nfs-cat": "libnfs-utils",
  "nfs-cp": "libnfs-utils",
  "linux.uml": "user-mode-linux",
  "slirp-fullbolt": "slirp",
  modprobe: "kmod",
  "mount.nfs": "nfs-common",
} as const;

export type Program = keyof typeof PROGRAMS;

/** Where a program is, or null; servers live in folders which are not on every user's PATH. */
export function findProgram(name: Program): string | null {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const folders = [...path, "/usr/sbin", "/usr/bin", "/sbin", ...postgresFolders()];
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

/** Debian keeps each version in a folder of its own; the newest comes first. */
function postgresFolders(): string[] {
  const above = "/usr/lib/postgresql";
  const versions = existsSync(above) ? readdirSync(above) : [];
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(above, version, "bin"));
}

export function program(name: Program): string {
  const path = findProgram(name);
  if (path === null) throw new Error(`${name} is not installed; npm run peers installs it`);
  return path;
}

export interface ZoneFile {
  readonly apex: string;
  readonly file: string;
  /** More to say of the zone, in the peer's own words. */
  readonly more?: string;
  /** Whether it is fetched from elsewhere, as `more` says, into that file; BIND alone wants to be told. */
  readonly isCopy?: boolean;
}

export type ServerPeer = "named" | "nsd" | "knotd";

/** Writes what a server needs into `folder`; returns its arguments. */
export const WRITERS: Readonly<
  Record<ServerPeer, (folder: string, port: number, zones: readonly ZoneFile[]) => string[]>
> = {
  named: writeNamed,
  nsd: writeNsd,
  knotd: writeKnot,
};

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

export function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Minimal responses without an NS RRset beside answers, as ours are; additional data for answers stays.
 * All three take as many TCP connections as we do, so that none is measured by its refusals. */
function writeNamed(folder: string, port: number, zones: readonly ZoneFile[], format = ""): string[] {
  const options = `options {
  directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; allow-recursion { none; }; allow-query { any; }; allow-query-cache { none; };
  dnssec-validation no; notify no; minimal-responses no-auth; minimal-any no; max-udp-size 1232; edns-udp-size 1232;
  empty-zones-enable no; check-names primary ignore; check-integrity no; check-sibling no; check-mx ignore; check-mx-cname ignore;
  check-srv-cname ignore; check-dup-records ignore; check-spf ignore; check-wildcard no; zone-statistics no; max-cache-size 2m;
  rrset-order { order none; }; answer-cookie no; max-records-per-type 0; max-types-per-name 0;
  tcp-clients 1200; tcp-listen-queue 512;
};
controls { };
logging { channel all { stderr; severity info; }; category default { all; }; };
`;
  const stanza = ({ apex, file, more = "", isCopy = false }: ZoneFile): string =>
    `zone "${apex}" { type ${isCopy ? "secondary" : "primary"}; file "${file}"; ${format} ${more} };\n`;
  return ["-f", "-n", "1", "-c", written(folder, "named.conf", options + zones.map(stanza).join(""))];
}

/**
 * As `named` with zones that named-compilezone(1) has made into BIND's own form, which it reads faster than text. It keeps no such
 * form by itself.
 */
export function writeNamedCompiled(folder: string, port: number, zones: readonly ZoneFile[]): string[] {
  const compiled = zones.map(({ apex, file }) => {
    const raw = join(folder, `${apex}.raw`);
    const unchecked = ["-k", "ignore", "-n", "ignore", "-m", "ignore", "-r", "ignore", "-i", "none"];
    execFileSync(program("named-compilezone"), ["-q", ...unchecked, "-F", "raw", "-o", raw, apex, file]);
    return { apex, file: raw };
  });
  return writeNamed(folder, port, compiled, "masterfile-format raw;");
}

/** As `nsd` with the compiled database that it keeps of its zones (up to release 4.7). */
export function writeNsdWithDatabase(folder: string, port: number, zones: readonly ZoneFile[]): string[] {
  return writeNsd(folder, port, zones, join(folder, "nsd.db"));
}

/** Unbound as a resolver that asks one server for all that is below a zone, with caches that hold whatever it learns. */
export function writeUnbound(folder: string, port: number, authority: { apex: string; port: number }): string[] {
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
  access-control: 127.0.0.0/8 allow
  outgoing-interface: 127.0.0.1
  outgoing-range: 8192
  num-queries-per-thread: 4096
  msg-cache-size: 256m
  rrset-cache-size: 256m
  so-rcvbuf: 4m
  so-sndbuf: 4m
  edns-buffer-size: 1232
  max-udp-size: 1232
stub-zone:
  name: "${authority.apex}"
  stub-addr: 127.0.0.1@${authority.port}
remote-control:
  control-enable: no
`;
  return ["-d", "-p", "-c", written(folder, "unbound.conf", configuration)];
}

function writeNsd(folder: string, port: number, zones: readonly ZoneFile[], database = ""): string[] {
  const server = `server:
  server-count: 1
  tcp-count: 1200
  ip-address: 127.0.0.1@${port}
  zonesdir: "${folder}"
  username: ""
  chroot: ""
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/xfrd.state"
  database: "${database}"
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
  const stanza = ({ apex, file, more = "" }: ZoneFile): string =>
    `zone:\n  name: "${apex}"\n  zonefile: "${file}"\n${more}`;
  return ["-d", "-c", written(folder, "nsd.conf", server + zones.map(stanza).join(""))];
}

function writeKnot(folder: string, port: number, zones: readonly ZoneFile[]): string[] {
  mkdirSync(join(folder, "journal"), { recursive: true });
  const server = `server:
    rundir: "${folder}"
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    tcp-max-clients: 1200
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
  const stanza = ({ apex, file, more = "" }: ZoneFile): string => `  - domain: "${apex}"\n    file: "${file}"\n${more}`;
  return ["-c", written(folder, "knot.conf", server + zones.map(stanza).join(""))];
}
