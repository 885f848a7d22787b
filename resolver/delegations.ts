/**
 * Delegations, learnt from referrals only, each until the end its parent gave it. A child zone cannot lengthen its own
 * life ("ghost domain names"), nor give a zone below it a longer life than its own ("phoenix domains"), and what it says
 * of its own name servers does not come in here.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../base/index.ts";
import { Name, type Rrset } from "../dns/index.ts";
import { addressOf } from "./address-rules.ts";

export interface NameServer {
  readonly name: Name;
  /** From glue, in wire format and as text; empty when there was none. */
  readonly addresses: readonly ServerAddress[];
}

export interface ServerAddress {
  readonly address: string;
  readonly octets: Uint8Array;
  /** Where it listens, when configuration says so; null for the port that all name servers use. */
  readonly port: number | null;
}

/** A zone and who serves it. */
export interface ZoneServers {
  readonly zone: Name;
  readonly servers: readonly NameServer[];
  /** On the clock handed in. Infinite for hints. */
  readonly endsAt: number;
}

export class DelegationCache {
  readonly #clock: Clock;
  readonly #ttlSecondsMax: number;
  readonly #entries: LRUCache<string, ZoneServers>;

  constructor(clock: Clock, options: { readonly octetsMax: number; readonly ttlSecondsMax: number }) {
    this.#clock = clock;
    this.#ttlSecondsMax = options.ttlSecondsMax;
    this.#entries = new LRUCache({ maxSize: options.octetsMax, sizeCalculation: octetsOf });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The deepest zone known that `name` is in; null when not even the root's servers are known. */
  closest(name: Name): ZoneServers | null {
    const now = this.#clock.now();
    for (let zone: Name | null = name; zone !== null; zone = zone.parent()) {
      const found = this.#entries.get(zone.key);
      if (found !== undefined && now < found.endsAt) return found;
    }
    return null;
  }

  /** Keeps a delegation that `parent` gave; returns it with the end it got. With a TTL of 0 it serves this once. */
  put(delegation: Omit<ZoneServers, "endsAt">, ttlSeconds: number, parent: ZoneServers | null): ZoneServers {
    const end = this.#clock.now() + Math.min(ttlSeconds, this.#ttlSecondsMax) * 1000;
    const kept = { ...delegation, endsAt: Math.min(end, parent?.endsAt ?? Number.POSITIVE_INFINITY) };
    if (kept.endsAt > this.#clock.now()) this.#entries.set(delegation.zone.key, kept);
    return kept;
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** The servers an NS RRset names, each with its addresses from the glue. */
export function nameServers(ns: Rrset, glue: readonly Rrset[]): NameServer[] {
  return ns.rdatas.map((rdata) => {
    const name = Name.fromWire(rdata);
    const sets = glue.filter(({ owner }) => owner.equals(name));
    const addresses = sets.flatMap(({ type, rdatas }) =>
      rdatas.map((octets) => ({ address: addressOf({ type, rdata: octets }), octets, port: null })),
    );
    return { name, addresses };
  });
}

function octetsOf(delegation: ZoneServers): number {
  let octets = 400 + delegation.zone.octets.length;
  for (const { name, addresses } of delegation.servers) octets += 200 + name.octets.length + 150 * addresses.length;
  return octets;
}
