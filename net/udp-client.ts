/**
 * Questions over UDP (RFC 5452 §9.2). A server that is asked often has several sockets, each on a port that the system chose at
 * random and each for a bounded number of questions and seconds; a question takes one of them at random. Every socket is connected,
 * so it lets through only what comes from the server's address and port, and hears of it when nobody listens there. How many
 * guesses a forger needs stands in docs/adr/0010-upstream-sockets.md.
 */
import { createSocket, type Socket } from "node:dgram";
import { assert, type Clock, type Random, type Timer } from "../base/index.ts";
import { formatEndpoint } from "./address.ts";
import type { Asked } from "./asked.ts";
import type { Attempt, AttemptEvents } from "./asking.ts";
import { type Endpoint, ExchangeError } from "./exchange.ts";

export interface UpstreamLimits {
  /** Sockets for one server, among which a question chooses. Until there are so many, each question gets a fresh one. */
  readonly socketsPerServer: number;
  /** Sockets in all, those of servers asked once included. */
  readonly sockets: number;
  /** Questions of one socket: at least half of this, and at random up to as many, so that a port's end cannot be counted out. */
  readonly questions: number;
  /** How long a socket takes questions. */
  readonly milliseconds: number;
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  socketsPerServer: 16,
  sockets: 2048,
  questions: 128,
  milliseconds: 5_000,
};

export interface UpstreamParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<UpstreamLimits>;
}

const NONE: readonly UpstreamSocket[] = [];

/** The sockets of one Ask. They keep no process alive but while a question is on its way, and close by themselves. */
export class UpstreamSockets {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: UpstreamLimits;
  /** Those that take questions, by server, in the order in which servers were first asked. */
  readonly #servers = new Map<string, UpstreamSocket[]>();
  /** Open ones, those that only wait for their last replies included. */
  #open = 0;
  #sweep: Timer | null = null;

  constructor({ clock, random, limits }: UpstreamParts) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = { ...UPSTREAM_LIMITS, ...limits };
  }

  get open(): number {
    return this.#open;
  }

  ask(server: Endpoint, asked: Asked, events: AttemptEvents): Attempt {
    return this.#socketFor(server).ask(asked, events);
  }

  #socketFor(server: Endpoint): UpstreamSocket {
    const key = `${server.address} ${server.port}`;
    const sockets = this.#servers.get(key) ?? NONE;
    const wantsOne = sockets.length < this.#limits.socketsPerServer;
    // Where there is no room, a server that has a socket makes do with it.
    const hasRoom = this.#open < this.#limits.sockets || (sockets.length === 0 && this.#closeIdle());
    if (wantsOne && hasRoom) return this.#openFor(server, key);
    if (sockets.length === 0) {
      const where = `${formatEndpoint(server)} (udp)`;
      throw new ExchangeError("UNREACHABLE", `${where}: all ${this.#open} sockets for asking servers are in use`);
    }
    const chosen = sockets[this.#random.below(sockets.length)]!;
    if (chosen.mayTake(this.#clock.now())) return chosen;
    chosen.retire();
    return this.#socketFor(server);
  }

  #openFor(server: Endpoint, key: string): UpstreamSocket {
    const { questions, milliseconds } = this.#limits;
    const questionsMax = questions - this.#random.below(Math.max(1, questions >> 1));
    const bounds = { questionsMax, endsAt: this.#clock.now() + milliseconds };
    const socket = new UpstreamSocket(server, bounds, {
      retired: (retired) => this.#retired(key, retired),
      closed: () => this.#open--,
    });
    this.#open++;
    const sockets = this.#servers.get(key);
    if (sockets === undefined) this.#servers.set(key, [socket]);
    else sockets.push(socket);
    this.#sweep ??= this.#clock.after(milliseconds, () => this.#retireOld());
    return socket;
  }

  #retired(key: string, socket: UpstreamSocket): void {
    const sockets = this.#servers.get(key);
    const at = sockets?.indexOf(socket) ?? -1;
    if (sockets === undefined || at < 0) return;
    sockets.splice(at, 1);
    if (sockets.length === 0) this.#servers.delete(key);
  }

  /** Closes one that nobody waits for, of the server that was asked first; false when all are waited for. */
  #closeIdle(): boolean {
    for (const sockets of this.#servers.values()) {
      const idle = sockets.find((socket) => socket.isIdle);
      if (idle === undefined) continue;
      idle.retire();
      return true;
    }
    return false;
  }

  #retireOld(): void {
    const now = this.#clock.now();
    for (const sockets of [...this.#servers.values()]) {
      for (const socket of [...sockets]) if (!socket.mayTake(now)) socket.retire();
    }
    this.#sweep = this.#open === 0 ? null : this.#clock.after(this.#limits.milliseconds, () => this.#retireOld());
  }
}

