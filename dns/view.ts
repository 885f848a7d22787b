/**
 * A request read in place, without a copy and without an object (RFC 1035 §4.1, RFC 6891, RFC 8945 §5.1, RFC 9619): what a
 * server must know before it can answer. One view is made for each transport and used for every request. It says where
 * things stand and whether the message is whole; what they mean is the name server's. RDATA is looked into only for OPT.
 */
import { OPCODE, OPTION, TYPE } from "./codes.ts";
import { DNSSEC_OK, EDNS_OPTIONS_MAX, isCookieLength } from "./edns.ts";
import { NAME_OCTETS_MAX } from "./name.ts";
import { HEADER_OCTETS } from "./wire.ts";

/**
 * - `ok`: whole; all fields hold.
 * - `formerr`: the header holds, and the question when `questionEnd` is not 0; `fault` says what is wrong.
 * - `notimp`: the header holds; the opcode is none that we know, so nothing after the header was read.
 * - `silent`: no header, or a response; nothing holds and nothing is to be sent.
 */
export type RequestOutcome = "ok" | "formerr" | "notimp" | "silent";

/** The bits of a header's second word (RFC 1035 §4.1.1, RFC 4035 §3). */
export const FLAG = {
  RESPONSE: 0x8000,
  AUTHORITATIVE: 0x0400,
  TRUNCATED: 0x0200,
  RECURSION_DESIRED: 0x0100,
  RECURSION_AVAILABLE: 0x0080,
  AUTHENTIC_DATA: 0x0020,
  CHECKING_DISABLED: 0x0010,
} as const;

const ADDITIONAL = 3;

export class RequestView {
  octets: Uint8Array = new Uint8Array(0);
  length = 0;
  /** What is wrong with the message when the outcome is `formerr`, for logs; empty otherwise. */
  fault = "";

  id = 0;
  /** The header's second word as it came; see FLAG. */
  flags = 0;
  opcode = 0;
  questionCount = 0;
  answerCount = 0;
  authorityCount = 0;
  additionalCount = 0;

  /** The question's name stands at octet 12, uncompressed; 0 octets when there is no question. */
  nameOctets = 0;
  /** Labels of the question's name, the root's not counted. */
  labelCount = 0;
  qtype = 0;
  qclass = 0;
  /** Where the question ends; 12 when there is none, 0 when it could not be read. */
  questionEnd = 0;

  /** Whether there is an OPT; the fields up to `optionsOctets` are zero when not. */
  hasEdns = false;
  ednsVersion = 0;
  /** As sent, which may be below 512. */
  payloadOctets = 0;
  dnssecOk = false;
  /** OPT's RDATA. */
  optionsOffset = 0;
  optionsOctets = 0;
  /** The first COOKIE option's data (RFC 7873 §4 says to pass over further ones); -1 when there is none. */
  cookieOffset = -1;
  cookieOctets = 0;
  asksNsid = false;
  /** An edns-tcp-keepalive option came (RFC 7828). */
  asksKeepalive = false;
  /** A ZONEVERSION option came (RFC 9660). */
  asksZoneVersion = false;
  /** One came that is not empty, as a query's is (RFC 9660 §3.1): whole in itself, and no query that can be answered. */
  hasBadZoneVersion = false;
  /** An EXPIRE option came (RFC 7314). */
  asksExpire = false;

  /** Where a TSIG record begins, which is then the last of the message (RFC 8945 §5.1); -1 when there is none. */
  tsigOffset = -1;

  get recursionDesired(): boolean {
    return (this.flags & FLAG.RECURSION_DESIRED) !== 0;
  }

  get checkingDisabled(): boolean {
    return (this.flags & FLAG.CHECKING_DISABLED) !== 0;
  }

