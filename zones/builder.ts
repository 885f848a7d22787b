/**
 * A builder: reads zones into regions that the control thread lends it, and writes their images, in a thread of its own. So
 * neither the control thread nor the query threads wait for a large zone.
 */
import { Worker } from "node:worker_threads";
import type { Building, BuildWish } from "./build.ts";
import { type FromBuilder, packDraft, packWish, type ToBuilder } from "./builder-work.ts";
import type { ImageDraft } from "./image.ts";

/** One thing at a time is asked of it. */
export interface ZoneBuilder {
  /** Rejects with a BuilderError when the builder ends before it is done. */
  build(wish: BuildWish): Promise<Building>;
  /** The zone asked for last, in another region; its files are not read again. */
  buildAgain(wish: BuildWish): Promise<Building>;
  /** Writes these images of zones that it has built. Resolves to what was wrong, or null. */
  keep(paths: readonly string[]): Promise<string | null>;
  keepDraft(draft: ImageDraft): Promise<string | null>;
  /** Ends it, whatever it is doing. */
  close(): Promise<void>;
}

/** "low" gives way to everything else on the machine. */
export type BuilderPriority = "normal" | "low";

export class BuilderError extends Error {
  readonly code = "BUILDER_ENDED";
}

/** The entry beside this file: a source in the repository, compiled in the package. */
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./builder-thread.ts" : "./builder-thread.js", import.meta.url);

interface Pending {
  readonly resolve: (message: FromBuilder) => void;
  readonly reject: (error: Error) => void;
}

export class ThreadBuilder implements ZoneBuilder {
  readonly #worker: Worker;
  #pending: Pending | null = null;
  /** Why it has ended. */
  #ended: BuilderError | null = null;

  constructor(priority: BuilderPriority) {
    const worker = new Worker(ENTRY, { workerData: { priority } });
    this.#worker = worker;
    worker.on("message", (message: FromBuilder) => {
      const pending = this.#pending;
      this.#pending = null;
      pending?.resolve(message);
    });
    worker.on("error", (error) => this.#end(new BuilderError(`the thread that reads it has failed: ${String(error)}`)));
    worker.on("exit", () => this.#end(new BuilderError("the thread that reads it has ended")));
  }

  build(wish: BuildWish): Promise<Building> {
    return this.#build(wish, false);
  }

  buildAgain(wish: BuildWish): Promise<Building> {
    return this.#build(wish, true);
  }

  keep(paths: readonly string[]): Promise<string | null> {
    return this.#keep({ kind: "keep", paths });
  }

  keepDraft(draft: ImageDraft): Promise<string | null> {
    return this.#keep({ kind: "keep-draft", draft: packDraft(draft) });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #build(wish: BuildWish, isAgain: boolean): Promise<Building> {
    const answer = await this.#ask({ kind: "build", wish: packWish(wish), isAgain });
    if (answer.kind !== "built") throw new BuilderError("the thread that reads it has lost its place");
    return answer.building;
  }

  async #keep(message: ToBuilder): Promise<string | null> {
    const answer = await this.#ask(message);
    return answer.kind === "kept" ? answer.problem : null;
  }

  #ask(message: ToBuilder): Promise<FromBuilder> {
    const { promise, resolve, reject } = Promise.withResolvers<FromBuilder>();
    if (this.#ended !== null) reject(this.#ended);
    else {
      this.#pending = { resolve, reject };
      this.#worker.postMessage(message);
    }
    return promise;
  }

  #end(error: BuilderError): void {
    this.#ended ??= error;
    this.#pending?.reject(this.#ended);
    this.#pending = null;
  }
}
