/** The address prefixes of APL (RFC 3123): each a family, a length in bits, and as much of an address as is not zero. */
import { concatOctets } from "../../base/index.ts";
import { tokenText, type Token } from "../text.ts";
import { WireError } from "../wire.ts";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "./address.ts";
import { DataError, type Field, readU16, shown, STEP_REST, whole, wrong } from "./field.ts";
import { decimalOf } from "./number.ts";

/** One item. Its address is a text, or for families that are not known here the octets that were given. */
interface Prefix {
  readonly family: number;
  readonly prefix: number;
  readonly negated: boolean;
  readonly address: string | Uint8Array;
}

/** Address family numbers (IANA): the two that RFC 3123 §4 defines. */
const FAMILIES = new Map([
  [1, { size: 4, format: formatIpv4, parse: parseIpv4 }],
  [2, { size: 16, format: formatIpv6, parse: parseIpv6 }],
]);
const HEADER_OCTETS = 4;
const NEGATION = 0x80;
const WANTED = "[!]FAMILY:ADDRESS/PREFIX such as 1:192.0.2.0/24 or !2:2001:db8::/32 (RFC 3123 §5)";

/** Any number of items, none too. Families that are not known get through on the wire but cannot be written. */
export const prefixList: Field = {
  step: STEP_REST,
  name: null,
  end: listEnd,
  isWritable: (octets, at, end) => itemOffsets(octets, at, end).every((item) => FAMILIES.has(readU16(octets, item))),
  format: (octets, at, end) =>
    itemOffsets(octets, at, end)
      .map((item) => readPrefix(octets, item))
      .map(({ family, prefix, negated, address }) => `${negated ? "!" : ""}${family}:${String(address)}/${prefix}`)
      .join(" "),
  parse(tokens, out) {
    for (let token = tokens.next(); token !== null; token = tokens.next()) out.octets(parsePrefix(token));
  },
  toData: (octets, at, end) => itemOffsets(octets, at, end).map((item) => readPrefix(octets, item)),
  fromData(data, out) {
    if (!Array.isArray(data)) throw new DataError(`a list of prefixes is wanted, not ${shown(data)}`);
    for (const item of data) out.octets(prefixFromData(item));
  },
};

function listEnd(octets: Uint8Array, at: number, end: number): number {
  let from = at;
  while (from < end) {
    whole(from, HEADER_OCTETS, end, "an address prefix");
    const length = octets[from + 3]! & 0x7f;
    const next = whole(from + HEADER_OCTETS, length, end, "an address prefix");
    const family = FAMILIES.get(readU16(octets, from));
    if (family !== undefined && (length > family.size || octets[from + 2]! > 8 * family.size)) {
      throw new WireError("an address prefix is longer than its family's addresses (RFC 3123 §4)", from);
    }
    if (length > 0 && octets[next - 1] === 0) {
      throw new WireError("an address prefix has trailing zero octets (RFC 3123 §4)", next - 1);
    }
    from = next;
  }
  return from;
}

function itemOffsets(octets: Uint8Array, at: number, end: number): number[] {
  const offsets: number[] = [];
  for (let from = at; from < end; from += HEADER_OCTETS + (octets[from + 3]! & 0x7f)) offsets.push(from);
  return offsets;
}

function readPrefix(octets: Uint8Array, at: number): Prefix {
  const family = readU16(octets, at);
  const known = FAMILIES.get(family);
  const part = octets.subarray(at + HEADER_OCTETS, at + HEADER_OCTETS + (octets[at + 3]! & 0x7f));
  const address = new Uint8Array(known?.size ?? part.length);
  address.set(part);
  return {
    family,
    prefix: octets[at + 2]!,
    negated: (octets[at + 3]! & NEGATION) !== 0,
    address: known?.format(address) ?? Buffer.from(part),
  };
}

function parsePrefix(token: Token): Uint8Array {
  const text = tokenText(token);
  const negated = text.startsWith("!");
  const colon = text.indexOf(":");
  const slash = text.lastIndexOf("/");
  const number = (from: number, to: number): number =>
    to < from ? -1 : decimalOf(Buffer.from(text.slice(from, to), "latin1"));
  const octets = token.quoted
    ? null
    : writePrefix({
        family: number(negated ? 1 : 0, colon),
        prefix: slash < 0 ? -1 : number(slash + 1, text.length),
        negated,
        address: text.slice(colon + 1, Math.max(slash, 0)),
      });
  if (octets === null) throw wrong(token, `${shown(text)} is no address prefix; ${WANTED} is wanted`);
  return octets;
}

function prefixFromData(data: unknown): Uint8Array {
  if (typeof data === "object" && data !== null && "family" in data && "prefix" in data && "address" in data) {
    const { family, prefix, address } = data;
    const negated = "negated" in data && data.negated === true;
    const isAddress = typeof address === "string" || address instanceof Uint8Array;
    if (typeof family === "number" && typeof prefix === "number" && isAddress) {
      const octets = writePrefix({ family, prefix, negated, address });
      if (octets !== null) return octets;
    }
  }
  throw new DataError("an object with family (1 or 2), prefix, negated and address is wanted");
}

function writePrefix({ family, prefix, negated, address }: Prefix): Uint8Array | null {
  const known = FAMILIES.get(family);
  const octets = typeof address === "string" ? (known?.parse(address) ?? null) : address;
  const prefixMax = known === undefined ? 0xff : 8 * known.size;
  if (octets === null || !(family >= 0 && family <= 0xffff) || !(prefix >= 0 && prefix <= prefixMax)) return null;
  const length = octets.findLastIndex((octet) => octet !== 0) + 1;
  if (length >= NEGATION) return null;
  const header = Uint8Array.of(family >> 8, family, prefix, (negated ? NEGATION : 0) | length);
  return concatOctets([header, octets.subarray(0, length)]);
}
