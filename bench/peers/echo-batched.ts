/**
 * The floor under our UDP: a query thread's own transport with nothing behind it, in a worker as a query thread is. What it costs is the
 * system's share and the calls'. Run: echo-batched.ts PORT
 */
import { isMainThread, Worker, workerData } from "node:worker_threads";
import {
  BATCH_COUNTS,
  BatchServer,
  type BatchSocket,
  type Handler,
  loadBatchSystem,
  openBatchSocket,
} from "../../net/index.ts";
import { echo } from "./echo.ts";

const BUFFER_OCTETS = 4 * 2 ** 20;
const IDLE_MILLISECONDS = 250;

const system = await loadBatchSystem();
if (typeof system === "string") throw new Error(`no batches here: ${system}`);
if (isMainThread) {
  const socket = openBatchSocket(
    system,
    { address: "127.0.0.1", port: Number(process.argv[2]) },
    { receiveBufferOctets: BUFFER_OCTETS, sendBufferOctets: BUFFER_OCTETS, idleMilliseconds: IDLE_MILLISECONDS },
  );
  new Worker(new URL(import.meta.url), { workerData: socket });
} else {
  const handler: Handler = {
    handle(request, response) {
      response.set(request);
      return echo(response, request.length);
    },
  };
  // Made by the main thread above.
  const socket = workerData as BatchSocket;
  const batches = new BatchServer(system, [socket], {
    handler,
    counts: new Float64Array(BATCH_COUNTS),
    responseOctets: 1232,
    onLater: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  for (;;) batches.turn(IDLE_MILLISECONDS);
}
