/** Responses as values that can be compared: header fields, and sections as sets of records in canonical form. */
import { toHex } from "../../base/index.ts";
import { decodeMessage, rcodeToText, rdataType, type Rr, typeToText } from "../../dns/index.ts";
import type { GeneratedQuery } from "./query-generator.ts";

export interface Answer {
  readonly rcode: string;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly answer: ReadonlySet<string>;
  readonly authority: ReadonlySet<string>;
  readonly additional: ReadonlySet<string>;
}

export const COMPONENTS = ["rcode", "authoritative", "truncated", "answer", "authority", "additional"] as const;
export type Component = (typeof COMPONENTS)[number];
const SECTIONS: ReadonlySet<Component> = new Set(["answer", "authority", "additional"]);

/** Null octets are silence. Throws WireError when the octets are no message. */
export function readAnswer(octets: Uint8Array): Answer {
  const message = decodeMessage(octets);
  return {
    rcode: rcodeToText(message.rcode),
    authoritative: message.authoritative,
    truncated: message.truncated,
    answer: recordSet(message.answer),
    authority: recordSet(message.authority),
    additional: recordSet(message.additional),
  };
}

function recordSet(records: readonly Rr[]): Set<string> {
  return new Set(records.map(recordKey));
}

/** `owner ttl TYPE rdata` with the owner in lower case; RDATA as text of its canonical form, to be read by people. */
function recordKey({ owner, type, ttlSeconds, rdata }: Rr): string {
  const declared = rdataType(type);
  const canonical = declared.canonical(rdata);
  const text = declared.format(canonical);
  const shown =
    text.length > 200 ? `${text.slice(0, 100)}… ${toHex(canonical).slice(-64)} (${canonical.length})` : text;
  return `${owner.toLowerCase().toString()} ${ttlSeconds} ${typeToText(type)} ${shown}`;
}

export interface Difference {
  readonly query: GeneratedQuery;
  readonly component: Component;
  readonly ours: Answer;
  /** By name; those that serve the zone and answered. */
  readonly peers: ReadonlyMap<string, Answer>;
  /** Peers whose component is as ours. */
  readonly agreeing: readonly string[];
}

/** The components on which fewer than two peers (or, of one, none) agree with us. */
export function compare(query: GeneratedQuery, ours: Answer, peers: ReadonlyMap<string, Answer>): Difference[] {
  return COMPONENTS.flatMap((component) => {
    // What is cut short is to be asked for again over TCP; which part of it came is no statement (RFC 2181 §9).
    const comparable = [...peers].filter(([, peer]) => !SECTIONS.has(component) || !(ours.truncated || peer.truncated));
    const agreeing = comparable.filter(([, peer]) => isEqual(ours[component], peer[component])).map(([name]) => name);
    const isEnough = agreeing.length >= Math.min(2, comparable.length);
    return isEnough ? [] : [{ query, component, ours, peers, agreeing }];
  });
}

export function isEqual(a: Answer[Component], b: Answer[Component]): boolean {
  if (!(a instanceof Set) || !(b instanceof Set)) return a === b;
  return a.size === b.size && [...a].every((record) => b.has(record));
}

/** A difference for people: the question, then each side. */
export function describeDifference({ query, component, ours, peers }: Difference): string {
  const show = (name: string, answer: Answer): string => {
    const value = answer[component];
    const header = `${answer.rcode}${answer.authoritative ? " aa" : ""}${answer.truncated ? " tc" : ""}`;
    const records = value instanceof Set ? [...value].sort().map((record) => `\n      ${record}`) : [];
    return `  ${name.padEnd(7)} ${header}${records.join("")}`;
  };
  const sides = [show("strata", ours), ...[...peers].map(([name, answer]) => show(name, answer))];
  return `${component} of ${query.label} in ${query.zone.apex} [${query.zone.signing}]\n${sides.join("\n")}`;
}
