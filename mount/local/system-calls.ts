/**
 * The system calls behind a local directory, each with an outcome instead of an error, and none that waits on this thread for a disk. A file is named by a descriptor, or by one
 * of its directory and a name: `/proc/self/fd/N/name` is what openat(2) is, so that no component before the name is ever walked again, by whatever was put in
 * its place meanwhile. A descriptor that only holds a file (O_PATH) opens nothing, not even a device. See open(2), proc(5).
 */
import fs from "node:fs";
import type { Attributes, FileKind, FileTime, Space } from "../file-system.ts";
import { fileNameOctets } from "../file-name.ts";
import { type Status } from "../status.ts";
import { statusOfErrno } from "./errno.ts";

/** What node:fs does not name; the same on all of Linux that Node runs on. */
const O_PATH = 0o10000000;
const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;

/** What the system knows of a file. */
export interface Facts {
  readonly device: bigint;
  /** When the file was made, in nanoseconds: an inode's number is given again to others, but not with the same time. 0 where it is not kept. */
  readonly born: bigint;
  readonly attributes: Omit<Attributes, "fileSystemId">;
}

/** A name in an open directory. */
export interface At {
  readonly directory: number;
  readonly name: string;
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function outcome<T>(act: (done: Callback<T>) => void): Promise<T | Status> {
  return new Promise((resolve) => act((error, value) => resolve(error ? statusOfErrno(error.code) : value)));
}

function ended(act: (done: (error: NodeJS.ErrnoException | null) => void) => void): Promise<null | Status> {
  return new Promise((resolve) => act((error) => resolve(error ? statusOfErrno(error.code) : null)));
}

const held = (descriptor: number): string => `/proc/self/fd/${descriptor}`;
const path = ({ directory, name }: At): Buffer =>
  Buffer.concat([Buffer.from(`${held(directory)}/`), fileNameOctets(name)]);

/** Holds a directory by its path, links in it followed: it is the administrator's. */
export function holdDirectory(directory: string): Promise<number | Status> {
  return outcome((done) => fs.open(directory, O_PATH | O_DIRECTORY, done));
}

/** Holds what stands there: a link itself, a device unopened. */
export function hold(at: At): Promise<number | Status> {
  return outcome((done) => fs.open(path(at), O_PATH | O_NOFOLLOW, done));
}

/** Only for what is known to be a regular file. */
export function openToRead(descriptor: number): Promise<number | Status> {
  return outcome((done) => fs.open(held(descriptor), O_RDONLY | O_NONBLOCK, done));
}

/** Only for what is known to be a regular file. */
export function openToWrite(descriptor: number): Promise<number | Status> {
  return outcome((done) => fs.open(held(descriptor), O_WRONLY | O_NONBLOCK, done));
}

/** Makes a file that was not there, open for writing. */
export function makeFile(at: At, mode: number): Promise<number | Status> {
  return outcome((done) => fs.open(path(at), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode, done));
}

export function close(descriptor: number): void {
  fs.close(descriptor, () => undefined);
}

export async function facts(descriptor: number): Promise<Facts | Status> {
  const stats = await outcome<fs.BigIntStats>((done) => fs.fstat(descriptor, { bigint: true }, done));
  return typeof stats === "string" ? stats : factsOf(stats);
}

/** At once, for a file that is held on a disk of this machine: the kernel has its facts in memory as long as it is held. */
export function factsAtHand(descriptor: number): Facts | Status {
  try {
    return factsOf(fs.fstatSync(descriptor, { bigint: true }));
  } catch (error) {
    return statusOfErrno(error instanceof Error && "code" in error ? String(error.code) : undefined);
  }
}

/** Like `factsAt`, at once: only where nothing but a disk of this machine may be asked, and only now and then a disk. */
export function factsAtOnce(at: At): Facts | Status {
  try {
    return factsOf(fs.lstatSync(path(at), { bigint: true }));
  } catch (error) {
    return statusOfErrno(error instanceof Error && "code" in error ? String(error.code) : undefined);
  }
}

/** File systems over a network, or served by a program, ask somebody else even for what is held (statfs(2)): NFS, SMB, CIFS, SMB2, FUSE, Ceph, 9P, AFS. */
const REMOTE_TYPES: readonly number[] = [
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x00c36400, 0x01021997, 0x5346414f,
];

/** tmpfs, ramfs. */
const MEMORY_TYPES: readonly number[] = [0x01021994, 0x858458f6];

/** Who is asked for what is in this file system: somebody else, a disk of this machine, or its memory alone. */
export type Nearness = "remote" | "disk" | "memory";

export async function nearness(descriptor: number): Promise<Nearness> {
  const found = await outcome<fs.StatsFs>((done) => fs.statfs(held(descriptor), done));
  if (typeof found === "string" || REMOTE_TYPES.includes(found.type)) return "remote";
  return MEMORY_TYPES.includes(found.type) ? "memory" : "disk";
}

/** At once, for a file that is in memory: how many octets there were, or -1. */
export function readAtHand(descriptor: number, octets: Uint8Array, offset: number): number {
  try {
    return fs.readSync(descriptor, octets, 0, octets.length, offset);
  } catch {
    // Whoever reads it in the usual way hears why.
    return -1;
  }
}

export async function factsAt(at: At): Promise<Facts | Status> {
  const stats = await outcome<fs.BigIntStats>((done) => fs.lstat(path(at), { bigint: true }, done));
  return typeof stats === "string" ? stats : factsOf(stats);
}

/** Where a held file stands now, whoever moved it, one octet a character. This asks the kernel's names only, never a disk, so it is done at once. */
export function whereIs(descriptor: number): string {
  return fs.readlinkSync(held(descriptor), { encoding: "latin1" });
}

/** How many octets were there; fewer than there is room for at the end only. */
export async function read(descriptor: number, octets: Uint8Array, offset: number): Promise<number | Status> {
  for (let at = 0; at < octets.length;) {
    const count = await outcome<number>((done) =>
      fs.read(descriptor, octets, at, octets.length - at, offset + at, done),
    );
    if (typeof count === "string") return at > 0 ? at : count;
    if (count === 0) return at;
    at += count;
  }
  return octets.length;
}

/** How many octets were written; fewer than given only where the disk ends. */
export async function write(descriptor: number, octets: Uint8Array, offset: number): Promise<number | Status> {
  for (let at = 0; at < octets.length;) {
    const count = await outcome<number>((done) =>
      fs.write(descriptor, octets, at, octets.length - at, offset + at, done),
    );
    if (typeof count === "string") return at > 0 ? at : count;
    at += count;
  }
  return octets.length;
}

export function sync(descriptor: number): Promise<null | Status> {
  return ended((done) => fs.fsync(descriptor, done));
}

export function syncData(descriptor: number): Promise<null | Status> {
  return ended((done) => fs.fdatasync(descriptor, done));
}

/** For what is held only, which fsync(2) does not take. */
export async function syncHeld(descriptor: number): Promise<null | Status> {
  const file = await openToRead(descriptor);
  if (typeof file === "string") return file;
  const fault = await sync(file);
  close(file);
  return fault;
}

export function makeDirectory(at: At, mode: number): Promise<null | Status> {
  return ended((done) => fs.mkdir(path(at), mode, done));
}

export function makeLink(at: At, target: string): Promise<null | Status> {
  return ended((done) => fs.symlink(Buffer.from(fileNameOctets(target)), path(at), done));
}

export async function readLink(at: At): Promise<Buffer | Status> {
  return outcome((done) => fs.readlink(path(at), { encoding: "buffer" }, done));
}

export function nameAgain(from: At, to: At): Promise<null | Status> {
  return ended((done) => fs.link(path(from), path(to), done));
}

export function unlink(at: At): Promise<null | Status> {
  return ended((done) => fs.unlink(path(at), done));
}

export function removeDirectory(at: At): Promise<null | Status> {
  return ended((done) => fs.rmdir(path(at), done));
}

export function rename(from: At, to: At): Promise<null | Status> {
  return ended((done) => fs.rename(path(from), path(to), done));
}

export function changeMode(descriptor: number, mode: number): Promise<null | Status> {
  return ended((done) => fs.chmod(held(descriptor), mode, done));
}

export function changeOwner(descriptor: number, uid: number, gid: number): Promise<null | Status> {
  return ended((done) => fs.chown(held(descriptor), uid, gid, done));
}

export function resize(descriptor: number, sizeOctets: number): Promise<null | Status> {
  return ended((done) => fs.truncate(held(descriptor), sizeOctets, done));
}

/** To the precision of a double in seconds, some 200 ns: node:fs takes no other. */
export function changeTimes(
  descriptor: number,
  { accessed, modified }: { readonly accessed: FileTime | "now"; readonly modified: FileTime | "now" },
): Promise<null | Status> {
  return ended((done) => fs.utimes(held(descriptor), unixTime(accessed), unixTime(modified), done));
}

/** Its entries in the order of the file system, "." and ".." left out. */
export function openListing(descriptor: number, bufferEntries: number): Promise<Listing | Status> {
  return new Promise((resolve) => {
    fs.opendir(held(descriptor), { encoding: "latin1", bufferSize: bufferEntries }, (error, directory) => {
      resolve(error ? statusOfErrno(error.code) : new Listing(directory));
    });
  });
}

export interface ListedName {
  readonly octets: Uint8Array;
  /** A regular file, as far as the directory knows. */
  readonly isFile: boolean;
}

/** A directory that is being listed. */
export class Listing {
  readonly #directory: fs.Dir;

