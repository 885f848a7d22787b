/**
 * The messages of a zone transfer (RFC 5936 §2.2, RFC 1995 §4): as many records in each as have room, names compressed, made one at a
 * time as they are wanted. What an AXFR tells is read straight from the arena, from one version, however long it takes.
 */
import { assert } from "../base/index.ts";
import {
  CLASS,
  DNSSEC_OK,
  EDNS_VERSION,
  encodeExpire,
  FLAG,
  type Message,
  MessageWriter,
  OPT_OCTETS,
  PAYLOAD_OCTETS_MAX,
  type Rr,
  SECTION,
} from "../dns/index.ts";
import {
  type ChangeSet,
  firstRecord,
  nextRecord,
  nodeName,
  nodeRrset,
  nodeRrsetCount,
  recordLength,
  recordRdata,
  rrsetCount,
  rrsetTtl,
  rrsetType,
  transferNodes,
  zoneSoa,
  type ZoneVersion,
} from "../zones/index.ts";

/** Longer messages hold more records, but pointers reach only the first 16,384 octets of one (RFC 1035 §4.1.4). */
const MESSAGE_OCTETS = 16_384;
/** Of one record alone, which may need more. */
const RECORD_OCTETS_MAX = 65_535;
/** Head and data. */
const EXPIRE_OCTETS = 8;

export interface TransferRequest {
  readonly message: Message;
  /** Told in the first message (RFC 7314 §3); null: the client did not ask. */
  readonly expireSeconds: number | null;
  /** Octets that a message may have. */
  readonly octetsMax: number;
}

/** Puts records into messages, one behind the other. */
class Packer {
  readonly #request: TransferRequest;
  readonly #octets = new Uint8Array(RECORD_OCTETS_MAX);
  readonly #writer = new MessageWriter(this.#octets);
  #count = 0;
  #isFirst = true;
  #hasOpt = false;

  constructor(request: TransferRequest) {
    this.#request = request;
    this.#begin(MESSAGE_OCTETS);
  }

