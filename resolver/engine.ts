/**
 * The resolver put together from its parts, and the three ways to ask: iteratively from the root, recursively by handing
 * the question to the root with RD set, or from a caching resolver. One engine has one cache and one memory of servers.
 */
import { type Clock, type Random, Stopper, type StopSignal } from "../base/index.ts";
import { CLASS, type Name } from "../dns/index.ts";
import type { Ask, Endpoint, Exchange, Query, Reply } from "../net/index.ts";
import { addressKind } from "./address-rules.ts";
import { Budget, type Limits, DEFAULT_LIMITS } from "./budget.ts";
import { Cache, type CacheOptions } from "./cache.ts";
import type { Claims } from "./claims.ts";
import { DelegationCache, type ZoneServers } from "./delegations.ts";
import { DirectDesk, type Keeping } from "./direct-desk.ts";
import { Flights } from "./flight.ts";
import { failure, follow, type Resolved, responseOf } from "./follow.ts";
import { iterate } from "./iterate.ts";
import { type Descent, type Job, type Lookup, flagsText, questionKey, withoutCircles } from "./lookup.ts";
import { type Counts, noCounts, type Parts } from "./parts.ts";
import { recall, remember } from "./remember.ts";
import { type Route, ROUTE_TIMEOUT_MAX } from "./route.ts";
import { ServerTable } from "./servers.ts";
import type { Trace } from "./trace.ts";

export type Mode = "iterative" | "recursive" | "resolver";

export interface EngineOptions {
  /** The root's servers; in mode `resolver`, the caching resolvers. */
  readonly hints: ZoneServers;
  readonly mode?: Mode;
  /** Where name servers listen: 53 unless told. */
  readonly port?: number;
  readonly limits?: Partial<Limits>;
  readonly cache?: Partial<CacheOptions>;
  /** Fetch the root's own list of servers first; on for what runs long, off unless told. */
  readonly prime?: boolean;
  /**
   * QNAME minimisation (RFC 9156). Off unless told, so that a trace shows the question as it was put; `strata resolver`,
   * which asks for others, turns it on.
   */
  readonly minimise?: boolean;
  /** Private and loopback addresses may be servers'. Unless told: when one of the hints is such, since then all are. */
  readonly allowPrivate?: boolean;
  readonly own?: readonly Endpoint[];
  readonly tcpOnly?: boolean;
  readonly layerOf?: (zone: Name) => string | null;
  /** For query threads that ask by themselves. */
  readonly claims?: Claims;
}

