/** What stands at the apex: SOA (RFC 1035 §5.2, RFC 1912 §2.2, RFC 2308 §5), NS (RFC 1034 §4.1, RFC 2182 §5), the layer's replicas. */
import { LOWER_CASE, TYPE } from "../../dns/index.ts";
import { LAYERS } from "../layer.ts";
import type { ListedRrset } from "../master/record-list.ts";
import { type CheckedName, type CheckedZone, rrsetOf } from "./checked-zone.ts";

const DAY = 86400;

/** With more, resolvers may take the zone for unsigned (RFC 9276 §3.2; DESIGN §8). */
const ITERATIONS_TRUSTED_MAX = 50;

export function checkApex(zone: CheckedZone, where: CheckedName): void {
  const soa = rrsetOf(where, TYPE.SOA);
  if (where.place !== "apex") {
    if (soa !== null && where.place !== "outside") {
      zone.report(where, soa.first, {
        code: "soa-elsewhere",
        severity: "error",
        message: "has an SOA record, but is not the apex",
        reason: "a zone has one SOA, at its apex, RFC 1035 §5.2",
        fix: "take it out, or make it a zone of its own",
      });
    }
    return;
  }
  if (soa === null) missingSoa(zone, where);
  else checkSoa(zone, where, soa);
  checkServers(zone, where);
  checkIterations(zone, where);
}

/** Each negative answer costs the server so many hashes, several times over, and many resolvers take such a zone for unsigned. */
function checkIterations(zone: CheckedZone, where: CheckedName): void {
  const parameters = rrsetOf(where, TYPE.NSEC3PARAM);
  if (parameters === null) return;
  const rdata = zone.records.rdata(parameters.first);
  const iterations = (rdata[2]! << 8) | rdata[3]!;
  if (iterations === 0) return;
  zone.report(where, parameters.first, {
    code: "nsec3-iterations",
    severity: iterations > ITERATIONS_TRUSTED_MAX ? "warning" : "note",
    message: `has NSEC3 with ${iterations} further iterations`,
    reason: "RFC 9276 §3.1: they hide nothing and cost every answer",
    fix: "sign the zone again with 0 iterations",
  });
}

/** For a zone without any record at its apex there is no name to call this with; then checkZone does. */
export function missingSoa(zone: CheckedZone, where: CheckedName): void {
  zone.report(where, -1, {
    code: "soa-missing",
    severity: "error",
    message: "has no SOA record",
    reason: "a zone has one, at its apex, RFC 1035 §5.2",
    fix: "write @ SOA primary. mailbox. serial refresh retry expire minimum as the first record",
  });
}

function checkSoa(zone: CheckedZone, where: CheckedName, soa: ListedRrset): void {
  for (let record = soa.first + 1; record < soa.first + soa.count; record++) {
    const isRepeated = zone.records.isRepeated(TYPE.SOA, record);
    if (isRepeated) repeatedSoa(zone, where, record);
    else
      zone.report(where, record, {
        code: "soa-doubled",
        severity: "error",
        message: "has a second SOA record",
        reason: "a zone has one, RFC 1035 §5.2",
        fix: "take one of them out",
      });
  }
  const rdata = zone.records.rdata(soa.first);
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength);
  const timer = (i: number): number => view.getUint32(rdata.length - 20 + 4 * i);
  const [serial, refresh, retry, expire, minimum] = [timer(0), timer(1), timer(2), timer(3), timer(4)];
  const report = (code: string, message: string, reason: string, fix: string): void =>
    zone.report(where, soa.first, { code, severity: "warning", message, reason, fix });
  if (serial === 0) {
    report("soa-serial", "has serial 0", "RFC 1912 §2.2", "begin with 1 or with the date, as in 2026010100");
  }
  // Without replicas nobody uses the next three.
  if (zone.layer !== "managerial") checkTimers(report, refresh, retry, expire);
  if (minimum > DAY) {
    const message = `keeps negative answers for ${minimum} s`;
    report(
      "soa-minimum",
      message,
      "RFC 2308 §5: one to three hours, and not over a day",
      "take 300 to 10800 as the SOA minimum",
    );
  }
  if (hasAtSign(rdata)) {
    const fix = "write the mailbox with a dot: hostmaster.vu.nl. for hostmaster@vu.nl";
    report("soa-mailbox", "has an @ in the mailbox of its SOA", "RFC 1035 §8, RFC 1912 §2.2", fix);
  }
}

