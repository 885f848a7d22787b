/**
 * The counters under names, for Prometheus (prom-client). The query path never meets prom-client: the counters are read
 * when somebody looks.
 */
import { Counter, Gauge, type Registry } from "prom-client";
import { rcodeToText, typeToText } from "../dns/index.ts";
import type { ZoneStore } from "../zones/index.ts";
import { EVENT_NAMES, type NameServerCounters, OTHER_TYPES, TRANSPORT_NAMES } from "./counters.ts";
import type { TransportEvents } from "./transport-events.ts";

export interface Measured {
  readonly counters: NameServerCounters;
  readonly store: ZoneStore;
  readonly events: () => TransportEvents;
}

/** Registers the name server's metrics; they are read from the counters at each collection. */
export function registerNameServerMetrics(registry: Registry, { counters, store, events }: Measured): void {
  collect(registry, {
    name: "strata_requests_total",
    help: "Requests that came, by transport.",
    label: "transport",
    values: () => counters.total().requests,
    nameOf: (index) => TRANSPORT_NAMES[index] ?? String(index),
  });
  collect(registry, {
    name: "strata_responses_total",
    help: "Responses sent at once, by transport.",
    label: "transport",
    values: () => counters.total().responses,
    nameOf: (index) => TRANSPORT_NAMES[index] ?? String(index),
  });
  collect(registry, {
    name: "strata_response_octets_total",
    help: "Octets of those responses.",
    label: "transport",
    values: () => counters.total().responseOctets,
    nameOf: (index) => TRANSPORT_NAMES[index] ?? String(index),
  });
  collect(registry, {
    name: "strata_responses_by_rcode_total",
    help: "Responses by RCODE.",
    label: "rcode",
    values: () => counters.total().rcodes,
    nameOf: (index) => rcodeToText(index),
  });
  collect(registry, {
    name: "strata_queries_by_type_total",
    help: "Queries by QTYPE.",
    label: "type",
    values: () => counters.total().types,
    nameOf: (index) => (index === OTHER_TYPES ? "other" : typeToText(index)),
  });
  collect(registry, {
    name: "strata_events_total",
    help: "What happened on the query path, and which bound fired.",
    label: "event",
    values: () => counters.total().events,
    nameOf: (index) => EVENT_NAMES[index] ?? String(index),
  });
  registerTransportMetrics(registry, events);
  registerZoneMetrics(registry, store);
}

/** Each of them shows from the start, so that an alarm can be set on what has not happened yet. */
function registerTransportMetrics(registry: Registry, events: () => TransportEvents): void {
  new Counter({
    name: "strata_transport_events_total",
    help: "What happened to datagrams and connections, and which bound of a transport fired.",
    labelNames: ["event"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [event, count] of Object.entries(events())) this.inc({ event }, count);
    },
  });
}

function registerZoneMetrics(registry: Registry, store: ZoneStore): void {
  new Gauge({
    name: "strata_zones",
    help: "Zones being served.",
    registers: [registry],
    collect() {
      this.set([...store.zones()].length);
    },
  });
  new Gauge({
    name: "strata_zone_serial",
    help: "The serial of each zone that is served.",
    labelNames: ["zone"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { apex, serial } of store.zones()) this.set({ zone: apex.toString() }, serial);
    },
  });
}

interface Collected {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly values: () => Float64Array;
  readonly nameOf: (index: number) => string;
}

/** Places that nothing was counted in are left out, but for the first, so that a metric always shows. */
function collect(registry: Registry, { name, help, label, values, nameOf }: Collected): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      values().forEach((value, index) => {
        if (value > 0 || index === 0) this.inc({ [label]: nameOf(index) }, value);
      });
    },
  });
}
