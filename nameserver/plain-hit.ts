/**
 * The short way of most queries: one question whose name is hashed already, for an RRset of addresses or text that the zone's index
 * leads to, with no EDNS options. The steps of `respond.ts`, `query.ts`, `sections.ts` and the writer stand here in one piece and
 * in their order, for octets at places that are known beforehand. Whatever is not that plain is left, untouched, to the
 * road, which is the oracle: test/nameserver/plain-hit.test.ts holds octets and counters to it.
 *
 * Hot: all of it (bench/respond.ts).
 */
import { CLASS, DNSSEC_OK, EDNS_VERSION, FLAG, OPT_OCTETS, PAYLOAD_OCTETS_DEFAULT, TYPE } from "../dns/index.ts";
import type { Peer } from "../net/index.ts";
import {
  findSignatures,
  firstRecord,
  type Lookahead,
  Lookup,
  lookupHashed,
  recordLength,
  rrsetCount,
  rrsetTtl,
} from "../zones/index.ts";
import { ClientAddress } from "./client.ts";
import { EVENT, TRANSPORT } from "./counters.ts";
import { type RateVerdict, RESPONSE_KIND } from "./limiter.ts";
import type { Server } from "./respond.ts";

/** The query is not for the short way. */
export const NOT_PLAIN = -1;

/** Types whose RDATA has no names: none to compress, none whose addresses are added. */
const isPlainType = new Uint8Array(256);
for (const type of [TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.HINFO, TYPE.SSHFP, TYPE.TLSA]) isPlainType[type] = 1;

const QUESTION_AT = 12;
const QUESTION_POINTER = 0xc000 | QUESTION_AT;
/** Pointer to the question's name, TYPE, CLASS, TTL. */
const RECORD_HEAD_OCTETS = 10;
const RDLENGTH_OCTETS = 2;
/** Fewer octets are copied sooner by a loop; see `dns/writer.ts`. */
const COPIED_AT_ONCE_MIN = 64;

/** Where a lookahead has looked at the request. */
export interface Foreseen {
  readonly lookahead: Lookahead;
  index: number;
}

export class PlainHits {
  readonly #server: Server;
  readonly #client = new ClientAddress();
  readonly #found = new Lookup();
  /** Whether it matters who asks. */
  readonly #looksAtClients: boolean;
  /** Records that `#writeAnswer` wrote. */
  #records = 0;

  constructor(server: Server) {
    this.#server = server;
    const { allowed, denied, limiter, recursion } = server;
    this.#looksAtClients = allowed !== null || !denied.isEmpty || limiter !== null || recursion !== null;
  }

