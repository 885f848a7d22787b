/**
 * What all threads of a resolver know of questions without asking each other: which are on their way and whose they are, so that the same
 * question is not asked twice at once (RFC 5452 §5), and of which the cache knows something, so that it is not asked at all. Questions
 * are hashes here. What is forgotten, or taken for another, costs a question more or a way that is longer, and never a wrong answer.
 */
import { LOWER_CASE } from "../dns/index.ts";

/** Can be posted to a thread. */
export interface SharedClaims {
  readonly flights: SharedArrayBuffer;
  readonly known: SharedArrayBuffer;
  readonly seed: number;
}

/** A question is claimed by the thread that asks it; query threads are numbered from 1. */
export const CONTROL = 63;
export const THREADS_MAX = CONTROL - 1;

const OWNER_MASK = 63;
const FLIGHTS = 1 << 16;
const KNOWN_SETS = 1 << 16;
const WAYS = 4;

export class Claims {
  readonly shared: SharedClaims;
  readonly #flights: Int32Array;
  /** In sets of four: hash, and until when, in seconds of the clock that all threads share. */
  readonly #known: Int32Array;

  constructor(shared: SharedClaims) {
    this.shared = shared;
    this.#flights = new Int32Array(shared.flights);
    this.#known = new Int32Array(shared.known);
  }

  /** @param seed Secret, so that nobody outside knows which questions fall together. */
  static create(seed: number): Claims {
    const flights = new SharedArrayBuffer(4 * FLIGHTS);
    return new Claims({ flights, known: new SharedArrayBuffer(8 * WAYS * KNOWN_SETS), seed });
  }

  /** True when the question is now this owner's, false when it is another's or its place is taken. */
  claim(hash: number, owner: number): boolean {
    return Atomics.compareExchange(this.#flights, hash & (FLIGHTS - 1), 0, (hash & ~OWNER_MASK) | owner) === 0;
  }

  /** Who asks the question; 0 for nobody. */
  holder(hash: number): number {
    const held = Atomics.load(this.#flights, hash & (FLIGHTS - 1));
    return ((held ^ hash) & ~OWNER_MASK) === 0 ? held & OWNER_MASK : 0;
  }

  release(hash: number, owner: number): void {
    const held = (hash & ~OWNER_MASK) | owner;
    Atomics.compareExchange(this.#flights, hash & (FLIGHTS - 1), held, 0);
  }

  /** Gives up what an owner that died had claimed. */
  releaseAll(owner: number): void {
    const flights = this.#flights;
    for (let i = 0; i < flights.length; i++) {
      const held = Atomics.load(flights, i);
      if ((held & OWNER_MASK) === owner) Atomics.compareExchange(flights, i, held, 0);
    }
  }

  isKnown(hash: number, nowSeconds: number): boolean {
    const known = this.#known;
    const set = setOf(hash);
    for (let at = set; at < set + 2 * WAYS; at += 2) {
      if (known[at] === hash && known[at + 1]! > nowSeconds) return true;
    }
    return false;
  }

  /** For the one thread that has the cache. In the place of the same question, of what has ended, or of what ends first. */
  know(hash: number, untilSeconds: number, nowSeconds: number): void {
    const known = this.#known;
    const set = setOf(hash);
    let chosen = set;
    for (let at = set; at < set + 2 * WAYS; at += 2) {
      if (known[at] === hash) {
        chosen = at;
        break;
      }
      if (known[at + 1]! < known[chosen + 1]!) chosen = at;
    }
    // What ends must not be lengthened by the hash that comes after it.
    if (known[chosen] !== hash && known[chosen + 1]! > nowSeconds) known[chosen + 1] = 0;
    known[chosen] = hash;
    known[chosen + 1] = untilSeconds;
  }

  forget(): void {
    this.#known.fill(0);
  }
}

function setOf(hash: number): number {
  return ((hash >>> 6) & (KNOWN_SETS - 1)) * 2 * WAYS;
}

/** The hash of a name in wire format, whatever its case, to which `questionHash` adds the rest. */
export function nameHash(seed: number, octets: Uint8Array, start: number, end: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = mixHash(hash, LOWER_CASE[octets[i]!]!);
  return hash;
}

/** One step of `nameHash`. */
export function mixHash(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, 0x5bd1e995) ^ (hash >>> 15);
}

export function questionHash(ofName: number, type: number, recordClass: number): number {
  let hash = Math.imul(ofName ^ type, 0x5bd1e995) ^ (ofName >>> 15);
  hash = Math.imul(hash ^ recordClass, 0x5bd1e995) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
  return hash ^ (hash >>> 15);
}
