import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import { Arena, ArenaSpace } from "../../zones/arena.ts";
import { NameKey } from "../../zones/key.ts";
import { nodeOctets } from "../../zones/rrset-view.ts";
import { Cursor, leafName, leavesOf, Seek } from "../../zones/trie.ts";
import { TrieEdit } from "../../zones/trie-edit.ts";
import { nameBelow } from "../support/wild-zone.ts";

const BELOW = Name.parse("example.");

/** A trie beside the plainest thing that does the same: names sorted as Name sorts them. */
class Pair {
  readonly arena = Arena.create(1 << 22);
  readonly names = new Map<string, Name>();
  space = new ArenaSpace(this.arena);
  trie = new TrieEdit(this.space, 0);

  insert(name: Name): void {
    this.trie.own(name.octets, 0, 0);
    expect(this.trie.wasThere).toBe(this.names.has(name.key));
    if (!this.trie.wasThere) this.names.set(name.key, name);
  }

  remove(name: Name): void {
    const leaf = this.trie.remove(name.octets, 0);
    expect(leaf !== 0).toBe(this.names.delete(name.key));
    if (leaf !== 0) this.space.release(leaf, nodeOctets(this.arena, leaf));
  }

  /** From here on what is there is published, and must not change. */
  publish(): { readonly root: number; readonly keys: readonly string[] } {
    const root = this.trie.root;
    this.space = new ArenaSpace(this.arena);
    this.trie = new TrieEdit(this.space, root);
    return { root, keys: this.sorted.map((name) => name.key) };
  }

  get sorted(): Name[] {
    return [...this.names.values()].sort((a, b) => a.compare(b));
  }

  keysOf(root: number): string[] {
    return Array.from(leavesOf(this.arena, root), (leaf) => this.nameOf(leaf)!.key);
  }

  nameOf(leaf: number): Name | null {
    return leaf === 0 ? null : Name.fromWire(this.arena.octets, leafName(this.arena.words, leaf));
  }
}

function pool(random: SeededRandom): Name[] {
  return Array.from({ length: 60 }, (_, i) =>
    i === 0 ? Name.root : nameBelow(i % 3 === 0 ? Name.root : BELOW, random),
  );
}

function checkSearches(pair: Pair, asked: readonly Name[]): void {
  const { arena, sorted } = pair;
  const { root } = pair.trie;
  const key = new NameKey();
  const scratch = new NameKey();
  const seek = new Seek();
  const cursor = new Cursor();
  for (const name of asked) {
    key.set(name.octets, 0);
    seek.find(arena, root, key);
    expect(seek.isExact).toBe(pair.names.has(name.key));
    expect(seek.sharedLabels).toBe(Math.max(0, ...sorted.map((other) => other.sharedLabels(name))));
    const encloser = sorted.filter((other) => name.isAtOrBelow(other)).at(-1) ?? null;
    expect(pair.nameOf(seek.closest(arena))?.key).toBe(encloser?.key);
    cursor.toFloor(arena, root, key, scratch);
    const floor = sorted.findLastIndex((other) => other.compare(name) <= 0);
    expect(pair.nameOf(cursor.leaf)?.key, `before ${name.toString()}`).toBe(sorted[floor]?.key);
    if (floor < 0) continue;
    cursor.next(arena);
    expect(pair.nameOf(cursor.leaf)?.key).toBe(sorted[floor + 1]?.key);
    expect(pair.trie.find(name.octets, 0) !== 0).toBe(pair.names.has(name.key));
    if (pair.names.has(name.key)) {
      expect(pair.trie.hasNamesBelow(name.octets, 0)).toBe(sorted.some((other) => other.isBelow(name)));
    }
  }
}

describe("a trie does what a sorted list of names does", () => {
  test.each(Array.from({ length: 25 }, (_, i) => i + 1))("seed %i", (seed) => {
    const random = new SeededRandom(seed);
    const pair = new Pair();
    const names = pool(random);
    const versions = [];
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 15; i++) {
        if (random.below(round % 4 === 3 ? 4 : 2) === 0) pair.insert(random.pick(names));
        else pair.remove(random.pick(names));
      }
      expect(pair.keysOf(pair.trie.root)).toEqual(pair.sorted.map((name) => name.key));
      checkSearches(pair, [...Array.from({ length: 12 }, () => random.pick(names)), ...pool(random).slice(0, 12)]);
      if (random.below(2) === 0) versions.push(pair.publish());
    }
    for (const { root, keys } of versions) expect(pair.keysOf(root)).toEqual(keys);
    for (const name of names) pair.remove(name);
    expect(pair.trie.root).toBe(0);
  });

  test("backwards from the last", () => {
    const random = new SeededRandom(7);
    const pair = new Pair();
    for (const name of pool(random)) pair.insert(name);
    const cursor = new Cursor();
    const keys: string[] = [];
    for (cursor.toLast(pair.arena, pair.trie.root); cursor.leaf !== 0; cursor.previous(pair.arena)) {
      keys.push(pair.nameOf(cursor.leaf)!.key);
    }
    expect(keys.reverse()).toEqual(pair.sorted.map((name) => name.key));
  });

  test("every octet has its place in the order (RFC 4034 §6.1)", () => {
    const pair = new Pair();
    for (let octet = 0; octet < 256; octet++) {
      pair.insert(BELOW.child(Uint8Array.of(octet)));
      pair.insert(BELOW.child(Uint8Array.of(octet, octet)));
      pair.insert(BELOW.child(Uint8Array.of(0x61, octet)));
    }
    expect(pair.keysOf(pair.trie.root)).toEqual(pair.sorted.map((name) => name.key));
    checkSearches(pair, [
      ...pair.sorted.slice(0, 40),
      BELOW.child(Uint8Array.of(0x40, 1)),
      BELOW.child(Uint8Array.of(0x5b)),
    ]);
  });

  test("names as long as names get", () => {
    const pair = new Pair();
    const longest = Name.fromLabels(Array.from({ length: 127 }, (_, i) => Uint8Array.of(i)));
    const fat = Name.fromLabels([61, 63, 63, 63].map((length) => new Uint8Array(length).fill(0xff)));
    for (const name of [longest, fat]) {
      for (let labels = name.labelCount; labels >= 0; labels--) pair.insert(name.ancestor(labels));
    }
    expect(pair.keysOf(pair.trie.root)).toEqual(pair.sorted.map((name) => name.key));
    checkSearches(pair, [longest, fat, longest.parent()!, Name.root]);
  });
});

test("what is published is not written to", () => {
  const random = new SeededRandom(3);
  const pair = new Pair();
  const names = pool(random);
  for (const name of names) pair.insert(name);
  pair.publish();
  const before = pair.arena.octets.slice(0, pair.arena.top);
  for (const name of names) if (random.below(2) === 0) pair.remove(name);
  for (const name of pool(random)) pair.insert(name);
  expect(pair.arena.octets.slice(0, before.length)).toEqual(before);
});
