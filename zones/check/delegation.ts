/**
 * Delegations (RFC 1034 §4.2): glue for servers below the cut, addresses for those elsewhere in the zone, what else stands
 * at a cut or below it.
 */
import { formatName, TYPE, typeToText } from "../../dns/index.ts";
import { isBelowKey, type ListedRrset, nameKey } from "../master/record-list.ts";
import { type CheckedName, type CheckedZone, rrsetOf } from "./checked-zone.ts";

/** What the parent holds at a cut (RFC 4035 §2.6, RFC 9476 §4.2.1), and glue when the cut is a server's own name. */
const AT_CUT = new Set<number>([TYPE.NS, TYPE.DS, TYPE.NSEC, TYPE.RRSIG, TYPE.A, TYPE.AAAA]);

export function checkDelegation(zone: CheckedZone, where: CheckedName): void {
  if (where.place === "below-cut") checkOccluded(zone, where);
  const ns = rrsetOf(where, TYPE.NS);
  if (where.place !== "apex") checkDs(zone, where, ns);
  if (ns === null || (where.place !== "cut" && where.place !== "apex")) return;
  if (where.place === "cut") checkCut(zone, where);
  checkAddresses(zone, where, ns);
}

function checkOccluded(zone: CheckedZone, where: CheckedName): void {
  for (const rrset of where.rrsets) {
    if (rrset.type === TYPE.A || rrset.type === TYPE.AAAA) continue;
    zone.report(where, rrset.first, {
      code: "occluded",
      severity: "warning",
      message: `has ${typeToText(rrset.type)}, but stands below a delegation, so that nobody will ever see it`,
      reason: "RFC 1034 §4.2.1, RFC 2136 §7.18: below a cut the parent has only glue",
      fix: "move it to the child zone, or take the delegation out",
    });
  }
}

function checkDs(zone: CheckedZone, where: CheckedName, ns: ListedRrset | null): void {
  const ds = rrsetOf(where, TYPE.DS);
  if (ds === null || ns !== null) return;
  zone.report(where, ds.first, {
    code: "ds-without-ns",
    severity: "error",
    message: "has a DS record, but no NS",
    reason: "a DS stands at a delegation, RFC 4035 §2.4",
    fix: "add the delegation's NS records, or take the DS out",
  });
}

function checkCut(zone: CheckedZone, where: CheckedName): void {
  for (const rrset of where.rrsets) {
    if (AT_CUT.has(rrset.type)) continue;
    zone.report(where, rrset.first, {
      code: "data-at-cut",
      severity: "warning",
      message: `is delegated, so its ${typeToText(rrset.type)} here is never an answer`,
      reason: "RFC 2181 §6: the data at a cut are the child's",
      fix: "move it to the child zone",
    });
  }
}

function checkAddresses(zone: CheckedZone, where: CheckedName, ns: ListedRrset): void {
  let unreachable = 0;
  let nsBelow = 0;
  for (let record = ns.first; record < ns.first + ns.count; record++) {
    const rdata = zone.records.rdata(record);
    const key = nameKey(rdata, 0);
    if (!zone.isInZone(key)) continue;
    const isBelow = where.place === "cut" && (key === where.key || isBelowKey(key, where.key));
    if (isBelow) nsBelow++;
    if (zone.hasAddress(zone.records.find(key))) continue;
    unreachable++;
    if (isBelow) missingGlue(zone, where, record, formatName(rdata, 0));
    else checkServerElsewhere(zone, where, record, key);
  }
  if (unreachable === ns.count && where.place === "cut") {
    zone.report(where, ns.first, {
      code: "delegation-without-addresses",
      severity: "error",
      message: "is delegated to servers none of which has an address, so nobody can go there",
      reason: `RFC 1034 §4.2.1${nsBelow > 0 ? ": glue makes the delegation reachable" : ""}`,
      fix: "add A or AAAA records for the servers",
    });
  }
}

function missingGlue(zone: CheckedZone, where: CheckedName, record: number, server: string): void {
  zone.report(where, record, {
    code: "glue-missing",
    severity: "error",
    message: `is delegated to ${server}, whose address only the child knows`,
    reason: "servers below the cut need glue, RFC 1034 §4.2.1",
    fix: `add an A or AAAA record for ${server}`,
  });
}

/** A server in the zone itself or below another cut of it (sibling glue, RFC 9471 §2.2). */
function checkServerElsewhere(zone: CheckedZone, where: CheckedName, record: number, key: string): void {
  const server = formatName(zone.records.rdata(record), 0);
  const name = zone.records.find(key);
  const isSibling = zone.cutAbove(key) !== null;
  // An alias is reported as such.
  if (name >= 0 && zone.records.has(name, TYPE.CNAME)) return;
  const wildcard = name < 0 && !isSibling ? zone.wildcardFor(key) : -1;
  if (zone.hasAddress(wildcard)) return;
  zone.report(where, record, {
    code: isSibling ? "glue-sibling-missing" : "ns-without-address",
    severity: isSibling ? "note" : "error",
    message: isSibling
      ? `has the server ${server} below another delegation, and no address for it here`
      : `has the server ${server}, which has no address in this zone`,
    reason: isSibling ? "RFC 9471 §2.2: sibling glue spares a detour" : "RFC 1912 §2.8, RFC 1034 §4.2.1",
    fix: `add an A or AAAA record for ${server}`,
  });
}
