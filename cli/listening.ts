/** A Handler put on the network: UDP and TCP on every endpoint, all or none, and their orderly end. */
import { type Log, systemClock } from "../base/index.ts";
import {
  type Endpoint,
  type Handler,
  type HttpListener,
  type HttpPage,
  type Listener,
  listenHttp,
  type ListenLimits,
  type ListenParts,
  listenTcp,
  listenUdp,
  NetCounters,
  type Transport,
} from "../net/index.ts";

export interface Listening {
  /** Drains every listener. */
  close(): Promise<void>;
}

export interface ListenWork {
  readonly endpoints: readonly Endpoint[];
  readonly handler: Handler;
  readonly log: Log;
  readonly counters?: NetCounters;
  readonly limits?: Partial<ListenLimits>;
  /** Somebody else answers over UDP, or over both, at these endpoints. */
  readonly elsewhere?: readonly Transport[];
}

/** Throws ListenError when one endpoint is not to be had; those that were opened are closed again. */
export async function listen(work: ListenWork): Promise<Listening> {
  const { endpoints, handler, log, counters = new NetCounters(), limits, elsewhere = [] } = work;
  const parts: ListenParts = { clock: systemClock, log, counters, ...(limits === undefined ? {} : { limits }) };
  const opened = await Promise.allSettled(
    endpoints.flatMap((endpoint) => [
      ...(elsewhere.includes("udp") ? [] : [listenUdp(endpoint, handler, parts)]),
      ...(elsewhere.includes("tcp") ? [] : [listenTcp(endpoint, handler, parts)]),
    ]),
  );
  const listeners = opened.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const close = (): Promise<void> => closeAll(listeners);
  const failed = opened.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return { close };
  await close();
  throw failed.reason;
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
}

/** Metrics and the health check, or null when nobody asked for them. Throws ListenError. */
export async function listenForMetrics(
  endpoint: Endpoint | null,
  metrics: () => string | Promise<string>,
  log: Log,
): Promise<HttpListener | null> {
  if (endpoint === null) return null;
  const pages: HttpPage[] = [
    { path: "/metrics", body: async () => ({ status: 200, contentType: METRICS_TYPE, text: await metrics() }) },
    { path: "/health", body: () => ({ status: 200, contentType: "text/plain", text: "ok\n" }) },
  ];
  return listenHttp(endpoint, pages, { log });
}

/** The text format of Prometheus. */
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
