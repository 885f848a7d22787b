/**
 * RDATA of the most frequent types from a record's tokens straight into octets. Whatever is not plain (an escape, `\#`,
 * an error) is NOT_READ and goes through the type's own parser (dns/rdata.ts), which is this one's oracle in tests.
 * bench/load.ts measures it.
 */
import { TYPE } from "../../dns/index.ts";
import { NOT_READ, readDecimal, readHex, readIpv4, readIpv6, readName, readSeconds } from "./field-text.ts";
import type { RecordLexer } from "./lexer.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Writes the RDATA in the lexer's tokens from `first` on to the start of `out`: how many octets, or NOT_READ. */
export function readRdata(
  type: number,
  tokens: RecordLexer,
  first: number,
  origin: Uint8Array,
  out: Uint8Array,
): number {
  const given = tokens.count - first;
  switch (type) {
    case TYPE.A:
      if (given !== 1) return NOT_READ;
      return readIpv4(tokens.source, tokens.starts[first]!, tokens.ends[first]!, out, 0);
    case TYPE.AAAA:
      if (given !== 1) return NOT_READ;
      return readIpv6(tokens.source, tokens.starts[first]!, tokens.ends[first]!, out, 0);
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.PTR:
    case TYPE.DNAME:
      return given === 1 ? name(tokens, first, origin, out, 0) : NOT_READ;
    case TYPE.MX:
      return given === 2 ? afterNumbers(tokens, first, 1, origin, out) : NOT_READ;
    case TYPE.SRV:
      return given === 4 ? afterNumbers(tokens, first, 3, origin, out) : NOT_READ;
    case TYPE.TXT:
      return strings(tokens, first, out);
    case TYPE.SOA:
      return given === 7 ? soa(tokens, first, origin, out) : NOT_READ;
    case TYPE.DS:
      return given >= 4 ? ds(tokens, first, out) : NOT_READ;
    default:
      return NOT_READ;
  }
}

function name(tokens: RecordLexer, index: number, origin: Uint8Array, out: Uint8Array, to: number): number {
  // Two octets that begin with a backslash may be `\#`, the mark of the generic form.
  const isMark =
    tokens.source[tokens.starts[index]!] === BACKSLASH && tokens.ends[index]! - tokens.starts[index]! === 2;
  if (tokens.quoted[index] === 1 || isMark) return NOT_READ;
  return readName(tokens.source, tokens.starts[index]!, tokens.ends[index]!, origin, out, to);
}

function decimal(tokens: RecordLexer, index: number, max: number): number {
  return readDecimal(tokens.source, tokens.starts[index]!, tokens.ends[index]!, max);
}

/** `numbers` fields of 16 bits, then a name. */
function afterNumbers(
  tokens: RecordLexer,
  first: number,
  numbers: number,
  origin: Uint8Array,
  out: Uint8Array,
): number {
  let at = 0;
  for (let i = first; i < first + numbers; i++) {
    const value = decimal(tokens, i, 0xffff);
    if (value < 0) return NOT_READ;
    out[at++] = value >> 8;
    out[at++] = value & 0xff;
  }
  return name(tokens, first + numbers, origin, out, at);
}

function strings(tokens: RecordLexer, first: number, out: Uint8Array): number {
  const source = tokens.source;
  let at = 0;
  for (let i = first; i < tokens.count; i++) {
    const quotes = tokens.quoted[i]!;
    const start = tokens.starts[i]! + quotes;
    const end = tokens.ends[i]! - quotes;
    if (end - start > 255 || at + 1 + end - start > 0xffff) return NOT_READ;
    out[at++] = end - start;
    for (let from = start; from < end; from++) {
      const octet = source[from]!;
      if (octet === BACKSLASH || octet === QUOTE) return NOT_READ;
      out[at++] = octet;
    }
  }
  return at === 0 ? NOT_READ : at;
}

function soa(tokens: RecordLexer, first: number, origin: Uint8Array, out: Uint8Array): number {
  let at = name(tokens, first, origin, out, 0);
  if (at < 0) return NOT_READ;
  at = name(tokens, first + 1, origin, out, at);
  if (at < 0) return NOT_READ;
  at = put32(out, at, decimal(tokens, first + 2, 0xffffffff));
  for (let i = first + 3; i < first + 7; i++) {
    if (at < 0) return NOT_READ;
    at = put32(out, at, readSeconds(tokens.source, tokens.starts[i]!, tokens.ends[i]!));
  }
  return at;
}

function put32(out: Uint8Array, at: number, value: number): number {
  if (value < 0) return NOT_READ;
  out[at] = value >>> 24;
  out[at + 1] = (value >>> 16) & 0xff;
  out[at + 2] = (value >>> 8) & 0xff;
  out[at + 3] = value & 0xff;
  return at + 4;
}

/** The digest lengths of SHA-1, SHA-256 and SHA-384; other digests are the plain parser's. */
const DIGEST_OCTETS: readonly (number | undefined)[] = [undefined, 20, 32, undefined, 48];

function ds(tokens: RecordLexer, first: number, out: Uint8Array): number {
  const tag = decimal(tokens, first, 0xffff);
  const algorithm = decimal(tokens, first + 1, 255);
  const digestType = decimal(tokens, first + 2, 255);
  if (tag < 0 || algorithm < 0 || digestType < 0) return NOT_READ;
  out[0] = tag >> 8;
  out[1] = tag & 0xff;
  out[2] = algorithm;
  out[3] = digestType;
  let at = 4;
  for (let i = first + 3; i < tokens.count; i++) {
    if (tokens.ends[i]! - tokens.starts[i]! > 96 || at > 52) return NOT_READ;
    at = readHex(tokens.source, tokens.starts[i]!, tokens.ends[i]!, out, at);
    if (at < 0) return NOT_READ;
  }
  return at - 4 === DIGEST_OCTETS[digestType] ? at : NOT_READ;
}
