/**
 * A UDP server in batches, for a thread of its own: takes what has come with one system call, has each request handled, sends
 * the responses with another. Hot: nothing is allocated for a request. The plain one beside it is `udp.ts`; both are held to
 * one contract (test/net/datagram.test.ts).
 *
 * Every buffer is made once, and the system is told once where it is. What it changes (lengths of addresses and of ancillary
 * data) is set anew for each batch.
 */
import { assert } from "../base/index.ts";
import { BatchPeer } from "./batch-peer.ts";
import { type BatchSender, type BatchSocket, lastFailure } from "./batch-socket.ts";
import * as sys from "./batch-system.ts";
import type { BatchSystem } from "./batch-system.ts";
import { type Handler, LATER } from "./exchange.ts";

/** Places in the counts of a thread. They are Float64, in memory that other threads may read. */
export const BATCH_COUNT = { REQUESTS: 0, RESPONSES: 1, RECEIVE_ERRORS: 2, UNSENT: 3, FAULTS: 4, BATCHES: 5 } as const;
export const BATCH_COUNTS = 6;

export interface BatchParts {
  readonly handler: Handler;
  readonly counts: Float64Array;
  /** Takes a request that the handler answers LATER. All that it is given is valid only during the call. */
  readonly onLater: (request: Uint8Array, from: BatchSender, socket: number) => void;
  /** A bug in the handler ended a request. */
  readonly onFault: (error: unknown) => void;
  /** The longest response. */
  readonly responseOctets: number;
}

/** Datagrams a system call. More only delays the first of them; fewer costs more calls. */
const BATCH = 64;
/** As long as datagrams get. What no request is long enough to touch takes no memory. */
const REQUEST_OCTETS = 65_536;
/** Keeps buffers of one batch from falling on the same places of the processor's cache, as multiples of 4096 do. */
const SKEW_OCTETS = 64;
const CONTROL_OCTETS = 64;
/** Failures in a row after which the socket is given up. */
const FAILURES_MAX = 1000;
/** Lengths of requests for which a view is kept: those of nearly all queries. */
const VIEW_OCTETS_MAX = 160;

const NAME_LENGTH = sys.MMSGHDR.nameLength >> 2;
const CONTROL_LENGTH = sys.MMSGHDR.controlLength >> 2;
const LENGTH = sys.MMSGHDR.length >> 2;
const HEADER_WORDS = sys.MMSGHDR_OCTETS >> 2;
const IOVEC_WORDS = sys.IOVEC_OCTETS >> 2;

/** Unused by handlers in a thread: what they answer later is answered by another thread. */
const NOT_HERE = (): never => {
  throw new Error("a thread hands a request on by returning LATER");
};

/** Serves the sockets of one thread, turn by turn. */
export class BatchServer {
  readonly #system: BatchSystem;
  readonly #lanes: readonly Lane[];
  readonly #polled: Uint8Array;

