/**
 * UPDATE (RFC 2136 §3.2 to §3.4) on the draft of a zone's next version: whether its prerequisites hold, whether its update section
 * can be carried out at all, and carrying it out. Who may do it is `update-policy.ts`'s to say; serial, disk and publishing are
 * `changer.ts`'s.
 */
import { equalOctets } from "../base/index.ts";
import {
  CLASS,
  EDE,
  groupRrsets,
  isMetaType,
  isNewerSerial,
  type Name,
  RCODE,
  rdataType,
  type Rr,
  type Rrset,
  TYPE,
  typeToText,
} from "../dns/index.ts";
import { soaSerial } from "./change-set.ts";
import type { ZoneDraft } from "./draft.ts";
import { RRSET_RECORDS_MAX } from "./zone-edit.ts";

/** As much of a draft as an update needs. */
export type UpdatedZone = Pick<
  ZoneDraft,
  "apex" | "soa" | "rrset" | "rrsetsOf" | "add" | "remove" | "removeRrset" | "removeName" | "setTtl" | "setSoa"
>;

/** Why an update is not carried out: none of it is. */
export interface UpdateRefusal {
  readonly rcode: number;
  /** An extended error (RFC 8914) and its words. */
  readonly infoCode: number;
  readonly text: string;
}

/** Signatures and proofs are their signer's, and no update may bring them. */
const SIGNERS_TYPES: readonly number[] = [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.NSEC3PARAM];

/** What may stand beside a CNAME (RFC 4034 §2.5, RFC 3007 §3.1.1). */
const TYPES_BESIDE_CNAME: readonly number[] = [TYPE.RRSIG, TYPE.NSEC, TYPE.KEY];

/** ADDRESS and PROTOCOL, which begin the RDATA of a WKS and tell it from others (RFC 2136 §1.1.5, RFC 1035 §3.4.2). */
const WKS_IDENTITY_OCTETS = 5;

/** The first prerequisite that does not hold or makes no sense (RFC 2136 §3.2); null when all hold. */
export function unmetPrerequisite(zone: UpdatedZone, prerequisites: readonly Rr[]): UpdateRefusal | null {
  const wanted: Rr[] = [];
  for (const record of prerequisites) {
    if (record.ttlSeconds !== 0) return malformed(record, "a prerequisite has TTL 0 (RFC 2136 §3.2)");
    if (!record.owner.isAtOrBelow(zone.apex)) return outside(zone.apex, record);
    if (record.class === CLASS.IN) {
      if (isMetaType(record.type)) return malformed(record, "no zone has records of this type");
      wanted.push(record);
      continue;
    }
    const refusal = unmetWithoutValue(zone, record);
    if (refusal !== null) return refusal;
  }
  for (const rrset of groupRrsets(wanted)) {
    if (!hasSameRecords(rdatasOf(zone, rrset.owner, rrset.type), rrset)) {
      return unmet(RCODE.NXRRSET, rrset, "there is no RRset of just these records");
    }
  }
  return null;
}

/** Of the class ANY something has to exist, of the class NONE it must not (RFC 2136 §2.4.1, §2.4.3 to §2.4.5). */
function unmetWithoutValue(zone: UpdatedZone, record: Rr): UpdateRefusal | null {
  const { owner, type, class: rrClass, rdata } = record;
  if (rrClass !== CLASS.ANY && rrClass !== CLASS.NONE) return malformed(record, "its class is none of IN, ANY, NONE");
  if (rdata.length > 0) return malformed(record, "a prerequisite of this class has no RDATA (RFC 2136 §3.2)");
  const isWanted = rrClass === CLASS.ANY;
  if (type === TYPE.ANY) {
    // An empty non-terminal is not in use (RFC 2136 §2.4.4).
    if (zone.rrsetsOf(owner).length > 0 === isWanted) return null;
    return isWanted
      ? unmet(RCODE.NXDOMAIN, record, "the name is not in use")
      : unmet(RCODE.YXDOMAIN, record, "the name is in use");
  }
  if ((zone.rrset(owner, type) !== null) === isWanted) return null;
  return isWanted
    ? unmet(RCODE.NXRRSET, record, "there is no such RRset")
    : unmet(RCODE.YXRRSET, record, "there is such an RRset");
}

