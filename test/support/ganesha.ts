/**
 * NFS-Ganesha as a peer: a real NFSv3 server (Debian: nfs-ganesha-vfs) over a folder of this machine, on loopback ports of its own, ended by its
 * process id. It insists on telling an rpcbind what it serves, so it runs in a mount namespace whose /run holds a socket where an obliging one is
 * played from here (RFC 1833 §2.1: SET and UNSET answer TRUE); nothing is registered on the machine itself.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeInNamespace, type NamespaceKind } from "./namespaces.ts";
import { freePort, program, type Program } from "./peer-configuration.ts";
import { end } from "./peers.ts";

export interface GaneshaExport {
  /** A folder, of a file system that has file handles (not overlayfs; see `exportableFolder`). */
  readonly folder: string;
  /** What a client mounts: one component at least. */
  readonly path: string;
  readonly isWritable: boolean;
}

export interface GaneshaOptions {
  readonly address?: string;
  /** Where it ran before, so that it comes back there. */
  readonly ports?: { readonly nfs: number; readonly mount: number };
  /** More blocks of its configuration, in its own words. */
  readonly more?: string;
}

export interface Ganesha extends AsyncDisposable {
  readonly address: string;
  readonly nfsPort: number;
  readonly mountPort: number;
  readonly pid: number;
  /** What it wrote to its log so far. */
  log(): string;
}

/** Its FSAL VFS opens files by handle, which the kernel lets only real root do (CAP_DAC_READ_SEARCH is bit 2). */
const HAS_CAPABILITY = "[ $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) & 4)) -ne 0 ]";
const AS_ROOT: NamespaceKind = {
  title: "mounts of one's own and files opened by handle (root, CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH)",
  ways: [{ make: ["-m"], enter: ["-m"] }],
  trial: ["sh", "-c", `mount --bind /tmp /run && ${HAS_CAPABILITY}`],
  programs: ["unshare", "nsenter"],
};

/** A group of tests that needs a running Ganesha, and these programs. */
export function describeWithGanesha(title: string, programs: readonly Program[], tests: () => void): void {
  describeInNamespace(AS_ROOT, title, ["ganesha.nfsd", ...programs], tests);
}

/** A new folder that Ganesha can export: in memory, where file handles always exist. */
export function exportableFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync("/dev/shm/strata-export-");
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const START_MILLISECONDS_MAX = 30_000;

/** Starts it and waits until it takes connections. */
export async function startGanesha(exports: readonly GaneshaExport[], options: GaneshaOptions = {}): Promise<Ganesha> {
  const folder = mkdtempSync(join(tmpdir(), "strata-ganesha-"));
  const run = join(folder, "run");
  mkdirSync(run);
  const address = options.address ?? "127.0.0.1";
  const nfsPort = options.ports?.nfs ?? (await freePort());
  const mountPort = options.ports?.mount ?? (await freePort());
  const configuration = join(folder, "ganesha.conf");
  writeFileSync(configuration, configurationOf(exports, { address, nfsPort, mountPort, run }) + (options.more ?? ""));
  const rpcbind = await obligingRpcbind(join(run, "rpcbind.sock"));
  const line = 'mount --bind "$1" /run && shift && exec "$@"';
  const words = ["-F", "-L", "STDERR", "-p", join(run, "pid"), "-f", configuration];
  const child = spawn("unshare", ["-m", "sh", "-c", line, "sh", run, program("ganesha.nfsd"), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const stop = async (): Promise<void> => {
    // It takes long to end in order, and a test has nothing to lose in it.
    if (child.exitCode === null) child.kill("SIGKILL");
    await end(child, folder);
    rpcbind.close();
  };
  try {
    for (const port of [mountPort, nfsPort]) await listens({ address, port }, () => child.exitCode !== null);
  } catch (cause) {
    await stop();
    throw new Error(`ganesha does not answer:\n${log.slice(-4000)}`, { cause });
  }
  return { address, nfsPort, mountPort, pid: child.pid!, log: () => log, [Symbol.asyncDispose]: stop };
}

interface Where {
  readonly address: string;
  readonly nfsPort: number;
  readonly mountPort: number;
  readonly run: string;
}

function configurationOf(exports: readonly GaneshaExport[], { address, nfsPort, mountPort, run }: Where): string {
  const blocks = exports.map(
    ({ folder, path, isWritable }, index) => `EXPORT {
  Export_Id = ${index + 1}; Path = "${folder}"; Pseudo = "${path}"; Access_Type = ${isWritable ? "RW" : "RO"}; Squash = None;
  SecType = sys, none; Protocols = 3; Transports = TCP; FSAL { Name = VFS; }
}
`,
  );
  return `NFS_CORE_PARAM {
  Protocols = 3; NFS_Port = ${nfsPort}; MNT_Port = ${mountPort}; Bind_addr = ${address};
  Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; mount_path_pseudo = true;
}
NFSV4 { Graceless = true; RecoveryRoot = "${run}"; }
NFS_KRB5 { Active_krb5 = false; }
LOG { Default_Log_Level = EVENT; }
${blocks.join("")}`;
}

/** Says TRUE to whatever is asked: a record of one fragment, an accepted reply, a boolean. */
async function obligingRpcbind(path: string): Promise<Server> {
  const server = createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4) {
        const length = held.readUInt32BE(0) & 0x7fff_ffff;
        if (held.length < 4 + length) return;
        const reply = Buffer.alloc(32);
        reply.writeUInt32BE(0x8000_0000 + 28, 0);
        held.copy(reply, 4, 4, 8);
        reply.writeUInt32BE(1, 8);
        reply.writeUInt32BE(1, 28);
        socket.write(reply);
        held = held.subarray(4 + length);
      }
    });
  }).listen(path);
  await once(server, "listening");
  return server;
}

interface Place {
  readonly address: string;
  readonly port: number;
}

/** Waits until a connection is taken there; tries again every 20 ms. */
async function listens(place: Place, hasEnded: () => boolean): Promise<void> {
  const deadline = performance.now() + START_MILLISECONDS_MAX;
  while (!(await isListening(place))) {
    if (hasEnded()) throw new Error("it ended");
    if (performance.now() > deadline) throw new Error("no answer in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isListening({ address, port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
  });
}
