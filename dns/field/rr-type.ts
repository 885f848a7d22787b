/** Record types as values: the type an RRSIG covers, and the type bit maps of NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2). */
import { typeFromText, typeToText } from "../codes.ts";
import { tokenText, type Token } from "../text.ts";
import { WireError } from "../wire.ts";
import { DataError, type Field, readU16, type RdataWriter, shown, STEP_REST, wanted, whole, wrong } from "./field.ts";

const WANTED = "a record type such as AAAA or TYPE731";

/** One type. */
export const rrType: Field = {
  step: 2,
  name: null,
  end: (_octets, at, end) => whole(at, 2, end, "a record type"),
  format: (octets, at) => typeToText(readU16(octets, at)),
  parse: (tokens, out, label) => out.u16(parseType(wanted(tokens, label, WANTED), label)),
  toData: (octets, at) => typeToText(readU16(octets, at)),
  fromData: (data, out) => out.u16(typeFromData(data)),
};

/** A set of types to the end of the RDATA; the empty one too (RFC 5155 §3.2.1, RFC 7477 §2.1.2). */
export const typeBitmap: Field = {
  step: STEP_REST,
  name: null,
  end: bitmapEnd,
  format: (octets, at, end) => typesIn(octets, at, end).map(typeToText).join(" "),
  parse(tokens, out, label) {
    const types: number[] = [];
    for (let token = tokens.next(); token !== null; token = tokens.next()) types.push(parseType(token, label));
    writeBitmap(types, out);
  },
  toData: (octets, at, end) => typesIn(octets, at, end).map(typeToText),
  fromData(data, out) {
    if (!Array.isArray(data)) throw new DataError(`a list of record types is wanted, not ${shown(data)}`);
    writeBitmap(data.map(typeFromData), out);
  },
};

/** The same, but text must name one at least: an NSEC record always covers itself (RFC 4034 §4.1.2). */
export const filledTypeBitmap: Field = {
  ...typeBitmap,
  isWritable: (_octets, at, end) => end > at,
  parse(tokens, out, label) {
    if (tokens.peek() === null) wanted(tokens, label, WANTED);
    typeBitmap.parse(tokens, out, label);
  },
};

function parseType(token: Token, label: string): number {
  const type = token.quoted ? null : typeFromText(tokenText(token));
  if (type === null)
    throw wrong(token, `${shown(tokenText(token))} in the ${label} is no record type; ${WANTED} is wanted`);
  return type;
}

function typeFromData(data: unknown): number {
  const type = typeof data === "string" ? typeFromText(data) : null;
  if (type === null) throw new DataError(`${WANTED} is wanted, not ${shown(data)}`);
  return type;
}

const WINDOW_OCTETS_MAX = 32;

/** Blocks in rising order of their windows, 1 to 32 octets each, the last of them not zero; anything else is refused. */
function bitmapEnd(octets: Uint8Array, at: number, end: number): number {
  let from = at;
  let lastWindow = -1;
  while (from < end) {
    whole(from, 2, end, "a type bit map");
    const window = octets[from]!;
    const length = octets[from + 1]!;
    if (window <= lastWindow) throw new WireError("windows of a type bit map do not rise (RFC 4034 §4.1.2)", from);
    if (length === 0 || length > WINDOW_OCTETS_MAX) {
      throw new WireError(
        `a window of a type bit map has ${length} octets; 1 to 32 are allowed (RFC 4034 §4.1.2)`,
        from,
      );
    }
    const next = whole(from + 2, length, end, "a type bit map");
    if (octets[next - 1] === 0)
      throw new WireError("a type bit map has trailing zero octets (RFC 4034 §4.1.2)", next - 1);
    lastWindow = window;
    from = next;
  }
  return from;
}

/** The types of a legal bit map in rising order. */
export function typesIn(octets: Uint8Array, at: number, end: number): number[] {
  const types: number[] = [];
  for (let from = at; from < end; from += octets[from + 1]! + 2) {
    for (let bit = 0; bit < octets[from + 1]! * 8; bit++) {
      if (hasBit(octets, from, bit)) types.push((octets[from]! << 8) | bit);
    }
  }
  return types;
}

function hasBit(octets: Uint8Array, window: number, bit: number): boolean {
  return (octets[window + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0;
}

function writeBitmap(types: readonly number[], out: RdataWriter): void {
  const windows = new Map<number, Uint8Array>();
  for (const type of [...types].sort((a, b) => a - b)) {
    const window = windows.get(type >> 8) ?? new Uint8Array(WINDOW_OCTETS_MAX);
    window[(type & 0xff) >> 3]! |= 0x80 >> (type & 7);
    windows.set(type >> 8, window);
  }
  for (const [number, window] of windows) {
    const length = window.findLastIndex((octet) => octet !== 0) + 1;
    out.u8(number);
    out.counted(window.subarray(0, length));
  }
}
