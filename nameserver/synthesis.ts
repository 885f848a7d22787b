/** Names that a DNAME makes of other names (RFC 6672 §2.2), and the CNAME records that tell of it (§3.1). */
import { LOWER_CASE, NAME_OCTETS_MAX } from "../dns/index.ts";

export class Synthesis {
  /** The new name; it holds until the next but one is made. */
  name: Uint8Array;
  nameOctets = 0;
  readonly #first = new Uint8Array(NAME_OCTETS_MAX);
  readonly #second = new Uint8Array(NAME_OCTETS_MAX);

  constructor() {
    this.name = this.#first;
  }

  /**
   * Puts `target` in the place of the suffix that begins at `suffixAt` of the name at `nameAt`.
   * False when that is longer than a name can be: YXDOMAIN (RFC 6672 §2.2).
   */
  substitute(octets: Uint8Array, nameAt: number, suffixAt: number, target: Uint8Array, targetAt: number): boolean {
    const prefixOctets = suffixAt - nameAt;
    const targetOctets = nameOctets(target, targetAt);
    if (prefixOctets + targetOctets > NAME_OCTETS_MAX) return false;
    // The name may stand in the one buffer itself, from the DNAME before this one.
    const name = this.name === this.#first ? this.#second : this.#first;
    for (let i = 0; i < prefixOctets; i++) name[i] = octets[nameAt + i]!;
    for (let i = 0; i < targetOctets; i++) name[prefixOctets + i] = target[targetAt + i]!;
    this.name = name;
    this.nameOctets = prefixOctets + targetOctets;
    return true;
  }
}

/** Octets of an uncompressed name, the root's included. */
export function nameOctets(octets: Uint8Array, at: number): number {
  let end = at;
  while (octets[end] !== 0) end += octets[end]! + 1;
  return end + 1 - at;
}

/** Labels of a name, the root's not counted. */
export function labelsOf(octets: Uint8Array, at: number): number {
  let labels = 0;
  for (let i = at; octets[i] !== 0; i += octets[i]! + 1) labels++;
  return labels;
}

/** Where the last `labels` labels of the name at `at` begin. */
export function suffixOffset(octets: Uint8Array, at: number, labels: number): number {
  let offset = at;
  for (let skip = labelsOf(octets, at) - labels; skip > 0; skip--) offset += octets[offset]! + 1;
  return offset;
}

/** Whether the name at `at` is the other or below it. */
export function isBelow(octets: Uint8Array, at: number, other: Uint8Array, otherAt: number): boolean {
  const labels = labelsOf(other, otherAt);
  if (labelsOf(octets, at) < labels) return false;
  return isSameName(octets, suffixOffset(octets, at, labels), other, otherAt);
}

/** Without regard to case (RFC 4343). */
export function isSameName(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  for (let i = 0; ; i++) {
    if (LOWER_CASE[a[aAt + i]!] !== LOWER_CASE[b[bAt + i]!]) return false;
    // Length octets are below any letter, so the first zero is the root's, unless a label has one.
    if (a[aAt + i] === 0 && isRootAt(a, aAt, i)) return true;
  }
}

function isRootAt(octets: Uint8Array, at: number, index: number): boolean {
  return nameOctets(octets, at) === index + 1;
}
