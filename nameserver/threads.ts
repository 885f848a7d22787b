/**
 * The query threads of a name server, from the control thread's side: as many as are wanted, each with a socket of its own for
 * every address, in batches where the system allows it and by node:dgram where not, and one for TCP where it can wait in the system. What
 * they hand on is answered here.
 */
import type { Clock, Log } from "../base/index.ts";
import { MESSAGE_OCTETS_MAX } from "../dns/index.ts";
import {
  BATCH_COUNTS,
  type BatchSender,
  type BatchSocket,
  type BatchSystem,
  closeBatchSocket,
  type Endpoint,
  endpointIn,
  LATER,
  type Later,
  LISTEN_LIMITS,
  type Listener,
  type ListenLimits,
  listenUdp,
  loadBatchSystem,
  loadStreamSystem,
  NetCounters,
  openBatchSocket,
  type Peer,
  sendFrom,
  stopReceiving,
  type StreamSystem,
  type Transport,
} from "../net/index.ts";
import type { ZoneStore } from "../zones/index.ts";
import type { NameServer } from "./server.ts";
import { TcpThread } from "./tcp-thread.ts";
import { type KeeperParts, ThreadKeeper } from "./thread-keeper.ts";
import { type FromThread, packSettings, type ThreadTransport } from "./thread-work.ts";

export interface QueryThreadsParts {
  /** Answers what the threads hand on, and shares its accounts, secrets and counters with them. */
  readonly server: NameServer;
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly threads: number;
  readonly limits?: Partial<ListenLimits>;
  /** Takes what this thread counts of datagrams; the threads' own counts are `batchCounts`. */
  readonly netCounters?: NetCounters;
  /** "dgram" does without batches also where they are to be had; for tests. */
  readonly transport?: Exclude<ThreadTransport, "streams">;
}

interface Systems {
  readonly batches: BatchSystem;
  readonly streams: StreamSystem;
}

/** How long a thread waits before it looks round; so long may an arena be kept that the zones have left. */
const IDLE_MILLISECONDS = 250;

export class QueryThreads {
  readonly keepers: readonly ThreadKeeper[];
  readonly transport: Exclude<ThreadTransport, "streams">;
  /** Null where TCP is not served by a thread. */
  readonly tcp: TcpThread | null;
  readonly #parts: QueryThreadsParts;
  readonly #system: BatchSystem | null;
  readonly #limits: ListenLimits;
  readonly #responses: Readonly<Record<Transport, Uint8Array>>;
  readonly #netCounters: NetCounters;
  /** By thread, then by address. */
  #sockets: readonly (readonly BatchSocket[])[] = [];
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
    this.transport = system === null ? "dgram" : "batch";
    this.#limits = { ...LISTEN_LIMITS, ...parts.limits };
    this.#responses = {
      udp: new Uint8Array(this.#limits.udpResponseOctets),
      tcp: new Uint8Array(MESSAGE_OCTETS_MAX),
    };
    // Without batches this thread answers as well, so it takes the place of one.
    const started = system === null ? parts.threads - 1 : parts.threads;
    this.keepers = Array.from({ length: started }, (_, index) => {
      return this.#counted(new ThreadKeeper({ ...this.#keeperParts(index), streams: null }));
    });
    this.tcp = systems === null ? null : new TcpThread(systems.streams, this.#limits, this.#keeperParts(started));
    if (this.tcp !== null) this.#counted(this.tcp.keeper);
    parts.store.onMove = (shared) => {
      for (const keeper of this.keepers) keeper.move(shared);
      this.tcp?.keeper.move(shared);
    };
  }

  /** Starts the threads, which can then warm up while zones are loaded; they answer after `listen`. */
  static async start(parts: QueryThreadsParts): Promise<QueryThreads> {
    if (parts.transport === "dgram") return new QueryThreads(parts, null);
    const [batches, streams] = await Promise.all([loadBatchSystem(), loadStreamSystem()]);
    if (typeof batches !== "string" && typeof streams !== "string")
      return new QueryThreads(parts, { batches, streams });
    parts.log.warn({ reason: batches }, "queries are answered by way of Node's own sockets");
    return new QueryThreads(parts, null);
  }

