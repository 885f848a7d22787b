/** Files that are kept in memory. */
import { FileError, type Files } from "../../base/index.ts";

export class MemoryFiles implements Files {
  readonly #content = new Map<string, { readonly octets: Uint8Array; readonly version: number }>();
  #version = 0;

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

  remove = (path: string): void => void this.#content.delete(path);
}
