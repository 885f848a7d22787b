/**
 * One query thread as the control thread sees it: begun, handed its sockets, replaced when it dies, and stopped. Its counts and its
 * sockets outlive it, so that the next one goes on where it ended.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Clock, Log, Timer } from "../../base/index.ts";
import { OPEN_PLACES } from "../thread-upstream.ts";
import type { Taken } from "../exchange.ts";
import { type HandedOn, readHandedOn } from "./handed-on.ts";
import {
  type FromThread,
  THREAD_SIGN,
  THREAD_SIGNS,
  type StreamsWork,
  type ThreadWork,
  type ToThread,
} from "./work.ts";

export interface KeeperParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly index: number;
  readonly batchCounts: number;
  /** What stays the same for each thread that takes this place. */
  readonly work: Omit<ThreadWork, "task" | "news" | "batchCounts" | "signs" | "streams" | "open">;
  /** The module that the thread runs; it calls `runQueryThread`. */
  readonly entry: URL;
  /** What the entry is given; asked for whenever a thread starts. Can be posted. */
  readonly task: () => unknown;
  /** For a thread that serves streams. */
  readonly streams: KeptStreams | null;
  readonly onHandedOn: (handed: HandedOn, keeper: ThreadKeeper) => void;
  /** The entry has told something. */
  readonly onTold: (octets: Uint8Array) => void;
  /** Closes what a thread that died had open for asking servers. */
  readonly closeLeft: (open: Int32Array) => void;
  readonly onAsked: (asked: Asked, keeper: ThreadKeeper) => void;
}

/** A request of a thread that sends the response itself. */
export type Asked = Extract<FromThread, { kind: "asked" }>;

export interface KeptStreams {
  readonly work: Omit<StreamsWork, "responses">;
  /** Something was left for the thread. */
  readonly wake: () => void;
  /** The thread has ended; what it had open is open still. */
  readonly onEnded: () => void;
}

/**
 * A thread that dies sooner than this after its start is replaced after as long. No longer: what comes to its sockets waits
 * meanwhile, and a start a second takes a tenth of a core.
 */
const SETTLED_MILLISECONDS = 1000;
const STOPPED = "a query thread was stopped before it answered";

export class ThreadKeeper {
  /** Who waits for what was sent to be taken, by the id of the request. */
  readonly #untaken = new Map<number, Taken>();
  readonly batchCounts: Float64Array;
  readonly #parts: KeeperParts;
  readonly #batchMemory: SharedArrayBuffer;
  readonly #signMemory = new SharedArrayBuffer(4 * THREAD_SIGNS);
  readonly #signs = new Int32Array(this.#signMemory);
  readonly #open: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4 * OPEN_PLACES));
  #worker: Worker | null = null;
  #news: MessagePort | null = null;
  #responses: MessagePort | null = null;
  #serve: Extract<ToThread, { kind: "serve" }> | null = null;
  #onReady: () => void = () => undefined;
  #onServing: () => void = () => undefined;
  #onFailed: (error: Error) => void = () => undefined;
  #onEnded: () => void = () => undefined;
  #restart: Timer | null = null;
  #isStopping = false;
  #isServing = false;
  /** Somebody waits until it can serve. */
  #isAwaited = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#batchMemory = new SharedArrayBuffer(8 * parts.batchCounts);
    this.batchCounts = new Float64Array(this.#batchMemory);
  }

  get isRunning(): boolean {
    return this.#worker !== null;
  }

