import { expect, test } from "vitest";
import { nameServerMetricsPage, type TransportEvents, transportEvents } from "../../nameserver/index.ts";
import { BATCH_COUNT, BATCH_COUNTS, NetCounters } from "../../net/index.ts";
import { ask, serverOf, storeOf } from "../support/name-server.ts";

const zones = {
  "example.": "example. 300 SOA ns.example. admin.example. 7 3600 600 86400 60\nwww.example. 300 A 192.0.2.1",
};

test("what was asked and answered shows in the text that Prometheus reads", async () => {
  const { server } = serverOf(zones);
  ask(server, "www.example. A");
  ask(server, "www.example. A", { transport: "tcp" });
  ask(server, "nothing.example. AAAA");
  ask(server, "elsewhere. TYPE731");
  // Two threads, and what the control thread counts by itself.
  const threads = [new Float64Array(BATCH_COUNTS), new Float64Array(BATCH_COUNTS)];
  threads[0]![BATCH_COUNT.BATCHES] = 3;
  threads[1]![BATCH_COUNT.BATCHES] = 4;
  threads[1]![BATCH_COUNT.UNSENT] = 2;
  const net = new NetCounters();
  net.udpUnsentDropped = 3;
  const events = (): TransportEvents => transportEvents([net, new NetCounters()], threads);
  const text = await nameServerMetricsPage({ counters: server.counters, store: storeOf(zones), events })();
  for (const line of [
    'strata_transport_events_total{event="udp_batches"} 7',
    'strata_transport_events_total{event="udp_unsent"} 5',
    'strata_transport_events_total{event="udp_receive_errors"} 0',
    'strata_transport_events_total{event="tcp_malformed"} 0',
    'strata_requests_total{transport="udp"} 3',
    'strata_requests_total{transport="tcp"} 1',
    'strata_responses_by_rcode_total{rcode="NOERROR"} 2',
    'strata_responses_by_rcode_total{rcode="NXDOMAIN"} 1',
    'strata_responses_by_rcode_total{rcode="REFUSED"} 1',
    'strata_queries_by_type_total{type="A"} 2',
    'strata_queries_by_type_total{type="other"} 1',
    "strata_zones 1",
    'strata_zone_serial{zone="example."} 7',
  ]) {
    expect(text).toContain(line);
  }
});
