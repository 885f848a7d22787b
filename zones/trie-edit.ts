/**
 * Changes a trie by copying the branches on the way (path copying), so that whoever holds the old root goes on reading the
 * old names. What the edit made itself is changed in place, which keeps the loading of a large zone linear.
 */
import { assert } from "../base/index.ts";
import { LOWER_CASE } from "../dns/index.ts";
import type { ArenaSpace } from "./arena.ts";
import { NameKey } from "./key.ts";
import { markName } from "./name-index-edit.ts";
import { NODE_ENTRY_OCTETS, NODE_HEAD_OCTETS, nodeOctets } from "./rrset-view.ts";
import { BRANCH_HEAD_WORDS, Cursor, hasTwig, keyValue, leafName, twigCount, twigRank } from "./trie.ts";

const ROOT_SLOT = -1;

// No edit is ever interrupted by another, so these are everybody's.
const key = new NameKey();
const cursor = new Cursor();

interface TrieFacts {
  readonly count: number;
  readonly index: number;
}
const NOTHING_KNOWN: TrieFacts = { count: 0, index: 0 };

export class TrieEdit {
  root: number;
  /** Leaves, if they were told when it began. */
  count: number;
  readonly #space: ArenaSpace;
  readonly #index: number;
  /** The word that refers to the leaf that `own` gave last; valid until the next call that changes the trie's shape. */
  #slot = ROOT_SLOT;
  #leaf = 0;
  /** Labels from the root end that the name `own` added last shares with those that were there before; -1: there were none. */
  sharedLabels = 0;

  /** `index`: one of what is found from `root`, in which names that change are marked. */
  constructor(space: ArenaSpace, root: number, { count, index }: TrieFacts = NOTHING_KNOWN) {
    this.#space = space;
    this.root = root;
    this.count = count;
    this.#index = index;
  }

  /** The leaf of that name, or 0. */
  find(octets: Uint8Array, offset: number): number {
    const { arena } = this.#space;
    key.set(octets, offset);
    cursor.toNearest(arena, this.root, key);
    return cursor.leaf !== 0 && this.#isLeafOf(cursor.leaf, octets, offset) ? cursor.leaf : 0;
  }

