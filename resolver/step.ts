/**
 * What one response means for one question (RFC 1034 §5.3.3), and what of it is believed: a pure function, no state, no
 * clock. Believed is only what leads from the question's name to its answer, and only inside the zone whose server said
 * it (bailiwick); a referral only when it leads downwards; glue only for the servers the referral names.
 * Asking, caching and going on are `iterate.ts`'s.
 */
import {
  groupRrsets,
  type Message,
  Name,
  type Question,
  RCODE,
  rcodeToText,
  type Rr,
  type Rrset,
  TYPE,
  typeToText,
} from "../dns/index.ts";
import { isAddressType } from "./address-rules.ts";

/** A question as it was put: to a server of which zone, and whether that server was asked to recurse. */
export interface Asked {
  readonly question: Question;
  readonly zone: Name;
  readonly recursionDesired: boolean;
  readonly aliasesMax: number;
}

/** An RRset with the RRSIG RRset over it. */
export interface Signed {
  readonly rrset: Rrset;
  readonly signatures: Rrset | null;
}

/** One alias on the way. For a DNAME the CNAME is the one it makes (RFC 6672 §3.1), whatever the server sent. */
export interface Alias extends Signed {
  readonly from: Name;
  readonly target: Name;
}

/** What denies; the proof is the NSEC, NSEC3 and RRSIG RRsets that came along. */
export interface Denial {
  readonly kind: "nodata" | "nxdomain";
  readonly soa: Rrset | null;
  readonly proof: readonly Rrset[];
}

export type Step =
  | {
      readonly kind: "answer";
      readonly aliases: readonly Alias[];
      readonly found: readonly Signed[];
      readonly glue: readonly Rrset[];
      readonly authoritative: boolean;
    }
  | {
      readonly kind: "alias";
      readonly aliases: readonly Alias[];
      readonly target: Name;
      readonly denial: Denial | null;
      readonly authoritative: boolean;
    }
  | { readonly kind: "negative"; readonly denial: Denial; readonly authoritative: boolean }
  | { readonly kind: "referral"; readonly zone: Name; readonly ns: Rrset; readonly glue: readonly Rrset[] }
  | { readonly kind: "truncated" }
  /** The server does not understand EDNS (RFC 6891 §7), or not this version of it. */
  | { readonly kind: "no-edns" }
  /** The server does not recurse for us; it may still answer from its own zones. */
  | { readonly kind: "no-recursion"; readonly why: string }
  /** The server does not serve this zone, or cannot now. */
  | { readonly kind: "lame"; readonly why: string }
  | { readonly kind: "garbage"; readonly why: string };

/** What the response means, and in words what of it was not believed. */
export interface Judged {
  readonly step: Step;
  readonly ignored: readonly string[];
}

export function step(asked: Asked, response: Message): Judged {
  const ignored: string[] = [];
  return { step: judge(asked, response, ignored), ignored };
}

function judge(asked: Asked, response: Message, ignored: string[]): Step {
  const complaint = formComplaint(asked.question, response);
  if (complaint !== null) return { kind: "garbage", why: complaint };
  if (response.truncated) return { kind: "truncated" };
  switch (response.rcode) {
    case RCODE.NOERROR:
    case RCODE.NXDOMAIN:
      return judgeSections(asked, response, ignored);
    case RCODE.FORMERR:
    case RCODE.NOTIMP:
    case RCODE.BADVERS:
      return { kind: "no-edns" };
    case RCODE.REFUSED:
      if (asked.recursionDesired) return { kind: "no-recursion", why: "REFUSED" };
      return { kind: "lame", why: "REFUSED" };
    default:
      return { kind: "lame", why: rcodeToText(response.rcode) };
  }
}

/** The transport matches id, address and question; here it is held against the question once more (RFC 5452 §9.1). */
function formComplaint(question: Question, response: Message): string | null {
  if (!response.response) return "it is no response";
  const echoed = response.question[0];
  if (echoed === undefined) {
    // Errors may come without a question, when the server could not read ours.
    return response.rcode === RCODE.NOERROR || response.rcode === RCODE.NXDOMAIN ? "it has no question" : null;
  }
  if (response.question.length > 1) return "it has more than one question";
  const isSame = echoed.name.equals(question.name) && echoed.type === question.type && echoed.class === question.class;
  return isSame ? null : "it answers another question";
}

