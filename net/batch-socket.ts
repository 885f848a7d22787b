/**
 * A datagram socket for the batched transport: opened and bound with what `batch.ts` needs of it, closed, and used for the
 * responses that come later than their batch. Several sockets share one address (SO_REUSEPORT) and the system deals the
 * clients out among them, so each query thread has its own. A socket is a number to the system: the thread that opened it keeps it, and a
 * query thread that dies leaves it whole, with what waits in it, to the next one.
 */
import { addressOctets, addressText } from "./address.ts";
import * as sys from "./batch-system.ts";
import type { BatchSystem } from "./batch-system.ts";
import type { Endpoint } from "./exchange.ts";
import { ListenError } from "./listener.ts";

/** A bound socket, as it is posted to a thread. */
export interface BatchSocket {
  readonly descriptor: number;
  readonly endpoint: Endpoint;
  /** Bound to every address of the machine: then each response has to say from which one it leaves (RFC 1122 §4.1.3.5). */
  readonly isWildcard: boolean;
  readonly receiveBufferOctets: number;
  readonly sendBufferOctets: number;
}

export interface BatchSocketOptions {
  readonly receiveBufferOctets: number;
  readonly sendBufferOctets: number;
  /** How long a thread waits for a first datagram before it looks round. */
  readonly idleMilliseconds: number;
}

export type Option = readonly [level: number, name: number, value: number];

const IPV4_OPTIONS: readonly Option[] = [[sys.IPPROTO_IP, sys.IP_MTU_DISCOVER, sys.PMTUDISC_OMIT]];
const IPV6_OPTIONS: readonly Option[] = [
  [sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, 1],
  [sys.IPPROTO_IPV6, sys.IPV6_MTU_DISCOVER, sys.PMTUDISC_OMIT],
];
/** Has the system say to which of our addresses a datagram came. */
const IPV4_ARRIVAL: Option = [sys.IPPROTO_IP, sys.IP_PKTINFO, 1];
const IPV6_ARRIVAL: Option = [sys.IPPROTO_IPV6, sys.IPV6_RECVPKTINFO, 1];

/** Opens a socket that others may share its address with. Throws ListenError. */
export function openBatchSocket(system: BatchSystem, endpoint: Endpoint, options: BatchSocketOptions): BatchSocket {
  const address = addressOctets(endpoint.address) ?? new Uint8Array(4);
  const isIpv6 = address.length === 16;
  const type = sys.SOCK_DGRAM | sys.SOCK_CLOEXEC;
  const descriptor = system.socket(isIpv6 ? sys.AF_INET6 : sys.AF_INET, type, 0);
  if (descriptor < 0) throw new ListenError(endpoint, "udp", lastFailure(system, "socket"));
  const isWildcard = address.every((octet) => octet === 0);
  try {
    setOption(system, descriptor, [sys.SOL_SOCKET, sys.SO_REUSEPORT, 1]);
    for (const option of isIpv6 ? IPV6_OPTIONS : IPV4_OPTIONS) setOption(system, descriptor, option);
    if (isWildcard) setOption(system, descriptor, isIpv6 ? IPV6_ARRIVAL : IPV4_ARRIVAL);
    setTimeLimit(system, descriptor, options.idleMilliseconds);
    const name = socketAddress(endpoint);
    const length = isIpv6 ? sys.SOCKADDR_IN6_LENGTH : sys.SOCKADDR_IN_LENGTH;
    if (system.bind(descriptor, name, length) < 0) throw lastFailure(system, "bind");
    return {
      descriptor,
      endpoint: { address: endpoint.address, port: boundPort(system, descriptor) },
      isWildcard,
      receiveBufferOctets: widen(system, descriptor, [sys.SO_RCVBUFFORCE, sys.SO_RCVBUF, options.receiveBufferOctets]),
      sendBufferOctets: widen(system, descriptor, [sys.SO_SNDBUFFORCE, sys.SO_SNDBUF, options.sendBufferOctets]),
    };
  } catch (error) {
    system.close(descriptor);
    throw error instanceof SystemFailure ? new ListenError(endpoint, "udp", error) : error;
  }
}

/** Wakes whoever waits at the socket; nothing more is received there. What has come is still read. */
export function stopReceiving(system: BatchSystem, socket: BatchSocket): void {
  // It is not connected, and the system says so, but does it all the same.
  system.shutdown(socket.descriptor, sys.SHUT_RD);
}

export function closeBatchSocket(system: BatchSystem, socket: BatchSocket): void {
  system.close(socket.descriptor);
}

/** From whom a request came and to which of our addresses, as the system told it: for a response that comes later. */
export interface BatchSender {
  /** sockaddr */
  readonly name: Uint8Array;
  /** Ancillary data with our address; empty unless the socket is bound to all of them. */
  readonly control: Uint8Array;
}

/** A sockaddr, ancillary data and a datagram are never longer. */
const CONTROL_OCTETS = 64;
const DATAGRAM_OCTETS = 65_536;

