/**
 * A network inside the process: the same Handler and Ask, with delay, loss, duplication, reordering and partitions from a
 * seed, on a clock that may be simulated. Whole systems of servers and resolvers run on it without a socket. Messages
 * pass as octets, through the same checks as from the system's network.
 */
import type { Clock, Random } from "../base/index.ts";
import { MESSAGE_OCTETS_MAX } from "../dns/index.ts";
import { formatEndpoint } from "./address.ts";
import type { Asked } from "./asked.ts";
import {
  AskCounters,
  askOver,
  type AskParts,
  type Attempt,
  type AttemptEvents,
  type StartAttempt,
  tellOf,
} from "./asking.ts";
import { askManyOver } from "./asking-many.ts";
import {
  type Ask,
  type AskMany,
  type Endpoint,
  ExchangeError,
  type Handler,
  LATER,
  type Later,
  type Transport,
} from "./exchange.ts";

/** How the network treats datagrams; TCP suffers the delays and the partitions only. */
export interface Weather {
  /** One way, at least. */
  readonly delayMilliseconds: number;
  /** Added at random, evenly from 0 to this; more than the gap between datagrams reorders them. */
  readonly jitterMilliseconds: number;
  /** From 0 to 1, for each datagram. */
  readonly loss: number;
  readonly duplication: number;
}

const CALM: Weather = { delayMilliseconds: 10, jitterMilliseconds: 0, loss: 0, duplication: 0 };

/** From where to where. */
interface Route {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly transport: Transport;
}

/** A message as it passed, for tests that look at the traffic. */
export interface Passage extends Route {
  readonly octets: Uint8Array;
}

export class MemoryNetwork {
  weather: Weather = CALM;
  /** Called with each message that is sent, lost ones included. */
  watch: ((passage: Passage) => void) | null = null;
  /** Of all that ask here. */
  readonly counters = new AskCounters();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #handlers = new Map<string, Handler>();
  readonly #partitions = new Set<string>();
  readonly #silent = new Set<string>();
  #nextPort = 49_152;

  constructor(clock: Clock, random: Random, weather: Partial<Weather> = {}) {
    this.#clock = clock;
    this.#random = random;
    this.weather = { ...CALM, ...weather };
  }

  host(address: string): MemoryHost {
    return new MemoryHost(this, address);
  }

