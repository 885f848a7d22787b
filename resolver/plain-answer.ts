/**
 * The one kind of response that a query thread understands by itself: an authoritative answer of addresses or text to just the question
 * that was asked, with nothing beside it but the zone's servers, their addresses and an OPT. It is judged where it lies, without an object a
 * record, and never more kindly than `decodeMessage` and `step.ts` judge it, who are the oracle (test/resolver/plain-answer.test.ts);
 * everything else is theirs. Hot.
 */
import { CLASS, LOWER_CASE, NAME_OCTETS_MAX, PAYLOAD_OCTETS_MAX, TYPE } from "../dns/index.ts";

const HEADER_OCTETS = 12;
const OPT_OCTETS = 11;
/** More than that is rare, and equal records are to be found in pairs. */
const ANSWERS_MAX = 16;
/** Of the other sections together. */
const OTHERS_MAX = 40;
/** Type, class, TTL and RDLENGTH. */
const FIXED_OCTETS = 10;
/** The same with a pointer for an owner. */
export const RECORD_HEAD_OCTETS = 12;
const TTL_MAX = 0x7fffffff;
/** Steps over labels and pointers in one message: less than `decodeMessage` allows the shortest one. */
const STEPS_MAX = 4_096;
const HOPS_MAX = 126;

/** Types whose RDATA holds no names. */
export function isPlainType(type: number): boolean {
  return type === TYPE.A || type === TYPE.AAAA || type === TYPE.TXT;
}

export interface PlainAsked {
  /** In lower case. */
  readonly question: Uint8Array;
  readonly questionEnd: number;
  readonly type: number;
}

export interface PlainLimits {
  readonly ttlSecondsMin: number;
  /** Longer lives are shortened by the cache, whose way of it is another. */
  readonly ttlSecondsMax: number;
}

/** Reads one response after another. */
export class PlainAnswer {
  /** The records of the answer section, `count` of them, their owners a pointer to the question: `length` octets of it. */
  readonly records = new Uint8Array(4_096);
  length = 0;
  count = 0;
  readonly #limits: PlainLimits;
  #octets: Uint8Array = this.records;
  #end = 0;
  #steps = 0;

  constructor(limits: PlainLimits) {
    this.#limits = limits;
  }

  /** False when the response is not of this kind. It is known to have the id and to repeat the question, of more than the root's name. */
  read(octets: Uint8Array, length: number, asked: PlainAsked): boolean {
    // AA, and neither TC nor RD; NOERROR.
    if (octets[2] !== 0x84 || (octets[3]! & 0x0f) !== 0 || word(octets, 4) !== 1) return false;
    const answers = word(octets, 6);
    const authority = word(octets, 8);
    const additional = word(octets, 10);
    if (answers === 0 || answers > ANSWERS_MAX || authority + additional > OTHERS_MAX) return false;
    this.#octets = octets;
    this.#end = length;
    this.#steps = 0;
    this.length = 0;
    this.count = answers;
    let at = this.#readAnswers(answers, asked);
    for (let i = 0; i < authority && at > 0; i++) at = this.#afterServer(at);
    return at > 0 && this.#areAddresses(at, additional);
  }

