/**
 * Keys of the trie: a domain name as a row of small numbers whose order is the canonical order of names (RFC 4034 §6.1):
 * labels from the root end, each followed by 0, letters folded (RFC 4343). Beyond its end a key goes on with zeros, so an
 * ancestor's key is its descendant's with zeros instead of the rest, and sorts right before it.
 *
 * Letters, digits, `-` and `_` take one number of 1 to 45, so that most octets are one step in the trie; all other octets,
 * 0x00 as well as `*`, take two: the first names a run of neighbours, the second the octet in it. (BIND's dns_qp has the same idea.)
 */
import { LOWER_CASE } from "../dns/index.ts";

/** A name of 255 octets, each written as two numbers, and zeros behind. */
const KEY_LENGTH_MAX = 512;
const LABELS_MAX = 128;
const RUN_LENGTH_MAX = 45;

const FIRST = new Uint8Array(256);
const SECOND = new Uint8Array(256);

function isOneStep(octet: number): boolean {
  return octet === 0x2d || octet === 0x5f || (octet >= 0x30 && octet <= 0x39) || (octet >= 0x61 && octet <= 0x7a);
}

function fillTables(): void {
  let last = 0;
  let inRun = 0;
  for (let octet = 0; octet < 256; octet++) {
    if (LOWER_CASE[octet] !== octet) continue;
    if (isOneStep(octet)) {
      FIRST[octet] = ++last;
      inRun = 0;
      continue;
    }
    if (inRun === 0 || inRun === RUN_LENGTH_MAX) {
      last++;
      inRun = 0;
    }
    FIRST[octet] = last;
    SECOND[octet] = ++inRun;
  }
  for (let octet = 0; octet < 256; octet++) {
    FIRST[octet] = FIRST[LOWER_CASE[octet]!]!;
    SECOND[octet] = SECOND[LOWER_CASE[octet]!]!;
  }
}
fillTables();

const ASTERISK = 0x2a;

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

  /** Takes a whole uncompressed name. It is read again while the key is in use. */
  set(octets: Uint8Array, offset: number): void {
    const { labelOffsets, labelPositions, values } = this;
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
    this.nameOctets = at + 1 - offset;
    let position = 0;
    for (let i = count - 1; i >= 0; i--) {
      labelPositions[count - 1 - i] = position;
      const start = labelOffsets[i]! + 1;
      const end = labelOffsets[i + 1]!;
      for (let octet = start; octet < end; octet++) {
        const value = octets[octet]!;
        values[position++] = FIRST[value]!;
        const second = SECOND[value]!;
        if (second !== 0) values[position++] = second;
      }
      values[position++] = 0;
    }
    labelPositions[count] = position;
    this.length = position;
  }

  /**
   * Makes the key that of `*` below the ancestor with `labels` labels, which must be a proper one. Only the numbers change;
   * what else the key knows of the name goes on being that of the name.
   */
  becomeWildcard(labels: number): void {
    let position = this.labelPositions[labels]!;
    this.values[position++] = FIRST[ASTERISK]!;
    this.values[position++] = SECOND[ASTERISK]!;
    this.values[position++] = 0;
    this.length = position;
  }
}
