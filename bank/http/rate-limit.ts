/** How much one session may ask in a second, or one address where there is no session: whoever makes up tokens is counted as an address. */
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { BankError } from "../error.ts";
import { tokenOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import type { Rates } from "./rates.ts";

const WINDOW_MILLISECONDS = 1000;

const NO_HEADERS = {
  "x-ratelimit-limit": false,
  "x-ratelimit-remaining": false,
  "x-ratelimit-reset": false,
} as const;

/** Before the routes. */
export function addRateLimit(app: FastifyInstance, desk: Desk): void {
  void app.register(rateLimit, {
    max: desk.limits.requestsPerSecondMax,
    timeWindow: WINDOW_MILLISECONDS,
    store: storeOf(desk.rates),
    keyGenerator: (request: FastifyRequest) => whoCounts(desk, request),
    errorResponseBuilder: () => new BankError("TOO_MANY", "too many requests at once: ask again in a second"),
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
  });
}

type Counted = (error: Error | null, result?: { readonly current: number; readonly ttl: number }) => void;

/** What the plugin counts with: the counters of all threads instead of its own. */
function storeOf(rates: Rates) {
  return class Store {
    incr(who: string, counted: Counted): void {
      counted(null, { current: rates.count(who), ttl: WINDOW_MILLISECONDS });
    }

    child(): Store {
      return this;
    }
  };
}

function whoCounts(desk: Desk, request: FastifyRequest): string {
  const token = tokenOf(request);
  const session = token === null ? null : desk.tokens.known(token);
  return session === null ? request.ip : session.nonce;
}
