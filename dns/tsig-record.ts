/**
 * The TSIG record as it stands at the end of a message (RFC 8945 §4.2): found, read, taken off and put on. What its code is made of is
 * told in `tsig.ts`.
 */
import { assert } from "../base/index.ts";
import { CLASS, TYPE } from "./codes.ts";
import { type Name } from "./name.ts";
import { DecompressionWork, HEADER_OCTETS, MESSAGE_OCTETS_MAX, readName, skipName, WireError } from "./wire.ts";

export const TSIG_TIME_OCTETS = 6;

export interface TsigRecord {
  readonly keyName: Name;
  readonly algorithm: Name;
  /** Seconds since 1970, 48 bits. */
  readonly timeSigned: number;
  readonly fudgeSeconds: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  /** An extended RCODE; 0 when all was well. */
  readonly error: number;
  readonly otherData: Uint8Array;
}

/** Where the TSIG record begins, or -1 when the message has none. Throws WireError when records are not whole or TSIG is not the last (RFC 8945 §5.1). */
export function findTsig(octets: Uint8Array): number {
  if (octets.length < HEADER_OCTETS) throw new WireError("the message ends inside its header", octets.length);
  const view = viewOf(octets);
  let at = HEADER_OCTETS;
  for (let left = view.getUint16(4); left > 0; left--) at = skipName(octets, at) + 4;
  const records = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  for (let left = records; left > 0; left--) {
    const start = at;
    const fixed = skipName(octets, at);
    if (fixed + 10 > octets.length) throw new WireError("the message ends inside a record", at);
    at = fixed + 10 + view.getUint16(fixed + 8);
    if (at > octets.length) throw new WireError("RDLENGTH goes beyond the message", start);
    if (view.getUint16(fixed) !== TYPE.TSIG) continue;
    const isLast = left === 1 && view.getUint16(10) > 0 && at === octets.length;
    if (!isLast) throw new WireError("TSIG is not the last record (RFC 8945 §5.1)", start);
    return start;
  }
  return -1;
}

/** Reads the TSIG record that begins there and ends the message. Throws WireError when it is not whole. */
export function readTsig(octets: Uint8Array, start: number): TsigRecord {
  const view = viewOf(octets);
  const work = new DecompressionWork(octets.length);
  const owner = readName(octets, start, work);
  const rdata = owner.end + 10;
  if (rdata > octets.length) throw new WireError("the message ends inside TSIG", start);
  const end = rdata + view.getUint16(owner.end + 8);
  if (view.getUint16(owner.end + 2) !== CLASS.ANY || view.getUint32(owner.end + 4) !== 0) {
    throw new WireError("TSIG has class ANY and TTL 0 (RFC 8945 §4.2)", start);
  }
  const algorithm = readName(octets, rdata, work);
  const macAt = algorithm.end + TSIG_TIME_OCTETS + 4;
  if (macAt > end || end > octets.length) throw new WireError("TSIG is cut off", start);
  const idAt = macAt + view.getUint16(macAt - 2);
  const otherAt = idAt + 6;
  if (otherAt > end || otherAt + view.getUint16(otherAt - 2) !== end) throw new WireError("TSIG is not whole", start);
  return {
    keyName: owner.name,
    algorithm: algorithm.name,
    timeSigned: tsigTime(octets.subarray(algorithm.end)),
    fudgeSeconds: view.getUint16(algorithm.end + TSIG_TIME_OCTETS),
    mac: new Uint8Array(octets.subarray(macAt, idAt)),
    originalId: view.getUint16(idAt),
    error: view.getUint16(idAt + 2),
    otherData: new Uint8Array(octets.subarray(otherAt, end)),
  };
}

/** The message as it was before it was signed: without TSIG, and with the id it had (RFC 8945 §4.3.1). */
export function withoutTsig(octets: Uint8Array, start: number, originalId: number): Uint8Array {
  const bare = new Uint8Array(octets.subarray(0, start));
  const view = viewOf(bare);
  view.setUint16(0, originalId);
  view.setUint16(10, view.getUint16(10) - 1);
  return bare;
}

/** A time as signatures write it, and as other data of a BADTIME (RFC 8945 §4.2, §5.2.3): seconds since 1970 in 48 bits. */
export function timeOctets(seconds: number): Uint8Array {
  const octets = new Uint8Array(TSIG_TIME_OCTETS);
  const view = viewOf(octets);
  view.setUint16(0, Math.floor(seconds / 0x1_0000_0000));
  view.setUint32(2, seconds % 0x1_0000_0000);
  return octets;
}

/** Octets of a record; `dataOctets` are those of its code and other data. */
export function tsigRecordOctets(keyName: Name, algorithm: Name, dataOctets: number): number {
  return keyName.octets.length + 10 + algorithm.octets.length + TSIG_TIME_OCTETS + 4 + 6 + dataOctets;
}

/** The message with that record behind it, for which it must leave the room. */
export function appendTsig(octets: Uint8Array, record: TsigRecord): Uint8Array {
  const { keyName, algorithm, timeSigned, fudgeSeconds, mac, originalId, error, otherData } = record;
  const length = octets.length + tsigRecordOctets(keyName, algorithm, mac.length + otherData.length);
  assert(length <= MESSAGE_OCTETS_MAX, "a message leaves room for its signature");
  const whole = new Uint8Array(length);
  const view = viewOf(whole);
  whole.set(octets);
  view.setUint16(10, view.getUint16(10) + 1);
  let at = octets.length;
  whole.set(keyName.octets, at);
  at += keyName.octets.length;
  view.setUint16(at, TYPE.TSIG);
  view.setUint16(at + 2, CLASS.ANY);
  view.setUint16(at + 8, length - at - 10);
  at += 10;
  whole.set(algorithm.octets, at);
  at += algorithm.octets.length;
  whole.set(timeOctets(timeSigned), at);
  view.setUint16(at + TSIG_TIME_OCTETS, fudgeSeconds);
  view.setUint16(at + TSIG_TIME_OCTETS + 2, mac.length);
  at += TSIG_TIME_OCTETS + 4;
  whole.set(mac, at);
  at += mac.length;
  view.setUint16(at, originalId);
  view.setUint16(at + 2, error);
  view.setUint16(at + 4, otherData.length);
  whole.set(otherData, at + 6);
  return whole;
}

/** The time that these octets begin with. */
export function tsigTime(octets: Uint8Array): number {
  const view = viewOf(octets);
  return view.getUint16(0) * 0x1_0000_0000 + view.getUint32(2);
}

export function messageId(octets: Uint8Array): number {
  return viewOf(octets).getUint16(0);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
