/**
 * Where every walk begins: the root zone's servers, from the hints, or from the root itself when priming is on (RFC 8109).
 * Priming asks servers of the hints for `. NS` without RD, takes the addresses that come along as it takes glue, and keeps
 * all for its TTL. When it fails, the hints serve.
 */
import { CLASS, Name, type Question, TYPE } from "../dns/index.ts";
import { askZone } from "./ask-zone.ts";
import { nameServers, type ZoneServers } from "./delegations.ts";
import type { Job, Lookup } from "./lookup.ts";
import type { Parts } from "./parts.ts";

const ROOT_NS: Question = { name: Name.root, type: TYPE.NS, class: CLASS.IN };

export async function rootServers(parts: Parts, lookup: Lookup, job: Job): Promise<ZoneServers> {
  const { hints, prime } = parts.settings;
  job.trace?.add({ kind: "start", zone: ".", from: "hints" });
  if (!prime || job.descent !== null) return hints;
  const said = await askZone(parts, lookup, { question: ROOT_NS, at: hints }, job);
  if (said.kind === "failed" || said.step.kind !== "answer") return hints;
  const { found, glue } = said.step;
  const ns = found[0]!.rrset;
  const servers = nameServers(ns, glue);
  // A list none of whose servers can be reached is no better than none (RFC 8109 §3.3).
  if (servers.every(({ addresses }) => addresses.length === 0)) return hints;
  const primed = parts.delegations.put({ zone: Name.root, servers }, ns.ttlSeconds, null);
  said.asking.traced?.kept.push({ what: ". NS", seconds: Math.min(ns.ttlSeconds, parts.cache.options.ttlSecondsMax) });
  return primed;
}
