/**
 * EDNS (RFC 6891): the OPT pseudo-record as a value, with every option kept, and the options Strata reads or writes
 * itself: NSID (RFC 5001), COOKIE (RFC 7873), EXPIRE (RFC 7314), extended DNS errors (RFC 8914), Update Lease (RFC 9664).
 */
import { OPTION } from "./codes.ts";
import { WireError } from "./wire.ts";

/** The only version there is (RFC 6891 §6.1.3). */
export const EDNS_VERSION = 0;

/** Options in one OPT at most; more is FORMERR. Nobody has use for more, and each costs the receiver. */
export const EDNS_OPTIONS_MAX = 32;

/** What a UDP response may have when the requester offers no more (RFC 1035 §4.2.1, RFC 6891 §6.2.3). */
export const PAYLOAD_OCTETS_DEFAULT = 512;

/** What Strata offers and the most it sends over UDP, so that no path fragments it. */
export const PAYLOAD_OCTETS_MAX = 1232;

/** The DO bit in OPT's flags (RFC 3225 §3). */
export const DNSSEC_OK = 0x8000;

export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

export interface Edns {
  readonly version: number;
  /** The largest UDP message the sender can receive; as sent, which may be below 512. */
  readonly payloadOctets: number;
  readonly dnssecOk: boolean;
  /** All sixteen flag bits, DO among them; `dnssecOk` decides over its bit when encoding. */
  readonly flags: number;
  readonly options: readonly EdnsOption[];
}

/** EDNS of version 0 with nothing asked for, to be spread and added to. */
export const plainEdns: Edns = {
  version: EDNS_VERSION,
  payloadOctets: PAYLOAD_OCTETS_MAX,
  dnssecOk: false,
  flags: 0,
  options: [],
};

/** The first option with this code, or null. */
export function findOption(edns: Edns | null, code: number): EdnsOption | null {
  return edns?.options.find((option) => option.code === code) ?? null;
}

/** The options of OPT's RDATA in their order. Throws WireError when an option is not whole or there are too many. */
export function decodeOptions(rdata: Uint8Array): EdnsOption[] {
  const options: EdnsOption[] = [];
  let at = 0;
  while (at < rdata.length) {
    if (at + 4 > rdata.length) throw new WireError("OPT ends inside an option's head", at);
    const code = (rdata[at]! << 8) | rdata[at + 1]!;
    const length = (rdata[at + 2]! << 8) | rdata[at + 3]!;
    at += 4;
    if (at + length > rdata.length) throw new WireError("an EDNS option is longer than its OPT", at);
    if (options.length === EDNS_OPTIONS_MAX) throw new WireError("OPT has too many options", at);
    options.push({ code, data: rdata.slice(at, at + length) });
    at += length;
  }
  return options;
}

const NO_OCTETS = new Uint8Array(0);

/** OPT's RDATA. */
export function encodeOptions(options: readonly EdnsOption[]): Uint8Array {
  if (options.length === 0) return NO_OCTETS;
  let length = 0;
  for (const { data } of options) length += 4 + data.length;
  const rdata = new Uint8Array(length);
  let at = 0;
  for (const { code, data } of options) {
    rdata[at] = code >> 8;
    rdata[at + 1] = code;
    rdata[at + 2] = data.length >> 8;
    rdata[at + 3] = data.length;
    rdata.set(data, at + 4);
    at += 4 + data.length;
  }
  return rdata;
}

/** How many seconds a server goes on serving its version of a zone without news (RFC 7314 §3). */
export function encodeExpire(seconds: number): EdnsOption {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, seconds);
  return { code: OPTION.EXPIRE, data };
}

/** Asks for that (RFC 7314 §2). */
export const expireQuestion: EdnsOption = { code: OPTION.EXPIRE, data: NO_OCTETS };

/** Null where a message does not say: some servers send the question back. */
export function expireOf(edns: Edns | null): number | null {
  const data = findOption(edns, OPTION.EXPIRE)?.data;
  return data?.length === 4 ? new DataView(data.buffer, data.byteOffset).getUint32(0) : null;
}

