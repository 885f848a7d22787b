/**
 * The requests whose answers are kept for query threads, and what such an answer depends on: one question, RD set, with or without an
 * OPT that has no options (RFC 1035 §4.1, RFC 6891 §6.1). Everything else a client may send goes the plain way, by `serve.ts`.
 * Hot: nothing is allocated.
 */
import { LOWER_CASE, NAME_OCTETS_MAX, PAYLOAD_OCTETS_DEFAULT, PAYLOAD_OCTETS_MAX, TYPE } from "../dns/index.ts";

const HEADER_OCTETS = 12;
const TYPE_AND_CLASS_OCTETS = 4;
const OPT_OCTETS = 11;
/** Flags' first octet: a query (opcode 0) with RD and nothing else. */
const RECURSION_DESIRED = 0x01;
/** Flags' second octet: AD and CD may be set. */
const AUTHENTIC_OR_UNCHECKED = 0x30;
const DNSSEC_OK = 0x80;

/** Whether the client speaks EDNS is a part of the key, and so is DO. */
const EDNS = { NONE: 0, PLAIN: 1, DNSSEC_OK: 2 } as const;

/** CD, in `form`. */
const CHECKING_DISABLED = 0x1000;
const NOTHING = new Uint8Array(0);

export class AnswerKey {
  /** Empty when there is none of those. */
  request: Uint8Array = NOTHING;
  /** The question, its name in lower case: `questionOctets` of it. As it was asked it stands in `request` from octet 12 on. */
  readonly question = new Uint8Array(NAME_OCTETS_MAX + TYPE_AND_CLASS_OCTETS);
  questionOctets = 0;
  /** What else the answer depends on: the flags and EDNS. */
  form = 0;
  /** The longest response that the client takes in a datagram. */
  limitOctets = 0;
  hash = 0;
  readonly #seed: number;

  /** @param seed Secret, so that nobody outside knows which questions fall together. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** False when the request is none of those. */
  read(request: Uint8Array): boolean {
    const { length } = request;
    this.request = NOTHING;
    if (length < HEADER_OCTETS + 5 || request[2] !== RECURSION_DESIRED) return false;
    const second = request[3]!;
    if ((second & ~AUTHENTIC_OR_UNCHECKED) !== 0) return false;
    // One question, no answer, no authority, at most one additional record.
    if (request[4] !== 0 || request[5] !== 1 || request[6] !== 0 || request[7] !== 0) return false;
    if (request[8] !== 0 || request[9] !== 0 || request[10] !== 0 || request[11]! > 1) return false;
    const end = this.#readQuestion(request);
    if (end === 0 || length !== end + request[11]! * OPT_OCTETS) return false;
    let edns: number = EDNS.NONE;
    this.limitOctets = PAYLOAD_OCTETS_DEFAULT;
    if (length > end) {
      edns = ednsAt(request, end);
      if (edns === EDNS.NONE) return false;
      const payload = (request[end + 3]! << 8) | request[end + 4]!;
      this.limitOctets = Math.min(PAYLOAD_OCTETS_MAX, Math.max(PAYLOAD_OCTETS_DEFAULT, payload));
    }
    this.request = request;
    this.form = (second << 8) | edns;
    this.#hash();
    return true;
  }

  /** Whether CD is set. */
  get isUnchecked(): boolean {
    return (this.form & CHECKING_DISABLED) !== 0;
  }

  /** Whether DO is set. */
  get wantsSignatures(): boolean {
    return (this.form & 0xff) === EDNS.DNSSEC_OK;
  }

  /** What was read is not to be used. */
  forget(): void {
    this.request = NOTHING;
  }

  /** Whether the name was asked for without capitals. */
  get isLowerCase(): boolean {
    const { request, question, questionOctets } = this;
    for (let i = 0; i < questionOctets; i++) if (request[HEADER_OCTETS + i] !== question[i]) return false;
    return true;
  }

  /** Where the question ends; 0 when it is not whole, or its name is compressed or too long. */
  #readQuestion(request: Uint8Array): number {
    let nameOctets = 0;
    for (;;) {
      const labelOctets = request[HEADER_OCTETS + nameOctets];
      if (labelOctets === undefined || labelOctets > 63) return 0;
      nameOctets += labelOctets + 1;
      if (nameOctets > NAME_OCTETS_MAX) return 0;
      if (labelOctets === 0) break;
    }
    const octets = nameOctets + TYPE_AND_CLASS_OCTETS;
    if (HEADER_OCTETS + octets > request.length) return 0;
    const question = this.question;
    // Lengths of labels are below the capital letters.
    for (let i = 0; i < nameOctets; i++) question[i] = LOWER_CASE[request[HEADER_OCTETS + i]!]!;
    for (let i = nameOctets; i < octets; i++) question[i] = request[HEADER_OCTETS + i]!;
    this.questionOctets = octets;
    return HEADER_OCTETS + octets;
  }

  #hash(): void {
    const { question, questionOctets } = this;
    let hash = this.#seed ^ this.form;
    for (let i = 0; i < questionOctets; i++) hash = Math.imul(hash ^ question[i]!, 0x5bd1e995) ^ (hash >>> 15);
    hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
    // 0 stands for a place that is empty.
    this.hash = (hash ^ (hash >>> 15)) | 1;
  }
}

/** EDNS.NONE when what stands there is no OPT of version 0 without options and without flags but DO. */
function ednsAt(request: Uint8Array, at: number): number {
  const type = (request[at + 1]! << 8) | request[at + 2]!;
  if (request[at] !== 0 || type !== TYPE.OPT) return EDNS.NONE;
  if (request[at + 5] !== 0 || request[at + 6] !== 0 || request[at + 8] !== 0) return EDNS.NONE;
  if (request[at + 9] !== 0 || request[at + 10] !== 0) return EDNS.NONE;
  const flags = request[at + 7]!;
  if (flags === DNSSEC_OK) return EDNS.DNSSEC_OK;
  return flags === 0 ? EDNS.PLAIN : EDNS.NONE;
}
