/**
 * The trie of names (a qp-trie as BIND's and Knot's): one structure for exact match, closest encloser, predecessor and walks in
 * canonical order. This file reads; `trie-edit.ts` writes. Branches are kept only where names differ.
 *
 *   branch  word: position in the key << 16 | which of the numbers 32 to 47 occur there;  word: which of 0 to 31;
 *           for each number that occurs, in order, one word: a branch (its offset + 1) or a leaf (its offset)
 *   leaf    a node (`rrset-view.ts`) or anything that begins as a node does
 *
 * Hot: `Seek.find` (bench/store.ts).
 */
import { LOWER_CASE } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import type { NameKey } from "./key.ts";
import { NODE_ENTRY_OCTETS, NODE_FLAG, NODE_HEAD_OCTETS } from "./rrset-view.ts";

const LABELS_MAX = 128;
/** No path has more branches than keys have positions. */
const DEPTH_MAX = 512;
export const BRANCH_HEAD_WORDS = 2;

export function popcount(bits: number): number {
  let x = bits - ((bits >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function isBranch(ref: number): boolean {
  return (ref & 1) !== 0;
}

/** How many twigs the branch at this word has. */
export function twigCount(words: Int32Array, at: number): number {
  return popcount(words[at + 1]!) + popcount(words[at]! & 0xffff);
}

/** Whether the number occurs, and how many smaller ones do. */
export function hasTwig(words: Int32Array, at: number, value: number): boolean {
  return value < 32 ? ((words[at + 1]! >>> value) & 1) !== 0 : ((words[at]! >>> (value - 32)) & 1) !== 0;
}

export function twigRank(words: Int32Array, at: number, value: number): number {
  if (value < 32) return popcount(words[at + 1]! & ((1 << value) - 1));
  return popcount(words[at + 1]!) + popcount(words[at]! & ((1 << (value - 32)) - 1));
}

/** A search for one name, and what was met on the way. Reused, so that a search allocates nothing. */
export class Seek {
  /** The name itself, or one that shares as much of its key with it as any does; 0 in an empty trie. */
  leaf = 0;
  isExact = false;
  /** Labels from the root end that the name and `leaf`, and so the name and any leaf, have in common. */
  sharedLabels = 0;
  /** Leaves met. Those with at most `sharedLabels` labels are ancestors of the name, topmost first; the others come behind. */
  readonly ancestors = new Int32Array(LABELS_MAX);
  ancestorCount = 0;

  find({ words, octets }: ArenaViews, root: number, key: NameKey): void {
    const { values, length } = key;
    const { ancestors } = this;
    let count = 0;
    let ref = root;
    while ((ref & 1) !== 0) {
      const at = ref >> 2;
      const head = words[at]!;
      const low = words[at + 1]!;
      const position = head >> 16;
      const value = position < length ? values[position]! : 0;
      // 0 at the start of a label is the end of a name: that leaf is an ancestor of all others here. Where the names here
      // have parted from ours already, a label may end instead, and what is behind is a branch, or a leaf with too many labels.
      if (value !== 0 && (low & 1) !== 0 && (position === 0 || values[position - 1] === 0)) {
        const ancestor = words[at + BRANCH_HEAD_WORDS]!;
        if ((ancestor & 1) === 0) ancestors[count++] = ancestor;
      }
      let rank: number;
      if (value < 32) {
        rank = ((low >>> value) & 1) === 0 ? 0 : popcount(low & ((1 << value) - 1));
      } else {
        const bit = 1 << (value - 32);
        rank = (head & bit) === 0 ? 0 : popcount(low) + popcount(head & (bit - 1));
      }
      ref = words[at + BRANCH_HEAD_WORDS + rank]!;
    }
    this.ancestorCount = count;
    this.leaf = ref;
    if (ref === 0) {
      this.isExact = false;
      this.sharedLabels = 0;
    } else this.#compare(words, octets, key);
  }

  /** The leaf that is the name's ancestor with `sharedLabels` labels, or 0: its closest encloser, where ancestors are leaves. */
  closest({ words }: ArenaViews): number {
    const { sharedLabels } = this;
    if (this.leaf === 0) return 0;
    if (words[this.leaf >> 2]! >>> 24 <= sharedLabels) return this.leaf;
    for (let i = this.ancestorCount - 1; i >= 0; i--) {
      const ancestor = this.ancestors[i]!;
      if (words[ancestor >> 2]! >>> 24 <= sharedLabels) return ancestor;
    }
    return 0;
  }

  #compare(words: Int32Array, octets: Uint8Array, key: NameKey): void {
    const { leaf } = this;
    const head = words[leaf >> 2]!;
    const name = leaf + NODE_HEAD_OCTETS + (head & 0xff) * NODE_ENTRY_OCTETS;
    if (((head >> 16) & 0xff) === key.nameOctets && equalNames(octets, name, key)) {
      this.isExact = true;
      this.sharedLabels = key.labelCount;
    } else {
      this.isExact = false;
      this.sharedLabels = sharedLabels(octets, name, head >>> 24, key);
    }
  }
}

/** Names of equal length. Length octets are below 64 and so are not touched by folding. */
function equalNames(octets: Uint8Array, name: number, key: NameKey): boolean {
  const { octets: other, offset, nameOctets } = key;
  for (let i = 0; i < nameOctets; i++) {
    const a = octets[name + i]!;
    const b = other[offset + i]!;
    if (a !== b && LOWER_CASE[a] !== LOWER_CASE[b]) return false;
  }
  return true;
}

const leafLabelOffsets = new Int32Array(LABELS_MAX);

function sharedLabels(octets: Uint8Array, name: number, labels: number, key: NameKey): number {
  let at = name;
  for (let i = 0; i < labels; i++) {
    leafLabelOffsets[i] = at;
    at += octets[at]! + 1;
  }
  const { octets: other, labelOffsets, labelCount } = key;
  const most = labels < labelCount ? labels : labelCount;
  let shared = 0;
  while (shared < most) {
    const a = leafLabelOffsets[labels - 1 - shared]!;
    const b = labelOffsets[labelCount - 1 - shared]!;
    const length = octets[a]!;
    for (let i = 0; i <= length; i++) {
      if (LOWER_CASE[octets[a + i]!] !== LOWER_CASE[other[b + i]!]) return shared;
    }
    shared++;
  }
  return shared;
}

/** The first position where two keys differ; both must be of different names. */
export function firstDifference(one: NameKey, other: NameKey): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one.values[at] === other.values[at]) at++;
  return at;
}

