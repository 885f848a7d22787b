/** What servers of all transports have in common: their handle, their bounds, what they count, and why one may not start. */
import type { Clock, Log } from "../base/index.ts";
import { formatEndpoint } from "./address.ts";
import type { Endpoint, Transport } from "./exchange.ts";

/** A socket that serves. */
export interface Listener {
  /** Where it really listens: port 0 has become a real one. */
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  /** Takes no more requests, lets those that are being answered end (for `drainMilliseconds` at most), then closes. */
  close(): Promise<void>;
}

/** What a listener is handed. */
export interface ListenParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: NetCounters;
  readonly limits?: Partial<ListenLimits>;
  /** What node:dgram takes for all addresses of the machine; what the system says unless given. */
  readonly localAddresses?: readonly string[];
}

/** The bounds of DESIGN §8 that are a transport's, with their defaults. */
export interface ListenLimits {
  /** The longest response over UDP; also how long the `response` is that a handler is given. */
  readonly udpResponseOctets: number;
  /** Datagrams that wait for the kernel to take them; further responses are dropped. */
  readonly udpUnsentDatagrams: number;
  readonly udpReceiveBufferOctets: number;
  /** Other sockets of this program answer at the same address and port. */
  readonly udpSharesPort: boolean;
  readonly tcpConnections: number;
  readonly tcpConnectionsPerClient: number;
  /** From a message's first octet to its whole header. */
  readonly tcpHeaderMilliseconds: number;
  /** Without a whole message, when nothing is being answered (RFC 7766 §6.2.3). */
  readonly tcpIdleMilliseconds: number;
  /** Without a sign of life while requests are being answered. */
  readonly tcpAnswerMilliseconds: number;
  /** Requests of one connection that are being answered; reading pauses there. */
  readonly tcpPipelined: number;
  /** Octets a connection's peer has not taken; the connection is closed there. */
  readonly tcpUnsentOctets: number;
  readonly drainMilliseconds: number;
}

export const LISTEN_LIMITS: ListenLimits = {
  udpResponseOctets: 4096,
  udpUnsentDatagrams: 1024,
  udpReceiveBufferOctets: 1 << 20,
  udpSharesPort: false,
  tcpConnections: 1024,
  tcpConnectionsPerClient: 32,
  tcpHeaderMilliseconds: 2000,
  tcpIdleMilliseconds: 10_000,
  tcpAnswerMilliseconds: 30_000,
  tcpPipelined: 100,
  tcpUnsentOctets: 1_000_000,
  drainMilliseconds: 2000,
};

/** What happened, and which bound fired how often. Collected by whoever shows metrics. */
export class NetCounters {
  udpRequests = 0;
  udpResponses = 0;
  udpReceiveErrors = 0;
  /** Responses dropped because too many waited. */
  udpUnsentDropped = 0;
  tcpConnections = 0;
  tcpOpen = 0;
  tcpRequests = 0;
  tcpResponses = 0;
  tcpErrors = 0;
  /** Turned away: too many connections at all. */
  tcpRefused = 0;
  /** Turned away: too many connections from one client. */
  tcpRefusedClient = 0;
  tcpHeaderTimeouts = 0;
  tcpIdleTimeouts = 0;
  /** Reading paused because too many requests were being answered. */
  tcpPipelinedPauses = 0;
  tcpUnsentClosed = 0;
  /** Closed because what came is no message. */
  tcpMalformed = 0;
  /** Bugs: the handler threw; the request stays unanswered. */
  handlerErrors = 0;
}

/** In the order in which one thread tells them to another. */
const NET_COUNTS = [
  "tcpConnections",
  "tcpOpen",
  "tcpRequests",
  "tcpResponses",
  "tcpErrors",
  "tcpRefused",
  "tcpRefusedClient",
  "tcpHeaderTimeouts",
  "tcpIdleTimeouts",
  "tcpPipelinedPauses",
  "tcpUnsentClosed",
  "tcpMalformed",
  "handlerErrors",
] as const satisfies readonly (keyof NetCounters)[];

/** The counts of a TCP thread, in memory that other threads read. They go on when another thread takes its place. */
export class SharedNetCounts {
  readonly memory: SharedArrayBuffer;
  readonly #counts: Float64Array;
  readonly #base: readonly number[];

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8 * NET_COUNTS.length)) {
    this.memory = memory;
    this.#counts = new Float64Array(memory);
    this.#base = NET_COUNTS.map((name, i) => (name === "tcpOpen" ? 0 : this.#counts[i]!));
  }

  /** For the thread that counts. */
  tell(counters: NetCounters): void {
    for (let i = 0; i < NET_COUNTS.length; i++) this.#counts[i] = this.#base[i]! + counters[NET_COUNTS[i]!];
  }

  /** For any other. */
  read(): NetCounters {
    const counters = new NetCounters();
    NET_COUNTS.forEach((name, i) => (counters[name] = this.#counts[i]!));
    return counters;
  }
}

/** A server cannot listen there; the message says why and what would help. */
export class ListenError extends Error {
  readonly code: "IN_USE" | "NOT_ALLOWED" | "NO_SUCH_ADDRESS" | "FAILED";

  constructor(endpoint: Endpoint, transport: Transport, cause: NodeJS.ErrnoException) {
    const [code, reason] = reasonOf(endpoint, cause);
    super(`cannot listen on ${formatEndpoint(endpoint)} (${transport}): ${reason}`, { cause });
    this.code = code;
  }
}

function reasonOf(endpoint: Endpoint, cause: NodeJS.ErrnoException): [ListenError["code"], string] {
  switch (cause.code) {
    case "EADDRINUSE":
      return ["IN_USE", "another program has the port; stop it or choose another port"];
    case "EACCES":
      return [
        "NOT_ALLOWED",
        `ports below 1024 need a right that this process has not; choose one above, not ${endpoint.port}`,
      ];
    case "EADDRNOTAVAIL":
      return ["NO_SUCH_ADDRESS", "this machine has no such address"];
    default:
      return ["FAILED", cause.message];
  }
}
