/** The data every server is measured with: zones as master-file text and query lists in dnsperf's format. Same numbers, same data. */
import { SeededRandom } from "../base/index.ts";

const HEAD = [
  "$ORIGIN example.",
  "$TTL 3600",
  "@ SOA ns1 admin 1 3600 600 86400 300",
  "@ NS ns1",
  "@ NS ns2",
  "ns1 A 192.0.2.1",
  "ns2 A 192.0.2.2",
  "",
].join("\n");

/** A zone like a top-level domain's: half of its `records` are delegations, half their glue. */
export function delegationZone(records: number): string {
  const lines: string[] = [HEAD];
  for (let i = 0; i < records / 2; i++) {
    const label = delegationLabel(i);
    lines.push(`${label} NS ns.${label}\nns.${label} A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}\n`);
  }
  return lines.join("");
}

/** A zone of hosts, one address each. */
export function hostZone(names: number): string {
  const lines: string[] = [HEAD];
  for (let i = 0; i < names; i++) lines.push(`${hostLabel(i)} A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}\n`);
  return lines.join("");
}

/** `count` questions for the host zone, `hits` of them (a share) for names that exist; from a fixed seed. */
export function hostQueries(names: number, count: number, hits: number): string {
  const random = new SeededRandom(1);
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const exists = random.below(1000) < hits * 1000;
    const label = hostLabel(random.below(names));
    lines.push(exists ? `${label}.example. A\n` : `no-${label}.example. A\n`);
  }
  return lines.join("");
}

/** `count` questions below random cuts of the delegation zone; from a fixed seed. */
export function delegationQueries(records: number, count: number): string {
  const random = new SeededRandom(2);
  const lines: string[] = [];
  for (let i = 0; i < count; i++) lines.push(`www.${delegationLabel(random.below(records / 2))}.example. A\n`);
  return lines.join("");
}

export function delegationLabel(index: number): string {
  return `d${index.toString(36)}`;
}

function hostLabel(index: number): string {
  return `host${index}`;
}
