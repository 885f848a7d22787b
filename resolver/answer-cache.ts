/**
 * Answers as octets, in memory that query threads share: what the resolver's own cache has answered before (`serve.ts`) is given again by
 * copying it, with the client's ID and with TTLs counted down. One thread writes, any number read, nobody waits.
 *
 * The memory is a ring: what was put first is overwritten first, so it never grows. An index of sets of four places leads into it. A
 * reader trusts nothing it finds: the entry must not have been overwritten since, must be the one looked for, and its checksum must be
 * right after it was copied. Hot, and held to the plain way by test/resolver/answer-cache.test.ts; measured by `npm run bench -- resolver-hits`.
 *
 *   entry: words of its place, checksum of all that follows, hash, octets of the response, form | TTLs << 24,
 *          time of storing (float64), life in seconds; offsets of TTLs (16 bits each); response, its question in lower case
 */
import { assert } from "../base/index.ts";
import { TYPE } from "../dns/index.ts";
import type { AnswerKey } from "./answer-key.ts";

/** What another thread needs in order to read; can be posted to it. */
export interface SharedAnswers {
  readonly ring: SharedArrayBuffer;
  readonly index: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

export const ANSWER_OCTETS_DEFAULT = 64 << 20;
const RING_OCTETS_MIN = 1 << 16;
/** Octets of the ring for each place of the index: less than entries take (some 110), so that the ring is full first. */
const OCTETS_PER_PLACE = 64;
const WAYS = 4;
const PLACE_WORDS = 2;

const PLACE = 0;
const CHECKSUM = 1;
const HASH = 2;
const OCTETS = 3;
const FORM = 4;
const STORED_AT = 6;
const LIFE = 8;
const HEAD_WORDS = 9;

/** Control words: where the writer will write next, and whose seed hashes have. */
const RESERVED = 0;
const SEED = 1;
const CONTROL_OCTETS = 8;

const QUESTION_OFFSET = 12;
const TTLS_MAX = 100;

const words = (octets: number): number => (octets + 3) >> 2;

export class AnswerCache {
  readonly shared: SharedAnswers;
  readonly seed: number;
  readonly #octets: Uint8Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #index: Int32Array;
  readonly #control: Int32Array;
  readonly #wordMask: number;
  readonly #setMask: number;
  readonly #ttlOffsets = new Uint16Array(TTLS_MAX);

  /** The same answers, for a thread that reads. */
  constructor(shared: SharedAnswers) {
    this.shared = shared;
    this.#octets = new Uint8Array(shared.ring);
    this.#words = new Int32Array(shared.ring);
    this.#times = new Float64Array(shared.ring);
    this.#index = new Int32Array(shared.index);
    this.#control = new Int32Array(shared.control);
    this.#wordMask = this.#words.length - 1;
    this.#setMask = this.#index.length / (WAYS * PLACE_WORDS) - 1;
    this.seed = this.#control[SEED]!;
  }

  /**
   * Room for answers of that many octets together, rounded down to a power of two; memory is taken as it fills.
   * @param seed Secret; see AnswerKey.
   */
  static create(octets: number, seed: number): AnswerCache {
    const ringOctets = 2 ** Math.floor(Math.log2(Math.max(RING_OCTETS_MIN, octets)));
    const control = new SharedArrayBuffer(CONTROL_OCTETS);
    new Int32Array(control)[SEED] = seed;
    const index = new SharedArrayBuffer((ringOctets / OCTETS_PER_PLACE) * PLACE_WORDS * 4);
    return new AnswerCache({ ring: new SharedArrayBuffer(ringOctets), index, control });
  }

  /**
   * Writes the answer to a request into `response`, and returns its length; 0 when there is none, or none that the client takes.
   * @param now Milliseconds of the clock that all threads share.
   */
  find(key: AnswerKey, now: number, response: Uint8Array): number {
    const index = this.#index;
    const set = this.#setOf(key.hash);
    for (let at = set; at < set + WAYS * PLACE_WORDS; at += PLACE_WORDS) {
      if (index[at + 1] !== key.hash) continue;
      const length = this.#read(index[at]!, key, now, response);
      if (length > 0) return length;
    }
    return 0;
  }

  /** The lowest bit of a hash is always set, so it tells nothing. */
  #setOf(hash: number): number {
    return ((hash >>> 1) & this.#setMask) * WAYS * PLACE_WORDS;
  }

  #read(place: number, key: AnswerKey, now: number, response: Uint8Array): number {
    const entry = place & this.#wordMask;
    const memory = this.#words;
    if (!this.#isThere(place) || memory[entry + PLACE] !== place || memory[entry + HASH] !== key.hash) return 0;
    const octets = memory[entry + OCTETS]!;
    const form = memory[entry + FORM]!;
    const ttls = form >>> 24;
    if (octets > key.limitOctets || octets > response.length || ttls > TTLS_MAX) return 0;
    if (octets < QUESTION_OFFSET + key.questionOctets || (form & 0xffffff) !== key.form) return 0;
    const age = now - this.#times[(entry + STORED_AT) >> 1]!;
    if (!(age >= 0 && age < 1000 * memory[entry + LIFE]!)) return 0;
    const end = entry + HEAD_WORDS + words(2 * ttls) + words(octets);
    if (end > memory.length) return 0;
    const ttlsAt = (entry + HEAD_WORDS) * 4;
    const from = ttlsAt + 4 * words(2 * ttls);
    const all = this.#octets;
    const { question, questionOctets, request } = key;
    // A name ends by itself, so what begins with this question has no other.
    for (let i = 0; i < questionOctets; i++) if (all[from + QUESTION_OFFSET + i] !== question[i]) return 0;
    for (let i = 0; i < octets; i++) response[i] = all[from + i]!;
    this.#countDown(response, ttlsAt, ttls, Math.ceil(age / 1000));
    // Only now is it sure that none of it was overwritten meanwhile.
    if (this.#checksum(entry, end) !== memory[entry + CHECKSUM] || !this.#isThere(place)) return 0;
    response[0] = request[0]!;
    response[1] = request[1]!;
    // As it was asked; owners that point to it follow.
    for (let i = 0; i < questionOctets; i++) response[QUESTION_OFFSET + i] = request[QUESTION_OFFSET + i]!;
    return octets;
  }

  /** The resolver's cache counts full seconds that are left; a second that has begun is taken off, so that no answer lives longer here. */
  #countDown(response: Uint8Array, ttlsAt: number, ttls: number, seconds: number): void {
    const octets = this.#octets;
    for (let i = 0; i < ttls; i++) {
      const at = (octets[ttlsAt + 2 * i]! << 8) | octets[ttlsAt + 2 * i + 1]!;
      const ttl = (response[at]! << 24) | (response[at + 1]! << 16) | (response[at + 2]! << 8) | response[at + 3]!;
      const left = ttl - seconds;
      response[at] = left >> 24;
      response[at + 1] = left >> 16;
      response[at + 2] = left >> 8;
      response[at + 3] = left;
    }
  }

