/** IPv4 and IPv6 addresses (RFC 1035 §3.4.1, RFC 3596 §2). IPv6 is written as RFC 5952 says and read as RFC 4291 §2.2. */
import { hexDigit } from "../../base/index.ts";
import { tokenText } from "../text.ts";
import { DataError, type Field, readU16, shown, wanted, whole, wrong } from "./field.ts";

export const ipv4: Field = addressField(4, "an IPv4 address such as 192.0.2.1");
export const ipv6: Field = addressField(16, "an IPv6 address such as 2001:db8::1");

function addressField(size: 4 | 16, what: string): Field {
  const format = size === 4 ? formatIpv4 : formatIpv6;
  const parse = size === 4 ? parseIpv4 : parseIpv6;
  return {
    step: size,
    name: null,
    end: (_octets, at, end) => whole(at, size, end, "an address"),
    format,
    parse(tokens, out, label) {
      const token = wanted(tokens, label, what);
      const octets = token.quoted ? null : parse(tokenText(token));
      if (octets === null) throw wrong(token, `${shown(tokenText(token))} is no address; ${what} is wanted`);
      out.octets(octets);
    },
    toData: format,
    fromData(data, out) {
      const octets = typeof data === "string" ? parse(data) : null;
      if (octets === null) throw new DataError(`${what} is wanted, not ${shown(data)}`);
      out.octets(octets);
    },
  };
}

/** Dotted decimal of the four octets at `at`. */
export function formatIpv4(octets: Uint8Array, at = 0): string {
  return `${octets[at]!}.${octets[at + 1]!}.${octets[at + 2]!}.${octets[at + 3]!}`;
}

/** Four decimal numbers without leading zeros, which some would read as octal; null for anything else. */
export function parseIpv4(text: string): Uint8Array | null {
  const octets = new Uint8Array(4);
  let part = 0;
  let value = -1;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit === -2 && value >= 0 && part < 3) {
      octets[part++] = value;
      value = -1;
    } else if (digit >= 0 && digit <= 9 && value !== 0) {
      value = Math.max(value, 0) * 10 + digit;
      if (value > 255) return null;
    } else {
      return null;
    }
  }
  if (part !== 3 || value < 0) return null;
  octets[3] = value;
  return octets;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two zero groups or more as `::`. */
export function formatIpv6(octets: Uint8Array, at = 0): string {
  const dotted = dottedPrefix(octets, at);
  if (dotted !== null) return dotted + formatIpv4(octets, at + 12);
  let runStart = 8;
  let runLength = 1; // A run of one group is not shortened (RFC 5952 §4.2.2).
  for (let start = 0, group = 0; group <= 8; group++) {
    if (group < 8 && readU16(octets, at + 2 * group) === 0) continue;
    if (group - start > runLength) {
      runStart = start;
      runLength = group - start;
    }
    start = group + 1;
  }
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === runStart) {
      text += "::";
      group += runLength - 1;
    } else {
      text += (text === "" || text.endsWith(":") ? "" : ":") + readU16(octets, at + 2 * group).toString(16);
    }
  }
  return text;
}

/**
 * ::ffff:0:0/96 and ::/96 (but for :: and ::X) end in dotted decimal (RFC 5952 §5, RFC 4291 §2.5.5). RFC 5952 leaves the
 * second open; inet_ntop does it, and so does every peer.
 */
function dottedPrefix(octets: Uint8Array, at: number): string | null {
  for (let i = 0; i < 10; i++) if (octets[at + i] !== 0) return null;
  const group = readU16(octets, at + 10);
  if (group === 0xffff) return "::ffff:";
  return group === 0 && readU16(octets, at + 12) !== 0 ? "::" : null;
}

/** Any form of RFC 4291 §2.2 without a zone; null for anything else. */
export function parseIpv6(text: string): Uint8Array | null {
  const octets = new Uint8Array(16);
  let length = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    const group = readGroup(text, at);
    if (text[group.end] === ".") {
      const last = length <= 12 ? parseIpv4(text.slice(at)) : null;
      if (last === null) return null;
      octets.set(last, length);
      length += 4;
      at = text.length;
      break;
    }
    if (group.value < 0 || length >= 16) return null;
    octets[length++] = group.value >> 8;
    octets[length++] = group.value & 0xff;
    at = group.end;
    if (at === text.length) break;
    if (text[at] !== ":" || at + 1 === text.length) return null;
    at++;
    if (text[at] === ":") {
      if (gap >= 0) return null;
      gap = length;
      at++;
    }
  }
  if (gap < 0) return length === 16 ? octets : null;
  if (length > 14) return null; // `::` stands for one group at least.
  octets.copyWithin(16 - (length - gap), gap, length);
  octets.fill(0, gap, 16 - (length - gap));
  return octets;
}

/** One to four hexadecimal digits from `at`; the value is -1 when there are none or more. */
function readGroup(text: string, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let end = at;
  while (end < text.length && hexDigit(text.charCodeAt(end)) >= 0)
    value = value * 16 + hexDigit(text.charCodeAt(end++));
  return { value: end > at && end - at <= 4 ? value : -1, end };
}
