/** The files that one zone was read from, $INCLUDEd ones too: what stood in them, and how to see later whether it still does. */
import { createHash, hash } from "node:crypto";
import type { Files, FileStatus } from "../base/index.ts";

/** A file as it was when it was read. */
export interface ReadFile {
  readonly path: string;
  readonly octets: Uint8Array;
  readonly status: FileStatus | null;
}

export class SourceFiles {
  readonly files: Files;
  /** By path; of files that could not be read as well, since they may appear. */
  readonly stamps = new Map<string, string | null>();
  readonly #read = new Map<string, ReadFile>();

  constructor(files: Files) {
    this.files = files;
  }

  /** The whole file, read once. Throws FileError. */
  read(path: string): Uint8Array {
    return this.take(path).octets;
  }

  take(path: string): ReadFile {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const status = this.look(path);
    const read = { path, octets: this.files.read(path), status };
    this.#read.set(path, read);
    return read;
  }

  /** Of a file that need not be read, perhaps. */
  look(path: string): FileStatus | null {
    // Before all else, so that a change in between shows as one.
    this.stamps.set(path, this.files.stamp(path));
    return this.files.status(path);
  }

  /** In the order in which they were wanted first. */
  get all(): readonly ReadFile[] {
    return [...this.#read.values()];
  }
}

export function digestOf(octets: Uint8Array): string {
  return hash("sha256", octets, "hex");
}

/** Of all these files together, of which some may not be there. */
export function digestOfFiles(files: Pick<Files, "exists" | "read">, paths: Iterable<string>): string {
  const sum = createHash("sha256");
  for (const path of [...paths].sort()) {
    sum.update(`${path}\0`);
    if (files.exists(path)) sum.update(files.read(path));
    sum.update("\0");
  }
  return sum.digest("hex");
}
