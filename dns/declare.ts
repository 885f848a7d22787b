/**
 * How a record type is declared: its number, its mnemonic and its fields in wire order. From these follow wire format
 * with decompression (RFC 3597 §4), presentation format with the generic form (RFC 3597 §5), canonical form (RFC 4034
 * §6.2, RFC 6840 §5.1) and data in dns-packet's shape. The declarations stand in `type/`, the look-up in `rdata.ts`.
 */
import { fromHex, toHex } from "../base/index.ts";
import {
  asciiText,
  DataError,
  type Field,
  joined,
  type NameRule,
  RdataWriter,
  shown,
  STEP_NAME,
  STEP_REST,
  STEP_STRING,
  wanted,
  wrong,
} from "./field/field.ts";
import { parseNumber } from "./field/number.ts";
import { LOWER_CASE, NAME_OCTETS_MAX } from "./name.ts";
import type { RdataTokens, Token } from "./text.ts";
import { type DecompressionWork, expandName, WireError } from "./wire.ts";

/** A field that is a domain name. */
export interface NameField extends NameRule {
  readonly field: string;
  /** Where it begins, or null when that depends on what stands before it: `nameOffsets` says then. */
  readonly skipOctets: number | null;
}

/** All that is known of a record type. RDATA is whole uncompressed wire format, but for what `expand` reads. */
export interface RdataType {
  readonly type: number;
  readonly mnemonic: string;
  /** Where names stand. */
  readonly names: readonly NameField[];
  /** Whether names in it may be compressed on output (RFC 3597 §4: the types of RFC 1035 only). */
  readonly compresses: boolean;
  /** A copy of RDATA [start, end) of a message with compressed names expanded. Throws WireError unless whole and legal. */
  expand(message: Uint8Array, start: number, end: number, work: DecompressionWork): Uint8Array;
  /** Throws WireError unless octets [start, end), all of them unless given, are whole and legal RDATA. */
  check(octets: Uint8Array, start?: number, end?: number): void;
  /** Presentation format on one line, names absolute. */
  format(octets: Uint8Array): string;
  /** Takes all tokens of the record. Throws TextError. */
  parse(tokens: RdataTokens): Uint8Array;
  /** What signatures and comparison use (RFC 4034 §6.2); the same object where nothing is to be changed. */
  canonical(octets: Uint8Array): Uint8Array;
  /** Fills `out` with the offsets of the names in octets [start, end), whole RDATA; returns how many. Allocates nothing. */
  nameOffsets(octets: Uint8Array, start: number, end: number, out: number[]): number;
  /** In dns-packet's shape where it has one. */
  toData(octets: Uint8Array): unknown;
  /** Takes what toData gives. Throws DataError. */
  fromData(data: unknown): Uint8Array;
}

export interface Declaration {
  readonly type: number;
  readonly mnemonic: string;
  /** In wire order. The keys are dns-packet's, where it has them. */
  readonly fields: Readonly<Record<string, Field>>;
  /** `value`: the data are those of the only field (A is a text). `record`, unless given: an object of all fields. */
  readonly data?: "value" | "record";
  /** What dns-packet's data have beside the fields, and how the fields follow from data. */
  readonly shape?: {
    readonly show: (data: Record<string, unknown>) => Record<string, unknown>;
    readonly read: (data: ReadonlyMap<string, unknown>) => ReadonlyMap<string, unknown>;
  };
  /** What the fields together must keep. Throws WireError. */
  readonly verify?: (octets: Uint8Array, start: number, end: number) => void;
  /**
   * What text must keep besides, as a complaint or null. Octets that break it are let through, so that one odd record
   * does not hide a message's others, and are written in the generic form, so that they read back.
   */
  readonly verifyText?: (octets: Uint8Array) => string | null;
}

/** Declares a record type. */
export function rdata(declaration: Declaration): RdataType {
  return new DeclaredType(declaration);
}

/** A type we know nothing of: any octets, written as RFC 3597 §5 says; dns-packet shows them as a Buffer. */
export function opaque(type: number, mnemonic: string): RdataType {
  return new DeclaredType({ type, mnemonic, fields: { octets: anything }, data: "value" });
}

const anything: Field = {
  step: STEP_REST,
  name: null,
  end: (_octets, _at, end) => end,
  format: (octets, at, end) => formatGeneric(octets.subarray(at, end)),
  parse(tokens, _out, label) {
    const what = "\\# LENGTH HEX, the form of types that are not known here (RFC 3597 §5)";
    const token = wanted(tokens, label, what);
    throw wrong(token, `${shown(asciiText(token.octets))} cannot be read as this type; ${what}, is wanted`);
  },
  toData: (octets, at, end) => Buffer.from(octets.subarray(at, end)),
  fromData(data, out) {
    if (!(data instanceof Uint8Array)) throw new DataError(`octets are wanted, not ${shown(data)}`);
    out.octets(data);
  },
};

