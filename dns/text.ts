/**
 * Tokens of presentation format (RFC 1035 §5.1), as octets: what a master file's lexer, a line typed by hand and the tests
 * hand to the parser of a type. Escapes stay in a token until its field resolves them, because only the field knows
 * whether `\.` is a dot inside a label or just a dot. Lines, TTLs, owners and directives are the master file reader's.
 */
import { hexDigit } from "../base/index.ts";
import { Name, NameError } from "./name.ts";

/**
 * One token, its escapes not yet resolved. The octets of a quoted token are those between its quotes. A quote that
 * stands inside a token which did not begin with one (`alpn="h2,h3"`, RFC 9460 §2.1) belongs to the token's octets, and
 * so do the blanks up to its closing quote.
 */
export interface Token {
  readonly octets: Uint8Array;
  readonly quoted: boolean;
  /** Where it stands in the source, quotes included: offsets of its first octet and of the first octet after it. */
  readonly start: number;
  readonly end: number;
}

/** The tokens of one record's RDATA, in order. */
export interface RdataTokens {
  /** What relative names are relative to. */
  readonly origin: Name;
  /** The next token of this record, or null at its end. */
  next(): Token | null;
  /** What `next` will give. */
  peek(): Token | null;
  /** An error at a token, or at the record's end for null. */
  error(token: Token | null, message: string): TextError;
}

/** A text that is no presentation format. The message says what is wrong, by which rule, and what would be right. */
export class TextError extends Error {
  readonly code = "BAD_TEXT";
  /** Offsets in the source of what is wrong. */
  readonly start: number;
  readonly end: number;

  constructor(message: string, start: number, end: number) {
    super(message);
    this.start = start;
    this.end = end;
  }

