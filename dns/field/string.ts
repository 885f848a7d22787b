/**
 * Character-strings (RFC 1035 §3.3): up to 255 octets each behind a length octet; written in quotes, read with or without.
 * As data they are text where they are UTF-8, and octets otherwise, so that nothing is lost either way.
 */
import { unescape } from "../text.ts";
import { WireError } from "../wire.ts";
import {
  DataError,
  type Field,
  type RdataWriter,
  shown,
  STEP_REST,
  STEP_STRING,
  wanted,
  whole,
  wrong,
} from "./field.ts";

const STRING_OCTETS_MAX = 255;
const WANTED = 'a character-string such as "text"';
const TOO_LONG = "a character-string has at most 255 octets (RFC 1035 §3.3); split it into several";

/** One character-string. */
export const characterString: Field = {
  step: STEP_STRING,
  name: null,
  end: stringEnd,
  format: (octets, at, end) => formatQuoted(octets, at + 1, end),
  parse(tokens, out, label) {
    const token = wanted(tokens, label, WANTED);
    const octets = unescape(token);
    if (octets.length > STRING_OCTETS_MAX) throw wrong(token, `the ${label} has ${octets.length} octets; ${TOO_LONG}`);
    out.counted(octets);
  },
  toData: (octets, at, end) => textOrOctets(octets.subarray(at + 1, end)),
  fromData: (data, out) => writeString(octetsFromData(data), out),
};

/** One character-string or more, to the end of the RDATA (RFC 1035 §3.3.14). dns-packet shows them as Buffers. */
export const characterStrings: Field = {
  step: STEP_REST,
  name: null,
  end(octets, at, end) {
    let from = stringEnd(octets, at, end);
    while (from < end) from = stringEnd(octets, from, end);
    return from;
  },
  format: (octets, at, end) =>
    strings(octets, at, end)
      .map((part) => formatQuoted(part, 0, part.length))
      .join(" "),
  parse(tokens, out, label) {
    do characterString.parse(tokens, out, label);
    while (tokens.peek() !== null);
  },
  toData: (octets, at, end) => strings(octets, at, end).map((part) => Buffer.from(part)),
  fromData(data, out) {
    const parts: readonly unknown[] = Array.isArray(data) ? data : [data];
    if (parts.length === 0) throw new DataError("one character-string at least is wanted (RFC 1035 §3.3.14)");
    for (const part of parts) writeString(octetsFromData(part), out);
  },
};

/** Text to the end of the RDATA without a length octet, written in quotes (RFC 8659 §4.1, RFC 7553 §4.4). */
export const quotedRest: Field = {
  step: STEP_REST,
  name: null,
  end: (_octets, _at, end) => end,
  format: formatQuoted,
  parse: (tokens, out, label) => out.octets(unescape(wanted(tokens, label, WANTED))),
  toData: (octets, at, end) => textOrOctets(octets.subarray(at, end)),
  fromData: (data, out) => out.octets(octetsFromData(data)),
};

function stringEnd(octets: Uint8Array, at: number, end: number): number {
  if (at >= end) throw new WireError("RDATA ends where a character-string is wanted", at);
  return whole(at, octets[at]! + 1, end, "a character-string");
}

function strings(octets: Uint8Array, at: number, end: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let from = at; from < end; from += octets[from]! + 1)
    parts.push(octets.subarray(from + 1, from + 1 + octets[from]!));
  return parts;
}

function writeString(octets: Uint8Array, out: RdataWriter): void {
  if (octets.length > STRING_OCTETS_MAX) throw new DataError(TOO_LONG);
  out.counted(octets);
}

const QUOTED_OCTET_TEXT: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet < 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, "0")}`;
  const character = String.fromCharCode(octet);
  return character === '"' || character === "\\" ? `\\${character}` : character;
});

/** Octets [at, end) between quotes, escaped so that they read back the same. */
export function formatQuoted(octets: Uint8Array, at: number, end: number): string {
  let text = '"';
  for (let i = at; i < end; i++) text += QUOTED_OCTET_TEXT[octets[i]!]!;
  return `${text}"`;
}

/** Text when the octets are UTF-8 that gives back the same octets, a Buffer when not. */
export function textOrOctets(octets: Uint8Array): string | Buffer {
  const buffer = Buffer.from(octets);
  const text = buffer.toString("utf8");
  return Buffer.from(text, "utf8").equals(buffer) ? text : buffer;
}

export function octetsFromData(data: unknown): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  if (data instanceof Uint8Array) return data;
  throw new DataError(`a text or octets are wanted, not ${shown(data)}`);
}
