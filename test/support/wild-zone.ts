/** Small zones from a seed with all that makes lookups hard: few labels, so that names meet; odd octets, cuts, aliases, `*` anywhere. */
import type { SeededRandom } from "../../base/index.ts";
import { CLASS, Name, type Rr, TYPE } from "../../dns/index.ts";

const label = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Neighbours in canonical order, octets that keys write in two steps, letters in both cases, a label that begins as another. */
export const WILD_LABELS: readonly Uint8Array[] = [
  ...[
    "a",
    "A",
    "b",
    "*",
    "*",
    "*a",
    "a*",
    "-",
    "_",
    "0",
    "a\0",
    "\0",
    "\u0001",
    "\u0020",
    "a.b",
    "[",
    "`",
    "\xff",
    "{",
  ],
  "z",
  "x".repeat(63),
].map(label);

const APEXES = [".", "example.", "Example.NL.", "\\000.a.", "*.a."].map((text) => Name.parse(text));
const TARGETS = ["t.", "a.example.", "x.y.z."].map((text) => Name.parse(text));
const TYPES = [TYPE.A, TYPE.A, TYPE.TXT, TYPE.NS, TYPE.CNAME, TYPE.DNAME, TYPE.DS, TYPE.MX];
export const WILD_QTYPES = [TYPE.A, TYPE.TXT, TYPE.NS, TYPE.CNAME, TYPE.DNAME, TYPE.DS, TYPE.ANY, TYPE.NSEC, TYPE.SOA];

export interface WildZone {
  readonly apex: Name;
  readonly records: readonly Rr[];
}

export function wildZone(random: SeededRandom): WildZone {
  const apex = random.pick(APEXES);
  const records = [record(apex, TYPE.SOA, random), record(apex, TYPE.NS, random)];
  const count = 1 + random.below(25);
  for (let i = 0; i < count; i++) {
    const type = random.pick(TYPES);
    const owner = random.below(20) === 0 ? apex : nameBelow(apex, random);
    records.push(record(owner, type, random));
    if (type === TYPE.NS && random.below(2) === 0) records.push(record(owner, TYPE.DS, random));
  }
  // Whatever comes first must make the same zone.
  for (let i = records.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [records[i], records[other]] = [records[other]!, records[i]!];
  }
  return { apex, records: distinct(records) };
}

/** A name one to six labels below; now and then as long as names get. */
export function nameBelow(apex: Name, random: SeededRandom): Name {
  let name = apex;
  let labels = 1 + random.below(random.below(30) === 0 ? 40 : 4);
  for (; labels > 0; labels--) {
    const next = random.pick(WILD_LABELS);
    if (name.octets.length + next.length + 1 > 253) break;
    name = name.child(next);
  }
  return name.equals(apex) ? apex.child(WILD_LABELS[0]!) : name;
}

/** Names of a zone, above them, beside them and below them. */
export function nearNames(apex: Name, records: readonly Rr[], random: SeededRandom): Name[] {
  const names = new Map<string, Name>();
  const take = (name: Name): void => {
    names.set(name.toString(), name);
  };
  for (const { owner } of records) {
    for (let labels = 0; labels <= owner.labelCount; labels++) {
      const name = owner.ancestor(labels);
      take(name);
      for (const near of [random.pick(WILD_LABELS), random.pick(WILD_LABELS)]) {
        if (name.octets.length + near.length < 250) take(name.child(near));
        if (!name.isRoot && name.parent()!.octets.length + near.length < 254) take(name.parent()!.child(near));
      }
    }
    take(swapCase(owner));
  }
  for (let i = 0; i < 10; i++) take(nameBelow(apex, random));
  return [...names.values()];
}

function swapCase(name: Name): Name {
  return Name.fromLabels(
    name.labels.map((octets) =>
      octets.map((octet) => (/[a-z]/i.test(String.fromCharCode(octet)) ? octet ^ 0x20 : octet)),
    ),
  );
}

export function record(owner: Name, type: number, random: SeededRandom): Rr {
  return { owner, type, class: CLASS.IN, ttlSeconds: 300, rdata: rdata(type, random) };
}

function rdata(type: number, random: SeededRandom): Uint8Array {
  const target = random.pick(TARGETS).octets;
  switch (type) {
    case TYPE.SOA:
      return Uint8Array.from([0, 0, ...new Array<number>(20).fill(1)]);
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.DNAME:
      return target;
    case TYPE.MX:
      return Uint8Array.from([0, random.below(3), ...target]);
    case TYPE.A:
      return Uint8Array.of(192, 0, 2, random.below(200));
    case TYPE.TXT:
      return Uint8Array.of(1, 65 + random.below(20));
    default:
      return Uint8Array.from([0, random.below(5), 8, 2, ...new Array<number>(32).fill(7)]);
  }
}

/** A singleton type once (the store refuses the second), and no record twice. */
function distinct(records: readonly Rr[]): Rr[] {
  const seen = new Set<string>();
  return records.filter(({ owner, type, rdata }) => {
    const isSingle = type === TYPE.CNAME || type === TYPE.DNAME || type === TYPE.SOA;
    const key = `${owner.key} ${type} ${isSingle ? "" : rdata.join()}`;
    return !seen.has(key) && seen.add(key);
  });
}
