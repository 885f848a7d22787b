/**
 * The values of service parameters (RFC 9460 §7, §8; RFC 9461 §5; RFC 9540 §4): one entry a key. What follows `=` in text
 * arrives here with its character-string escapes resolved; lists have escapes of their own below that (Appendix A.1).
 */
import { concatOctets, fromBase64, toBase64 } from "../../base/index.ts";
import { WireError } from "../wire.ts";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "./address.ts";
import { asciiText, DataError, readU16, shown } from "./field.ts";
import { decimalOf } from "./number.ts";
import { formatQuoted, octetsFromData, textOrOctets } from "./string.ts";

export interface ParamKind {
  readonly name: string;
  /** What text must give, for errors. */
  readonly wanted: string;
  /** Throws WireError unless octets are a legal value. */
  check(value: Uint8Array): void;
  /** What stands after `=`, quotes included where they are needed; null when nothing does. */
  format(value: Uint8Array): string | null;
  /** The wire value of a text's octets; null when it is not `wanted`. */
  parse(text: Uint8Array): Uint8Array | null;
  toData(value: Uint8Array): unknown;
  /** Throws DataError. */
  fromData(data: unknown): Uint8Array;
}

export const MANDATORY = 0;
export const ALPN = 1;
export const NO_DEFAULT_ALPN = 2;

const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const EMPTY = new Uint8Array(0);

const mandatory: ParamKind = {
  name: "mandatory",
  wanted: "the names of the keys that a client must understand, with commas between",
  check(value) {
    if (value.length === 0 || value.length % 2 !== 0)
      throw new WireError("mandatory is no list of keys (RFC 9460 §8)", 0);
    for (let at = 0; at < value.length; at += 2) {
      const key = readU16(value, at);
      if (key === MANDATORY) throw new WireError("mandatory lists itself (RFC 9460 §8)", at);
      if (at > 0 && key <= readU16(value, at - 2)) {
        throw new WireError("the keys that mandatory lists do not rise (RFC 9460 §8)", at);
      }
    }
  },
  format: (value) => keysIn(value).map(keyToText).join(","),
  parse(text) {
    const keys = asciiText(text).split(",").map(keyFromText);
    return keys.includes(-1) || keys.includes(MANDATORY) || new Set(keys).size !== keys.length ? null : keyList(keys);
  },
  toData: (value) => keysIn(value).map(keyToText),
  fromData(data) {
    const value = Array.isArray(data) && data.length > 0 ? mandatory.parse(Buffer.from(data.join(","))) : null;
    if (value === null) throw new DataError(`a list of other keys is wanted, not ${shown(data)}`);
    return value;
  },
};

const alpn: ParamKind = {
  name: "alpn",
  wanted: "protocol identifiers of 1 to 255 octets with commas between, such as h2,h3",
  check(value) {
    let at = 0;
    while (at < value.length && value[at] !== 0) at += value[at]! + 1;
    if (value.length === 0 || at !== value.length)
      throw new WireError("alpn is no list of identifiers (RFC 9460 §7.1.1)", at);
  },
  format(value) {
    const text = listText(identifiers(value));
    return formatQuoted(text, 0, text.length);
  },
  parse(text) {
    const items = listItems(text);
    return items !== null && items.every((item) => item.length >= 1 && item.length <= 255) ? counted(items) : null;
  },
  toData: (value) => identifiers(value).map(textOrOctets),
  fromData(data) {
    const items = Array.isArray(data) ? data.map(octetsFromData) : [];
    if (items.length === 0 || items.some((item) => item.length === 0 || item.length > 255)) {
      throw new DataError(`a list of protocol identifiers is wanted, not ${shown(data)}`);
    }
    return counted(items);
  },
};

const port: ParamKind = {
  name: "port",
  wanted: "a number from 0 to 65535",
  check(value) {
    if (value.length !== 2) throw new WireError("port is not two octets (RFC 9460 §7.2)", 0);
  },
  format: (value) => String(readU16(value, 0)),
  parse(text) {
    const number = decimalOf(text);
    return number >= 0 && number <= 0xffff ? Uint8Array.of(number >> 8, number) : null;
  },
  toData: (value) => readU16(value, 0),
  fromData(data) {
    const value = typeof data === "number" ? port.parse(Buffer.from(String(data))) : null;
    if (value === null) throw new DataError(`${port.wanted} is wanted, not ${shown(data)}`);
    return value;
  },
};

const ech: ParamKind = {
  name: "ech",
  wanted: "an ECHConfigList in base64 (RFC 9848)",
  check(value) {
    if (value.length === 0) throw new WireError("ech is empty", 0);
  },
  format: toBase64,
  parse(text) {
    const value = fromBase64(asciiText(text));
    return value === null || value.length === 0 ? null : value;
  },
  toData: (value) => Buffer.from(value),
  fromData: octetsFromData,
};

/** Any octets: keys that are not known here, written in quotes (RFC 9460 §2.1). */
function opaqueKind(name: string): ParamKind {
  return {
    name,
    wanted: "a character-string",
    check: () => undefined,
    format: (value) => (value.length === 0 ? null : formatQuoted(value, 0, value.length)),
    parse: (text) => text,
    toData: (value) => Buffer.from(value),
    fromData: octetsFromData,
  };
}

