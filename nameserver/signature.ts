/**
 * Who signed the request on the desk, and how its response is signed (RFC 8945 §5.2, §5.3). What is wrong with a signature is decided in
 * the order of that section: the key, the code, the time.
 */
import {
  appendTsigError,
  readTsig,
  signMessage,
  timeOctets,
  TSIG_ERROR,
  TsigError,
  type TsigKey,
  type TsigRecord,
  TsigSigner,
  verifyTsig,
  WireError,
  withoutTsig,
} from "../dns/index.ts";

/** By name, as `Name.key` writes it. */
export type TsigKeys = ReadonlyMap<string, TsigKey>;

/** Why, for our own eyes. */
export interface RefusedSignature {
  /** See TSIG_ERROR. */
  readonly error: number;
  readonly reason: string;
}

export type Authenticated =
  | { readonly kind: "signed"; readonly key: TsigKey; readonly signer: TsigSigner }
  /** NOTAUTH; `sign` puts the TSIG record that tells why behind a response. */
  | (RefusedSignature & { readonly kind: "refused"; readonly sign: (response: Uint8Array) => Uint8Array })
  | { readonly kind: "malformed" };

/** Checks the TSIG that begins at `tsigOffset` and ends the request. */
export function authenticate(
  request: Uint8Array,
  tsigOffset: number,
  keys: TsigKeys,
  nowSeconds: number,
): Authenticated {
  let record: TsigRecord;
  try {
    record = readTsig(request, tsigOffset);
  } catch (error) {
    if (error instanceof WireError) return { kind: "malformed" };
    throw error;
  }
  const key = keys.get(record.keyName.key);
  if (key === undefined || !record.algorithm.equals(key.algorithmName)) return refused(record, unknown(record, key));
  const { length } = record.mac;
  if (length > key.macOctets || length < key.macOctetsMin) return { kind: "malformed" };
  const bare = withoutTsig(request, tsigOffset, record.originalId);
  try {
    verifyTsig(key, { bare, record }, { nowSeconds });
  } catch (error) {
    if (!(error instanceof TsigError)) throw error;
    const why = { error: error.error, reason: error.message };
    return why.error === TSIG_ERROR.BADSIG ? refused(record, why) : refusedSigned(key, record, why, nowSeconds);
  }
  return { kind: "signed", key, signer: new TsigSigner(key, record.mac) };
}

/** Who does not have the key could not read a signature, and whose signature is wrong may not have it (RFC 8945 §5.3.2). */
function refused(record: TsigRecord, why: RefusedSignature): Authenticated {
  return { kind: "refused", ...why, sign: (response) => appendTsigError(response, record, why.error) };
}

function unknown({ keyName, algorithm }: TsigRecord, key: TsigKey | undefined): RefusedSignature {
  const name = keyName.toString();
  const reason =
    key === undefined
      ? `this server has no key ${name}`
      : `the key ${name} is one of ${key.algorithmName.toString()} here, and ${algorithm.toString()} was used`;
  return { error: TSIG_ERROR.BADKEY, reason };
}

/**
 * The key is right and the time is not, or the code is cut short: so the client is told with a signature (RFC 8945 §5.3.2). Of the time
 * it learns ours, in a response that is on time by its own clock (§5.2.3).
 */
function refusedSigned(key: TsigKey, record: TsigRecord, why: RefusedSignature, nowSeconds: number): Authenticated {
  const { error } = why;
  const { mac: requestMac, timeSigned, fudgeSeconds } = record;
  const signing =
    error === TSIG_ERROR.BADTIME
      ? { nowSeconds: timeSigned, fudgeSeconds, requestMac, error, otherData: timeOctets(nowSeconds) }
      : { nowSeconds, requestMac, error };
  return { kind: "refused", ...why, sign: (response) => signMessage(response, key, signing).octets };
}
