/**
 * Reading names out of messages, hostile ones included (RFC 1035 §4.1.4). Only pointers that go backwards are followed, so
 * every loop is cut off at its first turn, and a whole message has one allowance of work, so that many short records
 * cannot share one long name. Writing compressed names is `writer.ts`'s.
 */
import { Name, NAME_OCTETS_MAX } from "./name.ts";

/** Octets of a message's header (RFC 1035 §4.1.1). No name can begin before it ends. */
export const HEADER_OCTETS = 12;

/** Octets of a message at most: what TCP's length prefix can say (RFC 1035 §4.2.2). */
export const MESSAGE_OCTETS_MAX = 65_535;

/** Pointers followed in one name at most. A name has at most 127 labels, so more than 126 lead nowhere new. */
export const POINTER_HOPS_MAX = 126;

/** Octets that are no DNS message, or no RDATA of their type. `at` is where in them it shows, counted from 0. */
export class WireError extends Error {
  readonly code = "BAD_WIRE";
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** What a pointer's target stands for, once it was read. */
interface Expansion {
  readonly name: Name;
  /** Pointers that were followed from there on. */
  readonly hops: number;
}

/** Targets remembered for one message: enough for honest ones, and a bound on what a hostile one makes us keep. */
const EXPANSIONS_MAX = 256;

/**
 * The work that names of one message may cost together: one step for each label and each pointer. What a pointer leads to is
 * remembered, so names that share a suffix pay for it once, and an honest message needs far less than a step an octet.
 * DESIGN §8 would allow four; at one the worst message of 65,535 octets stays below a millisecond (bench/decode.ts).
 */
export class DecompressionWork {
  readonly limit: number;
  steps = 0;
  /** Octets of the name that `expandName` wrote last. */
  nameOctets = 0;
  /** Made when the first is remembered. */
  #expansions: Map<number, Expansion> | null = null;

  constructor(messageOctets: number, limit = messageOctets + 4096) {
    this.limit = limit;
  }

  expansion(target: number): Expansion | null {
    return this.#expansions?.get(target) ?? null;
  }

  remember(target: number, octets: Uint8Array, hops: number): void {
    this.#expansions ??= new Map();
    if (this.#expansions.size < EXPANSIONS_MAX) this.#expansions.set(target, { name: Name.fromChecked(octets), hops });
  }

  /** What stands whole and without pointers at `target` is this name. */
  expect(target: number, name: Name): void {
    this.#expansions ??= new Map();
    this.#expansions.set(target, { name, hops: 0 });
  }
}

export interface ReadName {
  readonly name: Name;
  /** Where the message goes on after the name. */
  readonly end: number;
}

/** Room for the name that is being read; nothing of it outlives the call that uses it. */
const scratch = new Uint8Array(NAME_OCTETS_MAX);

/** Reads the name at `at`. Throws WireError when there is none, or when the message's allowance is spent. */
export function readName(message: Uint8Array, at: number, work: DecompressionWork): ReadName {
  if (at >= message.length || message[at]! < 0xc0) {
    const end = expandName(message, at, scratch, 0, work);
    return { name: Name.fromChecked(scratch.subarray(0, work.nameOctets)), end };
  }
  // Owners are mostly nothing but a pointer, and to a name that was met before: the same object serves.
  const target = pointerTarget(message, at, at);
  if (work.expansion(target) === null) expandName(message, at, scratch, 0, work);
  const known = work.expansion(target);
  if (known === null) return { name: Name.fromChecked(scratch.subarray(0, work.nameOctets)), end: at + 2 };
  if (known.hops >= POINTER_HOPS_MAX) throw new WireError("a name has too many compression pointers", at);
  return { name: known.name, end: at + 2 };
}

/**
 * Writes the name at `at` uncompressed to `out` from `outAt`, its length to `work.nameOctets`, and returns where the
 * message goes on after it. Allocates nothing. Throws WireError as readName does, and when `out` is too short.
 */
export function expandName(
  message: Uint8Array,
  at: number,
  out: Uint8Array,
  outAt: number,
  work: DecompressionWork,
): number {
  const room = Math.min(out.length, outAt + NAME_OCTETS_MAX);
  let from = at;
  let to = outAt;
  let segment = at; // Where the run of labels that is being read began: a pointer must go to before it.
  let end = -1;
  let hops = 0;
  let firstTarget = 0;
  let firstTo = 0;
  for (;;) {
    if (++work.steps > work.limit) throw new WireError("names cost more work than a message of this length may", at);
    if (from >= message.length) throw new WireError("the message ends inside a name", at);
    const length = message[from]!;
    if (length >= 0xc0) {
      const target = pointerTarget(message, from, segment);
      const known = work.expansion(target);
      hops += 1 + (known === null ? 0 : known.hops);
      if (hops > POINTER_HOPS_MAX) throw new WireError("a name has too many compression pointers", at);
      if (end < 0) {
        end = from + 2;
        firstTarget = target;
        firstTo = to;
      }
      segment = from = target;
      if (known === null) continue;
      to = append(known.name.octets, out, to, room, at);
      break;
    }
    if (length > 0x3f) throw new WireError("a label has a reserved type (RFC 6891 §5)", from);
    if (from + length >= message.length) throw new WireError("the message ends inside a label", from);
    if (to + length + 1 > room) throw new WireError("a name is longer than 255 octets", at);
    for (let i = 0; i <= length; i++) out[to + i] = message[from + i]!;
    from += length + 1;
    to += length + 1;
    if (length === 0) break;
  }
  work.nameOctets = to - outAt;
  if (end < 0) return from;
  if (work.expansion(firstTarget) === null) work.remember(firstTarget, out.subarray(firstTo, to), hops - 1);
  return end;
}

/** Where the pointer at `from` goes to, which must be before the run of labels that it ends. */
function pointerTarget(message: Uint8Array, from: number, segment: number): number {
  if (from + 1 >= message.length) throw new WireError("the message ends inside a compression pointer", from);
  const target = ((message[from]! & 0x3f) << 8) | message[from + 1]!;
  if (target >= segment) throw new WireError("a compression pointer does not go backwards", from);
  if (target < HEADER_OCTETS) throw new WireError("a compression pointer goes into the header", from);
  return target;
}

/** Appends an expansion; returns where it ends. */
function append(octets: Uint8Array, out: Uint8Array, to: number, room: number, at: number): number {
  if (to + octets.length > room) throw new WireError("a name is longer than 255 octets", at);
  out.set(octets, to);
  return to + octets.length;
}

/** Where the message goes on after the name at `at`. Throws WireError; a pointer's target is not looked at. */
export function skipName(message: Uint8Array, at: number): number {
  let from = at;
  for (;;) {
    if (from >= message.length) throw new WireError("the message ends inside a name", at);
    const length = message[from]!;
    if (length >= 0xc0) {
      if (from + 1 >= message.length) throw new WireError("the message ends inside a compression pointer", from);
      if ((((length & 0x3f) << 8) | message[from + 1]!) >= at) {
        throw new WireError("a compression pointer does not go backwards", from);
      }
      return from + 2;
    }
    if (length > 0x3f) throw new WireError("a label has a reserved type (RFC 6891 §5)", from);
    from += length + 1;
    if (from - at > NAME_OCTETS_MAX) throw new WireError("a name is longer than 255 octets", at);
    if (length === 0) return from;
  }
}
