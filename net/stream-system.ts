/**
 * The system calls of the TCP transport that waits in the system (epoll(7), accept4(2), recv(2), send(2)), and the list of
 * descriptors that it waits for. 64-bit Linux; where they are not to be had, `tcp.ts` does the work with Node's own sockets.
 */
import { type Call, loadLibrary } from "./system-library.ts";

export interface StreamSystem {
  /** socket(domain, type, protocol) */
  readonly socket: Call;
  /** setsockopt(fd, level, name, value, octets) */
  readonly setsockopt: Call;
  /** bind(fd, address, octets) */
  readonly bind: Call;
  /** connect(fd, address, octets) */
  readonly connect: Call;
  /** getsockname(fd, address, octets) */
  readonly getsockname: Call;
  /** listen(fd, backlog) */
  readonly listen: Call;
  /** accept4(fd, address, octets, flags) */
  readonly accept: Call;
  /** shutdown(fd, how) */
  readonly shutdown: Call;
  /** eventfd(value, flags) */
  readonly eventfd: Call;
  /** read(fd, octets, count) */
  readonly read: Call;
  /** write(fd, octets, count) */
  readonly write: Call;
  /** recv(fd, octets, count, flags) */
  readonly recv: Call;
  /** send(fd, octets, count, flags) */
  readonly send: Call;
  /** close(fd) */
  readonly close: Call;
  /** epoll_create1(flags) */
  readonly epollCreate: Call;
  /** epoll_ctl(epoll, operation, fd, event) */
  readonly epollControl: Call;
  /** epoll_wait(epoll, events, count, milliseconds) */
  readonly epollWait: Call;
  /** Why the last call of this thread failed. */
  readonly errno: () => number;
}

/** The system calls, or in words why there are none here. */
export async function loadStreamSystem(): Promise<StreamSystem | string> {
  const library = await loadLibrary();
  if (typeof library === "string") return library;
  return {
    socket: library.call("int socket(int, int, int)"),
    setsockopt: library.call("int setsockopt(int, int, int, void *, uint32_t)"),
    bind: library.call("int bind(int, void *, uint32_t)"),
    connect: library.call("int connect(int, void *, uint32_t)"),
    getsockname: library.call("int getsockname(int, void *, void *)"),
    listen: library.call("int listen(int, int)"),
    accept: library.call("int accept4(int, void *, void *, int)"),
    shutdown: library.call("int shutdown(int, int)"),
    eventfd: library.call("int eventfd(uint32_t, int)"),
    // These return long, but no more than they are handed, which is less than 2^31.
    read: library.call("int read(int, void *, uint64_t)"),
    write: library.call("int write(int, void *, uint64_t)"),
    recv: library.call("int recv(int, void *, uint64_t, int)"),
    send: library.call("int send(int, void *, uint64_t, int)"),
    close: library.call("int close(int)"),
    epollCreate: library.call("int epoll_create1(int)"),
    epollControl: library.call("int epoll_ctl(int, int, int, void *)"),
    epollWait: library.call("int epoll_wait(int, void *, int, int)"),
    errno: library.errno,
  };
}

export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SO_REUSEADDR = 2;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const SHUT_WR = 1;
const EFD_NONBLOCK = 0o4000;
/** Instead of a signal, an error when the peer is gone. */
export const MSG_NOSIGNAL = 0x4000;

/** What a descriptor is waited for, and what is told of it (epoll_ctl(2)); failures and the end of both sides are always told. */
export const EPOLL = { IN: 1, OUT: 4, ERROR: 8, HANG_UP: 16 } as const;

const EPOLL_CLOEXEC = 0o2000000;
const ADD = 1;
const CHANGE = 3;

/** struct epoll_event has no gap in it on x86 only. */
const IS_PACKED = process.arch === "x64";
const EVENT_WORDS = IS_PACKED ? 3 : 4;
const KEY_WORD = IS_PACKED ? 1 : 2;

/** Two words that come back with what is told of a descriptor: where its owner stands, and which one of those that stood there. */
export interface EpollKey {
  readonly index: number;
  readonly generation: number;
}

/** Wakes a thread that waits for descriptors: it waits for this one as well (eventfd(2)). */
export function openWake(system: StreamSystem): number {
  return system.eventfd(0, EFD_NONBLOCK | SOCK_CLOEXEC);
}

export function wake(system: StreamSystem, descriptor: number): void {
  system.write(descriptor, ONE, ONE.length);
}

const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** Descriptors that are waited for together. */
export class Epoll {
  readonly #system: StreamSystem;
  readonly descriptor: number;
  readonly #events: Uint8Array;
  readonly #eventWords: Uint32Array;
  readonly #wanted = new Uint8Array(4 * EVENT_WORDS);
  readonly #wantedWords = new Uint32Array(this.#wanted.buffer);
  readonly #eventsMax: number;

  /** @param eventsMax How many descriptors one `wait` tells of at most. */
  constructor(system: StreamSystem, eventsMax: number) {
    this.#system = system;
    this.#eventsMax = eventsMax;
    this.#events = new Uint8Array(4 * EVENT_WORDS * eventsMax);
    this.#eventWords = new Uint32Array(this.#events.buffer);
    this.descriptor = system.epollCreate(EPOLL_CLOEXEC);
  }

  /** False when the system cannot. */
  add(descriptor: number, events: number, key: EpollKey): boolean {
    return this.#control(ADD, descriptor, events, key);
  }

  change(descriptor: number, events: number, key: EpollKey): boolean {
    return this.#control(CHANGE, descriptor, events, key);
  }

  #control(operation: number, descriptor: number, events: number, key: EpollKey): boolean {
    const words = this.#wantedWords;
    words[0] = events;
    words[KEY_WORD] = key.index;
    words[KEY_WORD + 1] = key.generation;
    return this.#system.epollControl(this.descriptor, operation, descriptor, this.#wanted) === 0;
  }

  /** Waits until something happens; returns how many descriptors are told of, 0 after `milliseconds` or when interrupted. */
  wait(milliseconds: number): number {
    const count = this.#system.epollWait(this.descriptor, this.#events, this.#eventsMax, milliseconds);
    return count > 0 ? count : 0;
  }

  /** What happened to the nth descriptor that was told of. */
  eventsOf(n: number): number {
    return this.#eventWords[n * EVENT_WORDS]!;
  }

  indexOf(n: number): number {
    return this.#eventWords[n * EVENT_WORDS + KEY_WORD]!;
  }

  generationOf(n: number): number {
    return this.#eventWords[n * EVENT_WORDS + KEY_WORD + 1]!;
  }

  close(): void {
    this.#system.close(this.descriptor);
  }
}
