/** Takes a TCP stream apart into messages: two octets of length, then the message (RFC 1035 §4.2.2), in any pieces. */

const LENGTH_OCTETS = 2;
const NOTHING = new Uint8Array(0);

export class Framing {
  /** Where the message stands that `advance` found: `length` octets from `start`. It holds until the next call of anything here. */
  octets: Uint8Array = NOTHING;
  start = 0;
  length = 0;
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  /** A message that came in pieces, with its length in front; `#filled` octets of it are there. */
  #partial: Uint8Array | null = null;
  #filled = 0;

  /** Octets held of a message that is not whole. */
  get heldOctets(): number {
    return this.#filled + this.#chunk.length - this.#at;
  }

  /** Gives it what came next. All whole messages before must have been taken, unless reading was paused. */
  push(chunk: Uint8Array): void {
    const left = this.#chunk.length - this.#at;
    if (left === 0) {
      this.#chunk = chunk;
    } else {
      const joined = new Uint8Array(left + chunk.length);
      joined.set(this.#chunk.subarray(this.#at));
      joined.set(chunk, left);
      this.#chunk = joined;
    }
    this.#at = 0;
  }

  /** Needs the last chunk no more: what is left of it is copied. */
  keep(): void {
    this.#chunk = this.#at === this.#chunk.length ? NOTHING : this.#chunk.slice(this.#at);
    this.#at = 0;
    this.octets = NOTHING;
  }

  forget(): void {
    this.#chunk = NOTHING;
    this.octets = NOTHING;
    this.#at = 0;
    this.#partial = null;
    this.#filled = 0;
  }

  /** The next whole message, or null. It may lie in the chunk itself. */
  next(): Uint8Array | null {
    return this.advance() ? this.octets.subarray(this.start, this.start + this.length) : null;
  }

  /** Finds the next whole message; false when there is none. */
  advance(): boolean {
    if (this.#partial !== null) return this.#fillPartial(this.#partial);
    const chunk = this.#chunk;
    const held = chunk.length - this.#at;
    if (held < LENGTH_OCTETS) return false;
    const length = (chunk[this.#at]! << 8) | chunk[this.#at + 1]!;
    const start = this.#at + LENGTH_OCTETS;
    if (held >= LENGTH_OCTETS + length) {
      this.#at = start + length;
      this.octets = chunk;
      this.start = start;
      this.length = length;
      return true;
    }
    // From here on every piece is copied once, into room for the whole: many small pieces cost no more than one.
    const partial = new Uint8Array(LENGTH_OCTETS + length);
    this.#partial = partial;
    this.#filled = 0;
    return this.#fillPartial(partial);
  }

  #fillPartial(partial: Uint8Array): boolean {
    const take = Math.min(partial.length - this.#filled, this.#chunk.length - this.#at);
    partial.set(this.#chunk.subarray(this.#at, this.#at + take), this.#filled);
    this.#filled += take;
    this.#at += take;
    if (this.#filled < partial.length) return false;
    this.#partial = null;
    this.#filled = 0;
    this.octets = partial;
    this.start = LENGTH_OCTETS;
    this.length = partial.length - LENGTH_OCTETS;
    return true;
  }
}