class DeclaredType implements RdataType {
  readonly type: number;
  readonly mnemonic: string;
  readonly names: readonly NameField[];
  readonly compresses: boolean;
  readonly #labels: readonly string[];
  /** The fields' names in errors. */
  readonly #titles: readonly string[];
  readonly #fields: readonly Field[];
  /** The steps up to the last name: what nameOffsets walks. */
  readonly #steps: readonly number[];
  readonly #expands: boolean;
  readonly #lowers: boolean;
  readonly #declaration: Declaration;

  constructor(declaration: Declaration) {
    this.#declaration = declaration;
    this.type = declaration.type;
    this.mnemonic = declaration.mnemonic;
    this.#labels = Object.keys(declaration.fields);
    this.#fields = Object.values(declaration.fields);
    const isValue = declaration.data === "value";
    this.#titles = this.#labels.map((label) => `${this.mnemonic} ${isValue ? "data" : label}`);
    this.names = nameFields(declaration.fields);
    this.compresses = this.names.some((name) => name.compress);
    this.#expands = this.names.some((name) => name.expand);
    this.#lowers = this.names.some((name) => name.lower);
    const steps = this.#fields.map((field) => field.step);
    this.#steps = steps.slice(0, steps.lastIndexOf(STEP_NAME) + 1);
  }

  expand(message: Uint8Array, start: number, end: number, work: DecompressionWork): Uint8Array {
    if (end > message.length) throw new WireError("the message ends inside RDATA", start);
    if (!this.#expands) {
      this.check(message, start, end);
      return copyOf(message, start, end);
    }
    const out = collected.begin();
    let at = start;
    for (const field of this.#fields) {
      if (field.name?.expand === true) {
        const after = expandName(message, at, nameRoom, 0, work);
        if (after > end) throw new WireError(`RDATA of ${this.mnemonic} ends inside a domain name`, at);
        out.octets(nameRoom.subarray(0, work.nameOctets));
        at = after;
      } else {
        const after = field.end(message, at, end);
        out.octets(message.subarray(at, after));
        at = after;
      }
    }
    if (at !== end) throw this.#tooLong(at, end);
    const octets = out.finish();
    this.#declaration.verify?.(octets, 0, octets.length);
    return octets;
  }

