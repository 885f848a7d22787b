/**
 * A query thread, from inside: it answers by the handler that its entry makes, datagrams that come in batches to sockets which the
 * control thread has opened, or to a socket of its own where batches are not to be had, or TCP. What the handler leaves for LATER goes to the
 * control thread. The entry is a module that calls `runQueryThread` and nothing else; `query-threads.ts` starts it.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { assert, silentLog, systemClock } from "../../base/index.ts";
import { BATCH_COUNT, BatchServer } from "../batch.ts";
import type { BatchSender, BatchSocket } from "../batch-socket.ts";
import { loadBatchSystem } from "../batch-system.ts";
import { type Endpoint, type Handler, LATER, type Later } from "../exchange.ts";
import { type Listener, NetCounters } from "../listener.ts";
import type { StreamSocket } from "../stream-socket.ts";
import { loadStreamSystem } from "../stream-system.ts";
import { listenUdp } from "../udp-listen.ts";
import { type AskerTools, type ThreadAsker, ThreadAsking, type ThreadAskingParts } from "./asking.ts";
import { HandingOn } from "./handed-on.ts";
import { respondTo, serveStreams } from "./streams.ts";
import {
  type FromThread,
  HANDED_ON_MAX,
  type StreamsWork,
  THREAD_SIGN,
  type ThreadWork,
  type ToThread,
} from "./work.ts";

/** What an entry makes of its task. */
export interface ThreadServer {
  readonly handler: Handler;
  /** Called after each turn with how many requests it brought; 0 when none came for a while. */
  readonly afterTurn: (count: number) => void;
  /** The control thread has told something; also called when it has not. */
  readonly onNews: () => void;
  /** For an entry that asks servers about what its handler leaves for LATER; only where there are batches. */
  readonly asker?: (tools: AskerTools) => ThreadAsker;
}

/** What the control thread told next; undefined when it told nothing more. */
export type NextNews = () => unknown;

class QueryThread {
  readonly #work: ThreadWork;
  readonly #server: ThreadServer;
  readonly #signs: Int32Array;

  constructor(work: ThreadWork, server: ThreadServer) {
    this.#work = work;
    this.#server = server;
    this.#signs = new Int32Array(work.signs);
  }

