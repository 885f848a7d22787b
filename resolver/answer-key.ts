/**
 * The requests whose answers are kept for query threads, and what such an answer depends on: one question, RD set, with or without an
 * OPT that has no options (RFC 1035 §4.1, RFC 6891 §6.1). Everything else a client may send goes the plain way, by `serve.ts`.
 * Hot: nothing is allocated.
 */
import { PAYLOAD_OCTETS_DEFAULT, PAYLOAD_OCTETS_MAX, TYPE } from "../dns/index.ts";

const HEADER_OCTETS = 12;
const OPT_OCTETS = 11;
const NAME_OCTETS_MAX = 255;
/** Flags' first octet: a query (opcode 0) with RD and nothing else. */
const RECURSION_DESIRED = 0x01;
/** Flags' second octet: AD and CD may be set. */
const AUTHENTIC_OR_UNCHECKED = 0x30;
const DNSSEC_OK = 0x80;

/** Whether the client speaks EDNS is a part of the key, and so is DO. */
const EDNS = { NONE: 0, PLAIN: 1, DNSSEC_OK: 2 } as const;

export class AnswerKey {
  request: Uint8Array = new Uint8Array(0);
  /** The question is `request[12 … questionEnd)`. */
  questionEnd = 0;
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
    if (length < HEADER_OCTETS + 5 || request[2] !== RECURSION_DESIRED) return false;
    const second = request[3]!;
    if ((second & ~AUTHENTIC_OR_UNCHECKED) !== 0) return false;
    // One question, no answer, no authority, at most one additional record.
    if (request[4] !== 0 || request[5] !== 1 || request[6] !== 0 || request[7] !== 0) return false;
    if (request[8] !== 0 || request[9] !== 0 || request[10] !== 0 || request[11]! > 1) return false;
    const end = this.#questionEnd(request);
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
    this.questionEnd = end;
    this.form = (second << 8) | edns;
    this.#hash();
    return true;
  }

  /** Clients that mix cases make many keys of one question (draft-vixie-dnsext-dns0x20): none of those is kept. */
  get isLowerCase(): boolean {
    for (let at = HEADER_OCTETS; at < this.questionEnd - 4; at++) {
      const octet = this.request[at]!;
      if (octet >= 0x41 && octet <= 0x5a) return false;
    }
    return true;
  }

  /** Behind the question; 0 when it is not whole, or its name is compressed or too long. */
  #questionEnd(request: Uint8Array): number {
    let at = HEADER_OCTETS;
    for (;;) {
      const labelOctets = request[at];
      if (labelOctets === undefined || labelOctets > 63) return 0;
      at += labelOctets + 1;
      if (at - HEADER_OCTETS > NAME_OCTETS_MAX) return 0;
      if (labelOctets === 0) break;
    }
    return at + 4 <= request.length ? at + 4 : 0;
  }

  #hash(): void {
    const { request, questionEnd } = this;
    let hash = this.#seed ^ this.form;
    for (let at = HEADER_OCTETS; at < questionEnd; at++)
      hash = Math.imul(hash ^ request[at]!, 0x5bd1e995) ^ (hash >>> 15);
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