  check(octets: Uint8Array, start = 0, end = octets.length): void {
    if (end > octets.length) throw new WireError("the octets end inside RDATA", start);
    let at = start;
    for (const field of this.#fields) at = field.end(octets, at, end);
    if (at !== end) throw this.#tooLong(at, end);
    this.#declaration.verify?.(octets, start, end);
  }

  format(octets: Uint8Array): string {
    if (typeof this.#declaration.verifyText?.(octets) === "string") return formatGeneric(octets);
    let text = "";
    let at = 0;
    for (const field of this.#fields) {
      const end = field.end(octets, at, octets.length);
      if (field.isWritable?.(octets, at, end) === false) return formatGeneric(octets);
      const part = field.format(octets, at, end);
      text += text === "" || part === "" ? part : ` ${part}`;
      at = end;
    }
    return text === "" ? formatGeneric(octets) : text;
  }

  parse(tokens: RdataTokens): Uint8Array {
    const first = tokens.peek();
    try {
      if (first !== null && isGenericMark(first)) return this.#parseGeneric(tokens);
      const out = collected.begin();
      for (let i = 0; i < this.#fields.length; i++) this.#fields[i]!.parse(tokens, out, this.#titles[i]!);
      const extra = tokens.next();
      if (extra !== null) throw tokens.error(extra, this.#extraMessage(extra));
      const octets = out.finish();
      this.check(octets);
      const complaint = this.#declaration.verifyText?.(octets) ?? null;
      if (complaint !== null) throw tokens.error(first, complaint);
      return octets;
    } catch (error) {
      if (error instanceof WireError) throw tokens.error(first, `this is no ${this.mnemonic} record: ${error.message}`);
      throw error;
    }
  }

  canonical(octets: Uint8Array): Uint8Array {
    if (!this.#lowers) return octets;
    const lower = copyOf(octets, 0, octets.length);
    let at = 0;
    for (const field of this.#fields) {
      const end = field.end(octets, at, octets.length);
      // Length octets are below 64, so folding leaves them as they are.
      if (field.name?.lower === true) for (let i = at; i < end; i++) lower[i] = LOWER_CASE[lower[i]!]!;
      at = end;
    }
    return lower;
  }

  nameOffsets(octets: Uint8Array, start: number, end: number, out: number[]): number {
    let at = start;
    let count = 0;
    for (let i = 0; i < this.#steps.length && at < end; i++) {
      const step = this.#steps[i]!;
      if (step >= 0) at += step;
      else if (step === STEP_STRING) at += octets[at]! + 1;
      else {
        out[count++] = at;
        while (octets[at]! !== 0) at += octets[at]! + 1;
        at++;
      }
    }
    return count;
  }

  toData(octets: Uint8Array): unknown {
    const data: Record<string, unknown> = {};
    let at = 0;
    for (const [i, field] of this.#fields.entries()) {
      const end = field.end(octets, at, octets.length);
      const value = field.toData(octets, at, end);
      if (this.#declaration.data === "value") return value;
      data[this.#labels[i]!] = value;
      at = end;
    }
    return this.#declaration.shape?.show(data) ?? data;
  }

  fromData(data: unknown): Uint8Array {
    const out = new RdataWriter();
    const isValue = this.#declaration.data === "value";
    const values = isValue ? new Map([[this.#labels[0]!, data]]) : this.#members(data);
    for (const [i, field] of this.#fields.entries()) {
      const label = this.#labels[i]!;
      this.#naming(isValue ? this.mnemonic : `${this.mnemonic} ${label}`, () => field.fromData(values.get(label), out));
    }
    const octets = out.finish();
    this.#naming(this.mnemonic, () => this.check(octets));
    return octets;
  }

  #members(data: unknown): ReadonlyMap<string, unknown> {
    if (typeof data === "object" && data !== null) {
      const members = new Map<string, unknown>(Object.entries(data));
      return this.#declaration.shape?.read(members) ?? members;
    }
    const what = `an object with ${this.#labels.join(", ")}`;
    throw new DataError(`${this.mnemonic}: ${what} is wanted, not ${shown(data)}`);
  }

  #naming(what: string, encode: () => void): void {
    try {
      encode();
    } catch (error) {
      if (!(error instanceof DataError || error instanceof WireError)) throw error;
      throw new DataError(`${what}: ${error.message}`);
    }
  }

  /** `\# LENGTH HEX…` stands for any type's RDATA, and must be legal RDATA of it (RFC 3597 §5). */
  #parseGeneric(tokens: RdataTokens): Uint8Array {
    const mark = tokens.next();
    const length = parseNumber(
      wanted(tokens, "length of the RDATA", "octets, in decimal"),
      0xffff,
      "length of the RDATA",
    );
    const text = joined(tokens);
    const octets = fromHex(asciiText(text.octets));
    if (octets === null)
      throw tokens.error(text.first, "after \\# and the length stand pairs of hexadecimal digits only");
    if (octets.length !== length) {
      const message = `the length says ${length} octets, but the digits give ${octets.length} (RFC 3597 §5)`;
      throw tokens.error(mark, message);
    }
    this.check(octets);
    return octets;
  }

  #extraMessage(extra: Token): string {
    const last = this.#titles.at(-1) ?? this.mnemonic;
    return `${shown(asciiText(extra.octets))} is too much: nothing stands after the ${last}`;
  }

  #tooLong(at: number, end: number): WireError {
    return new WireError(`RDATA of ${this.mnemonic} is ${end - at} octets longer than its fields`, at);
  }
}

/** What arrives from a socket is a Buffer, whose own `slice` is no copy. */
function copyOf(octets: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(octets.subarray(start, end));
}

/** Reading one record never begins another, so one collector does for all. Data may have getters that do: not for them. */
const collected = new RdataWriter();

const nameRoom = new Uint8Array(NAME_OCTETS_MAX);

function nameFields(fields: Readonly<Record<string, Field>>): NameField[] {
  const names: NameField[] = [];
  let skipOctets: number | null = 0;
  for (const [label, field] of Object.entries(fields)) {
    if (field.name !== null) names.push({ field: label, skipOctets, ...field.name });
    skipOctets = skipOctets === null || field.step < 0 ? null : skipOctets + field.step;
  }
  return names;
}

function isGenericMark(token: Token): boolean {
  return !token.quoted && token.octets.length === 2 && token.octets[0] === 0x5c && token.octets[1] === 0x23;
}

/** `\# 4 0a000001`. */
export function formatGeneric(octets: Uint8Array): string {
  return octets.length === 0 ? "\\# 0" : `\\# ${octets.length} ${toHex(octets)}`;
}
