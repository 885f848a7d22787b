/** Works a bank's books out again in a thread of its own, for as long as that takes, while others go on with what they do. */
import { Worker } from "node:worker_threads";
import { BankError } from "../error.ts";
import type { Verdict } from "../store.ts";
import type { FromVerifier } from "./verifier-work.ts";

/** The entry beside this file: a source in the repository, compiled in the package. */
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./verify-thread.ts" : "./verify-thread.js", import.meta.url);

/** Of a database as `openReader` takes it. Throws BankError "STORE". */
export function verifyApart(database: string): Promise<Verdict> {
  const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
  const worker = new Worker(ENTRY, { workerData: { database } });
  worker.once("message", (message: FromVerifier) => {
    if (message.kind === "verdict") resolve(message.verdict);
    else reject(new BankError(message.failed.code, message.failed.message));
  });
  worker.once("error", (error) => reject(new BankError("STORE", `the books cannot be verified: ${String(error)}`)));
  worker.once("exit", () => reject(new BankError("STORE", "the thread that verifies the books has ended")));
  return promise;
}
