/**
 * The zone checker: what is wrong or unwise in a zone's data, each finding with a code, a severity, the line, the rule and
 * what would be right. The rules stand in check/, one file for each part of the matter. One pass over the names in canonical
 * order; text that is no master file at all, the reader says.
 */
import type { Name } from "../dns/index.ts";
import { TYPE } from "../dns/index.ts";
import { checkApex, missingSoa } from "./check/apex.ts";
import { type CheckedName, CheckedZone } from "./check/checked-zone.ts";
import { checkDelegation } from "./check/delegation.ts";
import type { Finding } from "./check/finding.ts";
import { checkRrsets } from "./check/rrset.ts";
import { checkTargets } from "./check/target.ts";
import { checkWildcard } from "./check/wildcard.ts";
import type { Layer } from "./layer.ts";
import { isBelowKey, type SortedRecords } from "./master/record-list.ts";

export interface CheckOptions {
  readonly apex: Name;
  /** Whose promises the zone keeps; null: none in particular. */
  readonly layer: Layer | null;
}

const RULES = [checkApex, checkRrsets, checkDelegation, checkTargets, checkWildcard];

/** The findings in the order of lines. */
export function checkZone(records: SortedRecords, { apex, layer }: CheckOptions): Finding[] {
  const zone = new CheckedZone(records, apex, layer);
  let cut: string | null = null;
  for (let name = 0; name < records.nameCount; name++) {
    const key = records.key(name);
    const rrsets = records.rrsets(name);
    let place: CheckedName["place"] = "inside";
    if (key === zone.apexKey) place = "apex";
    else if (!zone.isInZone(key)) place = "outside";
    else if (cut !== null && isBelowKey(key, cut)) place = "below-cut";
    else if (records.has(name, TYPE.NS)) {
      place = "cut";
      cut = key;
    }
    for (const rule of RULES) rule(zone, { name, key, rrsets, place });
  }
  if (records.find(zone.apexKey) < 0) missingSoa(zone, { name: -1, key: zone.apexKey, rrsets: [], place: "apex" });
  return zone.findings.sort((a, b) => a.line - b.line);
}
