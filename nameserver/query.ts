/**
 * A question's answer out of the zones a server holds (RFC 1034 §4.3.2): what lookup says about a name becomes sections, and
 * aliases are followed from zone to zone, as far as we hold them and eight deep (DESIGN §8).
 *
 * Chosen where the RFCs leave it open: responses are minimal, as Knot's are, and BIND's and NSD's with `minimal-responses`:
 * no NS in the authority section of a positive answer. ANY over UDP gets one RRset (RFC 8482 §4.1), over TCP all of them.
 * Glue and additional data are `additional.ts`'s; the names that DNAMEs make `synthesis.ts`'s.
 */
import { CLASS, EDE, MessageWriter, RCODE, SECTION, TYPE } from "../dns/index.ts";
import {
  findRrset,
  findSignatures,
  firstRecord,
  Lookup,
  lookup,
  nodeName,
  nodeRrset,
  nodeRrsetCount,
  PROOF_NODES_MAX,
  prove,
  recordLength,
  recordRdata,
  rrsetTtl,
  rrsetType,
  zoneApex,
  zoneSerial,
  zoneSoa,
  type ZoneStore,
} from "../zones/index.ts";
import { Additional } from "./additional.ts";
import { EVENT, type NameServerCounters, TRANSPORT } from "./counters.ts";
import type { Desk } from "./desk.ts";
import { RESPONSE_KIND } from "./limiter.ts";
import { Owner, Sections } from "./sections.ts";
import { isSameName, suffixOffset, Synthesis } from "./synthesis.ts";

/** Aliases followed for one question (DESIGN §8). */
const ALIASES_MAX = 8;

/** The question's name stands at octet 12 of each response. */
const QUESTION_AT = 12;

/** EXPIRE of the zone's SOA, the last but one of its numbers (RFC 1035 §3.3.13). */
function zoneExpire(store: ZoneStore, zone: number): number {
  const record = firstRecord(store, zoneSoa(store, zone));
  const at = recordRdata(store, record) + recordLength(store, record) - 8;
  const { octets } = store;
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
}

/** Answers out of the store. One object, used for every query: what it remembers belongs to the query at hand. */
export class ZoneAnswers {
  readonly #store: ZoneStore;
  readonly #counters: NameServerCounters;
  readonly #sections: Sections;
  readonly #additional: Additional;
  readonly #found = new Lookup();
  readonly #synthesis = new Synthesis();
  /** The name being looked up: the question's, then whatever aliases lead to. */
  readonly #owner = new Owner();
  /** A suffix of it: a zone cut, a DNAME's owner. */
  readonly #ancestor = new Owner();
  /** What proves the wildcards of aliases followed so far: it stands behind the answer section, which is not complete yet. */
  readonly #aliasProofs = new Int32Array(PROOF_NODES_MAX * (ALIASES_MAX + 1));
  #aliasProofCount = 0;

  constructor(store: ZoneStore, counters: NameServerCounters) {
    this.#store = store;
    this.#counters = counters;
    this.#sections = new Sections(store, new MessageWriter(new Uint8Array(0)));
    this.#additional = new Additional(store, this.#sections);
  }

