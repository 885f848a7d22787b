/**
 * Messages as values (RFC 1035 §4.1, RFC 6891, RFC 2136 §2, RFC 9619), for clients, tools and tests.
 * A server's way from octets to octets makes no such values: `view.ts` reads its requests, `writer.ts` its responses.
 */
import { assert, equalOctets } from "../base/index.ts";
import { CLASS, OPCODE, RCODE, TYPE } from "./codes.ts";
import { decodeOptions, DNSSEC_OK, type Edns, encodeOptions } from "./edns.ts";
import { type Name } from "./name.ts";
import { rdataType } from "./rdata.ts";
import { type Question, type Rr, type Rrset, sanitizeTtl } from "./rrset.ts";
import { FLAG } from "./view.ts";
import { DecompressionWork, HEADER_OCTETS, MESSAGE_OCTETS_MAX, readName, WireError } from "./wire.ts";
import { MessageWriter, OPT_OCTETS, SECTION } from "./writer.ts";

export interface Message {
  readonly id: number;
  readonly opcode: number;
  /** All twelve bits: the header's four and OPT's eight above them (RFC 6891 §6.1.3). */
  readonly rcode: number;
  /** QR. */
  readonly response: boolean;
  /** AA. */
  readonly authoritative: boolean;
  /** TC. */
  readonly truncated: boolean;
  /** RD. */
  readonly recursionDesired: boolean;
  /** RA. */
  readonly recursionAvailable: boolean;
  /** AD (RFC 4035 §3.2.3). */
  readonly authenticData: boolean;
  /** CD (RFC 4035 §3.2.2). */
  readonly checkingDisabled: boolean;
  readonly question: readonly Question[];
  readonly answer: readonly Rr[];
  readonly authority: readonly Rr[];
  /** Without OPT, which is `edns`. */
  readonly additional: readonly Rr[];
  readonly edns: Edns | null;
}

/** A query that asks nothing, to be filled in: no flag is set, no section has anything, and there is no EDNS. The transport gives it its id. */
export const emptyMessage: Message = {
  id: 0,
  opcode: OPCODE.QUERY,
  rcode: RCODE.NOERROR,
  response: false,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  question: [],
  answer: [],
  authority: [],
  additional: [],
  edns: null,
};

/** What encodeMessage may be told. */
export interface EncodeOptions {
  /** The most octets the result may have: 65,535 unless told. */
  readonly octetsMax?: number;
}

/**
 * Reads a whole message. RDATA comes out uncompressed and checked against its type. Throws WireError for whatever is not
 * exactly one message: cut short, followed by more octets, two questions (RFC 9619), two OPTs, a name that loops.
 */
export function decodeMessage(octets: Uint8Array): Message {
  return new Decoder(octets, null).message();
}

/** As decodeMessage, for a message that was checked to repeat this question octet by octet: the question's name is used again. */
export function decodeReplyTo(question: Question, octets: Uint8Array): Message {
  return new Decoder(octets, question).message();
}

/**
 * The message with its names compressed. When it would be longer than `octetsMax`, whole RRsets are left out from the
 * end and TC is set, unless only additional data went that the answer does not depend on (RFC 2181 §9). OPT always stays.
 */
export function encodeMessage(message: Message, options: EncodeOptions = {}): Uint8Array {
  writer.begin(Math.min(options.octetsMax ?? MESSAGE_OCTETS_MAX, MESSAGE_OCTETS_MAX));
  writer.id = message.id;
  const { edns } = message;
  assert(edns !== null || message.rcode <= 15, "an RCODE above 15 needs EDNS");
  const optRdata = edns === null ? null : encodeOptions(edns.options);
  const hasRoom = optRdata === null || writer.reserve(OPT_OCTETS + optRdata.length);
  assert(hasRoom, "the limit leaves room for OPT");
  for (const { name, type, class: qclass } of message.question) {
    const fits = writer.writeQuestion(name.octets, 0, type, qclass);
    assert(fits, "the limit leaves room for the question");
  }
  writer.setCount(SECTION.QUESTION, message.question.length);
  const truncated = message.truncated || !writeSections(writer, message);
  writer.release();
  if (edns !== null && optRdata !== null) {
    const flags = edns.dnssecOk ? edns.flags | DNSSEC_OK : edns.flags & ~DNSSEC_OK;
    writer.writeOpt(edns.payloadOctets, message.rcode >> 4, edns.version, flags);
    for (const { code, data } of edns.options) writer.writeOption(code, data, 0, data.length);
  }
  writer.flags = flagsWord(message, truncated);
  return scratch.slice(0, writer.finish());
}

