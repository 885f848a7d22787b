/**
 * What stands before a record's RDATA: TTL and class, both optional and in either order, and the type (RFC 1035 §5.1).
 */
import { CLASS, classFromText, TYPE, typeFromText } from "../../dns/index.ts";
import { NOT_READ, readSeconds } from "./field-text.ts";
import type { Fault, RecordLexer } from "./lexer.ts";
import { didYouMean } from "./nearest.ts";

const TYPE_WORDS: readonly string[] = Object.keys(TYPE);

/** Types that a question can have and a record cannot (RFC 6895 §3.1), and those that only messages carry. */
const NOT_IN_ZONES = new Set<number>([
  TYPE.OPT,
  TYPE.TKEY,
  TYPE.TSIG,
  TYPE.IXFR,
  TYPE.AXFR,
  TYPE.MAILB,
  TYPE.MAILA,
  TYPE.ANY,
  0,
]);

export class RecordHeader {
  /** Given in the record, or -1. */
  ttlSeconds = -1;
  type = 0;
  /** The index of the first token of RDATA. */
  rdataAt = 0;
  /** The token that is wrong, when `read` gives a fault. */
  faultAt = 0;

  /** Reads the tokens from `first` on. Null when all is well. */
  read(tokens: RecordLexer, first: number): Fault | null {
    this.ttlSeconds = -1;
    let hasClass = false;
    for (let i = first; i < tokens.count; i++) {
      const start = tokens.starts[i]!;
      const end = tokens.ends[i]!;
      this.faultAt = i;
      const octet = tokens.source[start]!;
      if (octet >= 0x30 && octet <= 0x39) {
        if (this.ttlSeconds >= 0) return twice("TTL");
        this.ttlSeconds = readSeconds(tokens.source, start, end);
        if (this.ttlSeconds === NOT_READ) return badTtl(wordAt(tokens, i));
      } else if (end - start === 2 && isIn(tokens.source, start)) {
        if (hasClass) return twice("class");
        hasClass = true;
      } else {
        this.type = typeAt(tokens.source, start, end);
        if (this.type === 0 && !hasClass && classFromText(wordAt(tokens, i)) === CLASS.IN) {
          hasClass = true;
          continue;
        }
        if (this.type === 0) return badType(tokens, i, first);
        this.rdataAt = i + 1;
        return null;
      }
    }
    this.faultAt = tokens.count;
    return {
      message: "the record ends before its type",
      rule: "a record is [owner] [TTL] [class] type RDATA, RFC 1035 §5.1",
      suggestion: "write for example: www 3600 IN A 192.0.2.1",
    };
  }
}

function isIn(source: Uint8Array, at: number): boolean {
  return (source[at]! | 0x20) === 0x69 && (source[at + 1]! | 0x20) === 0x6e;
}

/** The most frequent types without making a text; 0 when it is none that a zone can hold. */
function typeAt(source: Uint8Array, start: number, end: number): number {
  const first = source[start]! & 0xdf;
  const second = source[start + 1]! & 0xdf;
  if (end - start === 1 && first === 0x41) return TYPE.A;
  if (end - start === 2) {
    if (second === 0x53) return first === 0x4e ? TYPE.NS : first === 0x44 ? TYPE.DS : 0;
    if (first === 0x4d && second === 0x58) return TYPE.MX;
  }
  return typeOfText(source, start, end);
}

/** The texts of types met so far, so that each is looked up in the code table once. */
const typesByKey = new Map<number, number>();

function typeOfText(source: Uint8Array, start: number, end: number): number {
  if (end - start > 10) return 0;
  // Ten octets of six bits do not fit in a number without loss, but the first five and the length do: enough to skip the
  // table for what is short, which all frequent types are.
  if (end - start > 5) return fromTable(source, start, end);
  let key = 0;
  for (let i = start; i < end; i++) key = key * 256 + source[i]!;
  let type = typesByKey.get(key);
  if (type === undefined) {
    type = fromTable(source, start, end);
    if (type !== 0) typesByKey.set(key, type);
  }
  return type;
}

function fromTable(source: Uint8Array, start: number, end: number): number {
  const type = typeFromText(asText(source, start, end));
  return type === null || NOT_IN_ZONES.has(type) ? 0 : type;
}

function asText(source: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < Math.min(end, start + 64); i++) text += String.fromCharCode(source[i]!);
  return end - start > 64 ? `${text}\u2026` : text;
}

/** A token as it stands in the file, shortened. */
export function wordAt(tokens: RecordLexer, index: number): string {
  return new TextDecoder().decode(
    tokens.source.subarray(tokens.starts[index], Math.min(tokens.ends[index]!, tokens.starts[index]! + 64)),
  );
}

function twice(what: string): Fault {
  return {
    message: `a second ${what}`,
    rule: "a record is [owner] [TTL] [class] type RDATA, RFC 1035 §5.1",
    suggestion: `leave one ${what} out`,
  };
}

function badTtl(word: string): Fault {
  return {
    message: `${word} is no TTL, class or type`,
    rule: "a TTL is 0 to 2147483647 seconds, RFC 2181 §8",
    suggestion: "write seconds, or units as in 1h30m; if it is RDATA, the type is missing before it",
  };
}

function badType(tokens: RecordLexer, index: number, first: number): Fault {
  const word = wordAt(tokens, index);
  const upper = word.toUpperCase();
  const type = typeFromText(upper);
  if (type !== null) {
    return {
      message: `${upper} is a type that no zone can hold`,
      rule: "RFC 6895 §3.1",
      suggestion: "take the record out; such types stand in questions and messages only",
    };
  }
  const dnsClass = tokens.quoted[index] === 1 ? null : classFromText(upper);
  if (dnsClass !== null) {
    return {
      message: `class ${upper} is not served here`,
      rule: "a zone has one class, RFC 1035 §5.2; Strata's is IN",
      suggestion: "write IN, or leave the class out",
    };
  }
  const isOwner = tokens.hasLeadingBlank && first === 0;
  const otherwise =
    isOwner && index === 0
      ? "a line that begins with a blank takes the owner of the record before; delete the blank if this is an owner"
      : "write a type such as A, AAAA, NS or MX here, or TYPE731 with \\# for one that has no name here";
  return {
    message: `${word} is no record type`,
    rule: "RFC 1035 §5.1",
    suggestion: didYouMean(upper, TYPE_WORDS, otherwise),
  };
}