/** An id is taken with odds of 1 in 500 at most, so this many in a row are a broken source. */
const ID_DRAWS_MAX = 100;

interface SocketBounds {
  readonly questionsMax: number;
  readonly endsAt: number;
}

interface SocketEvents {
  /** It takes no more questions. */
  retired(socket: UpstreamSocket): void;
  closed(): void;
}

/** One socket to one server. An id is used once in its life, so that a reply that comes late or twice fits nothing else. */
class UpstreamSocket {
  readonly #server: Endpoint;
  readonly #bounds: SocketBounds;
  readonly #events: SocketEvents;
  readonly #socket: Socket;
  /** By id; null where the reply has come or is not waited for any more. */
  readonly #questions = new Map<number, UdpQuestion | null>();
  #waiting = 0;
  #isConnected = false;
  #isRetired = false;
  #isClosed = false;
  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#failAll(error);
  };

  constructor(server: Endpoint, bounds: SocketBounds, events: SocketEvents) {
    this.#server = server;
    this.#bounds = bounds;
    this.#events = events;
    const isIpv6 = server.address.includes(":");
    this.#socket = createSocket({
      type: isIpv6 ? "udp6" : "udp4",
      lookup: (address, _options, callback) => callback(null, address, isIpv6 ? 6 : 4),
    });
    this.#socket.on("error", (error) => this.#failAll(error));
    this.#socket.on("message", (octets) => this.#receive(octets));
    this.#socket.once("connect", () => this.#connected());
    this.#socket.connect(server.port, server.address);
  }

  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  mayTake(now: number): boolean {
    return this.#questions.size < this.#bounds.questionsMax && now < this.#bounds.endsAt;
  }

  ask(asked: Asked, events: AttemptEvents): Attempt {
    for (let draws = 0; this.#questions.has(asked.id); draws++) {
      assert(draws < ID_DRAWS_MAX, "chance does not draw the same id for ever");
      asked.renumber();
    }
    const question = new UdpQuestion(this, asked, events);
    this.#questions.set(asked.id, question);
    if (this.#waiting++ === 0 && this.#isConnected) this.#socket.ref();
    if (this.#isConnected) this.#socket.send(asked.octets, this.#onSent);
    return question;
  }

  /** Nobody waits for this question any more. */
  end(id: number): void {
    this.#questions.set(id, null);
    if (--this.#waiting > 0) return;
    if (this.#isRetired) this.#close();
    else if (this.#isConnected) this.#socket.unref();
  }

  /** Takes no more questions; closes once none is waited for. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#events.retired(this);
    if (this.#waiting === 0) this.#close();
  }

  #connected(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    if (this.#waiting === 0) this.#socket.unref();
    for (const question of this.#questions.values()) {
      if (question !== null) this.#socket.send(question.asked.octets, this.#onSent);
    }
  }

  #receive(octets: Uint8Array): void {
    if (this.#isClosed) return;
    const question = octets.length < 2 ? undefined : this.#questions.get((octets[0]! << 8) | octets[1]!);
    // Late, or a second time.
    if (question === null) return;
    if (question !== undefined) {
      question.receive(octets);
      return;
    }
    // Somebody guesses, and has found the port: none of those who wait here can trust the next reply (DESIGN §8).
    this.retire();
    for (const waiting of [...this.#questions.values()]) waiting?.events.stray("stray");
  }

  /** The port is closed (an ICMP message that fits this very socket), the network not to be reached, or no socket to be had. */
  #failAll(error: Error): void {
    if (this.#isClosed) return;
    this.retire();
    const where = `${formatEndpoint(this.#server)} (udp)`;
    for (const question of [...this.#questions.values()]) {
      question?.events.failed(new ExchangeError("UNREACHABLE", `${where}: ${error.message}`));
    }
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    this.#events.closed();
  }
}

/** One question on a socket. */
class UdpQuestion implements Attempt {
  readonly asked: Asked;
  readonly events: AttemptEvents;
  readonly #socket: UpstreamSocket;
  #isClosed = false;

  constructor(socket: UpstreamSocket, asked: Asked, events: AttemptEvents) {
    this.#socket = socket;
    this.asked = asked;
    this.events = events;
  }

  receive(octets: Uint8Array): void {
    const judged = this.asked.judge(octets);
    if (judged.kind === "reply") {
      this.events.reply(judged.message, octets.length);
      return;
    }
    // It had the id, so somebody may know the port.
    if (judged.kind === "stray") this.#socket.retire();
    // A signed question would have gone over TCP.
    this.events.stray(judged.kind === "refused" ? "stray" : judged.kind);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.end(this.asked.id);
  }
}
