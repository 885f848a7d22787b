export type { Control, ControlHandler, ControlRequest, Reply } from "./control.ts";
export { EVENT, EVENT_NAMES, NameServerCounters } from "./counters.ts";
export { RATE_LIMITS, type RateLimits } from "./limiter.ts";
export { nameServerMetricsPage } from "./metrics-page.ts";
export { RECURSION_LIMITS, type RecursionLimits } from "./recursion.ts";
export { NameServer, type ServerParts } from "./server.ts";
export { SERVER_SETTINGS, type ServerSettings } from "./settings.ts";
export { type NameServerThreadsParts, startThreads } from "./threads.ts";
export { type TransportEvents, transportEvents } from "./transport-events.ts";
