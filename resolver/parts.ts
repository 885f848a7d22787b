/** What the parts of a resolver share, handed to each. Put together in `engine.ts`. */
import type { Clock, Random } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import type { Ask, Reply } from "../net/index.ts";
import type { AddressRules } from "./address-rules.ts";
import type { Cache } from "./cache.ts";
import type { DelegationCache, ZoneServers } from "./delegations.ts";
import type { DirectDesk } from "./direct-desk.ts";
import type { Flights } from "./flight.ts";
import type { ServerTable } from "./servers.ts";

export interface Parts {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly random: Random;
  readonly cache: Cache;
  readonly delegations: DelegationCache;
  readonly servers: ServerTable;
  /** Messages on their way: the same message to the same server is sent once. */
  readonly messages: Flights<Reply>;
  /** Where query threads ask by themselves; null where none do. */
  readonly desk: DirectDesk | null;
  readonly settings: Settings;
  readonly counts: Counts;
}

export interface Settings {
  /** Where name servers listen; NS records carry no port (DESIGN §10). */
  readonly port: number;
  /** The root zone's servers as configured (RFC 8109), or the caching resolvers to ask in their place. */
  readonly hints: ZoneServers;
  /** Whether the root's own list of its servers is fetched first (RFC 8109 §3). */
  readonly prime: boolean;
  readonly rules: AddressRules;
  readonly tcpOnly: boolean;
  /** QNAME minimisation (RFC 9156). */
  readonly minimise: boolean;
  readonly layerOf: (zone: Name) => string | null;
}

/** What happened, to be shown as metrics. */
export interface Counts {
  queries: number;
  upstreamMessages: number;
  upstreamTcp: number;
  timeouts: number;
  lame: number;
  garbage: number;
  plainFallbacks: number;
  ignoredRecords: number;
  refusedAddresses: number;
  failures: number;
  readonly bounds: Map<string, number>;
}

export function noCounts(): Counts {
  return {
    queries: 0,
    upstreamMessages: 0,
    upstreamTcp: 0,
    timeouts: 0,
    lame: 0,
    garbage: 0,
    plainFallbacks: 0,
    ignoredRecords: 0,
    refusedAddresses: 0,
    failures: 0,
    bounds: new Map(),
  };
}
