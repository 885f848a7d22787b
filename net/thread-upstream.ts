/**
 * Questions to servers from a query thread (RFC 5452 §9.2): the sockets of `udp-client.ts` by the same rules (docs/adr/0010-upstream-sockets.md),
 * but opened, written and read by system calls in batches, and waited for together with the sockets of the thread's clients. All that one
 * turn asks of a server leaves from one of the server's sockets, drawn for that turn. Hot: nothing is allocated for a question.
 */
import { assert, type Clock, type Random } from "../base/index.ts";
import { type BatchSocket, socketAddress } from "./batch-socket.ts";
import * as sys from "./batch-system.ts";
import type { BatchSystem } from "./batch-system.ts";
import type { Endpoint } from "./exchange.ts";
import { MessageList } from "./message-list.ts";
import { EPOLL, Epoll, SOCK_NONBLOCK, type StreamSystem } from "./stream-system.ts";
import { UPSTREAM_LIMITS, type UpstreamLimits } from "./udp-client.ts";

/** Who waits for a reply. */
export interface Awaiting {
  /** Something came with the id, in a buffer that is valid during the call. False when it repeats another question. */
  received(octets: Uint8Array, length: number): boolean;
  /** Somebody guesses at the port from which this was asked. */
  suspected(): void;
  /** Nothing can come any more. */
  failed(): void;
}

/** A question on its way. */
export interface Sent {
  /** Nobody waits for it any more. */
  end(id: number): void;
}

export interface ThreadUpstreamParts {
  readonly batches: BatchSystem;
  readonly streams: StreamSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** What the thread serves. */
  readonly clients: readonly BatchSocket[];
  /** Descriptors that are open, each plus one, for whoever closes them when this thread dies; see OPEN_PLACES. */
  readonly open: Int32Array;
  readonly limits?: Partial<UpstreamLimits>;
}

/** Sockets of one thread. */
const UPSTREAM_PLACES = 512;
/** Those, and the list of what is waited for. */
export const OPEN_PLACES = UPSTREAM_PLACES + 1;
const MESSAGES = 64;
/** More than we offer to take (EDNS payload): what fills it was cut, and is no reply. */
const REPLY_OCTETS = 4_096;
const QUERY_OCTETS = 512;
const CLIENT = 0xffff_ffff;
const ID_DRAWS_MAX = 100;

export class ThreadUpstream {
  readonly #parts: ThreadUpstreamParts;
  readonly #limits: UpstreamLimits;
  readonly #epoll: Epoll;
  readonly #incoming: MessageList;
  readonly #outgoing: MessageList;
  readonly #ports: (Port | null)[] = Array.from({ length: UPSTREAM_PLACES }, () => null);
  readonly #free: number[] = Array.from({ length: UPSTREAM_PLACES }, (_, i) => UPSTREAM_PLACES - 1 - i);
  readonly #servers = new Map<string, ServerPorts>();
  /** Where what is gathered in `#outgoing` leaves from. */
  #gathering: Port | null = null;
  #gathered = 0;
  #turn = 0;
  /** Where an idle socket was found last. */
  #idleAt = 0;
  #generation = 0;
  #sweptAt: number;
  waiting = 0;

  constructor(parts: ThreadUpstreamParts) {
    this.#parts = parts;
    this.#limits = { ...UPSTREAM_LIMITS, ...parts.limits };
    this.#epoll = new Epoll(parts.streams, MESSAGES);
    this.#incoming = new MessageList(parts.batches, { messages: MESSAGES, octets: REPLY_OCTETS });
    this.#outgoing = new MessageList(parts.batches, { messages: MESSAGES, octets: QUERY_OCTETS });
    this.#sweptAt = parts.clock.now();
    parts.open[UPSTREAM_PLACES] = this.#epoll.descriptor + 1;
    for (const { descriptor } of parts.clients) {
      this.#epoll.add(descriptor, EPOLL.IN, { index: CLIENT, generation: 0 });
    }
  }

