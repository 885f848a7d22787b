/**
 * The Recursion a name server is given (`net/exchange.ts`): the rest of the way for a question that leaves its zones. It is
 * handed to the next server down with RD set and a share of the budget; where that one does not recurse, the walk goes on
 * from here, iteratively (DESIGN §2). What comes back is kept by TTL. Whether the client may ask, and RA, are the name
 * server's.
 */
import {
  type Chain,
  CHAIN_SERVERS_MAX,
  type Delegation,
  ExchangeError,
  type HandedDown,
  type Recursion,
} from "../net/index.ts";
import type { Limits } from "./budget.ts";
import { nameServers, type ZoneServers } from "./delegations.ts";
import type { Engine } from "./engine.ts";
import { type Resolved, responseOf } from "./follow.ts";
import { type Report, Trace } from "./trace.ts";

export interface HandDownOptions {
  /** How this server is called in chains and reports; must differ from every other server's. */
  readonly identity: string;
}

/** @param engine The server's own, with its cache; its hints are for names outside the server's zones. */
export function handDown(engine: Engine, options: HandDownOptions): Recursion {
  return async (query, start, chain, signal) => {
    const complaint = chainComplaint(chain, options.identity);
    if (complaint !== null) throw new ExchangeError("BUDGET", complaint);
    const trace = chain.trace ? new Trace() : null;
    const resolved = await engine.resolve(query, {
      signal,
      trace,
      limits: chainLimits(engine.limits, chain),
      descent: {
        chain: { passed: [...chain.passed, options.identity], trace: chain.trace },
        start: start === null ? null : zoneServers(start),
        followsReferrals: true,
      },
    });
    return handedDown({ resolved, trace, identity: options.identity });
  };
}

function chainComplaint(chain: Chain, identity: string): string | null {
  if (chain.passed.includes(identity)) return `the question has been here before: ${chain.passed.join(", ")}`;
  if (chain.passed.length >= CHAIN_SERVERS_MAX) return `the question has passed ${chain.passed.length} servers`;
  if (chain.messagesLeft <= 0 || chain.octetsLeft <= 0 || chain.millisecondsLeft <= 0) return "its budget is spent";
  return null;
}

/** Never more than the one who asks has left, never more than we would spend on a query of our own. */
function chainLimits(own: Limits, chain: Chain): Limits {
  return {
    ...own,
    messages: Math.min(own.messages, chain.messagesLeft),
    octets: Math.min(own.octets, chain.octetsLeft),
    milliseconds: Math.min(own.milliseconds, chain.millisecondsLeft),
  };
}

/** Zone data do not expire while they are published, so neither does the delegation that was just read from them. */
function zoneServers({ zone, ns, glue }: Delegation): ZoneServers {
  return { zone, servers: nameServers(ns, glue), endsAt: Number.POSITIVE_INFINITY };
}

interface Done {
  readonly resolved: Resolved;
  readonly trace: Trace | null;
  readonly identity: string;
}

function handedDown({ resolved, trace, identity }: Done): HandedDown {
  const message = responseOf(resolved);
  if (trace === null) return { message, report: null };
  const { messages, octets } = resolved.cost;
  const report: Report = { server: identity, messages, octets: Math.max(0, octets), steps: trace.steps };
  return { message, report: JSON.stringify(report) };
}