  /** Reads the first `length` octets. The view keeps pointing into `octets` until the next call. */
  parse(octets: Uint8Array, length: number): RequestOutcome {
    this.#forget(octets, length);
    if (length < HEADER_OCTETS) return "silent";
    this.id = this.#word(0);
    this.flags = this.#word(2);
    this.opcode = (this.flags >> 11) & 15;
    this.questionCount = this.#word(4);
    this.answerCount = this.#word(6);
    this.authorityCount = this.#word(8);
    this.additionalCount = this.#word(10);
    if ((this.flags & FLAG.RESPONSE) !== 0) return "silent"; // Answering responses lets two servers talk for ever.
    const opcode = this.opcode;
    if (opcode !== OPCODE.QUERY && opcode !== OPCODE.NOTIFY && opcode !== OPCODE.UPDATE) return "notimp";
    if (this.questionCount > 1) return this.#refuse("more than one question (RFC 9619)");
    const at = this.#readQuestion();
    if (at < 0) return "formerr";
    // Nearly every request has no more than an OPT, or nothing at all.
    if (this.#readRecords(at) !== length) {
      return this.fault === "" ? this.#refuse("octets follow the last record") : "formerr";
    }
    return "ok";
  }

  /** Where the data of the first option with this code begins, or -1; its length is `optionLength` of that place. */
  findOption(code: number): number {
    const end = this.optionsOffset + this.optionsOctets;
    for (let at = this.optionsOffset; at < end; at += 4 + this.#word(at + 2)) {
      if (this.#word(at) === code) return at + 4;
    }
    return -1;
  }

  /** Octets of the option whose data begins at `dataOffset`. */
  optionLength(dataOffset: number): number {
    return this.#word(dataOffset - 2);
  }

  #forget(octets: Uint8Array, length: number): void {
    this.octets = octets;
    this.length = length;
    this.fault = "";
    this.nameOctets = 0;
    this.labelCount = 0;
    this.qtype = 0;
    this.qclass = 0;
    this.questionEnd = 0;
    this.hasEdns = false;
    this.ednsVersion = 0;
    this.payloadOctets = 0;
    this.dnssecOk = false;
    this.optionsOffset = 0;
    this.optionsOctets = 0;
    this.cookieOffset = -1;
    this.cookieOctets = 0;
    this.asksNsid = false;
    this.asksKeepalive = false;
    this.asksZoneVersion = false;
    this.hasBadZoneVersion = false;
    this.asksExpire = false;
    this.tsigOffset = -1;
  }

