/**
 * File names: octets on the wire, text in here. Octets that are not UTF-8 become the characters U+DC80 to U+DCFF, one each, which no UTF-8 text holds, so every
 * name comes back as the octets it was (the way of PEP 383). A name is 1 to 255 octets without NUL and "/"; "." and ".." are walked, never made.
 */

export const FILE_NAME_OCTETS_MAX = 255;
const ESCAPE = 0xdc00;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of these octets, which need not be a good name. */
export function fileNameText(octets: Uint8Array): string {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  // Most names are ASCII, and for those both decodings are the same; latin1 is the quicker one.
  if (octets.every((octet) => octet < 0x80)) return buffer.toString("latin1");
  try {
    return strict.decode(octets);
  } catch {
    return escaped(octets);
  }
}

/** The octets of a name: the inverse of `fileNameText`. */
export function fileNameOctets(name: string): Uint8Array {
  if (!/[\udc80-\udcff]/.test(name)) return Buffer.from(name, "utf8");
  const parts: Uint8Array[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    const isEscape = code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
    parts.push(isEscape ? Uint8Array.of(code - ESCAPE) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}

/** How many octets a name has on the wire. */
export function fileNameLength(name: string): number {
  return fileNameOctets(name).length;
}

/** What is wrong with a component of a path, or null when it may be walked. */
export function nameFault(name: string): "INVAL" | "NAMETOOLONG" | null {
  if (name === "" || name.includes("/") || name.includes("\0")) return "INVAL";
  // A UTF-16 unit is at most three octets of UTF-8.
  if (name.length * 3 <= FILE_NAME_OCTETS_MAX) return null;
  return fileNameLength(name) > FILE_NAME_OCTETS_MAX ? "NAMETOOLONG" : null;
}

/** Valid UTF-8 stays, each other octet becomes its escape. */
function escaped(octets: Uint8Array): string {
  let text = "";
  let at = 0;
  while (at < octets.length) {
    const length = sequenceLength(octets, at);
    if (length === 0) text += String.fromCharCode(ESCAPE + octets[at++]!);
    else text += strict.decode(octets.subarray(at, (at += length)));
  }
  return text;
}

/** The length of the UTF-8 sequence that begins here (RFC 3629 §4), or 0 when none does. */
function sequenceLength(octets: Uint8Array, at: number): number {
  const first = octets[at]!;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > octets.length) return 0;
  try {
    strict.decode(octets.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
