/**
 * Attaches a file system to the operating system's tree at a directory, by FUSE, and undoes it. mount(8) is started with the open device as its descriptor 3, which is all that
 * fusermount does for others. However this process ends, nobody is left waiting: when it exits the mount is torn off first, for the thread that reads the device would
 * never let it end; when it is killed the kernel answers ENOTCONN, and the next attach to that directory clears it away.
 */
import { spawn, spawnSync } from "node:child_process";
import type { Clock, Log } from "../../base/index.ts";
import type { FileSystem } from "../file-system.ts";
import { isStatus, statusText } from "../status.ts";
import { DEAD, directoryFault, FuseDevice, readAheadFar } from "./device.ts";
import { FuseSession } from "./session.ts";

export interface AttachOptions {
  readonly fileSystem: FileSystem;
  /** An absolute path of a directory that is there. */
  readonly directory: string;
  /** False: the system changes nothing, though it could. As the file system is, unless told. */
  readonly isWritable?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether other users than the one of this process may enter; the kernel checks modes then. */
  readonly allowsOthers?: boolean;
  /** How long the kernel may keep names and attributes that have no life of their own; 1 unless told. */
  readonly lifeSeconds?: number;
  /** What the system lists as the mount's source. */
  readonly source?: string;
}

export interface Attached {
  readonly directory: string;
  /** Fulfilled when it is no longer attached, by whomever, with the reason. */
  readonly ended: Promise<string>;
  /** Undoes it. Throws an AttachError when it is in use; "lazy" takes it out of the tree now, and ends it for whoever still uses it. */
  detach(how: "whole" | "lazy"): Promise<void>;
}

/** It cannot be attached or detached; the message says why. */
export class AttachError extends Error {
  readonly code = "ATTACH";
}

/** How long mount(8) and umount(8) may take, as far as it is up to them. */
const PROGRAM_MILLISECONDS = 20_000;
/** Neither helpers, nor a look at the path: the server of the mount may be this very process, which waits. */
const UMOUNT_NOW = ["-i", "-c", "-f", "-l"];

/** Throws AttachError or FuseDeviceError. */
export async function attachFuse(options: AttachOptions): Promise<Attached> {
  const { directory, fileSystem, clock, log } = options;
  const root = await fileSystem.root();
  if (isStatus(root)) throw new AttachError(`cannot attach to ${directory}: the root: ${statusText(root)}`);
  await clearAway(directory);
  const device = FuseDevice.open(clock, log);
  const mounted = await run("mount", mountWords(options), device.descriptor);
  if (mounted !== null) {
    device.close();
    throw new AttachError(`cannot attach to ${directory}: ${mounted}`);
  }
  const tearOff = (): void => void spawnSync("umount", [...UMOUNT_NOW, directory], { timeout: PROGRAM_MILLISECONDS });
  process.once("exit", tearOff);
  const session = new FuseSession(root, { ...options, reply: (pieces) => device.reply(pieces) });
  device.serve((octets) => session.receive(octets));
  readAheadFar(directory);
  void device.ended.then((code) => {
    process.removeListener("exit", tearOff);
    log.info({ directory, code }, "no longer attached to the system");
  });
  return { directory, ended: device.ended, detach: (how) => detach(directory, how, device) };
}

/** The command that attaches an export by the system's own NFS client, for systems that have no FUSE or users who are not root. */
export function nfsMountCommand(
  { host, port, path }: { readonly host: string; readonly port: number; readonly path: string },
  directory: string,
): readonly string[] {
  const options = `vers=3,tcp,port=${port},mountport=${port},nolock`;
  return ["mount", "-t", "nfs", "-o", options, `${host.includes(":") ? `[${host}]` : host}:${path}`, directory];
}

async function detach(directory: string, how: "whole" | "lazy", device: FuseDevice): Promise<void> {
  const fault = await run("umount", how === "whole" ? ["-i", directory] : [...UMOUNT_NOW, directory], null);
  if (fault !== null) throw new AttachError(`cannot detach ${directory}: ${fault}`);
  await device.ended;
}

function mountWords(options: AttachOptions): readonly string[] {
  const { directory, fileSystem, allowsOthers, source, isWritable = fileSystem.isWritable } = options;
  const words = [
    "fd=3",
    "rootmode=40000",
    `user_id=${process.getuid?.() ?? 0}`,
    `group_id=${process.getgid?.() ?? 0}`,
    "nosuid",
    "nodev",
    ...(allowsOthers === true ? ["allow_other", "default_permissions"] : []),
    ...(isWritable ? [] : ["ro"]),
  ];
  return ["-i", "-t", "fuse.strata", "-o", words.join(","), source ?? "strata", directory];
}

/** Makes sure that there is a directory, and no dead mount upon it. */
async function clearAway(directory: string): Promise<void> {
  let fault = await directoryFault(directory);
  if (fault === DEAD) {
    await run("umount", [...UMOUNT_NOW, directory], null);
    fault = await directoryFault(directory);
  }
  if (fault !== null) throw new AttachError(`cannot attach to ${directory}: ${fault}`);
}

/** Null when the program has done it, else what it said. */
function run(program: string, words: readonly string[], inherited: number | null): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      stdio: ["ignore", "ignore", "pipe", ...(inherited === null ? [] : [inherited])],
      timeout: PROGRAM_MILLISECONDS,
      env: { ...process.env, LC_ALL: "C" },
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, 1000)));
    child.on("error", (error) => resolve(`${program}: ${error.message}`));
    child.on("close", (code) => resolve(code === 0 ? null : said.trim() || `${program} failed (${String(code)})`));
  });
}
