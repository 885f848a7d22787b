/** `strata resolver`: a caching resolver for stubs, until it is told to stop. */
import { createLog, systemFiles } from "../base/index.ts";
import { DNS_PORT } from "../net/index.ts";
import { readHints, type ZoneServers } from "../resolver/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT, UsageError } from "./failure.ts";
import { parseEndpointOrPort, parseListen, parsePort, parsePrefixes, parseThreads } from "./options-read.ts";
import type { Output } from "./output.ts";
import { aborted, stopSignal } from "./signals.ts";
import { readState } from "./state.ts";
import { startStub } from "./stub.ts";

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

export async function resolver(given: Arguments, output: Output): Promise<number> {
  const stop = stopSignal();
  const listen = parseListen(given.texts("listen"));
  if (listen.length === 0) throw new UsageError("where to listen is missing: --listen ADDR:PORT");
  const allow = given.texts("allow");
  const metrics = given.text("metrics");
  const threads = given.text("threads");
  const running = await startStub({
    listen,
    ...findRoot(given),
    allow: parsePrefixes("allow", allow.length > 0 ? allow : LOOPBACK),
    metrics: metrics === null ? null : parseEndpointOrPort("metrics", metrics),
    layerOf: () => null,
    threads: threads === null ? "auto" : parseThreads(threads),
    log: await createLog(given.text("log") ?? "warn"),
  });
  output.result("ready");
  await aborted(stop);
  await running.close();
  return EXIT.ok;
}

/** The root's servers and the port to ask: from the command line, else from a `strata up` beside us. */
function findRoot(given: Arguments): { readonly hints: ZoneServers; readonly port: number } {
  const file = given.text("hints");
  const portText = given.text("port");
  const port = portText === null ? null : parsePort("port", portText);
  if (file !== null) return { hints: readHints(systemFiles.read(file), file), port: port ?? DNS_PORT };
  const folder = given.text("state") ?? "";
  const beside = readState(systemFiles, folder);
  if (beside === null) {
    throw new UsageError(`the root's servers are missing: --hints FILE (no "strata up" has left any in ${folder})`);
  }
  return {
    hints: readHints(systemFiles.read(beside.hintsFile), beside.hintsFile),
    port: port ?? beside.state.port,
  };
}
