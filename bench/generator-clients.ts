/**
 * The clients of `generator.ts`: many sockets in one loop that never waits, so that the load costs less than the server it is put on. An
 * open loop keeps to its rate and does not wait for answers, so that a server that stands still is seen with all that it let wait;
 * a closed loop asks again when it is answered, and finds how much a server can bear.
 */
import {
  type BatchSocket,
  type BatchSystem,
  closeBatchSocket,
  type Endpoint,
  MSG_DONTWAIT,
  openBatchSocket,
} from "../net/index.ts";
import { BATCH, Datagrams, isAnswer } from "./generator-datagrams.ts";
import { Schedule } from "./schedule.ts";

export interface Generation {
  readonly port: number;
  /** Their id is written over. */
  readonly queries: readonly Uint8Array[];
  /** Sockets, each with a port of its own. */
  readonly clients: number;
  readonly flow: OpenLoop | ClosedLoop;
}

interface OpenLoop {
  readonly kind: "open";
  readonly perSecond: number;
  /**
   * What becomes of the schedule when the generator itself got no CPU for a while: it catches up with all that is due, which is right where it
   * has a core to itself; or goes on later, which is right where it shares one with the server and would flood it.
   */
  readonly whenHeldUp: "catch up" | "go on later";
}

interface ClosedLoop {
  readonly kind: "closed";
  /** Queries in flight, of all clients together. */
  readonly outstanding: number;
}

/** What became of the queries, in the order they were sent. */
export interface Generated {
  /** Milliseconds of the system's monotonic clock, which other processes read as well: when each was due, or was sent by a closed loop. */
  readonly dueAt: Float64Array;
  /** Milliseconds from then to the answer; PATIENCE_MILLISECONDS: there was none. */
  readonly waited: Float64Array;
  /** Responses that are no answers: another question, SERVFAIL and the like. Their queries are not counted as lost. */
  readonly wrong: number;
  /** Responses to nothing that waits: late, twice, or with a wrong id. */
  readonly unasked: number;
  /** Answers a second. */
  readonly perSecond: number;
  /** The longest that a query left after it was due: what the generator itself adds. */
  readonly behindMilliseconds: number;
}

/** Then a query is lost. */
export const PATIENCE_MILLISECONDS = 3000;
const IDS = 65_536;
/** Queries sent too late but sent, where the schedule goes on later: a millisecond and a half of 50,000 a second. */
const OWED_MAX = 64;
/** More than one core sends; it bounds the memory of a closed loop. */
const CLOSED_PER_SECOND_MAX = 1_000_000;
const BUFFER_OCTETS = 4 * 2 ** 20;
/** struct sockaddr_in. */
const SOCKADDR_OCTETS = 16;
const AF_INET = 2;

/** As many addresses as `ownEndpoint` has. */
export const CLIENTS_MAX = 250;

/**
 * Of an address that nobody else uses: the sockets may share their ports (SO_REUSEPORT), so the system would give one of them a port
 * that another such socket of the same address has, and answers would go astray.
 */
export function ownEndpoint(pid: number, index: number): Endpoint {
  return { address: `127.${1 + ((pid >> 8) % 250)}.${pid & 255}.${index + 1}`, port: 0 };
}

export class Clients {
  readonly #system: BatchSystem;
  readonly #work: Generation;
  readonly #sockets: readonly BatchSocket[];
  readonly #out: Datagrams;
  readonly #in: Datagrams;
  /** Kept here because the system reads it for as long as there is something to send. */
  readonly #server: Uint8Array;
  /** Which query of a socket has an id: one more than its index; 0: none. */
  readonly #waiting: Uint32Array;
  readonly #nextIds: Uint16Array;
  /** The id before which nothing waits any more. */
  readonly #oldestIds: Uint16Array;
  readonly #inFlight: Int32Array;
  #dueAt = new Float64Array();
  #waited = new Float64Array();
  #sent = 0;
  #answered = 0;
  #wrong = 0;
  #unasked = 0;
  #behind = 0;
  #lastAnswer = 0;

