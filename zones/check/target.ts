/**
 * Where records point: NS, MX and SRV must not point to an alias (RFC 2181 §10.3, RFC 2782), what points into the zone should
 * find something there, aliases end somewhere, and a name without its last dot points elsewhere than was meant.
 */
import { formatName, NAME_OCTETS_MAX, TYPE, typeToText } from "../../dns/index.ts";
import { isBelowKey, type ListedRrset, nameKey } from "../master/record-list.ts";
import { type CheckedName, type CheckedZone, targetOffset } from "./checked-zone.ts";

const POINTING = new Set<number>([
  TYPE.NS,
  TYPE.MX,
  TYPE.SRV,
  TYPE.CNAME,
  TYPE.DNAME,
  TYPE.PTR,
  TYPE.AFSDB,
  TYPE.KX,
  TYPE.SVCB,
  TYPE.HTTPS,
]);
const NO_ALIAS = new Map<number, string>([
  [TYPE.NS, "RFC 2181 §10.3, RFC 1912 §2.4"],
  [TYPE.MX, "RFC 2181 §10.3, RFC 5321 §5.1"],
  [TYPE.SRV, "RFC 2782, Target"],
]);
/** Chains are followed as far as a server does (DESIGN §8). */
const ALIASES_MAX = 8;

/** The last labels that most names of the outside have, to know a name that was meant to be absolute. */
const TOP_LEVEL = new Set([
  "com",
  "net",
  "org",
  "edu",
  "gov",
  "mil",
  "int",
  "arpa",
  "nl",
  "de",
  "uk",
  "eu",
  "be",
  "fr",
  "io",
]);

export function checkTargets(zone: CheckedZone, where: CheckedName): void {
  if (where.place === "outside" || where.place === "below-cut") return;
  checkForgottenDot(zone, where);
  for (const rrset of where.rrsets) {
    if (!POINTING.has(rrset.type) || (where.place === "cut" && rrset.type !== TYPE.NS)) continue;
    for (let record = rrset.first; record < rrset.first + rrset.count; record++)
      checkTarget(zone, where, rrset, record);
  }
}

function checkTarget(zone: CheckedZone, where: CheckedName, rrset: ListedRrset, record: number): void {
  const rdata = zone.records.rdata(record);
  const offset = targetOffset(rrset.type, rdata);
  if (offset < 0 || rdata[offset] === 0) return;
  const key = nameKey(rdata, offset);
  if (!zone.isInZone(key)) {
    checkNumbers(zone, where, { type: rrset.type, record, key });
    return;
  }
  const name = zone.records.find(key);
  if (name >= 0) {
    if (zone.records.has(name, TYPE.CNAME)) pointsToAlias(zone, where, rrset.type, record, formatName(rdata, offset));
    return;
  }
  if (rrset.type === TYPE.NS || zone.cutAbove(key) !== null || zone.records.exists(key)) return;
  if (checkNumbers(zone, where, { type: rrset.type, record, key })) return;
  const target = formatName(rdata, offset);
  if (forgottenDot(zone, key)) return dotForgotten(zone, where, record, { type: rrset.type, target });
  if (zone.wildcardFor(key) >= 0 || rrset.type === TYPE.DNAME || rrset.type === TYPE.PTR) return;
  zone.report(where, record, {
    code: "target-missing",
    severity: "warning",
    message: `has ${typeToText(rrset.type)} ${target}, which is not in the zone`,
    reason: rrset.type === TYPE.CNAME ? "RFC 1912 §2.4: an alias names something that exists" : "RFC 1912 §2.8",
    fix: `add ${target}, or put a dot after the name if it stands elsewhere`,
  });
}

function pointsToAlias(zone: CheckedZone, where: CheckedName, type: number, record: number, target: string): void {
  const rule = NO_ALIAS.get(type);
  if (rule !== undefined) {
    zone.report(where, record, {
      code: `${typeToText(type).toLowerCase()}-to-alias`,
      severity: "error",
      message: `has ${typeToText(type)} ${target}, which is an alias (CNAME)`,
      reason: rule,
      fix: "point to the canonical name, the one with the addresses",
    });
  } else if (type === TYPE.CNAME) {
    checkChain(zone, where, record);
  }
}

