/** Copies a trie of names to another arena, with its nodes and their RRsets, in canonical order. Depth is bounded by the length of keys. */
import type { Arena, ArenaSpace } from "./arena.ts";
import { nodeOctets, nodeRrsetCount, rrsetOctets } from "./rrset-view.ts";
import { BRANCH_HEAD_WORDS, isBranch, twigCount } from "./trie.ts";

/** Returns the root of the copy. Throws ArenaFullError. */
export function copyTrie(from: Arena, ref: number, space: ArenaSpace): number {
  if (ref === 0) return 0;
  if (!isBranch(ref)) return copyNode(from, ref, space);
  const { words } = from;
  const at = ref >> 2;
  const count = twigCount(words, at);
  const copy = space.allocate((BRANCH_HEAD_WORDS + count) * 4) >> 2;
  const to = space.arena.words;
  to[copy] = words[at]!;
  to[copy + 1] = words[at + 1]!;
  const end = BRANCH_HEAD_WORDS + count;
  for (let i = BRANCH_HEAD_WORDS; i < end; i++) to[copy + i] = copyTrie(from, words[at + i]!, space);
  return (copy << 2) | 1;
}

function copyNode(from: Arena, node: number, space: ArenaSpace): number {
  const copy = copyBlock(from, node, nodeOctets(from, node), space);
  const { words } = space.arena;
  for (let i = nodeRrsetCount(from, node); i > 0; i--) {
    const at = (copy >> 2) + 2 * i;
    const rrset = words[at]!;
    words[at] = copyBlock(from, rrset, rrsetOctets(from, rrset), space);
  }
  return copy;
}

function copyBlock(from: Arena, offset: number, octets: number, space: ArenaSpace): number {
  const copy = space.allocate(octets);
  space.arena.octets.set(from.octets.subarray(offset, offset + octets), copy);
  return copy;
}