export function keyValue(key: NameKey, position: number): number {
  return position < key.length ? key.values[position]! : 0;
}

/** A place in the trie that can be stepped: the branches above a leaf and which twig of each leads to it. */
export class Cursor {
  readonly branches = new Int32Array(DEPTH_MAX);
  readonly twigs = new Int32Array(DEPTH_MAX);
  depth = 0;
  leaf = 0;

  /** Goes to the name, or to one that shares as much of its key with it as any does. */
  toNearest({ words }: ArenaViews, root: number, key: NameKey): void {
    let ref = root;
    let depth = 0;
    while (isBranch(ref)) {
      const at = ref >> 2;
      const value = keyValue(key, words[at]! >> 16);
      const rank = hasTwig(words, at, value) ? twigRank(words, at, value) : 0;
      this.branches[depth] = at;
      this.twigs[depth++] = rank;
      ref = words[at + BRANCH_HEAD_WORDS + rank]!;
    }
    this.depth = depth;
    this.leaf = ref;
  }

  toFirst(views: ArenaViews, root: number): void {
    this.depth = 0;
    this.#descend(views, root, false);
  }

  toLast(views: ArenaViews, root: number): void {
    this.depth = 0;
    this.#descend(views, root, true);
  }

  /**
   * Goes to the last name that does not come after the one that `key` stands for; `leaf` is 0 when there is none.
   * `scratch` is for the keys of names met.
   */
  toFloor(views: ArenaViews, root: number, key: NameKey, scratch: NameKey): void {
    this.toNearest(views, root, key);
    if (this.leaf === 0) return;
    const { words, octets } = views;
    scratch.set(octets, leafName(words, this.leaf));
    const at = firstDifference(key, scratch);
    if (at >= key.length && at >= scratch.length) return;
    while (this.depth > 0 && words[this.branches[this.depth - 1]!]! >> 16 > at) this.depth--;
    const branch = this.depth > 0 ? this.branches[this.depth - 1]! : -1;
    const value = keyValue(key, at);
    if (branch >= 0 && words[branch]! >> 16 === at) {
      // The numbers of this branch do not have ours: the twig before its place has the names right before ours.
      this.twigs[this.depth - 1] = twigRank(words, branch, value);
      this.previous(views);
      return;
    }
    if (value < keyValue(scratch, at)) {
      this.previous(views);
      return;
    }
    this.#descend(views, this.#below(words, root), true);
  }

