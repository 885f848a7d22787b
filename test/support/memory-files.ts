/** Files that are kept in memory. */
import { concatOctets, FileError, type Files, type FileStatus } from "../../base/index.ts";

export class MemoryFiles implements Files {
  readonly #content = new Map<
    string,
    { readonly octets: Uint8Array; readonly version: number; readonly identity: number }
  >();
  #version = 0;
  /** What `status` says of all files. */
  isOursAlone = true;
  /** Whether files have an identity. */
  areSettled = false;
  readonly #reads: string[] = [];

  constructor(content: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(content)) this.write(path, text);
  }

  /** What was read whole since the last time this was asked. */
  takeReads(): string[] {
    return this.#reads.splice(0);
  }

  read = (path: string): Uint8Array => {
    this.#reads.push(path);
    return this.#octets(path);
  };

  #octets(path: string): Uint8Array {
    const entry = this.#content.get(path);
    if (entry === undefined) throw new FileError("read", path, Object.assign(new Error("none"), { code: "ENOENT" }));
    return entry.octets;
  }

  write = (path: string, octets: Uint8Array | string): void => {
    const whole = typeof octets === "string" ? new TextEncoder().encode(octets) : octets;
    const version = ++this.#version;
    this.#content.set(path, { octets: whole, version, identity: version });
  };

  /** Another file with the time of the one that was there. */
  putInPlace(path: string, octets: Uint8Array): void {
    const version = this.#content.get(path)?.version ?? ++this.#version;
    this.#content.set(path, { octets, version, identity: ++this.#version });
  }

  exists = (path: string): boolean => this.#content.has(path);

  stamp = (path: string): string | null => this.#content.get(path)?.version.toString() ?? null;

  status = (path: string): FileStatus | null => {
    const entry = this.#content.get(path);
    if (entry === undefined) return null;
    const { isOursAlone, areSettled } = this;
    const { octets, version, identity: number } = entry;
    const identity = areSettled ? `${number}` : null;
    return { octets: octets.length, modifiedMilliseconds: version, isOursAlone, identity };
  };

  readInto = (path: string, position: number, octets: Uint8Array): number => {
    const part = this.#octets(path).subarray(position, position + octets.length);
    octets.set(part);
    return part.length;
  };

  writeSafely = (path: string, parts: Iterable<Uint8Array>): void =>
    this.write(path, concatOctets(Array.from(parts, (part) => part.slice())));

  list = (path: string): readonly string[] => {
    const inside = [...this.#content.keys()].filter((name) => name.startsWith(`${path}/`));
    return [...new Set(inside.map((name) => name.slice(path.length + 1).split("/")[0]!))].sort();
  };

  protect = (): void => undefined;

  makeFolder = (): void => undefined;

  remove = (path: string): void => void this.#content.delete(path);
}
