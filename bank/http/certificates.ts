/**
 * The bank's own certificate authority, and certificates for its servers (RFC 5280). The library that writes them is loaded only where one
 * is made.
 */
import { createHash, webcrypto, X509Certificate } from "node:crypto";
import type { Random } from "../../base/index.ts";

/** PEM both. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateWish {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly days: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const AUTHORITY_DAYS = 3650;
/** A certificate made now is to be right for a clock that is a little behind. */
const BEFORE_SECONDS = 3600;
const DAY_SECONDS = 86_400;

export interface CertificateParts {
  readonly nowSeconds: number;
  readonly random: Random;
}

async function library() {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

export async function createAuthority(bank: string, { nowSeconds, random }: CertificateParts): Promise<Identity> {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(random),
    name: `CN=Certificate authority of ${bank}`,
    ...validity(nowSeconds, AUTHORITY_DAYS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

/** For a server that is reached by those names and addresses. */
export async function issueCertificate(
  authority: Identity,
  wish: CertificateWish,
  { nowSeconds, random }: CertificateParts,
): Promise<Identity> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", fromPem(authority.key), ALGORITHM, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const alternatives = [
    ...wish.names.map((value) => ({ type: "dns", value }) as const),
    ...wish.addresses.map((value) => ({ type: "ip", value }) as const),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(random),
    subject: `CN=${wish.names[0] ?? wish.addresses[0] ?? "bank"}`,
    issuer: issuer.subject,
    ...validity(nowSeconds, wish.days),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

/** SHA-256 of the certificate's public key, as a TLSA record with selector 1 and matching type 1 has it (RFC 6698 §2.1). */
export function publicKeyDigest(certificate: string): Uint8Array {
  const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest();
}

/** Seconds since 1970 at which it ends. */
export const endOfCertificate = (certificate: string): number =>
  Math.floor(new X509Certificate(certificate).validToDate.getTime() / 1000);

function validity(nowSeconds: number, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: dateOf(nowSeconds - BEFORE_SECONDS), notAfter: dateOf(nowSeconds + days * DAY_SECONDS) };
}

/** Positive, and never the same twice (RFC 5280 §4.1.2.2). */
function serial(random: Random): string {
  const octets = random.octets(16);
  octets[0] = (octets[0]! & 0x7f) | 0x40;
  return Buffer.from(octets).toString("hex");
}

const dateOf = (seconds: number): Date => new Date(seconds * 1000);

async function pemOf(key: CryptoKey): Promise<string> {
  const body = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${body.replace(/.{64}/g, "$&\n").trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

const fromPem = (pem: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64"));