/** Every message is put together here and copied out, so that encoding need not know its length beforehand. */
const scratch = new Uint8Array(MESSAGE_OCTETS_MAX);
/** One for all messages, because its table of names costs more to make than a message to write. */
const writer = new MessageWriter(scratch);

/**
 * RRsets in order of first appearance. Records whose TTLs differ get the lowest (RFC 2181 §5.2). RRSIG records are put
 * together by the type they cover, because that is the RRset whose TTL and fate they share (RFC 4034 §3).
 */
export function groupRrsets(records: readonly Rr[]): Rrset[] {
  if (records.length <= 1) return records.map(rrsetOf);
  const groups = new Map<string, { first: Rr; ttlSeconds: number; rdatas: Uint8Array[] }>();
  for (const record of records) {
    const key = `${record.type} ${record.class} ${coveredType(record)} ${record.owner.key}`;
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { first: record, ttlSeconds: record.ttlSeconds, rdatas: [record.rdata] });
    } else {
      group.ttlSeconds = Math.min(group.ttlSeconds, record.ttlSeconds);
      if (!group.rdatas.some((rdata) => equalOctets(rdata, record.rdata))) group.rdatas.push(record.rdata);
    }
  }
  return [...groups.values()].map(({ first, ttlSeconds, rdatas }) => ({
    owner: first.owner,
    type: first.type,
    class: first.class,
    ttlSeconds,
    rdatas,
  }));
}

function rrsetOf({ owner, type, class: rrClass, ttlSeconds, rdata }: Rr): Rrset {
  return { owner, type, class: rrClass, ttlSeconds, rdatas: [rdata] };
}

function coveredType({ type, rdata }: Rr): number {
  return type === TYPE.RRSIG && rdata.length >= 2 ? (rdata[0]! << 8) | rdata[1]! : 0;
}

class Decoder {
  readonly #octets: Uint8Array;
  readonly #work: DecompressionWork;
  readonly #known: Question | null;
  #at = HEADER_OCTETS;
  #edns: Edns | null = null;
  #extendedRcode = 0;

  constructor(octets: Uint8Array, known: Question | null) {
    this.#octets = octets;
    this.#known = known;
    this.#work = new DecompressionWork(octets.length);
  }

