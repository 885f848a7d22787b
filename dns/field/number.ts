/**
 * Whole numbers in network order (RFC 1035 §3.3), written in decimal; some with mnemonics on input, and times, which
 * master files may write with units (`1h30m`, as BIND has it) where the type says seconds.
 */
import { type Token, tokenText } from "../text.ts";
import { DataError, type Field, readU16, readU32, type RdataWriter, shown, wanted, whole, wrong } from "./field.ts";

type Size = 1 | 2 | 4;

export const u8: Field = numberField(1);
export const u16: Field = numberField(2);
export const u32: Field = numberField(4);

/** Seconds, on input also with units. The SOA's timers (RFC 1035 §3.3.13). */
export const seconds: Field = {
  ...u32,
  parse: (tokens, out, label) => out.u32(parseSeconds(wanted(tokens, label, WANTED_SECONDS), label)),
};

/** A number that dns-packet's data leave out because it has but one value. */
export function withDefault(field: Field, value: number): Field {
  return { ...field, fromData: (data, out) => field.fromData(data ?? value, out) };
}

/** A number that may be written as one of these words, in any case; formatted as a number. */
export function withMnemonics(field: Field, table: Readonly<Record<string, number>>): Field {
  const size = field.step;
  const what = `${rangeText(size)} or a mnemonic such as ${Object.keys(table).slice(0, 3).join(", ")}`;
  return {
    ...field,
    parse(tokens, out, label) {
      const token = wanted(tokens, label, what);
      const word = tokenText(token).toUpperCase();
      const value = Object.hasOwn(table, word) ? table[word]! : decimalOf(token.octets);
      if (token.quoted || value < 0 || value >= 2 ** (8 * size)) throw wrong(token, badNumber(token, label, what));
      write(out, size, value);
    },
  };
}

/** A number that is written as a word where it has one. */
export function asMnemonic(field: Field, table: Readonly<Record<string, number>>): Field {
  const texts = new Map(Object.entries(table).map(([text, number]) => [String(number), text]));
  const read = withMnemonics(field, table);
  return {
    ...read,
    format(octets, at, end) {
      const number = field.format(octets, at, end);
      return texts.get(number) ?? number;
    },
  };
}

function numberField(size: Size): Field {
  const max = 2 ** (8 * size) - 1;
  const read = size === 1 ? readU8 : size === 2 ? readU16 : readU32;
  return {
    step: size,
    name: null,
    end: (_octets, at, end) => whole(at, size, end, "a number"),
    format: (octets, at) => String(read(octets, at)),
    parse(tokens, out, label) {
      const token = wanted(tokens, label, rangeText(size));
      write(out, size, parseNumber(token, max, label));
    },
    toData: read,
    fromData(data, out) {
      if (typeof data !== "number" || !Number.isInteger(data) || data < 0 || data > max) {
        throw new DataError(`${rangeText(size)} is wanted, not ${shown(data)}`);
      }
      write(out, size, data);
    },
  };
}

/** The decimal number a token is, from 0 to `max`. Throws TextError. */
export function parseNumber(token: Token, max: number, label: string): number {
  const value = decimalOf(token.octets);
  if (value < 0 || value > max || token.quoted) {
    throw wrong(token, badNumber(token, label, `a number from 0 to ${max}`));
  }
  return value;
}

/** The value of decimal digits; -1 when it is anything else. Exact up to 2^53. */
export function decimalOf(octets: Uint8Array): number {
  if (octets.length === 0 || octets.length > 15) return -1;
  let value = 0;
  for (const octet of octets) {
    if (octet < 0x30 || octet > 0x39) return -1;
    value = value * 10 + (octet - 0x30);
  }
  return value;
}

const WANTED_SECONDS = "seconds, as a number or with units (1w2d3h4m5s)";
const UNIT_SECONDS: ReadonlyMap<number, number> = new Map(
  Object.entries({ w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 }).map(([unit, count]) => [unit.charCodeAt(0), count]),
);

/** Seconds in 32 bits: `3600`, or BIND's units, each at most once and the longest first is not asked for. */
export function parseSeconds(token: Token, label: string): number {
  const value = token.quoted ? -1 : secondsOf(token.octets);
  if (value < 0 || value > 0xffffffff) throw wrong(token, badNumber(token, label, WANTED_SECONDS));
  return value;
}

/** -1 when the text is no number of seconds. */
export function secondsOf(octets: Uint8Array): number {
  const plain = decimalOf(octets);
  if (plain >= 0) return plain;
  let total = 0;
  let value = -1;
  for (const octet of octets) {
    const unit = UNIT_SECONDS.get(octet | 0x20);
    if (octet >= 0x30 && octet <= 0x39) value = Math.max(value, 0) * 10 + (octet - 0x30);
    else if (unit === undefined || value < 0) return -1;
    else {
      total += value * unit;
      value = -1;
    }
    if (value > 0xffffffff || total > 0xffffffff) return -1;
  }
  return value < 0 && octets.length > 0 ? total : -1;
}

function badNumber(token: Token, label: string, what: string): string {
  return `the ${label} cannot be ${shown(tokenText(token))}; ${what} is wanted`;
}

function rangeText(size: number): string {
  return `a number from 0 to ${2 ** (8 * size) - 1}`;
}

function readU8(octets: Uint8Array, at: number): number {
  return octets[at]!;
}

function write(out: RdataWriter, size: number, value: number): void {
  if (size === 1) out.u8(value);
  else if (size === 2) out.u16(value);
  else out.u32(value);
}
