/**
 * Reads XDR (RFC 4506): big-endian units of four octets. Opaque data comes as views into the input; every bound is checked before anything is taken or
 * made room for. What the fields mean is left to who reads them.
 */

/** What is wrong with octets that should be XDR: they end too early, a value is outside its set, something is longer than allowed, or too much follows. */
export class XdrError extends Error {
  readonly code: "short" | "value" | "long" | "trailing";

  constructor(code: "short" | "value" | "long" | "trailing", message: string) {
    super(message);
    this.code = code;
  }
}

export class XdrReader {
  readonly #octets: Buffer;
  readonly #end: number;
  #at: number;

  /** Reads all of the octets. */
  constructor(octets: Uint8Array) {
    this.#octets = Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.length);
    this.#at = 0;
    this.#end = octets.length;
  }

  /** Octets not yet read. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** All that is left, without reading it. */
  rest(): Uint8Array {
    return this.#octets.subarray(this.#at);
  }

  u32(): number {
    const at = this.#take(4);
    const octets = this.#octets;
    return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
  }

  u64(): bigint {
    const high = this.u32();
    const low = this.u32();
    // One conversion where a number holds it, which is nearly always.
    if (high < 0x20_0000) return BigInt(high * 0x1_0000_0000 + low);
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** A size or an offset: what a number does not hold becomes 2^53 - 1, which stands for "unlimited" (file-system.ts). */
  size(): number {
    const high = this.u32();
    const low = this.u32();
    return high < 0x20_0000 ? high * 0x1_0000_0000 + low : Number.MAX_SAFE_INTEGER;
  }

  /** RFC 4506 §4.4: 0 or 1, and nothing else. */
  boolean(): boolean {
    const value = this.u32();
    if (value > 1) throw new XdrError("value", `a boolean is 0 or 1, not ${value}`);
    return value === 1;
  }

  /** One of an enumeration's values 0, 1, 2 …, by its place in the table. */
  choice<T>(values: readonly T[], what: string): T {
    const index = this.u32();
    const value = values[index];
    if (value === undefined) throw new XdrError("value", `there is no ${what} ${index}`);
    return value;
  }

  /** Opaque data of this length (RFC 4506 §4.9): a view. */
  fixed(length: number): Uint8Array {
    const at = this.#takePadded(length);
    return this.#octets.subarray(at, at + length);
  }

  /** Opaque data that says its length (RFC 4506 §4.10): a view. */
  opaque(lengthMax: number): Uint8Array {
    return this.fixed(this.#length(lengthMax));
  }

  /** Opaque data as a string with one octet a character. */
  opaqueText(lengthMax: number): string {
    const length = this.#length(lengthMax);
    const at = this.#takePadded(length);
    return this.#octets.toString("latin1", at, at + length);
  }

  /** How many elements an array has (RFC 4506 §4.13), each of them at least so many octets: what cannot be there is refused before room is made. */
  count(countMax: number, elementOctetsMin: number): number {
    const count = this.#length(countMax);
    if (count * elementOctetsMin > this.left) throw tooShort();
    return count;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) throw new XdrError("trailing", `${this.left} octets follow where nothing should`);
  }

  #length(lengthMax: number): number {
    const length = this.u32();
    if (length > lengthMax) throw new XdrError("long", `${length} is more than the ${lengthMax} allowed here`);
    return length;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw tooShort();
    this.#at = at + length;
    return at;
  }

  /** Pad octets are zero on the wire; others are taken as well, as most implementations do. */
  #takePadded(length: number): number {
    return this.#take(length + (-length & 3));
  }
}

function tooShort(): XdrError {
  return new XdrError("short", "the message ends too early");
}