  /** Counted from 1, for a source of one line. */
  get column(): number {
    return this.start + 1;
  }
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PARENTHESIS_OPEN = 0x28;
const PARENTHESIS_CLOSE = 0x29;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** The token's octets as they stand, one character an octet. */
export function tokenText(token: Token): string {
  let text = "";
  for (const octet of token.octets) text += String.fromCharCode(octet);
  return text;
}

/** What a token stands for: `\X` is X, `\DDD` the octet of that decimal value (RFC 1035 §5.1). Throws TextError. */
export function unescape(token: Token): Uint8Array {
  const { octets } = token;
  if (!octets.includes(BACKSLASH)) return octets;
  const plain = new Uint8Array(octets.length);
  const base = token.start + (token.quoted ? 1 : 0);
  let length = 0;
  for (let at = 0; at < octets.length; at++) {
    if (octets[at] !== BACKSLASH) {
      plain[length++] = octets[at]!;
      continue;
    }
    const escape = escapeAt(octets, at);
    if (escape === BAD_ESCAPE) {
      const message =
        "a backslash stands before a character or before three decimal digits from 000 to 255 (RFC 1035 §5.1)";
      throw new TextError(message, base + at, base + Math.min(at + 4, octets.length));
    }
    plain[length++] = escape & 0xff;
    at += escape >> 8;
  }
  return plain.subarray(0, length);
}

export const BAD_ESCAPE = -1;

/** The escape whose backslash stands at `at`: its octet, plus 256 × how many octets follow the backslash; or BAD_ESCAPE. */
export function escapeAt(octets: Uint8Array, at: number): number {
  const first = octets[at + 1];
  if (first === undefined) return BAD_ESCAPE;
  if (!isDigit(first)) return 0x100 | first;
  const second = octets[at + 2] ?? 0;
  const third = octets[at + 3] ?? 0;
  if (!isDigit(second) || !isDigit(third)) return BAD_ESCAPE;
  const value = (first - 0x30) * 100 + (second - 0x30) * 10 + (third - 0x30);
  return value > 0xff ? BAD_ESCAPE : 0x300 | value;
}

function isDigit(octet: number): boolean {
  const value = hexDigit(octet);
  return value >= 0 && value <= 9;
}

/** The name a token stands for, relative to `origin` unless it ends in a dot. Throws TextError. */
export function parseName(token: Token, origin: Name): Name {
  if (token.quoted) {
    throw new TextError("a domain name stands without quotes; escape what is special as \\X", token.start, token.end);
  }
  try {
    return Name.parse(tokenText(token), origin);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new TextError(error.message, token.start + error.at, token.end);
  }
}

/** Whether an octet, unescaped and unquoted, ends a token. */
export function isDelimiter(octet: number): boolean {
  return (
    octet === SPACE ||
    octet === TAB ||
    octet === LINE_FEED ||
    octet === CARRIAGE_RETURN ||
    octet === SEMICOLON ||
    octet === PARENTHESIS_OPEN ||
    octet === PARENTHESIS_CLOSE
  );
}

/** Where the unquoted token that begins at `at` ends; -1 when a quote inside it is never closed. */
export function tokenEnd(source: Uint8Array, at: number): number {
  const length = source.length;
  for (let i = at; i < length; i++) {
    const octet = source[i]!;
    if (octet === BACKSLASH) {
      // An escaped line end does not continue the line, so it is not swallowed either.
      if (source[i + 1] !== LINE_FEED) i++;
    } else if (octet === QUOTE && i > at && source[i - 1] === EQUALS) {
      i = quoteEnd(source, i + 1);
      if (i < 0) return -1;
    } else if (octet === QUOTE || isDelimiter(octet)) {
      return i;
    }
  }
  return length;
}

/** Where the closing quote of a quoted string stands whose text begins at `at`; -1 when its line ends before. */
export function quoteEnd(source: Uint8Array, at: number): number {
  for (let i = at; i < source.length; i++) {
    const octet = source[i]!;
    if (octet === QUOTE) return i;
    if (octet === LINE_FEED) return -1;
    if (octet === BACKSLASH && source[i + 1] !== LINE_FEED) i++;
  }
  return -1;
}

/**
 * The tokens of RDATA given as one text, characters above 0x7f as UTF-8. Line ends and parentheses are blanks here and
 * `;` begins a comment, so RDATA copied from a master file reads the same. Throws TextError.
 */
export function tokenize(text: string, origin: Name = Name.root): RdataTokens {
  return new TokenList(split(new TextEncoder().encode(text)), origin);
}

function split(source: Uint8Array): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const octet = source[at]!;
    if (octet === SEMICOLON) {
      while (at < source.length && source[at] !== LINE_FEED) at++;
    } else if (isDelimiter(octet)) {
      at++;
    } else {
      const token = octet === QUOTE ? quotedToken(source, at) : plainToken(source, at);
      tokens.push(token);
      at = token.end;
    }
  }
  return tokens;
}

function quotedToken(source: Uint8Array, start: number): Token {
  const close = quoteEnd(source, start + 1);
  if (close < 0) throw unclosed(source, start);
  return { octets: source.subarray(start + 1, close), quoted: true, start, end: close + 1 };
}

function plainToken(source: Uint8Array, start: number): Token {
  const end = tokenEnd(source, start);
  if (end < 0) throw unclosed(source, start);
  return { octets: source.subarray(start, end), quoted: false, start, end };
}

function unclosed(source: Uint8Array, start: number): TextError {
  return new TextError('a quoted string is not closed; its second " is wanted on the same line', start, source.length);
}

class TokenList implements RdataTokens {
  readonly origin: Name;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[], origin: Name) {
    this.#tokens = tokens;
    this.origin = origin;
  }

  next(): Token | null {
    return this.#tokens[this.#at++] ?? null;
  }

  peek(): Token | null {
    return this.#tokens[this.#at] ?? null;
  }

  error(token: Token | null, message: string): TextError {
    const end = this.#tokens.at(-1)?.end ?? 0;
    return token === null ? new TextError(message, end, end) : new TextError(message, token.start, token.end);
  }
}
