/**
 * Fetches what the questions of a batch will be answered from into the processor's cache, for all of them at once. A place in the memory of a
 * large zone that was not read lately takes the processor a hundred nanoseconds and more to get; it can wait for many such places at the
 * same time, but not while an answer is made, where each step says where the next one reads. So here each step is taken for the
 * whole batch before the next.
 *
 * Nothing is decided here: what was fetched is looked up all the same, and what was not is only slower. What was found out on the
 * way, the hashes of each name and its zone, is kept for whoever looks it up.
 * Hot: all of it (bench/respond.ts).
 */
import { NameHashes, queryName } from "./name-hash.ts";
import { bucketAt, BUCKET_WORDS, MARK } from "./name-index.ts";
import type { ZoneStore } from "./store.ts";
import { ZONE_FIELD } from "./zone-record.ts";

export const LOOKAHEAD_MAX = 64;
/** Words of a line of the processor's cache. */
const LINE_WORDS = 16;

export class Lookahead {
  /** What was read, so that the reading is not left out as useless. */
  sum = 0;
  readonly #names: readonly NameHashes[] = Array.from({ length: LOOKAHEAD_MAX }, () => new NameHashes());
  /** By question: the record of its zone; 0: nothing is known of it. */
  readonly #zones = new Int32Array(LOOKAHEAD_MAX);
  /** By question: the word at which its bucket begins; 0: none. */
  readonly #buckets = new Int32Array(LOOKAHEAD_MAX);
  readonly #hashes = new Int32Array(LOOKAHEAD_MAX);
  readonly #nodes = new Int32Array(LOOKAHEAD_MAX);
  /** What the offsets point into. */
  #words: Int32Array | null = null;

  /** Looks at the questions whose names, if they are names, stand at `nameOffset` of each buffer. A name ends before its octets do. */
  look(store: ZoneStore, questions: readonly Uint8Array[], count: number, nameOffset: number): void {
    store.refresh();
    this.#words = store.words;
    for (let i = 0; i < count; i++) this.#begin(store, i, questions[i]!, nameOffset);
    this.#fetch(store.words, count);
  }

  #begin(store: ZoneStore, i: number, octets: Uint8Array, nameOffset: number): void {
    this.#zones[i] = 0;
    this.#buckets[i] = 0;
    const name = this.#names[i]!;
    if (!name.take(octets, nameOffset)) return;
    const zone = store.findHashedZone(name);
    if (zone <= 0) return;
    this.#zones[i] = zone;
    const { words } = store;
    const index = words[(zone >> 2) + ZONE_FIELD.INDEX]!;
    const labels = (words[zone >> 2]! >>> 24) + 1;
    if (index === 0 || labels > name.labelCount) return;
    const hash = name.hashes[labels]!;
    this.#hashes[i] = hash;
    this.#buckets[i] = bucketAt(words, index, hash);
  }

  #fetch(words: Int32Array, count: number): void {
    const buckets = this.#buckets;
    const nodes = this.#nodes;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= words[buckets[i]!]!;
    for (let i = 0; i < count; i++) nodes[i] = buckets[i] === 0 ? 0 : nodeIn(words, buckets[i]!, this.#hashes[i]!);
    for (let i = 0; i < count; i++) {
      const at = nodes[i]! >> 2;
      sum ^= words[at]! ^ words[at + LINE_WORDS]!;
    }
    this.sum ^= sum;
  }

  /** The question's name, which is also what the next lookup of that name goes by. */
  name(i: number): NameHashes {
    return (queryName.foreseen = this.#names[i]!);
  }

  /**
   * The record of the question's zone in a version that was the last one when the question had come; 0 when there is none, when it
   * is not known, or when the zones have moved since.
   */
  zone(i: number, { words }: ZoneStore): number {
    return words === this.#words ? this.#zones[i]! : 0;
  }
}

function nodeIn(words: Int32Array, bucket: number, hash: number): number {
  for (let at = bucket; at < bucket + BUCKET_WORDS; at += 2) if (words[at] === hash) return words[at + 1]! & ~MARK;
  return 0;
}
