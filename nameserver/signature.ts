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

/** Codes shorter than this say nothing about anybody (RFC 8945 §5.2.2.1). */
const MAC_OCTETS_MIN = 10;

export type Authenticated =
  | { readonly kind: "signed"; readonly key: TsigKey; readonly signer: TsigSigner; readonly bare: Uint8Array }
  /** NOTAUTH; `sign` puts the TSIG record that tells why behind a response. */
  | { readonly kind: "refused"; readonly reason: string; readonly sign: (response: Uint8Array) => Uint8Array }
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
  if (key === undefined || !record.algorithm.equals(key.algorithmName)) {
    return refused(record, TSIG_ERROR.BADKEY, `the key ${record.keyName.toString()} is not known`);
  }
  const { length } = record.mac;
  if (length > key.macOctets || length < MAC_OCTETS_MIN) return { kind: "malformed" };
  if (length < key.macOctets) return refused(record, TSIG_ERROR.BADTRUNC, "its code is truncated");
  const bare = withoutTsig(request, tsigOffset, record.originalId);
  try {
    verifyTsig(key, { bare, record }, { nowSeconds });
  } catch (error) {
    if (!(error instanceof TsigError)) throw error;
    return error.error === TSIG_ERROR.BADTIME
      ? tooLate({ key, record, nowSeconds, reason: error.message })
      : refused(record, error.error, error.message);
  }
  return { kind: "signed", key, signer: new TsigSigner(key, record.mac), bare };
}

function refused(record: TsigRecord, error: number, reason: string): Authenticated {
  return { kind: "refused", reason, sign: (response) => appendTsigError(response, record, error) };
}

/** The only error that is signed: the key is right, and the client learns our time (RFC 8945 §5.2.3). */
function tooLate({ key, record, nowSeconds, reason }: Late): Authenticated {
  const signing = {
    nowSeconds: record.timeSigned,
    requestMac: record.mac,
    error: TSIG_ERROR.BADTIME,
    otherData: timeOctets(nowSeconds),
  };
  return { kind: "refused", reason, sign: (response) => signMessage(response, key, signing).octets };
}

interface Late {
  readonly key: TsigKey;
  readonly record: TsigRecord;
  readonly nowSeconds: number;
  readonly reason: string;
}
