/** The clients of `tcp-load.ts`: non-blocking sockets in one loop, so that the load costs less than the server it is put on. */
import { EPOLL, type Epoll, MSG_NOSIGNAL, SOCK_NONBLOCK, SOCK_STREAM, type StreamSystem } from "../net/index.ts";

export interface TcpLoadWork {
  readonly port: number;
  /** With their length in front; the id is written over. */
  readonly queries: readonly Uint8Array[];
  readonly mode: "long" | "short";
  readonly connections: number;
  /** Queries of one connection in flight. */
  readonly window: number;
}

export interface TcpLoadResult {
  readonly queries: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Queries without a response: refused, reset, closed, or two seconds without one. */
  readonly failed: number;
  readonly connections: number;
  readonly p50: number;
  readonly p99: number;
}

const AF_INET = 2;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const IPPROTO_IP = 0;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const ADDRESS_OCTETS = 16;
const READ_OCTETS = 65_536;
const PATIENCE_MILLISECONDS = 2000;
/** Source addresses: 127.1.0.1 and on. */
const SOURCES = 2000;
/** Latencies are counted in steps of 2 µs up to 0.4 s. */
const STEP_MICROSECONDS = 2;
const STEPS = 200_000;

interface Client {
  readonly index: number;
  generation: number;
  descriptor: number;
  /** When each query of the window was sent; by its id. 0: it is answered. */
  readonly sent: Float64Array;
  began: number;
  /** The begin of a response that has not come whole. */
  held: Uint8Array;
  /** The connection is not there yet: the server is slow to accept. */
  isWaiting: boolean;
}

export class TcpLoad {
  readonly #system: StreamSystem;
  readonly #epoll: Epoll;
  readonly #work: TcpLoadWork;
  readonly #clients: Client[];
  readonly #in = new Uint8Array(READ_OCTETS);
  readonly #out = new Uint8Array(READ_OCTETS);
  readonly #steps = new Uint32Array(STEPS);
  readonly #source = new Uint8Array(ADDRESS_OCTETS);
  readonly #server = new Uint8Array(ADDRESS_OCTETS);
  readonly #one = Uint8Array.of(1, 0, 0, 0);
  /** struct linger: on, for 0 seconds. */
  readonly #lingerNot = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  #next = 0;
  #answered = 0;
  #failed = 0;
  #opened = 0;

