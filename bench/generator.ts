/**
 * A load of UDP queries. Run by hand or by a benchmark, pinned to a core that the server has not:
 *
 *   taskset -c 1 node bench/generator.ts --port 5300 --queries FILE --rate 50000 --seconds 5
 *   taskset -c 1 node bench/generator.ts --port 5300 --queries FILE --outstanding 256 --seconds 5
 *
 * `--rate`: so many a second, whatever becomes of them. `--outstanding`: a new one for each that is answered, so as many as the server can
 * bear. FILE is in dnsperf's format; `--do` asks with EDNS and DO, `--clients N` from so many ports, `--times N` goes that often
 * through FILE and no more. `--go-on-later` is for a core that the server may use as well: what could not leave in time leaves later.
 *
 * Prints "sending" and at the end one line of JSON (`GeneratorResult`). With `--samples FILE` it leaves there, as numbers of eight
 * octets, when each query was due (milliseconds of the monotonic clock) and then how long each waited.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadBatchSystem } from "../net/index.ts";
import { Clients, CLIENTS_MAX, type Generated, type Generation } from "./generator-clients.ts";
import { type GeneratorResult, resultOf } from "./generator-result.ts";
import { messages, signedQueries } from "./queries.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    queries: { type: "string" },
    rate: { type: "string" },
    outstanding: { type: "string" },
    seconds: { type: "string", default: "5" },
    times: { type: "string" },
    clients: { type: "string", default: "16" },
    do: { type: "boolean", default: false },
    "go-on-later": { type: "boolean", default: false },
    samples: { type: "string" },
  },
});
const flow = flowAsked();
const clientCount = Number(values.clients);
const hasClients = Number.isInteger(clientCount) && clientCount >= 1 && clientCount <= CLIENTS_MAX;
if (values.port === undefined || values.queries === undefined || flow === null || !hasClients) {
  process.stderr.write(
    `usage: generator.ts --port PORT --queries FILE (--rate N | --outstanding N) [--seconds N] [--times N] [--clients 1-${CLIENTS_MAX}] [--do] [--go-on-later] [--samples FILE]\n`,
  );
  process.exit(64);
}
const system = await loadBatchSystem();
if (typeof system === "string") {
  process.stderr.write(`no load of UDP queries here: ${system}\n`);
  process.exit(2);
}
const list = readFileSync(values.queries, "utf8");
const queries = values.do ? signedQueries(list) : messages(list);
const clients = new Clients(system, { port: Number(values.port), queries, clients: clientCount, flow });
process.stdout.write("sending\n");
const before = process.cpuUsage();
const most = values.times === undefined ? Infinity : Number(values.times) * queries.length;
const generated: Generated = clients.run(1000 * Number(values.seconds), most);
const { user, system: inSystem } = process.cpuUsage(before);
if (values.samples !== undefined)
  writeFileSync(values.samples, Buffer.concat([bytes(generated.dueAt), bytes(generated.waited)]));
const result: GeneratorResult = resultOf(generated, user + inSystem);
process.stdout.write(`${JSON.stringify(result)}\n`);

/** Null when not just one of the two was asked for. */
function flowAsked(): Generation["flow"] | null {
  const { rate, outstanding } = values;
  if (rate !== undefined && outstanding === undefined)
    return {
      kind: "open",
      perSecond: Number(rate),
      whenHeldUp: values["go-on-later"] ? "go on later" : "catch up",
    };
  if (outstanding !== undefined && rate === undefined) return { kind: "closed", outstanding: Number(outstanding) };
  return null;
}

function bytes(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
