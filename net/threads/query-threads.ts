/**
 * The query threads of a server, from the control thread's side: as many as are wanted, each with a socket of its own for every
 * address, in batches where the system allows it and by node:dgram where not, and one for TCP where it can wait in the system. What they answer
 * from is the business of their entry (`query-thread.ts`). What they hand on is answered here.
 */
import type { Clock, Log } from "../../base/index.ts";
import { MESSAGE_OCTETS_MAX } from "../../dns/index.ts";
import { BATCH_COUNTS } from "../batch.ts";
import {
  type BatchSender,
  type BatchSocket,
  closeBatchSocket,
  DatagramSender,
  endpointIn,
  openBatchSocket,
  stopReceiving,
} from "../batch-socket.ts";
import { type BatchSystem, loadBatchSystem } from "../batch-system.ts";
import { type Endpoint, type Handler, LATER, type Later, type Peer, type Taken, type Transport } from "../exchange.ts";
import { LISTEN_LIMITS, type Listener, type ListenLimits, NetCounters } from "../listener.ts";
import { closeLeft } from "../stream-server.ts";
import { loadStreamSystem, type StreamSystem } from "../stream-system.ts";
import { listenUdp } from "../udp-listen.ts";
import type { HandedOn } from "./handed-on.ts";
import { type Asked, type KeeperParts, ThreadKeeper } from "./keeper.ts";
import { TcpThread } from "./tcp-thread.ts";
import type { ThreadTransport } from "./work.ts";

export interface QueryThreadsParts {
  /** The module that each thread runs, and what that is given; both are the server's business. */
  readonly entry: URL;
  /** Asked for when the thread at that index starts, also in the place of one that died. Can be posted. */
  readonly task: (index: number) => unknown;
  /** Answers on this thread where there are no batches. */
  readonly handler: Handler;
  /** Answers what the threads hand on. */
  readonly handedOn: Handler;
  /** Hears what the entry of the thread at that index tells. */
  readonly onTold?: (octets: Uint8Array, index: number) => void;
  readonly onClosed?: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly threads: number;
  readonly limits?: Partial<ListenLimits>;
  /** Takes what this thread counts of datagrams; the threads' own counts are `batchCounts`. */
  readonly netCounters?: NetCounters;
  /** "dgram" does without batches also where they are to be had; for tests. */
  readonly transport?: Exclude<ThreadTransport, "streams">;
  /** TCP is served elsewhere. */
  readonly tcp?: "elsewhere";
}

interface Systems {
  readonly batches: BatchSystem;
  readonly streams: StreamSystem;
}

/** How long a thread waits before it looks round; so long may an arena be kept that the zones have left. */
const IDLE_MILLISECONDS = 250;

/** What a thread needs that answers beside the first. */
interface Joining {
  readonly system: BatchSystem;
  readonly index: number;
  readonly bound: readonly Endpoint[];
}

type Send = (octets: Uint8Array, isLast: boolean, taken: Taken | null) => void;

export class QueryThreads {
  readonly keepers: readonly ThreadKeeper[];
  readonly transport: Exclude<ThreadTransport, "streams">;
  /** Null where TCP is not served by a thread. */
  readonly tcp: TcpThread | null;
  readonly #parts: QueryThreadsParts;
  readonly #system: BatchSystem | null;
  readonly #streams: StreamSystem | null;
  readonly #sender: DatagramSender | null;
  readonly #limits: ListenLimits;
  readonly #responses: Readonly<Record<Transport, Uint8Array>>;
  readonly #netCounters: NetCounters;
  /** By thread, then by address. */
  readonly #sockets: BatchSocket[][] = [];
  #listeners: readonly Listener[] = [];
  /** Requests that were handed on and are not answered yet. */
  #open = 0;
  #isClosed = false;
  #onDrained: () => void = () => undefined;