/** Whether a chain of aliases in the zone comes round to its beginning, or is longer than anybody follows. */
function checkChain(zone: CheckedZone, where: CheckedName, record: number): void {
  let links = 0;
  let name = where.name;
  while (links <= ALIASES_MAX && name >= 0) {
    const alias = zone.records.rrsets(name).find(({ type }) => type === TYPE.CNAME);
    if (alias === undefined) return;
    name = zone.records.find(nameKey(zone.records.rdata(alias.first), 0));
    links++;
    if (name === where.name) break;
  }
  if (name < 0 && links <= ALIASES_MAX) return;
  const isLoop = name === where.name;
  zone.report(where, record, {
    code: isLoop ? "alias-loop" : "alias-chain",
    severity: isLoop ? "error" : "warning",
    message: isLoop
      ? `is an alias of itself, after ${links} links`
      : `begins or meets a chain of more than ${ALIASES_MAX} aliases`,
    reason: "RFC 1034 §3.6.2, RFC 1912 §2.4",
    fix: "point each alias to the canonical name",
  });
}

/** `MX 10 192.0.2.1`: an address where a name belongs. True when it was one. */
function checkNumbers(
  zone: CheckedZone,
  where: CheckedName,
  { type, record, key }: { readonly type: number; readonly record: number; readonly key: string },
): boolean {
  const isIn = zone.isInZone(key);
  const labels = (isIn ? key.slice(zone.apexKey.length) : key).split("\0").slice(1);
  if (labels.length !== 4 || !labels.every(isSmallNumber) || type === TYPE.PTR || type === TYPE.DNAME) return false;
  // Written from the root end.
  const address = labels.reverse().join(".");
  zone.report(where, record, {
    code: "address-as-name",
    severity: "error",
    message: `has ${typeToText(type)} ${address}, an address where a name belongs`,
    reason: "RFC 1035 §3.3, RFC 5321 §5.1",
    fix: `give ${address} a name with an A record, and write that name`,
  });
  return true;
}

function isSmallNumber(label: string): boolean {
  return label.length > 0 && label.length <= 3 && [...label].every((digit) => digit >= "0" && digit <= "9");
}

function checkForgottenDot(zone: CheckedZone, where: CheckedName): void {
  if (zone.apex.isRoot || where.place === "apex") return;
  const rest = where.key.slice(zone.apexKey.length);
  if (!endsInApex(rest, zone.apexKey)) return;
  zone.report(where, -1, {
    code: "dot-forgotten",
    severity: "warning",
    message: "has the zone's name in it twice",
    reason: "a name without its last dot is relative to the origin, RFC 1035 §5.1, RFC 1912 §2",
    fix: "put a dot after the owner, or leave the zone's name out of it",
  });
}

/** Keys run from the root end: a name that has the apex twice has its key twice in front. */
function endsInApex(rest: string, apexKey: string): boolean {
  return rest === apexKey || isBelowKey(rest, apexKey);
}

function forgottenDot(zone: CheckedZone, key: string): boolean {
  if (zone.apex.isRoot) return false;
  const rest = key.slice(zone.apexKey.length);
  if (endsInApex(rest, zone.apexKey)) return true;
  const labels = rest.split("\0").slice(1);
  return labels.length >= 2 && TOP_LEVEL.has(labels[0]!);
}

function dotForgotten(
  zone: CheckedZone,
  where: CheckedName,
  record: number,
  { type, target }: { readonly type: number; readonly target: string },
): void {
  const apexText = zone.apex.toString();
  const meant = target.length < NAME_OCTETS_MAX * 4 ? target.slice(0, target.length - apexText.length) : target;
  zone.report(where, record, {
    code: "dot-forgotten",
    severity: "warning",
    message: `has ${typeToText(type)} ${target}, which looks like ${meant} without its last dot`,
    reason: "a name without its last dot is relative to the origin, RFC 1035 §5.1, RFC 1912 §2",
    fix: `write ${meant}`,
  });
}
