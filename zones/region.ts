/**
 * A zone built in a region of the arena that the writer has lent (`ZoneStore.lend`), by whichever thread: nobody sees it
 * before the writer publishes it, whole. Here is the builder's side; what is built goes back to the writer as a few numbers.
 */
import type { Name } from "../dns/index.ts";
import { Arena, type ArenaRegion, ArenaSpace } from "./arena.ts";
import { copyTrie } from "./copy-trie.ts";
import { type EditHome, ZoneEdit } from "./zone-edit.ts";

/** What stands in a region, as the writer must know it; can be posted. */
export interface BuiltZone {
  readonly names: { readonly root: number };
  readonly nsec3: { readonly root: number };
  readonly records: number;
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
    const { liveOctets } = space;
    const { top } = this.arena;
    const roots = { names: { root: names.root }, nsec3: { root: nsec3.root } };
    this.built = { ...roots, records, end: top, liveOctets, wasteOctets: top - this.#start - liveOctets };
  }

  /** Copies what was built elsewhere to here. */
  adopt(from: Arena, { names, nsec3, records }: BuiltZone): void {
    const space = new ArenaSpace(this.arena);
    const copyOf = ({ root }: { readonly root: number }): { readonly root: number } => ({
      root: copyTrie(from, root, space),
    });
    const copied = { names: copyOf(names), nsec3: copyOf(nsec3) };
    this.built = { ...copied, records, end: this.arena.top, liveOctets: space.liveOctets, wasteOctets: 0 };
  }

  drop(): void {
    this.arena.top = this.#start;
  }
}
