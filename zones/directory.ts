/**
 * The zones of a server as one thread sees them, for finding the closest one that encloses a name without the catalogue's trie.
 * Made anew when another version is read, so it is for few zones; with more of them the trie is asked.
 * Hot: `find` (bench/respond.ts).
 */
import type { Name } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import { NameKey, queryKey } from "./key.ts";
import { hashOfName, type NameHashes, queryName } from "./name-hash.ts";
import { isNamed } from "./name-index.ts";
import { Cursor, leafName, Seek } from "./trie.ts";

const ZONES_MAX = 32;

/** There are more zones than stand here. */
const TOO_MANY = -1;

const key = new NameKey();
const cursor = new Cursor();
const seek = new Seek();

export class ZoneDirectory {
  /** The catalogue that this is of; -1: none. */
  #root = -1;
  #count = 0;
  /** Zones with more labels first. */
  readonly #zones = new Int32Array(ZONES_MAX);
  readonly #labels = new Int32Array(ZONES_MAX);
  readonly #hashes = new Int32Array(ZONES_MAX);

  /** Offsets mean something else now. */
  forget(): void {
    this.#root = -1;
  }

  /** The zone record of the closest zone that encloses the name; 0 when there is none. */
  find(views: ArenaViews, root: number, octets: Uint8Array, nameOffset: number): number {
    const zone = this.findHashed(views, root, queryName.hashesOf(octets, nameOffset));
    if (zone !== TOO_MANY) return zone;
    queryKey.set(octets, nameOffset);
    seek.find(views, root, queryKey);
    return seek.closest(views);
  }

  /** The same by hashes alone, or TOO_MANY, which is below 0. */
  findHashed(views: ArenaViews, root: number, name: NameHashes): number {
    if (root !== this.#root) this.#make(views, root);
    const count = this.#count;
    for (let i = 0; i < count; i++) {
      const labels = this.#labels[i]!;
      if (labels > name.labelCount || name.hashes[labels] !== this.#hashes[i]) continue;
      const zone = this.#zones[i]!;
      if (isNamed(views, zone, name, labels)) return zone;
    }
    return count === TOO_MANY ? TOO_MANY : 0;
  }

  /** The zone record of the zone with that apex; 0 when there is none. */
  zoneOf(views: ArenaViews, root: number, { octets }: Name): number {
    key.set(octets, 0);
    seek.find(views, root, key);
    return seek.isExact ? seek.leaf : 0;
  }

  #make(views: ArenaViews, root: number): void {
    this.#root = root;
    this.#count = 0;
    if (root === 0) return;
    for (cursor.toFirst(views, root); cursor.leaf !== 0; cursor.next(views)) {
      if (this.#count === ZONES_MAX) {
        this.#count = TOO_MANY;
        return;
      }
      this.#add(views, cursor.leaf);
    }
  }

  #add({ words, octets }: ArenaViews, zone: number): void {
    const labels = words[zone >> 2]! >>> 24;
    let at = this.#count++;
    for (; at > 0 && this.#labels[at - 1]! < labels; at--) {
      this.#zones[at] = this.#zones[at - 1]!;
      this.#labels[at] = this.#labels[at - 1]!;
      this.#hashes[at] = this.#hashes[at - 1]!;
    }
    this.#zones[at] = zone;
    this.#labels[at] = labels;
    this.#hashes[at] = hashOfName(octets, leafName(words, zone));
  }
}
