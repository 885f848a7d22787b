/**
 * Takes a TCP stream apart into the records of RPC (RFC 5531 §11): fragments, each behind four octets with its length and whether it is the last. They may come in any
 * pieces. Room grows with what has come, not with what was announced.
 */

export const RECORD_OCTETS_MAX = 2 * 1024 * 1024;

const MARK_OCTETS = 4;
const ROOM_OCTETS_MIN = 1024;
const ROOM_GROWTH = 4;
const NOTHING: Buffer = Buffer.alloc(0);

/** The stream cannot be read on: a record is longer than allowed. */
export class RecordError extends Error {
  readonly code = "long";
}

export interface RoomOptions {
  /** How many times more room is made than has come. Much, where only what was asked for is expected. */
  readonly growth?: number;
  /** Where room comes from; it may be used memory. */
  readonly memory?: (octets: number) => Buffer;
}

export class RecordReader {
  readonly #octetsMax: number;
  readonly #growth: number;
  readonly #memory: (octets: number) => Buffer;
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** The octets so far of a record that is not whole in one chunk. */
  #room: Buffer = NOTHING;
  #filled = 0;
  /** Octets of the current fragment that are still to come; null between two fragments. */
  #fragmentLeft: number | null = null;
  #isLast = false;
  /** A mark that came in pieces. */
  #mark = 0;
  #markOctets = 0;

  constructor(octetsMax: number = RECORD_OCTETS_MAX, { growth, memory }: RoomOptions = {}) {
    this.#octetsMax = octetsMax;
    this.#growth = growth ?? ROOM_GROWTH;
    this.#memory = memory ?? ((octets) => Buffer.allocUnsafeSlow(octets));
  }

  /** Where what comes next belongs, once a record has begun to come: whoever receives right into it spares the copy. Null between records. */
  get room(): Uint8Array | null {
    const left = this.#fragmentLeft;
    if (left === null || this.#filled === 0) return null;
    if (this.#filled === this.#room.length) this.#grow(this.#filled);
    return this.#room.subarray(this.#filled, this.#filled + left);
  }

  /** Octets held of a record that is not whole; none of the last chunk. */
  get heldOctets(): number {
    return this.#room.length;
  }

  /** Whether the stream stands inside a record. */
  get isInside(): boolean {
    return this.#fragmentLeft !== null || this.#filled > 0 || this.#markOctets > 0;
  }

  /** Gives it what came next; everything before must have been taken with `next`. */
  push(chunk: Uint8Array): void {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), buffer]) : buffer;
    this.#at = 0;
  }

  /** The next whole record, or null. It is a view into the chunk, or has memory of its own; it is never written to again. Throws a RecordError. */
  next(): Buffer | null {
    while (this.#fragmentLeft !== null || this.#readMark()) {
      const left = this.#fragmentLeft!;
      const here = Math.min(left, this.#chunk.length - this.#at);
      // The usual case: one fragment, all of it here.
      if (here === left && this.#isLast && this.#filled === 0) return this.#skip(here);
      this.#keep(here);
      if (here < left) return null;
      if (this.#isLast) return this.#taken();
    }
    return null;
  }

  /** The mark of the next fragment; false when it is not whole yet. */
  #readMark(): boolean {
    while (this.#markOctets < MARK_OCTETS) {
      if (this.#at === this.#chunk.length) return false;
      this.#mark = ((this.#mark << 8) | this.#chunk[this.#at++]!) >>> 0;
      this.#markOctets++;
    }
    const length = this.#mark & 0x7fff_ffff;
    this.#isLast = this.#mark >= 0x8000_0000;
    this.#fragmentLeft = length;
    this.#mark = 0;
    this.#markOctets = 0;
    if (this.#filled + length > this.#octetsMax)
      throw new RecordError(`a record has at most ${this.#octetsMax} octets, not ${this.#filled + length}`);
    return true;
  }

  #skip(length: number): Buffer {
    const record = this.#chunk.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#fragmentLeft = null;
    return record;
  }

  #keep(length: number): void {
    const needed = this.#filled + length;
    if (needed > this.#room.length) this.#grow(needed);
    const isInPlace =
      this.#chunk.buffer === this.#room.buffer &&
      this.#chunk.byteOffset + this.#at === this.#room.byteOffset + this.#filled;
    if (!isInPlace) this.#chunk.copy(this.#room, this.#filled, this.#at, this.#at + length);
    this.#at += length;
    this.#filled = needed;
    const left = this.#fragmentLeft! - length;
    this.#fragmentLeft = left === 0 ? null : left;
  }

  #grow(needed: number): void {
    // Where no other fragment follows, what this one needs is known.
    const enough = this.#isLast ? this.#filled + this.#fragmentLeft! : this.#octetsMax;
    const room = this.#memory(Math.min(enough, Math.max(ROOM_OCTETS_MIN, needed * this.#growth)));
    this.#room.copy(room, 0, 0, this.#filled);
    this.#room = room;
  }

  #taken(): Buffer {
    const record = this.#room.subarray(0, this.#filled);
    this.#room = NOTHING;
    this.#filled = 0;
    return record;
  }
}