/** A key that says all by being there (RFC 9460 §7.1.1, RFC 9540 §4). As data it is true. */
function flagKind(name: string): ParamKind {
  return {
    name,
    wanted: "no value at all",
    check(value) {
      if (value.length !== 0) throw new WireError(`${name} has a value`, 0);
    },
    format: () => null,
    parse: (text) => (text.length === 0 ? EMPTY : null),
    toData: () => true,
    fromData(data) {
      if (data !== true) throw new DataError(`true is wanted, not ${shown(data)}`);
      return EMPTY;
    },
  };
}

function hintKind(name: string, size: 4 | 16): ParamKind {
  const read = size === 4 ? formatIpv4 : formatIpv6;
  const write = size === 4 ? parseIpv4 : parseIpv6;
  const texts = (value: Uint8Array): string[] =>
    Array.from({ length: value.length / size }, (_, i) => read(value, i * size));
  const octets = (addresses: readonly string[]): Uint8Array | null => {
    const parts = addresses.map((address) => write(address));
    return parts.every((part) => part !== null) ? concatOctets(parts) : null;
  };
  const wanted = `IPv${size === 4 ? 4 : 6} addresses with commas between`;
  return {
    name,
    wanted,
    check(value) {
      if (value.length === 0 || value.length % size !== 0) {
        throw new WireError(`${name} is no list of addresses (RFC 9460 §7.3)`, 0);
      }
    },
    format: (value) => texts(value).join(","),
    parse: (text) => octets(asciiText(text).split(",")),
    toData: texts,
    fromData(data) {
      const value = Array.isArray(data) && data.length > 0 ? octets(data.map(String)) : null;
      if (value === null) throw new DataError(`a list of ${wanted.split(" with")[0]!} is wanted, not ${shown(data)}`);
      return value;
    },
  };
}

/** RFC 9461 §5: a URI template in UTF-8. */
const dohpath: ParamKind = { ...opaqueKind("dohpath"), toData: textOrOctets };

/** By key: IANA "Service Parameter Keys (SvcParamKeys)". */
const KINDS: readonly ParamKind[] = [
  mandatory,
  alpn,
  flagKind("no-default-alpn"),
  port,
  hintKind("ipv4hint", 4),
  ech,
  hintKind("ipv6hint", 16),
  dohpath,
  flagKind("ohttp"),
];

export function paramKind(key: number): ParamKind {
  return KINDS[key] ?? opaqueKind(`key${key}`);
}

export function keyToText(key: number): string {
  return KINDS[key]?.name ?? `key${key}`;
}

/** The number of a key's name, in lower case, or of keyNNN without leading zeros (RFC 9460 §2.1); -1 for anything else. */
export function keyFromText(text: string): number {
  const known = KINDS.findIndex((kind) => kind.name === text);
  return known >= 0 ? known : genericKey(text);
}

/** The number in `keyNNN`, whose value is given as its wire octets even when the key is known; -1 for anything else. */
export function genericKey(text: string): number {
  if (!text.startsWith("key")) return -1;
  const number = decimalOf(Buffer.from(text.slice(3), "latin1"));
  return number <= 0xffff && `key${number}` === text ? number : -1;
}

function keysIn(value: Uint8Array): number[] {
  return Array.from({ length: value.length / 2 }, (_, i) => readU16(value, 2 * i));
}

function keyList(keys: readonly number[]): Uint8Array {
  return Uint8Array.from([...keys].sort((a, b) => a - b).flatMap((key) => [key >> 8, key & 0xff]));
}

function identifiers(value: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = [];
  for (let at = 0; at < value.length; at += value[at]! + 1) items.push(value.subarray(at + 1, at + 1 + value[at]!));
  return items;
}

function counted(items: readonly Uint8Array[]): Uint8Array {
  return concatOctets(items.flatMap((item) => [Uint8Array.of(item.length), item]));
}

/** A comma-separated list in which `\,` and `\\` stand for a comma and a backslash (RFC 9460 Appendix A.1). */
function listItems(text: Uint8Array): Uint8Array[] | null {
  const items: number[][] = [[]];
  for (let at = 0; at < text.length; at++) {
    const octet = text[at]!;
    if (octet === COMMA) {
      items.push([]);
    } else if (octet === BACKSLASH) {
      const escaped = text[++at];
      if (escaped !== COMMA && escaped !== BACKSLASH) return null;
      items.at(-1)!.push(escaped);
    } else {
      items.at(-1)!.push(octet);
    }
  }
  return items.map((item) => Uint8Array.from(item));
}

function listText(items: readonly Uint8Array[]): Uint8Array {
  const text: number[] = [];
  for (const [i, item] of items.entries()) {
    if (i > 0) text.push(COMMA);
    for (const octet of item) {
      if (octet === COMMA || octet === BACKSLASH) text.push(BACKSLASH);
      text.push(octet);
    }
  }
  return Uint8Array.from(text);
}
