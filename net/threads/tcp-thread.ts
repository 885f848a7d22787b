/**
 * The thread that serves TCP, from the control thread's side: its listening sockets, which outlive it, what wakes it, and what it leaves
 * open when it dies. One such thread is enough for far more connections than UDP's clients ever make (docs/adr/0006-tcp.md).
 */
import type { Endpoint } from "../exchange.ts";
import { type ListenLimits, type NetCounters, SharedNetCounts } from "../listener.ts";
import { closeLeft, openPlaces } from "../stream-server.ts";
import { closeStreamSocket, openStreamSocket, type StreamSocket } from "../stream-socket.ts";
import { openWake, type StreamSystem, wake } from "../stream-system.ts";
import { type KeeperParts, ThreadKeeper } from "./keeper.ts";

export class TcpThread {
  readonly keeper: ThreadKeeper;
  readonly #system: StreamSystem;
  readonly #limits: ListenLimits;
  readonly #wake: number;
  readonly #counts = new SharedNetCounts();
  #listeners: readonly StreamSocket[] = [];

  /** @param parts Those of any query thread. */
  constructor(system: StreamSystem, limits: ListenLimits, parts: Omit<KeeperParts, "streams">) {
    this.#system = system;
    this.#limits = limits;
    this.#wake = openWake(system);
    const open = new Int32Array(new SharedArrayBuffer(4 * openPlaces(limits)));
    this.keeper = new ThreadKeeper({
      ...parts,
      work: { ...parts.work, transport: "streams" },
      streams: {
        work: { limits, wake: this.#wake, open: open.buffer, counts: this.#counts.memory },
        wake: () => wake(system, this.#wake),
        onEnded: () => closeLeft(system, open),
      },
    });
  }

  /** As they were a moment ago. */
  get counters(): NetCounters {
    return this.#counts.read();
  }

  /** Takes connections at these endpoints, which wait until `serve`. Throws ListenError. */
  open(endpoints: readonly Endpoint[]): void {
    const opened: StreamSocket[] = [];
    this.#listeners = opened;
    for (const endpoint of endpoints) opened.push(openStreamSocket(this.#system, endpoint));
  }

  /** Resolves when the thread serves what was opened. */
  async serve(): Promise<void> {
    const listeners = this.#listeners;
    await this.keeper.ready();
    const endpoints = listeners.map(({ endpoint }) => endpoint);
    await this.keeper.serve({ kind: "serve", sockets: [], listeners, endpoints });
  }

  /** Takes no more requests, lets what is being answered end, and ends the thread. */
  async close(): Promise<void> {
    // The thread has as long itself, and then a moment to end in.
    await this.keeper.stop(this.#limits.drainMilliseconds + MOMENT_MILLISECONDS);
    for (const listener of this.#listeners) closeStreamSocket(this.#system, listener);
    this.#listeners = [];
    this.#system.close(this.#wake);
  }
}

const MOMENT_MILLISECONDS = 500;