  /** Whether the writer has not begun to write there again. */
  #isThere(place: number): boolean {
    return (Atomics.load(this.#control, RESERVED) - place) >>> 0 <= this.#words.length;
  }

  #checksum(entry: number, end: number): number {
    const memory = this.#words;
    let sum = 0;
    for (let i = entry + HASH; i < end; i++) sum = Math.imul(sum ^ memory[i]!, 0x9e3779b1) ^ (sum >>> 17);
    return sum;
  }

  /**
   * Keeps the response to a request, its question in lower case, until the first TTL in it has ended. False when it is not one to keep:
   * it has none, a TTL is 0, it was cut, or it is too long. For the one thread that writes.
   */
  put(key: AnswerKey, response: Uint8Array, now: number): boolean {
    const offsets = this.#ttlOffsets;
    const { ttls, life } = readTtls(response, offsets);
    if (life <= 0 || (response[2]! & 0x02) !== 0) return false;
    const length = HEAD_WORDS + words(2 * ttls) + words(response.length);
    const place = this.#reserve(length);
    const entry = place & this.#wordMask;
    const memory = this.#words;
    memory[entry + PLACE] = place;
    memory[entry + HASH] = key.hash;
    memory[entry + OCTETS] = response.length;
    memory[entry + FORM] = key.form | (ttls << 24);
    memory[entry + FORM + 1] = 0;
    this.#times[(entry + STORED_AT) >> 1] = now;
    memory[entry + LIFE] = life;
    const ttlsAt = (entry + HEAD_WORDS) * 4;
    for (let i = 0; i < ttls; i++) {
      this.#octets[ttlsAt + 2 * i] = offsets[i]! >> 8;
      this.#octets[ttlsAt + 2 * i + 1] = offsets[i]! & 0xff;
    }
    this.#octets.set(response, ttlsAt + 4 * words(2 * ttls));
    memory[entry + CHECKSUM] = this.#checksum(entry, entry + length);
    this.#enter(key.hash, place);
    return true;
  }

  /** A place for so many words in a row; at an even word, because of the time. Readers leave what stands there from here on. */
  #reserve(length: number): number {
    assert(length <= this.#words.length / 4, "an entry is small beside the ring");
    let place = (this.#control[RESERVED]! + 1) & ~1;
    const behind = this.#words.length - (place & this.#wordMask);
    if (behind < length) place = (place + behind) | 0;
    Atomics.exchange(this.#control, RESERVED, (place + length) | 0);
    return place;
  }

  /** In the place of the same question, an empty one, or the oldest of the set. */
  #enter(hash: number, place: number): void {
    const index = this.#index;
    const set = this.#setOf(hash);
    let chosen = set;
    let oldest = -1;
    for (let at = set; at < set + WAYS * PLACE_WORDS; at += PLACE_WORDS) {
      if (index[at + 1] === hash || index[at + 1] === 0) {
        chosen = at;
        break;
      }
      const age = (place - index[at]!) >>> 0;
      if (age > oldest) {
        oldest = age;
        chosen = at;
      }
    }
    index[chosen] = place;
    Atomics.store(index, chosen + 1, hash);
  }
}

/** Where the TTLs of a response stand, OPT's place for flags left out (RFC 6891 §6.1.3), and the least of them. */
function readTtls(response: Uint8Array, offsets: Uint16Array): { readonly ttls: number; readonly life: number } {
  const count = (at: number): number => (response[at]! << 8) | response[at + 1]!;
  const records = count(6) + count(8) + count(10);
  let at = skipName(response, QUESTION_OFFSET) + 4;
  let ttls = 0;
  let life = Number.POSITIVE_INFINITY;
  for (let i = 0; i < records; i++) {
    at = skipName(response, at);
    if (count(at) !== TYPE.OPT) {
      const ttl = count(at + 4) * 0x10000 + count(at + 6);
      if (ttls === TTLS_MAX || ttl > 0x7fffffff) return { ttls: 0, life: 0 };
      offsets[ttls++] = at + 4;
      life = Math.min(life, ttl);
    }
    at += 10 + count(at + 8);
  }
  return { ttls, life: ttls === 0 ? 0 : life };
}

/** Behind the name: its labels, or a pointer. The response is our own, and whole. */
function skipName(response: Uint8Array, start: number): number {
  let at = start;
  while (response[at]! !== 0) {
    if (response[at]! >= 0xc0) return at + 2;
    at += response[at]! + 1;
  }
  return at + 1;
}