  constructor(system: BatchSystem, sockets: readonly BatchSocket[], parts: BatchParts) {
    assert(sockets.length > 0, "a thread has a socket");
    this.#system = system;
    const buffers = new BatchBuffers(system, parts.responseOctets);
    this.#lanes = sockets.map((socket, index) => new Lane(system, { socket, index, buffers, parts }));
    this.#polled = new Uint8Array(sys.POLLFD_OCTETS * sockets.length);
    const view = new DataView(this.#polled.buffer);
    sockets.forEach(({ descriptor }, i) => {
      view.setInt32(i * sys.POLLFD_OCTETS, descriptor, true);
      view.setInt16(i * sys.POLLFD_OCTETS + 4, sys.POLLIN, true);
    });
  }

  /**
   * Waits for requests and answers what has come. Returns how many there were: 0 when none came for a while, or when
   * somebody woke the sockets.
   */
  turn(idleMilliseconds: number): number {
    const lanes = this.#lanes;
    // With one socket the system waits in the call that receives, which saves a call.
    if (lanes.length === 1) return lanes[0]!.serve(sys.MSG_WAITFORONE);
    const count = this.turnNow();
    if (count > 0) return count;
    this.#system.poll(this.#polled, lanes.length, idleMilliseconds);
    return this.turnNow();
  }

  /** Answers what has come, without waiting. */
  turnNow(): number {
    let count = 0;
    for (const lane of this.#lanes) count += lane.serve(sys.MSG_DONTWAIT);
    return count;
  }
}

/** The buffers of a thread, and the lists that tell the system where they are. All its sockets use them in turn. */
class BatchBuffers {
  readonly requests: readonly Uint8Array[];
  readonly responses: readonly Uint8Array[];
  readonly names: readonly Uint8Array[];
  readonly controls: readonly Uint8Array[];
  readonly receiving = new Uint8Array(BATCH * sys.MMSGHDR_OCTETS);
  readonly sending = new Uint8Array(BATCH * sys.MMSGHDR_OCTETS);
  readonly receivingWords = new Uint32Array(this.receiving.buffer);
  readonly sendingWords = new Uint32Array(this.sending.buffer);
  /** The list of messages to send, from the nth on. */
  readonly sendingFrom: readonly Uint8Array[];
  readonly #inVectors = new Uint8Array(BATCH * sys.IOVEC_OCTETS);
  readonly #outVectors = new Uint8Array(BATCH * sys.IOVEC_OCTETS);
  readonly outVectorWords = new Uint32Array(this.#outVectors.buffer);
  /** The first n octets of each request buffer, by n: making a view costs more than keeping it. */
  readonly #views: (Uint8Array | undefined)[][];

  constructor(system: BatchSystem, responseOctets: number) {
    const slots = Array.from({ length: BATCH }, (_, i) => i);
    const slices = (octets: number): Uint8Array[] => {
      const all = new Uint8Array(BATCH * octets);
      return slots.map((i) => all.subarray(i * octets, (i + 1) * octets));
    };
    this.requests = slices(REQUEST_OCTETS + SKEW_OCTETS).map((slot) => slot.subarray(0, REQUEST_OCTETS));
    this.responses = slices(((responseOctets + 63) & ~63) + SKEW_OCTETS).map((slot) =>
      slot.subarray(0, responseOctets),
    );
    this.names = slices(sys.SOCKADDR_OCTETS);
    this.controls = slices(CONTROL_OCTETS);
    this.sendingFrom = slots.map((i) => this.sending.subarray(i * sys.MMSGHDR_OCTETS));
    this.#views = slots.map(() => []);
    for (const i of slots) {
      this.#describe(system, i, { header: this.receiving, vectors: this.#inVectors, octets: this.requests[i]! });
      this.#describe(system, i, { header: this.sending, vectors: this.#outVectors, octets: this.responses[i]! });
    }
  }

  /** A response goes where its request came from, so both lists have the same names and ancillary data. */
  #describe(
    system: BatchSystem,
    i: number,
    list: { header: Uint8Array; vectors: Uint8Array; octets: Uint8Array },
  ): void {
    const { header, vectors, octets } = list;
    const message = new DataView(header.buffer, i * sys.MMSGHDR_OCTETS, sys.MMSGHDR_OCTETS);
    const vector = new DataView(vectors.buffer, i * sys.IOVEC_OCTETS, sys.IOVEC_OCTETS);
    vector.setBigUint64(0, system.addressOf(octets), true);
    vector.setBigUint64(8, BigInt(octets.length), true);
    message.setBigUint64(sys.MMSGHDR.name, system.addressOf(this.names[i]!), true);
    message.setBigUint64(sys.MMSGHDR.iov, system.addressOf(vectors) + BigInt(i * sys.IOVEC_OCTETS), true);
    message.setBigUint64(sys.MMSGHDR.iovCount, 1n, true);
    message.setBigUint64(sys.MMSGHDR.control, system.addressOf(this.controls[i]!), true);
  }

  request(i: number, length: number): Uint8Array {
    if (length > VIEW_OCTETS_MAX) return this.requests[i]!.subarray(0, length);
    return (this.#views[i]![length] ??= this.requests[i]!.subarray(0, length));
  }
}

interface LaneParts {
  readonly socket: BatchSocket;
  readonly index: number;
  readonly buffers: BatchBuffers;
  readonly parts: BatchParts;
}

/** One socket and its turn with the buffers. */
class Lane {
  readonly #system: BatchSystem;
  readonly #descriptor: number;
  readonly #index: number;
  readonly #nameLength: number;
  readonly #controlLength: number;
  readonly #buffers: BatchBuffers;
  readonly #parts: BatchParts;
  readonly #peer: BatchPeer;
  #failures = 0;
  /** The handler knows of the batch at hand. */
  #isForeseen = false;

  constructor(system: BatchSystem, { socket, index, buffers, parts }: LaneParts) {
    const isIpv6 = socket.endpoint.address.includes(":");
    this.#system = system;
    this.#descriptor = socket.descriptor;
    this.#index = index;
    this.#nameLength = isIpv6 ? sys.SOCKADDR_IN6_LENGTH : sys.SOCKADDR_IN_LENGTH;
    this.#controlLength = socket.isWildcard ? CONTROL_OCTETS : 0;
    this.#buffers = buffers;
    this.#parts = parts;
    this.#peer = new BatchPeer(isIpv6);
  }

  /** Receives once, and answers what came. */
  serve(flags: number): number {
    const { receiving, receivingWords } = this.#buffers;
    for (let i = 0; i < BATCH; i++) {
      receivingWords[i * HEADER_WORDS + NAME_LENGTH] = this.#nameLength;
      receivingWords[i * HEADER_WORDS + CONTROL_LENGTH] = this.#controlLength;
    }
    const count = this.#system.recvmmsg(this.#descriptor, receiving, BATCH, flags, null);
    if (count <= 0) return count === 0 ? 0 : this.#failed();
    this.#failures = 0;
    this.#parts.counts[BATCH_COUNT.BATCHES]!++;
    this.#parts.counts[BATCH_COUNT.REQUESTS]! += count;
    this.#isForeseen = this.#foresee(count);
    this.#answer(count);
    return count;
  }

  /** Handles `count` requests; runs of responses go out together, silence ends a run. */
  #answer(count: number): void {
    const { receivingWords, sendingWords, outVectorWords } = this.#buffers;
    let start = 0;
    for (let i = 0; i < count; i++) {
      const length = this.#handle(i, receivingWords[i * HEADER_WORDS + LENGTH]!);
      if (length > 0) {
        outVectorWords[i * IOVEC_WORDS + 2] = length;
        sendingWords[i * HEADER_WORDS + NAME_LENGTH] = this.#nameLength;
        sendingWords[i * HEADER_WORDS + CONTROL_LENGTH] = this.#returnAddress(i);
      } else {
        this.#send(start, i);
        start = i + 1;
      }
    }
    this.#send(start, count);
  }

  #foresee(count: number): boolean {
    const { handler, onFault, counts } = this.#parts;
    if (handler.foresee === undefined) return false;
    try {
      handler.foresee(this.#buffers.requests, count);
      return true;
    } catch (error) {
      counts[BATCH_COUNT.FAULTS]!++;
      onFault(error);
      return false;
    }
  }

  #handle(i: number, length: number): number {
    const { handler, onLater, onFault, counts } = this.#parts;
    const buffers = this.#buffers;
    const request = buffers.request(i, length);
    try {
      this.#peer.read(buffers.names[i]!);
      if (this.#peer.port === 0) {
        // The sender takes no reply (RFC 768).
        counts[BATCH_COUNT.RECEIVE_ERRORS]!++;
        return 0;
      }
      const response = buffers.responses[i]!;
      const written =
        this.#isForeseen && handler.handleForeseen !== undefined
          ? handler.handleForeseen(i, request, response, this.#peer)
          : handler.handle(request, response, this.#peer, NOT_HERE);
      if (written === LATER) onLater(request, this.#senderOf(i), this.#index);
      return written;
    } catch (error) {
      // A bug in the handler costs this request, not the batch.
      counts[BATCH_COUNT.FAULTS]!++;
      onFault(error);
      return 0;
    }
  }

  #senderOf(i: number): BatchSender {
    const { names, controls } = this.#buffers;
    return {
      name: names[i]!.slice(0, this.#nameLength),
      control: controls[i]!.slice(0, this.#controlLength === 0 ? 0 : this.#returnAddress(i)),
    };
  }

  /**
   * Makes of "it came to this address" (struct in_pktinfo, in6_pktinfo) "it leaves from this address", where the socket has
   * several, and returns the length of that. The interface is left to routing, but for link-local addresses.
   */
  #returnAddress(i: number): number {
    if (this.#controlLength === 0) return 0;
    const length = this.#buffers.receivingWords[i * HEADER_WORDS + CONTROL_LENGTH]!;
    const control = this.#buffers.controls[i]!;
    const isIpv6 = this.#nameLength === sys.SOCKADDR_IN6_LENGTH;
    if (isIpv6 && control[16] === 0xfe && (control[17]! & 0xc0) === 0x80) return length;
    control.fill(0, isIpv6 ? 32 : 16, isIpv6 ? 36 : 20);
    return length;
  }

  #send(start: number, end: number): void {
    const counts = this.#parts.counts;
    let next = start;
    while (next < end) {
      const messages = this.#buffers.sendingFrom[next]!;
      const sent = this.#system.sendmmsg(this.#descriptor, messages, end - next, sys.MSG_DONTWAIT);
      if (sent > 0) {
        counts[BATCH_COUNT.RESPONSES]! += sent;
        next += sent;
      } else {
        // The first one cannot be sent: its address takes none, or the system has no room. UDP may lose it.
        counts[BATCH_COUNT.UNSENT]!++;
        next++;
      }
    }
  }

  /** Nothing came in time, or the call was interrupted, or something is wrong with the socket. */
  #failed(): number {
    const errno = this.#system.errno();
    if (errno === sys.EAGAIN || errno === sys.EINTR) return 0;
    this.#parts.counts[BATCH_COUNT.RECEIVE_ERRORS]!++;
    if (++this.#failures > FAILURES_MAX) throw lastFailure(this.#system, "recvmmsg");
    return 0;
  }
}
