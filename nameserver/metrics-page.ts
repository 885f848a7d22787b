/** The metrics as Prometheus reads them, for whoever has an HTTP page to put them on. */
import type { Measured } from "./metrics.ts";

/** A page that is made anew at each call. prom-client is loaded with the first one: most servers are never asked. */
export function nameServerMetricsPage(measured: Measured): () => Promise<string> {
  let page: Promise<() => Promise<string>> | null = null;
  return async () => {
    page ??= openPage(measured);
    return (await page)();
  };
}

async function openPage(measured: Measured): Promise<() => Promise<string>> {
  const [{ Registry }, { registerNameServerMetrics }] = await Promise.all([
    import("prom-client"),
    import("./metrics.ts"),
  ]);
  const registry = new Registry();
  registerNameServerMetrics(registry, measured);
  return () => registry.metrics();
}