/** An extended DNS error: INFO-CODE (see `EDE`) and words for people (RFC 8914 §2). */
export interface ExtendedError {
  readonly infoCode: number;
  readonly text: string;
}

export function encodeExtendedError(error: ExtendedError): EdnsOption {
  const text = new TextEncoder().encode(error.text);
  const data = new Uint8Array(2 + text.length);
  data[0] = error.infoCode >> 8;
  data[1] = error.infoCode;
  data.set(text, 2);
  return { code: OPTION.EDE, data };
}

/** Throws WireError when the option is shorter than its INFO-CODE. Text that is no UTF-8 shows replacement characters. */
export function decodeExtendedError(option: EdnsOption): ExtendedError {
  const { data } = option;
  if (data.length < 2) throw new WireError("an extended DNS error needs two octets of INFO-CODE (RFC 8914 §2)", 0);
  // Some senders end the text with a zero octet; RFC 8914 §2 says it is not to be relied on, so it is dropped here.
  const end = data[data.length - 1] === 0 ? data.length - 1 : data.length;
  const text = new TextDecoder().decode(data.subarray(2, Math.max(2, end)));
  return { infoCode: (data[0]! << 8) | data[1]!, text };
}

/** All extended errors of a message; several are allowed (RFC 8914 §2), and one that is too short is passed over. */
export function extendedErrors(edns: Edns | null): ExtendedError[] {
  if (edns === null) return [];
  return edns.options
    .filter((option) => option.code === OPTION.EDE && option.data.length >= 2)
    .map((option) => decodeExtendedError(option));
}

/** Asks for the server's identity: an NSID option without data (RFC 5001 §2.1). */
export const nsidRequest: EdnsOption = { code: OPTION.NSID, data: new Uint8Array(0) };

/** Client cookie of 8 octets and, when the server is known, its cookie of 8 to 32 (RFC 7873 §4). */
export interface Cookie {
  readonly client: Uint8Array;
  readonly server: Uint8Array | null;
}

/** Throws WireError when the length is none of 8 and 16 to 40 (RFC 7873 §5.2.2). */
export function decodeCookie(option: EdnsOption): Cookie {
  const { data } = option;
  if (!isCookieLength(data.length)) throw new WireError("a cookie has 8 or 16 to 40 octets (RFC 7873 §4)", 0);
  return { client: data.subarray(0, 8), server: data.length === 8 ? null : data.subarray(8) };
}

export function encodeCookie(cookie: Cookie): EdnsOption {
  const data = new Uint8Array(8 + (cookie.server?.length ?? 0));
  data.set(cookie.client);
  if (cookie.server !== null) data.set(cookie.server, 8);
  return { code: OPTION.COOKIE, data };
}

export function isCookieLength(length: number): boolean {
  return length === 8 || (length >= 16 && length <= 40);
}

/** How long what an update adds is to stay, as asked for or as granted (RFC 9664 §4). */
export interface UpdateLease {
  readonly seconds: number;
  /** Of KEY records; null, the short form, says that they are as the others. */
  readonly keySeconds: number | null;
}

/** Throws WireError when the option has neither of its two lengths. */
export function decodeUpdateLease({ data }: EdnsOption): UpdateLease {
  if (data.length !== 4 && data.length !== 8) throw new WireError("an Update Lease has 4 or 8 octets (RFC 9664 §4)", 0);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return { seconds: view.getUint32(0), keySeconds: data.length === 4 ? null : view.getUint32(4) };
}

export function encodeUpdateLease({ seconds, keySeconds }: UpdateLease): EdnsOption {
  const data = new Uint8Array(keySeconds === null ? 4 : 8);
  const view = new DataView(data.buffer);
  view.setUint32(0, seconds);
  if (keySeconds !== null) view.setUint32(4, keySeconds);
  return { code: OPTION.UPDATE_LEASE, data };
}