/** What keeps an update section from being carried out, whatever the zone has (RFC 2136 §3.4.1); null when nothing does. */
export function prescanUpdates(apex: Name, updates: readonly Rr[]): UpdateRefusal | null {
  for (const record of updates) {
    const refusal = prescan(apex, record);
    if (refusal !== null) return refusal;
  }
  return null;
}

function prescan(apex: Name, record: Rr): UpdateRefusal | null {
  const { type, class: rrClass, ttlSeconds, rdata } = record;
  if (!record.owner.isAtOrBelow(apex)) return outside(apex, record);
  switch (rrClass) {
    case CLASS.IN:
      if (isMetaType(type)) return malformed(record, "no zone has records of this type");
      if (!SIGNERS_TYPES.includes(type)) return null;
      return notSupported(`${told(record)}: signatures and proofs are not taken from updates`);
    case CLASS.ANY:
      if (ttlSeconds !== 0 || rdata.length > 0) return malformed(record, "deleting an RRset takes TTL 0 and no RDATA");
      return type !== TYPE.ANY && isMetaType(type) ? malformed(record, "no zone has records of this type") : null;
    case CLASS.NONE:
      if (ttlSeconds !== 0) return malformed(record, "deleting a record takes TTL 0");
      return isMetaType(type) ? malformed(record, "no zone has records of this type") : null;
    default:
      return malformed(record, "its class is none of IN, ANY, NONE");
  }
}

/** Whether the zone is signed: by updates alone its signatures would go bad. */
export function refusalOfSigned(zone: UpdatedZone): UpdateRefusal | null {
  const { apex } = zone;
  const isSigned = [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3PARAM].some((type) => zone.rrset(apex, type) !== null);
  return isSigned ? notSupported(`the zone ${apex.toString()} is signed, and signed zones are not updated yet`) : null;
}

/**
 * Carries out an update section that was prescanned, in its order (RFC 2136 §3.4.2). What the section says is to be ignored is;
 * null then too. After a refusal the draft is to be reverted.
 */
export function applyUpdates(zone: UpdatedZone, updates: readonly Rr[]): UpdateRefusal | null {
  for (const record of updates) {
    const refusal = apply(zone, record);
    if (refusal !== null) return refusal;
  }
  return null;
}

function apply(zone: UpdatedZone, record: Rr): UpdateRefusal | null {
  switch (record.class) {
    case CLASS.IN:
      return add(zone, record);
    case CLASS.ANY:
      removeAll(zone, record);
      return null;
    default:
      removeOne(zone, record);
      return null;
  }
}

/** RFC 2136 §3.4.2.2. */
function add(zone: UpdatedZone, record: Rr): UpdateRefusal | null {
  const { owner, type, ttlSeconds } = record;
  if (type === TYPE.SOA) {
    addSoa(zone, record);
    return null;
  }
  if (isBarredByAlias(zone, owner, type)) return null;
  if (type === TYPE.WKS) removeSameService(zone, record);
  switch (zone.add(record)) {
    case "only-one-allowed":
      zone.removeRrset(owner, type);
      zone.add(record);
      return null;
    case "duplicate":
      respell(zone, record);
      zone.setTtl(owner, type, ttlSeconds);
      return null;
    case "ttl-differs":
      // An RRset has one TTL (RFC 2181 §5.2): the last one said, as with BIND.
      zone.setTtl(owner, type, ttlSeconds);
      return null;
    case "too-many":
      return {
        rcode: RCODE.REFUSED,
        infoCode: EDE.OTHER,
        text: `${told(record)}: an RRset has ${RRSET_RECORDS_MAX} records at most, and a name as many types`,
      };
    default:
      return null;
  }
}

/** Only a newer one replaces the zone's, and there is none anywhere else to be replaced. */
function addSoa(zone: UpdatedZone, { owner, rdata, ttlSeconds }: Rr): void {
  const isNewer = isNewerSerial(soaSerial(rdata), soaSerial(zone.soa.rdata));
  if (owner.equals(zone.apex) && isNewer) zone.setSoa(rdata, ttlSeconds);
}

/** A CNAME does not come to other types, nor they to it; a CNAME comes to a CNAME, in its place. */
function isBarredByAlias(zone: UpdatedZone, owner: Name, type: number): boolean {
  if (TYPES_BESIDE_CNAME.includes(type)) return false;
  if (type !== TYPE.CNAME) return zone.rrset(owner, TYPE.CNAME) !== null;
  return zone.rrsetsOf(owner).some((rrset) => rrset.type !== type && !TYPES_BESIDE_CNAME.includes(rrset.type));
}

