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

/** The work that names of one message may cost together: one step for each label and each pointer. */
export class DecompressionWork {
  readonly limit: number;
  steps = 0;
  /** Octets of the name that `expandName` wrote last. */
  nameOctets = 0;

  constructor(messageOctets: number, limit = 4 * messageOctets + 4096) {
    this.limit = limit;
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
  const end = expandName(message, at, scratch, 0, work);
  return { name: Name.fromWire(scratch.subarray(0, work.nameOctets)), end };
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
  for (;;) {
    if (++work.steps > work.limit) throw new WireError("names cost more work than a message of this length may", at);
    if (from >= message.length) throw new WireError("the message ends inside a name", at);
    const length = message[from]!;
    if (length >= 0xc0) {
      if (from + 1 >= message.length) throw new WireError("the message ends inside a compression pointer", from);
      const target = ((length & 0x3f) << 8) | message[from + 1]!;
      if (target >= segment) throw new WireError("a compression pointer does not go backwards", from);
      if (target < HEADER_OCTETS) throw new WireError("a compression pointer goes into the header", from);
      if (++hops > POINTER_HOPS_MAX) throw new WireError("a name has too many compression pointers", at);
      if (end < 0) end = from + 2;
      segment = from = target;
      continue;
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
  return end < 0 ? from : end;
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
