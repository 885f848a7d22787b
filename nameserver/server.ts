/**
 * Puts a name server together: zone data, limits, cookies, recursion. Octets in, octets out; sockets are `net`'s, and the
 * road itself is `respond.ts`'s. The zones' published version is read with each query, so a reload needs nothing here.
 */
import type { Clock, Random } from "../base/index.ts";
import type { Handler, Later, Peer, Recursion } from "../net/index.ts";
import type { ZoneStore } from "../zones/index.ts";
import { AccessList } from "./access.ts";
import { Chaos } from "./chaos.ts";
import { NameServerCounters } from "./counters.ts";
import { Desk, DESK_SETTINGS, NSID_OCTETS_MAX } from "./desk.ts";
import { RateLimiter } from "./limiter.ts";
import { ZoneAnswers } from "./query.ts";
import { HandingDown } from "./recursion.ts";
import { respond, type Server } from "./respond.ts";
import { SERVER_SETTINGS, type ServerSettings } from "./settings.ts";

/** What a name server is handed. */
export interface ServerParts {
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly random: Random;
  /** How questions that lead out of our zones are resolved; null when they never are. */
  readonly recursion: Recursion | null;
  readonly counters?: NameServerCounters;
  readonly settings?: Partial<ServerSettings>;
}

const COOKIE_SECRET_OCTETS = 16;

export class NameServer implements Handler {
  readonly counters: NameServerCounters;
  readonly #server: Server;
  readonly #desk: Desk;

  constructor(parts: ServerParts) {
    const settings: ServerSettings = { ...SERVER_SETTINGS, ...parts.settings };
    const { identity, cookieSecrets } = settings;
    this.counters = parts.counters ?? new NameServerCounters();
    this.#desk = new Desk({
      ...DESK_SETTINGS,
      payloadOctets: settings.payloadOctets,
      nsid: new TextEncoder().encode(identity ?? "").subarray(0, NSID_OCTETS_MAX),
      cookieSecrets: cookieSecrets.length > 0 ? cookieSecrets : [parts.random.octets(COOKIE_SECRET_OCTETS)],
    });
    this.#server = this.#serverOf(parts, settings);
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
      limiter: rateLimits === null ? null : new RateLimiter(rateLimits, clock, unlimited),
      chaos: new Chaos(settings),
      recursion: parts.recursion === null ? null : this.#handingDown(parts.recursion, parts, settings),
      answers: new ZoneAnswers(store, this.counters),
    };
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
}
