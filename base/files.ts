/** The file system as Strata uses it: the one file that imports `node:fs`, so that tests can hand in another. */
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** What was wrong with a file, in words a user can act on. `code` is the system's (ENOENT, EACCES, ENOSPC, …). */
export class FileError extends Error {
  readonly code: string;
  readonly path: string;

  constructor(action: string, path: string, cause: unknown) {
    const code = systemCode(cause);
    super(`cannot ${action} ${path}: ${reasons[code] ?? code}`, { cause });
    this.code = code;
    this.path = path;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
  EMFILE: "too many open files",
};

function systemCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown fault";
}

export interface FileStatus {
  readonly octets: number;
  readonly modifiedMilliseconds: number;
  /** Whether nobody but the user that this process runs as may have written it. */
  readonly isOursAlone: boolean;
  /**
   * The same only as long as nothing was written to the file, nor another put in its place: other than the time of its content, that of
   * its last change is not for programs to set. Null where the system cannot say so: so soon after a change that another could
   * have the same time.
   */
  readonly identity: string | null;
}

export interface Files {
  /** The whole file. Throws FileError. */
  read(path: string): Uint8Array;
  /** Replaces the file in one step: a reader sees the old content or the new, never a part. Makes its folders. */
  write(path: string, octets: Uint8Array | string): void;
  exists(path: string): boolean;
  /** Changes whenever the content may have changed, or null when there is no such file. */
  stamp(path: string): string | null;
  /** Null when there is no such file. */
  status(path: string): FileStatus | null;
  /** Fills the octets from that position of the file on; returns how many there were. Throws FileError. */
  readInto(path: string, position: number, octets: Uint8Array): number;
  /**
   * Replaces the file by these parts, one behind the other, once they are on the disk; only our user may write it. Each is written
   * before the next is asked for. Throws FileError, and leaves the old file then. Its folder must be there.
   */
  writeSafely(path: string, parts: Iterable<Uint8Array>): void;
  remove(path: string): void;
  /** Lets nobody but our user open it. Throws FileError. */
  protect(path: string): void;
  /** The names in a folder, in order; none when there is no such folder. Throws FileError. */
  list(path: string): readonly string[];
  /** Makes the folder, and those above it; only our user may enter one that is made. Throws FileError. */
  makeFolder(path: string): void;
}

/** Two changes nearer to each other may have one time: the kernel's ticks are up to 10 ms, and some file systems count whole seconds. */
const TICK_MILLISECONDS = 50;
const TICK_MILLISECONDS_IN_SECONDS = 2500;

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string | null {
  const tick = ctimeNs % 1_000_000_000n === 0n ? TICK_MILLISECONDS_IN_SECONDS : TICK_MILLISECONDS;
  const isSettled = Date.now() - Number(ctimeNs) / 1e6 > tick;
  return isSettled ? [dev, ino, size, mtimeNs, ctimeNs].join("-") : null;
}

/** The system reads and writes less than 2 GiB at a time. */
const CHUNK_OCTETS = 1 << 26;
const WRITABLE_BY_OTHERS = 0o022;

export const systemFiles: Files = {
  read(path) {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw new FileError("read", path, cause);
    }
  },
  write(path, octets) {
    const draft = `${path}.${process.pid}.new`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(draft, octets);
      renameSync(draft, path);
    } catch (cause) {
      rmSync(draft, { force: true });
      throw new FileError("write", path, cause);
    }
  },
  exists: (path) => existsSync(path),
  stamp(path) {
    const status = statSync(path, { throwIfNoEntry: false });
    return status === undefined ? null : `${status.size}-${status.mtimeMs}-${status.ino}`;
  },
  status(path) {
    const status = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (status === undefined) return null;
    const isOurs = process.getuid === undefined || Number(status.uid) === process.getuid();
    return {
      octets: Number(status.size),
      modifiedMilliseconds: Number(status.mtimeNs) / 1e6,
      isOursAlone: isOurs && (Number(status.mode) & WRITABLE_BY_OTHERS) === 0,
      identity: identityOf(status),
    };
  },
  readInto(path, position, octets) {
    let file = -1;
    try {
      file = openSync(path, "r");
      let at = 0;
      while (at < octets.length) {
        const part = octets.subarray(at, at + CHUNK_OCTETS);
        const count = readSync(file, part, 0, part.length, position + at);
        if (count === 0) break;
        at += count;
      }
      return at;
    } catch (cause) {
      throw new FileError("read", path, cause);
    } finally {
      if (file >= 0) closeSync(file);
    }
  },
  writeSafely(path, parts) {
    // One name for all drafts of the file, so that those of killed processes do not pile up.
    const draft = `${path}.new`;
    let file = -1;
    try {
      rmSync(draft, { force: true });
      file = openSync(draft, "wx", 0o600);
      for (const part of parts) {
        for (let at = 0; at < part.length;) at += writeSync(file, part.subarray(at, at + CHUNK_OCTETS));
      }
      fsyncSync(file);
      closeSync(file);
      file = -1;
      renameSync(draft, path);
    } catch (cause) {
      if (file >= 0) closeSync(file);
      rmSync(draft, { force: true });
      throw new FileError("write", path, cause);
    }
  },
  remove(path) {
    rmSync(path, { force: true });
  },
  protect(path) {
    try {
      chmodSync(path, 0o600);
    } catch (cause) {
      throw new FileError("protect", path, cause);
    }
  },
  list(path) {
    try {
      return existsSync(path) ? readdirSync(path).sort() : [];
    } catch (cause) {
      throw new FileError("read", path, cause);
    }
  },
  makeFolder(path) {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new FileError("make the folder", path, cause);
    }
  },
};
