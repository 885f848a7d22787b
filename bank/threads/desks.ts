/** The threads that take a bank's requests, as the main thread sees them: begun, begun again when one dies, and stopped. */
import { Worker } from "node:worker_threads";
import type { Clock, Log } from "../../base/index.ts";
import { BankError } from "../error.ts";
import type { DeskTask, FromDesk } from "./desk-work.ts";
import type { Writer } from "./writer.ts";

/** The entry beside this file: a source in the repository, compiled in the package. */
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./desk-thread.ts" : "./desk-thread.js", import.meta.url);
const AGAIN_AFTER_MILLISECONDS = 200;

export interface DesksParts {
  readonly task: DeskTask;
  readonly threads: number;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
}

export class Desks {
  readonly #parts: DesksParts;
  readonly #workers: (Worker | null)[] = [];
  #task: DeskTask;
  #isClosed = false;

  private constructor(parts: DesksParts) {
    this.#parts = parts;
    this.#task = parts.task;
  }

  /** Resolves when all listen. Throws BankError "STORE". */
  static async start(parts: DesksParts): Promise<Desks> {
    const desks = new Desks(parts);
    try {
      // The first finds the port where any will do, the others share it.
      for (let index = 0; index < parts.threads; index++) {
        const port = await desks.#begin(index);
        desks.#task = { ...desks.#task, endpoint: { ...desks.#task.endpoint, port } };
      }
      return desks;
    } catch (error) {
      await desks.close();
      throw error;
    }
  }

  get port(): number {
    return this.#task.endpoint.port;
  }

  /** Requests under way are answered first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = this.#workers.flatMap((worker) => (worker === null ? [] : [worker]));
    await Promise.all(
      running.map(async (worker) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        worker.once("exit", () => resolve());
        worker.postMessage({ kind: "close" });
        await promise;
      }),
    );
  }

  /** Resolves to the port it listens at. */
  #begin(index: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const worker = new Worker(ENTRY, { workerData: this.#task });
    this.#workers[index] = worker;
    this.#parts.writer.connect((port) => {
      if (this.#workers[index] === worker) worker.postMessage({ kind: "writer", port }, [port]);
      else port.close();
    });
    let isListening = false;
    worker.on("message", (message: FromDesk) => {
      isListening = message.kind === "listening";
      if (message.kind === "listening") resolve(message.port);
      else reject(new BankError("STORE", message.message));
    });
    let reason = "it has ended";
    worker.on("error", (error) => (reason = String(error)));
    worker.once("exit", () => {
      this.#workers[index] = null;
      reject(new BankError("STORE", `a thread that takes requests could not be begun: ${reason}`));
      if (this.#isClosed || !isListening) return;
      this.#parts.log.error({ reason }, "a thread that takes requests has died; another is begun");
      this.#parts.clock.after(AGAIN_AFTER_MILLISECONDS, () => {
        if (this.#isClosed) return;
        this.#begin(index).catch((error: unknown) =>
          this.#parts.log.error({ error: String(error) }, "it could not be begun"),
        );
      });
    });
    return promise;
  }
}