function judgeSections(asked: Asked, response: Message, ignored: string[]): Step {
  const { question, zone, recursionDesired } = asked;
  const walk = walkAnswer(asked, response, ignored);
  if (walk.loop) return { kind: "garbage", why: "its aliases go in a circle" };
  const mayAnswer = response.authoritative || (recursionDesired && response.recursionAvailable);
  if (walk.found.length > 0 || walk.aliases.length > 0) {
    if (!mayAnswer) return { kind: "lame", why: "the answer is not authoritative" };
    const { aliases, found } = walk;
    if (found.length > 0) {
      // Addresses of the servers a zone says it has are of use to priming only (RFC 8109 §3.3).
      const ns = found[0]!.rrset;
      const glue = ns.type === TYPE.NS ? glueOf(zone, ns, response, ignored) : [];
      return { kind: "answer", aliases, found, glue, authoritative: response.authoritative };
    }
    // A server may stop at the end of its zone: only an SOA says that the target was looked for and is not there.
    const said = denialOf(asked, walk.name, response, ignored);
    const denial = said !== null && said.soa !== null ? said : null;
    return { kind: "alias", aliases, target: walk.name, denial, authoritative: response.authoritative };
  }
  const referral = response.rcode === RCODE.NOERROR ? referralOf(asked, response, ignored) : null;
  if (referral !== null) return referral;
  if (!mayAnswer) {
    if (recursionDesired && !response.recursionAvailable) return { kind: "no-recursion", why: "RA is not set" };
    return { kind: "lame", why: "neither an answer nor a referral downwards" };
  }
  const denial = denialOf(asked, question.name, response, ignored);
  if (denial === null) return { kind: "lame", why: "no answer, no referral and no SOA that denies" };
  return { kind: "negative", denial, authoritative: response.authoritative };
}

interface Walk {
  readonly aliases: readonly Alias[];
  /** Empty when the aliases lead to nothing here; more than one RRset for ANY only (RFC 8482). */
  readonly found: readonly Signed[];
  /** Where the aliases lead. */
  readonly name: Name;
  readonly loop: boolean;
}

/** Follows the answer section from the question's name; what is not on the way, or out of bailiwick, is not looked at. */
function walkAnswer(asked: Asked, response: Message, ignored: string[]): Walk {
  const { question, zone } = asked;
  const rrsets = groupRrsets(response.answer);
  const sets = rrsets.filter((rrset) => isInBailiwick(rrset, zone, question.class, ignored));
  const aliases: Alias[] = [];
  const used = new Set<Rrset>();
  let name = question.name;
  let found: Signed[] = [];
  let loop = false;
  // The first name is inside by construction; a target outside is another zone's to answer.
  while (name.isAtOrBelow(zone) && aliases.length <= asked.aliasesMax) {
    const direct = sets.filter((rrset) => rrset.owner.equals(name) && isOfType(rrset, question.type));
    if (direct.length > 0) {
      for (const rrset of direct) used.add(rrset);
      found = direct.map((rrset) => ({ rrset, signatures: signaturesOf(response.answer, rrset) }));
      break;
    }
    const alias = aliasAt(sets, name, response.answer);
    if (alias === null) break;
    used.add(alias.rrset);
    aliases.push(alias);
    name = alias.target;
    loop = name.equals(question.name) || aliases.slice(0, -1).some((earlier) => earlier.from.equals(name));
    if (loop) break;
  }
  for (const rrset of sets) {
    const isMade = rrset.type === TYPE.CNAME && aliases.some(({ from }) => from.equals(rrset.owner));
    if (!used.has(rrset) && rrset.type !== TYPE.RRSIG && !isMade) ignored.push(`${shown(rrset)}: not asked for`);
  }
  return { aliases, found, name, loop };
}

/** A CNAME at the name, or a DNAME above it, which comes first: its CNAME is made here, not taken from the message. */
function aliasAt(sets: readonly Rrset[], name: Name, answer: readonly Rr[]): Alias | null {
  const dname = sets.find((rrset) => rrset.type === TYPE.DNAME && name.isBelow(rrset.owner));
  if (dname !== undefined) {
    const target = dname.rdatas.length === 1 ? name.rebase(dname.owner, Name.fromWire(dname.rdatas[0]!)) : null;
    return target === null ? null : { rrset: dname, signatures: signaturesOf(answer, dname), from: name, target };
  }
  const cname = find(sets, name, TYPE.CNAME);
  // More than one CNAME at a name has no meaning (RFC 2181 §10.1).
  if (cname === null || cname.rdatas.length !== 1) return null;
  return { rrset: cname, signatures: signaturesOf(answer, cname), from: name, target: Name.fromWire(cname.rdatas[0]!) };
}

