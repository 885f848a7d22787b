/**
 * A TCP server in a thread of its own, over the system's own calls: waits for all its connections at once, reads each once a
 * turn, and answers what one read brought with one write. Hot. What one connection does is `connection.ts`'s, the bounds on all of them are
 * `connections.ts`'s. The plain one beside it is `tcp.ts`; both are held to one contract (test/net/tcp.test.ts).
 */
import { addressText } from "./address.ts";
import { SOCKADDR_OCTETS } from "./batch-system.ts";
import { TcpConnections, SWEEP_MILLISECONDS } from "./connections.ts";
import type { Handler, Peer } from "./exchange.ts";
import type { ListenLimits, ListenParts } from "./listener.ts";
import type { StreamSocket } from "./stream-socket.ts";
import { EPOLL, Epoll, SOCK_CLOEXEC, SOCK_NONBLOCK, type StreamSystem } from "./stream-system.ts";
import { type StreamWork, SystemStream } from "./system-stream.ts";

export interface StreamServerParts extends ListenParts {
  readonly handler: Handler;
  /** Descriptors that this thread has opened, each plus one: for whoever closes them when it dies. See `openPlaces`. */
  readonly open: Int32Array;
  /** Becomes readable when this thread is to look at what others left for it; -1 for none. */
  readonly wake: number;
  readonly onWake: () => void;
}

/** How many places `open` has: the connections', and one for the list of what is waited for. */
export function openPlaces({ tcpConnections }: ListenLimits): number {
  return tcpConnections + 1;
}

/** Closes what a thread that died had open. */
export function closeLeft(system: StreamSystem, open: Int32Array): void {
  for (let i = 0; i < open.length; i++) {
    if (open[i]! > 0) system.close(open[i]! - 1);
    open[i] = 0;
  }
}

/** Of what may have happened since the last turn one turn looks at so much. */
const EVENTS_MAX = 256;
/** Connections accepted a turn: those that are open are to be heard as well. */
const ACCEPTED_MAX = 64;
const RECEIVED_OCTETS = 65_536;
/** How long nobody is accepted when the system has no room for another connection. */
const BACK_OFF_MILLISECONDS = 100;

/** Keys of what is no connection; connections have the index of their place. */
const WAKE_INDEX = 0xffff_ffff;
const LISTENERS_INDEX = 0x8000_0000;

export class StreamServer {
  readonly connections: TcpConnections;
  readonly #system: StreamSystem;
  readonly #parts: StreamServerParts;
  readonly #listeners: readonly StreamSocket[];
  readonly #epoll: Epoll;
  readonly #streams: (SystemStream | null)[];
  /** Places without a connection, the next one last. */
  readonly #free: number[];
  readonly #work: StreamWork;
  readonly #name = new Uint8Array(SOCKADDR_OCTETS);
  readonly #nameLength = new Uint32Array(1);
  readonly #nameLengthOctets = new Uint8Array(this.#nameLength.buffer);
  readonly #wakeCount = new Uint8Array(8);
  #generation = 0;
  #sweepAt: number;
  #acceptAt = 0;
  #isAccepting = false;