  /** Fills the sections of the response that was begun on the desk. */
  answer(desk: Desk): void {
    const { writer, view } = desk;
    this.#store.refresh(); // All of the answer comes from one version.
    this.#sections.begin(writer, view.dnssecOk);
    this.#owner.inMessage(writer.octets, QUESTION_AT);
    this.#aliasProofCount = 0;
    this.#follow(desk);
    // A chain that led nowhere ends with proofs not written yet.
    if (this.#aliasProofCount > 0 && !desk.isTruncated) this.#writeAliasProofs(desk);
  }

  #follow(desk: Desk): void {
    const { view } = desk;
    for (let aliases = 0; ; aliases++) {
      const owner = this.#owner;
      const zone = this.#zoneFor(owner, view.qtype);
      if (zone === 0) return leave(desk, aliases);
      if (aliases === 0 && (view.asksZoneVersion || view.asksExpire)) this.#noteZone(desk, zone);
      lookup(this.#store, zone, owner.octets, owner.at, view.qtype, this.#found);
      if (!this.#writeStep(desk, zone, aliases)) return;
      if (aliases === ALIASES_MAX) return this.#counters.event(EVENT.ALIASES_BOUND);
    }
  }

  /** What is asked about the zone besides, and told in OPT. */
  #noteZone(desk: Desk, zone: number): void {
    const store = this.#store;
    if (zoneSoa(store, zone) === 0) return;
    if (desk.view.asksZoneVersion) this.#noteVersion(desk, zone);
    const { octets, at } = this.#owner;
    const isOfApex = desk.view.qtype === TYPE.SOA && isSameName(octets, at, store.octets, nodeName(store, zone));
    if (desk.view.asksExpire && isOfApex) desk.expireSeconds = zoneExpire(store, zone);
  }

  /** Of the zone that the question's name is in, wherever aliases lead; a referral is its answer too (RFC 9660 §3.2). */
  #noteVersion(desk: Desk, zone: number): void {
    const store = this.#store;
    const apex = nodeName(store, zone);
    let labels = 0;
    for (let at = apex; store.octets[at] !== 0; at += store.octets[at]! + 1) labels++;
    desk.zoneLabels = labels;
    desk.zoneSerial = zoneSerial(store, zone);
  }

