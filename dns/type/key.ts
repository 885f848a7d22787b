/** Keys and certificates of applications: CERT, SSHFP, IPSECKEY, DHCID, TLSA, SMIMEA, OPENPGPKEY. */
import { rdata } from "../declare.ts";
import { base64Rest, hexRest, hexTextRest, optionalBase64Rest } from "../field/binary.ts";
import { ipsecGateway } from "../field/gateway.ts";
import { asMnemonic, u16, u8 } from "../field/number.ts";
import { algorithm } from "./dnssec.ts";

/** Certificate types (RFC 4398 §2.1). */
const CERTIFICATE_TYPES: Readonly<Record<string, number>> = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
};

/** A certificate (RFC 4398 §2). */
export const cert = rdata({
  type: 37,
  mnemonic: "CERT",
  fields: { type: asMnemonic(u16, CERTIFICATE_TYPES), keyTag: u16, algorithm, certificate: base64Rest },
});

/** Octets of SHA-1 and SHA-256 fingerprints (RFC 4255 §3.1.2, RFC 6594 §3.1). */
const FINGERPRINT_OCTETS = new Map([
  [1, 20],
  [2, 32],
]);

/** Fingerprint of a host's SSH key (RFC 4255 §3.1). */
export const sshfp = rdata({
  type: 44,
  mnemonic: "SSHFP",
  fields: { algorithm: u8, hash: u8, fingerprint: hexTextRest },
  verifyText(octets) {
    const wanted = FINGERPRINT_OCTETS.get(octets[1]!) ?? octets.length - 2;
    if (wanted === octets.length - 2) return null;
    return `the fingerprint has ${octets.length - 2} octets; hash type ${octets[1]!} has ${wanted}`;
  },
});

/** Key for opportunistic IPsec (RFC 4025 §2). */
export const ipseckey = rdata({
  type: 45,
  mnemonic: "IPSECKEY",
  fields: { precedence: u8, gatewayType: u8, algorithm: u8, gateway: ipsecGateway, publicKey: optionalBase64Rest },
});

/** DHCP client's claim on a name (RFC 4701 §3). */
export const dhcid = rdata({ type: 49, mnemonic: "DHCID", fields: { identifier: base64Rest }, data: "value" });

const associationFields = { usage: u8, selector: u8, matchingType: u8, certificate: hexRest };

/** Certificate association of a TLS service (RFC 6698 §2) and of a mail address (RFC 8162 §2). */
export const tlsa = rdata({ type: 52, mnemonic: "TLSA", fields: associationFields });
export const smimea = rdata({ type: 53, mnemonic: "SMIMEA", fields: associationFields });

/** OpenPGP public key of a mail address (RFC 7929 §2). */
export const openpgpkey = rdata({ type: 61, mnemonic: "OPENPGPKEY", fields: { key: base64Rest }, data: "value" });