  /** Answers until it is told to stop; this thread does nothing else meanwhile, and hears nothing but signs. */
  async serveBatches(sockets: readonly BatchSocket[]): Promise<void> {
    const system = await loadBatchSystem();
    assert(typeof system !== "string", "the control thread has loaded the same");
    const counts = new Float64Array(this.#work.batchCounts);
    const handingOn = new HandingOn();
    const { handler, afterTurn } = this.#server;
    const { responseOctets } = this.#work;
    const handOneOn = (request: Uint8Array, from: BatchSender, socket: number): void => {
      if (this.#mayHandOn()) handingOn.add(request, from, socket);
      else counts[BATCH_COUNT.UNSENT]!++;
    };
    const asking = await this.#openAsking({ batches: system, sockets, counts, responseOctets, handOn: handOneOn });
    const batches = new BatchServer(system, sockets, {
      handler,
      counts,
      responseOctets,
      onLater: (request, from, socket) => {
        if (asking === null || !asking.asker.take(request, from, socket)) handOneOn(request, from, socket);
      },
      onFault: (error) => reportFault(error, counts[BATCH_COUNT.FAULTS]!),
    });
    const handOn = (): void => {
      const { count } = handingOn;
      if (count > 0) post({ kind: "handed-on", count, requests: handingOn.take() });
    };
    post({ kind: "serving" });
    const { idleMilliseconds } = this.#work;
    while (Atomics.load(this.#signs, THREAD_SIGN.STOP) === 0) {
      const count = asking?.isWaiting === true ? turnBeside(asking, batches) : batches.turn(idleMilliseconds);
      asking?.endTurn();
      handOn();
      afterTurn(count);
    }
    while (batches.turnNow() > 0) handOn();
    asking?.close();
    handOn();
  }

  async #openAsking(parts: Omit<ThreadAskingParts, "open" | "tell">): Promise<ThreadAsking | null> {
    const { asker } = this.#server;
    if (asker === undefined) return null;
    const open = new Int32Array(this.#work.open);
    const tell = (octets: Uint8Array): void => post({ kind: "told", octets });
    return ThreadAsking.open({ ...parts, open, tell }, asker);
  }

  #mayHandOn(): boolean {
    if (Atomics.load(this.#signs, THREAD_SIGN.HANDED_ON) >= HANDED_ON_MAX) return false;
    Atomics.add(this.#signs, THREAD_SIGN.HANDED_ON, 1);
    return true;
  }

  /** Serves TCP until it is told to stop; this thread does nothing else meanwhile. */
  async serveStreams(listeners: readonly StreamSocket[], work: StreamsWork): Promise<void> {
    const system = await loadStreamSystem();
    assert(typeof system !== "string", "the control thread has loaded the same");
    const { handler, waiting } = this.#askingHandler();
    post({ kind: "serving" });
    serveStreams(listeners, {
      system,
      work,
      handler,
      waiting,
      idleMilliseconds: this.#work.idleMilliseconds,
      onTaken: tellTaken,
      isStopped: () => Atomics.load(this.#signs, THREAD_SIGN.STOP) !== 0,
      onTurn: this.#server.afterTurn,
    });
  }

  /** Answers by the entry's handler, and asks the control thread where that says LATER. */
  #askingHandler(): { readonly handler: Handler; readonly waiting: Map<number, Later> } {
    const waiting = new Map<number, Later>();
    let asked = 0;
    const handler: Handler = {
      handle: (request, response, peer, later) => {
        const length = this.#server.handler.handle(request, response, peer, later);
        if (length !== LATER) return length;
        if (!this.#mayHandOn()) return 0;
        const id = asked++;
        waiting.set(id, later);
        const { address, port, transport } = peer;
        post({ kind: "asked", id, request: request.slice(), from: { address, port, transport } });
        return LATER;
      },
    };
    return { handler, waiting };
  }

  /** Serves by events, on sockets that share their addresses with those of other threads. */
  async serveDatagrams(endpoints: readonly Endpoint[]): Promise<Datagrams> {
    const { handler: asking, waiting } = this.#askingHandler();
    const netCounters = new NetCounters();
    const counts = new Float64Array(this.#work.batchCounts);
    const handler: Handler = {
      handle: (...request) => {
        // What was counted until now, for the control thread to show.
        counts[BATCH_COUNT.RECEIVE_ERRORS] = netCounters.udpReceiveErrors;
        counts[BATCH_COUNT.UNSENT] = netCounters.udpUnsentDropped;
        counts[BATCH_COUNT.FAULTS] = netCounters.handlerErrors;
        return asking.handle(...request);
      },
    };
    const parts = { clock: systemClock, log: silentLog, counters: netCounters };
    const listeners = await Promise.all(
      endpoints.map((endpoint) => listenUdp(endpoint, handler, { ...parts, limits: { udpSharesPort: true } })),
    );
    post({ kind: "serving" });
    return new Datagrams(listeners, waiting);
  }
}

/** A turn while servers are waited for. */
function turnBeside(asking: ThreadAsking, batches: BatchServer): number {
  return asking.wait() ? batches.turnNow() : 0;
}

/** Sockets of this thread's own. */
class Datagrams {
  readonly #listeners: readonly Listener[];
  readonly #waiting: Map<number, Later>;

  constructor(listeners: readonly Listener[], waiting: Map<number, Later>) {
    this.#listeners = listeners;
    this.#waiting = waiting;
  }

  respond(message: Extract<ToThread, { kind: "response" }>): void {
    respondTo(this.#waiting, message, tellTaken);
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

function tellTaken(id: number, isOpen: boolean): void {
  post({ kind: "taken", id, isOpen });
}

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}

/** One fault may come with every request: only the first, second, fourth, eighth … is told. */
function reportFault(error: unknown, faults: number): void {
  if (!Number.isInteger(Math.log2(faults))) return;
  post({ kind: "fault", faults, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

function start(port: NonNullable<typeof parentPort>, work: ThreadWork, server: ThreadServer): void {
  const thread = new QueryThread(work, server);
  let datagrams: Datagrams | null = null;
  const serve = async (message: Extract<ToThread, { kind: "serve" }>): Promise<void> => {
    if (work.transport === "dgram") {
      datagrams = await thread.serveDatagrams(message.endpoints);
      return;
    }
    if (work.streams === null) await thread.serveBatches(message.sockets);
    else await thread.serveStreams(message.listeners, work.streams);
    work.streams?.responses.close();
    port.close();
  };
  port.on("message", (message: ToThread) => {
    switch (message.kind) {
      case "serve":
        void serve(message);
        break;
      case "response":
        datagrams?.respond(message);
        break;
      case "news":
        server.onNews();
        break;
      case "stop":
        void (datagrams?.close() ?? Promise.resolve()).then(() => port.close());
    }
  });
  post({ kind: "ready" });
}

/** `keeper.ts` starts entries and posts nothing else. */
function isWork(given: unknown): given is ThreadWork {
  return typeof given === "object" && given !== null && "task" in given && "signs" in given;
}

/** Makes the module that calls it the entry of a query thread. */
export function runQueryThread(serverOf: (task: unknown, nextNews: NextNews) => ThreadServer): void {
  const work: unknown = workerData;
  assert(parentPort !== null && isWork(work), "this file is the entry of a query thread");
  const nextNews = (): unknown => {
    const received: { readonly message: unknown } | undefined = receiveMessageOnPort(work.news);
    return received?.message;
  };
  start(parentPort, work, serverOf(work.task, nextNews));
}
