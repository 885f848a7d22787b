/** The thread that verifies a bank's books once, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, systemClock } from "../../base/index.ts";
import { openReader } from "../open-books.ts";
import type { Verdict } from "../store.ts";
import { type FromVerifier, isVerifierTask } from "./verifier-work.ts";
import { failedOf } from "./writer-work.ts";

const task: unknown = workerData;
const main = parentPort;
assert(main !== null && isVerifierTask(task), "this file is for a thread of verifier.ts");
const { database } = task;

async function verify(): Promise<Verdict> {
  const reader = await openReader(database, systemClock);
  try {
    return await reader.verify();
  } finally {
    await reader.close();
  }
}

const tell = (message: FromVerifier): void => main.postMessage(message);
verify().then(
  (verdict) => tell({ kind: "verdict", verdict }),
  (error: unknown) => tell({ kind: "failed", failed: failedOf(error) }),
);
