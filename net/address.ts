/**
 * Addresses and ports in text: what stands in configuration and on command lines (IPv4 dotted, IPv6 RFC 5952; a port after
 * an IPv6 address needs brackets, RFC 3986 §3.2.2), and address prefixes for access lists (RFC 4632).
 */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../dns/index.ts";
import type { Endpoint } from "./exchange.ts";

/** A text that is no address, endpoint or prefix; the message says what would be right. */
export class AddressError extends Error {
  readonly code = "BAD_ADDRESS";
}

/** Port 53 is DNS's (RFC 1035 §4.2). */
export const DNS_PORT = 53;

/** Reads `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` and `[2001:db8::1]:53`. Throws AddressError. */
export function parseEndpoint(text: string, defaultPort: number = DNS_PORT): Endpoint {
  const { host, port } = splitPort(text);
  const octets = addressOctets(host);
  if (octets === null) {
    throw new AddressError(
      `${JSON.stringify(text)} is no address; ADDR, ADDR:PORT or [IPv6]:PORT is wanted, such as 127.0.0.1:5300`,
    );
  }
  return { address: addressText(octets), port: port === null ? defaultPort : parsePort(port, text) };
}

function splitPort(text: string): { readonly host: string; readonly port: string | null } {
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    const rest = close < 0 ? "?" : text.slice(close + 1);
    if (rest !== "" && !rest.startsWith(":")) return { host: text, port: null };
    return { host: text.slice(1, close), port: rest === "" ? null : rest.slice(1) };
  }
  const colon = text.indexOf(":");
  // With a second colon it is an IPv6 address without a port.
  if (colon < 0 || text.includes(":", colon + 1)) return { host: text, port: null };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

function parsePort(digits: string, text: string): number {
  const port = Number(digits);
  const isDecimal =
    digits.length > 0 && digits.length <= 5 && [...digits].every((digit) => digit >= "0" && digit <= "9");
  if (!isDecimal || port > 65_535) {
    throw new AddressError(`${JSON.stringify(digits)} in ${JSON.stringify(text)} is no port; 0 to 65535 is wanted`);
  }
  return port;
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The 4 or 16 octets of an address in text, or null. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) stays 16. */
export function addressOctets(text: string): Uint8Array | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** The text of 4 or 16 octets, IPv6 as RFC 5952 writes it. */
export function addressText(octets: Uint8Array): string {
  return octets.length === 4 ? formatIpv4(octets) : formatIpv6(octets);
}

/** A set of addresses with the same leading bits, such as 127.0.0.0/8 or ::1. */
export class Prefix {
  readonly #octets: Uint8Array;
  readonly bits: number;

  private constructor(octets: Uint8Array, bits: number) {
    this.#octets = octets;
    this.bits = bits;
  }

  /** Reads ADDR/BITS, or ADDR for that address alone. Bits beyond the prefix must be zero. Throws AddressError. */
  static parse(text: string): Prefix {
    const slash = text.indexOf("/");
    const octets = addressOctets(slash < 0 ? text : text.slice(0, slash));
    const bitsText = slash < 0 ? "" : text.slice(slash + 1);
    const bitsMax = octets === null ? 0 : 8 * octets.length;
    const bits = slash < 0 ? bitsMax : Number(bitsText);
    const isDecimal =
      slash < 0 || (bitsText.length > 0 && [...bitsText].every((digit) => digit >= "0" && digit <= "9"));
    if (octets === null || !isDecimal || bits > bitsMax) {
      throw new AddressError(
        `${JSON.stringify(text)} is no address prefix; such as 127.0.0.0/8 or 2001:db8::/32 is wanted`,
      );
    }
    const masked = octets.map((octet, i) => octet & maskOf(bits, i));
    if (masked.some((octet, i) => octet !== octets[i])) {
      throw new AddressError(`${text} has bits set beyond its length; ${addressText(masked)}/${bits} is meant, maybe`);
    }
    return new Prefix(octets, bits);
  }

  /** Whether the address, in text, is one of the set. An IPv4-mapped IPv6 address counts as the IPv4 address in it. */
  contains(address: string): boolean {
    const octets = addressOctets(address);
    return octets !== null && this.containsOctets(unmapped(octets));
  }

  containsOctets(octets: Uint8Array): boolean {
    if (octets.length !== this.#octets.length) return false;
    for (let i = 0; 8 * i < this.bits; i++) {
      if (((octets[i]! ^ this.#octets[i]!) & maskOf(this.bits, i)) !== 0) return false;
    }
    return true;
  }

  toString(): string {
    return `${addressText(this.#octets)}/${this.bits}`;
  }
}

/** Which bits of octet `i` belong to a prefix of that many bits. */
function maskOf(bits: number, i: number): number {
  const own = Math.max(0, Math.min(8, bits - 8 * i));
  return (0xff << (8 - own)) & 0xff;
}

/** The IPv4 address inside ::ffff:0:0/96, which a socket for both families shows (RFC 4038 §4.2); others as they are. */
export function unmapped(octets: Uint8Array): Uint8Array {
  if (octets.length !== 16 || octets[10] !== 0xff || octets[11] !== 0xff) return octets;
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return octets;
  return octets.subarray(12);
}