  #counted(keeper: ThreadKeeper): ThreadKeeper {
    this.#parts.server.counters.include(keeper.counters);
    return keeper;
  }

  #keeperParts(index: number): Omit<KeeperParts, "streams"> {
    const { server, store, clock, log } = this.#parts;
    return {
      clock,
      log,
      index,
      batchCounts: BATCH_COUNTS,
      work: {
        transport: this.transport,
        settings: packSettings(server.settings),
        hasRecursion: server.hasRecursion,
        rateAccounts: server.rateAccounts,
        responseOctets: this.#limits.udpResponseOctets,
        idleMilliseconds: IDLE_MILLISECONDS,
      },
      store: () => store.shared,
      onHandedOn: (message, from) => this.#answer(message, from),
    };
  }

  /** What each thread counts (BATCH_COUNT). */
  get batchCounts(): readonly Float64Array[] {
    return this.keepers.map(({ batchCounts }) => batchCounts);
  }

  /** Answers over UDP at these endpoints, and over TCP where a thread does; resolves to where they really are. Throws ListenError. */
  async listen(endpoints: readonly Endpoint[]): Promise<readonly Endpoint[]> {
    const system = this.#system;
    const bound = system === null ? await this.#openDatagrams(endpoints) : this.#openBatches(system, endpoints);
    const serving = this.keepers.map((keeper, i) =>
      keeper.serve({ kind: "serve", sockets: this.#sockets[i] ?? [], listeners: [], endpoints: bound }),
    );
    await Promise.all([...serving, this.tcp?.listen(bound)]);
    return bound;
  }

  #openBatches(system: BatchSystem, endpoints: readonly Endpoint[]): readonly Endpoint[] {
    const options = {
      receiveBufferOctets: this.#limits.udpReceiveBufferOctets,
      sendBufferOctets: this.#limits.udpReceiveBufferOctets,
      idleMilliseconds: IDLE_MILLISECONDS,
    };
    const opened: BatchSocket[][] = [];
    try {
      let wanted = endpoints;
      for (const _keeper of this.keepers) {
        const sockets: BatchSocket[] = [];
        opened.push(sockets);
        for (const endpoint of wanted) sockets.push(openBatchSocket(system, endpoint, options));
        // Where any port would do, all threads have the one that the first was given.
        wanted = sockets.map(({ endpoint }) => endpoint);
      }
      this.#report(opened);
      this.#sockets = opened;
      return wanted;
    } catch (error) {
      for (const socket of opened.flat()) closeBatchSocket(system, socket);
      throw error;
    }
  }

  /** Bursts are what loses queries, so it matters what the system gave. */
  #report(opened: readonly (readonly BatchSocket[])[]): void {
    const { log } = this.#parts;
    const wanted = this.#limits.udpReceiveBufferOctets;
    for (const { endpoint, receiveBufferOctets, sendBufferOctets } of opened[0] ?? []) {
      const about = { ...endpoint, threads: opened.length, receiveBufferOctets, sendBufferOctets };
      log.info(about, "answering over UDP in batches");
      if (receiveBufferOctets < wanted) {
        log.info({ ...about, wanted }, "the system gave a smaller receive buffer; raise net.core.rmem_max");
      }
    }
  }

  /** This thread's own sockets come first: they find the ports, and say what is wrong with the addresses. */
  async #openDatagrams(endpoints: readonly Endpoint[]): Promise<readonly Endpoint[]> {
    const { server, clock, log } = this.#parts;
    const limits = { ...this.#limits, udpSharesPort: this.#parts.threads > 1 };
    const parts = { clock, log, counters: this.#netCounters, limits };
    const opening = await Promise.allSettled(endpoints.map((endpoint) => listenUdp(endpoint, server, parts)));
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
    this.#parts.store.onMove = null;
    if (system !== null) for (const socket of this.#sockets.flat()) closeBatchSocket(system, socket);
    this.#sockets = [];
  }

  #answer(message: Extract<FromThread, { kind: "handed-on" | "asked" }>, keeper: ThreadKeeper): void {
    const isBatch = message.kind === "handed-on";
    const peer: Peer = isBatch ? { ...endpointIn(message.from.name), transport: "udp" } : message.from;
    const response = this.#responses[peer.transport];
    const send = isBatch
      ? (octets: Uint8Array): void => this.#send(message.from, { keeper, socket: message.socket }, octets)
      : (octets: Uint8Array, isLast: boolean): void =>
          keeper.respond({ kind: "response", id: message.id, octets: octets.slice(), isLast });
    let isEnded = false;
    this.#open++;
    const later: Later = (octets, expect) => {
      if (isEnded) return;
      isEnded = expect === undefined;
      send(octets, isEnded);
      if (isEnded) this.#end();
    };
    let length = 0;
    try {
      length = this.#parts.server.handleHandedOn(message.request, response, peer, later);
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, "a request could not be handled");
    }
    if (length !== LATER) later(response.subarray(0, length));
  }

  #end(): void {
    this.#open--;
    if (this.#open === 0) this.#onDrained();
  }

  #send(to: BatchSender, from: { readonly keeper: ThreadKeeper; readonly socket: number }, octets: Uint8Array): void {
    const socket = this.#sockets[this.keepers.indexOf(from.keeper)]?.[from.socket];
    if (this.#system === null || socket === undefined || this.#isClosed || octets.length === 0) return;
    if (!sendFrom(this.#system, socket, to, octets)) this.#netCounters.udpUnsentDropped++;
  }
}
