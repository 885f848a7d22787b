/** How much one session may ask in a second, or one address where there is no session: whoever makes up tokens is counted as an address. */
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { BankError } from "../error.ts";
import { tokenOf } from "./gate.ts";
import type { Desk } from "./parts.ts";

const WINDOW_MILLISECONDS = 1000;
/** Sessions and addresses that are counted at once. */
const COUNTED_MAX = 20_000;

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
    cache: COUNTED_MAX,
    keyGenerator: (request: FastifyRequest) => whoCounts(desk, request),
    errorResponseBuilder: () => new BankError("TOO_MANY", "too many requests at once: ask again in a second"),
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
  });
}

function whoCounts(desk: Desk, request: FastifyRequest): string {
  const token = tokenOf(request);
  const session = token === null ? null : desk.tokens.known(token);
  return session === null ? request.ip : session.nonce;
}
