export { EVENT, EVENT_NAMES, NameServerCounters } from "./counters.ts";
export { RATE_LIMITS, type RateLimits } from "./limiter.ts";
export { nameServerMetricsPage } from "./metrics-page.ts";
export { RECURSION_LIMITS, type RecursionLimits } from "./recursion.ts";
export { NameServer, SERVER_SETTINGS, type ServerParts, type ServerSettings } from "./server.ts";
export { QueryThreads, type QueryThreadsParts } from "./threads.ts";
