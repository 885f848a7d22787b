/**
 * Fetches what the questions of a batch will be answered from into the processor's cache, for all of them at once. A place in the memory of a
 * large zone that was not read lately takes the processor a hundred nanoseconds and more to get; it can wait for many such places at the
 * same time, but not while an answer is made, where each step says where the next one reads. So here each step is taken for the
 * whole batch before the next.
 *
 * Nothing is decided here: what was fetched is looked up all the same, and what was not is only slower.
 * Hot: all of it (bench/respond.ts).
 */
import { NameHashes } from "./name-hash.ts";
import { bucketAt, BUCKET_WORDS, MARK } from "./name-index.ts";
import type { ZoneStore } from "./store.ts";
import { ZONE_FIELD } from "./zone-record.ts";

export const LOOKAHEAD_MAX = 64;
const NAME_OCTETS_MAX = 255;
const LABEL_OCTETS_MAX = 63;
/** Words of a line of the processor's cache. */
const LINE_WORDS = 16;

export class Lookahead {
  /** What was read, so that the reading is not left out as useless. */
  sum = 0;
  readonly #name = new NameHashes();
  #count = 0;
  readonly #buckets = new Int32Array(LOOKAHEAD_MAX);
  readonly #hashes = new Int32Array(LOOKAHEAD_MAX);
  readonly #nodes = new Int32Array(LOOKAHEAD_MAX);

  /** Begins with a batch of questions. */
  begin(): void {
    this.#count = 0;
  }

  /** Takes one question. The name may be anything that is not checked yet; it ends before the octets do. */
  add(store: ZoneStore, octets: Uint8Array, nameOffset: number): void {
    if (!isName(octets, nameOffset)) return;
    const name = this.#name;
    name.set(octets, nameOffset);
    const zone = store.findHashedZone(name);
    if (zone <= 0) return;
    const { words } = store;
    const index = words[(zone >> 2) + ZONE_FIELD.INDEX]!;
    const labels = (words[zone >> 2]! >>> 24) + 1;
    if (index === 0 || labels > name.labelCount) return;
    const hash = name.hashes[labels]!;
    this.#hashes[this.#count] = hash;
    this.#buckets[this.#count++] = bucketAt(words, index, hash);
  }

  fetch(store: ZoneStore): void {
    const { words } = store;
    const buckets = this.#buckets;
    const nodes = this.#nodes;
    const count = this.#count;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= words[buckets[i]!]!;
    for (let i = 0; i < count; i++) nodes[i] = nodeIn(words, buckets[i]!, this.#hashes[i]!);
    for (let i = 0; i < count; i++) {
      const at = nodes[i]! >> 2;
      sum ^= words[at]! ^ words[at + LINE_WORDS]!;
    }
    this.sum ^= sum;
  }
}

function isName(octets: Uint8Array, start: number): boolean {
  const last = start + NAME_OCTETS_MAX - 1;
  let at = start;
  while (octets[at] !== 0) {
    if (octets[at]! > LABEL_OCTETS_MAX) return false;
    at += octets[at]! + 1;
    if (at > last) return false;
  }
  return true;
}

function nodeIn(words: Int32Array, bucket: number, hash: number): number {
  for (let at = bucket; at < bucket + BUCKET_WORDS; at += 2) if (words[at] === hash) return words[at + 1]! & ~MARK;
  return 0;
}
