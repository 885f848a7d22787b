/**
 * Writes messages in place: the one way in which Strata makes a message, a server's responses included, so it allocates
 * nothing (RFC 1035 §4.1; compression §4.1.4 and RFC 3597 §4; OPT RFC 6891 §6.1.2). What does not fit is not written, and
 * the caller decides what that means (TC, or leaving glue out).
 *
 * Compression keeps the case of every octet: a name is replaced only by exactly the same octets, because some clients
 * compare what they sent and some owners care how their names look. Offsets above 0x3fff are never pointed to.
 */
import { assert } from "../base/index.ts";
import { TYPE } from "./codes.ts";
import { Suffixes } from "./suffixes.ts";
import { HEADER_OCTETS } from "./wire.ts";

/** Sections of a message in their order; also the places of their counts in the header. */
export const SECTION = { QUESTION: 0, ANSWER: 1, AUTHORITY: 2, ADDITIONAL: 3 } as const;

/**
 * Where names that may be compressed stand in RDATA: octets before them, and how many. RFC 3597 §4 closes the list to the
 * types of RFC 1035, so it can never grow and stands here, where the server needs it without a detour.
 */
const COMPRESSED_NAMES: readonly (readonly [type: number, prefixOctets: number, names: number])[] = [
  [TYPE.NS, 0, 1],
  [TYPE.MD, 0, 1],
  [TYPE.MF, 0, 1],
  [TYPE.CNAME, 0, 1],
  [TYPE.SOA, 0, 2],
  [TYPE.MB, 0, 1],
  [TYPE.MG, 0, 1],
  [TYPE.MR, 0, 1],
  [TYPE.PTR, 0, 1],
  [TYPE.MINFO, 0, 2],
  [TYPE.MX, 2, 1],
];
const prefixOctetsOf = new Uint8Array(32);
const nameCountOf = new Uint8Array(32);
for (const [type, prefixOctets, names] of COMPRESSED_NAMES) {
  prefixOctetsOf[type] = prefixOctets;
  nameCountOf[type] = names;
}

/** Fewer octets are copied sooner by a loop than by set() of a subarray(), which makes an object (measured on Node 26). */
const COPIED_AT_ONCE_MIN = 64;

export class MessageWriter {
  octets: Uint8Array;
  /** Octets written so far. */
  length = 0;
  #limit = 0;
  #reserved = 0;
  /** Where the name that was written last stands whole; 0 for the root. */
  nameAt = 0;
  #optAt = -1;
  readonly #suffixes: Suffixes;
  /** Where the owner of the record that `writeRecord` wrote last stands whole, to be pointed at; 0 when that is the root. */
  ownerAt = 0;

  /** Writes into `octets`, always from its beginning. */
  constructor(octets: Uint8Array) {
    this.octets = octets;
    this.#suffixes = new Suffixes(octets);
  }

  /** From the next message on it writes there. */
  moveTo(octets: Uint8Array): void {
    this.octets = octets;
    this.#suffixes.moveTo(octets);
  }

  /** Octets that can still be written. */
  get room(): number {
    return this.#limit - this.length;
  }

  /** Starts a message of at most `limitOctets` with a header of zeros; whatever was written before is forgotten. */
  begin(limitOctets: number): void {
    assert(limitOctets >= HEADER_OCTETS, "a message has a header");
    this.#start(limitOctets);
    for (let i = 0; i < HEADER_OCTETS; i++) this.octets[i] = 0;
    this.length = HEADER_OCTETS;
  }

  /**
   * Starts a response: copies the request's header and its question, which ends at `questionEnd` (12 without a question), as
   * `RequestView` found them. The flags are the request's still; QDCOUNT is 1 or 0, the other counts 0.
   */
  beginResponse(request: Uint8Array, questionEnd: number, limitOctets: number): void {
    assert(limitOctets >= questionEnd && questionEnd >= HEADER_OCTETS, "a response has room for its question");
    this.#start(limitOctets);
    const octets = this.octets;
    for (let i = 0; i < 4; i++) octets[i] = request[i]!;
    for (let i = 4; i < HEADER_OCTETS; i++) octets[i] = 0;
    for (let i = HEADER_OCTETS; i < questionEnd; i++) octets[i] = request[i]!;
    this.length = questionEnd;
    if (questionEnd > HEADER_OCTETS) {
      octets[5] = 1;
      this.#suffixes.expectQuestion();
    }
  }

