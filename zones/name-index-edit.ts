/** Makes a name index for a zone, and marks in it what edits change; see `name-index.ts`. */
import { ArenaFullError, type ArenaSpace } from "./arena.ts";
import { hashOfName } from "./name-hash.ts";
import { BUCKET_WORDS, bucketAt, INDEX_FIELD, INDEX_LINE_OCTETS, MARK, neighbourAt } from "./name-index.ts";
import { BRANCH_HEAD_WORDS, isBranch, leafName, twigCount } from "./trie.ts";

/** Smaller zones are found in the processor's nearest cache by way of the trie as well. */
export const INDEXED_NAMES_MIN = 256;
/** How far behind the beginning of a line of the processor's cache the arena begins: behind what the allocator keeps of it. */
const ARENA_SKEW_OCTETS = 16;
/** On average. A bucket has room for twice as many, and for its neighbour's that have none. */
const BUCKET_NAMES_MAX = 4;
const ENTERED_AT_ONCE = 64;

interface Names {
  readonly root: number;
  /** How many there are, to know how much room the index needs. */
  readonly count: number;
}

/**
 * Makes the index of a trie of names, glue and empty non-terminals among them. 0 when there are fewer than `namesMin`, or no
 * room for it: then they are found all the same.
 */
export function makeNameIndex(space: ArenaSpace, { root, count }: Names, namesMin: number): number {
  const index = newNameIndex(space, count, namesMin);
  if (index === 0) return 0;
  const entry = new NameEntry(space, index);
  enterAll(entry, space.arena.words, root);
  entry.end();
  return index;
}

/** An empty index for so many names; 0 when there are fewer than `namesMin`, or no room. */
export function newNameIndex(space: ArenaSpace, names: number, namesMin: number): number {
  if (names < namesMin) return 0;
  const buckets = 2 ** Math.ceil(Math.log2(Math.max(2, names / BUCKET_NAMES_MAX)));
  const octets = (buckets + 2) * INDEX_LINE_OCTETS + ARENA_SKEW_OCTETS;
  const { untouched } = space.arena;
  let block: number;
  try {
    block = space.allocate(octets);
  } catch (error) {
    if (error instanceof ArenaFullError) return 0;
    throw error;
  }
  const { words } = space.arena;
  words.fill(0, block >> 2, Math.min(block + octets, Math.max(block, untouched)) >> 2);
  // Buckets are to begin with lines of the processor's cache; the line too many is for that.
  const index = ((block + INDEX_LINE_OCTETS + ARENA_SKEW_OCTETS - 1) & -INDEX_LINE_OCTETS) - ARENA_SKEW_OCTETS;
  words[(index >> 2) + INDEX_FIELD.MASK] = buckets - 1;
  words[(index >> 2) + INDEX_FIELD.OCTETS] = octets;
  return index;
}

/** Octets of the arena that the index takes. */
export function nameIndexOctets(words: Int32Array, index: number): number {
  return index === 0 ? 0 : words[(index >> 2) + INDEX_FIELD.OCTETS]!;
}

/** Enters nodes that are not in the index yet; many at a time, because the processor can wait for many buckets at once. */
export class NameEntry {
  readonly #words: Int32Array;
  readonly #octets: Uint8Array;
  readonly #index: number;
  #count = 0;
  readonly #nodes = new Int32Array(ENTERED_AT_ONCE);
  readonly #hashes = new Int32Array(ENTERED_AT_ONCE);
  readonly #buckets = new Int32Array(ENTERED_AT_ONCE);
  /** What buckets hold is added up, so that reading them is not left out. */
  #sum = 0;

  constructor({ arena }: ArenaSpace, index: number) {
    this.#words = arena.words;
    this.#octets = arena.octets;
    this.#index = index;
  }

  add(node: number): void {
    const hash = hashOfName(this.#octets, leafName(this.#words, node));
    const i = this.#count++;
    this.#nodes[i] = node;
    this.#hashes[i] = hash;
    this.#buckets[i] = bucketAt(this.#words, this.#index, hash);
    if (this.#count === ENTERED_AT_ONCE) this.end();
  }

  /** Enters what is left. */
  end(): void {
    const words = this.#words;
    const count = this.#count;
    for (let i = 0; i < count; i++) this.#sum ^= words[this.#buckets[i]!]!;
    for (let i = 0; i < count; i++) this.#enter(this.#buckets[i]!, this.#hashes[i]!, this.#nodes[i]!);
    this.#count = 0;
  }

  #enter(bucket: number, hash: number, node: number): void {
    const words = this.#words;
    if (putInto(words, bucket, hash, node)) return;
    if (putInto(words, neighbourAt(this.#index, bucket), hash, node)) return;
    words[bucket + 1]! |= MARK;
  }
}

function putInto(words: Int32Array, bucket: number, hash: number, node: number): boolean {
  for (let at = bucket; at < bucket + BUCKET_WORDS; at += 2) {
    if ((words[at + 1]! & ~MARK) !== 0) continue;
    words[at] = hash;
    words[at + 1]! |= node;
    return true;
  }
  return false;
}

/** The node of that name is going to be another one, or none: from the next version on the trie is asked for it. */
export function markName(words: Int32Array, index: number, octets: Uint8Array, nameOffset: number): void {
  words[bucketAt(words, index, hashOfName(octets, nameOffset)) + 1]! |= MARK;
}

function enterAll(entry: NameEntry, words: Int32Array, ref: number): void {
  if (!isBranch(ref)) return entry.add(ref);
  const first = (ref >> 2) + BRANCH_HEAD_WORDS;
  const end = first + twigCount(words, ref >> 2);
  for (let at = first; at < end; at++) enterAll(entry, words, words[at]!);
}
