/**
 * Names, numbers, times and addresses of a master file, from octets into octets, without an object (RFC 1035 §5.1). These
 * are the fast ones: they say only that something is wrong. What exactly is wrong, the plain readers of dns/ say, which
 * also are their oracle in tests. bench/load.ts measures them.
 */
import { BAD_ESCAPE, escapeAt, LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from "../../dns/index.ts";

/** Instead of a value: leave it to the plain reader. */
export const NOT_READ = -1;

const DOT = 0x2e;
const BACKSLASH = 0x5c;
const AT_SIGN = 0x40;
const COLON = 0x3a;

/**
 * Writes the name in source [start, end) to `out` at `to`, `origin` appended unless it ends in a dot. Returns the position
 * after it, or NOT_READ. `out` must have room for 256 octets more.
 */
export function readName(
  source: Uint8Array,
  start: number,
  end: number,
  origin: Uint8Array,
  out: Uint8Array,
  to: number,
): number {
  if (end - start === 1) {
    if (source[start] === DOT) {
      out[to] = 0;
      return to + 1;
    }
    if (source[start] === AT_SIGN) return appendOrigin(origin, out, to, to);
  }
  let labelAt = to;
  let at = to + 1;
  const limit = to + NAME_OCTETS_MAX;
  for (let i = start; i < end; i++) {
    let octet = source[i]!;
    if (octet === DOT) {
      const length = at - labelAt - 1;
      if (length === 0 || length > LABEL_OCTETS_MAX || at >= limit) return NOT_READ;
      out[labelAt] = length;
      labelAt = at++;
      continue;
    }
    if (octet === BACKSLASH) {
      const escape = escapeAt(source, i);
      if (escape === BAD_ESCAPE || i + (escape >> 8) >= end) return NOT_READ;
      octet = escape & 0xff;
      i += escape >> 8;
    }
    if (at >= limit) return NOT_READ;
    out[at++] = octet;
  }
  const length = at - labelAt - 1;
  if (length === 0) {
    if (end === start) return NOT_READ;
    out[labelAt] = 0;
    return at;
  }
  if (length > LABEL_OCTETS_MAX) return NOT_READ;
  out[labelAt] = length;
  return appendOrigin(origin, out, at, to);
}

function appendOrigin(origin: Uint8Array, out: Uint8Array, at: number, nameStart: number): number {
  const length = origin.length;
  if (at + length - nameStart > NAME_OCTETS_MAX) return NOT_READ;
  for (let i = 0; i < length; i++) out[at + i] = origin[i]!;
  return at + length;
}

/** A decimal number up to `max`, or NOT_READ. */
export function readDecimal(source: Uint8Array, start: number, end: number, max: number): number {
  if (end === start || end - start > 10) return NOT_READ;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = source[i]! - 0x30;
    if (digit < 0 || digit > 9) return NOT_READ;
    value = value * 10 + digit;
  }
  return value > max ? NOT_READ : value;
}

/** Seconds, plain or in BIND's units (`1h30m`, `2w`), up to 2^31 - 1 (RFC 2181 §8); or NOT_READ. */
export function readSeconds(source: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let value = 0;
  let digits = 0;
  let hasUnits = false;
  for (let i = start; i < end; i++) {
    const octet = source[i]!;
    const digit = octet - 0x30;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      if (++digits > 10) return NOT_READ;
      continue;
    }
    const unit = unitSeconds(octet);
    if (unit === 0 || digits === 0) return NOT_READ;
    sum += value * unit;
    value = 0;
    digits = 0;
    hasUnits = true;
  }
  if (digits === 0 && !hasUnits) return NOT_READ;
  // As in BIND a number without unit after one with a unit is no time: `1h30` is more likely a slip than 3,630 s.
  if (digits > 0 && hasUnits) return NOT_READ;
  sum += value;
  return sum > 0x7fffffff ? NOT_READ : sum;
}

function unitSeconds(octet: number): number {
  switch (octet | 0x20) {
    case 0x73:
      return 1;
    case 0x6d:
      return 60;
    case 0x68:
      return 3600;
    case 0x64:
      return 86400;
    case 0x77:
      return 604800;
    default:
      return 0;
  }
}

/** Four octets of an IPv4 address to `out` at `to`: the position after them, or NOT_READ. */
export function readIpv4(source: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  let value = 0;
  let digits = 0;
  let parts = 0;
  for (let i = start; i < end; i++) {
    const octet = source[i]!;
    if (octet === DOT) {
      if (digits === 0 || parts === 3) return NOT_READ;
      out[to + parts++] = value;
      value = 0;
      digits = 0;
      continue;
    }
    const digit = octet - 0x30;
    // `010` is eight to some and ten to others, so neither (RFC 6943 §3.1.1).
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return NOT_READ;
    value = value * 10 + digit;
    digits++;
    if (value > 255) return NOT_READ;
  }
  if (parts !== 3 || digits === 0) return NOT_READ;
  out[to + 3] = value;
  return to + 4;
}

/** Sixteen octets of an IPv6 address (RFC 4291 §2.2, without the dotted form) to `out` at `to`; or NOT_READ. */
export function readIpv6(source: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  let at = to;
  let gapAt = -1;
  let i = start;
  if (source[i] === COLON) {
    if (source[i + 1] !== COLON || end - start < 2) return NOT_READ;
    gapAt = at;
    i += 2;
  }
  while (i < end) {
    let value = 0;
    let digits = 0;
    for (; i < end && source[i] !== COLON; i++, digits++) {
      const digit = hexValue(source[i]!);
      if (digit < 0 || digits === 4) return NOT_READ;
      value = value * 16 + digit;
    }
    if (digits === 0 || at === to + 16) return NOT_READ;
    out[at] = value >> 8;
    out[at + 1] = value & 0xff;
    at += 2;
    if (i === end) break;
    if (++i === end) return NOT_READ;
    if (source[i] === COLON) {
      if (gapAt >= 0) return NOT_READ;
      gapAt = at;
      i++;
    }
  }
  if (gapAt < 0) return at === to + 16 ? at : NOT_READ;
  return closeGap(out, to, at, gapAt);
}

/** Puts the zeros that `::` stands for at `gapAt`. */
function closeGap(out: Uint8Array, to: number, at: number, gapAt: number): number {
  const missing = to + 16 - at;
  if (missing < 2) return NOT_READ;
  out.copyWithin(gapAt + missing, gapAt, at);
  out.fill(0, gapAt, gapAt + missing);
  return to + 16;
}

/** Octets of an even number of hexadecimal digits to `out` at `to`: the position after them, or NOT_READ. */
export function readHex(source: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  if ((end - start) % 2 !== 0) return NOT_READ;
  let at = to;
  for (let i = start; i < end; i += 2) {
    const high = hexValue(source[i]!);
    const low = hexValue(source[i + 1]!);
    if (high < 0 || low < 0) return NOT_READ;
    out[at++] = (high << 4) | low;
  }
  return at;
}

function hexValue(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
