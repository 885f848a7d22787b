/**
 * What a query thread must know to ask about a name below a zone cut by itself: the cut, how long its delegation lasts, and which of its
 * servers may be asked, as the table of servers has them now. Routes last a moment only, so that what the engine learns of servers
 * is minded soon.
 */
import type { Endpoint } from "../net/index.ts";
import { refusal } from "./address-rules.ts";
import type { ZoneServers } from "./delegations.ts";
import type { Parts } from "./parts.ts";

/** Can be posted to a thread. */
export interface Route {
  /** The zone's name in wire format and lower case. */
  readonly zone: Uint8Array;
  /** On the clock that all threads share. */
  readonly endsAt: number;
  /** The first `best` of them share the load; the rest is tried now and then. */
  readonly servers: readonly RouteServer[];
  readonly best: number;
}

export interface RouteServer extends Endpoint {
  /** By which the thread tells of it. */
  readonly id: number;
  readonly timeoutMilliseconds: number;
}

const ROUTE_MILLISECONDS = 2_000;
/** Servers that are slower than that are left to the engine, whose client budget is what limits the wait. */
export const ROUTE_TIMEOUT_MAX = 1_000;
const SERVERS_MAX = 13;

/** The route to a zone, or null when there is none that a thread may take: servers are not known, silent, lame or do not know EDNS. */
export function routeTo(
  parts: Parts,
  { zone, servers, endsAt }: ZoneServers,
  numberOf: (server: Endpoint) => number,
): Route | null {
  const { settings, clock } = parts;
  if (settings.tcpOnly) return null;
  const fit: Endpoint[] = [];
  for (const { addresses } of servers) {
    for (const { address, octets, port } of addresses) {
      const endpoint = { address, port: port ?? settings.port };
      if (refusal(octets, endpoint, settings.rules) !== null || isBad(parts, zone, endpoint)) continue;
      // Every server is to get its first measurement.
      if (parts.servers.roundTrip(endpoint) === null) return null;
      if (fit.length < SERVERS_MAX && parts.servers.edns(endpoint) === "yes") fit.push(endpoint);
    }
  }
  const { best, others } = parts.servers.ranked(fit);
  const timeoutOf = (endpoint: Endpoint): number => parts.servers.timeoutMilliseconds(endpoint);
  const ordered = [...best, ...others];
  if (best.length === 0 || ordered.some((endpoint) => timeoutOf(endpoint) > ROUTE_TIMEOUT_MAX)) return null;
  return {
    zone: zone.toLowerCase().octets,
    endsAt: Math.min(endsAt, clock.now() + ROUTE_MILLISECONDS),
    servers: ordered.map((endpoint) => ({
      ...endpoint,
      id: numberOf(endpoint),
      timeoutMilliseconds: timeoutOf(endpoint),
    })),
    best: best.length,
  };
}

function isBad({ servers }: Parts, zone: ZoneServers["zone"], endpoint: Endpoint): boolean {
  return servers.isResting(endpoint) || servers.isLame(endpoint, zone);
}
