/**
 * The memory that all zones of a server share between its threads (DESIGN §4): one SharedArrayBuffer of fixed length, handed
 * out from the front. What has been published is never written again; what an edit made and dropped before it published
 * is used again by that edit. What the octets mean is said in `trie.ts` (branches), `rrset-view.ts` (nodes, RRsets) and
 * `zone-record.ts`.
 *
 * The length is fixed because views of a growable buffer read 20 times slower (measured on Node 26); memory that was never
 * touched costs none, so the length is generous. Places are octet offsets below 2^31, which V8 keeps unboxed.
 */
import { assert } from "../base/index.ts";

/** Everything reads zone data through these two views of one arena. */
export interface ArenaViews {
  readonly octets: Uint8Array;
  /** The same memory as 32-bit words: `words[offset >> 2]`. */
  readonly words: Int32Array;
}

/** As much as 31-bit offsets reach. */
export const ARENA_OCTETS_DEFAULT = 0x7ffffff8;
const ARENA_OCTETS_MIN = 1 << 16;
/** Offset 0 means "none", so nothing is put there. */
export const ARENA_START = 8;

/** Octets [start, end) of an arena, lent by the writer to whoever builds a zone there, on its thread or on another. */
export interface ArenaRegion {
  readonly buffer: SharedArrayBuffer;
  readonly start: number;
  readonly end: number;
}

/** No room is left. What was garbage when the edit began is gone already, unless another edit was open. */
export class ArenaFullError extends Error {
  readonly code = "ARENA_FULL";
}

export class Arena implements ArenaViews {
  readonly buffer: SharedArrayBuffer;
  readonly octets: Uint8Array;
  readonly words: Int32Array;
  /** The first octet not handed out. Known to the writer only. */
  top = ARENA_START;
  /** From here on nothing was ever handed out, so that it is all zeros. */
  untouched: number = ARENA_START;
  /** The first octet that is not ours to hand out. */
  readonly end: number;

  constructor(buffer: SharedArrayBuffer, end: number = buffer.byteLength) {
    this.buffer = buffer;
    this.octets = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.end = end;
  }

  /** The whole arena to be read, and the region to be filled from its start. */
  static ofRegion({ buffer, start, end }: ArenaRegion): Arena {
    const arena = new Arena(buffer, end);
    arena.top = start;
    arena.untouched = end;
    return arena;
  }

  /** Where a system refuses to promise that much memory, it is asked for half, and so on. */
  static create(capacityOctets: number = ARENA_OCTETS_DEFAULT): Arena {
    let capacity = Math.max(ARENA_OCTETS_MIN, Math.min(capacityOctets, ARENA_OCTETS_DEFAULT) & ~7);
    for (;;) {
      try {
        return new Arena(new SharedArrayBuffer(capacity));
      } catch (error) {
        if (!(error instanceof RangeError) || capacity <= ARENA_OCTETS_MIN) throw error;
        capacity = (capacity >> 1) & ~7;
      }
    }
  }

  /** Throws ArenaFullError when so many octets cannot be handed out: asked before what cannot be undone. */
  assureRoom(octets: number): void {
    if (this.end - this.top < octets) throw new ArenaFullError("no memory is left for another version of a zone");
  }

  get capacityOctets(): number {
    return this.octets.length;
  }
}

const POOLED_WORDS_MAX = 256;

/** The part of an arena that one edit may write: whatever it allocated itself. */
export class ArenaSpace {
  readonly arena: Arena;
  /** Offsets from here on are this edit's own and unpublished, so they are changed in place. */
  readonly start: number;
  /** Octets of what this edit made that are in use, less the octets of what it replaced; may be negative. */
  liveOctets = 0;
  /** Octets of published blocks that its result does without. */
  garbageOctets = 0;
  /** Octets taken from the arena's end. */
  takenOctets = 0;
  /** Octets of what this edit made and gave back, and has not used again. */
  idleOctets = 0;
  /** By length in words: the first free block, which holds the next one's offset. */
  readonly #free = new Int32Array(POOLED_WORDS_MAX);

  constructor(arena: Arena) {
    this.arena = arena;
    this.start = arena.top;
  }

  /** Octets that are no use to anybody once the edit's result is published. */
  get wasteOctets(): number {
    return this.garbageOctets + this.idleOctets;
  }

  isOwn(offset: number): boolean {
    return offset >= this.start;
  }

  /** A block of at least that many octets, at a multiple of 4. Its content is undefined. */
  allocate(octets: number): number {
    const length = (octets + 3) & ~3;
    const words = length >> 2;
    if (words < POOLED_WORDS_MAX) {
      const free = this.#free[words]!;
      if (free !== 0) {
        this.#free[words] = this.arena.words[free >> 2]!;
        this.idleOctets -= length;
        this.liveOctets += length;
        return free;
      }
    }
    const offset = this.arena.top;
    if (offset + length > this.arena.end) {
      throw new ArenaFullError(
        `the zones need more than the ${this.arena.octets.length} octets of memory set aside for them`,
      );
    }
    this.arena.top = offset + length;
    if (this.arena.untouched < this.arena.top) this.arena.untouched = this.arena.top;
    this.takenOctets += length;
    this.liveOctets += length;
    return offset;
  }

  /** Gives a block back: for use again when it is this edit's own, else to be counted as garbage. */
  release(offset: number, octets: number): void {
    const length = (octets + 3) & ~3;
    this.liveOctets -= length;
    if (!this.isOwn(offset)) {
      this.garbageOctets += length;
      return;
    }
    this.idleOctets += length;
    const words = length >> 2;
    if (words === 0 || words >= POOLED_WORDS_MAX) return;
    this.arena.words[offset >> 2] = this.#free[words]!;
    this.#free[words] = offset;
  }

  /** Lengthens the block handed out last where it stands. False when it is not the last, or not this edit's own. */
  extend(offset: number, octets: number, longerOctets: number): boolean {
    const end = offset + ((octets + 3) & ~3);
    const longerEnd = offset + ((longerOctets + 3) & ~3);
    if (!this.isOwn(offset) || end !== this.arena.top || longerEnd > this.arena.end) return false;
    assert(longerEnd >= end, "a block is only lengthened");
    this.arena.top = longerEnd;
    if (this.arena.untouched < longerEnd) this.arena.untouched = longerEnd;
    this.takenOctets += longerEnd - end;
    this.liveOctets += longerEnd - end;
    return true;
  }
}