/** A delegation strictly below the zone asked and at or above the name (RFC 1034 §4.3.2 step 3b); for DS, above it. */
function referralOf(asked: Asked, response: Message, ignored: string[]): Step | null {
  const { question, zone } = asked;
  const rrsets = groupRrsets(response.authority);
  if (rrsets.some((rrset) => rrset.type === TYPE.SOA)) return null;
  for (const ns of rrsets) {
    if (ns.type !== TYPE.NS || ns.class !== question.class) continue;
    const leadsDown = ns.owner.isBelow(zone) && question.name.isAtOrBelow(ns.owner);
    const isPastDs = question.type === TYPE.DS && ns.owner.equals(question.name);
    if (!leadsDown || isPastDs) {
      ignored.push(`${shown(ns)}: no referral downwards`);
      continue;
    }
    return { kind: "referral", zone: ns.owner, ns, glue: glueOf(zone, ns, response, ignored) };
  }
  return null;
}

/** Addresses of the named servers, as far as they lie in the zone that speaks; a server elsewhere is looked up there. */
function glueOf(zone: Name, ns: Rrset, response: Message, ignored: string[]): Rrset[] {
  const servers = new Set(ns.rdatas.map((rdata) => Name.fromWire(rdata).key));
  return groupRrsets(response.additional).filter((rrset) => {
    if (!isAddressType(rrset.type)) return false;
    if (!isInBailiwick(rrset, zone, ns.class, ignored)) return false;
    const isNamed = servers.has(rrset.owner.key);
    if (!isNamed) ignored.push(`${shown(rrset)}: not a server of the referral`);
    return isNamed;
  });
}

function denialOf(asked: Asked, name: Name, response: Message, ignored: string[]): Denial | null {
  const { question, zone } = asked;
  const kind = response.rcode === RCODE.NXDOMAIN ? "nxdomain" : "nodata";
  const rrsets = groupRrsets(response.authority);
  const soa = rrsets.find((rrset) => rrset.type === TYPE.SOA && rrset.rdatas.length === 1) ?? null;
  const speaks =
    soa !== null && soa.owner.isAtOrBelow(zone) && name.isAtOrBelow(soa.owner) && soa.class === question.class;
  if (!speaks) {
    if (soa !== null) ignored.push(`${shown(soa)}: it cannot speak for ${name.toString()}`);
    // RFC 2308 §2.1 knows denials without SOA. NXDOMAIN is plain enough; an empty NOERROR is believed from the zone's own
    // server only. Neither is cached (§5).
    const isPlain =
      name.isAtOrBelow(zone) && (kind === "nxdomain" || response.answer.length + response.authority.length === 0);
    return isPlain ? { kind, soa: null, proof: [] } : null;
  }
  const proof = rrsets.filter((rrset) => isProof(rrset) && rrset.owner.isAtOrBelow(soa.owner));
  return { kind, soa, proof };
}

function isProof(rrset: Rrset): boolean {
  return rrset.type === TYPE.NSEC || rrset.type === TYPE.NSEC3 || rrset.type === TYPE.RRSIG;
}

function isInBailiwick(rrset: Rrset, zone: Name, recordClass: number, ignored: string[]): boolean {
  if (rrset.class === recordClass && rrset.owner.isAtOrBelow(zone)) return true;
  ignored.push(`${shown(rrset)}: outside ${zone.toString()}`);
  return false;
}

function isOfType(rrset: Rrset, type: number): boolean {
  return rrset.type === type || (type === TYPE.ANY && rrset.type !== TYPE.RRSIG);
}

function find(sets: readonly Rrset[], name: Name, type: number): Rrset | null {
  return sets.find((rrset) => rrset.type === type && rrset.owner.equals(name)) ?? null;
}

/** The RRSIGs of the same owner that cover the type; their first two octets say what they cover (RFC 4034 §3.1.1). */
function signaturesOf(section: readonly Rr[], { owner, type, class: recordClass }: Rrset): Rrset | null {
  if (!section.some((rr) => rr.type === TYPE.RRSIG)) return null;
  const covering = section.filter(
    (rr) =>
      rr.type === TYPE.RRSIG &&
      rr.class === recordClass &&
      rr.rdata.length > 2 &&
      ((rr.rdata[0]! << 8) | rr.rdata[1]!) === type &&
      rr.owner.equals(owner),
  );
  return groupRrsets(covering)[0] ?? null;
}

function shown(rrset: Rrset): string {
  return `${rrset.owner.toString()} ${typeToText(rrset.type)}`;
}