/** A record takes the place of its duplicate, and names in it may be in other letters. */
function respell(zone: UpdatedZone, record: Rr): void {
  const { owner, type, rdata } = record;
  if (rdatasOf(zone, owner, type).some((known) => equalOctets(known, rdata))) return;
  zone.remove(owner, type, rdata);
  zone.add(record);
}

function removeSameService(zone: UpdatedZone, { owner, type, rdata }: Rr): void {
  const identity = rdata.subarray(0, WKS_IDENTITY_OCTETS);
  for (const known of rdatasOf(zone, owner, type)) {
    if (equalOctets(known.subarray(0, WKS_IDENTITY_OCTETS), identity)) zone.remove(owner, type, known);
  }
}

/** RFC 2136 §3.4.2.3: the apex keeps its SOA and NS. */
function removeAll(zone: UpdatedZone, { owner, type }: Rr): void {
  const isApex = owner.equals(zone.apex);
  if (type !== TYPE.ANY) {
    if (!isApex || !isKeptAtApex(type)) zone.removeRrset(owner, type);
  } else if (isApex) {
    for (const rrset of zone.rrsetsOf(owner)) if (!isKeptAtApex(rrset.type)) zone.removeRrset(owner, rrset.type);
  } else {
    zone.removeName(owner);
  }
}

export function isKeptAtApex(type: number): boolean {
  return type === TYPE.SOA || type === TYPE.NS;
}

/** RFC 2136 §3.4.2.4: neither an SOA nor the apex's last NS goes. */
function removeOne(zone: UpdatedZone, { owner, type, rdata }: Rr): void {
  if (type === TYPE.SOA) return;
  const isLastNs = type === TYPE.NS && owner.equals(zone.apex) && rdatasOf(zone, owner, type).length === 1;
  if (!isLastNs) zone.remove(owner, type, rdata);
}

/** What an update section adds and the zone has after it, though it may have been there before: what its lease is of. */
export function addedRecords(zone: UpdatedZone, updates: readonly Rr[]): Rr[] {
  return updates.filter(({ owner, type, class: rrClass, rdata }) => {
    if (rrClass !== CLASS.IN || type === TYPE.SOA) return false;
    const wanted = rdataType(type).canonical(rdata);
    return rdatasOf(zone, owner, type).some((known) => equalOctets(rdataType(type).canonical(known), wanted));
  });
}

function rdatasOf(zone: UpdatedZone, owner: Name, type: number): readonly Uint8Array[] {
  // Signatures are an RRset for each type they cover.
  if (type !== TYPE.RRSIG) return zone.rrset(owner, type)?.rdatas ?? [];
  return zone.rrsetsOf(owner).flatMap((rrset) => (rrset.type === type ? rrset.rdatas : []));
}

/** The same members, no more and no less; the case of names in them says nothing (RFC 4343). */
function hasSameRecords(rdatas: readonly Uint8Array[], wanted: Rrset): boolean {
  const keys = (some: readonly Uint8Array[]): Set<string> =>
    new Set(some.map((rdata) => Buffer.from(rdataType(wanted.type).canonical(rdata)).toString("latin1")));
  const mine = keys(rdatas);
  const theirs = keys(wanted.rdatas);
  return mine.size === theirs.size && mine.isSubsetOf(theirs);
}

function unmet(rcode: number, record: Pick<Rr, "owner" | "type">, why: string): UpdateRefusal {
  return { rcode, infoCode: EDE.OTHER, text: `${told(record)}: ${why}` };
}

function malformed(record: Rr, why: string): UpdateRefusal {
  return { rcode: RCODE.FORMERR, infoCode: EDE.INVALID_DATA, text: `${told(record)}: ${why}` };
}

function outside(apex: Name, record: Rr): UpdateRefusal {
  const text = `${told(record)}: the name is not in the zone ${apex.toString()}`;
  return { rcode: RCODE.NOTZONE, infoCode: EDE.INVALID_DATA, text };
}

function notSupported(text: string): UpdateRefusal {
  return { rcode: RCODE.REFUSED, infoCode: EDE.NOT_SUPPORTED, text };
}

function told({ owner, type }: Pick<Rr, "owner" | "type">): string {
  return type === TYPE.ANY ? owner.toString() : `${owner.toString()} ${typeToText(type)}`;
}