  /** Starts the thread, which can then warm up. Once. */
  begin(): void {
    if (this.#worker === null && !this.#isStopping) this.#start();
  }

  /** Starts the thread; resolves when it could serve without delay. */
  ready(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#isAwaited = true;
    this.#onReady = resolve;
    this.#onFailed = reject;
    if (this.#isStopping) reject(new Error(STOPPED));
    else this.begin();
    return promise;
  }

  /** Resolves when the thread answers at what it is given. */
  serve(message: Extract<ToThread, { kind: "serve" }>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#serve = message;
    this.#isAwaited = true;
    this.#onServing = resolve;
    this.#onFailed = reject;
    this.#worker?.postMessage(message);
    return promise;
  }

  /** Tells the thread's entry, which takes it in the order in which it was told. */
  tell(news: unknown): void {
    this.#news?.postMessage(news);
    // A thread that serves batches looks by itself, and would never read this.
    if (this.#parts.work.transport === "dgram") this.#worker?.postMessage({ kind: "news" } satisfies ToThread);
  }

  /** `taken` is told when it is taken; null: nobody waits for that. */
  respond(message: Extract<ToThread, { kind: "response" }>, taken: Taken | null): void {
    if (taken !== null) {
      if (this.#worker === null) {
        taken(false);
        return;
      }
      this.#untaken.set(message.id, taken);
    }
    if (this.#responses === null) this.#worker?.postMessage(message);
    else this.#responses.postMessage(message);
    this.#parts.streams?.wake();
  }

  /** Lets the thread answer what has come. Resolves when it has ended; after `drainMilliseconds` it is ended. */
  async stop(drainMilliseconds: number): Promise<void> {
    this.#isStopping = true;
    this.#restart?.cancel();
    const worker = this.#worker;
    if (worker === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEnded = resolve;
    Atomics.store(this.#signs, THREAD_SIGN.STOP, 1);
    worker.postMessage({ kind: "stop" } satisfies ToThread);
    this.#parts.streams?.wake();
    if (this.#serve === null) void worker.terminate();
    const timer = this.#parts.clock.after(drainMilliseconds, () => void worker.terminate());
    await promise;
    timer.cancel();
  }

  /** Ends the thread as a fault would. For tests of what that costs. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): void {
    const { clock, work, entry, task, streams } = this.#parts;
    const began = clock.now();
    const { port1, port2 } = new MessageChannel();
    const responses = streams === null ? null : new MessageChannel();
    const workerData: ThreadWork = {
      ...work,
      task: task(),
      news: port2,
      batchCounts: this.#batchMemory,
      signs: this.#signMemory,
      open: this.#open.buffer,
      streams: streams === null || responses === null ? null : { ...streams.work, responses: responses.port2 },
    };
    Atomics.store(this.#signs, THREAD_SIGN.HANDED_ON, 0);
    const worker = new Worker(entry, {
      workerData,
      transferList: responses === null ? [port2] : [port2, responses.port2],
    });
    port1.unref();
    responses?.port1.unref();
    this.#responses = responses?.port1 ?? null;
    this.#worker = worker;
    this.#news = port1;
    if (this.#serve !== null) worker.postMessage(this.#serve);
    worker.on("message", (message: FromThread) => this.#hear(message));
    worker.on("error", (error) => this.#fault({ error: String(error) }, "a query thread has failed"));
    worker.on("exit", () => this.#ended(began));
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case "ready":
        this.#onReady();
        break;
      case "serving":
        this.#isServing = true;
        this.#onServing();
        break;
      case "fault":
        this.#fault({ error: message.error, faults: message.faults }, "a request could not be handled");
        break;
      case "told":
        this.#parts.onTold(message.octets);
        break;
      case "taken":
        this.#taken(message.id, message.isOpen);
        break;
      case "handed-on":
        Atomics.sub(this.#signs, THREAD_SIGN.HANDED_ON, message.count);
        readHandedOn(message.requests, (handed) => this.#parts.onHandedOn(handed, this));
        break;
      case "asked":
        Atomics.sub(this.#signs, THREAD_SIGN.HANDED_ON, 1);
        this.#parts.onAsked(message, this);
    }
  }

  #taken(id: number, isOpen: boolean): void {
    const taken = this.#untaken.get(id);
    this.#untaken.delete(id);
    taken?.(isOpen);
  }

  #fault(about: Readonly<Record<string, unknown>>, words: string): void {
    this.#parts.log.error({ thread: this.#parts.index, ...about }, words);
  }

  #ended(began: number): void {
    const { clock } = this.#parts;
    this.#news?.close();
    this.#responses?.close();
    this.#worker = null;
    this.#news = null;
    this.#responses = null;
    for (const id of [...this.#untaken.keys()]) this.#taken(id, false);
    this.#parts.streams?.onEnded();
    this.#parts.closeLeft(this.#open);
    this.#onEnded();
    if (this.#isAwaited && !this.#isServing) {
      this.#onFailed(new Error(this.#isStopping ? STOPPED : "a query thread ended before it answered"));
      return;
    }
    if (this.#isStopping) return;
    this.#fault({}, "a query thread has ended and is replaced");
    const soon = clock.now() - began < SETTLED_MILLISECONDS;
    if (soon) this.#restart = clock.after(SETTLED_MILLISECONDS, () => this.#start());
    else this.#start();
  }
}
