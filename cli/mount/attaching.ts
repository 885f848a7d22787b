/**
 * `strata mount --os DIR`: the local name space in the operating system's own tree. The daemon serves it by FUSE where it may; elsewhere the system's NFS client can mount it from the
 * daemon, and the line that does so is printed, and run where that is possible.
 */
import { resolve } from "node:path";
import { programRunner, systemClock, systemFiles } from "../../base/index.ts";
import { parseEndpoint } from "../../net/index.ts";
import { nfsMountCommand } from "../../mount/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, WorkError } from "../failure.ts";
import type { Output } from "../output.ts";
import { askDaemon, stateFolderOf } from "./asking.ts";
import type { AttachAnswer } from "./daemon-commands.ts";
import { shownName } from "./file-text.ts";

const MOUNT_MILLISECONDS = 60_000;

/** The exit code. Throws what `askDaemon` throws. */
export async function attachToSystem(given: Arguments, output: Output, path: string): Promise<number> {
  const directory = resolve(path);
  const isWritable = given.flag("writable");
  const answer = await askDaemon(given, {
    command: "attach",
    directory,
    writable: isWritable ? "yes" : "no",
    others: given.flag("all-users") ? "yes" : "no",
  });
  if (!isAttachAnswer(answer)) throw new WorkError("strata mountd is of another version: stop it and start it again");
  if (given.flag("json")) output.result(JSON.stringify(answer));
  if (answer.fault === null) {
    if (!given.flag("json")) output.result(`${shownName(directory)} is the local name space`);
    output.note(`umount ${directory} undoes it; it ends with strata mountd`);
    return EXIT.ok;
  }
  output.note(`the daemon cannot attach it itself: ${answer.fault}`);
  return attachByNfs({ given, output, directory, answer });
}

function isAttachAnswer(value: unknown): value is AttachAnswer {
  return typeof value === "object" && value !== null && "fault" in value && "rootExport" in value && "listen" in value;
}

async function attachByNfs(what: {
  readonly given: Arguments;
  readonly output: Output;
  readonly directory: string;
  readonly answer: AttachAnswer;
}): Promise<number> {
  const { given, output, directory, answer } = what;
  const { address, port } = parseEndpoint(answer.listen);
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  const command = nfsMountCommand({ host, port, path: "/" }, directory);
  const isExported = answer.rootExport === "writable" || (answer.rootExport === "read-only" && !given.flag("writable"));
  output.note("as root, on a system with an NFS client, this does it:");
  if (!isExported) {
    const writable = given.flag("writable") ? " --writable" : "";
    output.result(`strata export /${writable} --state ${stateFolderOf(given)}`);
  }
  output.result(command.join(" "));
  if (!isExported || !canMountNfs()) return EXIT.no;
  const [program, ...words] = command;
  const limits = { milliseconds: MOUNT_MILLISECONDS, octets: 4096, signal: new AbortController().signal };
  const ended = await programRunner(systemClock)(program!, words, limits);
  const isMounted = ended.kind === "ended" && ended.code === 0;
  output.note(isMounted ? "it is done" : "it was tried and has failed; by hand it says why");
  return isMounted ? EXIT.ok : EXIT.unknown;
}

/** Whether this user may mount, and the kernel has an NFS client loaded. */
function canMountNfs(): boolean {
  if (process.getuid?.() !== 0 || !systemFiles.exists("/proc/filesystems")) return false;
  const known = Buffer.from(systemFiles.read("/proc/filesystems")).toString("utf8");
  return /\tnfs$/m.test(known);
}
