/** One connection over the system's own calls: a descriptor that never blocks, and what its peer has not taken. */
import { EAGAIN, EINTR } from "./batch-system.ts";
import type { TcpConnection } from "./connection.ts";
import type { NetCounters } from "./listener.ts";
import { EPOLL, type Epoll, type EpollKey, MSG_NOSIGNAL, SHUT_WR, type StreamSystem } from "./stream-system.ts";
import type { Stream } from "./tcp-turn.ts";

/** What all streams of a server share. */
export interface StreamWork {
  readonly system: StreamSystem;
  readonly epoll: Epoll;
  readonly counters: NetCounters;
  /** Where what was received stands until the next call. */
  readonly received: Uint8Array;
  readonly onClose: (stream: SystemStream) => void;
}

export class SystemStream implements Stream, EpollKey {
  readonly index: number;
  readonly generation: number;
  readonly descriptor: number;
  unsentOctets = 0;
  isClosed = false;
  readonly #work: StreamWork;
  #connection: TcpConnection | null = null;
  readonly #unsent: Uint8Array[] = [];
  /** What the system was told to wait for; 0: it does not know of us yet. */
  #awaited = 0;
  #wanted: number = EPOLL.IN;
  #isEnding = false;
  #peerEnded = false;

  constructor(work: StreamWork, descriptor: number, { index, generation }: EpollKey) {
    this.#work = work;
    this.descriptor = descriptor;
    this.index = index;
    this.generation = generation;
  }

  /** Reads at once: a client's first query nearly always has come when its connection is accepted. */
  begin(connection: TcpConnection): void {
    this.#connection = connection;
    this.#receive();
    if (this.isClosed) return;
    this.#awaited = this.#wanted;
    if (!this.#work.epoll.add(this.descriptor, this.#wanted, this)) this.#fail();
  }

  /** Something happened, see EPOLL. */
  happened(events: number): void {
    if ((events & EPOLL.ERROR) !== 0) {
      this.#fail();
      return;
    }
    if ((events & EPOLL.OUT) !== 0) this.#sendRest();
    if (this.isClosed) return;
    if ((events & EPOLL.IN) !== 0 && (this.#wanted & EPOLL.IN) !== 0) this.#receive();
    // Both sides have ended, and nothing more can come of it.
    else if ((events & EPOLL.HANG_UP) !== 0) this.destroy();
  }

  get takesMore(): boolean {
    return this.unsentOctets === 0;
  }

  send(octets: Uint8Array, length: number): void {
    if (this.isClosed || this.#isEnding) return;
    let sent = 0;
    if (this.unsentOctets === 0) {
      sent = this.#send(octets, length);
      if (sent < 0 || sent === length) return;
    }
    this.#unsent.push(octets.slice(sent, length));
    this.unsentOctets += length - sent;
    this.#want(this.#wanted | EPOLL.OUT);
  }

  pause(): void {
    this.#want(this.#wanted & ~EPOLL.IN);
  }

  resume(): void {
    if (!this.#peerEnded) this.#want(this.#wanted | EPOLL.IN);
  }

  end(): void {
    if (this.#isEnding || this.isClosed) return;
    this.#isEnding = true;
    if (this.unsentOctets === 0) this.#endSide();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    // First: who closes what a dead thread left must not close what is closed and may be another's by then.
    this.#work.onClose(this);
    this.#work.system.close(this.descriptor);
  }

  #fail(): void {
    this.#work.counters.tcpErrors++;
    this.destroy();
  }

  #receive(): void {
    const { system, received } = this.#work;
    const count = system.recv(this.descriptor, received, received.length, 0);
    if (count > 0) {
      this.#connection?.receive(received.subarray(0, count));
    } else if (count === 0) {
      this.#peerEnded = true;
      this.#want(this.#wanted & ~EPOLL.IN);
      if (this.#isEnding && this.unsentOctets === 0) this.destroy();
      else this.#connection?.peerEnded();
    } else if (!isPassing(system.errno())) {
      this.#fail();
    }
  }

  /** How much the system took; -1 when the connection is lost. */
  #send(octets: Uint8Array, length: number): number {
    const { system } = this.#work;
    const sent = system.send(this.descriptor, octets, length, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (isPassing(system.errno())) return 0;
    this.#fail();
    return -1;
  }

  #sendRest(): void {
    for (let octets = this.#unsent[0]; octets !== undefined; octets = this.#unsent[0]) {
      const sent = this.#send(octets, octets.length);
      if (sent < 0) return;
      this.unsentOctets -= sent;
      if (sent < octets.length) {
        this.#unsent[0] = octets.subarray(sent);
        return;
      }
      this.#unsent.shift();
    }
    this.#want(this.#wanted & ~EPOLL.OUT);
    if (this.#isEnding) this.#endSide();
    else this.#connection?.goOn();
  }

  #endSide(): void {
    if (this.#peerEnded) this.destroy();
    else this.#work.system.shutdown(this.descriptor, SHUT_WR);
  }

  #want(events: number): void {
    this.#wanted = events;
    if (this.isClosed || this.#awaited === 0 || this.#awaited === events) return;
    this.#awaited = events;
    this.#work.epoll.change(this.descriptor, events, this);
  }
}

function isPassing(errno: number): boolean {
  return errno === EAGAIN || errno === EINTR;
}
