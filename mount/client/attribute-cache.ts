/**
 * Attributes that the server told, and how long they are believed (`acregmin` and its relatives): at first the least time, twice as long each time they come
 * back unchanged, up to the most, as nfs(5) has it. Whoever else changes a file is noticed within that time.
 */
import { type Clock } from "../../base/index.ts";
import { type FileKey } from "../file-key.ts";
import { type Attributes, type FileTime } from "../file-system.ts";
import { type AttributeSeconds } from "../options.ts";
import { BoundedMap } from "./bounded-map.ts";

export type Learned = "new" | "same" | "changed" | "another-kind";

interface Entry {
  readonly attributes: Attributes;
  readonly until: number;
  readonly lifeMilliseconds: number;
}

const ENTRIES_MAX = 65_536;

export class AttributeCache {
  readonly #clock: Clock;
  readonly #seconds: AttributeSeconds;
  readonly #entries = new BoundedMap<FileKey, Entry>(ENTRIES_MAX);

  constructor(clock: Clock, seconds: AttributeSeconds) {
    this.#clock = clock;
    this.#seconds = seconds;
  }

  /** What may be believed now. */
  fresh(key: FileKey): Attributes | null {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#clock.now() < entry.until ? entry.attributes : null;
  }

  /** What was told last, however long ago. */
  last(key: FileKey): Attributes | null {
    return this.#entries.get(key)?.attributes ?? null;
  }

  /** Takes what the server told, and says what that means for what is known of the file. */
  learn(key: FileKey, attributes: Attributes): Learned {
    const known = this.#entries.get(key);
    const isDirectory = attributes.kind === "directory";
    const { fileMin, fileMax, directoryMin, directoryMax } = this.#seconds;
    const [least, most] = isDirectory ? [directoryMin, directoryMax] : [fileMin, fileMax];
    const learned = known === undefined ? "new" : compare(known.attributes, attributes);
    // Attributes that come with many replies in a row do not age by that.
    const isAsked = known !== undefined && this.#clock.now() >= known.until;
    const before = known?.lifeMilliseconds ?? 0;
    const life = learned !== "same" ? least * 1000 : isAsked ? Math.min(most * 1000, before * 2) : before;
    this.#entries.set(key, { attributes, until: this.#clock.now() + life, lifeMilliseconds: life });
    return learned;
  }

  /** They are not believed any more, but still compared with. */
  expire(key: FileKey): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#entries.set(key, { ...entry, until: -Infinity });
  }

  forget(key: FileKey): void {
    this.#entries.delete(key);
  }

  expireAll(): void {
    for (const key of [...this.#entries.keys()]) this.expire(key);
  }
}

function compare(known: Attributes, told: Attributes): Learned {
  if (known.kind !== told.kind) return "another-kind";
  const isSame =
    known.sizeOctets === told.sizeOctets &&
    isSameTime(known.modified, told.modified) &&
    isSameTime(known.changed, told.changed);
  return isSame ? "same" : "changed";
}

export function isSameTime(one: FileTime, other: FileTime): boolean {
  return one.seconds === other.seconds && one.nanoseconds === other.nanoseconds;
}
