/**
 * A listening TCP socket for `stream-server.ts`, as a number of the system's: the thread that opened it keeps it, and one that
 * serves it and dies leaves it whole, with the connections that wait in it, to the next one.
 */
import { addressOctets } from "./address.ts";
import { boundPort, lastFailure, type Option, setOption, socketAddress, SystemFailure } from "./batch-socket.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SOCKADDR_IN6_LENGTH,
  SOCKADDR_IN_LENGTH,
  SOL_SOCKET,
} from "./batch-system.ts";
import type { Endpoint } from "./exchange.ts";
import { ListenError } from "./listener.ts";
import {
  IPPROTO_TCP,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  type StreamSystem,
  TCP_NODELAY,
} from "./stream-system.ts";

/** A listening socket, as it is posted to a thread. */
export interface StreamSocket {
  readonly descriptor: number;
  readonly endpoint: Endpoint;
}

/** Connections that wait to be accepted; the system may allow fewer (net.core.somaxconn). */
const BACKLOG = 4096;

/** Connections have the options of the socket that they came to. */
const OPTIONS: readonly Option[] = [
  [SOL_SOCKET, SO_REUSEADDR, 1],
  [IPPROTO_TCP, TCP_NODELAY, 1],
];

/** Throws ListenError. */
export function openStreamSocket(system: StreamSystem, endpoint: Endpoint): StreamSocket {
  const isIpv6 = addressOctets(endpoint.address)?.length === 16;
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const descriptor = system.socket(isIpv6 ? AF_INET6 : AF_INET, type, 0);
  if (descriptor < 0) throw new ListenError(endpoint, "tcp", lastFailure(system, "socket"));
  try {
    for (const option of OPTIONS) setOption(system, descriptor, option);
    if (isIpv6) setOption(system, descriptor, [IPPROTO_IPV6, IPV6_V6ONLY, 1]);
    const length = isIpv6 ? SOCKADDR_IN6_LENGTH : SOCKADDR_IN_LENGTH;
    if (system.bind(descriptor, socketAddress(endpoint), length) < 0) throw lastFailure(system, "bind");
    if (system.listen(descriptor, BACKLOG) < 0) throw lastFailure(system, "listen");
    return { descriptor, endpoint: { address: endpoint.address, port: boundPort(system, descriptor) } };
  } catch (error) {
    system.close(descriptor);
    throw error instanceof SystemFailure ? new ListenError(endpoint, "tcp", error) : error;
  }
}

export function closeStreamSocket(system: StreamSystem, { descriptor }: StreamSocket): void {
  system.close(descriptor);
}
