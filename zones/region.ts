/**
 * A zone built in a region of the arena that the writer has lent (`ZoneStore.lend`), by whichever thread: nobody sees it
 * before the writer publishes it, whole. Here is the builder's side; what is built goes back to the writer as a few numbers.
 */
import type { Name } from "../dns/index.ts";
import { Arena, type ArenaRegion, ArenaSpace } from "./arena.ts";
import { copyTrie } from "./copy-trie.ts";
import { INDEXED_NAMES_MIN, makeNameIndex } from "./name-index-edit.ts";
import { type EditHome, ZoneEdit } from "./zone-edit.ts";

/** What stands in a region, as the writer must know it; can be posted. */
export interface BuiltZone {
  readonly names: { readonly root: number; readonly count: number };
  readonly nsec3: { readonly root: number };
  readonly records: number;
  /** The index of the names; 0: none. */
  readonly index: number;
  /** The first octet behind what was built. */
  readonly end: number;
  readonly liveOctets: number;
  /** Octets between the start of the region and `end` that are not in use. */
  readonly wasteOctets: number;
}

/** A store for one zone, which takes the place of whatever was published of it. */
export class RegionStore implements EditHome {
  readonly arena: Arena;
  /** Once the edit is committed. */
  built: BuiltZone | null = null;
  readonly #start: number;

  constructor(region: ArenaRegion) {
    this.arena = Arena.ofRegion(region);
    this.#start = region.start;
  }

  replace(apex: Name): ZoneEdit {
    return new ZoneEdit(this, apex, { base: 0, from: 0 });
  }

  publish({ names, nsec3, records, space }: ZoneEdit): void {
    const index = makeNameIndex(space, names, INDEXED_NAMES_MIN);
    const { liveOctets } = space;
    const { top } = this.arena;
    const roots = { names: { root: names.root, count: names.count }, nsec3: { root: nsec3.root } };
    this.built = { ...roots, records, index, end: top, liveOctets, wasteOctets: top - this.#start - liveOctets };
  }

  /** Copies what was built elsewhere to here. */
  adopt(from: Arena, { names, nsec3, records }: BuiltZone): void {
    const space = new ArenaSpace(this.arena);
    const copied = {
      names: { root: copyTrie(from, names.root, space), count: names.count },
      nsec3: { root: copyTrie(from, nsec3.root, space) },
    };
    const index = makeNameIndex(space, copied.names, INDEXED_NAMES_MIN);
    this.built = { ...copied, records, index, end: this.arena.top, liveOctets: space.liveOctets, wasteOctets: 0 };
  }

  drop(): void {
    this.arena.top = this.#start;
  }
}
