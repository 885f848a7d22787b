/**
 * Puts a name server together: zone data, limits, cookies, recursion. Octets in, octets out; sockets are `net`'s, and the
 * road itself is `respond.ts`'s. The zones' published version is read with each query, so a reload needs nothing here.
 */
import type { Clock, Random } from "../base/index.ts";
import { HEADER_OCTETS } from "../dns/index.ts";
import type { Handler, Later, Peer, Recursion } from "../net/index.ts";
import { Lookahead, type ZoneStore } from "../zones/index.ts";
import { AccessList } from "./access.ts";
import { Chaos } from "./chaos.ts";
import { HandedOnCounters, NameServerCounters } from "./counters.ts";
import type { Control } from "./control.ts";
import { Desk, NSID_OCTETS_MAX } from "./desk.ts";
import { createRateAccounts, type RateAccounts, RateLimiter, type RateLimits } from "./limiter.ts";
import { ZoneAnswers } from "./query.ts";
import { HandingDown } from "./recursion.ts";
import { type Foreseen, NOT_PLAIN, PlainHits } from "./plain-hit.ts";
import { respond, type Server } from "./respond.ts";
import { SERVER_SETTINGS, type ServerSettings } from "./settings.ts";

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
  /** Who does what is not a plain query; likewise. Null unless given. */
  readonly control?: Control | "elsewhere" | null;
  readonly counters?: NameServerCounters;
  /** Accounts of the rate limit that are shared with other threads. */
  readonly rateAccounts?: RateAccounts;
  readonly settings?: Partial<ServerSettings>;
}

const COOKIE_SECRET_OCTETS = 16;

/** Whoever foresees requests hands on what is answered later. */
const HANDED_ON = (): never => {
  throw new Error("what is foreseen is handed on by returning LATER");
};

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
  readonly hasControl: boolean;
  readonly rateAccounts: RateAccounts | null;
  readonly #server: Server;
  /** The same server for requests that a query thread handed on. */
  readonly #handedOn: Server;
  readonly #desk: Desk;
  readonly #foreseen: Foreseen = { lookahead: new Lookahead(), index: 0 };
  readonly #plainHits: PlainHits;

  constructor(parts: ServerParts) {
    const settings = settingsOf(parts);
    const { identity, cookieSecrets, rateLimits } = settings;
    this.settings = settings;
    this.hasRecursion = parts.recursion !== null;
    this.hasControl = (parts.control ?? null) !== null;
    this.rateAccounts =
      rateLimits === null ? null : (parts.rateAccounts ?? createRateAccounts(rateLimits, parts.clock));
    this.counters = parts.counters ?? new NameServerCounters();
    this.#desk = new Desk({
      keepaliveUnits: Math.floor(settings.tcpIdleMilliseconds / 100),
      payloadOctets: settings.payloadOctets,
      nsid: new TextEncoder().encode(identity ?? "").subarray(0, NSID_OCTETS_MAX),
      cookieSecrets,
    });
    this.#server = this.#serverOf(parts, settings);
    this.#plainHits = new PlainHits(this.#server);
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
      control: parts.control ?? null,
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

  /** See `Lookahead`. */
  foresee(requests: readonly Uint8Array[], count: number): void {
    this.#foreseen.lookahead.look(this.#server.store, requests, count, HEADER_OCTETS);
  }

  handleForeseen(index: number, request: Uint8Array, response: Uint8Array, peer: Peer): number {
    const foreseen = this.#foreseen;
    foreseen.index = index;
    const length = this.#plainHits.answer(request, response, peer, foreseen);
    return length === NOT_PLAIN ? this.handle(request, response, peer, HANDED_ON) : length;
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
