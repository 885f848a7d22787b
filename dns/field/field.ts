/**
 * What a field of RDATA is: one kind of value, in wire format, presentation format, canonical form and as data. A type is
 * a list of fields (`declare.ts`); a kind that more than one type needs stands in this folder.
 */
import { concatOctets } from "../../base/index.ts";
import { type RdataTokens, TextError, type Token } from "../text.ts";
import { WireError } from "../wire.ts";

/** How names of a field are treated. RFC 3597 §4 and RFC 6840 §5.1 say which types have which. */
export interface NameRule {
  /** May be compressed on output: the types of RFC 1035 only. */
  readonly compress: boolean;
  /** Is accepted compressed. */
  readonly expand: boolean;
  /** Is in lower case in canonical form. */
  readonly lower: boolean;
}

/** How to step over a field without looking at what it says: so many octets, or one of these. */
export const STEP_STRING = -1;
export const STEP_NAME = -2;
/** Not to be stepped over: nothing that holds a name stands at or after such a field. */
export const STEP_REST = -3;

export interface Field {
  readonly step: number;
  /** For names only. */
  readonly name: NameRule | null;
  /** Where the field that begins at `at` ends, not after `end`. Throws WireError unless it is whole and legal. */
  end(octets: Uint8Array, at: number, end: number): number;
  /** Presentation format of octets [at, end), which are exactly this field, whole and legal; "" for none. */
  format(octets: Uint8Array, at: number, end: number): string;
  /** Whether presentation format can say it; when not, the whole RDATA are written as RFC 3597 §5 says. */
  isWritable?(octets: Uint8Array, at: number, end: number): boolean;
  /** Takes this field's tokens. `label` names it in errors. Throws TextError. */
  parse(tokens: RdataTokens, out: RdataWriter, label: string): void;
  /** In dns-packet's shape where it has one. */
  toData(octets: Uint8Array, at: number, end: number): unknown;
  /** Throws DataError. */
  fromData(data: unknown, out: RdataWriter): void;
}

/** Data that do not fit their record type. */
export class DataError extends Error {
  readonly code = "BAD_DATA";
}

/** Shows a wrong value in an error. */
export function shown(data: unknown): string {
  if (typeof data === "string") return JSON.stringify(data.length > 60 ? `${data.slice(0, 60)}…` : data);
  if (typeof data === "object" && data !== null) return Array.isArray(data) ? "a list" : "an object";
  return String(data);
}

/** RDLENGTH has 16 bits (RFC 1035 §3.2.1). */
export const RDATA_OCTETS_MAX = 0xffff;

/** Collects RDATA. Made once and begun anew for each record, because its room costs more than what goes into it. */
export class RdataWriter {
  #octets = new Uint8Array(1024);
  #length = 0;

  /** Forgets what was written, by a record that turned out wrong too. */
  begin(): this {
    this.#length = 0;
    return this;
  }

  get length(): number {
    return this.#length;
  }

  /** The octet so many places before the one that comes next. */
  before(distance: number): number {
    return this.#octets[this.#length - distance]!;
  }

  u8(value: number): void {
    this.#room(1);
    this.#octets[this.#length++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value);
  }

  octets(octets: Uint8Array): void {
    this.#room(octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  /** A length octet and up to 255 octets. */
  counted(octets: Uint8Array): void {
    this.u8(octets.length);
    this.octets(octets);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed > RDATA_OCTETS_MAX) throw new WireError("RDATA is longer than 65535 octets", RDATA_OCTETS_MAX);
    if (needed > this.#octets.length) {
      const wider = new Uint8Array(Math.max(needed, 2 * this.#octets.length));
      wider.set(this.#octets);
      this.#octets = wider;
    }
  }
}

/** Throws unless `count` octets stand between `at` and `end`; gives where they end. */
export function whole(at: number, count: number, end: number, what: string): number {
  if (at + count > end) throw new WireError(`RDATA ends inside ${what}`, at);
  return at + count;
}

/** The next token; an error that says what is wanted when the record ends before it. */
export function wanted(tokens: RdataTokens, label: string, what: string): Token {
  const token = tokens.next();
  if (token === null) throw tokens.error(null, `the record ends where its ${label} is wanted: ${what}`);
  return token;
}

/** All tokens up to the record's end, joined: how base64 and hexadecimal text may be split (RFC 4034 §2.2). */
export function joined(tokens: RdataTokens): { readonly octets: Uint8Array; readonly first: Token | null } {
  const first = tokens.peek();
  const parts: Uint8Array[] = [];
  for (let token = tokens.next(); token !== null; token = tokens.next()) {
    if (token.quoted) throw tokens.error(token, "this text stands without quotes");
    parts.push(token.octets);
  }
  return { octets: parts.length === 1 ? parts[0]! : concatOctets(parts), first };
}

/** An error at a token that ends where the token ends. */
export function wrong(token: Token, message: string): TextError {
  return new TextError(message, token.start, token.end);
}

export function asciiText(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

export function readU16(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}

export function readU32(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
}
