/**
 * Domain names (RFC 1034 §3.1, RFC 1035 §3.1): wire format inside, presentation format outside, compared without regard
 * to the case of ASCII letters (RFC 4343), ordered canonically (RFC 4034 §6.1).
 * Reading a name out of a message, with its compression, is `wire.ts`'s.
 */
import { assert, hexDigit } from "../base/index.ts";

/** Octets of a label at most, and of a whole name in wire format, the root's zero octet included (RFC 1035 §2.3.4). */
export const LABEL_OCTETS_MAX = 63;
export const NAME_OCTETS_MAX = 255;

/** Lower case of each octet: only ASCII letters fold (RFC 4343 §3). */
export const LOWER_CASE: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
);

/** Where the lower case of a name is put together to become its key. */
const keyRoom = Buffer.alloc(NAME_OCTETS_MAX);

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** A text that is no domain name. `at` is the character where it goes wrong, counted from 0. */
export class NameError extends Error {
  readonly code = "BAD_NAME";
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** An absolute domain name: uncompressed wire format, case kept, never changed (RFC 1035 §3.1). */
export class Name {
  static readonly root: Name = new Name(Uint8Array.of(0));
  readonly #octets: Uint8Array; // The private field makes the type nominal: no look-alike passes.
  #key: string | null = null;

  private constructor(octets: Uint8Array) {
    assert(octets.length <= NAME_OCTETS_MAX, "a name is at most 255 octets");
    this.#octets = octets;
  }

  /**
   * Reads presentation format: `www.vu.nl.`, `\.` and `\DDD` escapes (RFC 1035 §5.1, RFC 4343 §2.1). A text without its
   * last dot is taken relative to `origin`, which is the root unless given. Throws NameError.
   */
  static parse(text: string, origin: Name = Name.root): Name {
    return parseName(text, origin);
  }

  /** A name from a copy of whole uncompressed wire format at `offset`; throws NameError when it is not that. */
  static fromWire(octets: Uint8Array, offset = 0): Name {
    let at = offset;
    for (;;) {
      const length = octets[at];
      if (length === undefined) throw new NameError("the name ends before its root label", at - offset);
      if (length > LABEL_OCTETS_MAX) throw new NameError(`a label cannot have the length octet ${length}`, at - offset);
      at += length + 1;
      if (at - offset > NAME_OCTETS_MAX) throw new NameError("the name is longer than 255 octets", at - offset);
      if (length === 0) break;
    }
    if (at > octets.length) throw new NameError("the name ends before its root label", at - offset);
    // Not `slice`, which is no copy for a Buffer, and sockets give Buffers.
    return new Name(new Uint8Array(octets.subarray(offset, at)));
  }

  /** As fromWire, for octets that were checked to be one whole name when they were read: they are only copied. */
  static fromChecked(octets: Uint8Array): Name {
    return new Name(new Uint8Array(octets));
  }

  /** A name from labels in wire order, the root's empty label left out; throws NameError when it would be too long. */
  static fromLabels(labels: readonly Uint8Array[]): Name {
    const octets: number[] = [];
    for (const label of labels) {
      if (label.length === 0 || label.length > LABEL_OCTETS_MAX) throw new NameError("a label has 1 to 63 octets", 0);
      octets.push(label.length, ...label);
    }
    octets.push(0);
    return Name.fromWire(Uint8Array.from(octets));
  }

  /** Wire format, uncompressed. Not to be written to. */
  get octets(): Uint8Array {
    return this.#octets;
  }

