/**
 * Cuts a master file into the tokens of one record after the other (RFC 1035 §5.1): blanks, comments, quoted strings,
 * parentheses that carry a record over several lines. It works on octets, goes forward only and makes no object per
 * token. What tokens mean is the reader's; escapes stay as they are.
 *
 * Where RFC 1035 is silent: parentheses may nest, as in BIND; a carriage return is a blank; a quoted string ends on its line.
 */
import { quoteEnd, tokenEnd } from "../../dns/index.ts";

/** Octets of a line at most (DESIGN §8). */
export const LINE_OCTETS_MAX = 65536;
/** Octets of a record's text at most: 65,535 octets of RDATA, each written as `\DDD`, and room for the rest. */
export const RECORD_OCTETS_MAX = 300_000;

/** What `next` found: the end of the file, a record, or one that cannot be read and was complained about. */
export const LEXED = { end: 0, record: 1, faulty: 2 } as const;

/** What is wrong with octets [start, end) of the source. */
export interface Fault {
  readonly message: string;
  readonly rule: string;
  readonly suggestion: string;
}

const PLAIN = 0;
const BLANK = 1;
const LINE_END = 2;
const COMMENT = 3;
const QUOTE = 4;
const OPEN = 5;
const CLOSE = 6;
const ESCAPE = 7;

const KIND = new Uint8Array(256);
KIND[0x20] = BLANK;
KIND[0x09] = BLANK;
KIND[0x0d] = BLANK;
KIND[0x0a] = LINE_END;
KIND[0x3b] = COMMENT;
KIND[0x22] = QUOTE;
KIND[0x28] = OPEN;
KIND[0x29] = CLOSE;
KIND[0x5c] = ESCAPE;

const LINE_FEED = 0x0a;
const EQUALS = 0x3d;

export class RecordLexer {
  readonly source: Uint8Array;
  /** The present record: its tokens, quotes included, and whether each is a quoted string. */
  starts: Int32Array = new Int32Array(64);
  ends: Int32Array = new Int32Array(64);
  quoted: Uint8Array = new Uint8Array(64);
  count = 0;
  /** Whether its first line begins with a blank: then it has no owner of its own. */
  hasLeadingBlank = false;
  /** Where its first line begins, and that line's number from 1. */
  recordStart = 0;
  recordLine = 1;
  readonly #fault: (start: number, end: number, fault: Fault) => void;
  #at = 0;
  #line = 1;

  constructor(source: Uint8Array, fault: (start: number, end: number, fault: Fault) => void) {
    this.source = source;
    this.#fault = fault;
    // A byte order mark, which some editors put in front of UTF-8.
    if (source[0] === 0xef && source[1] === 0xbb && source[2] === 0xbf) this.#at = 3;
  }

  /** The line on which an octet of the present record stands. */
  lineOf(offset: number): number {
    let line = this.recordLine;
    for (let at = this.recordStart; at < offset; at++) if (this.source[at] === LINE_FEED) line++;
    return line;
  }

  /** Goes to the next record that has tokens. One of LEXED. */
  next(): number {
    const source = this.source;
    const length = source.length;
    let at = this.#at;
    let lineStart = at;
    let depth = 0;
    let openedAt = -1;
    let isFaulty = false;
    this.#begin(at);
    while (at < length) {
      switch (KIND[source[at]!]) {
        case PLAIN:
        case ESCAPE: {
          const end = this.#plainEnd(at);
          if (end < 0) {
            this.#unclosedQuote(at);
            isFaulty = true;
            at = this.#lineEnd(at);
          } else {
            this.#push(at, end, 0);
            at = end;
          }
          break;
        }
        case BLANK:
          at++;
          break;
        case LINE_END:
          if (at - lineStart > LINE_OCTETS_MAX) isFaulty = this.#longLine(lineStart, at);
          at++;
          this.#line++;
          lineStart = at;
          if (depth > 0) {
            if (at - this.recordStart > RECORD_OCTETS_MAX) return this.#unclosed(openedAt);
          } else if (this.count > 0 || isFaulty) {
            this.#at = at;
            return isFaulty ? LEXED.faulty : LEXED.record;
          } else {
            this.#begin(at);
          }
          break;
        case COMMENT:
          at = this.#lineEnd(at);
          break;
        case QUOTE: {
          const close = quoteEnd(source, at + 1);
          if (close < 0) {
            this.#unclosedQuote(at);
            isFaulty = true;
            at = this.#lineEnd(at);
          } else {
            this.#push(at, close + 1, 1);
            at = close + 1;
          }
          break;
        }
        case OPEN:
          if (depth++ === 0) openedAt = at;
          at++;
          break;
        default:
          if (depth === 0) isFaulty = this.#unopened(at);
          else depth--;
          at++;
      }
    }
    if (at - lineStart > LINE_OCTETS_MAX) isFaulty = this.#longLine(lineStart, at);
    if (depth > 0) return this.#unclosed(openedAt);
    this.#at = at;
    if (isFaulty) return LEXED.faulty;
    return this.count > 0 ? LEXED.record : LEXED.end;
  }

