/**
 * Where a service is, by its name: its servers in the order in which to try them (SRV, RFC 2782), and the addresses of a host. Whatever resolves whole
 * names can be asked. What somebody does with the places, how long he keeps them and what he does while nobody answers is his.
 */
import type { Random } from "../base/index.ts";
import { CLASS, Name, NameError, RCODE, rcodeToText, type Rr, rdataType, TYPE } from "../dns/index.ts";
import { addressText, type Exchange, ExchangeError } from "../net/index.ts";

/** What a name has of one type; there may be none. */
export interface FoundRecords {
  /** False: there is no such name at all (NXDOMAIN). */
  readonly exists: boolean;
  /** The records asked for. */
  readonly records: readonly Rr[];
  /** And with them the aliases that led there, in order. */
  readonly chain: readonly Rr[];
  /** The least of the chain; Infinity for none. */
  readonly ttlSeconds: number;
}

export interface ServiceTarget {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly host: Name;
}

export interface FoundService {
  /** In the order in which to try them, drawn anew each time; at most 8. */
  readonly targets: readonly ServiceTarget[];
  /** The target "." says that there is decidedly no such service. */
  readonly isDenied: boolean;
  readonly found: FoundRecords;
}

export interface FoundAddresses {
  readonly exists: boolean;
  /** IPv4 first; none when the host has none. */
  readonly addresses: readonly string[];
  readonly chain: readonly Rr[];
  readonly ttlSeconds: number;
}

/** Nobody can say what the name has, which is not that it has nothing. */
export class NoWordError extends Error {
  readonly code = "NO_WORD";

  constructor(name: Name, why: string) {
    super(`${name.toString().replace(/(.)\.$/, "$1")} cannot be resolved: ${why}`);
  }
}

/** Of one name, however many it has. */
const TARGETS_MAX = 8;

/** Throws a NoWordError when nobody says. */
export async function findRecords(
  resolve: Exchange,
  asked: { readonly name: Name; readonly type: number },
  signal: AbortSignal,
): Promise<FoundRecords> {
  const { name, type } = asked;
  const question = { name, type, class: CLASS.IN };
  const query = { question, recursionDesired: true, dnssecOk: false, checkingDisabled: false };
  const { answer: chain, rcode } = await resolve(query, signal).catch((error: unknown) => {
    if (error instanceof ExchangeError) throw new NoWordError(name, error.message);
    throw error;
  });
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) throw new NoWordError(name, rcodeToText(rcode));
  const records = chain.filter((rr) => rr.type === type);
  const ttlSeconds = Math.min(...chain.map((rr) => rr.ttlSeconds));
  return { exists: rcode === RCODE.NOERROR, records, chain, ttlSeconds };
}

/** The name with these labels in front, as in `_nfs._tcp.cs.vu.nl`; null when it would be too long, so that nothing can be there. */
export function serviceName(labels: string, name: Name): Name | null {
  try {
    return Name.parse(labels, name);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    return null;
  }
}

/** The servers of a service, such as `_nfs._tcp.cs.vu.nl`. Throws a NoWordError when nobody says. */
export async function findService(
  parts: { readonly resolve: Exchange; readonly random: Random },
  name: Name,
  signal: AbortSignal,
): Promise<FoundService> {
  const found = await findRecords(parts.resolve, { name, type: TYPE.SRV }, signal);
  const all = found.records.map(targetFrom);
  const usable = all.filter(({ host }) => !host.isRoot).slice(0, TARGETS_MAX);
  return { targets: inOrder(usable, parts.random), isDenied: all.length > 0 && usable.length === 0, found };
}

/** A and AAAA records. One of both that is not answered is as if there were none, when the other one is there. */
export async function findAddresses(resolve: Exchange, host: Name, signal: AbortSignal): Promise<FoundAddresses> {
  const asked = [TYPE.A, TYPE.AAAA].map((type) => findRecords(resolve, { name: host, type }, signal));
  const outcomes = await Promise.allSettled(asked);
  const answered = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const found = answered.filter(({ records }) => records.length > 0);
  if (found.length === 0) await Promise.all(asked);
  return {
    exists: answered.every(({ exists }) => exists),
    addresses: found.flatMap(({ records }) => records.map(({ rdata }) => addressText(rdata))),
    chain: found.flatMap(({ chain }) => chain),
    ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
  };
}

/** RFC 2782: lower priorities first; within one, drawn by weight, and weight 0 has a small chance. */
function inOrder(targets: readonly ServiceTarget[], random: Random): ServiceTarget[] {
  const left = [...targets].sort((one, other) => one.priority - other.priority || one.weight - other.weight);
  const ordered: ServiceTarget[] = [];
  while (left.length > 0) {
    const candidates = left.filter(({ priority }) => priority === left[0]!.priority);
    const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
    let draw = random.below(total + 1);
    const chosen = candidates.find(({ weight }) => (draw -= weight) <= 0)!;
    ordered.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return ordered;
}

function targetFrom({ rdata, type }: Rr): ServiceTarget {
  const [priority = "0", weight = "0", port = "0", host = "."] = rdataType(type).format(rdata).split(" ");
  return { priority: Number(priority), weight: Number(weight), port: Number(port), host: Name.parse(host) };
}