  constructor(system: StreamSystem, listeners: readonly StreamSocket[], parts: StreamServerParts) {
    this.#system = system;
    this.#parts = parts;
    this.#listeners = listeners;
    this.connections = new TcpConnections(parts.handler, parts);
    this.#epoll = new Epoll(system, EVENTS_MAX);
    const places = this.connections.limits.tcpConnections;
    parts.open[places] = this.#epoll.descriptor + 1;
    this.#streams = Array.from({ length: places }, () => null);
    this.#free = Array.from({ length: places }, (_, i) => places - 1 - i);
    this.#work = {
      system,
      epoll: this.#epoll,
      counters: parts.counters,
      received: new Uint8Array(RECEIVED_OCTETS),
      onClose: (stream) => this.#forget(stream),
    };
    this.#sweepAt = parts.clock.now() + SWEEP_MILLISECONDS;
    this.#listen(EPOLL.IN, "add");
    if (parts.wake >= 0) this.#epoll.add(parts.wake, EPOLL.IN, { index: WAKE_INDEX, generation: 0 });
  }

  /** Waits for something to happen, for `idleMilliseconds` at most, and does what it asks for. Returns how much that was. */
  turn(idleMilliseconds: number): number {
    const isQuiet = this.connections.size === 0 && this.#isAccepting;
    const count = this.#epoll.wait(isQuiet ? idleMilliseconds : Math.min(idleMilliseconds, SWEEP_MILLISECONDS));
    for (let i = 0; i < count; i++) {
      const index = this.#epoll.indexOf(i);
      if (index < LISTENERS_INDEX) {
        const stream = this.#streams[index]!;
        // It may have been closed since, and another one have its place.
        if (stream?.generation === this.#epoll.generationOf(i)) stream.happened(this.#epoll.eventsOf(i));
      } else if (index === WAKE_INDEX) {
        this.#system.read(this.#parts.wake, this.#wakeCount, this.#wakeCount.length);
        this.#parts.onWake();
      } else {
        this.#accept(this.#listeners[index - LISTENERS_INDEX]!);
      }
    }
    this.#look();
    return count;
  }

  /** Accepts nobody any more, and lets what is being answered end. All is done when there are no `connections` left. */
  drain(): void {
    this.#listen(0, "change");
    this.#acceptAt = Number.POSITIVE_INFINITY;
    this.connections.drain();
  }

  /** The listening sockets stay open: they are another's. */
  close(): void {
    for (const stream of this.#streams) stream?.destroy();
    this.#parts.open.fill(0);
    this.#epoll.close();
  }

  /** What is due now and then. */
  #look(): void {
    const now = this.#parts.clock.now();
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_MILLISECONDS;
    this.connections.sweep();
    if (!this.#isAccepting && now >= this.#acceptAt) this.#listen(EPOLL.IN, "change");
  }

  #listen(events: number, how: "add" | "change"): void {
    this.#isAccepting = events !== 0;
    this.#listeners.forEach(({ descriptor }, i) => {
      this.#epoll[how](descriptor, events, { index: LISTENERS_INDEX + i, generation: 0 });
    });
  }

  #accept({ descriptor }: StreamSocket): void {
    const name = this.#name;
    for (let i = 0; i < ACCEPTED_MAX; i++) {
      this.#nameLength[0] = name.length;
      const accepted = this.#system.accept(descriptor, name, this.#nameLengthOctets, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted < 0) {
        this.#notAccepted();
        return;
      }
      this.#open(accepted, new StreamPeer(name));
    }
  }

  #open(descriptor: number, peer: Peer): void {
    const index = this.#free.at(-1) ?? 0;
    this.#generation = (this.#generation + 1) >>> 0;
    const stream = new SystemStream(this.#work, descriptor, { index, generation: this.#generation });
    const connection = this.connections.open(stream, peer);
    if (connection === null) {
      this.#system.close(descriptor);
      return;
    }
    this.#free.pop();
    this.#streams[index] = stream;
    this.#parts.open[index] = descriptor + 1;
    stream.begin(connection);
  }

  #forget(stream: SystemStream): void {
    this.#streams[stream.index] = null;
    this.#parts.open[stream.index] = 0;
    this.#free.push(stream.index);
    this.connections.forget(stream);
  }

  #notAccepted(): void {
    const errno = this.#system.errno();
    if (!NO_ROOM.has(errno)) return; // Nobody waits any more, or who did is gone.
    const { counters, log, clock } = this.#parts;
    counters.tcpErrors++;
    log.warn({ errno }, "a connection could not be accepted: the system has no room for it");
    this.#acceptAt = clock.now() + BACK_OFF_MILLISECONDS;
    this.#listen(0, "change");
  }
}

/** ENFILE, EMFILE, ENOBUFS, ENOMEM: it would fail at once again. */
const NO_ROOM = new Set([23, 24, 105, 12]);

/** Who has connected, as the system tells it (sockaddr). */
class StreamPeer implements Peer {
  readonly transport = "tcp";
  readonly port: number;
  readonly addressOctets: Uint8Array;

  constructor(name: Uint8Array) {
    this.port = (name[2]! << 8) | name[3]!;
    this.addressOctets = name[0] === 2 ? name.slice(4, 8) : name.slice(8, 24);
  }

  get address(): string {
    return addressText(this.addressOctets);
  }
}
