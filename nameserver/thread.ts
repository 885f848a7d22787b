/**
 * A query thread: runs the one road of `respond.ts` on the control thread's zones, for datagrams that come in batches to
 * sockets which the control thread has opened, or to a socket of its own where batches are not to be had, or for TCP. What it cannot
 * answer by itself goes to the control thread. Started by `threads.ts`, and by nobody else.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { assert, collectGarbage, silentLog, systemClock, systemRandom } from "../base/index.ts";
import {
  BATCH_COUNT,
  BatchServer,
  type BatchSocket,
  type Endpoint,
  type Handler,
  LATER,
  type Later,
  type Listener,
  listenUdp,
  loadBatchSystem,
  loadStreamSystem,
  NetCounters,
  type StreamSocket,
} from "../net/index.ts";
import { type SharedStore, ZoneStore } from "../zones/index.ts";
import { NameServerCounters } from "./counters.ts";
import { NameServer } from "./server.ts";
import { respondTo, serveStreams } from "./thread-streams.ts";
import {
  type FromThread,
  HANDED_ON_MAX,
  type StreamsWork,
  THREAD_SIGN,
  type ThreadWork,
  type ToThread,
  unpackSettings,
} from "./thread-work.ts";

/** A thread that never rests lets go of an arena after so many batches all the same. */
const BUSY_TURNS_MAX = 4096;

class QueryThread {
  readonly #work: ThreadWork;
  readonly #store: ZoneStore;
  readonly #server: NameServer;
  readonly #signs: Int32Array;
  /** An arena was left and is still in memory. */
  #hasLeftArena = false;
  #turnsSinceLeft = 0;

  constructor(work: ThreadWork) {
    this.#work = work;
    this.#signs = new Int32Array(work.signs);
    this.#store = ZoneStore.attach(work.store);
    this.#store.nextShared = () => this.#nextShared();
    this.#server = new NameServer({
      store: this.#store,
      clock: systemClock,
      random: systemRandom,
      recursion: work.hasRecursion ? "elsewhere" : null,
      counters: new NameServerCounters(work.counters),
      settings: unpackSettings(work.settings),
      ...(work.rateAccounts === null ? {} : { rateAccounts: work.rateAccounts }),
    });
  }

  /** Sent before the old arena said that it was left, so it is there. */
  #nextShared(): SharedStore {
    const received: { readonly message: SharedStore } | undefined = receiveMessageOnPort(this.#work.moves);
    assert(received !== undefined, "the writer says where it moved before it says that it did");
    this.#hasLeftArena = true;
    this.#turnsSinceLeft = 0;
    return received.message;
  }

  /** Answers until it is told to stop; this thread does nothing else meanwhile, and hears nothing but signs. */
  async serveBatches(sockets: readonly BatchSocket[]): Promise<void> {
    const system = await loadBatchSystem();
    assert(typeof system !== "string", "the control thread has loaded the same");
    const counts = new Float64Array(this.#work.batchCounts);
    const batches = new BatchServer(system, sockets, {
      handler: this.#server,
      counts,
      responseOctets: this.#work.responseOctets,
      onLater: (request, from, socket) => {
        if (this.#mayHandOn()) post({ kind: "handed-on", request: request.slice(), socket, from });
        else counts[BATCH_COUNT.UNSENT]!++;
      },
      onFault: (error) => reportFault(error, counts[BATCH_COUNT.FAULTS]!),
    });
    post({ kind: "serving" });
    const { idleMilliseconds } = this.#work;
    while (Atomics.load(this.#signs, THREAD_SIGN.STOP) === 0) {
      this.#afterTurn(batches.turn(idleMilliseconds));
    }
    while (batches.turnNow() > 0);
  }

  #afterTurn(count: number): void {
    if (count === 0) this.letGo();
    else if (this.#hasLeftArena && ++this.#turnsSinceLeft > BUSY_TURNS_MAX) this.letGo();
  }

  /** Lets go of an arena that the zones have left, also when nobody asks. It takes milliseconds, so it waits for a rest between batches. */
  letGo(): void {
    this.#store.refresh();
    if (!this.#hasLeftArena) return;
    this.#hasLeftArena = false;
    collectGarbage();
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
      isStopped: () => Atomics.load(this.#signs, THREAD_SIGN.STOP) !== 0,
      onTurn: (count) => this.#afterTurn(count),
    });
  }

  /** Answers by the road, and asks the control thread where that says LATER. */
  #askingHandler(): { readonly handler: Handler; readonly waiting: Map<number, Later> } {
    const waiting = new Map<number, Later>();
    let asked = 0;
    const handler: Handler = {
      handle: (request, response, peer, later) => {
        const length = this.#server.handle(request, response, peer, later);
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

/** Sockets of this thread's own. */
class Datagrams {
  readonly #listeners: readonly Listener[];
  readonly #waiting: Map<number, Later>;

  constructor(listeners: readonly Listener[], waiting: Map<number, Later>) {
    this.#listeners = listeners;
    this.#waiting = waiting;
  }

  respond(message: Extract<ToThread, { kind: "response" }>): void {
    respondTo(this.#waiting, message);
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}

/** One fault may come with every request: only the first, second, fourth, eighth … is told. */
function reportFault(error: unknown, faults: number): void {
  if (!Number.isInteger(Math.log2(faults))) return;
  post({ kind: "fault", faults, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

function start(port: NonNullable<typeof parentPort>, work: ThreadWork): void {
  const thread = new QueryThread(work);
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
      case "moved":
        thread.letGo();
        break;
      case "stop":
        void (datagrams?.close() ?? Promise.resolve()).then(() => port.close());
    }
  });
  post({ kind: "ready" });
}

/** `threads.ts` starts this file and posts nothing else. */
function isWork(given: unknown): given is ThreadWork {
  return typeof given === "object" && given !== null && "store" in given && "signs" in given;
}

const given: unknown = workerData;
assert(parentPort !== null && isWork(given), "this file is for a thread of threads.ts");
start(parentPort, given);