  /** Lets the handler answer at the endpoint, over both transports unless told; the result takes it away again. */
  attach(endpoint: Endpoint, handler: Handler, transports: readonly Transport[] = ["udp", "tcp"]): Disposable {
    const keys = transports.map((transport) => handlerKey(endpoint, transport));
    for (const key of keys) this.#handlers.set(key, handler);
    return { [Symbol.dispose]: () => keys.forEach((key) => this.#handlers.delete(key)) };
  }

  /** Nothing passes between the two addresses until `heal`. */
  partition(a: string, b: string): void {
    this.#partitions.add(pairKey(a, b));
  }

  /** Nothing passes to or from the address until `heal`, as when its power is off. */
  silence(address: string): void {
    this.#silent.add(address);
  }

  heal(): void {
    this.#partitions.clear();
    this.#silent.clear();
  }

  /** An Ask for a client that lives at this address. */
  ask(fromAddress: string): Ask {
    return askOver(this.#starting(fromAddress), this.#askParts);
  }

  /** An AskMany for a client that lives at this address. */
  askMany(fromAddress: string): AskMany {
    return askManyOver(this.#starting(fromAddress), this.#askParts);
  }

  /** Sends one message on its way; `arrived` runs for each copy that gets there. */
  send(passage: Passage, arrived: (octets: Uint8Array) => void): void {
    this.watch?.(passage);
    const { from, to, transport, octets } = passage;
    if (!this.#isOpen(from.address, to.address)) return;
    const isDatagram = transport === "udp";
    if (isDatagram && this.#happens(this.weather.loss)) return;
    const copies = isDatagram && this.#happens(this.weather.duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const copy = octets.slice();
      this.#clock.after(this.#delay(), () => arrived(copy));
    }
  }

  /** Hands a request that arrived to whoever listens there; `answered` runs for each response, or with null: nobody listens. */
  deliver(from: Endpoint, to: Endpoint, transport: Transport, request: Uint8Array, answered: Answered): void {
    const handler = this.#handlers.get(handlerKey(to, transport));
    if (handler === undefined) {
      answered(null);
      return;
    }
    const response = new Uint8Array(transport === "udp" ? UDP_RESPONSE_OCTETS : MESSAGE_OCTETS_MAX);
    let isEnded = false;
    const later: Later = (octets, expect) => {
      if (isEnded) return;
      isEnded = expect === undefined;
      if (octets.length > 0) answered(octets);
      if (typeof expect === "function") this.#clock.soon(() => expect(true));
    };
    const length = handler.handle(request, response, { ...from, transport }, later);
    if (length !== LATER && length > 0) answered(response.subarray(0, length));
  }

  get #askParts(): AskParts {
    return { clock: this.#clock, random: this.#random, counters: this.counters };
  }

  #starting(fromAddress: string): StartAttempt {
    return (transport, to, asked, events) => {
      const from: Endpoint = { address: fromAddress, port: this.#freshPort() };
      return new MemoryQuestion(this, { from, to, transport }, asked, events);
    };
  }

  #isOpen(a: string, b: string): boolean {
    return !this.#partitions.has(pairKey(a, b)) && !this.#silent.has(a) && !this.#silent.has(b);
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random.below(1_000_000) < probability * 1_000_000;
  }

  #delay(): number {
    const { delayMilliseconds, jitterMilliseconds } = this.weather;
    return delayMilliseconds + (jitterMilliseconds > 0 ? (this.#random.below(1000) * jitterMilliseconds) / 1000 : 0);
  }

  #freshPort(): number {
    this.#nextPort = this.#nextPort === 65_535 ? 49_152 : this.#nextPort + 1;
    return this.#nextPort;
  }
}

type Answered = (octets: Uint8Array | null) => void;

/** As much as the UDP server gives its handlers. */
const UDP_RESPONSE_OCTETS = 4096;

/** One address of the network. */
export class MemoryHost {
  readonly address: string;
  readonly ask: Ask;
  readonly askMany: AskMany;
  readonly #network: MemoryNetwork;

  constructor(network: MemoryNetwork, address: string) {
    this.#network = network;
    this.address = address;
    this.ask = network.ask(address);
    this.askMany = network.askMany(address);
  }

  attach(port: number, handler: Handler): Disposable {
    return this.#network.attach({ address: this.address, port }, handler);
  }
}

/** One question on its way through the network. */
class MemoryQuestion implements Attempt {
  readonly #network: MemoryNetwork;
  readonly #route: Route;
  readonly #asked: Asked;
  readonly #events: AttemptEvents;
  #isClosed = false;
  /** Over TCP: messages of the response that were sent, those that were handed on, and those that came before an earlier one. */
  #sent = 0;
  #handedOn = 0;
  readonly #early = new Map<number, () => void>();

  constructor(network: MemoryNetwork, route: Route, asked: Asked, events: AttemptEvents) {
    this.#network = network;
    this.#route = route;
    this.#asked = asked;
    this.#events = events;
    // A connection takes a round trip before the question can leave.
    if (route.transport === "udp") this.#ask();
    else this.#there(NOTHING, () => this.#back(NOTHING, () => this.#ask()));
  }

  close(): void {
    this.#isClosed = true;
  }

  #ask(): void {
    const { from, to, transport } = this.#route;
    this.#there(this.#asked.octets, (request) =>
      this.#network.deliver(from, to, transport, request, (response) => {
        if (response === null) this.#back(NOTHING, () => this.#refused());
        else this.#return(response);
      }),
    );
  }

  /** A stream keeps its order; and behind what is lost nothing comes through any more. */
  #return(response: Uint8Array): void {
    if (this.#route.transport === "udp") {
      this.#back(response, (octets) => this.#judge(octets));
      return;
    }
    const place = this.#sent++;
    this.#back(response, (octets) => {
      this.#early.set(place, () => this.#judge(octets));
      for (let next = this.#early.get(this.#handedOn); next !== undefined; next = this.#early.get(this.#handedOn)) {
        this.#early.delete(this.#handedOn++);
        if (!this.#isClosed) next();
      }
    });
  }

  #there(octets: Uint8Array, arrived: (octets: Uint8Array) => void): void {
    this.#network.send({ ...this.#route, octets }, (copy) => !this.#isClosed && arrived(copy));
  }

  #back(octets: Uint8Array, arrived: (octets: Uint8Array) => void): void {
    const { from, to, transport } = this.#route;
    this.#network.send({ from: to, to: from, transport, octets }, (copy) => !this.#isClosed && arrived(copy));
  }

  #refused(): void {
    this.#events.failed(new ExchangeError("UNREACHABLE", `${this.#where}: nobody listens there`));
  }

  get #where(): string {
    return `${formatEndpoint(this.#route.to)} (${this.#route.transport})`;
  }

  #judge(octets: Uint8Array): void {
    const judged = this.#asked.judge(octets);
    tellOf(judged, octets.length, this.#events, this.#where);
  }
}

const NOTHING = new Uint8Array(0);

function handlerKey(endpoint: Endpoint, transport: Transport): string {
  return `${transport} ${formatEndpoint(endpoint)}`;
}

function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
