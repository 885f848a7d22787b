/**
 * A list of datagrams for one system call (recvmmsg(2), sendmmsg(2)): buffers that are made once, and of which the system is told once.
 * Hot: nothing is allocated for a datagram.
 */
import type { BatchSender } from "./batch-socket.ts";
import * as sys from "./batch-system.ts";
import type { BatchSystem } from "./batch-system.ts";

const HEADER_WORDS = sys.MMSGHDR_OCTETS >> 2;
const IOVEC_WORDS = sys.IOVEC_OCTETS >> 2;
const NAME_LENGTH = sys.MMSGHDR.nameLength >> 2;
const CONTROL_LENGTH = sys.MMSGHDR.controlLength >> 2;
const LENGTH = sys.MMSGHDR.length >> 2;
/** Keeps buffers of one list from falling on the same places of the processor's cache, as multiples of 4096 do. */
const SKEW_OCTETS = 64;
const CONTROL_OCTETS = 64;

export interface MessageListOptions {
  readonly messages: number;
  /** Room for each. */
  readonly octets: number;
}

export class MessageList {
  readonly buffers: readonly Uint8Array[];
  readonly #system: BatchSystem;
  readonly #headers: Uint8Array;
  readonly #headerWords: Uint32Array;
  readonly #vectors: Uint8Array;
  readonly #vectorWords: Uint32Array;
  readonly #names: readonly Uint8Array[];
  readonly #controls: readonly Uint8Array[];
  /** The list from the nth message on. */
  readonly #from: readonly Uint8Array[];

  constructor(system: BatchSystem, { messages, octets }: MessageListOptions) {
    const slots = Array.from({ length: messages }, (_, i) => i);
    const slices = (size: number, skew: number): Uint8Array[] => {
      const all = new Uint8Array(messages * (size + skew));
      return slots.map((i) => all.subarray(i * (size + skew), i * (size + skew) + size));
    };
    this.#system = system;
    this.buffers = slices(octets, SKEW_OCTETS);
    this.#names = slices(sys.SOCKADDR_OCTETS, 0);
    this.#controls = slices(CONTROL_OCTETS, 0);
    this.#headers = new Uint8Array(messages * sys.MMSGHDR_OCTETS);
    this.#headerWords = new Uint32Array(this.#headers.buffer);
    this.#vectors = new Uint8Array(messages * sys.IOVEC_OCTETS);
    this.#vectorWords = new Uint32Array(this.#vectors.buffer);
    this.#from = slots.map((i) => this.#headers.subarray(i * sys.MMSGHDR_OCTETS));
    const vectorsAt = system.addressOf(this.#vectors);
    for (const i of slots) {
      const message = new DataView(this.#headers.buffer, i * sys.MMSGHDR_OCTETS, sys.MMSGHDR_OCTETS);
      const vector = new DataView(this.#vectors.buffer, i * sys.IOVEC_OCTETS, sys.IOVEC_OCTETS);
      vector.setBigUint64(0, system.addressOf(this.buffers[i]!), true);
      vector.setBigUint64(8, BigInt(octets), true);
      message.setBigUint64(sys.MMSGHDR.name, system.addressOf(this.#names[i]!), true);
      message.setBigUint64(sys.MMSGHDR.iov, vectorsAt + BigInt(i * sys.IOVEC_OCTETS), true);
      message.setBigUint64(sys.MMSGHDR.iovCount, 1n, true);
      message.setBigUint64(sys.MMSGHDR.control, system.addressOf(this.#controls[i]!), true);
    }
  }

  get size(): number {
    return this.buffers.length;
  }

  /** Octets of the ith datagram that was received. */
  length(i: number): number {
    return this.#headerWords[i * HEADER_WORDS + LENGTH]!;
  }

  /** Receives from a connected socket what has come; returns how many, or -1. */
  receive(descriptor: number): number {
    return this.#system.recvmmsg(descriptor, this.#headers, this.size, sys.MSG_DONTWAIT, null);
  }

  /** The ith datagram is that long, and goes where its socket is connected to. */
  set(i: number, octets: number): void {
    this.#vectorWords[i * IOVEC_WORDS + 2] = octets;
    this.#headerWords[i * HEADER_WORDS + NAME_LENGTH] = 0;
    this.#headerWords[i * HEADER_WORDS + CONTROL_LENGTH] = 0;
  }

  /** The ith datagram is that long, and answers that sender. */
  setTo(i: number, octets: number, { name, control }: BatchSender): void {
    this.set(i, octets);
    this.#names[i]!.set(name);
    this.#controls[i]!.set(control);
    this.#headerWords[i * HEADER_WORDS + NAME_LENGTH] = name.length;
    this.#headerWords[i * HEADER_WORDS + CONTROL_LENGTH] = control.length;
  }

  /** Sends the first `count`; returns how many the system did not take. UDP may lose them. */
  send(descriptor: number, count: number): number {
    let unsent = 0;
    for (let next = 0; next < count;) {
      const sent = this.#system.sendmmsg(descriptor, this.#from[next]!, count - next, sys.MSG_DONTWAIT);
      if (sent > 0) {
        next += sent;
      } else {
        unsent++;
        next++;
      }
    }
    return unsent;
  }
}
