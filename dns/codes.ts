/**
 * The open number spaces of DNS with their mnemonics, as IANA's "Domain Name System (DNS) Parameters" lists them. Any
 * number has a text (TYPE731, CLASS32 as RFC 3597 §5; RCODE23), so nothing is lost for being new.
 */

export const TYPE = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
} as const;

export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const;

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  DSOTYPENI: 11,
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const;

/** EDNS option codes (RFC 6891 §9). 65001 to 65534 are for local use. */
export const OPTION = {
  LLQ: 1,
  UPDATE_LEASE: 2,
  NSID: 3,
  DAU: 5,
  DHU: 6,
  N3U: 7,
  CLIENT_SUBNET: 8,
  EXPIRE: 9,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  CHAIN: 13,
  KEY_TAG: 14,
  EDE: 15,
  REPORT_CHANNEL: 18,
  ZONEVERSION: 19,
} as const;

/** Extended DNS errors (RFC 8914 §4 and later assignments). */
export const EDE = {
  OTHER: 0,
  UNSUPPORTED_DNSKEY_ALGORITHM: 1,
  UNSUPPORTED_DS_DIGEST_TYPE: 2,
  STALE_ANSWER: 3,
  FORGED_ANSWER: 4,
  DNSSEC_INDETERMINATE: 5,
  DNSSEC_BOGUS: 6,
  SIGNATURE_EXPIRED: 7,
  SIGNATURE_NOT_YET_VALID: 8,
  DNSKEY_MISSING: 9,
  RRSIGS_MISSING: 10,
  NO_ZONE_KEY_BIT_SET: 11,
  NSEC_MISSING: 12,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  CENSORED: 16,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN_ANSWER: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
  SIGNATURE_EXPIRED_BEFORE_VALID: 25,
  TOO_EARLY: 26,
  UNSUPPORTED_NSEC3_ITERATIONS: 27,
  UNABLE_TO_CONFORM_TO_POLICY: 28,
  SYNTHESIZED: 29,
  INVALID_QUERY_TYPE: 30,
} as const;

const typeTexts = invert(TYPE);
const classTexts = invert(CLASS);
const opcodeTexts = invert(OPCODE);
const rcodeTexts = invert(RCODE);
const optionTexts = invert(OPTION);
const edeTexts = invert(EDE);

export function typeToText(type: number): string {
  return typeTexts.get(type) ?? `TYPE${type}`;
}

/** The number of a type's mnemonic in any case, or of TYPEnnn (RFC 3597 §5); null when it is neither. */
export function typeFromText(text: string): number | null {
  return fromText(text, TYPE, "TYPE", 0xffff);
}

export function classToText(number: number): string {
  return classTexts.get(number) ?? `CLASS${number}`;
}

export function classFromText(text: string): number | null {
  return fromText(text, CLASS, "CLASS", 0xffff);
}

export function opcodeToText(opcode: number): string {
  return opcodeTexts.get(opcode) ?? `OPCODE${opcode}`;
}

export function opcodeFromText(text: string): number | null {
  return fromText(text, OPCODE, "OPCODE", 15);
}

export function rcodeToText(rcode: number): string {
  return rcodeTexts.get(rcode) ?? `RCODE${rcode}`;
}

export function rcodeFromText(text: string): number | null {
  return fromText(text, RCODE, "RCODE", 0xfff);
}

export function optionToText(code: number): string {
  return optionTexts.get(code) ?? `OPT${code}`;
}

/** `EDE 22 (No Reachable Authority)` is how RFC 8914 writes it; this gives the words. */
export function edeToText(code: number): string {
  const words = edeTexts.get(code);
  if (words === undefined) return `EDE${code}`;
  return words
    .split("_")
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join(" ");
}

/** Types that only questions use or that never stand in zone data (RFC 6895 §3.1: meta-types and QTYPEs, and OPT). */
export function isMetaType(type: number): boolean {
  return type === TYPE.OPT || (type >= 128 && type <= 255) || type === 0;
}

function invert(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([text, number]) => [number, text]));
}

function fromText(text: string, table: Readonly<Record<string, number>>, prefix: string, max: number): number | null {
  const upper = text.toUpperCase();
  if (Object.hasOwn(table, upper)) return table[upper] ?? null;
  if (!upper.startsWith(prefix)) return null;
  const digits = upper.slice(prefix.length);
  if (digits.length === 0 || digits.length > 5 || [...digits].some((digit) => digit < "0" || digit > "9")) return null;
  const number = Number(digits);
  return number <= max ? number : null;
}
