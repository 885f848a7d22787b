/**
 * A TCP server (RFC 7766, RFC 1035 §4.2.2): connections stay open, requests are pipelined, responses leave as they are
 * ready. What one connection does is `connection.ts`'s; here are the bounds on all of them together.
 */
import { createServer, type Server, type Socket } from "node:net";
import { TcpConnection } from "./connection.ts";
import type { Endpoint, Handler } from "./exchange.ts";
import { LISTEN_LIMITS, type Listener, ListenError, type ListenLimits, type ListenParts } from "./listener.ts";

/** Resolves when the socket listens. Throws ListenError. */
export async function listenTcp(endpoint: Endpoint, handler: Handler, parts: ListenParts): Promise<Listener> {
  const server = new TcpServer(endpoint, handler, parts);
  await server.listen();
  return server;
}

class TcpServer implements Listener {
  readonly transport = "tcp";
  endpoint: Endpoint;
  readonly #handler: Handler;
  readonly #parts: ListenParts;
  readonly #limits: ListenLimits;
  readonly #server: Server;
  readonly #connections = new Set<TcpConnection>();
  readonly #clients = new Map<string, number>();
  #draining = false;

  constructor(endpoint: Endpoint, handler: Handler, parts: ListenParts) {
    this.endpoint = endpoint;
    this.#handler = handler;
    this.#parts = parts;
    this.#limits = { ...LISTEN_LIMITS, ...parts.limits };
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
    if (this.#draining) return;
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.drain();
    const timer = this.#parts.clock.after(this.#limits.drainMilliseconds, () => {
      for (const connection of this.#connections) connection.destroy();
    });
    await closed;
    timer.cancel();
  }

  #accept(socket: Socket): void {
    const { counters } = this.#parts;
    // First of all: an error without a handler would end the process.
    socket.on("error", () => counters.tcpErrors++);
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined) {
      socket.destroy(); // It was gone before we looked.
      return;
    }
    const ofClient = this.#clients.get(address) ?? 0;
    const isFull = this.#connections.size >= this.#limits.tcpConnections;
    if (isFull || ofClient >= this.#limits.tcpConnectionsPerClient || this.#draining) {
      if (isFull) counters.tcpRefused++;
      else counters.tcpRefusedClient++;
      socket.destroy();
      return;
    }
    counters.tcpConnections++;
    counters.tcpOpen++;
    this.#clients.set(address, ofClient + 1);
    const connection = new TcpConnection(socket, { address, port, transport: "tcp" }, this.#handler, {
      ...this.#parts,
      limits: this.#limits,
    });
    this.#connections.add(connection);
    socket.once("close", () => this.#forget(connection, address));
  }

  #forget(connection: TcpConnection, address: string): void {
    this.#connections.delete(connection);
    this.#parts.counters.tcpOpen--;
    const left = (this.#clients.get(address) ?? 1) - 1;
    if (left === 0) this.#clients.delete(address);
    else this.#clients.set(address, left);
  }
}
