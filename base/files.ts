/** The file system as Strata uses it: the one file that imports `node:fs`, so that tests can hand in another. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
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

export interface Files {
  /** The whole file. Throws FileError. */
  read(path: string): Uint8Array;
  /** Replaces the file in one step: a reader sees the old content or the new, never a part. Makes its folders. */
  write(path: string, octets: Uint8Array | string): void;
  exists(path: string): boolean;
  /** Changes whenever the content may have changed, or null when there is no such file. */
  stamp(path: string): string | null;
  remove(path: string): void;
}

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
  remove(path) {
    rmSync(path, { force: true });
  },
};
