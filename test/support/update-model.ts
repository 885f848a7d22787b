/** UPDATE as RFC 2136 writes it down in §3.2.5, §3.4.1.3 and §3.4.2.7, on a plain list of records: what `zones/update.ts` must do. */
import { equalOctets } from "../../base/index.ts";
import { CLASS, isMetaType, isNewerSerial, type Name, RCODE, rdataType, type Rr, TYPE } from "../../dns/index.ts";
import { soaSerial } from "../../zones/index.ts";
import type { UpdateSections } from "./updates.ts";

/** The response code and what the zone then has; the list that is handed in stays as it is. */
export function modelUpdate(
  apex: Name,
  records: readonly Rr[],
  { prerequisites, updates }: UpdateSections,
): { readonly rcode: number; readonly records: readonly Rr[] } {
  const rcode = prerequisiteCode(apex, records, prerequisites) || prescanCode(apex, updates);
  if (rcode !== RCODE.NOERROR) return { rcode, records };
  return { rcode, records: updates.reduce((zone, update) => updated(apex, zone, update), records) };
}

const isAt =
  ({ owner }: Rr) =>
  (record: Rr): boolean =>
    record.owner.equals(owner);
const isIn =
  (wanted: Rr) =>
  (record: Rr): boolean =>
    record.type === wanted.type && record.owner.equals(wanted.owner);
const canonical = ({ type, rdata }: Rr): Uint8Array => rdataType(type).canonical(rdata);
const isSame =
  (wanted: Rr) =>
  (record: Rr): boolean =>
    isIn(wanted)(record) && equalOctets(canonical(record), canonical(wanted));

function prerequisiteCode(apex: Name, zone: readonly Rr[], prerequisites: readonly Rr[]): number {
  const temp: Rr[] = [];
  for (const rr of prerequisites) {
    if (rr.ttlSeconds !== 0) return RCODE.FORMERR;
    if (!rr.owner.isAtOrBelow(apex)) return RCODE.NOTZONE;
    const isAny = rr.type === TYPE.ANY;
    const isThere = zone.some(isAny ? isAt(rr) : isIn(rr));
    if (rr.class === CLASS.IN) {
      if (isMetaType(rr.type)) return RCODE.FORMERR;
      temp.push(rr);
    } else if (rr.class === CLASS.ANY) {
      if (rr.rdata.length > 0) return RCODE.FORMERR;
      if (!isThere) return isAny ? RCODE.NXDOMAIN : RCODE.NXRRSET;
    } else if (rr.class === CLASS.NONE) {
      if (rr.rdata.length > 0) return RCODE.FORMERR;
      if (isThere) return isAny ? RCODE.YXDOMAIN : RCODE.YXRRSET;
    } else return RCODE.FORMERR;
  }
  for (const rr of temp) {
    const mine = zone.filter(isIn(rr));
    const theirs = temp.filter(isIn(rr));
    const isEqual = mine.every((one) => theirs.some(isSame(one))) && theirs.every((one) => mine.some(isSame(one)));
    if (!isEqual) return RCODE.NXRRSET;
  }
  return RCODE.NOERROR;
}

function prescanCode(apex: Name, updates: readonly Rr[]): number {
  for (const rr of updates) {
    if (!rr.owner.isAtOrBelow(apex)) return RCODE.NOTZONE;
    if (rr.class === CLASS.IN) {
      if (isMetaType(rr.type)) return RCODE.FORMERR;
    } else if (rr.class === CLASS.ANY) {
      if (rr.ttlSeconds !== 0 || rr.rdata.length > 0 || (rr.type !== TYPE.ANY && isMetaType(rr.type)))
        return RCODE.FORMERR;
    } else if (rr.class === CLASS.NONE) {
      if (rr.ttlSeconds !== 0 || isMetaType(rr.type)) return RCODE.FORMERR;
    } else return RCODE.FORMERR;
  }
  return RCODE.NOERROR;
}

function updated(apex: Name, zone: readonly Rr[], rr: Rr): readonly Rr[] {
  const isApex = rr.owner.equals(apex);
  const isKept = (record: Rr): boolean => isApex && (record.type === TYPE.SOA || record.type === TYPE.NS);
  if (rr.class === CLASS.IN) return added(zone, rr);
  if (rr.class === CLASS.ANY) {
    const isGone = rr.type === TYPE.ANY ? isAt(rr) : isIn(rr);
    return zone.filter((record) => !isGone(record) || isKept(record));
  }
  if (rr.type === TYPE.SOA) return zone;
  if (isApex && rr.type === TYPE.NS && zone.filter(isIn(rr)).length === 1) return zone;
  return zone.filter((record) => !isSame(rr)(record));
}

function added(zone: readonly Rr[], rr: Rr): readonly Rr[] {
  const others = zone.filter((record) => isAt(rr)(record) && !isIn(rr)(record));
  if (rr.type === TYPE.CNAME && others.length > 0) return zone;
  if (rr.type !== TYPE.CNAME && others.some(({ type }) => type === TYPE.CNAME)) return zone;
  const known = zone.find(isIn(rr));
  if (rr.type === TYPE.SOA && (known === undefined || !isNewerSerial(soaSerial(rr.rdata), soaSerial(known.rdata)))) {
    return zone;
  }
  const isOnlyOne = rr.type === TYPE.SOA || rr.type === TYPE.CNAME || rr.type === TYPE.DNAME;
  const isReplaced = isOnlyOne ? isIn(rr) : isSame(rr);
  // One TTL for the RRset (RFC 2181 §5.2): the last that was said.
  return [
    ...zone
      .filter((record) => !isReplaced(record))
      .map((record) => (isIn(rr)(record) ? { ...record, ttlSeconds: rr.ttlSeconds } : record)),
    rr,
  ];
}