  /** Gives the message an id and sends it at the end of the turn; null when there is no socket to be had. */
  ask(server: Endpoint, message: Uint8Array, length: number, awaiting: Awaiting): Sent | null {
    const port = this.#portFor(server);
    if (port === null) return null;
    if (this.#gathering !== port || this.#gathered === MESSAGES) {
      this.flush();
      this.#gathering = port;
    }
    const id = port.newId(this.#parts.random);
    message[0] = id >> 8;
    message[1] = id;
    const buffer = this.#outgoing.buffers[this.#gathered]!;
    for (let i = 0; i < length; i++) buffer[i] = message[i]!;
    this.#outgoing.set(this.#gathered++, length);
    port.await(id, awaiting);
    this.waiting++;
    return port;
  }

  /** Sends what is gathered. */
  flush(): void {
    const port = this.#gathering;
    if (port !== null && this.#gathered > 0 && !port.isClosed) this.#outgoing.send(port.descriptor, this.#gathered);
    this.#gathering = null;
    this.#gathered = 0;
  }

  /** Ends a turn: sends, and closes what is too old. */
  endTurn(now: number): void {
    this.flush();
    this.#turn++;
    if (now - this.#sweptAt < this.#limits.milliseconds) return;
    this.#sweptAt = now;
    for (const port of this.#ports) if (port !== null && !port.mayTake(now)) port.retire();
  }

  /** Waits until something comes, and tells those who wait for replies. True when a client's socket has something. */
  wait(milliseconds: number): boolean {
    const count = this.#epoll.wait(milliseconds);
    let hasClients = false;
    for (let i = 0; i < count; i++) {
      const index = this.#epoll.indexOf(i);
      const port = index === CLIENT ? null : (this.#ports[index] ?? null);
      if (index === CLIENT) hasClients = true;
      else if (port !== null && port.generation === this.#epoll.generationOf(i)) this.#receive(port);
    }
    return hasClients;
  }

  close(): void {
    for (const port of this.#ports) port?.close();
    this.#parts.open[UPSTREAM_PLACES] = 0;
    this.#epoll.close();
  }

  #receive(port: Port): void {
    const incoming = this.#incoming;
    const count = incoming.receive(port.descriptor);
    if (count < 0) {
      const errno = this.#parts.batches.errno();
      if (errno !== sys.EAGAIN && errno !== sys.EINTR) port.fail();
      return;
    }
    for (let i = 0; i < count && !port.isClosed; i++) {
      const length = incoming.length(i);
      if (length < REPLY_OCTETS) port.receive(incoming.buffers[i]!, length);
    }
  }

  #portFor(server: Endpoint): Port | null {
    const now = this.#parts.clock.now();
    const known = this.#serverPorts(server);
    const { current } = known;
    if (current !== null && known.turn === this.#turn && current.mayTake(now)) return current;
    const chosen = this.#chooseFor(known, now);
    known.current = chosen;
    known.turn = this.#turn;
    return chosen;
  }

  #chooseFor(known: ServerPorts, now: number): Port | null {
    const { ports } = known;
    while (ports.length > 0 && (ports.length >= this.#limits.socketsPerServer || this.#free.length === 0)) {
      const chosen = ports[this.#parts.random.below(ports.length)]!;
      if (chosen.mayTake(now)) return chosen;
      chosen.retire();
    }
    if (ports.length === 0 && this.#free.length === 0) this.#closeIdle();
    const opened = this.#open(known, now);
    if (opened === null && ports.length === 0) this.#servers.delete(known.key);
    return opened;
  }

  /** Makes room for a server that has no socket, when there is one that nobody waits for. */
  #closeIdle(): void {
    for (let i = 0; i < UPSTREAM_PLACES; i++) {
      this.#idleAt = (this.#idleAt + 1) % UPSTREAM_PLACES;
      const port = this.#ports[this.#idleAt];
      if (port?.isIdle === true) {
        port.retire();
        return;
      }
    }
  }

  #serverPorts(server: Endpoint): ServerPorts {
    const key = `${server.address} ${server.port}`;
    let known = this.#servers.get(key);
    if (known === undefined) {
      known = { key, name: socketAddress(server), ports: [], current: null, turn: -1 };
      this.#servers.set(key, known);
    }
    return known;
  }

  #open(known: ServerPorts, now: number): Port | null {
    const { streams, random, open } = this.#parts;
    const index = this.#free.at(-1);
    if (index === undefined) return null;
    const isIpv6 = known.name[0] === sys.AF_INET6;
    const type = sys.SOCK_DGRAM | sys.SOCK_CLOEXEC | SOCK_NONBLOCK;
    const descriptor = streams.socket(isIpv6 ? sys.AF_INET6 : sys.AF_INET, type, 0);
    if (descriptor < 0) return null;
    const length = isIpv6 ? sys.SOCKADDR_IN6_LENGTH : sys.SOCKADDR_IN_LENGTH;
    const generation = (this.#generation = (this.#generation + 1) >>> 0);
    // The system draws the port when the socket is connected.
    const isFit =
      streams.connect(descriptor, known.name, length) === 0 &&
      this.#epoll.add(descriptor, EPOLL.IN, { index, generation });
    if (!isFit) {
      streams.close(descriptor);
      return null;
    }
    this.#free.pop();
    open[index] = descriptor + 1;
    const { questions, milliseconds } = this.#limits;
    const questionsMax = questions - random.below(Math.max(1, questions >> 1));
    const port = new Port(
      { descriptor, generation, questionsMax, endsAt: now + milliseconds },
      {
        answered: () => this.waiting--,
        retired: () => this.#retired(known, port),
        closed: () => {
          open[index] = 0;
          streams.close(descriptor);
          this.#ports[index] = null;
          this.#free.push(index);
        },
      },
    );
    this.#ports[index] = port;
    known.ports.push(port);
    // It may have been forgotten when the last of its ports went.
    this.#servers.set(known.key, known);
    return port;
  }

  #retired(known: ServerPorts, port: Port): void {
    if (this.#gathering === port) this.flush();
    known.ports.splice(known.ports.indexOf(port), 1);
    if (known.current === port) known.current = null;
    if (known.ports.length === 0) this.#servers.delete(known.key);
  }
}

interface ServerPorts {
  readonly key: string;
  /** sockaddr */
  readonly name: Uint8Array;
  readonly ports: Port[];
  /** Drawn for the turn of that number. */
  current: Port | null;
  turn: number;
}

interface PortBounds {
  readonly descriptor: number;
  readonly generation: number;
  readonly questionsMax: number;
  readonly endsAt: number;
}

interface PortEvents {
  answered(): void;
  /** It takes no more questions. */
  retired(): void;
  closed(): void;
}

/** One socket to one server. An id is used once in its life, so that a reply that comes late or twice fits nothing else. */
class Port implements Sent {
  readonly descriptor: number;
  readonly generation: number;
  readonly #bounds: PortBounds;
  readonly #events: PortEvents;
  /** By id; null where nobody waits any more. */
  readonly #questions = new Map<number, Awaiting | null>();
  #waiting = 0;
  #isRetired = false;
  isClosed = false;

  constructor(bounds: PortBounds, events: PortEvents) {
    this.descriptor = bounds.descriptor;
    this.generation = bounds.generation;
    this.#bounds = bounds;
    this.#events = events;
  }

  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  mayTake(now: number): boolean {
    return !this.#isRetired && this.#questions.size < this.#bounds.questionsMax && now < this.#bounds.endsAt;
  }

  newId(random: Random): number {
    for (let draws = 0; draws < ID_DRAWS_MAX; draws++) {
      const id = random.below(0x1_0000);
      if (!this.#questions.has(id)) return id;
    }
    assert(false, "chance does not draw the same id for ever");
  }

  await(id: number, awaiting: Awaiting): void {
    this.#questions.set(id, awaiting);
    this.#waiting++;
  }

  end(id: number): void {
    if ((this.#questions.get(id) ?? null) === null) return;
    this.#questions.set(id, null);
    this.#waiting--;
    this.#events.answered();
    if (this.#waiting === 0 && this.#isRetired) this.close();
  }

  receive(octets: Uint8Array, length: number): void {
    const question = length < 2 ? undefined : this.#questions.get((octets[0]! << 8) | octets[1]!);
    // Late, or a second time.
    if (question === null) return;
    if (question !== undefined) {
      // It had the id, so somebody may know the port.
      if (!question.received(octets, length)) {
        this.retire();
        question.suspected();
      }
      return;
    }
    // Somebody guesses, and has found the port: none of those who wait here can trust the next reply (DESIGN §8).
    this.retire();
    for (const waiting of [...this.#questions.values()]) waiting?.suspected();
  }

  /** The port is closed (an ICMP message that fits this very socket), or the network is not to be reached. */
  fail(): void {
    this.retire();
    for (const waiting of [...this.#questions.values()]) waiting?.failed();
  }

  /** Takes no more questions; closes once none is waited for. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#events.retired();
    if (this.#waiting === 0) this.close();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#events.closed();
  }
}
