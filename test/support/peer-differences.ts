/** The kinds of difference that docs/differences.md lists, as code: each says whether a difference is of its kind. */
import { Name, TYPE } from "../../dns/index.ts";
import { type Answer, type Component, type Difference, isEqual } from "./peer-answers.ts";

export interface Kind {
  /** As in docs/differences.md. */
  readonly name: string;
  readonly matches: (difference: Difference) => boolean;
}

/** Aliases that we follow for one question (DESIGN §8). */
const ALIASES_MAX = 8;

export const KINDS: readonly Kind[] = [
  {
    name: "ANY",
    matches: ({ query, component, ours, peers }) =>
      query.type === TYPE.ANY &&
      (component === "truncated" || (isSection(component) && ours.answer.isSubsetOf(union(peers, "answer")))),
  },
  {
    name: "aliases without end",
    matches: ({ component, ours }) =>
      component !== "authoritative" && [...ours.answer].filter(isAlias).length > 0 && isEndless(ours),
  },
  {
    name: "aliases into another zone",
    matches: ({ query, component, ours }) =>
      ["answer", "authority", "rcode", "additional"].includes(component) &&
      [...ours.answer].some(isAlias) &&
      [...ours.answer, ...ours.authority].some((record) => !isWithin(record, query.zone.apex)),
  },
  {
    name: "glue that does not fit",
    matches: ({ component, ours, peers }) =>
      component === "truncated" &&
      ours.truncated &&
      !ours.authoritative &&
      [...peers.values()].every((peer) => !peer.authoritative && peer.rcode === "NOERROR"),
  },
  {
    name: "what fits",
    matches: ({ component, ours, peers }) =>
      (component === "truncated" || component === "rcode") &&
      ours.truncated &&
      [...peers.values()].some((peer) => peer.truncated),
  },
  {
    name: "glue of siblings",
    matches: ({ component, ours, peers }) =>
      component === "additional" &&
      isReferral(ours) &&
      isUneven(peers, component) &&
      [...ours.additional].every((record) => isAddressSpokenOf(record, ours)),
  },
  {
    name: "additional data",
    matches: ({ component, ours, peers }) =>
      component === "additional" &&
      intersection(peers, "additional").isSubsetOf(ours.additional) &&
      [...ours.additional].every((record) => isAddressSpokenOf(record, ours)),
  },
  {
    name: "TTL of signatures",
    matches: ({ component, ours, peers }) =>
      component === "answer" &&
      [...peers.values()].filter((peer) => isEqual(withoutSignatureTtl(ours.answer), withoutSignatureTtl(peer.answer)))
        .length > 1,
  },
  {
    name: "DS of an alias's target",
    matches: ({ query, ours }) => query.type === TYPE.DS && [...ours.answer].some(isAlias),
  },
  {
    name: "proof of an empty wildcard",
    matches: ({ component, ours, peers, agreeing }) =>
      component === "authority" &&
      ours.rcode === "NOERROR" &&
      ours.answer.size === 0 &&
      agreeing.includes("nsd") &&
      [...ours.authority.difference(intersection(peers, "authority"))].every(isOfWildcardNsec),
  },
  {
    name: "delegation at a wildcard",
    matches: ({ query, agreeing }) =>
      query.zone.features.includes("hostile: wildcard delegation") && agreeing.length > 0,
  },
  {
    name: "one peer alone",
    matches: ({ peers }) => peers.size === 1,
  },
  {
    name: "no two peers agree",
    matches: ({ component, peers, agreeing }) => agreeing.length === 1 && isDivided(peers, component),
  },
];

/** Mistakes for which we refuse a zone although two peers serve it; see the end of docs/differences.md. */
export const REFUSED: ReadonlySet<string> = new Set(["hostile: out of zone"]);

type Section = "answer" | "authority" | "additional";

const isSection = (component: Component): component is Section =>
  component === "answer" || component === "authority" || component === "additional";

/** An NSEC, or its signature, at or before a name with a label `*`. */
const isOfWildcardNsec = (record: string): boolean => {
  const [, , type, first, second] = record.split(" ");
  return (type === "NSEC" && first!.includes("*.")) || (type === "RRSIG" && first === "NSEC" && second !== undefined);
};

const isAlias = (record: string): boolean => record.split(" ")[2] === "CNAME";

/** More aliases than we follow, or one that leads back. */
function isEndless({ answer }: Answer): boolean {
  const aliases = [...answer].filter(isAlias).map((record) => record.split(" "));
  const owners = new Set(aliases.map(([owner]) => owner));
  return aliases.length > ALIASES_MAX || aliases.every((words) => owners.has(words[3]));
}

function isWithin(record: string, apex: string): boolean {
  return Name.parse(record.slice(0, record.indexOf(" "))).isAtOrBelow(Name.parse(apex));
}

function union(peers: ReadonlyMap<string, Answer>, section: Section): Set<string> {
  return new Set([...peers.values()].flatMap((peer) => [...peer[section]]));
}

function intersection(peers: ReadonlyMap<string, Answer>, section: Section): Set<string> {
  const [first, ...others] = [...peers.values()].filter(({ truncated }) => !truncated).map((peer) => peer[section]);
  return new Set([...(first ?? [])].filter((record) => others.every((other) => other.has(record))));
}

function isReferral({ authoritative, rcode, answer, authority }: Answer): boolean {
  return (
    !authoritative &&
    rcode === "NOERROR" &&
    answer.size === 0 &&
    [...authority].some((record) => record.split(" ")[2] === "NS")
  );
}

/** An address, or its signature, of a name that the other sections speak of. */
function isAddressSpokenOf(record: string, { answer, authority }: Answer): boolean {
  const [owner = "", , type = "", covered = ""] = record.split(" ");
  const isAddress = ["A", "AAAA"].includes(type === "RRSIG" ? covered : type);
  return (
    isAddress && [...answer, ...authority].some((other) => other.toLowerCase().split(" ").includes(owner.toLowerCase()))
  );
}

function withoutSignatureTtl(records: ReadonlySet<string>): Set<string> {
  return new Set([...records].map((record) => record.replace(/^(\S+) \d+ RRSIG /, "$1 RRSIG ")));
}

/** Not all peers say the same. */
function isUneven(peers: ReadonlyMap<string, Answer>, component: Component): boolean {
  const [first, ...others] = [...peers.values()].map((peer) => peer[component]);
  return first !== undefined && others.some((other) => !isEqual(first, other));
}

function isDivided(peers: ReadonlyMap<string, Answer>, component: Component): boolean {
  const values = [...peers.values()].map((peer) => peer[component]);
  return values.every((value, i) => values.every((other, j) => i === j || !isEqual(value, other)));
}
