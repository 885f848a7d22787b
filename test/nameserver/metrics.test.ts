import { expect, test } from "vitest";
import { nameServerMetricsPage } from "../../nameserver/index.ts";
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
  const text = await nameServerMetricsPage(server.counters, storeOf(zones))();
  for (const line of [
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