  /**
   * The leaf of that name as one that this edit may write. When there is none it is made, with `entries` entries of zeros;
   * `wasThere` says which.
   */
  own(octets: Uint8Array, offset: number, entries: number): number {
    if (this.#leaf !== 0 && this.#isLeafOf(this.#leaf, octets, offset)) {
      this.wasThere = true;
      return this.#leaf;
    }
    const { arena } = this.#space;
    key.set(octets, offset);
    cursor.toNearest(arena, this.root, key);
    const nearest = cursor.leaf;
    this.wasThere = nearest !== 0 && this.#isLeafOf(nearest, octets, offset);
    if (this.#index !== 0) markName(arena.words, this.#index, octets, offset);
    if (this.wasThere) {
      this.#ownPath(cursor.depth);
      this.#leaf = this.#space.isOwn(nearest) ? nearest : this.#copyLeaf(nearest);
      this.#write(this.#slot, this.#leaf);
    } else {
      this.#leaf = this.#newLeaf(entries);
      this.#insert(nearest);
    }
    return this.#leaf;
  }

  wasThere = false;

  /** Puts a leaf that this edit has made in its place. Returns the one of that name that was there, or 0: the caller's to release. */
  put(leaf: number): number {
    const { arena } = this.#space;
    const name = leafName(arena.words, leaf);
    key.set(arena.octets, name);
    cursor.toNearest(arena, this.root, key);
    const nearest = cursor.leaf;
    this.#leaf = leaf;
    if (this.#index !== 0) markName(arena.words, this.#index, arena.octets, name);
    if (nearest === 0 || !this.#isLeafOf(nearest, arena.octets, name)) {
      this.#insert(nearest);
      return 0;
    }
    this.#ownPath(cursor.depth);
    this.#write(this.#slot, leaf);
    return nearest;
  }

  /** Puts another leaf of the same name in the place of the one that `own` gave last. */
  replaceOwned(leaf: number): void {
    this.#leaf = leaf;
    this.#write(this.#slot, leaf);
  }

  /** Whether there are names below that one, which must be there. */
  hasNamesBelow(octets: Uint8Array, offset: number): boolean {
    const { arena } = this.#space;
    key.set(octets, offset);
    cursor.toNearest(arena, this.root, key);
    // They all part from it right behind its end.
    return cursor.depth > 0 && arena.words[cursor.branches[cursor.depth - 1]!]! >> 16 === key.length;
  }

  /** Takes the leaf of that name out and returns it, or 0. The leaf itself is the caller's to release. */
  remove(octets: Uint8Array, offset: number): number {
    const { words } = this.#space.arena;
    key.set(octets, offset);
    cursor.toNearest(this.#space.arena, this.root, key);
    const { leaf } = cursor;
    if (leaf === 0 || !this.#isLeafOf(leaf, octets, offset)) return 0;
    if (this.#index !== 0) markName(words, this.#index, octets, offset);
    this.#leaf = 0;
    this.count--;
    const last = cursor.depth - 1;
    if (last < 0) {
      this.root = 0;
      return leaf;
    }
    this.#ownPath(last);
    const at = cursor.branches[last]!;
    const twig = cursor.twigs[last]!;
    const count = twigCount(words, at);
    const branchOctets = (BRANCH_HEAD_WORDS + count) * 4;
    if (count === 2) {
      this.#write(this.#slot, words[at + BRANCH_HEAD_WORDS + 1 - twig]!);
    } else {
      const smaller = this.#space.allocate(branchOctets - 4) >> 2;
      const value = keyValue(key, words[at]! >> 16);
      words[smaller] = words[at]! & ~(value >= 32 ? 1 << (value - 32) : 0);
      words[smaller + 1] = words[at + 1]! & ~(value < 32 ? 1 << value : 0);
      for (let i = 0, to = smaller + BRANCH_HEAD_WORDS; i < count; i++) {
        if (i !== twig) words[to++] = words[at + BRANCH_HEAD_WORDS + i]!;
      }
      this.#write(this.#slot, (smaller << 2) | 1);
    }
    this.#space.release(at << 2, branchOctets);
    return leaf;
  }

  #isLeafOf(leaf: number, octets: Uint8Array, offset: number): boolean {
    const { arena } = this.#space;
    const name = leafName(arena.words, leaf);
    const length = (arena.words[leaf >> 2]! >> 16) & 0xff;
    for (let i = 0; i < length; i++) {
      const a = arena.octets[name + i]!;
      const b = octets[offset + i]!;
      if (a !== b && LOWER_CASE[a] !== LOWER_CASE[b]) return false;
    }
    return true;
  }

  #write(slot: number, ref: number): void {
    if (slot === ROOT_SLOT) this.root = ref;
    else this.#space.arena.words[slot] = ref;
  }

  /** Copies those of the topmost `depth` branches of the cursor's path that are not ours; leaves `#slot` below them. */
  #ownPath(depth: number): void {
    const space = this.#space;
    const { words } = space.arena;
    this.#slot = ROOT_SLOT;
    for (let i = 0; i < depth; i++) {
      let at = cursor.branches[i]!;
      if (!space.isOwn(at << 2)) {
        const length = BRANCH_HEAD_WORDS + twigCount(words, at);
        const copy = space.allocate(length * 4) >> 2;
        words.copyWithin(copy, at, at + length);
        space.release(at << 2, length * 4);
        this.#write(this.#slot, (copy << 2) | 1);
        at = copy;
        cursor.branches[i] = at;
      }
      this.#slot = at + BRANCH_HEAD_WORDS + cursor.twigs[i]!;
    }
  }

  #copyLeaf(leaf: number): number {
    const space = this.#space;
    const length = nodeOctets(space.arena, leaf);
    const copy = space.allocate(length);
    space.arena.octets.copyWithin(copy, leaf, leaf + length);
    space.release(leaf, length);
    return copy;
  }

  #newLeaf(entries: number): number {
    const { nameOctets, labelCount, octets, offset } = key;
    const head = NODE_HEAD_OCTETS + entries * NODE_ENTRY_OCTETS;
    const leaf = this.#space.allocate(head + nameOctets);
    const { arena } = this.#space;
    arena.words[leaf >> 2] = entries | (nameOctets << 16) | (labelCount << 24);
    for (let i = 1; i <= 2 * entries; i++) arena.words[(leaf >> 2) + i] = 0;
    for (let i = 0; i < nameOctets; i++) arena.octets[leaf + head + i] = octets[offset + i]!;
    return leaf;
  }