  constructor(system: BatchSystem, work: Generation) {
    this.#system = system;
    this.#work = work;
    const options = { receiveBufferOctets: BUFFER_OCTETS, sendBufferOctets: BUFFER_OCTETS, idleMilliseconds: 1 };
    this.#sockets = Array.from({ length: work.clients }, (_, i) =>
      openBatchSocket(system, ownEndpoint(process.pid, i), options),
    );
    this.#waiting = new Uint32Array(work.clients * IDS);
    this.#nextIds = new Uint16Array(work.clients);
    this.#oldestIds = new Uint16Array(work.clients);
    this.#inFlight = new Int32Array(work.clients);
    // A buffer of its own: what is small otherwise stands where the collector may move it.
    this.#server = new Uint8Array(new ArrayBuffer(SOCKADDR_OCTETS));
    this.#server.set([AF_INET, 0, work.port >> 8, work.port & 255, 127, 0, 0, 1]);
    this.#out = new Datagrams(system, this.#server);
    this.#in = new Datagrams(system, null);
  }

  /** Holds its thread for so long, and then until the last answer or for as long as that may take. At most `most` queries. */
  run(milliseconds: number, most = Infinity): Generated {
    const { flow } = this.#work;
    const began = now();
    const perSecond = flow.kind === "open" ? flow.perSecond : CLOSED_PER_SECOND_MAX;
    const total = Math.min(most, Math.floor((milliseconds * perSecond) / 1000));
    this.#dueAt = new Float64Array(total);
    this.#waited = new Float64Array(total);
    if (flow.kind === "open") this.#runOpen(flow, { began, total, over: began + milliseconds });
    else this.#runClosed(flow, { began, total, over: began + milliseconds });
    const end = now() + PATIENCE_MILLISECONDS;
    while (this.#isWaiting() && now() < end) this.#receiveAll();
    for (const socket of this.#sockets) closeBatchSocket(this.#system, socket);
    return {
      dueAt: this.#dueAt.subarray(0, this.#sent),
      waited: this.#waited.subarray(0, this.#sent),
      wrong: this.#wrong,
      unasked: this.#unasked,
      perSecond: this.#answered === 0 ? 0 : (1000 * this.#answered) / (this.#lastAnswer - began),
      behindMilliseconds: this.#behind,
    };
  }

  #runOpen({ perSecond, whenHeldUp }: OpenLoop, { began, total, over }: Bounds): void {
    const schedule = new Schedule(began, perSecond);
    for (let turn = 0; this.#sent < total; turn++) {
      const at = now();
      // A rate that the generator cannot keep up ends it too; how far it was behind says so.
      if (at >= over + (whenHeldUp === "catch up" ? PATIENCE_MILLISECONDS : 0)) return;
      const owed = Math.min(total, schedule.countAt(at)) - this.#sent;
      if (whenHeldUp === "go on later" && owed > OWED_MAX) schedule.postpone(owed - OWED_MAX);
      const count = Math.min(BATCH, owed);
      if (count > 0) {
        for (let i = 0; i < count; i++) this.#dueAt[this.#sent + i] = schedule.dueAt(this.#sent + i);
        this.#behind = Math.max(this.#behind, at - this.#dueAt[this.#sent]!);
        this.#send(turn % this.#sockets.length, count);
      }
      this.#receiveAll();
    }
  }

  #runClosed({ outstanding }: ClosedLoop, { total, over }: Bounds): void {
    const window = Math.max(1, Math.round(outstanding / this.#sockets.length));
    while (this.#sent < total) {
      const at = now();
      if (at >= over) return;
      for (let socket = 0; socket < this.#sockets.length; socket++) {
        this.#giveUp(socket, at);
        const room = Math.min(window - this.#inFlight[socket]!, total - this.#sent, BATCH);
        if (room > 0) {
          this.#dueAt.fill(at, this.#sent, this.#sent + room);
          this.#send(socket, room);
        }
        this.#receive(socket);
      }
    }
  }

  /** The next `count` queries, which are due. */
  #send(socket: number, count: number): void {
    const { queries } = this.#work;
    const sent = this.#sent;
    for (let i = 0; i < count; i++) {
      const id = this.#nextIds[socket]!++;
      const place = socket * IDS + id;
      // Nobody has answered it while all other ids were used: it is lost.
      if (this.#waiting[place] !== 0) this.#inFlight[socket]!--;
      this.#waiting[place] = sent + i + 1;
      this.#out.put(i, queries[(sent + i) % queries.length]!, id);
    }
    this.#waited.fill(PATIENCE_MILLISECONDS, sent, sent + count);
    this.#inFlight[socket]! += count;
    this.#sent += count;
    // What does not leave for want of room is lost; it does not happen with buffers this large.
    this.#system.sendmmsg(this.#sockets[socket]!.descriptor, this.#out.headers, count, MSG_DONTWAIT);
  }

  #receiveAll(): void {
    for (let socket = 0; socket < this.#sockets.length; socket++) {
      if (this.#inFlight[socket]! > 0) this.#receive(socket);
    }
  }

  #receive(socket: number): void {
    const { descriptor } = this.#sockets[socket]!;
    const count = this.#system.recvmmsg(descriptor, this.#in.headers, BATCH, MSG_DONTWAIT, null);
    if (count <= 0) return;
    const at = now();
    for (let i = 0; i < count; i++) this.#take(socket, i, at);
  }

  #take(socket: number, index: number, at: number): void {
    const { queries } = this.#work;
    const octets = this.#in.octets[index]!;
    const place = socket * IDS + ((octets[0]! << 8) | octets[1]!);
    const query = this.#waiting[place]! - 1;
    if (query < 0) {
      this.#unasked++;
      return;
    }
    this.#waiting[place] = 0;
    this.#inFlight[socket]!--;
    if (!isAnswer(octets, this.#in.lengthOf(index), queries[query % queries.length]!)) {
      this.#wrong++;
      return;
    }
    this.#answered++;
    this.#lastAnswer = at;
    this.#waited[query] = Math.min(at - this.#dueAt[query]!, PATIENCE_MILLISECONDS);
  }

  /** Ids follow each other, so what waits longest is found without a search. */
  #giveUp(socket: number, at: number): void {
    let oldest = this.#oldestIds[socket]!;
    while (oldest !== this.#nextIds[socket]) {
      const place = socket * IDS + oldest;
      const query = this.#waiting[place]! - 1;
      if (query >= 0) {
        if (at - this.#dueAt[query]! < PATIENCE_MILLISECONDS) break;
        this.#waiting[place] = 0;
        this.#inFlight[socket]!--;
      }
      oldest = (oldest + 1) & (IDS - 1);
    }
    this.#oldestIds[socket] = oldest;
  }

  #isWaiting(): boolean {
    return this.#inFlight.some((count) => count > 0);
  }
}

interface Bounds {
  readonly began: number;
  /** Queries at most. */
  readonly total: number;
  /** When to stop sending. */
  readonly over: number;
}

/** performance.now() allocates nothing; the other clock says where it began. */
const origin = Number(process.hrtime.bigint()) / 1e6 - performance.now();
const now = (): number => origin + performance.now();
