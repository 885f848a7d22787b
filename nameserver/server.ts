/**
 * Puts a name server together: zone data, limits, cookies, recursion. Octets in, octets out; sockets are `net`'s, and the
 * road itself is `respond.ts`'s. The zones' published version is read with each query, so a reload needs nothing here.
 */
import type { Clock, Random } from "../base/index.ts";
import { type Handler, type Later, type Peer, Prefix, type Recursion } from "../net/index.ts";
import type { ZoneStore } from "../zones/index.ts";
import { AccessList } from "./access.ts";
import { Chaos } from "./chaos.ts";
import { HandedOnCounters, NameServerCounters } from "./counters.ts";
import { Desk, DESK_SETTINGS, NSID_OCTETS_MAX } from "./desk.ts";
import { createRateAccounts, RATE_LIMITS, type RateAccounts, RateLimiter, type RateLimits } from "./limiter.ts";
import { ZoneAnswers } from "./query.ts";
import { HandingDown, RECURSION_LIMITS, type RecursionLimits } from "./recursion.ts";
import { respond } from "./respond.ts";

/** What a name server is handed. */
export interface ServerParts {
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * How questions that lead out of our zones are resolved; null when they never are. A query thread has them resolved
   * "elsewhere": it answers LATER, and whoever runs it hands the request to a server that has the means.
   */
  readonly recursion: Recursion | "elsewhere" | null;
  readonly counters?: NameServerCounters;
  /** Accounts of the rate limit that are shared with other threads. */
  readonly rateAccounts?: RateAccounts;
  readonly settings?: Partial<ServerSettings>;
}

export interface ServerSettings {
  /** NSID, id.server, hostname.bind, and how this server is called in chains; null tells nobody. */
  readonly identity: string | null;
  /** version.bind and version.server. */
  readonly version: string | null;
  /** Who may ask; null is everybody. */
  readonly allow: readonly Prefix[] | null;
  readonly deny: readonly Prefix[];
  /** For whom names are resolved. */
  readonly recursionAllow: readonly Prefix[];
  readonly recursionLimits: RecursionLimits;
  /** Null limits nobody. */
  readonly rateLimits: RateLimits | null;
  readonly unlimited: readonly Prefix[];
  /** 16 octets each; the first makes cookies, all are accepted. Empty: one drawn at random, until the next start. */
  readonly cookieSecrets: readonly Uint8Array[];
  /** Clients that send a cookie over UDP must have it from us: BADCOOKIE otherwise (RFC 7873 §5.2.3). */
  readonly cookieRequired: boolean;
  readonly payloadOctets: number;
}

const LOOPBACK: readonly Prefix[] = [Prefix.parse("127.0.0.0/8"), Prefix.parse("::1")];

/** Loopback may recurse and is not rate limited; everybody may ask. */
export const SERVER_SETTINGS: ServerSettings = {
  identity: null,
  version: null,
  allow: null,
  deny: [],
  recursionAllow: LOOPBACK,
  recursionLimits: RECURSION_LIMITS,
  rateLimits: RATE_LIMITS,
  unlimited: LOOPBACK,
  cookieSecrets: [],
  cookieRequired: false,
  payloadOctets: DESK_SETTINGS.payloadOctets,
};

const COOKIE_SECRET_OCTETS = 16;

/** What the road needs at hand. */
export interface Server {
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly settings: ServerSettings;
  readonly counters: NameServerCounters;
  readonly allowed: AccessList | null;
  readonly denied: AccessList;
  readonly limiter: RateLimiter | null;
  readonly chaos: Chaos;
  readonly recursion: Pick<HandingDown, "allowed" | "handDown"> | null;
  readonly answers: ZoneAnswers;
}

function settingsOf({ settings, random }: ServerParts): ServerSettings {
  const whole: ServerSettings = { ...SERVER_SETTINGS, ...settings };
  if (whole.cookieSecrets.length > 0) return whole;
  return { ...whole, cookieSecrets: [random.octets(COOKIE_SECRET_OCTETS)] };
}

export class NameServer implements Handler {
  readonly counters: NameServerCounters;
  /** As they hold, with the cookie secret that was drawn; query threads are given the same. */
  readonly settings: ServerSettings;
  readonly hasRecursion: boolean;
  readonly rateAccounts: RateAccounts | null;
  readonly #server: Server;
  /** The same server for requests that a query thread handed on. */
  readonly #handedOn: Server;
  readonly #desk: Desk;

  constructor(parts: ServerParts) {
    const settings = settingsOf(parts);
    const { identity, cookieSecrets, rateLimits } = settings;
    this.settings = settings;
    this.hasRecursion = parts.recursion !== null;
    this.rateAccounts =
      rateLimits === null ? null : (parts.rateAccounts ?? createRateAccounts(rateLimits, parts.clock));
    this.counters = parts.counters ?? new NameServerCounters();
    this.#desk = new Desk({
      ...DESK_SETTINGS,
      payloadOctets: settings.payloadOctets,
      nsid: new TextEncoder().encode(identity ?? "").subarray(0, NSID_OCTETS_MAX),
      cookieSecrets,
    });
    this.#server = this.#serverOf(parts, settings);
    this.#handedOn = { ...this.#server, counters: new HandedOnCounters(this.counters) };
  }

  #serverOf(parts: ServerParts, settings: ServerSettings): Server {
    const { store, clock } = parts;
    const unlimited = new AccessList(settings.unlimited);
    const { allow, rateLimits } = settings;
    return {
      store,
      clock,
      settings,
      counters: this.counters,
      allowed: allow === null ? null : new AccessList(allow),
      denied: new AccessList(settings.deny),
      limiter: this.#limiterOf(rateLimits, clock, unlimited),
      chaos: new Chaos(settings),
      recursion: this.#recursionOf(parts, settings),
      answers: new ZoneAnswers(store, this.counters),
    };
  }

  #limiterOf(limits: RateLimits | null, clock: Clock, unlimited: AccessList): RateLimiter | null {
    if (limits === null || this.rateAccounts === null) return null;
    return new RateLimiter(limits, clock, unlimited, this.rateAccounts);
  }

  #recursionOf(parts: ServerParts, settings: ServerSettings): Server["recursion"] {
    if (parts.recursion === null) return null;
    if (parts.recursion !== "elsewhere") return this.#handingDown(parts.recursion, parts, settings);
    return { allowed: new AccessList(settings.recursionAllow), handDown: () => true };
  }

  #handingDown(recursion: Recursion, { clock, random }: ServerParts, settings: ServerSettings): HandingDown {
    return new HandingDown({
      recursion,
      clock,
      counters: this.counters,
      allowed: new AccessList(settings.recursionAllow),
      // A chain needs a name for everyone on it, also for those that do not tell it.
      identity: settings.identity ?? `unnamed-${random.uint32().toString(16)}`,
      limits: settings.recursionLimits,
      answerFromZones: (desk) => this.#server.answers.answer(desk),
    });
  }

  handle(request: Uint8Array, response: Uint8Array, peer: Peer, later: Later): number {
    const outcome = this.#desk.open(request, response, peer);
    return respond(this.#server, this.#desk, outcome, later);
  }

  /** Takes the road again for a request that a query thread answered LATER. */
  handleHandedOn(request: Uint8Array, response: Uint8Array, peer: Peer, later: Later): number {
    const outcome = this.#desk.open(request, response, peer);
    return respond(this.#handedOn, this.#desk, outcome, later);
  }
}
