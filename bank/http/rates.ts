/**
 * How often each has asked within this second, counted by all threads of a server together, in memory of a fixed size: two rows of counters, of which each
 * has one in either by a hash that nobody outside can know, and the smaller count is its own or above it (a count-min sketch).
 */
import type { Clock, Random } from "../../base/index.ts";

const ROWS = 2;
const COLUMNS = 2 ** 15;
/** A counter: the second above, the count below. */
const COUNT_BITS = 20;
const COUNT_MAX = 2 ** COUNT_BITS - 1;
const SECONDS = 2 ** 12;
/** So often another thread may count in between; what is not counted then is one request. */
const TRIES_MAX = 16;

/** What threads share: a seed for each row, then the counters. */
export function newRates(random: Random): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(4 * ROWS * (1 + COLUMNS));
  const words = new Int32Array(buffer);
  for (let row = 0; row < ROWS; row++) words[row] = random.uint32() | 0;
  return buffer;
}

export class Rates {
  readonly #words: Int32Array;
  readonly #clock: Clock;

  constructor(buffer: SharedArrayBuffer, clock: Clock) {
    this.#words = new Int32Array(buffer);
    this.#clock = clock;
  }

  /** Counts once more, and says how often within this second. */
  count(who: string): number {
    // The wall clock, because a thread's own begins when the thread does.
    const second = Math.floor(this.#clock.wallSeconds()) % SECONDS;
    let least = COUNT_MAX;
    for (let row = 0; row < ROWS; row++) {
      const column = hashOf(who, this.#words[row]!) % COLUMNS;
      least = Math.min(least, this.#countAt(ROWS + row * COLUMNS + column, second));
    }
    return least;
  }

  #countAt(place: number, second: number): number {
    let found = Atomics.load(this.#words, place);
    let count = 0;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const isNow = found >>> COUNT_BITS === second;
      count = isNow ? Math.min((found & COUNT_MAX) + 1, COUNT_MAX) : 1;
      const before = Atomics.compareExchange(this.#words, place, found, (second << COUNT_BITS) | count);
      if (before === found) return count;
      found = before;
    }
    return count;
  }
}

/** FNV-1a from a secret beginning, with a last stir so that all its bits tell. */
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