/** Sends datagrams one by one, by buffers of its own: the system is told once where they are, which costs more than a copy. */
export class DatagramSender {
  readonly #system: BatchSystem;
  readonly #name = new Uint8Array(sys.SOCKADDR_OCTETS);
  readonly #control = new Uint8Array(CONTROL_OCTETS);
  readonly #octets = new Uint8Array(DATAGRAM_OCTETS);
  readonly #vector = new Uint8Array(sys.IOVEC_OCTETS);
  readonly #header = new Uint8Array(sys.MMSGHDR_OCTETS);
  readonly #words = new DataView(this.#header.buffer);
  readonly #vectorWords = new DataView(this.#vector.buffer);

  constructor(system: BatchSystem) {
    this.#system = system;
    this.#vectorWords.setBigUint64(0, system.addressOf(this.#octets), true);
    this.#words.setBigUint64(sys.MMSGHDR.name, system.addressOf(this.#name), true);
    this.#words.setBigUint64(sys.MMSGHDR.iov, system.addressOf(this.#vector), true);
    this.#words.setBigUint64(sys.MMSGHDR.iovCount, 1n, true);
    this.#words.setBigUint64(sys.MMSGHDR.control, system.addressOf(this.#control), true);
  }

  /** False when the system does not take it. */
  send(socket: BatchSocket, { name, control }: BatchSender, octets: Uint8Array): boolean {
    this.#name.set(name);
    this.#control.set(control);
    this.#octets.set(octets);
    // Both are 64-bit words whose upper half stays 0.
    this.#vectorWords.setUint32(8, octets.length, true);
    this.#words.setUint32(sys.MMSGHDR.controlLength, control.length, true);
    this.#words.setUint32(sys.MMSGHDR.nameLength, name.length, true);
    return this.#system.sendmmsg(socket.descriptor, this.#header, 1, sys.MSG_DONTWAIT) === 1;
  }
}

/** The address and port in a sockaddr. */
export function endpointIn(name: Uint8Array): Endpoint {
  const isIpv6 = name[0] === sys.AF_INET6;
  const address = addressText(isIpv6 ? name.subarray(8, 24) : name.subarray(4, 8));
  return { address, port: (name[2]! << 8) | name[3]! };
}

/** An address and port as the system takes them (sockaddr). */
export function socketAddress({ address, port }: Endpoint): Uint8Array {
  const octets = addressOctets(address) ?? new Uint8Array(4);
  const name = new Uint8Array(sys.SOCKADDR_OCTETS);
  name[0] = octets.length === 16 ? sys.AF_INET6 : sys.AF_INET;
  name[2] = port >> 8;
  name[3] = port;
  name.set(octets, octets.length === 16 ? 8 : 4);
  return name;
}

/** The port that a socket was given. */
export function boundPort(system: Pick<BatchSystem, "getsockname" | "errno">, descriptor: number): number {
  const name = new Uint8Array(sys.SOCKADDR_OCTETS);
  if (system.getsockname(descriptor, name, word(name.length)) < 0) throw lastFailure(system, "getsockname");
  return (name[2]! << 8) | name[3]!;
}

export function setOption(
  system: Pick<BatchSystem, "setsockopt" | "errno">,
  descriptor: number,
  [level, name, value]: Option,
): void {
  if (system.setsockopt(descriptor, level, name, word(value), 4) < 0) throw lastFailure(system, "setsockopt");
}

function setTimeLimit(system: BatchSystem, descriptor: number, milliseconds: number): void {
  const time = new Uint8Array(16);
  const view = new DataView(time.buffer);
  view.setBigInt64(0, BigInt(Math.floor(milliseconds / 1000)), true);
  view.setBigInt64(8, BigInt(Math.floor(milliseconds % 1000) * 1000), true);
  const result = system.setsockopt(descriptor, sys.SOL_SOCKET, sys.SO_RCVTIMEO, time, time.length);
  if (result < 0) throw lastFailure(system, "setsockopt");
}

/** Asks for a buffer of that size, beyond the system's limit where we may, and returns what it gave, as it counts (socket(7)). */
function widen(system: BatchSystem, descriptor: number, [force, name, octets]: Option): number {
  const wanted = word(octets);
  if (system.setsockopt(descriptor, sys.SOL_SOCKET, force, wanted, 4) < 0) {
    system.setsockopt(descriptor, sys.SOL_SOCKET, name, wanted, 4);
  }
  const given = word(0);
  if (system.getsockopt(descriptor, sys.SOL_SOCKET, name, given, word(4)) < 0) return 0;
  // The system doubles what is asked, for its own bookkeeping.
  return new DataView(given.buffer).getUint32(0, true) / 2;
}

function word(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value, true);
  return octets;
}

/** A system call failed; `code` is the name of the reason, as Node's own errors have it. */
export class SystemFailure extends Error {
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = sys.ERRNO[errno] ?? `errno ${errno}`;
    super(`${call}: ${code}`);
    this.code = code;
  }
}

export function lastFailure(system: Pick<BatchSystem, "errno">, call: string): SystemFailure {
  return new SystemFailure(call, system.errno());
}