  message(): Message {
    const octets = this.#octets;
    if (octets.length < HEADER_OCTETS) throw new WireError("a message has at least 12 octets", octets.length);
    if (octets.length > MESSAGE_OCTETS_MAX) throw new WireError("a message has at most 65535 octets", 0);
    const flags = this.#word(2);
    if (this.#word(4) > 1) throw new WireError("more than one question (RFC 9619)", 4);
    const question = this.#word(4) === 0 ? [] : [this.#question()];
    const answer = this.#section(this.#word(6), false);
    const authority = this.#section(this.#word(8), false);
    const additional = this.#section(this.#word(10), true);
    if (this.#at !== octets.length) throw new WireError("octets follow the last record", this.#at);
    return {
      id: this.#word(0),
      opcode: (flags >> 11) & 15,
      rcode: (this.#extendedRcode << 4) | (flags & 15),
      response: (flags & FLAG.RESPONSE) !== 0,
      authoritative: (flags & FLAG.AUTHORITATIVE) !== 0,
      truncated: (flags & FLAG.TRUNCATED) !== 0,
      recursionDesired: (flags & FLAG.RECURSION_DESIRED) !== 0,
      recursionAvailable: (flags & FLAG.RECURSION_AVAILABLE) !== 0,
      authenticData: (flags & FLAG.AUTHENTIC_DATA) !== 0,
      checkingDisabled: (flags & FLAG.CHECKING_DISABLED) !== 0,
      question,
      answer,
      authority,
      additional,
      edns: this.#edns,
    };
  }

  #word(at: number): number {
    return (this.#octets[at]! << 8) | this.#octets[at + 1]!;
  }

  #need(octets: number): void {
    if (this.#at + octets > this.#octets.length) throw new WireError("the message ends too early", this.#at);
  }

  #question(): Question {
    if (this.#known !== null) {
      this.#work.expect(this.#at, this.#known.name);
      this.#at += this.#known.name.octets.length + 4;
      return this.#known;
    }
    const { name, end } = readName(this.#octets, this.#at, this.#work);
    this.#at = end;
    this.#need(4);
    this.#at += 4;
    return { name, type: this.#word(end), class: this.#word(end + 2) };
  }

  #section(count: number, isAdditional: boolean): Rr[] {
    const records: Rr[] = [];
    for (let i = 0; i < count; i++) {
      const start = this.#at;
      const owner = this.#owner();
      this.#need(10);
      if (this.#word(this.#at) !== TYPE.OPT) records.push(this.#record(owner));
      else if (isAdditional && this.#edns === null && owner.isRoot) this.#opt();
      else throw new WireError("OPT twice, below the root, or outside the additional section (RFC 6891 §6.1.1)", start);
    }
    return records;
  }

  #owner(): Name {
    const at = this.#at;
    const { name, end } = readName(this.#octets, at, this.#work);
    this.#at = end;
    return name;
  }

  #record(owner: Name): Rr {
    const at = this.#at;
    const type = this.#word(at);
    const rrClass = this.#word(at + 2);
    const ttlSeconds = sanitizeTtl(this.#word(at + 4) * 0x1_0000 + this.#word(at + 6));
    return { owner, type, class: rrClass, ttlSeconds, rdata: this.#rdata(type, rrClass) };
  }

  #rdata(type: number, rrClass: number): Uint8Array {
    const start = this.#at + 10;
    const end = start + this.#word(this.#at + 8);
    if (end > this.#octets.length) throw new WireError("RDLENGTH goes beyond the message", this.#at + 8);
    this.#at = end;
    // UPDATE alone has records of these classes with no RDATA at all, whatever the type (RFC 2136 §2.4, §2.5).
    const isUpdate = ((this.#octets[2]! >> 3) & 15) === OPCODE.UPDATE;
    if (start === end && isUpdate && (rrClass === CLASS.ANY || rrClass === CLASS.NONE)) return new Uint8Array(0);
    return rdataType(type).expand(this.#octets, start, end, this.#work);
  }

  #opt(): void {
    const at = this.#at;
    const start = at + 10;
    const end = start + this.#word(at + 8);
    if (end > this.#octets.length) throw new WireError("OPT goes beyond the message", at + 8);
    const flags = this.#word(at + 6);
    this.#extendedRcode = this.#octets[at + 4]!;
    this.#edns = {
      version: this.#octets[at + 5]!,
      payloadOctets: this.#word(at + 2),
      dnssecOk: (flags & DNSSEC_OK) !== 0,
      flags,
      options: start === end ? [] : decodeOptions(this.#octets.subarray(start, end)),
    };
    this.#at = end;
  }
}

function flagsWord(message: Message, truncated: boolean): number {
  return (
    ((message.opcode & 15) << 11) |
    (message.rcode & 15) |
    (message.response ? FLAG.RESPONSE : 0) |
    (message.authoritative ? FLAG.AUTHORITATIVE : 0) |
    (truncated ? FLAG.TRUNCATED : 0) |
    (message.recursionDesired ? FLAG.RECURSION_DESIRED : 0) |
    (message.recursionAvailable ? FLAG.RECURSION_AVAILABLE : 0) |
    (message.authenticData ? FLAG.AUTHENTIC_DATA : 0) |
    (message.checkingDisabled ? FLAG.CHECKING_DISABLED : 0)
  );
}

/** Writes the three sections of records; false when something went missing that TC has to tell of. */
function writeSections(writer: MessageWriter, message: Message): boolean {
  if (!writeSection(writer, SECTION.ANSWER, message.answer)) return false;
  if (!writeSection(writer, SECTION.AUTHORITY, message.authority)) return false;
  if (writeSection(writer, SECTION.ADDITIONAL, message.additional)) return true;
  // In a referral the additional records are the glue without which it leads nowhere (RFC 9471 §3.1).
  const isReferral = message.answer.length === 0 && message.authority.some(({ type }) => type === TYPE.NS);
  return !isReferral;
}

/** Writes RRset by RRset, neighbours of one owner, class and type being one; stops at the first that does not fit. */
function writeSection(writer: MessageWriter, section: number, records: readonly Rr[]): boolean {
  for (let first = 0; first < records.length;) {
    const mark = writer.mark();
    let next = first;
    for (; next < records.length && isSameRrset(records[first]!, records[next]!); next++) {
      const { owner, type, class: rrClass, ttlSeconds, rdata } = records[next]!;
      if (!writer.writeRecord(owner.octets, 0, type, rrClass, ttlSeconds, rdata, 0, rdata.length)) {
        writer.rewind(mark);
        return false;
      }
    }
    writer.addCount(section, next - first);
    first = next;
  }
  return true;
}

function isSameRrset(a: Rr, b: Rr): boolean {
  return a.type === b.type && a.class === b.class && (a.owner === b.owner || a.owner.equals(b.owner));
}