  constructor(directory: fs.Dir) {
    this.#directory = directory;
  }

  /** The next name, or null at the end. */
  next(): Promise<ListedName | null | Status> {
    return new Promise((resolve) => {
      this.#directory.read((error, entry) => {
        if (error) resolve(statusOfErrno(error.code));
        else if (entry === null) resolve(null);
        // Latin-1 has a character for each octet.
        else resolve({ octets: Buffer.from(entry.name, "latin1"), isFile: entry.isFile() });
      });
    });
  }

  close(): void {
    this.#directory.close(() => undefined);
  }
}

export async function space(descriptor: number): Promise<Space | Status> {
  const found = await outcome<fs.StatsFs>((done) => fs.statfs(held(descriptor), done));
  if (typeof found === "string") return found;
  return {
    totalOctets: found.blocks * found.bsize,
    freeOctets: found.bavail * found.bsize,
    totalFiles: found.files,
    freeFiles: found.ffree,
  };
}

/** A time before 1970 is "now" to node:fs. */
function unixTime(time: FileTime | "now"): number {
  return time === "now" ? -1 : time.seconds + time.nanoseconds / 1e9;
}

function factsOf(stats: fs.BigIntStats): Facts {
  return {
    device: stats.dev,
    born: stats.birthtimeNs,
    attributes: {
      kind: kindOf(Number(stats.mode) & fs.constants.S_IFMT),
      mode: Number(stats.mode) & 0o7777,
      links: Number(stats.nlink),
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      sizeOctets: Number(stats.size),
      usedOctets: Number(stats.blocks) * 512,
      fileId: stats.ino,
      accessed: timeOf(stats.atimeNs),
      modified: timeOf(stats.mtimeNs),
      changed: timeOf(stats.ctimeNs),
      lifeSeconds: null,
    },
  };
}

function timeOf(nanoseconds: bigint): FileTime {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((nanoseconds - rest) / 1_000_000_000n), nanoseconds: Number(rest) };
}

function kindOf(format: number): FileKind {
  switch (format) {
    case fs.constants.S_IFDIR:
      return "directory";
    case fs.constants.S_IFLNK:
      return "link";
    case fs.constants.S_IFBLK:
      return "block";
    case fs.constants.S_IFCHR:
      return "character";
    case fs.constants.S_IFIFO:
      return "fifo";
    case fs.constants.S_IFSOCK:
      return "socket";
    default:
      return "file";
  }
}
