/**
 * What names of the DNS are called in a tree of files: a label is a directory in lower case, a type is a file in capitals, so neither can be
 * taken for the other. What cannot stand in a file name, or would not be seen, is escaped as `\DDD` (RFC 1035 §5.1), and so is the backslash.
 */
import { isMetaType, LABEL_OCTETS_MAX, LOWER_CASE, type Name, typeFromText } from "../../dns/index.ts";
import { fileNameOctets } from "../file-name.ts";

const BACKSLASH = 0x5c;
const SLASH = 0x2f;

/** A label as a file name: at most 252 octets, never "." nor "..". */
export function labelText(label: Uint8Array): string {
  const isDots = label.every((octet) => octet === 0x2e) && label.length <= 2;
  let text = "";
  for (const octet of label) {
    const isPlain = octet > 0x20 && octet < 0x7f && octet !== SLASH && octet !== BACKSLASH && !isDots;
    text += isPlain ? String.fromCharCode(LOWER_CASE[octet]!) : `\\${String(octet).padStart(3, "0")}`;
  }
  return text;
}

/** The label with this file name, in lower case; null when no label can have it. */
export function labelFromText(text: string): Uint8Array | null {
  const octets: number[] = [];
  const given = fileNameOctets(text);
  for (let at = 0; at < given.length; at++) {
    if (given[at] !== BACKSLASH) {
      octets.push(LOWER_CASE[given[at]!]!);
      continue;
    }
    const digits = Buffer.from(given.subarray(at + 1, at + 4)).toString("latin1");
    if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) return null;
    octets.push(LOWER_CASE[Number(digits)]!);
    at += 3;
  }
  return octets.length === 0 || octets.length > LABEL_OCTETS_MAX ? null : Uint8Array.from(octets);
}

/** The type whose file has this name; null for whatever is a label's. TYPE15 is a second name of MX (RFC 3597 §5). */
export function typeOfFile(name: string): number | null {
  const type = /^[A-Z0-9]+$/.test(name) && /[A-Z]/.test(name) ? typeFromText(name) : null;
  return type === null || isMetaType(type) ? null : type;
}

/**
 * Where an alias leads from the directory that it stands in: along the tree where the target is in it, else its own source, which
 * leads to nothing as a path and says what would have to be mounted.
 */
export function linkText(directory: Name, target: Name, root: Name): string {
  if (!target.isAtOrBelow(root)) return `dns://${target.toString().replace(/(.)\.$/, "$1")}`;
  const shared = directory.sharedLabels(target);
  const ups = Array.from({ length: directory.labelCount - shared }, () => "..");
  const downs = target.labels.slice(0, target.labelCount - shared).reverse();
  return [...ups, ...downs.map(labelText)].join("/") || ".";
}