  /** How many labels, the root's empty one not counted: 0 for the root. */
  get labelCount(): number {
    let count = 0;
    for (let at = 0; this.#octets[at] !== 0; at += this.#octets[at]! + 1) count++;
    return count;
  }

  /** The labels in wire order, without the root's. */
  get labels(): Uint8Array[] {
    const labels: Uint8Array[] = [];
    for (let at = 0; this.#octets[at] !== 0; at += this.#octets[at]! + 1) {
      labels.push(this.#octets.subarray(at + 1, at + 1 + this.#octets[at]!));
    }
    return labels;
  }

  get isRoot(): boolean {
    return this.#octets.length === 1;
  }

  /** Whether the leftmost label is `*` alone (RFC 4592 §2.1.1). */
  get isWildcard(): boolean {
    return this.#octets[0] === 1 && this.#octets[1] === 0x2a;
  }

  /** The same for all spellings of one name; for use as a key of a Map. One character an octet. */
  get key(): string {
    if (this.#key === null) {
      const octets = this.#octets;
      for (let at = 0; at < octets.length; at++) keyRoom[at] = LOWER_CASE[octets[at]!]!;
      // In one piece: put together character by character, a key is a chain of pieces until somebody looks it up.
      this.#key = keyRoom.toString("latin1", 0, octets.length);
    }
    return this.#key;
  }

  /** The name one label above, or null above the root. */
  parent(): Name | null {
    const labelLength = this.#octets[0]!;
    return labelLength === 0 ? null : new Name(this.#octets.subarray(labelLength + 1));
  }

  /** The ancestor (or the name itself) that has `labelCount` labels. */
  ancestor(labelCount: number): Name {
    let skip = this.labelCount - labelCount;
    assert(skip >= 0, "an ancestor has no more labels than the name");
    let at = 0;
    for (; skip > 0; skip--) at += this.#octets[at]! + 1;
    return at === 0 ? this : new Name(this.#octets.subarray(at));
  }

  /** This name with one more label in front; throws NameError when it would be too long. */
  child(label: Uint8Array): Name {
    return Name.fromLabels([label, ...this.labels]);
  }

  /** `*.` in front of this name. */
  wildcard(): Name {
    return this.child(Uint8Array.of(0x2a));
  }

  /** Replaces the suffix `from` by `to`, as DNAME does (RFC 6672 §2.2); null when the result is longer than 255 octets. */
  rebase(from: Name, to: Name): Name | null {
    assert(this.isAtOrBelow(from), "only a suffix can be replaced");
    const kept = this.#octets.subarray(0, this.#octets.length - from.#octets.length);
    if (kept.length + to.#octets.length > NAME_OCTETS_MAX) return null;
    const octets = new Uint8Array(kept.length + to.#octets.length);
    octets.set(kept);
    octets.set(to.#octets, kept.length);
    return new Name(octets);
  }

  /** The same name, whatever the case of its letters (RFC 4343). */
  equals(other: Name): boolean {
    if (this === other) return true;
    return this.#octets.length === other.#octets.length && equalFolded(this.#octets, 0, other.#octets, 0);
  }

  /** Whether this is `other` or one of its descendants: a suffix of whole labels. */
  isAtOrBelow(other: Name): boolean {
    const distance = this.#octets.length - other.#octets.length;
    if (distance < 0) return false;
    let at = 0;
    while (at < distance) at += this.#octets[at]! + 1;
    return at === distance && equalFolded(this.#octets, at, other.#octets, 0);
  }

  isBelow(other: Name): boolean {
    return this.#octets.length > other.#octets.length && this.isAtOrBelow(other);
  }

  /** How many labels from the root end both names share. */
  sharedLabels(other: Name): number {
    let shared = 0;
    const mine = this.labels.reverse();
    const theirs = other.labels.reverse();
    while (shared < mine.length && shared < theirs.length && compareLabels(mine[shared]!, theirs[shared]!) === 0) {
      shared++;
    }
    return shared;
  }

  /** Canonical order (RFC 4034 §6.1): labels from the root end, as lower-case octet strings, a prefix first. */
  compare(other: Name): number {
    const mine = this.labels.reverse();
    const theirs = other.labels.reverse();
    const shared = Math.min(mine.length, theirs.length);
    for (let i = 0; i < shared; i++) {
      const difference = compareLabels(mine[i]!, theirs[i]!);
      if (difference !== 0) return difference;
    }
    return mine.length - theirs.length;
  }

  /** The name in lower case (RFC 4034 §6.2). */
  toLowerCase(): Name {
    return new Name(this.#octets.map((octet) => LOWER_CASE[octet]!));
  }

  /** Presentation format with the last dot: `www.vu.nl.`; `.` for the root. */
  toString(): string {
    return formatName(this.#octets, 0);
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Presentation format of an uncompressed name at `offset`, absolute, escaped so that it reads back the same. */
export function formatName(octets: Uint8Array, offset: number): string {
  let at = offset;
  let length = octets[at]!;
  if (length === 0) return ".";
  let text = "";
  while (length !== 0) {
    for (let i = at + 1; i <= at + length; i++) text += NAME_OCTET_TEXT[octets[i]!]!;
    text += ".";
    at += length + 1;
    length = octets[at]!;
  }
  return text;
}

/** Octets a name takes in uncompressed wire format at `offset`. The name must be whole. */
export function nameLength(octets: Uint8Array, offset: number): number {
  let at = offset;
  while (octets[at]! !== 0) at += octets[at]! + 1;
  return at + 1 - offset;
}

/** Compares two whole uncompressed names of equal length, wherever they stand, ignoring ASCII case. */
function equalFolded(a: Uint8Array, aOffset: number, b: Uint8Array, bOffset: number): boolean {
  const length = Math.min(a.length - aOffset, b.length - bOffset);
  // Length octets are below 64 and so are not touched by folding.
  for (let i = 0; i < length; i++) {
    if (LOWER_CASE[a[aOffset + i]!] !== LOWER_CASE[b[bOffset + i]!]) return false;
  }
  return true;
}

function compareLabels(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = LOWER_CASE[a[i]!]! - LOWER_CASE[b[i]!]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

// What must be escaped in a master file: the dot, what the file's own syntax uses, and what is not printable ASCII.
const ESCAPED = new Set([...'.\\"();@$'].map((character) => character.charCodeAt(0)));

const NAME_OCTET_TEXT: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, "0")}`;
  const character = String.fromCharCode(octet);
  return ESCAPED.has(octet) ? `\\${character}` : character;
});

/** One pass over the characters: a label is closed by an unescaped dot or by the end of the text. */
function parseName(text: string, origin: Name): Name {
  if (text === "") throw new NameError("a name cannot be empty; write @ for the origin or . for the root", 0);
  if (text === ".") return Name.root;
  if (text === "@") return origin;
  const octets = new Uint8Array(NAME_OCTETS_MAX);
  let labelAt = 0;
  let at = 1;
  let i = 0;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      closeLabel(octets, labelAt, at, i);
      labelAt = at++;
      i++;
    } else {
      const escape = code === BACKSLASH ? readEscape(text, i) : null;
      const octet = escape === null ? code : escape.octet;
      if (octet > 0xff) throw new NameError("only ASCII stands in a name as it is; write IDNs as A-labels (xn--…)", i);
      if (at >= NAME_OCTETS_MAX) throw new NameError("the name is longer than 255 octets (RFC 1035 §2.3.4)", i);
      octets[at++] = octet;
      i += escape === null ? 1 : escape.length;
    }
    if (at > NAME_OCTETS_MAX) throw new NameError("the name is longer than 255 octets (RFC 1035 §2.3.4)", i);
  }
  if (labelAt === at - 1) return Name.fromWire(octets.subarray(0, at));
  closeLabel(octets, labelAt, at, text.length);
  if (at + origin.octets.length > NAME_OCTETS_MAX) {
    throw new NameError(
      `the name is longer than 255 octets once ${origin.toString()} is appended (RFC 1035 §2.3.4)`,
      i,
    );
  }
  octets.set(origin.octets, at);
  return Name.fromWire(octets.subarray(0, at + origin.octets.length));
}

function closeLabel(octets: Uint8Array, labelAt: number, at: number, textAt: number): void {
  const length = at - labelAt - 1;
  if (length === 0) throw new NameError("a label cannot be empty: two dots in a row, or a dot in front", textAt);
  if (length > LABEL_OCTETS_MAX)
    throw new NameError(`a label of ${length} octets; 63 is the most (RFC 1035 §2.3.4)`, textAt);
  octets[labelAt] = length;
}

/** `\DDD` is the octet with that decimal value, `\X` is X itself (RFC 1035 §5.1). */
function readEscape(text: string, at: number): { readonly octet: number; readonly length: number } {
  const next = text.charCodeAt(at + 1);
  if (Number.isNaN(next)) throw new NameError("a backslash needs a character or three digits after it", at);
  if (next < 0x30 || next > 0x39) return { octet: next, length: 2 };
  const digits = text.slice(at + 1, at + 4);
  const value = [...digits].every((digit) => hexDigit(digit.charCodeAt(0)) <= 9 && digit >= "0") ? Number(digits) : 256;
  if (digits.length !== 3 || !(value <= 255)) {
    throw new NameError(`\\${digits} is no octet: three decimal digits from 000 to 255 are wanted`, at);
  }
  return { octet: value, length: 4 };
}
