/**
 * Keys that two parties share, and the algorithms that make authentication codes with them (RFC 8945 §6). The secret never leaves the
 * key: it is shown neither as text nor by inspection, so that none gets into a log.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";
import { Name } from "./name.ts";

/** Those that are secure and that everybody has. MD5 and SHA-1 are not offered (RFC 8945 §6 leaves that to us), nor truncated codes. */
export const TSIG_ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512"] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

const HASHES: Readonly<Record<TsigAlgorithm, { readonly hash: string; readonly octets: number; readonly name: Name }>> =
  {
    "hmac-sha256": { hash: "sha256", octets: 32, name: Name.parse("hmac-sha256.") },
    "hmac-sha384": { hash: "sha384", octets: 48, name: Name.parse("hmac-sha384.") },
    "hmac-sha512": { hash: "sha512", octets: 64, name: Name.parse("hmac-sha512.") },
  };

/** The algorithm of that name in text, in any case and with or without a last dot; null when it is none of ours. */
export function tsigAlgorithmFromText(text: string): TsigAlgorithm | null {
  const wanted = text.toLowerCase().replace(/\.$/, "");
  return TSIG_ALGORITHMS.find((algorithm) => algorithm === wanted) ?? null;
}

export class TsigKey {
  readonly name: Name;
  readonly algorithm: TsigAlgorithm;
  readonly #secret: Uint8Array;

  /** @param secret Any octets; as many as the code has are recommended (RFC 2104 §3). */
  constructor(name: Name, algorithm: TsigAlgorithm, secret: Uint8Array) {
    this.name = name;
    this.algorithm = algorithm;
    this.#secret = new Uint8Array(secret);
  }

  get algorithmName(): Name {
    return HASHES[this.algorithm].name;
  }

  /** Octets of its authentication codes. */
  get macOctets(): number {
    return HASHES[this.algorithm].octets;
  }

  /** The authentication code of these octets, one part behind the other. */
  mac(parts: readonly Uint8Array[]): Uint8Array {
    const hmac = createHmac(HASHES[this.algorithm].hash, this.#secret);
    for (const part of parts) hmac.update(part);
    return new Uint8Array(hmac.digest());
  }

  /** A code that is cut shorter says nothing about anybody (RFC 8945 §5.2.2.1). */
  get macOctetsMin(): number {
    return Math.max(10, this.macOctets / 2);
  }

  /** Whether the code, or as much as there is of it, is that of the octets. Takes as long for a wrong one as for the right one. */
  verifies(mac: Uint8Array, parts: readonly Uint8Array[]): boolean {
    const { length } = mac;
    if (length < this.macOctetsMin || length > this.macOctets) return false;
    return timingSafeEqual(mac, this.mac(parts).subarray(0, length));
  }

  toString(): string {
    return `${this.name.toString()} (${this.algorithm})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return `TsigKey ${this.toString()}`;
  }
}
