/**
 * Single RRsets and what may stand beside each other: TTLs (RFC 2181 §5.2, the layer's), records given twice, CNAME (RFC 1034
 * §3.6.2, RFC 2181 §10.1) and DNAME (RFC 6672 §2.4), names outside the zone.
 */
import { TYPE, typeToText } from "../../dns/index.ts";
import { LAYERS } from "../layer.ts";
import { isBelowKey, type ListedRrset } from "../master/record-list.ts";
import { type CheckedName, type CheckedZone, rrsetOf } from "./checked-zone.ts";

/** Records of an RRset at most (DESIGN §8). */
const RECORDS_MAX = 100;

/** What DNSSEC puts beside a CNAME (RFC 4034 §3, §4; RFC 2181 §10.1 for KEY). */
const BESIDE_CNAME = new Set<number>([TYPE.CNAME, TYPE.RRSIG, TYPE.NSEC, TYPE.KEY, TYPE.SIG, TYPE.NXT]);

/** What keeps a zone together is not what its clients look up: it may live longer. */
const NOT_OF_LAYER = new Set<number>([TYPE.SOA, TYPE.NS, TYPE.DS, TYPE.DNSKEY, TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3PARAM]);

export function checkRrsets(zone: CheckedZone, where: CheckedName): void {
  if (where.place === "outside") {
    zone.report(where, -1, {
      code: "out-of-zone",
      severity: "error",
      message: `is not in the zone ${zone.apex.toString()}`,
      reason: "a zone holds its apex and names below it, RFC 1035 §5.2",
      fix: "take the record out, or mend the owner",
    });
    return;
  }
  for (const rrset of where.rrsets) {
    if (rrset.count > 1) checkRecords(zone, where, rrset);
    if (zone.layer !== null) checkLayerTtl(zone, where, rrset);
  }
  checkAlias(zone, where);
}

function checkRecords(zone: CheckedZone, where: CheckedName, rrset: ListedRrset): void {
  const { records } = zone;
  const type = typeToText(rrset.type);
  const ttl = records.ttl(rrset.first);
  for (let record = rrset.first + 1; record < rrset.first + rrset.count; record++) {
    // Signatures of different RRsets have the TTLs of those (RFC 4034 §3).
    if (records.ttl(record) !== ttl && rrset.type !== TYPE.RRSIG) {
      zone.report(where, record, {
        code: "ttl-differs",
        severity: "warning",
        message: `has ${type} records with TTLs ${ttl} and ${records.ttl(record)}`,
        reason: "an RRset has one TTL, RFC 2181 §5.2",
        fix: "give all of them the same",
      });
    }
    if (rrset.type !== TYPE.SOA && records.isRepeated(rrset.type, record)) {
      zone.report(where, record, {
        code: "record-doubled",
        severity: "warning",
        message: `has the same ${type} record twice`,
        reason: "an RRset has no record twice, RFC 2181 §5",
        fix: "take one of them out",
      });
    }
  }
  if (rrset.count > RECORDS_MAX) {
    zone.report(where, rrset.first, {
      code: "rrset-large",
      severity: "warning",
      message: `has ${rrset.count} ${type} records`,
      reason: `DESIGN §8: an RRset has at most ${RECORDS_MAX}; a larger one does not fit into a message either`,
      fix: "spread them over several names",
    });
  }
}

function checkLayerTtl(zone: CheckedZone, where: CheckedName, rrset: ListedRrset): void {
  if (zone.layer === null || NOT_OF_LAYER.has(rrset.type) || where.place === "below-cut") return;
  const { ttlSecondsMin, ttlSecondsMax } = LAYERS[zone.layer];
  const ttl = zone.records.ttl(rrset.first);
  if (ttl >= ttlSecondsMin && ttl <= ttlSecondsMax) return;
  const isLow = ttl < ttlSecondsMin;
  zone.report(where, rrset.first, {
    code: "layer-ttl",
    severity: "warning",
    message: `has ${typeToText(rrset.type)} with a TTL of ${ttl}; the ${zone.layer} layer has ${ttlSecondsMin} to ${ttlSecondsMax}`,
    reason: `DESIGN §2: ${isLow ? "what is stable is cached for long" : "what moves is cached for short"}`,
    fix: `take ${isLow ? ttlSecondsMin : ttlSecondsMax}, or move the name to a zone of another layer`,
  });
}

function checkAlias(zone: CheckedZone, where: CheckedName): void {
  const cname = rrsetOf(where, TYPE.CNAME);
  if (cname !== null) {
    const others = where.rrsets.filter(({ type }) => !BESIDE_CNAME.has(type));
    if (others.length > 0) {
      zone.report(where, cname.first, {
        code: "cname-and-other-data",
        severity: "error",
        message: `has a CNAME beside ${others.map(({ type }) => typeToText(type)).join(", ")}`,
        reason: "an alias has no other data, RFC 1034 §3.6.2, RFC 2181 §10.1",
        fix:
          where.place === "apex"
            ? "write addresses at the apex; an alias cannot stand there"
            : "take the CNAME or the others out",
      });
    }
    if (cname.count > 1 && !onlyRepeats(zone, cname)) {
      zone.report(where, cname.first + 1, {
        code: "cname-doubled",
        severity: "error",
        message: `has ${cname.count} CNAME records`,
        reason: "a name is an alias of one name, RFC 2181 §10.1",
        fix: "keep one of them",
      });
    }
  }
  const dname = rrsetOf(where, TYPE.DNAME);
  if (dname === null) return;
  if (dname.count > 1 && !onlyRepeats(zone, dname)) {
    zone.report(where, dname.first + 1, {
      code: "dname-doubled",
      severity: "error",
      message: `has ${dname.count} DNAME records`,
      reason: "RFC 6672 §2.4",
      fix: "keep one of them",
    });
  }
  const next = where.name + 1;
  if (next < zone.records.nameCount && isBelowKey(zone.records.key(next), where.key)) {
    zone.report(where, dname.first, {
      code: "dname-hides-names",
      severity: "error",
      message: `has a DNAME, and so has no names below it, but ${zone.records.owner(next).toString()} stands there`,
      reason: "RFC 6672 §2.4",
      fix: "move them to the DNAME's target",
    });
  }
}

function onlyRepeats(zone: CheckedZone, rrset: ListedRrset): boolean {
  for (let record = rrset.first + 1; record < rrset.first + rrset.count; record++) {
    if (!zone.records.isRepeated(rrset.type, record)) return false;
  }
  return true;
}
