/** Chance, handed in and never reached for: from the system for real work, from a printed seed for tests. */
import { randomFillSync } from "node:crypto";

export interface Random {
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** A whole number in [0, limit), limit at most 2^32. */
  below(limit: number): number;
  octets(count: number): Uint8Array;
}

/** The system's cryptographic source, drawn 4 kB at a time because a call a number costs a microsecond. */
class SystemRandom implements Random {
  readonly #pool = new Uint8Array(4096);
  #at = 4096;

  uint32(): number {
    const at = this.#take(4);
    const pool = this.#pool;
    return ((pool[at]! << 24) | (pool[at + 1]! << 16) | (pool[at + 2]! << 8) | pool[at + 3]!) >>> 0;
  }

  below(limit: number): number {
    // The bias of a plain remainder is at most limit / 2^32: draw again above the last whole multiple.
    const ceiling = 0x1_0000_0000 - (0x1_0000_0000 % limit);
    for (;;) {
      const draw = this.uint32();
      if (draw < ceiling) return draw % limit;
    }
  }

  octets(count: number): Uint8Array {
    if (count > this.#pool.length) return randomFillSync(new Uint8Array(count));
    const at = this.#take(count);
    const drawn = this.#pool.slice(at, at + count);
    this.#pool.fill(0, at, at + count);
    return drawn;
  }

  #take(count: number): number {
    if (this.#at + count > this.#pool.length) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

export const systemRandom: Random = new SystemRandom();

/** A repeatable source (xorshift128 by Marsaglia, seeded through splitmix32). Not for secrets. */
export class SeededRandom implements Random {
  readonly seed: number;
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    this.seed = seed >>> 0;
    let mixed = this.seed;
    for (let i = 0; i < 4; i++) {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let word = mixed;
      word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      this.#state[i] = word ^ (word >>> 16);
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  uint32(): number {
    const state = this.#state;
    let t = state[3]!;
    const s = state[0]!;
    state[3] = state[2]!;
    state[2] = state[1]!;
    state[1] = s;
    t ^= t << 11;
    t ^= t >>> 8;
    state[0] = t ^ s ^ (s >>> 19);
    return state[0];
  }

  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit);
  }

  octets(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.uint32() & 0xff);
  }

  /** One of the given things; there must be at least one. */
  pick<T>(things: readonly T[]): T {
    return things[this.below(things.length)]!;
  }
}
