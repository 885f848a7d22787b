/**
 * A load of TCP queries. Run by hand or by a benchmark, pinned to the core that the server has not:
 *
 *   taskset -c 1 node bench/tcp-load.ts --port 5300 --queries FILE --seconds 5 --mode long --connections 100 --window 10
 *
 * `--mode long`: connections that stay, each with a window of queries in flight (RFC 7766 §6.2.1.1). `--mode short`: each connection
 * asks one question, reads the response and is closed. FILE is in dnsperf's format. Prints one line of JSON: queries, seconds,
 * perSecond, failed, connections, and p50, p99 in microseconds; from the first octet of a query (short: from connecting) to the response.
 *
 * Connections come from many addresses of 127/8, because servers bound the connections of one client and a port that was used is
 * not to be had again for a minute.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { TcpLoad, type TcpLoadResult } from "./tcp-clients.ts";
import { Epoll, loadStreamSystem } from "../net/index.ts";
import { framedQueries } from "./queries.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    queries: { type: "string" },
    seconds: { type: "string", default: "5" },
    mode: { type: "string", default: "long" },
    connections: { type: "string", default: "100" },
    window: { type: "string", default: "10" },
  },
});
if (values.port === undefined || values.queries === undefined || !["long", "short"].includes(values.mode)) {
  process.stderr.write(
    "usage: tcp-load.ts --port PORT --queries FILE [--mode long|short] [--connections N] [--window N]\n",
  );
  process.exit(64);
}
const system = await loadStreamSystem();
if (typeof system === "string") {
  process.stderr.write(`no load of TCP queries here: ${system}\n`);
  process.exit(2);
}
const connections = Number(values.connections);
const load = new TcpLoad(system, new Epoll(system, 1024), {
  port: Number(values.port),
  queries: framedQueries(readFileSync(values.queries, "utf8")),
  mode: values.mode === "long" ? "long" : "short",
  connections,
  window: values.mode === "long" ? Number(values.window) : 1,
});
const result: TcpLoadResult = load.run(1000 * Number(values.seconds));
process.stdout.write(`${JSON.stringify(result)}\n`);
