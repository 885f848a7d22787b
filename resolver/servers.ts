/**
 * What is known of the servers that were asked: how fast they are (Jacobson's estimate, RFC 6298 §2), whether they are
 * silent (exponential back-off, RFC 9520 §3.2), whether they speak EDNS, and for which zones they are lame.
 */
import { LRUCache } from "lru-cache";
import type { Clock, Random } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import type { Endpoint } from "../net/index.ts";

const TIMEOUT_FIRST = 400;
const TIMEOUT_MIN = 250;
const TIMEOUT_MAX = 3_000;
/** Time-outs in a row after which a server rests, and for how long at first and at most. */
const TIMEOUTS_BEFORE_REST = 2;
const REST_MIN = 1_000;
const REST_MAX = 60_000;
/** How long it is believed that a server does not speak EDNS, or does not serve a zone. */
const PLAIN_FOR = 900_000;
const LAME_FOR = 300_000;
/** Servers within this of the best one share the load. */
const BAND_MILLISECONDS = 10;
/** One choice in so many tries another server than the best, so that an old estimate does not last for ever. */
export const EXPLORE_ONE_IN = 32;

interface Server {
  smoothed: number | null;
  variation: number;
  timeoutsInRow: number;
  restsUntil: number;
  edns: "unknown" | "yes" | "no";
  plainUntil: number;
  readonly lameUntil: Map<string, number>;
}

export class ServerTable {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #servers: LRUCache<string, Server>;
  #last: (Endpoint & { readonly server: Server }) | null = null;

  constructor(parts: { readonly clock: Clock; readonly random: Random }, entriesMax = 20_000) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#servers = new LRUCache({ max: entriesMax });
  }

  /** The one to ask next. Servers that rest come last: they are asked when there is no other. */
  choose(candidates: readonly Endpoint[]): Endpoint | null {
    const now = this.#clock.now();
    if (candidates.length === 1) return candidates[0]!;
    const awake = candidates.filter((candidate) => this.#server(candidate).restsUntil <= now);
    if (awake.length === 0) {
      return least(candidates, (candidate) => this.#server(candidate).restsUntil);
    }
    if (awake.length > 1 && this.#random.below(EXPLORE_ONE_IN) === 0) return awake[this.#random.below(awake.length)]!;
    const { best } = this.ranked(awake);
    return best[this.#random.below(best.length)]!;
  }

  /** Those that share the load, and those that are slower. */
  ranked(candidates: readonly Endpoint[]): {
    readonly best: readonly Endpoint[];
    readonly others: readonly Endpoint[];
  } {
    // A server nobody has asked yet counts as fast, so that every server gets its first measurement.
    const score = (candidate: Endpoint): number => this.#server(candidate).smoothed ?? 0;
    const limit = Math.min(...candidates.map(score)) + BAND_MILLISECONDS;
    return {
      best: candidates.filter((candidate) => score(candidate) <= limit),
      others: candidates.filter((candidate) => score(candidate) > limit),
    };
  }

  isResting(endpoint: Endpoint): boolean {
    return this.#server(endpoint).restsUntil > this.#clock.now();
  }

  /** How long to wait for this server: its round trip and four times the variation, doubled for each time-out in a row. */
  timeoutMilliseconds(endpoint: Endpoint): number {
    const { smoothed, variation, timeoutsInRow } = this.#server(endpoint);
    const base = smoothed === null ? TIMEOUT_FIRST : Math.max(TIMEOUT_MIN, smoothed + 4 * variation);
    return Math.min(TIMEOUT_MAX, base * 2 ** Math.min(timeoutsInRow, 8));
  }

  /** The estimate in milliseconds, or null before the first answer. */
  roundTrip(endpoint: Endpoint): number | null {
    return this.#server(endpoint).smoothed;
  }

  answered(endpoint: Endpoint, roundTripMilliseconds: number): void {
    const server = this.#server(endpoint);
    if (server.smoothed === null) {
      server.smoothed = roundTripMilliseconds;
      server.variation = roundTripMilliseconds / 2;
    } else {
      server.variation = 0.75 * server.variation + 0.25 * Math.abs(server.smoothed - roundTripMilliseconds);
      server.smoothed = 0.875 * server.smoothed + 0.125 * roundTripMilliseconds;
    }
    this.alive(endpoint);
  }

  /** It answered, but the time it took measures others' work (a question handed down). */
  alive(endpoint: Endpoint): void {
    const server = this.#server(endpoint);
    server.timeoutsInRow = 0;
    server.restsUntil = 0;
  }

  timedOut(endpoint: Endpoint): void {
    const server = this.#server(endpoint);
    server.timeoutsInRow++;
    // A silent server is slower than what it was waited for.
    server.smoothed = Math.max(server.smoothed ?? 0, this.timeoutMilliseconds(endpoint) / 2);
    const over = server.timeoutsInRow - TIMEOUTS_BEFORE_REST;
    if (over >= 0) server.restsUntil = this.#clock.now() + Math.min(REST_MAX, REST_MIN * 2 ** Math.min(over, 16));
  }

  edns(endpoint: Endpoint): "unknown" | "yes" | "no" {
    const server = this.#server(endpoint);
    if (server.edns === "no" && server.plainUntil <= this.#clock.now()) server.edns = "unknown";
    return server.edns;
  }

  speaksEdns(endpoint: Endpoint): void {
    this.#server(endpoint).edns = "yes";
  }

  lacksEdns(endpoint: Endpoint): void {
    const server = this.#server(endpoint);
    server.edns = "no";
    server.plainUntil = this.#clock.now() + PLAIN_FOR;
  }

  lame(endpoint: Endpoint, zone: Name): void {
    const { lameUntil } = this.#server(endpoint);
    if (lameUntil.size >= 100) lameUntil.clear();
    lameUntil.set(zone.key, this.#clock.now() + LAME_FOR);
  }

  /** It was of use for the zone after all. */
  serves(endpoint: Endpoint, zone: Name): void {
    this.#server(endpoint).lameUntil.delete(zone.key);
  }

  isLame(endpoint: Endpoint, zone: Name): boolean {
    const until = this.#server(endpoint).lameUntil.get(zone.key);
    return until !== undefined && until > this.#clock.now();
  }

  /** One question looks at its server many times in a row, so the last one is at hand. */
  #server(endpoint: Endpoint): Server {
    const last = this.#last;
    if (last !== null && last.port === endpoint.port && last.address === endpoint.address) return last.server;
    const server = this.#lookUp(endpoint);
    this.#last = { address: endpoint.address, port: endpoint.port, server };
    return server;
  }

  #lookUp(endpoint: Endpoint): Server {
    const key = `${endpoint.address}#${endpoint.port}`;
    let server = this.#servers.get(key);
    if (server === undefined) {
      server = {
        smoothed: null,
        variation: 0,
        timeoutsInRow: 0,
        restsUntil: 0,
        edns: "unknown",
        plainUntil: 0,
        lameUntil: new Map(),
      };
      this.#servers.set(key, server);
    }
    return server;
  }
}

function least<T>(things: readonly T[], measure: (thing: T) => number): T | null {
  let best: T | null = null;
  for (const thing of things) if (best === null || measure(thing) < measure(best)) best = thing;
  return best;
}
