/** Octet strings and their text forms: hexadecimal, base64 and base32hex (RFC 4648), comparison, concatenation. */

const HEX = "0123456789abcdef";
const BASE32HEX = "0123456789abcdefghijklmnopqrstuv";

/** Lower-case hexadecimal digits, two an octet. */
export function toHex(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += HEX[octet >> 4]! + HEX[octet & 15]!;
  return text;
}

/** The octets of an even number of hexadecimal digits in either case, or null when it is anything else. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const octets = new Uint8Array(text.length / 2);
  for (let i = 0; i < octets.length; i++) {
    const high = hexDigit(text.charCodeAt(2 * i));
    const low = hexDigit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return null;
    octets[i] = (high << 4) | low;
  }
  return octets;
}

/** The value of a hexadecimal digit given as a character code, or -1. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Base64 with padding (RFC 4648 §4). */
export function toBase64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("base64");
}

/** The octets of strict base64 (alphabet of RFC 4648 §4, whole quanta, zero pad bits), or null when it is anything else. */
export function fromBase64(text: string): Uint8Array | null {
  const octets = Buffer.from(text, "base64");
  // Node decodes leniently; only text that encodes back to itself was base64 in the first place.
  return octets.toString("base64") === text ? new Uint8Array(octets) : null;
}

/** Base32 with the extended hex alphabet, lower case, without padding, as NSEC3 owner names use it (RFC 5155 §1.3). */
export function toBase32Hex(octets: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32HEX[(held >> bits) & 31]!;
    }
  }
  return bits > 0 ? text + BASE32HEX[(held << (5 - bits)) & 31]! : text;
}

/** The octets of unpadded base32hex in either case, or null when it is anything else. */
export function fromBase32Hex(text: string): Uint8Array | null {
  const octets = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of text.toLowerCase()) {
    const value = BASE32HEX.indexOf(digit);
    if (value < 0) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      octets[at++] = (held >> bits) & 0xff;
    }
  }
  // What is left over must be padding: fewer than five bits, all zero.
  return bits < 5 && (held & ((1 << bits) - 1)) === 0 ? octets : null;
}

/** Order by octet value, a prefix before what it begins: negative, zero or positive. */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareOctets(a, b) === 0;
}

export function concatOctets(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
