/**
 * Transaction signatures (RFC 8945): the record at the end of a message, what the code is made of, and what is wrong with one that is
 * not right. Octets in, octets out; which keys there are and what time it is, is handed in.
 */
import { assert } from "../base/index.ts";
import { CLASS, RCODE, TYPE } from "./codes.ts";
import { type Name } from "./name.ts";
import type { TsigKey } from "./tsig-key.ts";
import { DecompressionWork, HEADER_OCTETS, MESSAGE_OCTETS_MAX, readName, skipName, WireError } from "./wire.ts";

/** Seconds by which two clocks may differ (RFC 8945 §10 recommends 300). */
export const TSIG_FUDGE_SECONDS = 300;
/** Messages of a stream that may come between two signed ones (RFC 8945 §5.3.1). */
export const TSIG_UNSIGNED_MAX = 99;

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

/** Extended RCODEs of signatures (RFC 8945 §3). BADSIG has the number of BADVERS, and which it is shows where it stands. */
export const TSIG_ERROR = { BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const;

/** What went wrong with a signature. `rcode` is NOTAUTH, `error` tells which (RFC 8945 §5.2). */
export class TsigError extends Error {
  readonly code = "TSIG";
  /** See TSIG_ERROR; RCODE.NOERROR where there should have been a signature. */
  readonly error: number;

  constructor(error: number, message: string) {
    super(message);
    this.error = error;
  }
}

const NOTHING = new Uint8Array(0);
const TIME_OCTETS = 6;

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
  const macAt = algorithm.end + TIME_OCTETS + 4;
  if (macAt > end || end > octets.length) throw new WireError("TSIG is cut off", start);
  const idAt = macAt + view.getUint16(macAt - 2);
  const otherAt = idAt + 6;
  if (otherAt > end || otherAt + view.getUint16(otherAt - 2) !== end) throw new WireError("TSIG is not whole", start);
  return {
    keyName: owner.name,
    algorithm: algorithm.name,
    timeSigned: view.getUint16(algorithm.end) * 0x1_0000_0000 + view.getUint32(algorithm.end + 2),
    fudgeSeconds: view.getUint16(algorithm.end + TIME_OCTETS),
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

/** What a signature says besides its code. */
export interface Signing {
  readonly nowSeconds: number;
  /** The code of the request, in responses (RFC 8945 §4.3.2). */
  readonly requestMac?: Uint8Array;
  readonly error?: number;
  readonly otherData?: Uint8Array;
}

export interface Signed {
  readonly octets: Uint8Array;
  readonly mac: Uint8Array;
}

/** Octets that a signature by that key takes at the end of a message; with `otherOctets` of other data. */
export function tsigOctets(key: Pick<TsigKey, "name" | "algorithmName" | "macOctets">, otherOctets = 0): number {
  return recordOctets(key.name, key.algorithmName, key.macOctets + otherOctets);
}

/** Signs a message. It must leave the room (`tsigOctets`). */
export function signMessage(octets: Uint8Array, key: TsigKey, signing: Signing): Signed {
  const { requestMac = NOTHING } = signing;
  const record = recordOf(octets, key.name, key.algorithmName, signing);
  const mac = key.mac([...prefixed(requestMac), octets, variablesOf(record)]);
  return { octets: appended(octets, { ...record, mac }), mac };
}

/** Tells of an error with an empty code, as it must be where there is no key to sign with (RFC 8945 §5.3.2). */
export function appendTsigError(octets: Uint8Array, request: TsigRecord, error: number): Uint8Array {
  const { keyName, algorithm, timeSigned, fudgeSeconds } = request;
  const originalId = viewOf(octets).getUint16(0);
  return appended(octets, {
    keyName,
    algorithm,
    timeSigned,
    fudgeSeconds,
    originalId,
    error,
    mac: NOTHING,
    otherData: NOTHING,
  });
}

/** The server's time for a BADTIME (RFC 8945 §5.2.3). */
export function timeOctets(seconds: number): Uint8Array {
  const octets = new Uint8Array(TIME_OCTETS);
  writeTime(viewOf(octets), 0, seconds);
  return octets;
}

/**
 * Checks a signature by a key whose name and algorithm fit: first the code, then the time (RFC 8945 §5.2.2, §5.2.3). Throws TsigError.
 * `bare` is the message as it was signed.
 */
export function verifyTsig(
  key: TsigKey,
  { bare, record }: { readonly bare: Uint8Array; readonly record: TsigRecord },
  { nowSeconds, requestMac = NOTHING }: Signing,
): void {
  checkMac(key, record, [...prefixed(requestMac), bare, variablesOf(record)]);
  checkTime(record, nowSeconds);
}

function checkMac(key: TsigKey, { mac, keyName }: TsigRecord, parts: readonly Uint8Array[]): void {
  if (key.verifies(mac, parts)) return;
  throw new TsigError(
    TSIG_ERROR.BADSIG,
    `the signature by the key ${keyName.toString()} is wrong: the secrets differ, or it was changed`,
  );
}

function checkTime({ timeSigned, fudgeSeconds }: TsigRecord, nowSeconds: number): void {
  const distance = Math.abs(nowSeconds - timeSigned);
  if (distance <= fudgeSeconds) return;
  throw new TsigError(
    TSIG_ERROR.BADTIME,
    `it was signed ${distance} s ${timeSigned < nowSeconds ? "ago" : "ahead"} by our clock, and ${fudgeSeconds} s may be: set the clocks`,
  );
}

/** Signs the messages of one response in turn: the first as a response, each further one upon the one before (RFC 8945 §5.3.1). */
export class TsigSigner {
  readonly #key: TsigKey;
  #previousMac: Uint8Array;
  #isFirst = true;

  constructor(key: TsigKey, requestMac: Uint8Array) {
    this.#key = key;
    this.#previousMac = requestMac;
  }

  /** Octets that a signature takes. */
  get octets(): number {
    return tsigOctets(this.#key);
  }

  sign(octets: Uint8Array, nowSeconds: number): Uint8Array {
    const key = this.#key;
    const requestMac = this.#previousMac;
    const signing = { nowSeconds, requestMac };
    if (this.#isFirst) {
      this.#isFirst = false;
      const signed = signMessage(octets, key, signing);
      this.#previousMac = signed.mac;
      return signed.octets;
    }
    const record = recordOf(octets, key.name, key.algorithmName, signing);
    const mac = key.mac([...prefixed(requestMac), octets, timersOf(record)]);
    this.#previousMac = mac;
    return appended(octets, { ...record, mac });
  }
}

/** Verifies the messages of one response in turn, of which some between the first and the last may be unsigned (RFC 8945 §5.3.1). */
export class TsigVerifier {
  readonly #key: TsigKey;
  #previousMac: Uint8Array;
  #unsigned: Uint8Array[] = [];
  #isFirst = true;

  constructor(key: TsigKey, requestMac: Uint8Array) {
    this.#key = key;
    this.#previousMac = requestMac;
  }

  /** Whether all that came is covered by a signature: what ends the response must be. */
  get isComplete(): boolean {
    return !this.#isFirst && this.#unsigned.length === 0;
  }

  /** The message without its signature. Throws TsigError, and WireError when it is no whole message. */
  verify(octets: Uint8Array, nowSeconds: number): Uint8Array {
    const start = findTsig(octets);
    if (start < 0) return this.#takeUnsigned(octets);
    const record = readTsig(octets, start);
    const bare = withoutTsig(octets, start, record.originalId);
    this.#checkKey(record);
    if (this.#isFirst) verifyTsig(this.#key, { bare, record }, { nowSeconds, requestMac: this.#previousMac });
    else {
      const parts = [...prefixed(this.#previousMac), ...this.#unsigned, bare, timersOf(record)];
      checkMac(this.#key, record, parts);
      checkTime(record, nowSeconds);
    }
    this.#isFirst = false;
    this.#unsigned = [];
    this.#previousMac = record.mac;
    return bare;
  }

  #takeUnsigned(octets: Uint8Array): Uint8Array {
    if (this.#isFirst) throw new TsigError(RCODE.NOERROR, "the response is not signed (RFC 8945 §5.4.1)");
    if (this.#unsigned.length === TSIG_UNSIGNED_MAX) {
      throw new TsigError(
        RCODE.NOERROR,
        `more than ${TSIG_UNSIGNED_MAX} messages came without a signature (RFC 8945 §5.3.1)`,
      );
    }
    this.#unsigned.push(new Uint8Array(octets));
    return octets;
  }

  #checkKey({ keyName, algorithm, mac, error }: TsigRecord): void {
    const key = this.#key;
    if (mac.length === 0 && error !== RCODE.NOERROR) {
      throw new TsigError(error, `the server does not accept the key ${key.toString()}`);
    }
    if (!keyName.equals(key.name) || !algorithm.equals(key.algorithmName)) {
      throw new TsigError(TSIG_ERROR.BADKEY, `the response is signed with another key, ${keyName.toString()}`);
    }
  }
}

function recordOf(octets: Uint8Array, keyName: Name, algorithm: Name, signing: Signing): TsigRecord {
  const { nowSeconds, error = RCODE.NOERROR, otherData = NOTHING } = signing;
  return {
    keyName,
    algorithm,
    timeSigned: nowSeconds,
    fudgeSeconds: TSIG_FUDGE_SECONDS,
    mac: NOTHING,
    originalId: viewOf(octets).getUint16(0),
    error,
    otherData,
  };
}

/** A code with its length in front, where there is one (RFC 8945 §4.3.2). */
function prefixed(mac: Uint8Array): Uint8Array[] {
  return mac.length === 0 ? [] : [Uint8Array.of(mac.length >> 8, mac.length), mac];
}

/** RFC 8945 §4.3.3, names in canonical form. */
function variablesOf({ keyName, algorithm, timeSigned, fudgeSeconds, error, otherData }: TsigRecord): Uint8Array {
  const key = keyName.toLowerCase().octets;
  const alg = algorithm.toLowerCase().octets;
  const octets = new Uint8Array(key.length + 6 + alg.length + TIME_OCTETS + 6 + otherData.length);
  const view = viewOf(octets);
  octets.set(key);
  view.setUint16(key.length, CLASS.ANY);
  const algAt = key.length + 6;
  octets.set(alg, algAt);
  const timeAt = algAt + alg.length;
  writeTime(view, timeAt, timeSigned);
  view.setUint16(timeAt + TIME_OCTETS, fudgeSeconds);
  view.setUint16(timeAt + TIME_OCTETS + 2, error);
  view.setUint16(timeAt + TIME_OCTETS + 4, otherData.length);
  octets.set(otherData, timeAt + TIME_OCTETS + 6);
  return octets;
}

/** Of the messages after the first of a stream only the timers are signed (RFC 8945 §5.3.1). */
function timersOf({ timeSigned, fudgeSeconds }: TsigRecord): Uint8Array {
  const octets = new Uint8Array(TIME_OCTETS + 2);
  const view = viewOf(octets);
  writeTime(view, 0, timeSigned);
  view.setUint16(TIME_OCTETS, fudgeSeconds);
  return octets;
}

function recordOctets(keyName: Name, algorithm: Name, dataOctets: number): number {
  return keyName.octets.length + 10 + algorithm.octets.length + TIME_OCTETS + 4 + 6 + dataOctets;
}

function appended(octets: Uint8Array, record: TsigRecord): Uint8Array {
  const { keyName, algorithm, timeSigned, fudgeSeconds, mac, originalId, error, otherData } = record;
  const length = octets.length + recordOctets(keyName, algorithm, mac.length + otherData.length);
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
  writeTime(view, at, timeSigned);
  view.setUint16(at + TIME_OCTETS, fudgeSeconds);
  view.setUint16(at + TIME_OCTETS + 2, mac.length);
  at += TIME_OCTETS + 4;
  whole.set(mac, at);
  at += mac.length;
  view.setUint16(at, originalId);
  view.setUint16(at + 2, error);
  view.setUint16(at + 4, otherData.length);
  whole.set(otherData, at + 6);
  return whole;
}

function writeTime(view: DataView, at: number, seconds: number): void {
  view.setUint16(at, Math.floor(seconds / 0x1_0000_0000));
  view.setUint32(at + 2, seconds % 0x1_0000_0000);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
