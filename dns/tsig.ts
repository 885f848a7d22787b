/**
 * Transaction signatures (RFC 8945): what the code is made of, and what is wrong with one that is not right. Octets in, octets out;
 * which keys there are and what time it is, is handed in. The record that carries a code is in `tsig-record.ts`.
 */
import { CLASS, RCODE } from "./codes.ts";
import { type Name } from "./name.ts";
import type { TsigKey } from "./tsig-key.ts";
import {
  appendTsig,
  findTsig,
  messageId,
  readTsig,
  timeOctets,
  TSIG_TIME_OCTETS,
  tsigRecordOctets,
  tsigTime,
  type TsigRecord,
  withoutTsig,
} from "./tsig-record.ts";

/** Seconds by which two clocks may differ (RFC 8945 §10 recommends 300). */
export const TSIG_FUDGE_SECONDS = 300;
/** Messages of a stream that may come between two signed ones (RFC 8945 §5.3.1). */
export const TSIG_UNSIGNED_MAX = 99;

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

/** What a signature says besides its code. */
export interface Signing {
  readonly nowSeconds: number;
  /** The code of the request, in responses (RFC 8945 §4.3.2). */
  readonly requestMac?: Uint8Array;
  /** TSIG_FUDGE_SECONDS unless given. */
  readonly fudgeSeconds?: number;
  readonly error?: number;
  readonly otherData?: Uint8Array;
}

export interface Signed {
  readonly octets: Uint8Array;
  readonly mac: Uint8Array;
}

/** Octets that a signature by that key takes at the end of a message; with `otherOctets` of other data. */
export function tsigOctets(key: Pick<TsigKey, "name" | "algorithmName" | "macOctets">, otherOctets = 0): number {
  return tsigRecordOctets(key.name, key.algorithmName, key.macOctets + otherOctets);
}

/** Signs a message. It must leave the room (`tsigOctets`). */
export function signMessage(octets: Uint8Array, key: TsigKey, signing: Signing): Signed {
  const { requestMac = NOTHING } = signing;
  const record = recordOf(octets, key.name, key.algorithmName, signing);
  const mac = key.mac([...prefixed(requestMac), octets, variablesOf(record)]);
  return { octets: appendTsig(octets, { ...record, mac }), mac };
}

/** Tells of an error with an empty code, as it must be where there is no key to sign with (RFC 8945 §5.3.2). */
export function appendTsigError(octets: Uint8Array, request: TsigRecord, error: number): Uint8Array {
  const { keyName, algorithm, timeSigned, fudgeSeconds } = request;
  const originalId = messageId(octets);
  return appendTsig(octets, {
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

/**
 * Checks a signature by a key whose name and algorithm fit: the code, then the time, then whether the code is whole (RFC 8945 §5.2).
 * Throws TsigError. `bare` is the message as it was signed. That no message be older than the last by its key (§5.2.3, a SHOULD) is not
 * asked: datagrams overtake each other.
 */
export function verifyTsig(
  key: TsigKey,
  { bare, record }: { readonly bare: Uint8Array; readonly record: TsigRecord },
  { nowSeconds, requestMac = NOTHING }: Signing,
): void {
  check(key, record, [...prefixed(requestMac), bare, variablesOf(record)], nowSeconds);
}

function check(key: TsigKey, record: TsigRecord, parts: readonly Uint8Array[], nowSeconds: number): void {
  checkMac(key, record, parts);
  checkTime(record, nowSeconds);
  if (record.mac.length === key.macOctets) return;
  throw new TsigError(TSIG_ERROR.BADTRUNC, `the signature by the key ${record.keyName.toString()} is cut short`);
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
    return appendTsig(octets, { ...record, mac });
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
    const variables = this.#isFirst ? variablesOf(record) : timersOf(record);
    check(this.#key, record, [...prefixed(this.#previousMac), ...this.#unsigned, bare, variables], nowSeconds);
    if (record.error !== RCODE.NOERROR) throw notAccepted(this.#key, record);
    this.#isFirst = false;
    this.#unsigned = [];
    this.#previousMac = record.mac;
    // A forwarder gave the question another id than ours, and the response ours again (§4.3.1).
    bare.set(octets.subarray(0, 2));
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

  #checkKey(record: TsigRecord): void {
    const { keyName, algorithm, mac, error } = record;
    const key = this.#key;
    if (mac.length === 0 && error !== RCODE.NOERROR) throw notAccepted(key, record);
    if (!keyName.equals(key.name) || !algorithm.equals(key.algorithmName)) {
      throw new TsigError(TSIG_ERROR.BADKEY, `the response is signed with another key, ${keyName.toString()}`);
    }
  }
}

/** What the server has against our signature (RFC 8945 §5.2), and what mends it. */
function notAccepted(key: TsigKey, { error, timeSigned, otherData }: TsigRecord): TsigError {
  return new TsigError(error, `the server does not accept the key ${key.toString()}: ${why()}`);

  function why(): string {
    switch (error) {
      case TSIG_ERROR.BADKEY:
        return "it does not know that key, or by another algorithm";
      case TSIG_ERROR.BADSIG:
        return "its secret is another";
      case TSIG_ERROR.BADTIME: {
        if (otherData.length !== TSIG_TIME_OCTETS) return "its clock says another time than ours; set the clocks";
        const distance = tsigTime(otherData) - timeSigned;
        return `by its clock it is ${Math.abs(distance)} s ${distance > 0 ? "later" : "earlier"} than by ours; set the clocks`;
      }
      default:
        return `error ${error}`;
    }
  }
}

function recordOf(octets: Uint8Array, keyName: Name, algorithm: Name, signing: Signing): TsigRecord {
  const { nowSeconds, fudgeSeconds = TSIG_FUDGE_SECONDS, error = RCODE.NOERROR, otherData = NOTHING } = signing;
  return {
    keyName,
    algorithm,
    timeSigned: nowSeconds,
    fudgeSeconds,
    mac: NOTHING,
    originalId: messageId(octets),
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
  const octets = new Uint8Array(key.length + 6 + alg.length + TSIG_TIME_OCTETS + 6 + otherData.length);
  const view = new DataView(octets.buffer);
  octets.set(key);
  view.setUint16(key.length, CLASS.ANY);
  const algAt = key.length + 6;
  octets.set(alg, algAt);
  const timeAt = algAt + alg.length;
  octets.set(timeOctets(timeSigned), timeAt);
  view.setUint16(timeAt + TSIG_TIME_OCTETS, fudgeSeconds);
  view.setUint16(timeAt + TSIG_TIME_OCTETS + 2, error);
  view.setUint16(timeAt + TSIG_TIME_OCTETS + 4, otherData.length);
  octets.set(otherData, timeAt + TSIG_TIME_OCTETS + 6);
  return octets;
}

/** Of the messages after the first of a stream only the timers are signed (RFC 8945 §5.3.1). */
function timersOf({ timeSigned, fudgeSeconds }: TsigRecord): Uint8Array {
  return Uint8Array.of(...timeOctets(timeSigned), fudgeSeconds >> 8, fudgeSeconds);
}
