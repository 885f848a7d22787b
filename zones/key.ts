/**
 * Keys of the trie: a domain name as a row of small numbers whose order is the canonical order of names (RFC 4034 §6.1):
 * labels from the root end, each followed by 0, letters folded (RFC 4343). Beyond its end a key goes on with zeros, so an
 * ancestor's key is its descendant's with zeros instead of the rest, and sorts right before it.
 *
 * Letters, digits, `-` and `_` take one number of 1 to 45, so that most octets are one step in the trie; all other octets,
 * 0x00 as well as `*`, take two: the first names a run of neighbours, the second the octet in it. (BIND's dns_qp has the same idea.)
 */
import { LOWER_CASE, NAME_OCTETS_MAX } from "../dns/index.ts";

/** A name of 255 octets, each written as two numbers, and zeros behind. */
const KEY_LENGTH_MAX = 512;
const LABELS_MAX = 128;
const RUN_LENGTH_MAX = 45;

/** What an octet becomes: its first number, and its second one, if any, above that. */
const NUMBERS = new Uint16Array(256);

function isOneStep(octet: number): boolean {
  return octet === 0x2d || octet === 0x5f || (octet >= 0x30 && octet <= 0x39) || (octet >= 0x61 && octet <= 0x7a);
}

function fillTables(): void {
  let last = 0;
  let inRun = 0;
  for (let octet = 0; octet < 256; octet++) {
    if (LOWER_CASE[octet] !== octet) continue;
    if (isOneStep(octet)) {
      NUMBERS[octet] = ++last;
      inRun = 0;
      continue;
    }
    if (inRun === 0 || inRun === RUN_LENGTH_MAX) {
      last++;
      inRun = 0;
    }
    NUMBERS[octet] = last | (++inRun << 8);
  }
  for (let octet = 0; octet < 256; octet++) NUMBERS[octet] = NUMBERS[LOWER_CASE[octet]!]!;
}
fillTables();

const ASTERISK = 0x2a;

const otherLabels = new Int32Array(LABELS_MAX);

export class NameKey {
  readonly values = new Uint8Array(KEY_LENGTH_MAX);
  length = 0;
  labelCount = 0;
  /** Octets of the name in wire format. */
  nameOctets = 0;
  octets: Uint8Array = new Uint8Array(1);
  offset = 0;
  /** Where labels start in the wire format, leftmost first; the root's as well. */
  readonly labelOffsets = new Int32Array(LABELS_MAX);
  /** Where labels start in `values`: [n] is behind the ancestor with n labels. */
  readonly labelPositions = new Int32Array(LABELS_MAX);

  /** The name that the numbers are of; what stood at `octets` then may have been written over since. */
  readonly #known = new Uint8Array(NAME_OCTETS_MAX);
  #isKnown = false;

  /** Takes a whole uncompressed name. It is read again while the key is in use. */
  set(octets: Uint8Array, offset: number): void {
    // The zone is looked for by the same name as what is in it: comparing costs a quarter of making the key again.
    if (this.#isKnown && offset === this.offset && this.#isOf(octets, offset)) this.octets = octets;
    else this.#make(octets, offset);
  }

  #isOf(octets: Uint8Array, offset: number): boolean {
    const known = this.#known;
    const length = this.nameOctets;
    for (let i = 0; i < length; i++) if (octets[offset + i] !== known[i]) return false;
    return true;
  }

  #make(octets: Uint8Array, offset: number): void {
    const { labelOffsets, labelPositions, values } = this;
    const known = this.#known;
    let count = 0;
    let at = offset;
    for (let length = octets[at]!; length !== 0; length = octets[at]!) {
      labelOffsets[count++] = at;
      at += length + 1;
    }
    labelOffsets[count] = at;
    this.octets = octets;
    this.offset = offset;
    this.labelCount = count;
    const nameOctets = at + 1 - offset;
    this.nameOctets = nameOctets;
    for (let i = 0; i < nameOctets; i++) known[i] = octets[offset + i]!;
    this.#isKnown = true;
    let position = 0;
    for (let i = count - 1; i >= 0; i--) {
      labelPositions[count - 1 - i] = position;
      const start = labelOffsets[i]! + 1;
      const end = labelOffsets[i + 1]!;
      for (let octet = start; octet < end; octet++) {
        const numbers = NUMBERS[octets[octet]!]!;
        values[position++] = numbers;
        if (numbers > 0xff) values[position++] = numbers >> 8;
      }
      values[position++] = 0;
    }
    labelPositions[count] = position;
    this.length = position;
  }

  /** The number that the other name's key has where `parting` says that it parts from this one. */
  partingValue = 0;

  /** The first position where the key of that other name differs from this one, found without making it. */
  parting(octets: Uint8Array, nameOffset: number): number {
    let count = 0;
    for (let at = nameOffset, length = octets[at]!; length !== 0; length = octets[at]!) {
      otherLabels[count++] = at;
      at += length + 1;
    }
    const { values, length } = this;
    let position = 0;
    for (let i = count - 1; i >= 0; i--) {
      const start = otherLabels[i]! + 1;
      const end = start + octets[start - 1]!;
      // One more: the 0 that ends the label.
      for (let at = start; at <= end; at++) {
        const numbers = at === end ? 0 : NUMBERS[octets[at]!]!;
        const first = numbers & 0xff;
        if (first !== (position < length ? values[position] : 0)) return this.#partsAt(position, first);
        position++;
        if (numbers <= 0xff) continue;
        const second = numbers >> 8;
        if (second !== (position < length ? values[position] : 0)) return this.#partsAt(position, second);
        position++;
      }
    }
    return this.#partsAt(position, 0);
  }

  #partsAt(position: number, value: number): number {
    this.partingValue = value;
    return position;
  }

  /**
   * Makes the key that of `*` below the ancestor with `labels` labels, which must be a proper one. Only the numbers change;
   * what else the key knows of the name goes on being that of the name.
   */
  becomeWildcard(labels: number): void {
    this.#isKnown = false;
    let position = this.labelPositions[labels]!;
    this.values[position++] = NUMBERS[ASTERISK]!;
    this.values[position++] = NUMBERS[ASTERISK]! >> 8;
    this.values[position++] = 0;
    this.length = position;
  }
}

/** For the name of a query, which is looked for in the catalogue and then in its zone. */
export const queryKey: NameKey = new NameKey();
