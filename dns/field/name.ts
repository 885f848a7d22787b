/** Domain names in RDATA. The four kinds differ in compression and in canonical form only; see NameRule. */
import { formatName, Name, NAME_OCTETS_MAX, NameError } from "../name.ts";
import { parseName } from "../text.ts";
import { WireError } from "../wire.ts";
import { DataError, type Field, type NameRule, shown, STEP_NAME, wanted, wrong } from "./field.ts";

/** A name of an RFC 1035 type: may be compressed (RFC 3597 §4), sorts in lower case (RFC 4034 §6.2). */
export const hostName: Field = nameField({ compress: true, expand: true, lower: true });

/** Never compressed by us, expanded when others did (RFC 3597 §4: RP AFSDB SRV NAPTR …); sorts in lower case. */
export const expandedName: Field = nameField({ compress: false, expand: true, lower: true });

/** Never compressed, refused when it is; sorts in lower case (KX, DNAME, RRSIG). */
export const lowerName: Field = nameField({ compress: false, expand: false, lower: true });

/** Never compressed, refused when it is; sorts as it is spelt (RFC 6840 §5.1 for NSEC; types younger than RFC 3597). */
export const plainName: Field = nameField({ compress: false, expand: false, lower: false });

function nameField(rule: NameRule): Field {
  return {
    step: STEP_NAME,
    name: rule,
    end: nameEnd,
    format: (octets, at) => formatName(octets, at),
    parse(tokens, out, label) {
      const token = wanted(tokens, label, "a domain name");
      if (token.quoted) throw wrong(token, `the ${label} is a domain name and stands without quotes`);
      out.octets(parseName(token, tokens.origin).octets);
    },
    toData: (octets, at) => nameToData(octets, at),
    fromData: (data, out) => out.octets(nameFromData(data).octets),
  };
}

/** Where an uncompressed name ends. Throws WireError unless it is one, whole before `end`. */
export function nameEnd(octets: Uint8Array, at: number, end: number): number {
  let from = at;
  for (;;) {
    if (from >= end) throw new WireError("RDATA ends inside a domain name", at);
    const length = octets[from]!;
    if (length >= 0xc0)
      throw new WireError("a domain name is compressed where its type forbids it (RFC 3597 §4)", from);
    if (length > 0x3f) throw new WireError("a label has a reserved type (RFC 6891 §5)", from);
    from += length + 1;
    if (from - at > NAME_OCTETS_MAX) throw new WireError("a domain name is longer than 255 octets", at);
    if (length === 0) return from;
  }
}

/** dns-packet writes absolute names without their last dot, and the root as one dot. */
export function nameToData(octets: Uint8Array, at: number): string {
  const text = formatName(octets, at);
  return text === "." ? text : text.slice(0, -1);
}

export function nameFromData(data: unknown): Name {
  if (typeof data !== "string") throw new DataError(`a domain name is wanted, not ${shown(data)}`);
  try {
    return Name.parse(data);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new DataError(`${shown(data)} is no domain name: ${error.message}`);
  }
}