  /** Steps back; `leaf` is 0 before the first. */
  previous(views: ArenaViews): void {
    while (this.depth > 0) {
      const twig = this.twigs[this.depth - 1]!;
      if (twig > 0) {
        this.twigs[this.depth - 1] = twig - 1;
        this.#descend(views, views.words[this.branches[this.depth - 1]! + BRANCH_HEAD_WORDS + twig - 1]!, true);
        return;
      }
      this.depth--;
    }
    this.leaf = 0;
  }

  /** Steps on; `leaf` is 0 behind the last. */
  next(views: ArenaViews): void {
    const { words } = views;
    while (this.depth > 0) {
      const at = this.branches[this.depth - 1]!;
      const twig = this.twigs[this.depth - 1]! + 1;
      if (twig < twigCount(words, at)) {
        this.twigs[this.depth - 1] = twig;
        this.#descend(views, words[at + BRANCH_HEAD_WORDS + twig]!, false);
        return;
      }
      this.depth--;
    }
    this.leaf = 0;
  }

  /**
   * The topmost zone cut above the leaf and below an apex of so many labels; 0 when there is none. Only names below a cut come between
   * it and them.
   */
  cutAbove(views: ArenaViews, apexLabels: number): number {
    const { words } = views;
    for (let depth = 0; depth < this.depth; depth++) {
      const at = this.branches[depth]!;
      // The first twig of an ancestor's branch is its own, and those of its descendants are behind.
      if (this.twigs[depth] === 0 || (words[at + 1]! & 1) === 0) continue;
      const node = words[at + BRANCH_HEAD_WORDS]!;
      if (isBranch(node)) continue;
      const head = words[node >> 2]!;
      if ((head & NODE_FLAG.NS) !== 0 && head >>> 24 > apexLabels && isAbove(views, node, this.leaf)) return node;
    }
    return 0;
  }

  #below(words: Int32Array, root: number): number {
    if (this.depth === 0) return root;
    return words[this.branches[this.depth - 1]! + BRANCH_HEAD_WORDS + this.twigs[this.depth - 1]!]!;
  }

  #descend({ words }: ArenaViews, from: number, isLast: boolean): void {
    let ref = from;
    while (isBranch(ref)) {
      const at = ref >> 2;
      const twig = isLast ? twigCount(words, at) - 1 : 0;
      this.branches[this.depth] = at;
      this.twigs[this.depth++] = twig;
      ref = words[at + BRANCH_HEAD_WORDS + twig]!;
    }
    this.leaf = ref;
  }
}

/** Whether one leaf's name is a proper ancestor of the other's. */
function isAbove({ words, octets }: ArenaViews, ancestor: number, leaf: number): boolean {
  const labels = (words[leaf >> 2]! >>> 24) - (words[ancestor >> 2]! >>> 24);
  if (labels <= 0) return false;
  const name = leafName(words, leaf);
  let at = name;
  for (let i = 0; i < labels; i++) at += octets[at]! + 1;
  const length = (words[ancestor >> 2]! >> 16) & 0xff;
  if (at - name + length !== ((words[leaf >> 2]! >> 16) & 0xff)) return false;
  const other = leafName(words, ancestor);
  for (let i = 0; i < length; i++) if (LOWER_CASE[octets[at + i]!] !== LOWER_CASE[octets[other + i]!]) return false;
  return true;
}

/** Where a leaf's name stands. */
export function leafName(words: Int32Array, leaf: number): number {
  return leaf + NODE_HEAD_OCTETS + (words[leaf >> 2]! & 0xff) * NODE_ENTRY_OCTETS;
}

/** All leaves in canonical order. The trie must not be changed in place meanwhile; published ones never are. */
export function* leavesOf(views: ArenaViews, root: number): Generator<number> {
  if (root === 0) return;
  const cursor = new Cursor();
  for (cursor.toFirst(views, root); cursor.leaf !== 0; cursor.next(views)) yield cursor.leaf;
}