  #begin(at: number): void {
    this.count = 0;
    this.recordStart = at;
    this.recordLine = this.#line;
    this.hasLeadingBlank = at < this.source.length && KIND[this.source[at]!] === BLANK;
  }

  #push(start: number, end: number, quoted: number): void {
    const count = this.count++;
    if (count === this.starts.length) this.#grow();
    this.starts[count] = start;
    this.ends[count] = end;
    this.quoted[count] = quoted;
  }

  #grow(): void {
    const room = this.starts.length * 2;
    const [starts, ends, quoted] = [this.starts, this.ends, this.quoted];
    this.starts = new Int32Array(room);
    this.ends = new Int32Array(room);
    this.quoted = new Uint8Array(room);
    this.starts.set(starts);
    this.ends.set(ends);
    this.quoted.set(quoted);
  }

  /** As `tokenEnd` of dns/text.ts, which it leaves the tokens with escapes and inner quotes to. */
  #plainEnd(start: number): number {
    const source = this.source;
    const length = source.length;
    let at = start;
    while (at < length && KIND[source[at]!] === PLAIN) at++;
    if (at === length) return at;
    const kind = KIND[source[at]!];
    if (kind === ESCAPE || (kind === QUOTE && source[at - 1] === EQUALS)) return tokenEnd(source, start);
    return at;
  }

  #lineEnd(from: number): number {
    const end = this.source.indexOf(LINE_FEED, from);
    return end < 0 ? this.source.length : end;
  }

  #longLine(start: number, end: number): true {
    this.#fault(start, start + 1, {
      message: `a line of ${end - start} octets`,
      rule: `a line has at most ${LINE_OCTETS_MAX} octets`,
      suggestion: "break the record over several lines within ( and )",
    });
    return true;
  }

  #unopened(at: number): true {
    this.#fault(at, at + 1, {
      message: "a ) without its (",
      rule: "parentheses come in pairs, RFC 1035 §5.1",
      suggestion: "delete it, put ( before the first line of the record, or write \\) for the character itself",
    });
    return true;
  }

  #unclosedQuote(start: number): void {
    this.#fault(start, this.#lineEnd(start), {
      message: "a quoted string is not closed",
      rule: 'a string has its second " on the same line, RFC 1035 §5.1',
      suggestion: 'put " at its end, or write \\" for the character itself',
    });
  }

  /** Goes on at the next line after the ( that does not look like a part of its record. */
  #unclosed(openedAt: number): number {
    const source = this.source;
    const openedOn = this.lineOf(openedAt);
    let line = openedOn;
    let at = openedAt;
    do {
      at = this.#lineEnd(at) + 1;
      line++;
    } while (at < source.length && KIND[source[at]!] !== PLAIN && KIND[source[at]!] !== ESCAPE);
    const passed = line - 1 > openedOn ? `; lines ${openedOn} to ${line - 1} are not read` : "";
    this.#fault(openedAt, openedAt + 1, {
      message: `a ( without its )${passed}`,
      rule: "parentheses come in pairs, RFC 1035 §5.1",
      suggestion: "put ) after the last field of this record",
    });
    this.#at = Math.min(at, source.length);
    this.#line = line;
    return LEXED.faulty;
  }
}
