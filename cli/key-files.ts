/** Keys of files that options name, beside those of the configuration: each file is read once, whichever options name it. */
import type { Files } from "../base/index.ts";
import type { TsigKey } from "../dns/index.ts";
import type { TsigKeys } from "../nameserver/index.ts";
import { UsageError } from "./failure.ts";
import { readKeys } from "./keys.ts";

export class KeyFiles {
  readonly #files: Files;
  readonly #all: Map<string, TsigKey>;
  readonly #read = new Map<string, Promise<readonly TsigKey[]>>();

  /** @param configured The keys that are there without any option. */
  constructor(configured: TsigKeys, files: Files) {
    this.#files = files;
    this.#all = new Map(configured);
  }

  /** Those that were configured, and those of all files read up to now. */
  get all(): TsigKeys {
    return this.#all;
  }

  /** Throws UsageError, FileError. */
  read(option: string, file: string): Promise<readonly TsigKey[]> {
    const known = this.#read.get(file);
    if (known !== undefined) return known;
    const reading = this.#readNow(option, file);
    this.#read.set(file, reading);
    return reading;
  }

  async #readNow(option: string, file: string): Promise<readonly TsigKey[]> {
    const keys = await readKeys(file, this.#files);
    for (const key of keys) {
      if (this.#all.has(key.name.key)) {
        throw new UsageError(`--${option} ${file}: another key of the name ${key.name.toString()} is given elsewhere`);
      }
      this.#all.set(key.name.key, key);
    }
    return keys;
  }
}
