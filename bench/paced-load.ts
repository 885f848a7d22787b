/**
 * A load of UDP queries at a steady rate, whatever becomes of them. Run by hand or by a benchmark, pinned to a core that the server has not:
 *
 *   taskset -c 1 node bench/paced-load.ts --port 5300 --queries FILE --rate 50000 --seconds 5
 *
 * FILE is in dnsperf's format. Prints "sending" and at the end one line of JSON: sent, lost (without an answer for three seconds), p50, p99
 * and max in milliseconds, those of the lost among them.
 * With `--samples FILE` it leaves there, as numbers of eight octets, when each query was sent (milliseconds of the monotonic clock) and
 * then how long each waited.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadBatchSystem } from "../net/index.ts";
import { PacedLoad, type PacedResult, PATIENCE_MILLISECONDS } from "./paced-clients.ts";
import { percentile } from "./statistics.ts";
import { messages } from "./queries.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    queries: { type: "string" },
    rate: { type: "string", default: "50000" },
    seconds: { type: "string", default: "5" },
    samples: { type: "string" },
  },
});
if (values.port === undefined || values.queries === undefined) {
  process.stderr.write("usage: paced-load.ts --port PORT --queries FILE [--rate N] [--seconds N] [--samples FILE]\n");
  process.exit(64);
}
const system = await loadBatchSystem();
if (typeof system === "string") {
  process.stderr.write(`no steady load here: ${system}\n`);
  process.exit(2);
}
const queries = messages(readFileSync(values.queries, "utf8"));
const load = new PacedLoad(system, { port: Number(values.port), queries, perSecond: Number(values.rate) });
process.stdout.write("sending\n");
const { sentAt, waited }: PacedResult = load.run(1000 * Number(values.seconds));
if (values.samples !== undefined) writeFileSync(values.samples, Buffer.concat([bytes(sentAt), bytes(waited)]));
const sorted = waited.toSorted();
const lost = sorted.filter((milliseconds) => milliseconds === PATIENCE_MILLISECONDS).length;
const told = { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: sorted.at(-1) };
process.stdout.write(`${JSON.stringify({ sent: waited.length, lost, ...told })}\n`);

function bytes(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