  #word(at: number): number {
    return (this.octets[at]! << 8) | this.octets[at + 1]!;
  }

  #refuse(fault: string): "formerr" {
    this.fault = fault;
    return "formerr";
  }

  /** Where the question ends, or -1 after setting `fault`. */
  #readQuestion(): number {
    if (this.questionCount === 0) return (this.questionEnd = HEADER_OCTETS);
    const octets = this.octets;
    const length = this.length;
    let at = HEADER_OCTETS;
    let labels = 0;
    while (at < length && octets[at] !== 0) {
      // Nothing stands before the first name that a pointer could go to.
      if (octets[at]! > 63) return this.#fail("the question's name has a bad label or a pointer");
      at += octets[at]! + 1;
      labels++;
    }
    at++;
    if (at - HEADER_OCTETS > NAME_OCTETS_MAX) return this.#fail("the question's name is longer than 255 octets");
    if (at + 4 > length) return this.#fail("the message ends inside its question");
    this.nameOctets = at - HEADER_OCTETS;
    this.labelCount = labels;
    this.qtype = this.#word(at);
    this.qclass = this.#word(at + 2);
    return (this.questionEnd = at + 4);
  }

  #fail(fault: string): number {
    this.fault = fault;
    return -1;
  }

  /** Where the last record ends, or -1 after setting `fault`. */
  #readRecords(start: number): number {
    let at = start;
    const before = this.answerCount + this.authorityCount;
    const all = before + this.additionalCount;
    for (let i = 0; i < all && at >= 0; i++) {
      at = this.#readRecord(at, i < before ? 0 : ADDITIONAL, i === all - 1);
    }
    return at;
  }

  /** Where the record at `start` ends, or -1 after setting `fault`. */
  #readRecord(start: number, section: number, isLast: boolean): number {
    const nameEnd = this.#skipName(start);
    if (nameEnd < 0) return -1;
    if (nameEnd + 10 > this.length) return this.#fail("the message ends inside a record");
    const type = this.#word(nameEnd);
    const end = nameEnd + 10 + this.#word(nameEnd + 8);
    if (end > this.length) return this.#fail("RDLENGTH goes beyond the message");
    if (type === TYPE.OPT) return this.#readOpt(start, nameEnd, section) ? end : -1;
    if (type === TYPE.TSIG) {
      if (section !== ADDITIONAL || !isLast) return this.#fail("TSIG is not the last record (RFC 8945 §5.1)");
      this.tsigOffset = start;
    }
    return end;
  }

  /** As `skipName` of wire.ts, with an outcome in place of an error. */
  #skipName(start: number): number {
    const octets = this.octets;
    const length = this.length;
    let at = start;
    while (at < length) {
      const label = octets[at]!;
      if (label >= 0xc0) {
        if (at + 1 >= length) break;
        return (((label & 0x3f) << 8) | octets[at + 1]!) < start ? at + 2 : this.#fail("a pointer goes forwards");
      }
      if (label > 63) return this.#fail("a label has a reserved type (RFC 6891 §5)");
      at += label + 1;
      if (at - start > NAME_OCTETS_MAX) return this.#fail("a name is longer than 255 octets");
      if (label === 0) return at;
    }
    return this.#fail("the message ends inside a name");
  }

  #readOpt(start: number, nameEnd: number, section: number): boolean {
    if (section !== ADDITIONAL) return this.#isBad("OPT outside the additional section");
    if (this.hasEdns) return this.#isBad("more than one OPT (RFC 6891 §6.1.1)");
    if (nameEnd !== start + 1) return this.#isBad("OPT is not at the root (RFC 6891 §6.1.2)");
    this.hasEdns = true;
    this.payloadOctets = this.#word(nameEnd + 2);
    this.ednsVersion = this.octets[nameEnd + 5]!;
    this.dnssecOk = (this.#word(nameEnd + 6) & DNSSEC_OK) !== 0;
    this.optionsOffset = nameEnd + 10;
    this.optionsOctets = this.#word(nameEnd + 8);
    // Another version's options are not ours to judge: the answer is BADVERS whatever they are (RFC 6891 §6.1.3).
    return this.ednsVersion !== 0 || this.#readOptions();
  }

  #readOptions(): boolean {
    const end = this.optionsOffset + this.optionsOctets;
    let at = this.optionsOffset;
    for (let count = 0; at < end; count++) {
      if (count === EDNS_OPTIONS_MAX) return this.#isBad("OPT has too many options");
      if (at + 4 > end) return this.#isBad("OPT ends inside an option's head");
      const code = this.#word(at);
      const octets = this.#word(at + 2);
      at += 4;
      if (at + octets > end) return this.#isBad("an EDNS option is longer than its OPT");
      if (code === OPTION.COOKIE && this.cookieOffset < 0) {
        if (!isCookieLength(octets)) return this.#isBad("a cookie has 8 or 16 to 40 octets (RFC 7873 §5.2.2)");
        this.cookieOffset = at;
        this.cookieOctets = octets;
      } else if (code === OPTION.NSID) {
        this.asksNsid = true;
      } else if (code === OPTION.TCP_KEEPALIVE) {
        this.asksKeepalive = true;
      } else if (code === OPTION.ZONEVERSION) {
        if (octets > 0) this.hasBadZoneVersion = true;
        else this.asksZoneVersion = true;
      } else if (code === OPTION.EXPIRE) {
        this.asksExpire = true;
      }
      at += octets;
    }
    return true;
  }

  /** Options that are not whole are not to be walked by `findOption` either. */
  #isBad(fault: string): false {
    this.fault = fault;
    this.optionsOctets = 0;
    return false;
  }
}
