/**
 * Octets written as hexadecimal, base64 or base32hex (RFC 4648). Hexadecimal and base32hex are written in capitals, as
 * `dig` does. Base64 and hexadecimal that end a record may be split over tokens (RFC 4034 §2.2, §5.3).
 */
import { fromBase32Hex, fromBase64, fromHex, toBase32Hex, toBase64, toHex } from "../../base/index.ts";
import {
  asciiText,
  DataError,
  type Field,
  joined,
  type RdataWriter,
  shown,
  STEP_REST,
  STEP_STRING,
  wanted,
  whole,
  wrong,
} from "./field.ts";
import { WireError } from "../wire.ts";

interface Encoding {
  readonly what: string;
  readonly encode: (octets: Uint8Array) => string;
  readonly decode: (text: string) => Uint8Array | null;
}

const HEX: Encoding = {
  what: "pairs of hexadecimal digits",
  encode: (octets) => toHex(octets).toUpperCase(),
  decode: fromHex,
};
const BASE64: Encoding = { what: "base64 with its padding (RFC 4648 §4)", encode: toBase64, decode: fromBase64 };
const BASE32HEX: Encoding = {
  what: "base32hex without padding (RFC 5155 §3.3)",
  encode: (octets) => toBase32Hex(octets).toUpperCase(),
  decode: fromBase32Hex,
};

/** Octets to the end of the RDATA. None at all are let through on the wire but cannot be written. */
export const hexRest: Field = restField(HEX);
export const base64Rest: Field = restField(BASE64);

/** The same where the text may be absent: an IPSECKEY without a key (RFC 4025 §2.6). */
export const optionalBase64Rest: Field = {
  ...base64Rest,
  isWritable: () => true,
  parse(tokens, out, label) {
    if (tokens.peek() !== null) base64Rest.parse(tokens, out, label);
  },
};

/** Hexadecimal, which dns-packet shows as text (SSHFP). */
export const hexTextRest: Field = {
  ...hexRest,
  toData: (octets, at, end) => HEX.encode(octets.subarray(at, end)),
  fromData(data, out) {
    const octets = typeof data === "string" ? fromHex(data) : null;
    if (octets === null) throw new DataError(`a text of ${HEX.what} is wanted, not ${shown(data)}`);
    out.octets(octets);
  },
};

/** A salt: up to 255 octets behind their length, `-` for none (RFC 5155 §3.3). */
export const hexCounted: Field = countedField(HEX, "-");

/** A hash: 1 to 255 octets behind their length (RFC 5155 §3.3). */
export const base32Counted: Field = countedField(BASE32HEX, null);

function restField(encoding: Encoding): Field {
  return {
    step: STEP_REST,
    name: null,
    end: (_octets, _at, end) => end,
    format: (octets, at, end) => encoding.encode(octets.subarray(at, end)),
    isWritable: (_octets, at, end) => end > at,
    parse(tokens, out, label) {
      if (tokens.peek() === null) wanted(tokens, label, encoding.what);
      const text = joined(tokens);
      const octets = encoding.decode(asciiText(text.octets));
      if (octets === null) throw tokens.error(text.first, `the ${label} cannot be read; ${encoding.what} is wanted`);
      out.octets(octets);
    },
    toData: (octets, at, end) => Buffer.from(octets.subarray(at, end)),
    fromData: (data, out) => out.octets(octetsData(data)),
  };
}

function countedField(encoding: Encoding, none: string | null): Field {
  return {
    step: STEP_STRING,
    name: null,
    end(octets, at, end) {
      if (at >= end) throw new WireError("RDATA ends where a length octet is wanted", at);
      return whole(at, octets[at]! + 1, end, "a counted string of octets");
    },
    format: (octets, at, end) => (end === at + 1 ? (none ?? "") : encoding.encode(octets.subarray(at + 1, end))),
    isWritable: (_octets, at, end) => none !== null || end > at + 1,
    parse(tokens, out, label) {
      const token = wanted(tokens, label, encoding.what);
      const text = asciiText(token.octets);
      const octets = token.quoted ? null : text === none ? new Uint8Array(0) : encoding.decode(text);
      if (octets === null || octets.length > 255 || (octets.length === 0 && text !== none)) {
        throw wrong(token, `the ${label} cannot be ${shown(text)}; up to 255 octets in ${encoding.what} are wanted`);
      }
      out.counted(octets);
    },
    toData: (octets, at, end) => Buffer.from(octets.subarray(at + 1, end)),
    fromData(data, out) {
      const octets = octetsData(data);
      if (octets.length > 255) throw new DataError("255 octets at most are wanted");
      out.counted(octets);
    },
  };
}

function octetsData(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new DataError(`octets (a Buffer or Uint8Array) are wanted, not ${shown(data)}`);
}

/** An EUI: pairs of hexadecimal digits with hyphens between, in lower case (RFC 7043 §3.2, §4.2). */
export function euiField(size: 6 | 8): Field {
  const what = `${size} pairs of hexadecimal digits with hyphens between, such as ${Array(size).fill("5e").join("-")},`;
  const format = (octets: Uint8Array, at: number): string =>
    Array.from(octets.subarray(at, at + size), (octet) => octet.toString(16).padStart(2, "0")).join("-");
  const parse = (text: string): Uint8Array | null => {
    const pairs = text.split("-");
    return pairs.length === size && pairs.every((pair) => pair.length === 2) ? fromHex(pairs.join("")) : null;
  };
  const write = (octets: Uint8Array | null, out: RdataWriter): boolean => {
    if (octets !== null) out.octets(octets);
    return octets !== null;
  };
  return {
    step: size,
    name: null,
    end: (_octets, at, end) => whole(at, size, end, "an EUI"),
    format,
    parse(tokens, out, label) {
      const token = wanted(tokens, label, what);
      const octets = token.quoted ? null : parse(asciiText(token.octets));
      if (!write(octets, out)) throw wrong(token, `${shown(asciiText(token.octets))} is no EUI; ${what} are wanted`);
    },
    toData: format,
    fromData(data, out) {
      const octets = typeof data === "string" ? parse(data) : null;
      if (!write(octets, out)) throw new DataError(`${what} are wanted, not ${shown(data)}`);
    },
  };
}