  private constructor(parts: QueryThreadsParts, systems: Systems | null) {
    const system = systems?.batches ?? null;
    this.#parts = parts;
    this.#netCounters = parts.netCounters ?? new NetCounters();
    this.#system = system;
    this.#streams = systems?.streams ?? null;
    this.#sender = system === null ? null : new DatagramSender(system);
    this.transport = system === null ? "dgram" : "batch";
    this.#limits = { ...LISTEN_LIMITS, ...parts.limits };
    this.#responses = {
      udp: new Uint8Array(this.#limits.udpResponseOctets),
      tcp: new Uint8Array(MESSAGE_OCTETS_MAX),
    };
    // Without batches this thread answers as well, so it takes the place of one.
    const started = system === null ? parts.threads - 1 : parts.threads;
    this.keepers = Array.from({ length: started }, (_, index) => {
      return new ThreadKeeper({ ...this.#keeperParts(index), streams: null });
    });
    this.tcp =
      systems === null || parts.tcp === "elsewhere"
        ? null
        : new TcpThread(systems.streams, this.#limits, this.#keeperParts(started));
    this.keepers[0]?.begin();
  }

  /** What each thread counts (BATCH_COUNT). */
  get batchCounts(): readonly Float64Array[] {
    return this.keepers.map(({ batchCounts }) => batchCounts);
  }

  /** Tells all threads' entries. */
  tell(news: unknown): void {
    for (const keeper of this.keepers) keeper.tell(news);
    this.tcp?.keeper.tell(news);
  }

  /** Starts the first thread, which can then warm up while something else is prepared; it answers after `listen`, as do the others. */
  static async start(parts: QueryThreadsParts): Promise<QueryThreads> {
    if (parts.transport === "dgram") return new QueryThreads(parts, null);
    const [batches, streams] = await Promise.all([loadBatchSystem(), loadStreamSystem()]);
    if (typeof batches !== "string" && typeof streams !== "string")
      return new QueryThreads(parts, { batches, streams });
    parts.log.warn({ reason: batches }, "queries are answered by way of Node's own sockets");
    return new QueryThreads(parts, null);
  }

  #keeperParts(index: number): Omit<KeeperParts, "streams"> {
    const { entry, task, clock, log, onTold } = this.#parts;
    return {
      clock,
      log,
      index,
      batchCounts: BATCH_COUNTS,
      work: {
        transport: this.transport,
        responseOctets: this.#limits.udpResponseOctets,
        idleMilliseconds: IDLE_MILLISECONDS,
      },
      entry,
      task: () => task(index),
      onTold: (octets) => onTold?.(octets, index),
      closeLeft: (open) => this.#closeLeft(open),
      onHandedOn: (handed, keeper) => this.#answerFrom(handed, keeper),
      onAsked: (asked, keeper) => this.#answerThrough(asked, keeper),
    };
  }

  /**
   * Answers over UDP at these endpoints, and over TCP where a thread does; resolves to where they really are. Throws ListenError.
   *
   * The first thread answers alone until others can: to start a thread takes 50 ms of a core, and all at once would keep each other waiting.
   * So another's socket is opened when it is ready, for the system would give it its part of the queries at once.
   */
  async listen(endpoints: readonly Endpoint[]): Promise<readonly Endpoint[]> {
    const system = this.#system;
    const [first] = this.keepers;
    if (system === null || first === undefined) {
      const bound = await this.#openDatagrams(endpoints);
      await Promise.all(this.keepers.map((keeper) => this.#serveDatagrams(keeper, bound)));
      return bound;
    }
    const sockets = this.#openBatches(system, 0, endpoints);
    const bound = sockets.map(({ endpoint }) => endpoint);
    this.#report(sockets);
    this.tcp?.open(bound);
    await first.serve({ kind: "serve", sockets, listeners: [], endpoints: bound });
    const others = this.keepers
      .slice(1)
      .map((keeper, i) => this.#serveBatches(keeper, { system, index: i + 1, bound }));
    await Promise.all([...others, this.tcp?.serve()]);
    return bound;
  }

  async #serveDatagrams(keeper: ThreadKeeper, endpoints: readonly Endpoint[]): Promise<void> {
    await keeper.ready();
    await keeper.serve({ kind: "serve", sockets: [], listeners: [], endpoints });
  }

  async #serveBatches(keeper: ThreadKeeper, { system, index, bound }: Joining): Promise<void> {
    await keeper.ready();
    const sockets = this.#openBatches(system, index, bound);
    await keeper.serve({ kind: "serve", sockets, listeners: [], endpoints: bound });
  }

  /** A thread's own sockets; they are closed with all the others. */
  #openBatches(system: BatchSystem, index: number, endpoints: readonly Endpoint[]): readonly BatchSocket[] {
    const options = {
      receiveBufferOctets: this.#limits.udpReceiveBufferOctets,
      sendBufferOctets: this.#limits.udpReceiveBufferOctets,
      idleMilliseconds: IDLE_MILLISECONDS,
    };
    const sockets: BatchSocket[] = [];
    this.#sockets[index] = sockets;
    try {
      for (const endpoint of endpoints) sockets.push(openBatchSocket(system, endpoint, options));
    } catch (error) {
      for (const socket of sockets.splice(0)) closeBatchSocket(system, socket);
      throw error;
    }
    return sockets;
  }

  /** Bursts are what loses queries, so it matters what the system gave. */
  #report(sockets: readonly BatchSocket[]): void {
    const { log, threads } = this.#parts;
    const wanted = this.#limits.udpReceiveBufferOctets;
    for (const { endpoint, receiveBufferOctets, sendBufferOctets } of sockets) {
      const about = { ...endpoint, threads, receiveBufferOctets, sendBufferOctets };
      log.info(about, "answering over UDP in batches");
      if (receiveBufferOctets < wanted) {
        log.info({ ...about, wanted }, "the system gave a smaller receive buffer; raise net.core.rmem_max");
      }
    }
  }

  /** This thread's own sockets come first: they find the ports, and say what is wrong with the addresses. */
  async #openDatagrams(endpoints: readonly Endpoint[]): Promise<readonly Endpoint[]> {
    const { handler, clock, log } = this.#parts;
    const limits = { ...this.#limits, udpSharesPort: this.#parts.threads > 1 };
    const parts = { clock, log, counters: this.#netCounters, limits };
    const opening = await Promise.allSettled(endpoints.map((endpoint) => listenUdp(endpoint, handler, parts)));
    this.#listeners = opening.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const failed = opening.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return this.#listeners.map(({ endpoint }) => endpoint);
  }

  /** Takes no more requests, lets what is being answered end, and ends the threads. */
  async close(): Promise<void> {
    const system = this.#system;
    const { drainMilliseconds } = this.#limits;
    const stopping = this.keepers.map((keeper) => keeper.stop(drainMilliseconds));
    if (system !== null) for (const socket of this.#sockets.flat()) stopReceiving(system, socket);
    await Promise.all([...stopping, this.tcp?.close(), ...this.#listeners.map((listener) => listener.close())]);
    if (this.#open > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onDrained = resolve;
      const timer = this.#parts.clock.after(drainMilliseconds, resolve);
      await promise;
      timer.cancel();
    }
    this.#isClosed = true;
    this.#parts.onClosed?.();
    if (system !== null) for (const socket of this.#sockets.flat()) closeBatchSocket(system, socket);
    this.#sockets.length = 0;
  }

  /** The response leaves from the socket of the thread. */
  #answerFrom({ request, socket, from }: HandedOn, keeper: ThreadKeeper): void {
    const peer: Peer = { ...endpointIn(from.name), transport: "udp" };
    this.#answer(request, peer, (octets, _isLast, taken) => {
      this.#send(from, { keeper, socket }, octets);
      taken?.(true);
    });
  }

  /** The thread sends the response. */
  #answerThrough({ request, from, id }: Asked, keeper: ThreadKeeper): void {
    this.#answer(request, from, (octets, isLast, taken) =>
      keeper.respond({ kind: "response", id, octets: octets.slice(), isLast, isAwaited: taken !== null }, taken),
    );
  }

  #answer(request: Uint8Array, peer: Peer, send: Send): void {
    const response = this.#responses[peer.transport];
    let isEnded = false;
    this.#open++;
    const later: Later = (octets, expect) => {
      if (isEnded) return;
      isEnded = expect === undefined;
      send(octets, isEnded, typeof expect === "function" ? expect : null);
      if (isEnded) this.#end();
    };
    let length = 0;
    try {
      length = this.#parts.handedOn.handle(request, response, peer, later);
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, "a request could not be handled");
    }
    if (length !== LATER) later(response.subarray(0, length));
  }

  #closeLeft(open: Int32Array): void {
    if (this.#streams !== null) closeLeft(this.#streams, open);
  }

  #end(): void {
    this.#open--;
    if (this.#open === 0) this.#onDrained();
  }

  #send(to: BatchSender, from: { readonly keeper: ThreadKeeper; readonly socket: number }, octets: Uint8Array): void {
    const socket = this.#sockets[this.keepers.indexOf(from.keeper)]?.[from.socket];
    if (this.#sender === null || socket === undefined || this.#isClosed || octets.length === 0) return;
    if (!this.#sender.send(socket, to, octets)) this.#netCounters.udpUnsentDropped++;
  }
}