  /** The length of the response to a request over UDP, 0 for silence, or NOT_PLAIN, and then nothing has happened. */
  answer(request: Uint8Array, response: Uint8Array, peer: Peer, { lookahead, index }: Foreseen): number {
    const { store } = this.#server;
    const name = lookahead.name(index);
    const zone = lookahead.zone(index, store);
    // The root's name is shorter than a pointer to it.
    if (zone === 0 || name.nameOctets <= 1) return NOT_PLAIN;
    const end = QUESTION_AT + name.nameOctets + 4;
    if (!isPlainQuery(request, end)) return NOT_PLAIN;
    if (!lookupHashed(store, zone, name, request[end - 3]!, this.#found)) return NOT_PLAIN;
    if (this.#found.kind !== "answer" || !this.#admits(peer)) return NOT_PLAIN;
    const answerEnd = this.#writeAnswer(request, response, end);
    if (answerEnd < 0) return NOT_PLAIN;
    return this.#finish(request, response, end, answerEnd);
  }

  /** Reads who asks, where that matters; false when they may not. */
  #admits({ addressOctets }: Peer): boolean {
    if (!this.#looksAtClients) return true;
    if (addressOctets === undefined) return false;
    const { denied, allowed } = this.#server;
    const client = this.#client;
    client.readOctets(addressOctets);
    if (!denied.isEmpty && denied.includes(client)) return false;
    return allowed === null || allowed.includes(client);
  }

  /** Writes the RRset that was found, with its signatures where they are wanted. Returns where it ends, or NOT_PLAIN when it does not fit. */
  #writeAnswer(request: Uint8Array, response: Uint8Array, end: number): number {
    const { store, settings } = this.#server;
    const { node, rrset } = this.#found;
    const type = request[end - 3]!;
    const ttlSeconds = rrsetTtl(store, rrset);
    const hasEdns = request.length > end;
    const octetsMax = hasEdns ? payloadOctets(request, end, settings.payloadOctets) : PAYLOAD_OCTETS_DEFAULT;
    const limit = Math.min(octetsMax, response.length) - (hasEdns ? OPT_OCTETS : 0);
    let at = end;
    let records = rrsetCount(store, rrset);
    let record = firstRecord(store, rrset);
    let rrtype: number = type;
    let left = records;
    for (;;) {
      if (left === 0) {
        if (rrtype === TYPE.RRSIG || !isDnssecOk(request, end)) break;
        const signatures = findSignatures(store, node, type);
        if (signatures === 0) break;
        rrtype = TYPE.RRSIG;
        left = rrsetCount(store, signatures);
        records += left;
        record = firstRecord(store, signatures);
        continue;
      }
      const octets = RDLENGTH_OCTETS + recordLength(store, record);
      if (at + RECORD_HEAD_OCTETS + octets > limit) return NOT_PLAIN;
      writeHead(response, at, rrtype, ttlSeconds);
      copy(store.octets, record, octets, response, at + RECORD_HEAD_OCTETS);
      at += RECORD_HEAD_OCTETS + octets;
      record += octets;
      left--;
    }
    this.#records = records;
    return at;
  }

  /** Counts, charges and writes the rest: header, question, OPT. */
  #finish(request: Uint8Array, response: Uint8Array, end: number, answerEnd: number): number {
    const { counters } = this.#server;
    const hasEdns = request.length > end;
    counters.requests[TRANSPORT.UDP]!++;
    if (hasEdns) counters.event(EVENT.EDNS);
    counters.type(request[end - 3]!);
    if (isDnssecOk(request, end)) counters.event(EVENT.DNSSEC_OK);
    const verdict = this.#charge();
    if (verdict === "drop") {
      counters.event(EVENT.RATE_DROPPED);
      return 0;
    }
    let records = this.#records;
    let length = answerEnd;
    let flags = FLAG.RESPONSE | FLAG.AUTHORITATIVE | this.#recursionAvailable();
    if (verdict === "slip") {
      counters.event(EVENT.RATE_SLIPPED);
      counters.event(EVENT.TRUNCATED);
      records = 0;
      length = end;
      flags |= FLAG.TRUNCATED;
    }
    writeHeader(request, response, flags, records);
    for (let i = QUESTION_AT; i < end; i++) response[i] = request[i]!;
    response[11] = hasEdns ? 1 : 0;
    if (hasEdns) {
      writeOpt(response, length, this.#server.settings.payloadOctets, request[end + 7]! & (DNSSEC_OK >> 8));
      length += OPT_OCTETS;
    }
    counters.response(TRANSPORT.UDP, 0, length);
    return length;
  }

  /** One account for each RRset, as on the road. */
  #charge(): RateVerdict {
    const { limiter } = this.#server;
    return limiter === null ? "send" : limiter.charge(this.#client, RESPONSE_KIND.ANSWER, this.#found.rrset);
  }

  #recursionAvailable(): number {
    const { recursion } = this.#server;
    return recursion?.allowed.includes(this.#client) === true ? FLAG.RECURSION_AVAILABLE : 0;
  }
}

/**
 * Whether the request is a header, one question that ends at `end`, of class IN and a plain type, and at most an OPT of our version
 * without options.
 */
function isPlainQuery(request: Uint8Array, end: number): boolean {
  const hasEdns = request.length > end;
  if (request.length !== (hasEdns ? end + OPT_OCTETS : end)) return false;
  // QR and the opcode are 0, one question, nothing in answer and authority sections.
  if ((request[2]! & 0xf8) !== 0 || request[4] !== 0 || request[5] !== 1) return false;
  if ((request[6]! | request[7]! | request[8]! | request[9]! | request[10]!) !== 0) return false;
  if (request[end - 4] !== 0 || request[end - 2] !== 0 || request[end - 1] !== CLASS.IN) return false;
  if (isPlainType[request[end - 3]!] !== 1) return false;
  if (!hasEdns) return request[11] === 0;
  if (request[11] !== 1 || request[end] !== 0 || request[end + 1] !== 0 || request[end + 2] !== TYPE.OPT) return false;
  return request[end + 6] === EDNS_VERSION && request[end + 9] === 0 && request[end + 10] === 0;
}

function isDnssecOk(request: Uint8Array, end: number): boolean {
  return request.length > end && (request[end + 7]! & (DNSSEC_OK >> 8)) !== 0;
}

/** See `Desk.octetsMax`. */
function payloadOctets(request: Uint8Array, end: number, octetsMax: number): number {
  const asked = (request[end + 3]! << 8) | request[end + 4]!;
  if (asked <= PAYLOAD_OCTETS_DEFAULT) return PAYLOAD_OCTETS_DEFAULT;
  return asked < octetsMax ? asked : octetsMax;
}

function writeHeader(request: Uint8Array, response: Uint8Array, flags: number, records: number): void {
  response[0] = request[0]!;
  response[1] = request[1]!;
  response[2] = (flags >> 8) | (request[2]! & (FLAG.RECURSION_DESIRED >> 8));
  response[3] = flags | (request[3]! & FLAG.CHECKING_DISABLED);
  response[4] = 0;
  response[5] = 1;
  response[6] = records >> 8;
  response[7] = records;
  response[8] = 0;
  response[9] = 0;
  response[10] = 0;
}

function writeHead(response: Uint8Array, at: number, type: number, ttlSeconds: number): void {
  response[at] = QUESTION_POINTER >> 8;
  response[at + 1] = QUESTION_POINTER;
  response[at + 2] = type >> 8;
  response[at + 3] = type;
  response[at + 4] = 0;
  response[at + 5] = CLASS.IN;
  response[at + 6] = ttlSeconds >>> 24;
  response[at + 7] = ttlSeconds >>> 16;
  response[at + 8] = ttlSeconds >>> 8;
  response[at + 9] = ttlSeconds;
}

function writeOpt(response: Uint8Array, at: number, octetsMax: number, dnssecOk: number): void {
  response[at] = 0;
  response[at + 1] = 0;
  response[at + 2] = TYPE.OPT;
  response[at + 3] = octetsMax >> 8;
  response[at + 4] = octetsMax;
  response[at + 5] = 0;
  response[at + 6] = EDNS_VERSION;
  response[at + 7] = dnssecOk;
  response[at + 8] = 0;
  response[at + 9] = 0;
  response[at + 10] = 0;
}

function copy(from: Uint8Array, start: number, octets: number, to: Uint8Array, at: number): void {
  if (octets >= COPIED_AT_ONCE_MIN) to.set(from.subarray(start, start + octets), at);
  else for (let i = 0; i < octets; i++) to[at + i] = from[start + i]!;
}
