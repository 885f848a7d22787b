/**
 * SipHash-2-4 with a 64-bit result (Aumasson and Bernstein, "SipHash: a fast short-input PRF"), which RFC 9018 §4.4 takes
 * for interoperable server cookies. In 32-bit halves, because BigInt would allocate for every operation.
 */

const ROUNDS_COMPRESSION = 2;
const ROUNDS_FINALIZATION = 4;

/** A keyed hash. The object is reused; it keeps no state between calls but the key. */
export class SipHash {
  /** v0 low, v0 high, v1 low … v3 high. */
  readonly #v = new Int32Array(8);
  readonly #key = new Int32Array(4);

  /** @param key 16 octets. */
  constructor(key: Uint8Array) {
    for (let i = 0; i < 4; i++) this.#key[i] = word(key, 4 * i);
  }

  /** Writes the eight octets of the hash of input[0, length) at `at` of `output`, least significant first. */
  hash(input: Uint8Array, length: number, output: Uint8Array, at: number): void {
    this.#start();
    const whole = length - (length % 8);
    for (let i = 0; i < whole; i += 8) this.#compress(word(input, i), word(input, i + 4));
    this.#compressTail(input, whole, length);
    const v = this.#v;
    v[4]! ^= 0xff;
    for (let i = 0; i < ROUNDS_FINALIZATION; i++) this.#round();
    putWord(output, at, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!);
    putWord(output, at + 4, v[1]! ^ v[3]! ^ v[5]! ^ v[7]!);
  }

  #start(): void {
    const v = this.#v;
    const key = this.#key;
    v[0] = key[0]! ^ 0x70736575;
    v[1] = key[1]! ^ 0x736f6d65;
    v[2] = key[2]! ^ 0x6e646f6d;
    v[3] = key[3]! ^ 0x646f7261;
    v[4] = key[0]! ^ 0x6e657261;
    v[5] = key[1]! ^ 0x6c796765;
    v[6] = key[2]! ^ 0x79746573;
    v[7] = key[3]! ^ 0x74656462;
  }

  #compress(low: number, high: number): void {
    const v = this.#v;
    v[6]! ^= low;
    v[7]! ^= high;
    for (let i = 0; i < ROUNDS_COMPRESSION; i++) this.#round();
    v[0]! ^= low;
    v[1]! ^= high;
  }

  /** The last block: what is left of the input, and its length in the top octet. */
  #compressTail(input: Uint8Array, start: number, length: number): void {
    let low = 0;
    let high = (length & 0xff) << 24;
    for (let i = start; i < length; i++) {
      const octet = input[i]!;
      if (i - start < 4) low |= octet << (8 * (i - start));
      else high |= octet << (8 * (i - start - 4));
    }
    this.#compress(low, high);
  }

  #round(): void {
    const v = this.#v;
    this.#addRotateXor(0, 2, 13);
    swap(v, 0);
    this.#addRotateXor(4, 6, 16);
    this.#addRotateXor(0, 6, 21);
    this.#addRotateXor(4, 2, 17);
    swap(v, 4);
  }

  /** a += b; b = rotl(b, bits) ^ a. */
  #addRotateXor(a: number, b: number, bits: number): void {
    const v = this.#v;
    const aLow = v[a]! >>> 0;
    const bLow = v[b]!;
    const bHigh = v[b + 1]!;
    const low = aLow + (bLow >>> 0);
    v[a] = low;
    v[a + 1] = v[a + 1]! + bHigh + (low > 0xffff_ffff ? 1 : 0);
    v[b] = ((bLow << bits) | (bHigh >>> (32 - bits))) ^ v[a];
    v[b + 1] = ((bHigh << bits) | (bLow >>> (32 - bits))) ^ v[a + 1]!;
  }
}

/** Rotation by 32. */
function swap(v: Int32Array, at: number): void {
  const low = v[at]!;
  v[at] = v[at + 1]!;
  v[at + 1] = low;
}

function word(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
}

function putWord(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
  octets[at + 2] = value >>> 16;
  octets[at + 3] = value >>> 24;
}