  /** The closest zone; for DS at a cut the one above, where DS belongs, when we hold it too (RFC 4035 §3.1.4.1). */
  #zoneFor({ octets, at }: Owner, qtype: number): number {
    const store = this.#store;
    const zone = store.findZone(octets, at);
    if (qtype !== TYPE.DS || zone === 0 || octets[at] === 0) return zone;
    if (!isSameName(octets, at, store.octets, nodeName(store, zone))) return zone;
    const parent = store.findZone(octets, at + octets[at]! + 1);
    return parent === 0 ? zone : parent;
  }

  /** True when an alias is to be followed. */
  #writeStep(desk: Desk, zone: number, aliases: number): boolean {
    const { kind } = this.#found;
    // AA speaks of the first name in the answer section (RFC 1035 §4.1.1), so a referral takes it only when it comes first.
    desk.isAuthoritative = aliases > 0 || kind !== "referral";
    desk.rcode = RCODE.NOERROR;
    switch (kind) {
      case "answer":
        this.#writeAnswer(desk);
        return false;
      case "alias":
        return this.#writeAlias(desk);
      case "dname":
        return this.#writeDname(desk);
      case "referral":
        this.#writeReferral(desk, zone);
        return false;
      case "nodata":
        this.#writeNegative(desk, zone, RCODE.NOERROR);
        return false;
      case "nxdomain":
        this.#writeNegative(desk, zone, RCODE.NXDOMAIN);
        return false;
      case "outside":
        // A zone without any name is one that we are to serve and cannot: its copy has expired, or has not come yet (RFC 8914 §4.25).
        if (zoneSoa(this.#store, zone) === 0) desk.refuse(RCODE.SERVFAIL, EDE.INVALID_DATA);
        else leave(desk, aliases);
        return false;
    }
  }

  #writeAnswer(desk: Desk): void {
    desk.kind = RESPONSE_KIND.ANSWER;
    const { node, rrset } = this.#found;
    if (rrset === 0) return this.#writeAny(desk, node);
    if (desk.view.qtype === TYPE.RRSIG) return this.#writeSignatures(desk, node);
    desk.nameHash = rrset; // One account for each RRset, and so for all names of a wildcard.
    if (!this.#write(desk, SECTION.ANSWER, this.#owner, rrset)) return;
    // Under the wildcard's own name the same RRset may be part of the proof (RFC 4035 §3.1.3.3).
    if (this.#found.wildcard) this.#sections.forgetLast();
    if (!this.#writeProofs(desk)) return;
    this.#additional.ofAnswer(rrset, this.#owner);
  }

  #write(desk: Desk, section: number, owner: Owner, rrset: number): boolean {
    if (this.#sections.rrset(section, owner, this.#found.node, rrset)) return true;
    desk.isTruncated = true;
    return false;
  }

  /** ANY: one RRset over UDP, where it is asked for to make responses large (RFC 8482 §4.1), and all over TCP. */
  #writeAny(desk: Desk, node: number): void {
    const store = this.#store;
    const { dnssecOk } = desk.view;
    const count = nodeRrsetCount(store, node);
    const isOverUdp = desk.transport === TRANSPORT.UDP;
    desk.nameHash = node;
    for (let i = 0; i < count; i++) {
      const rrset = nodeRrset(store, node, i);
      const type = rrsetType(store, rrset);
      // With DO the signatures go beside what they cover. A single RRset is to be one that somebody may want.
      const isMaterial = type === TYPE.RRSIG || type === TYPE.NSEC;
      if (type === TYPE.RRSIG ? dnssecOk || isOverUdp : isMaterial && isOverUdp && i < count - 1) continue;
      if (!this.#write(desk, SECTION.ANSWER, this.#owner, rrset)) return;
      if (isOverUdp) break;
    }
    this.#writeProofs(desk);
  }

  /** RRSIG asked for itself: the signatures of all types, each an RRset in the store. */
  #writeSignatures(desk: Desk, node: number): void {
    const store = this.#store;
    const count = nodeRrsetCount(store, node);
    desk.nameHash = node;
    for (let i = 0; i < count; i++) {
      const rrset = nodeRrset(store, node, i);
      if (rrsetType(store, rrset) !== TYPE.RRSIG) continue;
      if (!this.#write(desk, SECTION.ANSWER, this.#owner, rrset)) return;
    }
    this.#writeProofs(desk);
  }

  /** A CNAME, the wildcard's under the name that was asked for (RFC 4592 §3.3.1). */
  #writeAlias(desk: Desk): boolean {
    desk.kind = RESPONSE_KIND.ANSWER;
    const { rrset, wildcard } = this.#found;
    if (!wildcard && this.#sections.has(rrset)) return false; // Round in a circle: all of it is said.
    if (!this.#write(desk, SECTION.ANSWER, this.#owner, rrset)) return false;
    if (wildcard && desk.view.dnssecOk) this.#keepProofs();
    const target = recordRdata(this.#store, firstRecord(this.#store, rrset));
    const { octets, at } = this.#owner;
    if (isSameName(octets, at, this.#store.octets, target)) return false;
    this.#owner.inOctets(this.#store.octets, target);
    return true;
  }

  /** A DNAME and the CNAME it makes for this name, with the DNAME's TTL (RFC 6672 §3.1). */
  #writeDname(desk: Desk): boolean {
    desk.kind = RESPONSE_KIND.ANSWER;
    const store = this.#store;
    const owner = this.#owner;
    const { rrset } = this.#found;
    const ancestor = this.#ancestorOf(this.#found.labels);
    // A second name below the same DNAME has its CNAME made from what is already there.
    if (!this.#sections.has(rrset) && !this.#write(desk, SECTION.ANSWER, ancestor, rrset)) return false;
    const target = recordRdata(store, firstRecord(store, rrset));
    const synthesis = this.#synthesis;
    if (!synthesis.substitute(owner.octets, owner.at, ancestor.at, store.octets, target)) {
      desk.rcode = RCODE.YXDOMAIN;
      return false;
    }
    const { name, nameOctets } = synthesis;
    if (!writeCname(desk, owner, rrsetTtl(store, rrset), name, nameOctets)) {
      desk.isTruncated = true;
      return false;
    }
    // The CNAME that was made is itself what was asked for (RFC 1034 §4.3.2, step 3a).
    if (desk.view.qtype === TYPE.CNAME) return false;
    // Back at the question: once more round would say everything twice (RFC 2181 §5).
    if (isSameName(name, 0, desk.writer.octets, QUESTION_AT)) return false;
    owner.inOctets(name, 0);
    return true;
  }

  /** The suffix of the present name that has so many labels; in the message when the name is. */
  #ancestorOf(labels: number): Owner {
    const owner = this.#owner;
    const ancestor = this.#ancestor;
    const at = suffixOffset(owner.octets, owner.at, labels);
    if (owner.pointer > 0) ancestor.inMessage(owner.octets, at);
    else ancestor.inOctets(owner.octets, at);
    return ancestor;
  }

  /** NS at the cut, DS or the proof that there is none (RFC 4035 §3.1.4), glue. */
  #writeReferral(desk: Desk, zone: number): void {
    const store = this.#store;
    const { node, rrset, labels } = this.#found;
    desk.kind = RESPONSE_KIND.REFERRAL;
    desk.leavesZones = true;
    desk.nameHash = node;
    const cut = this.#ancestorOf(labels);
    if (!this.#sections.delegation(cut, rrset)) {
      desk.isTruncated = true;
      return;
    }
    if (desk.view.dnssecOk) {
      // In a zone that is not signed DS proves nothing to anybody.
      const ds = findSignatures(store, node, TYPE.DS) === 0 ? 0 : findRrset(store, node, TYPE.DS);
      const fits = ds === 0 ? this.#writeProofs(desk) : this.#write(desk, SECTION.AUTHORITY, cut, ds);
      if (!fits) return;
    }
    if (!this.#additional.ofReferral(zone, rrset, cut)) desk.isTruncated = true;
  }

  /** NODATA and NXDOMAIN: the SOA with the TTL that bounds how long it may be believed (RFC 2308 §3), and proofs. */
  #writeNegative(desk: Desk, zone: number, rcode: number): void {
    const store = this.#store;
    desk.kind = rcode === RCODE.NXDOMAIN ? RESPONSE_KIND.NXDOMAIN : RESPONSE_KIND.NODATA;
    desk.nameHash = zone;
    desk.rcode = rcode;
    const soa = zoneSoa(store, zone);
    if (soa === 0) {
      desk.refuse(RCODE.SERVFAIL, EDE.NOT_READY); // A zone that was published empty, to be filled later.
      return;
    }
    const ttlSeconds = Math.min(rrsetTtl(store, soa), soaMinimum(store, soa));
    if (!this.#sections.ofNode(SECTION.AUTHORITY, zoneApex(store, zone), soa, ttlSeconds)) {
      desk.isTruncated = true;
      return;
    }
    this.#writeProofs(desk);
  }

  #keepProofs(): void {
    prove(this.#store, this.#found);
    const { proofs, proofCount } = this.#found;
    for (let i = 0; i < proofCount; i++) this.#aliasProofs[this.#aliasProofCount++] = proofs[i]!;
  }

  #writeAliasProofs(desk: Desk): boolean {
    const count = this.#aliasProofCount;
    this.#aliasProofCount = 0;
    for (let i = 0; i < count; i++) {
      if (this.#sections.proof(this.#aliasProofs[i]!)) continue;
      desk.isTruncated = true;
      return false;
    }
    return true;
  }

  /** NSEC or NSEC3 that prove it, for those who want DNSSEC. False, with TC, when it does not fit. */
  #writeProofs(desk: Desk): boolean {
    if (!desk.view.dnssecOk) return true;
    if (!this.#writeAliasProofs(desk)) return false;
    prove(this.#store, this.#found);
    const { proofs, proofCount } = this.#found;
    for (let i = 0; i < proofCount; i++) {
      if (this.#sections.proof(proofs[i]!)) continue;
      desk.isTruncated = true;
      return false;
    }
    return true;
  }
}

/** No zone of ours has the name. After an alias that is no error: what we know was said. */
function leave(desk: Desk, aliases: number): void {
  if (aliases === 0) desk.refuse(RCODE.REFUSED, EDE.NOT_AUTHORITATIVE);
  desk.leavesZones = true;
}

/** The last field of the RDATA (RFC 1035 §3.3.13). */
function soaMinimum(store: ZoneStore, soa: number): number {
  const record = firstRecord(store, soa);
  const at = recordRdata(store, record) + recordLength(store, record) - 4;
  const octets = store.octets;
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
}

function writeCname({ writer }: Desk, owner: Owner, ttlSeconds: number, target: Uint8Array, length: number): boolean {
  const fits =
    owner.pointer > 0
      ? writer.writeRecordAt(owner.pointer, TYPE.CNAME, CLASS.IN, ttlSeconds, target, 0, length)
      : writer.writeRecord(owner.octets, owner.at, TYPE.CNAME, CLASS.IN, ttlSeconds, target, 0, length);
  if (fits) writer.addCount(SECTION.ANSWER, 1);
  return fits;
}
