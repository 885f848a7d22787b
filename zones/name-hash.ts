/**
 * Hashes of a name and of all its ancestors, from one pass over its octets (from the root end, letters folded): what
 * `name-index.ts` and `directory.ts` find names by. Collisions can be made by whoever chooses names; they cost a detour over the
 * trie and nothing else (docs/adr/0005-exact-hit-short-cut.md). Hot: all of it (bench/respond.ts).
 */
import { LOWER_CASE, NAME_OCTETS_MAX } from "../dns/index.ts";

const LABELS_MAX = 128;
const LABEL_OCTETS_MAX = 63;
const HASH_START = 0x811c9dc5 | 0;
const HASH_FACTOR = 0x01000193;

export class NameHashes {
  octets: Uint8Array = new Uint8Array(1);
  offset = 0;
  /** Octets in wire format. */
  nameOctets = 0;
  labelCount = 0;
  /** By labels: that of the ancestor with so many. */
  readonly hashes = new Int32Array(LABELS_MAX);
  /** By labels: where that ancestor begins in `octets`. */
  readonly starts = new Int32Array(LABELS_MAX);
  /** The name that all this is of: what stands at `octets` may have been written over since. */
  readonly #known = new Uint8Array(NAME_OCTETS_MAX);

  /** Takes a whole uncompressed name. It is read again while the hashes are in use. */
  set(octets: Uint8Array, offset: number): void {
    // The zone is looked for by the same name as what is in it.
    if (!this.isOf(octets, offset)) this.take(octets, offset);
  }

  /** Whether these are the hashes of the name that stands there, which is then the one that is read again. */
  isOf(octets: Uint8Array, offset: number): boolean {
    const known = this.#known;
    const length = this.nameOctets;
    if (offset !== this.offset || length === 0) return false;
    for (let i = 0; i < length; i++) if (octets[offset + i] !== known[i]) return false;
    this.octets = octets;
    return true;
  }

  /** As `set`, of octets that nobody has looked at yet: false where no name begins, and then these are hashes of none. */
  take(octets: Uint8Array, offset: number): boolean {
    const known = this.#known;
    const { hashes, starts } = this;
    this.octets = octets;
    this.offset = offset;
    this.nameOctets = 0;
    let labels = 0;
    let at = offset;
    for (let length = octets[at]; length !== 0; length = octets[at]) {
      if (length === undefined || length > LABEL_OCTETS_MAX) return false;
      labels++;
      at += length + 1;
      if (at >= offset + NAME_OCTETS_MAX) return false;
    }
    this.labelCount = labels;
    this.nameOctets = at + 1 - offset;
    known[at - offset] = 0;
    let hash = HASH_START;
    hashes[0] = hash;
    starts[0] = at;
    let start = offset;
    // Labels are walked from the left and hashed from the right, so their starts are written first.
    for (let i = labels; i > 0; i--) {
      starts[i] = start;
      start += octets[start]! + 1;
    }
    for (let i = 1; i <= labels; i++) {
      const end = starts[i]!;
      for (at--; at >= end; at--) {
        const octet = octets[at]!;
        known[at - offset] = octet;
        hash = Math.imul(hash ^ LOWER_CASE[octet]!, HASH_FACTOR);
      }
      at++;
      hashes[i] = hash;
    }
    return true;
  }
}

/** The name of the query at hand, which is looked for in the catalogue and then in its zone, hashed once. */
class QueryName {
  /** What a lookahead hashed for the next query. Taken only for that very name. */
  foreseen: NameHashes | null = null;
  readonly #own = new NameHashes();

  /** The hashes of the name that stands there, until the next name is asked for. */
  hashesOf(octets: Uint8Array, offset: number): NameHashes {
    const { foreseen } = this;
    if (foreseen?.isOf(octets, offset) === true) return foreseen;
    this.#own.set(octets, offset);
    return this.#own;
  }
}

export const queryName: QueryName = new QueryName();

/** The hash of one whole name. */
export function hashOfName(octets: Uint8Array, offset: number): number {
  let at = offset;
  while (octets[at] !== 0) at += octets[at]! + 1;
  let hash = HASH_START;
  for (at--; at >= offset; at--) hash = Math.imul(hash ^ LOWER_CASE[octets[at]!]!, HASH_FACTOR);
  return hash;
}
