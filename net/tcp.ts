/**
 * A TCP server over Node's own sockets (RFC 7766, RFC 1035 §4.2.2): connections stay open, requests are pipelined, responses leave
 * as they are ready. What one connection does is `connection.ts`'s, the bounds on all of them are `connections.ts`'s. Where the
 * system's calls are to be had, `stream-server.ts` does the same for less.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Timer } from "../base/index.ts";
import { SWEEP_MILLISECONDS, TcpConnections } from "./connections.ts";
import type { Endpoint, Handler } from "./exchange.ts";
import { type Listener, ListenError, type ListenParts } from "./listener.ts";
import type { Stream } from "./tcp-turn.ts";

/** Resolves when the socket listens. Throws ListenError. */
export async function listenTcp(endpoint: Endpoint, handler: Handler, parts: ListenParts): Promise<Listener> {
  const server = new TcpServer(endpoint, handler, parts);
  await server.listen();
  return server;
}

class TcpServer implements Listener {
  readonly transport = "tcp";
  endpoint: Endpoint;
  readonly #parts: ListenParts;
  readonly #server: Server;
  readonly #connections: TcpConnections;
  #sweep: Timer | null = null;
  #isDraining = false;

  constructor(endpoint: Endpoint, handler: Handler, parts: ListenParts) {
    this.endpoint = endpoint;
    this.#parts = parts;
    this.#connections = new TcpConnections(handler, parts);
    // A client may close its sending side and still wait for its responses (RFC 7766 §6.2.4 asks servers to bear with it).
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { address, port } = this.endpoint;
    const onError = (error: Error): void => reject(new ListenError(this.endpoint, "tcp", error));
    this.#server.once("error", onError);
    this.#server.listen({ host: address, port, ipv6Only: true, exclusive: true, backlog: 511 }, () => {
      this.#server.off("error", onError);
      // Accepting can fail for want of file descriptors; the next one may succeed.
      this.#server.on("error", (error) => {
        this.#parts.counters.tcpErrors++;
        this.#parts.log.warn({ error: error.message }, "a connection could not be accepted");
      });
      const bound = this.#server.address();
      if (bound !== null && typeof bound === "object") this.endpoint = { address, port: bound.port };
      resolve();
    });
    return promise;
  }

  async close(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#connections.drain();
    await closed;
    this.#sweep?.cancel();
  }

  #accept(socket: Socket): void {
    const { counters } = this.#parts;
    // First of all: an error without a handler would end the process.
    socket.on("error", () => counters.tcpErrors++);
    const { remoteAddress: address, remotePort: port } = socket;
    const stream = new SocketStream(socket);
    const isGone = address === undefined || port === undefined; // Before we looked.
    const connection = isGone ? null : this.#connections.open(stream, { address, port, transport: "tcp" });
    if (connection === null) {
      socket.destroy();
      return;
    }
    socket.on("data", (chunk) => {
      if (typeof chunk !== "string") connection.receive(chunk); // Without an encoding set, it is never text.
    });
    socket.once("end", () => connection.peerEnded());
    socket.on("drain", () => connection.goOn());
    socket.once("close", () => this.#connections.forget(stream));
    this.#sweep ??= this.#sweepLater();
  }

  /** One timer for all connections, while there are any. */
  #sweepLater(): Timer {
    return this.#parts.clock.after(SWEEP_MILLISECONDS, () => {
      this.#connections.sweep();
      this.#sweep = this.#connections.size === 0 ? null : this.#sweepLater();
    });
  }
}

class SocketStream implements Stream {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  get unsentOctets(): number {
    return this.#socket.writableLength;
  }

  get takesMore(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  send(octets: Uint8Array, length: number): void {
    // The socket may keep what it is given.
    if (this.#socket.writable) this.#socket.write(octets.slice(0, length));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