  constructor(system: StreamSystem, epoll: Epoll, work: TcpLoadWork) {
    this.#system = system;
    this.#epoll = epoll;
    this.#work = work;
    this.#source.set([AF_INET, 0, 0, 0, 127, 1, 0, 1]);
    this.#server.set([AF_INET, 0, work.port >> 8, work.port & 255, 127, 0, 0, 1]);
    this.#clients = Array.from({ length: work.connections }, (_, index) => ({
      index,
      generation: 0,
      descriptor: -1,
      sent: new Float64Array(work.window),
      began: 0,
      held: NOTHING,
      isWaiting: false,
    }));
  }

  run(milliseconds: number): TcpLoadResult {
    const began = performance.now();
    for (const client of this.#clients) this.#open(client);
    let now = began;
    let sweepAt = began + 100;
    while (now - began < milliseconds) {
      const count = this.#epoll.wait(100);
      for (let i = 0; i < count; i++) {
        const client = this.#clients[this.#epoll.indexOf(i)]!;
        if (client.generation === this.#epoll.generationOf(i)) this.#turn(client);
      }
      now = performance.now();
      if (now < sweepAt) continue;
      sweepAt = now + 100;
      for (const client of this.#clients) this.#sweep(client, now);
    }
    for (const client of this.#clients) this.#close(client, false);
    this.#epoll.close();
    const seconds = (now - began) / 1000;
    return {
      queries: this.#answered,
      seconds,
      perSecond: this.#answered / seconds,
      failed: this.#failed,
      connections: this.#opened,
      p50: this.#percentile(0.5),
      p99: this.#percentile(0.99),
    };
  }

  #open(client: Client): void {
    const system = this.#system;
    this.#opened++;
    client.began = performance.now();
    client.generation++;
    client.held = NOTHING;
    client.descriptor = system.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const source = 1 + (this.#opened % SOURCES);
    this.#source[6] = source >> 8;
    this.#source[7] = source & 255;
    system.setsockopt(client.descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, this.#one, 4);
    if (this.#work.mode === "long") system.setsockopt(client.descriptor, IPPROTO_TCP, TCP_NODELAY, this.#one, 4);
    if (system.bind(client.descriptor, this.#source, ADDRESS_OCTETS) < 0) throw new Error("no address to ask from");
    this.#system.connect(client.descriptor, this.#server, ADDRESS_OCTETS);
    // On loopback the connection nearly always is there when the call returns, so the queries follow at once.
    client.isWaiting = !this.#ask(client);
    this.#epoll.add(client.descriptor, client.isWaiting ? EPOLL.IN | EPOLL.OUT : EPOLL.IN, client);
  }

  /** Sends as many queries as the window holds. False when there is no connection. */
  #ask(client: Client): boolean {
    let length = 0;
    for (let id = 0; id < this.#work.window; id++) length = this.#put(client, id, length);
    return this.#system.send(client.descriptor, this.#out, length, MSG_NOSIGNAL) === length;
  }

  #turn(client: Client): void {
    if (!client.isWaiting) {
      this.#read(client);
    } else if (this.#ask(client)) {
      client.isWaiting = false;
      this.#epoll.change(client.descriptor, EPOLL.IN, client);
    } else {
      this.#lost(client);
    }
  }

  /** Puts the next query into the buffer; returns where it ends. */
  #put(client: Client, id: number, at: number): number {
    const { queries } = this.#work;
    const query = queries[this.#next++ % queries.length]!;
    this.#out.set(query, at);
    this.#out[at + 2] = id >> 8;
    this.#out[at + 3] = id;
    client.sent[id] = performance.now();
    return at + query.length;
  }

  #read(client: Client): void {
    const count = this.#system.recv(client.descriptor, this.#in, READ_OCTETS, 0);
    if (count <= 0) {
      this.#lost(client);
      return;
    }
    const { held } = client;
    const octets = held.length === 0 ? this.#in : Buffer.concat([held, this.#in.subarray(0, count)]);
    const length = held.length + count;
    let at = 0;
    let unsent = 0;
    while (at + 2 <= length) {
      const end = at + 2 + ((octets[at]! << 8) | octets[at + 1]!);
      if (end > length) break;
      unsent = this.#answer(client, (octets[at + 2]! << 8) | octets[at + 3]!, unsent);
      at = end;
    }
    if (this.#work.mode === "short") {
      if (at === 0) client.held = octets.slice(0, length);
      else this.#reopen(client);
      return;
    }
    client.held = at === length ? NOTHING : octets.slice(at, length);
    if (unsent > 0 && this.#system.send(client.descriptor, this.#out, unsent, MSG_NOSIGNAL) !== unsent)
      this.#lost(client);
  }

  /** Notes one response, and in long connections asks the next. */
  #answer(client: Client, id: number, at: number): number {
    const sent = client.sent[id];
    if (sent === undefined || sent === 0) throw new Error(`a response to no query, id ${id}`);
    const began = this.#work.mode === "long" ? sent : client.began;
    const step = Math.floor(((performance.now() - began) * 1000) / STEP_MICROSECONDS);
    this.#steps[Math.min(step, STEPS - 1)]!++;
    this.#answered++;
    client.sent[id] = 0;
    return this.#work.mode === "long" ? this.#put(client, id, at) : at;
  }

  #sweep(client: Client, now: number): void {
    if (client.descriptor < 0) this.#open(client);
    const isLate = client.sent.some((sent) => sent > 0 && now - sent > PATIENCE_MILLISECONDS);
    if (isLate) this.#lost(client);
  }

  /** Opened again by the next sweep, so that a server that takes nobody is not asked without end. */
  #lost(client: Client): void {
    for (const sent of client.sent) if (sent > 0) this.#failed++;
    this.#close(client, true);
  }

  #reopen(client: Client): void {
    this.#close(client, false);
    this.#open(client);
  }

  #close(client: Client, isReset: boolean): void {
    if (client.descriptor < 0) return;
    // What is lost may hold much unsent: away with it.
    if (isReset) this.#system.setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, this.#lingerNot, 8);
    this.#system.close(client.descriptor);
    client.descriptor = -1;
    client.sent.fill(0);
    client.generation++;
  }

  #percentile(share: number): number {
    let left = share * this.#answered;
    for (let step = 0; step < STEPS; step++) {
      left -= this.#steps[step]!;
      if (left <= 0) return (step + 1) * STEP_MICROSECONDS;
    }
    return STEPS * STEP_MICROSECONDS;
  }
}

const NOTHING = new Uint8Array(0);
