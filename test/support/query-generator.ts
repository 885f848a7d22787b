/** Queries for generated zones, from a seed: names that exist, almost exist and do not; all types; all kinds of EDNS. */
import { type SeededRandom } from "../../base/index.ts";
import { CLASS, emptyMessage, encodeMessage, Name, plainEdns, TYPE, typeFromText } from "../../dns/index.ts";
import type { GeneratedZone } from "./zone-draft.ts";

export interface GeneratedQuery {
  readonly zone: GeneratedZone;
  readonly name: Name;
  readonly type: number;
  readonly octets: Uint8Array;
  readonly label: string;
}

const TYPES = [
  ..."A AAAA NS CNAME SOA MX TXT SRV DNAME DS DNSKEY NSEC NSEC3 NSEC3PARAM RRSIG ANY HTTPS SVCB CDS PTR CAA TYPE731".split(
    " ",
  ),
];
const PAYLOADS = [512, 600, 1232, 1232, 4096];

export function* generateQueries(zone: GeneratedZone, count: number, random: SeededRandom): Generator<GeneratedQuery> {
  const owners = [...zone.names];
  for (let made = 0; made < count;) {
    const [owner, types] = random.pick(owners);
    const name = variant(owner, random);
    if (name === null) continue;
    const isKnown = types.length > 0 && random.below(2) === 0;
    const type = typeFromText(isKnown ? random.pick(types) : random.pick(TYPES)) ?? TYPE.A;
    made++;
    yield query(zone, name, type, random);
  }
}

function query(zone: GeneratedZone, name: Name, type: number, random: SeededRandom): GeneratedQuery {
  const payloadOctets = random.pick(PAYLOADS);
  const dnssecOk = random.below(2) === 0;
  const edns = random.below(4) === 0 ? null : { ...plainEdns, payloadOctets, dnssecOk };
  const recursionDesired = random.below(4) === 0;
  const octets = encodeMessage({
    ...emptyMessage,
    recursionDesired,
    question: [{ name, type, class: CLASS.IN }],
    edns,
  });
  const flags = edns === null ? "no EDNS" : `EDNS ${payloadOctets}${dnssecOk ? " DO" : ""}`;
  return { zone, name, type, octets, label: `${name.toString()} ${type} (${flags}${recursionDesired ? " RD" : ""})` };
}

/** The name itself most of the time; else a child, a neighbour, a name in other case, an ancestor. Null: too long. */
function variant(owner: string, random: SeededRandom): Name | null {
  const name = Name.parse(owner);
  try {
    switch (random.below(12)) {
      case 0:
        return name.child(Uint8Array.from(Buffer.from(random.pick(["x", "www", "*", "zzz", "0", "_tcp"]))));
      case 1:
        return name.child(Uint8Array.of(0x61)).child(Uint8Array.of(0x42));
      case 2:
        return name.parent() ?? name;
      case 3:
        return sibling(name, random);
      case 4:
        return Name.parse(swapCase(owner));
      case 5:
        return name.child(random.octets(random.below(5) + 1));
      default:
        return name;
    }
  } catch {
    return null;
  }
}

/** A name beside the given one: its first label one octet longer, or with another last octet. */
function sibling(name: Name, random: SeededRandom): Name {
  const parent = name.parent();
  const label = name.labels[0];
  if (parent === null || label === undefined) return name;
  if (label.length < 63 && random.below(2) === 0) return parent.child(Uint8Array.of(...label, random.below(256)));
  const changed = Uint8Array.from(label);
  changed[changed.length - 1]! ^= 1;
  return parent.child(changed);
}

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}
