/** The metrics as Prometheus reads them, for whoever has an HTTP page to put them on. */
import { Registry } from "prom-client";
import type { ZoneStore } from "../zones/index.ts";
import type { NameServerCounters } from "./counters.ts";
import { registerNameServerMetrics } from "./metrics.ts";

/** A page that is made anew at each call. */
export function nameServerMetricsPage(counters: NameServerCounters, store: ZoneStore): () => Promise<string> {
  const registry = new Registry();
  registerNameServerMetrics(registry, counters, store);
  return () => registry.metrics();
}
