/**
 * Messages in dns-packet's shape, both ways: what the library API and `--json` show and accept. The shape only; the octets
 * are always our own codec's (DESIGN §6 says why). Names are written without their last dot, with `\.` and `\DDD` escapes.
 * Where dns-packet ignores a field on encoding (`rcode`, `opcode`, `flag_aa` and the like) it counts here.
 */
import {
  classFromText,
  classToText,
  opcodeFromText,
  opcodeToText,
  rcodeFromText,
  rcodeToText,
  TYPE,
  typeFromText,
  typeToText,
  CLASS,
} from "./codes.ts";
import { DNSSEC_OK, type Edns, PAYLOAD_OCTETS_MAX } from "./edns.ts";
import { DataError } from "./field/field.ts";
import type { Message } from "./message.ts";
import { Name, NameError } from "./name.ts";
import { fromPacketOption, type PacketOption, type PacketOptionInput, toPacketOption } from "./packet-option.ts";
import { rdataType } from "./rdata.ts";
import type { Question, Rr } from "./rrset.ts";
import { FLAG } from "./view.ts";

export interface PacketQuestion {
  readonly name: string;
  readonly type: string;
  readonly class: string;
}

/** A record; the shape of `data` is its type's, a text for A and an object for MX. */
export interface PacketAnswer extends PacketQuestion {
  readonly ttl: number;
  readonly data: unknown;
}

/** EDNS, shown as the record it travels in. */
export interface PacketOpt {
  readonly name: ".";
  readonly type: "OPT";
  readonly udpPayloadSize: number;
  readonly extendedRcode: number;
  readonly ednsVersion: number;
  readonly flags: number;
  readonly flag_do: boolean;
  readonly options: readonly PacketOption[];
}

export interface Packet {
  readonly id: number;
  readonly type: "query" | "response";
  /** The header's second word without QR. */
  readonly flags: number;
  readonly flag_qr: boolean;
  readonly opcode: string;
  readonly flag_aa: boolean;
  readonly flag_tc: boolean;
  readonly flag_rd: boolean;
  readonly flag_ra: boolean;
  readonly flag_z: boolean;
  readonly flag_ad: boolean;
  readonly flag_cd: boolean;
  /** All twelve bits, so BADVERS can stand here. */
  readonly rcode: string;
  readonly questions: readonly PacketQuestion[];
  readonly answers: readonly PacketAnswer[];
  readonly authorities: readonly PacketAnswer[];
  readonly additionals: readonly (PacketAnswer | PacketOpt)[];
}

export interface PacketQuestionInput {
  readonly name: string;
  readonly type: string;
  readonly class?: string | undefined;
}

export interface PacketAnswerInput extends PacketQuestionInput {
  readonly ttl?: number | undefined;
  readonly data?: unknown;
  readonly udpPayloadSize?: number | undefined;
  readonly extendedRcode?: number | undefined;
  readonly ednsVersion?: number | undefined;
  readonly flags?: number | undefined;
  readonly flag_do?: boolean | undefined;
  readonly options?: readonly PacketOptionInput[] | undefined;
}

/** What fromPacket takes: anything left out is zero, false or empty. A flag given by name decides over its bit in `flags`. */
export interface PacketInput {
  readonly id?: number | undefined;
  readonly type?: "query" | "response" | undefined;
  readonly flags?: number | undefined;
  readonly opcode?: string | undefined;
  readonly rcode?: string | undefined;
  readonly flag_aa?: boolean | undefined;
  readonly flag_tc?: boolean | undefined;
  readonly flag_rd?: boolean | undefined;
  readonly flag_ra?: boolean | undefined;
  readonly flag_ad?: boolean | undefined;
  readonly flag_cd?: boolean | undefined;
  readonly questions?: readonly PacketQuestionInput[] | undefined;
  readonly answers?: readonly PacketAnswerInput[] | undefined;
  readonly authorities?: readonly PacketAnswerInput[] | undefined;
  readonly additionals?: readonly PacketAnswerInput[] | undefined;
}