export interface EngineParts {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ResolveOptions {
  readonly signal: StopSignal;
  readonly trace?: Trace | null;
  /** For this query in place of the engine's own way. */
  readonly descent?: Descent | null;
  readonly limits?: Limits;
}

export interface Engine {
  readonly exchange: Exchange;
  readonly counts: Counts;
  readonly cache: Cache;
  readonly limits: Limits;
  /** Never rejects but for the caller's own signal: what could not be found out is a failure. */
  resolve(query: Query, options: ResolveOptions): Promise<Resolved>;
  /** The answer as far as the cache has it, null when it must be asked for. */
  recall(query: Query): Promise<Resolved | null>;
  /** For query threads that ask by themselves; null unless claims were given. */
  readonly direct: DirectSide | null;
  /** Empties the caches; what is known of servers stays. */
  forget(): void;
}

/** What an engine has to do with query threads that ask by themselves. */
export interface DirectSide {
  readonly claims: Claims;
  /** The thread of that number begins. */
  begin(owner: number): void;
  hear(octets: Uint8Array, owner: number, keeping: Keeping): void;
  onRoute(tell: (route: Route) => void): void;
}

export function createEngine(handed: EngineParts, options: EngineOptions): Engine {
  const parts = partsOf(handed, options);
  const { cache } = parts;
  const { bounds } = parts.counts;
  const limits = limitsOf(options);
  const asking = iterate(parts, (question, job) => lookup(question, job));
  const { desk } = parts;
  const lookup: Lookup = withoutCircles(
    desk === null ? remember(asking, cache) : desk.afterLanding(remember(desk.claiming(asking), cache)),
  );
  const remembered: Lookup = (question, job) => Promise.resolve(recall(cache, question, job) ?? MISS);
  const flights = new Flights<Resolved>();
  const ownDescent = descentOf(options.mode ?? "iterative", options.hints);

  const start = (query: Query, { signal, trace = null, ...rest }: ResolveOptions): Promise<Resolved> => {
    const descent = rest.descent === undefined ? ownDescent(trace !== null) : rest.descent;
    return run(
      lookup,
      query,
      newJob(query, { limits: rest.limits ?? limits, clock: handed.clock, signal, trace, bounds, descent }),
    );
  };
  const resolve = (query: Query, asked: ResolveOptions): Promise<Resolved> => {
    parts.counts.queries++;
    // A query with a trace or a budget of its own is nobody else's.
    const isShared = (asked.trace ?? null) === null && asked.descent === undefined && asked.limits === undefined;
    if (!isShared) return start(query, asked);
    const key = flagsText(query.dnssecOk, query.checkingDisabled) + questionKey(query.question);
    return flights.join(key, asked.signal, (signal) => start(query, { ...asked, signal }));
  };
  return {
    counts: parts.counts,
    cache,
    limits,
    resolve,
    direct: desk === null ? null : directSide(desk, parts),
    exchange: async (query, signal) => responseOf(await resolve(query, { signal })),
    async recall(query) {
      const job = newJob(query, { limits, clock: handed.clock, signal: NEVER, trace: null, bounds, descent: null });
      const found = await follow(remembered, query, job);
      return found.failure?.text === MISS.text ? null : found;
    },
    forget() {
      cache.clear();
      parts.delegations.clear();
      desk?.claims.forget();
    },
  };
}

const MISS = { kind: "failed", infoCode: 0, text: "not in the cache", bound: null } as const;
const NEVER: StopSignal = new Stopper();

/** Where a query thread may have waited for a server before, that is taken off what a client's question may last. */
function limitsOf({ limits, claims }: EngineOptions): Limits {
  const all = { ...DEFAULT_LIMITS, ...limits };
  return claims === undefined ? all : { ...all, milliseconds: Math.max(1, all.milliseconds - ROUTE_TIMEOUT_MAX) };
}

function directSide(desk: DirectDesk, parts: Parts): DirectSide {
  return {
    claims: desk.claims,
    begin: (owner) => desk.begin(owner),
    hear: (octets, owner, keeping) => desk.hear(parts, octets, owner, keeping),
    onRoute(tell) {
      desk.onRoute = tell;
    },
  };
}

function partsOf(handed: EngineParts, options: EngineOptions): Parts {
  const { clock } = handed;
  const desk = options.claims === undefined ? null : new DirectDesk(options.claims, clock);
  const cache = new Cache(clock, options.cache, desk === null ? null : (...kept) => desk.know(...kept));
  const addresses = options.hints.servers.flatMap((server) => server.addresses);
  const isPrivate = addresses.some(({ octets }) => addressKind(octets) === "private");
  const { octetsMax, ttlSecondsMax } = cache.options;
  return {
    ...handed,
    ask: desk === null ? handed.ask : desk.around(handed.ask),
    desk,
    cache,
    // Delegations are few beside answers; they have room of their own so that answers cannot drive them out.
    delegations: new DelegationCache(clock, { octetsMax: Math.max(100_000, Math.floor(octetsMax / 4)), ttlSecondsMax }),
    servers: new ServerTable(handed),
    messages: new Flights<Reply>(),
    settings: {
      port: options.port ?? 53,
      hints: options.hints,
      prime: options.prime ?? false,
      rules: { allowPrivate: options.allowPrivate ?? isPrivate, own: options.own ?? [] },
      tcpOnly: options.tcpOnly ?? false,
      minimise: options.minimise ?? false,
      layerOf: options.layerOf ?? (() => null),
    },
    counts: noCounts(),
  };
}

function descentOf(mode: Mode, hints: ZoneServers): (trace: boolean) => Descent | null {
  switch (mode) {
    case "iterative":
      return () => null;
    case "recursive":
      return (trace) => ({ chain: { passed: [], trace }, start: hints, followsReferrals: true });
    case "resolver":
      return () => ({ chain: null, start: hints, followsReferrals: false });
  }
}

interface JobParts {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly signal: StopSignal;
  readonly trace: Trace | null;
  readonly bounds: Map<string, number>;
  readonly descent: Descent | null;
}

function newJob(query: Query, { limits, clock, signal, trace, bounds, descent }: JobParts): Job {
  return {
    budget: new Budget(limits, clock),
    signal,
    trace,
    bounds,
    stack: [],
    fresh: new Map(),
    dnssecOk: query.dnssecOk,
    checkingDisabled: query.checkingDisabled,
    descent,
  };
}

async function run(lookup: Lookup, query: Query, job: Job): Promise<Resolved> {
  if (query.question.class !== CLASS.IN) return failure(query, "only class IN has a root to begin at");
  const { budget } = job;
  const resolved = await follow(lookup, query, job);
  const milliseconds = budget.limits.milliseconds - budget.millisecondsLeft;
  return { ...resolved, cost: { messages: budget.messagesSpent, octets: budget.octetsSpent, milliseconds } };
}