function repeatedSoa(zone: CheckedZone, where: CheckedName, record: number): void {
  zone.report(where, record, {
    code: "soa-repeated",
    severity: "note",
    message: "has its SOA record twice, as the text of a zone transfer does",
    reason: "a zone has one, RFC 1035 §5.2; a transfer ends with it again, RFC 5936 §2.2",
    fix: "take the last one out",
  });
}

function checkTimers(
  report: (code: string, message: string, reason: string, fix: string) => void,
  refresh: number,
  retry: number,
  expire: number,
): void {
  if (refresh < 1200 || refresh > 43200) {
    report(
      "soa-refresh",
      `has a refresh of ${refresh} s`,
      "RFC 1912 §2.2: 20 minutes to 12 hours",
      "take 1200 to 43200",
    );
  }
  if (retry >= refresh) {
    const message = `has a retry of ${retry} s that is not below the refresh of ${refresh} s`;
    report(
      "soa-retry",
      message,
      "RFC 1912 §2.2: a fraction of the refresh",
      `take for example ${Math.ceil(refresh / 4)}`,
    );
  }
  if (expire <= refresh + retry) {
    const message = `expires after ${expire} s, before a replica has asked twice`;
    report("soa-expire", message, "RFC 1912 §2.2: above refresh and retry, 2 to 4 weeks", "take 1209600 to 2419200");
  } else if (expire < 604800 || expire > 4 * 604800) {
    report("soa-expire", `expires after ${expire} s`, "RFC 1912 §2.2: 2 to 4 weeks", "take 1209600 to 2419200");
  }
}

/** `hostmaster@vu.nl` in a master file is one label with an @ in it. */
function hasAtSign(rdata: Uint8Array): boolean {
  let at = 0;
  while (rdata[at]! !== 0) at += rdata[at]! + 1;
  const first = at + 2;
  return rdata.subarray(first, first + rdata[at + 1]!).includes(0x40);
}

function checkServers(zone: CheckedZone, where: CheckedName): void {
  const ns = rrsetOf(where, TYPE.NS);
  if (ns === null) {
    zone.report(where, -1, {
      code: "ns-missing",
      severity: "error",
      message: "has no NS record at its apex",
      reason: "RFC 1034 §4.2.1, RFC 2181 §6.1",
      fix: "name the zone's servers: @ NS ns",
    });
    return;
  }
  const promise = zone.layer === null ? null : LAYERS[zone.layer];
  const servers = distinctTargets(zone, ns);
  if (promise !== null && servers > promise.serversMax) {
    zone.report(where, ns.first, {
      code: "layer-replicas",
      severity: "warning",
      message: `has ${servers} servers; a zone of the ${zone.layer} layer has ${promise.replicas === "none" ? "no replicas" : "few replicas"}`,
      reason: "DESIGN §2, the layer's promise on replicas",
      fix: `name ${promise.serversMax === 1 ? "one server" : `at most ${promise.serversMax} servers`}, or give the zone another layer`,
    });
  } else if (servers < (promise?.serversMin ?? 2)) {
    zone.report(where, ns.first, {
      code: "ns-single",
      severity: zone.layer === null ? "note" : "warning",
      message: zone.layer === "global" ? "has one server; the global layer promises many replicas" : "has one server",
      reason: "RFC 1034 §4.1, RFC 2182 §5: two at least, far from each other",
      fix: "name a second server",
    });
  }
}

function distinctTargets(zone: CheckedZone, ns: ListedRrset): number {
  const targets = new Set<string>();
  for (let record = ns.first; record < ns.first + ns.count; record++) {
    let key = "";
    for (const octet of zone.records.rdata(record)) key += String.fromCharCode(LOWER_CASE[octet]!);
    targets.add(key);
  }
  return targets.size;
}