  #start(limitOctets: number): void {
    this.#limit = limitOctets < this.octets.length ? limitOctets : this.octets.length;
    this.#reserved = 0;
    this.#optAt = -1;
    this.#suffixes.forget();
  }

  set id(id: number) {
    this.#putWord(0, id);
  }

  get flags(): number {
    return (this.octets[2]! << 8) | this.octets[3]!;
  }

  /** The header's second word whole: QR, OPCODE, AA, TC, RD, RA, AD, CD, RCODE; see FLAG. */
  set flags(word: number) {
    this.#putWord(2, word);
  }

  /** The lower four bits of the RCODE; the upper eight go to `writeOpt`. */
  set rcode(rcode: number) {
    this.octets[3] = (this.octets[3]! & 0xf0) | (rcode & 15);
  }

  count(section: number): number {
    return (this.octets[4 + 2 * section]! << 8) | this.octets[5 + 2 * section]!;
  }

  setCount(section: number, count: number): void {
    this.#putWord(4 + 2 * section, count);
  }

  addCount(section: number, count: number): void {
    this.#putWord(4 + 2 * section, this.count(section) + count);
  }

  /** Keeps room for what must come last (OPT, TSIG). False, and nothing kept, when there is not that much. */
  reserve(octets: number): boolean {
    if (this.length + octets > this.#limit) return false;
    this.#limit -= octets;
    this.#reserved += octets;
    return true;
  }

  /** Gives back all that was reserved. */
  release(): void {
    this.#limit += this.#reserved;
    this.#reserved = 0;
  }

  /** A place to `rewind` to. Counts in the header are not part of it. */
  mark(): number {
    return (this.#suffixes.count << 16) | this.length;
  }

  /** Forgets all that was written since the mark: an RRset goes whole or not at all (RFC 2181 §9). */
  rewind(mark: number): void {
    this.length = mark & 0xffff;
    this.#suffixes.rewind(mark >> 16);
    if (this.#optAt >= this.length) this.#optAt = -1;
  }

  /** Writes a question; does not count it. False, and nothing written, when it does not fit. */
  writeQuestion(name: Uint8Array, nameOffset: number, type: number, qclass: number): boolean {
    const mark = this.mark();
    if (!this.#writeName(name, nameOffset)) return false;
    if (this.length + 4 > this.#limit) {
      this.rewind(mark);
      return false;
    }
    this.#appendWord(type);
    this.#appendWord(qclass);
    return true;
  }

  /**
   * Writes a record; does not count it. Owner and RDATA are uncompressed wire format and whole (`owner` and `rdata` may be
   * views of shared memory). Names are compressed, those in RDATA where the type allows it.
   * False, and nothing written, when it does not fit.
   */
  writeRecord(
    owner: Uint8Array,
    ownerOffset: number,
    type: number,
    rrClass: number,
    ttlSeconds: number,
    rdata: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
  ): boolean {
    const mark = this.mark();
    if (this.#writeName(owner, ownerOffset) && this.length + 10 <= this.#limit) {
      this.ownerAt = this.nameAt;
      this.#writeFixed(type, rrClass, ttlSeconds);
      if (this.#writeRdata(type, rdata, rdataOffset, rdataLength)) return true;
    }
    this.rewind(mark);
    return false;
  }

  /** As writeRecord; the owner is the name that stands at `ownerPointer` of this message (12 is the question's). */
  writeRecordAt(
    ownerPointer: number,
    type: number,
    rrClass: number,
    ttlSeconds: number,
    rdata: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
  ): boolean {
    // The root is one octet, a pointer to it would be two; a pointer has fourteen bits.
    if (this.octets[ownerPointer] === 0 || ownerPointer > 0x3fff) {
      return this.#writeRecordOfCopy(ownerPointer, type, rrClass, ttlSeconds, rdata, rdataOffset, rdataLength);
    }
    if (this.length + 14 > this.#limit) return false;
    if (type >= 32 || nameCountOf[type] === 0) {
      // Nothing in it is compressed, so its length is known, and nothing has to be taken back.
      if (this.length + 12 + rdataLength > this.#limit) return false;
      this.#appendWord(0xc000 | ownerPointer);
      this.#writeFixed(type, rrClass, ttlSeconds);
      this.#appendWord(rdataLength);
      this.#append(rdata, rdataOffset, rdataLength);
      return true;
    }
    const mark = this.mark();
    this.#appendWord(0xc000 | ownerPointer);
    this.#writeFixed(type, rrClass, ttlSeconds);
    if (this.#writeRdata(type, rdata, rdataOffset, rdataLength)) return true;
    this.rewind(mark);
    return false;
  }

  #writeRecordOfCopy(
    ownerOffset: number,
    type: number,
    rrClass: number,
    ttlSeconds: number,
    rdata: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
  ): boolean {
    return this.writeRecord(this.octets, ownerOffset, type, rrClass, ttlSeconds, rdata, rdataOffset, rdataLength);
  }

  /**
   * Writes an OPT without options and counts it. `extendedRcode` is the upper eight bits of the RCODE.
   * False, and nothing written, when it does not fit.
   */
  writeOpt(payloadOctets: number, extendedRcode: number, version: number, flags: number): boolean {
    if (this.length + OPT_OCTETS > this.#limit) return false;
    this.#optAt = this.length;
    this.octets[this.length++] = 0;
    this.#writeFixed(TYPE.OPT, payloadOctets, ((extendedRcode << 24) | (version << 16) | flags) >>> 0);
    this.#appendWord(0);
    this.addCount(SECTION.ADDITIONAL, 1);
    return true;
  }

  /** Appends an option to the OPT that was written last, with nothing after it. False when it does not fit. */
  writeOption(code: number, data: Uint8Array, dataOffset: number, dataLength: number): boolean {
    assert(this.#optAt >= 0, "an option needs its OPT written just before");
    if (this.length + 4 + dataLength > this.#limit) return false;
    this.#appendWord(code);
    this.#appendWord(dataLength);
    this.#append(data, dataOffset, dataLength);
    this.#putWord(this.#optAt + OPT_OCTETS - 2, this.length - this.#optAt - OPT_OCTETS);
    return true;
  }

  /** Ends the message and returns its length. */
  finish(): number {
    this.release();
    return this.length;
  }

  #putWord(at: number, word: number): void {
    this.octets[at] = word >> 8;
    this.octets[at + 1] = word;
  }

  #appendWord(word: number): void {
    const at = this.length;
    this.octets[at] = word >> 8;
    this.octets[at + 1] = word;
    this.length = at + 2;
  }

  #append(from: Uint8Array, offset: number, length: number): void {
    const octets = this.octets;
    const at = this.length;
    this.length = at + length;
    if (length >= COPIED_AT_ONCE_MIN) {
      octets.set(from.subarray(offset, offset + length), at);
      return;
    }
    for (let i = 0; i < length; i++) octets[at + i] = from[offset + i]!;
  }

  /** TYPE, CLASS and TTL. The caller has made sure of the room. */
  #writeFixed(type: number, rrClass: number, ttlSeconds: number): void {
    const octets = this.octets;
    const at = this.length;
    octets[at] = type >> 8;
    octets[at + 1] = type;
    octets[at + 2] = rrClass >> 8;
    octets[at + 3] = rrClass;
    octets[at + 4] = ttlSeconds >>> 24;
    octets[at + 5] = ttlSeconds >>> 16;
    octets[at + 6] = ttlSeconds >>> 8;
    octets[at + 7] = ttlSeconds;
    this.length = at + 8;
  }

  /** RDLENGTH and RDATA. When false, something may have been written; the caller rewinds. */
  #writeRdata(type: number, rdata: Uint8Array, offset: number, length: number): boolean {
    const names = type < 32 ? nameCountOf[type]! : 0;
    if (names === 0 || length === 0) {
      if (this.length + 2 + length > this.#limit) return false;
      this.#appendWord(length);
      this.#append(rdata, offset, length);
      return true;
    }
    const lengthAt = this.length;
    const prefix = prefixOctetsOf[type]!;
    if (lengthAt + 2 + prefix > this.#limit) return false;
    this.length += 2;
    this.#append(rdata, offset, prefix);
    let at = offset + prefix;
    for (let i = 0; i < names; i++) {
      if (!this.#writeName(rdata, at)) return false;
      at += this.#suffixes.nameOctets;
    }
    const rest = offset + length - at;
    assert(rest >= 0, "RDATA is whole");
    if (this.length + rest > this.#limit) return false;
    this.#append(rdata, at, rest);
    this.#putWord(lengthAt, this.length - lengthAt - 2);
    return true;
  }

  /** Writes a name, its longest known suffix as a pointer. False, and nothing written, when it does not fit. */
  #writeName(name: Uint8Array, offset: number): boolean {
    const suffixes = this.#suffixes;
    const pointer = suffixes.find(name, offset);
    const kept = suffixes.unmatchedOctets;
    const at = this.length;
    if (at + kept + (pointer === 0 ? 1 : 2) > this.#limit) return false;
    this.#append(name, offset, kept);
    if (pointer === 0) this.octets[this.length++] = 0;
    else this.#appendWord(0xc000 | pointer);
    if (kept > 0) suffixes.add(name, offset, at);
    this.nameAt = kept > 0 ? at : pointer;
    return true;
  }
}

/** Octets of an OPT without options: root, type, class, TTL, RDLENGTH. */
export const OPT_OCTETS = 11;