  /** Where the answer section ends; 0 when it is none of ours. */
  #readAnswers(count: number, { question, questionEnd, type }: PlainAsked): number {
    const { ttlSecondsMin, ttlSecondsMax } = this.#limits;
    const octets = this.#octets;
    const nameOctets = questionEnd - 4 - HEADER_OCTETS;
    let at = questionEnd;
    let ttl = -1;
    for (let i = 0; i < count; i++) {
      // Who keeps the case of a name does not point to the question's, but to that of the first record.
      const isPointer = this.#isPointer(at, HEADER_OCTETS) || (i > 0 && this.#isPointer(at, questionEnd));
      const fixed = at + (isPointer ? 2 : nameOctets);
      if (!isPointer && !this.#isName(at, question, nameOctets)) return 0;
      if (fixed + FIXED_OCTETS > this.#end) return 0;
      const own = longWord(octets, fixed + 4);
      if (i === 0) ttl = own;
      if (word(octets, fixed) !== type || word(octets, fixed + 2) !== CLASS.IN || own !== ttl) return 0;
      const start = fixed + FIXED_OCTETS;
      at = start + word(octets, fixed + 8);
      if (at > this.#end || !isWhole(octets, start, at, type) || !this.#add(fixed, at)) return 0;
    }
    return ttl < Math.max(1, ttlSecondsMin) || ttl > Math.min(ttlSecondsMax, TTL_MAX) ? 0 : at;
  }

  /** False when there is no room, or the same RDATA was there before. */
  #add(fixed: number, end: number): boolean {
    const { records, length } = this;
    const octets = this.#octets;
    const size = 2 + end - fixed;
    if (length + size > records.length) return false;
    records[length] = 0xc0;
    records[length + 1] = HEADER_OCTETS;
    for (let i = fixed; i < end; i++) records[length + 2 + i - fixed] = octets[i]!;
    for (let other = 0; other < length;) {
      const otherSize = RECORD_HEAD_OCTETS + word(records, other + 10);
      let i = otherSize === size ? RECORD_HEAD_OCTETS : size + 1;
      while (i < size && records[other + i] === records[length + i]) i++;
      if (i === size) return false;
      other += otherSize;
    }
    this.length = length + size;
    return true;
  }

  /** An NS record of class IN; where it ends, or 0. */
  #afterServer(start: number): number {
    const fixed = this.#afterName(start);
    if (fixed === 0 || fixed + FIXED_OCTETS > this.#end) return 0;
    if (word(this.#octets, fixed) !== TYPE.NS || word(this.#octets, fixed + 2) !== CLASS.IN) return 0;
    const end = fixed + FIXED_OCTETS + word(this.#octets, fixed + 8);
    return end <= this.#end && this.#afterName(fixed + FIXED_OCTETS) === end ? end : 0;
  }

  /** Whether the rest of the message is so many addresses, and at most one OPT among them. */
  #areAddresses(start: number, count: number): boolean {
    const octets = this.#octets;
    let at = start;
    let hasOpt = false;
    for (let i = 0; i < count; i++) {
      const fixed = this.#afterName(at);
      if (fixed === 0 || fixed + FIXED_OCTETS > this.#end) return false;
      const type = word(octets, fixed);
      const end = fixed + FIXED_OCTETS + word(octets, fixed + 8);
      if (type === TYPE.OPT) {
        // At the root, without extended RCODE and without options.
        if (hasOpt || fixed !== at + 1 || octets[fixed + 4] !== 0 || end !== fixed + FIXED_OCTETS) return false;
        hasOpt = true;
      } else if (type === TYPE.TXT || !isPlainType(type) || word(octets, fixed + 2) !== CLASS.IN) {
        return false;
      } else if (end > this.#end || !isWhole(octets, fixed + FIXED_OCTETS, end, type)) {
        return false;
      }
      at = end;
    }
    return at === this.#end;
  }

  /** Where the message goes on after the name at `start`, which may be compressed (as `expandName` of dns/wire.ts); 0 when there is none. */
  #afterName(start: number): number {
    const octets = this.#octets;
    let from = start;
    // A pointer must go to before the run of labels that it ends.
    let run = start;
    let end = 0;
    let hops = 0;
    let nameOctets = 0;
    while (from < this.#end && this.#steps++ < STEPS_MAX) {
      const label = octets[from]!;
      if (label >= 0xc0) {
        const target = ((label & 0x3f) << 8) | (octets[from + 1] ?? 0);
        if (from + 1 >= this.#end || target < HEADER_OCTETS || target >= run || ++hops > HOPS_MAX) return 0;
        if (end === 0) end = from + 2;
        run = from = target;
        continue;
      }
      nameOctets += label + 1;
      from += label + 1;
      if (label > 63 || nameOctets > NAME_OCTETS_MAX || from > this.#end) return 0;
      if (label === 0) return end === 0 ? from : end;
    }
    return 0;
  }

  #isPointer(at: number, target: number): boolean {
    return at + 2 <= this.#end && this.#octets[at] === 0xc0 && this.#octets[at + 1] === target;
  }

  /** Whether the question's name stands there without a pointer, in any case. */
  #isName(at: number, question: Uint8Array, nameOctets: number): boolean {
    if (at + nameOctets > this.#end) return false;
    for (let i = 0; i < nameOctets; i++) if (LOWER_CASE[this.#octets[at + i]!] !== question[i]) return false;
    return true;
  }
}

function isWhole(octets: Uint8Array, start: number, end: number, type: number): boolean {
  if (type === TYPE.A) return end - start === 4;
  if (type === TYPE.AAAA) return end - start === 16;
  let at = start;
  while (at < end) at += octets[at]! + 1;
  return at === end && end > start;
}

/** Writes an OPT that says what we take, and returns where it ends. */
export function writePlainOpt(octets: Uint8Array, at: number): number {
  octets.fill(0, at, at + OPT_OCTETS);
  octets[at + 2] = TYPE.OPT;
  octets[at + 3] = PAYLOAD_OCTETS_MAX >> 8;
  octets[at + 4] = PAYLOAD_OCTETS_MAX & 0xff;
  return at + OPT_OCTETS;
}

function word(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}

function longWord(octets: Uint8Array, at: number): number {
  return word(octets, at) * 0x1_0000 + word(octets, at + 2);
}