export function toPacket(message: Message): Packet {
  return {
    id: message.id,
    type: message.response ? "response" : "query",
    flags: flagsOf(message),
    flag_qr: message.response,
    opcode: opcodeToText(message.opcode),
    flag_aa: message.authoritative,
    flag_tc: message.truncated,
    flag_rd: message.recursionDesired,
    flag_ra: message.recursionAvailable,
    flag_z: false,
    flag_ad: message.authenticData,
    flag_cd: message.checkingDisabled,
    rcode: rcodeToText(message.rcode),
    questions: message.question.map(toPacketQuestion),
    answers: message.answer.map(toPacketAnswer),
    authorities: message.authority.map(toPacketAnswer),
    additionals: [
      ...message.additional.map(toPacketAnswer),
      ...(message.edns === null ? [] : [toPacketOpt(message.edns, message.rcode)]),
    ],
  };
}

export function toPacketQuestion(question: Question): PacketQuestion {
  return {
    name: packetName(question.name),
    type: typeToText(question.type),
    class: classToText(question.class),
  };
}

/** A record; RDATA of no octets (RFC 2136 §2.4) shows as `data: null`. */
export function toPacketAnswer(rr: Rr): PacketAnswer {
  return {
    name: packetName(rr.owner),
    type: typeToText(rr.type),
    ttl: rr.ttlSeconds,
    class: classToText(rr.class),
    data: rr.rdata.length === 0 && isUpdateClass(rr.class) ? null : rdataType(rr.type).toData(rr.rdata),
  };
}

/** Throws DataError, with the place in it, when the packet cannot be a message. */
export function fromPacket(packet: PacketInput): Message {
  const flags = packet.flags ?? 0;
  const additionals = packet.additionals ?? [];
  const opts = additionals.filter(isOpt);
  if (opts.length > 1) throw new DataError("additionals: one OPT at most (RFC 6891 §6.1.1)");
  const opt = opts[0];
  const lowRcode = packet.rcode === undefined ? flags & 15 : rcodeOf(packet.rcode);
  const extendedRcode = opt?.extendedRcode ?? 0;
  const has = (given: boolean | undefined, bit: number): boolean => given ?? (flags & bit) !== 0;
  return {
    id: whole(packet.id ?? 0, 0xffff, "id"),
    opcode: packet.opcode === undefined ? (flags >> 11) & 15 : opcodeOf(packet.opcode),
    rcode: extendedRcode === 0 ? lowRcode : (whole(extendedRcode, 255, "extendedRcode") << 4) | (lowRcode & 15),
    response: packet.type === "response",
    authoritative: has(packet.flag_aa, FLAG.AUTHORITATIVE),
    truncated: has(packet.flag_tc, FLAG.TRUNCATED),
    recursionDesired: has(packet.flag_rd, FLAG.RECURSION_DESIRED),
    recursionAvailable: has(packet.flag_ra, FLAG.RECURSION_AVAILABLE),
    authenticData: has(packet.flag_ad, FLAG.AUTHENTIC_DATA),
    checkingDisabled: has(packet.flag_cd, FLAG.CHECKING_DISABLED),
    question: located(packet.questions, "questions", fromPacketQuestion),
    answer: located(packet.answers, "answers", fromPacketAnswer),
    authority: located(packet.authorities, "authorities", fromPacketAnswer),
    additional: located(
      additionals.filter((record) => !isOpt(record)),
      "additionals",
      fromPacketAnswer,
    ),
    edns: opt === undefined ? null : fromPacketOpt(opt),
  };
}

export function fromPacketQuestion(question: PacketQuestionInput): Question {
  return {
    name: nameOf(question.name),
    type: numberOf(question.type, "type", typeFromText),
    class: question.class === undefined ? CLASS.IN : numberOf(question.class, "class", classFromText),
  };
}

export function fromPacketAnswer(answer: PacketAnswerInput): Rr {
  const { name: owner, type, class: rrClass } = fromPacketQuestion(answer);
  if (type === TYPE.OPT) throw new DataError("OPT belongs in additionals, once, at the root");
  const ttlSeconds = whole(answer.ttl ?? 0, 0xffff_ffff, "ttl");
  const hasData = answer.data !== undefined && answer.data !== null;
  if (!hasData && !isUpdateClass(rrClass)) throw new DataError("data is missing");
  const rdata = hasData ? rdataType(type).fromData(answer.data) : new Uint8Array(0);
  return { owner, type, class: rrClass, ttlSeconds, rdata };
}

