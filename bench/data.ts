/** The data every server is measured with: zones as master-file text and query lists in dnsperf's format. Same numbers, same data. */
import { SeededRandom } from "../base/index.ts";

const head = (servers: readonly string[], serial = 1): string =>
  [
    "$ORIGIN example.",
    "$TTL 3600",
    `@ SOA ns1 admin ${serial} 3600 600 86400 300`,
    ...servers.flatMap((address, i) => [`@ NS ns${i + 1}`, `ns${i + 1} A ${address}`]),
    "",
  ].join("\n");
/** Of servers that nobody asks. */
const DOCUMENTATION = ["192.0.2.1", "192.0.2.2"];

/** A zone like a top-level domain's: half of its `records` are delegations, half their glue. */
export function delegationZone(records: number, serial = 1): string {
  const lines: string[] = [head(DOCUMENTATION, serial)];
  for (let i = 0; i < records / 2; i++) {
    const label = delegationLabel(i);
    lines.push(`${label} NS ns.${label}\nns.${label} A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}\n`);
  }
  return lines.join("");
}

/** A root with one delegation, each with one server. */
export function rootZone({ root, child, server }: { root: string; child: string; server: string }): string {
  const records = [
    ". 86400 SOA a.root. admin.root. 1 3600 600 86400 300",
    ". 86400 NS a.root.",
    `a.root. 86400 A ${root}`,
    `${child}. 86400 NS ns1.${child}.`,
    `ns1.${child}. 86400 A ${server}`,
  ];
  return `${records.join("\n")}\n`;
}

/** A zone of hosts, one address each. */
export function hostZone(names: number, servers: readonly string[] = DOCUMENTATION): string {
  const lines: string[] = [head(servers)];
  for (let i = 0; i < names; i++) lines.push(`${hostLabel(i)} A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}\n`);
  return lines.join("");
}

/** One question for each of `count` hosts, in order. */
export function hostList(first: number, count: number): string {
  return Array.from({ length: count }, (_, i) => `${hostLabel(first + i)}.example. A\n`).join("");
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

/**
 * `count` questions for a signed root zone, from a fixed seed: a third for data that is there, a third below its delegations, a third for
 * top-level domains that there are none of.
 */
export function rootQueries(
  names: readonly (readonly [owner: string, types: readonly string[]])[],
  count: number,
): string {
  const random = new SeededRandom(3);
  const delegations = names.filter(([owner, types]) => owner !== "." && types.includes("NS")).map(([owner]) => owner);
  const own: [owner: string, type: string][] = [
    [".", "SOA"],
    [".", "NS"],
    [".", "DNSKEY"],
    ...names.flatMap(([owner, types]) => (types.includes("DS") ? [[owner, "DS"] as [string, string]] : [])),
  ];
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    if (i % 3 === 0) lines.push(`${random.pick(own).join(" ")}\n`);
    else if (i % 3 === 1) lines.push(`www.example.${random.pick(delegations)} A\n`);
    else lines.push(`no-${random.below(1_000_000).toString(36)}. A\n`);
  }
  return lines.join("");
}
