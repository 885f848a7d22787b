/** The figures of a caching resolver, for Prometheus. */
import { rcodeToText } from "../dns/index.ts";
import type { StubServer } from "./serve.ts";

/** One figure with its labels, as Prometheus knows them. */
export interface MetricSample {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function metricSamples(server: StubServer): MetricSample[] {
  const { counts, cache } = server.engine;
  const counter = (
    name: string,
    help: string,
    value: number,
    labels: Readonly<Record<string, string>> = {},
  ): MetricSample => ({ name: `strata_resolver_${name}`, help, kind: "counter", labels, value });
  const gauge = (name: string, help: string, value: number): MetricSample => ({
    ...counter(name, help, value),
    kind: "gauge",
  });
  return [
    counter("requests_total", "Requests received.", server.requests.udp + server.answersKept + server.answersAsked, {
      transport: "udp",
    }),
    counter("requests_total", "Requests received.", server.requests.tcp, { transport: "tcp" }),
    ...[...server.responsesSent].map(([rcode, value]) =>
      counter("responses_total", "Responses sent.", value, { rcode: rcodeToText(rcode) }),
    ),
    counter("answers_kept_total", "Of these, answers that query threads gave from memory.", server.answersKept),
    counter(
      "answers_asked_total",
      "Of these, answers that query threads asked for by themselves.",
      server.answersAsked,
    ),
    counter("refused_total", "Requests of clients that may not ask.", server.refused),
    counter("malformed_total", "Requests that were no DNS messages.", server.malformed),
    counter("overloaded_total", "Requests turned away because too many were being resolved.", server.overloaded),
    counter("faults_total", "Requests that a bug ended.", server.faults),
    gauge("pending", "Questions being resolved.", server.pending),
    counter("cache_hits_total", "Lookups the cache answered.", cache.counts.hits, { what: "records" }),
    counter("cache_hits_total", "Lookups the cache answered.", cache.counts.negativeHits, { what: "denial" }),
    counter("cache_hits_total", "Lookups the cache answered.", cache.counts.failureHits, { what: "failure" }),
    counter("cache_misses_total", "Lookups that had to be asked.", cache.counts.misses),
    gauge("cache_octets", "Octets the cache holds, roughly.", cache.octets),
    gauge("cache_entries", "Names in the cache.", cache.size),
    counter("upstream_messages_total", "Messages sent to servers.", counts.upstreamMessages),
    counter("upstream_tcp_total", "Of these over TCP.", counts.upstreamTcp),
    counter("upstream_timeouts_total", "Messages that were not answered in time.", counts.timeouts),
    counter("upstream_lame_total", "Servers that did not serve their zone.", counts.lame),
    counter("upstream_garbage_total", "Responses without sense.", counts.garbage),
    counter("upstream_plain_total", "Questions asked again without EDNS.", counts.plainFallbacks),
    counter("ignored_records_total", "RRsets in responses that were not believed.", counts.ignoredRecords),
    counter("refused_addresses_total", "Server addresses that were not asked.", counts.refusedAddresses),
    ...[...counts.bounds].map(([bound, value]) => counter("bounds_total", "Bounds that fired.", value, { bound })),
  ];
}

/** In Prometheus' text format (version 0.0.4), so that a resolver need not load a library to say some numbers. */
export function metricsText(samples: readonly MetricSample[]): string {
  const lines: string[] = [];
  let last = "";
  for (const { name, help, kind, labels, value } of samples) {
    if (name !== last) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    last = name;
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    lines.push(`${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`);
  }
  return `${lines.join("\n")}\n`;
}
