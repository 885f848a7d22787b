/** The writer of a bank's books as the main thread sees it: begun, begun again when it dies, and stopped. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Clock, Log } from "../../base/index.ts";
import { BankError } from "../error.ts";
import { PortLedger } from "./port-ledger.ts";
import type { WriterTask } from "./writer-work.ts";

/** The entry beside this file: a source in the repository, compiled in the package. */
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./writer-thread.ts" : "./writer-thread.js", import.meta.url);
const AGAIN_AFTER_MILLISECONDS = 200;

export interface WriterParts {
  readonly task: WriterTask;
  readonly clock: Clock;
  readonly log: Log;
}

export class Writer {
  readonly #parts: WriterParts;
  /** Told of each way to the writer: the first, and one more whenever it had to be begun again. */
  readonly #askers: ((port: MessagePort) => void)[] = [];
  #worker: Worker | null = null;
  #isClosed = false;

  private constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Resolves when it has the database. Throws BankError "STORE". */
  static async start(parts: WriterParts): Promise<Writer> {
    const writer = new Writer(parts);
    await writer.#begin();
    return writer;
  }

  /** A way to the writer; `onPort` is called at once, and again whenever it has changed. */
  connect(onPort: (port: MessagePort) => void): void {
    this.#askers.push(onPort);
    this.#open(onPort);
  }

  /** The ledger for this thread. */
  ledger(): PortLedger {
    let ledger: PortLedger | null = null;
    this.connect((port) => {
      if (ledger === null) ledger = new PortLedger(port, this.#parts.clock);
      else ledger.renew(port);
    });
    return ledger!;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    worker.once("exit", () => resolve());
    worker.postMessage("close");
    await promise;
  }

  #begin(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const worker = new Worker(ENTRY, { workerData: this.#parts.task });
    let failure: unknown = null;
    worker.once("message", () => {
      this.#worker = worker;
      resolve();
      for (const asker of this.#askers) this.#open(asker);
    });
    worker.on("error", (error) => (failure = error));
    worker.once("exit", () => {
      const isOurs = this.#worker === worker;
      if (isOurs) this.#worker = null;
      const why = failure instanceof Error ? failure.message : "the thread that writes has ended";
      reject(new BankError("STORE", why, { cause: failure }));
      if (isOurs && !this.#isClosed) this.#beginAgain(why);
    });
    return promise;
  }

  #beginAgain(reason: string): void {
    this.#parts.log.error({ reason }, "the thread that writes the books has died; another is begun");
    const again = (): void => {
      if (this.#isClosed) return;
      this.#begin().catch((error: unknown) => {
        this.#parts.log.error({ reason: String(error) }, "the books cannot be written");
        this.#parts.clock.after(AGAIN_AFTER_MILLISECONDS, again);
      });
    };
    this.#parts.clock.after(AGAIN_AFTER_MILLISECONDS, again);
  }

  #open(onPort: (port: MessagePort) => void): void {
    const { port1, port2 } = new MessageChannel();
    // Without a writer what is sent waits in the port; the next writer has one of its own, and renew() tells who waited.
    this.#worker?.postMessage(port2, [port2]);
    onPort(port1);
  }
}
