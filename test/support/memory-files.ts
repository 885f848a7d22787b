/** Files that are kept in memory. */
import { concatOctets, FileError, type Files, type FileStatus } from "../../base/index.ts";

export class MemoryFiles implements Files {
  readonly #content = new Map<string, { readonly octets: Uint8Array; readonly version: number }>();
  #version = 0;
  /** What `status` says of all files. */
  isOursAlone = true;

  constructor(content: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(content)) this.write(path, text);
  }

  read = (path: string): Uint8Array => {
    const entry = this.#content.get(path);
    if (entry === undefined) throw new FileError("read", path, Object.assign(new Error("none"), { code: "ENOENT" }));
    return entry.octets;
  };

  write = (path: string, octets: Uint8Array | string): void => {
    const whole = typeof octets === "string" ? new TextEncoder().encode(octets) : octets;
    this.#content.set(path, { octets: whole, version: ++this.#version });
  };

  exists = (path: string): boolean => this.#content.has(path);

  stamp = (path: string): string | null => this.#content.get(path)?.version.toString() ?? null;

  status = (path: string): FileStatus | null => {
    const entry = this.#content.get(path);
    if (entry === undefined) return null;
    return { octets: entry.octets.length, modifiedMilliseconds: entry.version, isOursAlone: this.isOursAlone };
  };

  readInto = (path: string, position: number, octets: Uint8Array): number => {
    const part = this.read(path).subarray(position, position + octets.length);
    octets.set(part);
    return part.length;
  };

  writeSafely = (path: string, parts: Iterable<Uint8Array>): void =>
    this.write(path, concatOctets(Array.from(parts, (part) => part.slice())));

  protect = (): void => undefined;

  makeFolder = (): void => undefined;

  remove = (path: string): void => void this.#content.delete(path);
}
