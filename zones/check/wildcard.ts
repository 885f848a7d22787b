/** Where wildcards do not do what one expects (RFC 4592, RFC 1912 §2.7), and host names that are none (RFC 1123 §2.1). */
import { type Name, TYPE, typeToText } from "../../dns/index.ts";
import { isBelowKey, parentKey } from "../master/record-list.ts";
import { type CheckedName, type CheckedZone, rrsetOf } from "./checked-zone.ts";

/** Names beside a wildcard that are looked at; more would say no more. */
const NEIGHBOURS_MAX = 10_000;

const NOT_WILD = new Map<number, string>([
  [TYPE.NS, "RFC 4592 §4.2: a delegation by wildcard is undefined"],
  [TYPE.SOA, "RFC 4592 §4.1"],
  [TYPE.DNAME, "RFC 4592 §4.4: a wildcard DNAME is not of use"],
  [TYPE.DS, "RFC 4592 §4.6"],
]);

export function checkWildcard(zone: CheckedZone, where: CheckedName): void {
  if (where.place === "outside" || where.place === "below-cut" || !where.key.includes("*")) return;
  const owner = zone.records.owner(where.name);
  if (owner.isWildcard) checkOwnWildcard(zone, where);
  else checkAsterisk(zone, where, owner);
}

function checkAsterisk(zone: CheckedZone, where: CheckedName, owner: Name): void {
  const isInner = owner.labels.some((label) => label.length === 1 && label[0] === 0x2a);
  zone.report(where, -1, {
    code: "asterisk",
    severity: "note",
    message: isInner ? "has a * that is not its first label" : "has a * inside a label",
    reason: "RFC 4592 §2.1.1: only a first label of * alone is a wildcard; this name matches itself only",
    fix: "write *.domain if a wildcard was meant",
  });
}

function checkOwnWildcard(zone: CheckedZone, where: CheckedName): void {
  for (const rrset of where.rrsets) {
    const rule = NOT_WILD.get(rrset.type);
    if (rule === undefined) continue;
    zone.report(where, rrset.first, {
      code: "wildcard-type",
      severity: "warning",
      message: `is a wildcard with ${typeToText(rrset.type)}`,
      reason: rule,
      fix: "write the names out",
    });
  }
  checkNeighbours(zone, where);
}

/** A name that exists, or has names below it, is not covered: neither for other types nor for what would be below. */
function checkNeighbours(zone: CheckedZone, where: CheckedName): void {
  const parent = parentKey(where.key);
  const types = where.rrsets.map(({ type }) => type).filter((type) => type === TYPE.MX || type === TYPE.TXT);
  let lacking = 0;
  let blocked = 0;
  let example: CheckedName | null = null;
  let last = "";
  const { records } = zone;
  const end = Math.min(records.nameCount, where.name + NEIGHBOURS_MAX);
  for (let name = where.name + 1; name < end && isBelowKey(records.key(name), parent); name++) {
    const key = records.key(name);
    const next = key.indexOf("\0", parent.length + 1);
    if (next < 0) {
      const isHost = zone.hasAddress(name);
      if (isHost && types.some((type) => !records.has(name, type))) {
        lacking++;
        example ??= { ...where, name, key };
      }
    } else if (key.slice(0, next) !== last) {
      last = key.slice(0, next);
      if (records.find(last) < 0) blocked++;
    }
  }
  if (lacking > 0 && example !== null) {
    zone.report(where, rrsetOf(where, types[0]!)?.first ?? -1, {
      code: "wildcard-not-for-hosts",
      severity: "note",
      message: `does not give ${types.map(typeToText).join(" and ")} to the ${lacking} names beside it that exist, such as ${records.owner(example.name).toString()}`,
      reason: "RFC 1912 §2.7, RFC 4592 §2.2.1: a wildcard covers only names that do not exist",
      fix: "give those names records of their own, if they should have them",
    });
  }
  if (blocked > 0) {
    zone.report(where, -1, {
      code: "wildcard-blocked",
      severity: "note",
      message: `does not cover ${blocked} name${blocked === 1 ? "" : "s"} beside it that exist only by names below them`,
      reason: "RFC 4592 §2.2.2: an empty non-terminal exists",
      fix: "give those names records of their own, if they should have them",
    });
  }
}
