/** DNSSEC (RFC 4034, RFC 5155), its child-to-parent signals (RFC 7344, RFC 7477) and ZONEMD (RFC 8976). */
import { rdata } from "../declare.ts";
import { base32Counted, base64Rest, hexCounted, hexRest } from "../field/binary.ts";
import { lowerName, plainName } from "../field/name.ts";
import { u16, u32, u8, withDefault, withMnemonics } from "../field/number.ts";
import { filledTypeBitmap, rrType, typeBitmap } from "../field/rr-type.ts";
import { signatureTime } from "../field/signature-time.ts";

/** IANA "DNS Security Algorithm Numbers", with the spellings that BIND's tools also take. */
export const ALGORITHMS: Readonly<Record<string, number>> = {
  RSASHA256: 8,
  ECDSAP256SHA256: 13,
  ED25519: 15,
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  "DSA-NSEC3-SHA1": 6,
  NSEC3DSA: 6,
  "RSASHA1-NSEC3-SHA1": 7,
  NSEC3RSASHA1: 7,
  RSASHA512: 10,
  "ECC-GOST": 12,
  ECCGOST: 12,
  ECDSAP384SHA384: 14,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};

export const algorithm = withMnemonics(u8, ALGORITHMS);

const digestType = withMnemonics(u8, {
  "SHA-256": 2,
  SHA256: 2,
  "SHA-384": 4,
  SHA384: 4,
  "SHA-1": 1,
  SHA1: 1,
  GOST: 3,
});

const delegationFields = { keyTag: u16, algorithm, digestType, digest: hexRest };

/** Octets of the digests of RFC 3658, RFC 4509, RFC 5933 and RFC 6605. */
const DIGEST_OCTETS = new Map([
  [1, 20],
  [2, 32],
  [3, 32],
  [4, 48],
]);

function verifyDigest(octets: Uint8Array): string | null {
  return digestComplaint(DIGEST_OCTETS.get(octets[3]!), octets.length - 4, `digest type ${octets[3]!}`);
}

function digestComplaint(wantedOctets: number | undefined, octets: number, what: string): string | null {
  if (wantedOctets === undefined || octets === wantedOctets) return null;
  return `the digest has ${octets} octets; ${what} has ${wantedOctets}, that is ${2 * wantedOctets} hexadecimal digits`;
}

/** Delegation signer (RFC 4034 §5). */
export const ds = rdata({ type: 43, mnemonic: "DS", fields: delegationFields, verifyText: verifyDigest });

/** The DS that the child wants its parent to have (RFC 7344 §3.1); `0 0 0 00` asks for none (RFC 8078 §4). */
export const cds = rdata({ type: 59, mnemonic: "CDS", fields: delegationFields, verifyText: verifyDigest });

const keyFields = { flags: u16, protocol: withDefault(u8, 3), algorithm, key: base64Rest };

/** Public key of a zone (RFC 4034 §2). */
export const dnskey = rdata({ type: 48, mnemonic: "DNSKEY", fields: keyFields });

/** The key whose DS the child wants its parent to have (RFC 7344 §3.2). */
export const cdnskey = rdata({ type: 60, mnemonic: "CDNSKEY", fields: keyFields });

/** Signature of an RRset (RFC 4034 §3). Its signer's name sorts in lower case (RFC 6840 §5.1). */
export const rrsig = rdata({
  type: 46,
  mnemonic: "RRSIG",
  fields: {
    typeCovered: rrType,
    algorithm,
    labels: u8,
    originalTTL: u32,
    expiration: signatureTime,
    inception: signatureTime,
    keyTag: u16,
    signersName: lowerName,
    signature: base64Rest,
  },
});

/** Next owner name, and the types at this one (RFC 4034 §4). The next name keeps its case (RFC 6840 §5.1). */
export const nsec = rdata({ type: 47, mnemonic: "NSEC", fields: { nextDomain: plainName, rrtypes: filledTypeBitmap } });

const hashFields = { algorithm: withMnemonics(u8, { "SHA-1": 1 }), flags: u8, iterations: u16, salt: hexCounted };

/** The same over hashed names (RFC 5155 §3). */
export const nsec3 = rdata({
  type: 50,
  mnemonic: "NSEC3",
  fields: { ...hashFields, nextDomain: base32Counted, rrtypes: typeBitmap },
});

/** How a zone's names are hashed (RFC 5155 §4). */
export const nsec3param = rdata({ type: 51, mnemonic: "NSEC3PARAM", fields: hashFields });

/** What a parent is to copy from its child (RFC 7477 §2). */
export const csync = rdata({
  type: 62,
  mnemonic: "CSYNC",
  fields: { soaSerial: u32, flags: u16, rrtypes: typeBitmap },
});

/** Octets of the digests of SHA-384 and SHA-512 (RFC 8976 §2.2.3). */
const ZONEMD_OCTETS = new Map([
  [1, 48],
  [2, 64],
]);
const ZONEMD_OCTETS_MIN = 12;

/** Digest of a whole zone (RFC 8976 §2). */
export const zonemd = rdata({
  type: 63,
  mnemonic: "ZONEMD",
  fields: { serial: u32, scheme: u8, algorithm: u8, digest: hexRest },
  verifyText(octets) {
    const length = octets.length - 6;
    if (length < ZONEMD_OCTETS_MIN) return "the digest has fewer than 12 octets (RFC 8976 §2.2.4)";
    return digestComplaint(ZONEMD_OCTETS.get(octets[5]!), length, `hash algorithm ${octets[5]!}`);
  },
});
