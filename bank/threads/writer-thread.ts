/** The thread that writes a bank's books: takes batches from every port that it is handed, and answers after the commit. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { assert, systemClock } from "../../base/index.ts";
import { openWriter } from "../open-books.ts";
import { failedOf, type FromWriter, isWriterTask, type ToWriter } from "./writer-work.ts";

const task: unknown = workerData;
assert(parentPort !== null && isWriterTask(task), "this file is for a thread of writer.ts");
const ledger = await openWriter(task.database, { clock: systemClock, epoch: task.epoch });

/** Answers to one port that are ready in one turn leave together. */
function serve(port: MessagePort): void {
  let ready: [number, FromWriter[number][1]][] = [];
  const answer = (id: number, outcome: FromWriter[number][1]): void => {
    if (ready.push([id, outcome]) > 1) return;
    queueMicrotask(() => {
      port.postMessage(ready);
      ready = [];
    });
  };
  port.on("message", (batch: ToWriter) => {
    for (const [id, request] of batch) {
      ledger.submit(request).then(
        (octets) => answer(id, octets),
        (error: unknown) => answer(id, failedOf(error)),
      );
    }
  });
}

parentPort.on("message", (message: MessagePort | "close") => {
  if (message !== "close") return serve(message);
  void ledger.close().finally(() => process.exit(0));
});
parentPort.postMessage("ready");