/** Only UPDATE has records without RDATA, in these classes (RFC 2136 §2.4, §2.5). */
function isUpdateClass(rrClass: number): boolean {
  return rrClass === CLASS.ANY || rrClass === CLASS.NONE;
}

function packetName(name: Name): string {
  return name.isRoot ? "." : name.toString().slice(0, -1);
}

function flagsOf(message: Message): number {
  return (
    (message.opcode << 11) |
    (message.rcode & 15) |
    (message.authoritative ? FLAG.AUTHORITATIVE : 0) |
    (message.truncated ? FLAG.TRUNCATED : 0) |
    (message.recursionDesired ? FLAG.RECURSION_DESIRED : 0) |
    (message.recursionAvailable ? FLAG.RECURSION_AVAILABLE : 0) |
    (message.authenticData ? FLAG.AUTHENTIC_DATA : 0) |
    (message.checkingDisabled ? FLAG.CHECKING_DISABLED : 0)
  );
}

function toPacketOpt(edns: Edns, rcode: number): PacketOpt {
  return {
    name: ".",
    type: "OPT",
    udpPayloadSize: edns.payloadOctets,
    extendedRcode: rcode >> 4,
    ednsVersion: edns.version,
    flags: edns.flags,
    flag_do: edns.dnssecOk,
    options: edns.options.map(toPacketOption),
  };
}

function fromPacketOpt(opt: PacketAnswerInput): Edns {
  if (opt.name !== "." && opt.name !== "") throw new DataError("additionals: OPT stands at the root (RFC 6891 §6.1.2)");
  const flags = whole(opt.flags ?? 0, 0xffff, "flags of OPT");
  const dnssecOk = opt.flag_do ?? (flags & DNSSEC_OK) !== 0;
  return {
    version: whole(opt.ednsVersion ?? 0, 255, "ednsVersion"),
    payloadOctets: whole(opt.udpPayloadSize ?? PAYLOAD_OCTETS_MAX, 0xffff, "udpPayloadSize"),
    dnssecOk,
    flags: dnssecOk ? flags | DNSSEC_OK : flags & ~DNSSEC_OK,
    options: located(opt.options, "options", fromPacketOption),
  };
}

function isOpt(record: PacketAnswerInput): boolean {
  return record.type.toUpperCase() === "OPT";
}

/** Converts each; an error says which one it was. */
function located<Given, Made>(given: readonly Given[] | undefined, place: string, make: (one: Given) => Made): Made[] {
  return (given ?? []).map((one, i) => {
    try {
      return make(one);
    } catch (error) {
      if (error instanceof DataError) throw new DataError(`${place}[${i}]: ${error.message}`);
      throw error;
    }
  });
}

function nameOf(text: string): Name {
  try {
    // dns-packet writes the root as "." and reads it as "" too.
    return text === "" ? Name.root : Name.parse(text);
  } catch (error) {
    if (error instanceof NameError) throw new DataError(`name: ${error.message}`);
    throw error;
  }
}

function numberOf(text: string, what: string, read: (text: string) => number | null): number {
  // dns-packet's own spelling of what it has no mnemonic for.
  const generic = text.replace(
    /^(?:UNKNOWN_|OPCODE_|RCODE_)/i,
    { class: "CLASS", type: "TYPE", opcode: "OPCODE", rcode: "RCODE" }[what] ?? "",
  );
  const number = read(generic);
  if (number === null) throw new DataError(`${what}: ${JSON.stringify(text)} is not known`);
  return number;
}

function opcodeOf(text: string): number {
  return numberOf(text, "opcode", opcodeFromText);
}

function rcodeOf(text: string): number {
  return numberOf(text, "rcode", rcodeFromText);
}

function whole(value: number, max: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new DataError(`${what}: a whole number from 0 to ${max} is wanted, not ${value}`);
  }
  return value;
}
