/** The metrics as Prometheus reads them, for whoever has an HTTP page to put them on. */
import type { ZoneStore } from "../zones/index.ts";
import type { NameServerCounters } from "./counters.ts";

/** A page that is made anew at each call. prom-client is loaded with the first one: most servers are never asked. */
export function nameServerMetricsPage(counters: NameServerCounters, store: ZoneStore): () => Promise<string> {
  let page: Promise<() => Promise<string>> | null = null;
  return async () => {
    page ??= openPage(counters, store);
    return (await page)();
  };
}

async function openPage(counters: NameServerCounters, store: ZoneStore): Promise<() => Promise<string>> {
  const [{ Registry }, { registerNameServerMetrics }] = await Promise.all([
    import("prom-client"),
    import("./metrics.ts"),
  ]);
  const registry = new Registry();
  registerNameServerMetrics(registry, counters, store);
  return () => registry.metrics();
}
