/** The zone as the rules of the checker see it: where each name stands with regard to apex and cuts, and what to ask of it. */
import { formatName, type Name, rdataType, TYPE } from "../../dns/index.ts";
import type { Layer } from "../layer.ts";
import { isBelowKey, type ListedRrset, nameKey, type SortedRecords } from "../master/record-list.ts";
import type { Finding } from "./finding.ts";

/** Findings of one code are kept up to this number; all are counted. */
export const FINDINGS_OF_A_CODE_MAX = 1000;

export interface CheckedName {
  readonly name: number;
  readonly key: string;
  readonly rrsets: readonly ListedRrset[];
  /** A name at a cut has the NS records of a delegation; below it, all but glue is occluded (RFC 2136 §7.18). */
  readonly place: "apex" | "inside" | "cut" | "below-cut" | "outside";
}

export class CheckedZone {
  readonly records: SortedRecords;
  readonly apex: Name;
  readonly apexKey: string;
  readonly layer: Layer | null;
  readonly findings: Finding[] = [];
  readonly #counts = new Map<string, number>();

  constructor(records: SortedRecords, apex: Name, layer: Layer | null) {
    this.records = records;
    this.apex = apex;
    this.apexKey = nameKey(apex.octets, 0);
    this.layer = layer;
  }

  /** Notes a finding at a record, or at the name's first. */
  report(where: CheckedName, record: number, finding: Omit<Finding, "line" | "file" | "owner">): void {
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (count > FINDINGS_OF_A_CODE_MAX) return;
    const at = record >= 0 ? record : (where.rrsets[0]?.first ?? -1);
    const line = at < 0 ? 0 : this.records.line(at);
    const file = at < 0 ? null : this.records.file(at);
    this.findings.push({ ...finding, line, file, owner: where.name < 0 ? this.apex : this.records.owner(where.name) });
  }

  /** All findings of a code, those that were not kept too. */
  count(code: string): number {
    return this.#counts.get(code) ?? 0;
  }

  isInZone(key: string): boolean {
    return key === this.apexKey || isBelowKey(key, this.apexKey);
  }

  /** The key of the delegation at or above a name, or null when the name is the zone's own. */
  cutAbove(key: string): string | null {
    let end = this.apexKey.length;
    for (;;) {
      end = key.indexOf("\0", end + 1);
      const ancestor = end < 0 ? key : key.slice(0, end);
      if (ancestor.length > this.apexKey.length) {
        const name = this.records.find(ancestor);
        if (name >= 0 && this.records.has(name, TYPE.NS)) return ancestor;
      }
      if (end < 0) return null;
    }
  }

  hasAddress(name: number): boolean {
    return name >= 0 && (this.records.has(name, TYPE.A) || this.records.has(name, TYPE.AAAA));
  }

  /** The wildcard that makes up a name which does not exist (RFC 4592 §3.3.1), or -1. */
  wildcardFor(key: string): number {
    let encloser = key;
    while (encloser.length > this.apexKey.length) {
      encloser = encloser.slice(0, encloser.lastIndexOf("\0"));
      if (encloser === this.apexKey || this.records.exists(encloser)) return this.records.find(`${encloser}\0*`);
    }
    return -1;
  }
}

export function rrsetOf(where: CheckedName, type: number): ListedRrset | null {
  for (const rrset of where.rrsets) if (rrset.type === type) return rrset;
  return null;
}

const offsets: number[] = [];

/** Where the first name in RDATA of a type begins; -1 when there is none. */
export function targetOffset(type: number, rdata: Uint8Array): number {
  return rdataType(type).nameOffsets(rdata, 0, rdata.length, offsets) > 0 ? offsets[0]! : -1;
}

export function targetText(rdata: Uint8Array, offset: number): string {
  return formatName(rdata, offset);
}
