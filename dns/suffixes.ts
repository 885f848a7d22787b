/**
 * The names that stand in a message so far, label by label, for compression (RFC 1035 §4.1.4): a tree with the root on top,
 * each entry a label below its parent, found by a hash of parent and label. So a lookup costs one pass over the name, and
 * comparing an entry means comparing one label. No allocation; forgetting everything is adding one to a number.
 */
import { HEADER_OCTETS } from "./wire.ts";

/** Names that are entered at most in one message (DESIGN §8); later ones are still compressed against these. */
export const COMPRESSED_NAMES_MAX = 120;

/** Entries at most: four and a bit labels for each of the names. Must fit the nine bits that marks have for it. */
const ENTRIES_MAX = 511;

/** Nine bits of entry, the rest generation, within what V8 keeps as a small integer. */
const GENERATION_MAX = 0x1f_ffff;

/** Entries looked at in one bucket at most, so that chosen labels cannot make it a list; costs a pointer, never rightness. */
const BUCKET_STEPS_MAX = 16;

const LABELS_MAX = 127;
const POINTER_MAX = 0x3fff;

export class Suffixes {
  /** Octets of the name that `find` last looked at, the root's included. */
  nameOctets = 0;
  /** Octets of its labels that no entry matched. */
  unmatchedOctets = 0;
  /** Entries made. They are numbered from 1; 0 is the root. */
  count = 0;

  #message: Uint8Array;
  readonly #starts = new Int32Array(LABELS_MAX + 1);
  #unmatchedLabels = 0;
  #matched = 0;
  #questionExpected = false;
  #questionEntries = 0;
  #generation = 1;
  readonly #heads = new Int32Array(256);
  readonly #next = new Uint16Array(ENTRIES_MAX + 1);
  readonly #hash = new Int32Array(ENTRIES_MAX + 1);
  readonly #parent = new Uint16Array(ENTRIES_MAX + 1);
  readonly #offset = new Uint16Array(ENTRIES_MAX + 1);
  /** How many names had been entered with this one. */
  readonly #names = new Uint8Array(ENTRIES_MAX + 1);

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  /** The next message stands there. */
  moveTo(message: Uint8Array): void {
    this.#message = message;
    this.forget();
  }

  forget(): void {
    this.count = 0;
    this.#questionExpected = false;
    this.#questionEntries = 0;
    if (this.#generation++ === GENERATION_MAX) {
      this.#heads.fill(0);
      this.#generation = 1;
    }
  }

  /** The message has a question's name at octet 12. It is entered only once a name is written: most answers have none. */
  expectQuestion(): void {
    this.#questionExpected = true;
  }

  /** Drops the entries made after there were `count`. */
  rewind(count: number): void {
    const heads = this.#heads;
    for (let entry = this.count; entry > count; entry--) {
      // Entries are put in front, so taking them off in reverse order restores every bucket.
      heads[bucketOf(this.#hash[entry]!)] = (this.#generation << 9) | this.#next[entry]!;
    }
    this.count = count;
    // The question's name came in late, but it stands before every mark.
    if (count < this.#questionEntries) this.#questionExpected = true;
  }

  /** The offset of the longest suffix of `name` that stands in the message, 0 when that is the root alone. */
  find(name: Uint8Array, offset: number): number {
    if (this.#questionExpected) this.#enterQuestion();
    const starts = this.#starts;
    let labels = 0;
    let at = offset;
    for (let length = name[at]!; length !== 0; length = name[at]!) {
      starts[labels++] = at;
      at += length + 1;
    }
    starts[labels] = at;
    this.nameOctets = at + 1 - offset;
    let entry = 0;
    while (labels > 0) {
      const child = this.#child(entry, name, starts[labels - 1]!);
      if (child === 0) break;
      entry = child;
      labels--;
    }
    this.#matched = entry;
    this.#unmatchedLabels = labels;
    this.unmatchedOctets = starts[labels]! - offset;
    return entry === 0 ? 0 : this.#offset[entry]!;
  }

  /** Enters the labels that the last `find` of this name did not match; the name now begins at `messageAt`. */
  add(name: Uint8Array, offset: number, messageAt: number): void {
    const names = this.count === 0 ? 0 : this.#names[this.count]!;
    if (names === COMPRESSED_NAMES_MAX) return;
    let parent = this.#matched;
    for (let label = this.#unmatchedLabels - 1; label >= 0; label--) {
      const start = this.#starts[label]!;
      const labelAt = messageAt + start - offset;
      if (labelAt > POINTER_MAX || this.count === ENTRIES_MAX) return;
      const entry = ++this.count;
      const hash = hashOf(parent, name, start);
      const bucket = bucketOf(hash);
      const head = this.#heads[bucket]!;
      this.#next[entry] = head >> 9 === this.#generation ? head & 0x1ff : 0;
      this.#heads[bucket] = (this.#generation << 9) | entry;
      this.#hash[entry] = hash;
      this.#parent[entry] = parent;
      this.#offset[entry] = labelAt;
      this.#names[entry] = names + 1;
      parent = entry;
    }
  }

  #enterQuestion(): void {
    this.#questionExpected = false;
    this.find(this.#message, HEADER_OCTETS);
    this.add(this.#message, HEADER_OCTETS, HEADER_OCTETS);
    this.#questionEntries = this.count;
  }

  /** The entry of the label at `start` below `parent`, or 0. */
  #child(parent: number, name: Uint8Array, start: number): number {
    const hash = hashOf(parent, name, start);
    const head = this.#heads[bucketOf(hash)]!;
    if (head >> 9 !== this.#generation) return 0;
    let entry = head & 0x1ff;
    for (let steps = 0; entry !== 0 && steps < BUCKET_STEPS_MAX; steps++) {
      if (this.#hash[entry] === hash && this.#parent[entry] === parent && this.#isLabel(entry, name, start)) {
        return entry;
      }
      entry = this.#next[entry]!;
    }
    return 0;
  }

  #isLabel(entry: number, name: Uint8Array, start: number): boolean {
    const message = this.#message;
    const at = this.#offset[entry]!;
    const length = name[start]!;
    for (let i = 0; i <= length; i++) {
      if (message[at + i] !== name[start + i]) return false;
    }
    return true;
  }
}

function hashOf(parent: number, name: Uint8Array, start: number): number {
  let hash = Math.imul(parent + 1, 0x9e3779b1) | 0;
  const end = start + name[start]!;
  for (let at = start; at <= end; at++) hash = Math.imul(hash ^ name[at]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function bucketOf(hash: number): number {
  return (hash ^ (hash >>> 8)) & 0xff;
}
