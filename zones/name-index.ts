/**
 * The short cut to a name's node (docs/adr/0005-exact-hit-short-cut.md): a hash index over the names of one zone as they were
 * when it was made, buckets of one line of the processor's cache each. It stands in the arena like the rest and holds only
 * arena offsets.
 *
 * Later edits do not change it. Before a version is published in which the node of a name is another one, the name's bucket is
 * marked; marks never go. So whoever finds its bucket without a mark has the node that each version has which it can see, or
 * knows that there is none; who finds the mark asks the trie.
 *
 *   head    word: buckets - 1;  word: octets in all
 *   bucket  8 times: word: the name's hash;  word: its node, 0 when free, used from the front. The lowest bit of the first
 *           of these is the mark. What does not fit stands in the bucket's neighbour; a bucket that takes no more is marked.
 *
 * Hot: `findIndexed` (bench/respond.ts); the plain version is the trie.
 */
import { LOWER_CASE } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import type { NameHashes } from "./name-hash.ts";
import { NODE_ENTRY_OCTETS, NODE_HEAD_OCTETS } from "./rrset-view.ts";

export const INDEX_LINE_OCTETS = 64;
export const INDEX_FIELD = { MASK: 0, OCTETS: 1 } as const;
/** Words of a bucket, two for each name. */
export const BUCKET_WORDS = 16;
export const MARK = 1;

/** The index does not know: the trie does. */
export const UNKNOWN = -1;

/** The word of the array at which the bucket begins that a name of this hash belongs to. */
export function bucketAt(words: Int32Array, index: number, hash: number): number {
  const at = index >> 2;
  return at + BUCKET_WORDS * (1 + (mixed(hash) & words[at + INDEX_FIELD.MASK]!));
}

/** The neighbour that takes what a bucket has no room for: the processor fetches both together. */
export function neighbourAt(index: number, bucket: number): number {
  const first = (index >> 2) + BUCKET_WORDS;
  return first + ((bucket - first) ^ BUCKET_WORDS);
}

/** The node of the ancestor with `labels` labels of the hashed name; 0 when there is none; UNKNOWN. */
export function findIndexed(views: ArenaViews, index: number, hashes: NameHashes, labels: number): number {
  const { words } = views;
  const hash = hashes.hashes[labels]!;
  const bucket = bucketAt(words, index, hash);
  if ((words[bucket + 1]! & MARK) !== 0) return UNKNOWN;
  const end = bucket + BUCKET_WORDS;
  for (let at = bucket; at < end; at += 2) {
    // The writer may mark the bucket at this very moment, for a version that is not ours yet.
    const node = words[at + 1]! & ~MARK;
    if (node === 0) return 0;
    if (words[at] === hash && isNamed(views, node, hashes, labels)) return node;
  }
  return findOverflown(views, index, hashes, labels);
}

function findOverflown(views: ArenaViews, index: number, hashes: NameHashes, labels: number): number {
  const { words } = views;
  const hash = hashes.hashes[labels]!;
  const bucket = neighbourAt(index, bucketAt(words, index, hash));
  for (let at = bucket; at < bucket + BUCKET_WORDS; at += 2) {
    const node = words[at + 1]! & ~MARK;
    if (node === 0) return 0;
    if (words[at] === hash && isNamed(views, node, hashes, labels)) return node;
  }
  return 0;
}

/** Whether the leaf is the ancestor with `labels` labels of the hashed name. */
export function isNamed({ words, octets }: ArenaViews, leaf: number, hashes: NameHashes, labels: number): boolean {
  const head = words[leaf >> 2]!;
  const start = hashes.starts[labels]!;
  const length = hashes.offset + hashes.nameOctets - start;
  if (((head >> 16) & 0xff) !== length) return false;
  const name = leaf + NODE_HEAD_OCTETS + (head & 0xff) * NODE_ENTRY_OCTETS;
  const other = hashes.octets;
  for (let i = 0; i < length; i++) {
    const a = octets[name + i]!;
    const b = other[start + i]!;
    if (a !== b && LOWER_CASE[a] !== LOWER_CASE[b]) return false;
  }
  return true;
}

/** The lower bits of a name's hash depend on few bits of its octets; these depend on all of them. */
function mixed(hash: number): number {
  let x = hash ^ (hash >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}