  /** The message that is full, when the record has no room in it; then it begins the next one. */
  put(record: PackedRecord): Uint8Array | null {
    if (this.#write(record)) return null;
    const full = this.#count > 0 ? this.finish() : null;
    // Alone in a message it may have all the room that there is.
    this.#begin(full === null ? RECORD_OCTETS_MAX : MESSAGE_OCTETS);
    if (this.#write(record)) return full;
    this.#begin(RECORD_OCTETS_MAX, null);
    const fits = this.#write(record);
    assert(fits, "a record has room in a message of its own");
    return full;
  }

  finish(): Uint8Array {
    this.#writeOpt();
    this.#isFirst = false;
    return this.#octets.slice(0, this.#writer.finish());
  }

  /** Without `edns` there is nothing but records: who asks with OPT gets OPT in each message (RFC 9103 §6.3.4) where there is room. */
  #begin(octets: number, edns: Message["edns"] = this.#request.message.edns): void {
    const { message, octetsMax } = this.#request;
    const writer = this.#writer;
    const [question] = message.question;
    this.#count = 0;
    writer.begin(Math.min(octets, octetsMax));
    writer.id = message.id;
    writer.flags = FLAG.RESPONSE | FLAG.AUTHORITATIVE;
    this.#hasOpt = edns !== null && writer.reserve(OPT_OCTETS + EXPIRE_OCTETS);
    // The first repeats the question, the others need not (RFC 5936 §2.2.1).
    if (!this.#isFirst || question === undefined) return;
    writer.writeQuestion(question.name.octets, 0, question.type, question.class);
    writer.setCount(SECTION.QUESTION, 1);
  }

  #writeOpt(): void {
    if (!this.#hasOpt) return;
    const writer = this.#writer;
    const { message, expireSeconds } = this.#request;
    writer.release();
    writer.writeOpt(PAYLOAD_OCTETS_MAX, 0, EDNS_VERSION, message.edns?.dnssecOk === true ? DNSSEC_OK : 0);
    if (!this.#isFirst || expireSeconds === null) return;
    const { code, data } = encodeExpire(expireSeconds);
    writer.writeOption(code, data, 0, data.length);
  }

  #write({ owner, ownerAt, type, ttlSeconds, rdata, rdataAt, rdataOctets }: PackedRecord): boolean {
    const writer = this.#writer;
    const fits = writer.writeRecord(owner, ownerAt, type, CLASS.IN, ttlSeconds, rdata, rdataAt, rdataOctets);
    if (!fits) return false;
    writer.addCount(SECTION.ANSWER, 1);
    this.#count++;
    return true;
  }
}

/** A record where it stands; used again for the next one. */
interface PackedRecord {
  owner: Uint8Array;
  ownerAt: number;
  type: number;
  ttlSeconds: number;
  rdata: Uint8Array;
  rdataAt: number;
  rdataOctets: number;
}

/** A whole version of a zone: its SOA, all else, its SOA once more (RFC 5936 §2.2). */
export function* axfrMessages(request: TransferRequest, version: ZoneVersion): Generator<Uint8Array> {
  const packer = new Packer(request);
  for (const record of recordsOfVersion(version)) {
    const full = packer.put(record);
    if (full !== null) yield full;
  }
  yield packer.finish();
}

/** The steps from one version to the newest (RFC 1995 §4), which are one at least. */
export function* ixfrMessages(request: TransferRequest, changes: readonly ChangeSet[]): Generator<Uint8Array> {
  const packer = new Packer(request);
  const newest = changes.at(-1)!.soaAfter;
  const steps = changes.flatMap(({ soaBefore, removed, soaAfter, added }) => [
    soaBefore,
    ...removed,
    soaAfter,
    ...added,
  ]);
  for (const record of [newest, ...steps, newest]) {
    const full = packer.put(packed(record));
    if (full !== null) yield full;
  }
  yield packer.finish();
}

/** The SOA alone: the client has what there is, or is to ask over TCP (RFC 1995 §2). */
export function soaMessage(request: TransferRequest, soa: Rr): Uint8Array {
  const packer = new Packer(request);
  packer.put(packed(soa));
  return packer.finish();
}

function packed({ owner, type, ttlSeconds, rdata }: Rr): PackedRecord {
  return { owner: owner.octets, ownerAt: 0, type, ttlSeconds, rdata, rdataAt: 0, rdataOctets: rdata.length };
}

function* recordsOfVersion({ views, zone }: ZoneVersion): Generator<PackedRecord> {
  const { octets } = views;
  const record: PackedRecord = {
    owner: octets,
    ownerAt: 0,
    type: 0,
    ttlSeconds: 0,
    rdata: octets,
    rdataAt: 0,
    rdataOctets: 0,
  };
  const soa = zoneSoa(views, zone);
  record.ownerAt = nodeName(views, zone);
  yield* recordsOfRrset(views, soa, record);
  for (const node of transferNodes(views, zone)) {
    record.ownerAt = nodeName(views, node);
    for (let i = 0; i < nodeRrsetCount(views, node); i++) {
      const rrset = nodeRrset(views, node, i);
      if (rrset !== soa) yield* recordsOfRrset(views, rrset, record);
    }
  }
  record.ownerAt = nodeName(views, zone);
  yield* recordsOfRrset(views, soa, record);
}

function* recordsOfRrset(views: ZoneVersion["views"], rrset: number, record: PackedRecord): Generator<PackedRecord> {
  record.type = rrsetType(views, rrset);
  record.ttlSeconds = rrsetTtl(views, rrset);
  let at = firstRecord(views, rrset);
  for (let left = rrsetCount(views, rrset); left > 0; left--) {
    record.rdataAt = recordRdata(views, at);
    record.rdataOctets = recordLength(views, at);
    yield record;
    at = nextRecord(views, at);
  }
}
