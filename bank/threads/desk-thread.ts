/** A thread that takes requests over HTTPS: several listen at one address, and the system gives each connection to one of them. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, createLog, systemClock, systemRandom } from "../../base/index.ts";
import { createBankApp } from "../http/app.ts";
import { openReader } from "../open-books.ts";
import type { Verdict } from "../store.ts";
import { type FromDesk, isDeskTask, type ToDesk } from "./desk-work.ts";
import { PortLedger } from "./port-ledger.ts";
import { verifyApart } from "./verifier.ts";

const given: unknown = workerData;
const main = parentPort;
assert(main !== null && isDeskTask(given), "this file is for a thread of desks.ts");
const task = given;
const tell = (message: FromDesk): void => main.postMessage(message);

let ledger: PortLedger | null = null;
let close: (() => Promise<void>) | null = null;

async function listen(first: PortLedger): Promise<void> {
  const { tls, endpoint, database } = task;
  const reader = await openReader(database, systemClock);
  const log = await createLog(task.log);
  const verify = (): Promise<Verdict> => verifyApart(database);
  const parts = { ...task, ledger: first, reader, clock: systemClock, random: systemRandom, log, verify };
  const app = createBankApp(parts, tls);
  close = async () => {
    await app.close();
    await reader.close();
    first.close();
  };
  // Fastify passes what it does not know on to the server's listen().
  const options = { host: endpoint.address, port: endpoint.port, reusePort: true };
  await app.listen(options);
  const bound = app.server.address();
  tell({ kind: "listening", port: typeof bound === "object" && bound !== null ? bound.port : endpoint.port });
}

main.on("message", (message: ToDesk) => {
  if (message.kind === "close") {
    void (close?.() ?? Promise.resolve()).finally(() => process.exit(0));
  } else if (ledger !== null) {
    ledger.renew(message.port);
  } else {
    ledger = new PortLedger(message.port, systemClock);
    listen(ledger).catch((error: unknown) => tell({ kind: "failed", message: String(error) }));
  }
});