  /** Hangs `#leaf`, whose key is `key`, into the trie beside `nearest`, where the cursor is. */
  #insert(nearest: number): void {
    this.count++;
    const leaf = this.#leaf;
    if (nearest === 0) {
      assert(this.root === 0, "an empty trie has no branches");
      this.#slot = ROOT_SLOT;
      this.root = leaf;
      // Not 0, which would say that the root itself is there.
      this.sharedLabels = -1;
      return;
    }
    const { arena } = this.#space;
    const { words } = arena;
    const at = key.parting(arena.octets, leafName(words, nearest));
    this.sharedLabels = labelsBefore(at);
    let depth = cursor.depth;
    while (depth > 0 && words[cursor.branches[depth - 1]!]! >> 16 > at) depth--;
    if (depth > 0 && words[cursor.branches[depth - 1]!]! >> 16 === at) {
      this.#ownPath(depth - 1);
      this.#addTwig(cursor.branches[depth - 1]!, keyValue(key, at), leaf);
    } else {
      this.#ownPath(depth);
      const below = this.#slot === ROOT_SLOT ? this.root : words[this.#slot]!;
      this.#split(at, below, leaf);
    }
  }

  /** Puts a branch of two twigs in `#slot`'s place: what stood there, and the new leaf. */
  #split(position: number, below: number, leaf: number): void {
    const { words } = this.#space.arena;
    const mine = keyValue(key, position);
    const theirs = key.partingValue;
    const branch = this.#space.allocate((BRANCH_HEAD_WORDS + 2) * 4) >> 2;
    const high = (mine >= 32 ? 1 << (mine - 32) : 0) | (theirs >= 32 ? 1 << (theirs - 32) : 0);
    words[branch] = (position << 16) | high;
    words[branch + 1] = (mine < 32 ? 1 << mine : 0) | (theirs < 32 ? 1 << theirs : 0);
    const leafAt = branch + BRANCH_HEAD_WORDS + (mine < theirs ? 0 : 1);
    words[leafAt] = leaf;
    words[branch + BRANCH_HEAD_WORDS + (mine < theirs ? 1 : 0)] = below;
    this.#write(this.#slot, (branch << 2) | 1);
    this.#slot = leafAt;
  }

  /** Replaces the branch at this word by one with a twig more, in `#slot`. */
  #addTwig(at: number, value: number, leaf: number): void {
    const { words } = this.#space.arena;
    assert(!hasTwig(words, at, value), "the new twig's number is free");
    const count = twigCount(words, at);
    const rank = twigRank(words, at, value);
    const larger = this.#space.allocate((BRANCH_HEAD_WORDS + count + 1) * 4) >> 2;
    words[larger] = words[at]! | (value >= 32 ? 1 << (value - 32) : 0);
    words[larger + 1] = words[at + 1]! | (value < 32 ? 1 << value : 0);
    const from = at + BRANCH_HEAD_WORDS;
    const to = larger + BRANCH_HEAD_WORDS;
    for (let i = 0; i < rank; i++) words[to + i] = words[from + i]!;
    words[to + rank] = leaf;
    for (let i = rank; i < count; i++) words[to + i + 1] = words[from + i]!;
    this.#space.release(at << 2, (BRANCH_HEAD_WORDS + count) * 4);
    this.#write(this.#slot, (larger << 2) | 1);
    this.#slot = to + rank;
  }
}

/** Whole labels of the key before that position. */
function labelsBefore(position: number): number {
  let labels = 0;
  while (labels < key.labelCount && key.labelPositions[labels + 1]! <= position) labels++;
  return labels;
}
