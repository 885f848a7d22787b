/**
 * A UDP server on node:dgram (RFC 1035 §4.2.1, RFC 6891). Hot: nothing is kept for a request but its response, and one
 * response buffer serves all of them. How long a response may be is the handler's business.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { type Endpoint, type Handler, LATER, type Later } from "./exchange.ts";
import { LISTEN_LIMITS, type Listener, ListenError, type ListenLimits, type ListenParts } from "./listener.ts";

/** One socket at one address; `listenUdp` sees to all addresses at once. Resolves when it is bound. Throws ListenError. */
export async function listenUdpAt(endpoint: Endpoint, handler: Handler, parts: ListenParts): Promise<Listener> {
  const server = new UdpServer(endpoint, handler, parts);
  await server.bind();
  return server;
}

class UdpServer implements Listener {
  readonly transport = "udp";
  endpoint: Endpoint;
  readonly #handler: Handler;
  readonly #parts: ListenParts;
  readonly #limits: ListenLimits;
  readonly #socket: Socket;
  #response: Uint8Array;
  /** The first n octets of the response buffer, by n: making a view costs more than keeping it. */
  #views: (Uint8Array | undefined)[] = [];
  /** How many datagrams the kernel had not taken after the last one was sent. */
  #unsent = 0;
  /** Requests to be answered later that have not ended. */
  #open = 0;
  #draining = false;
  #closed = false;
  #drained: () => void = () => undefined;

  constructor(endpoint: Endpoint, handler: Handler, parts: ListenParts) {
    this.endpoint = endpoint;
    this.#handler = handler;
    this.#parts = parts;
    this.#limits = { ...LISTEN_LIMITS, ...parts.limits };
    this.#response = new Uint8Array(this.#limits.udpResponseOctets);
    this.#socket = createSocket({
      type: endpoint.address.includes(":") ? "udp6" : "udp4",
      ipv6Only: endpoint.address.includes(":"),
      reusePort: this.#limits.udpSharesPort,
      // Replies go to addresses, never to names; the default look-up would cost a tick for each.
      lookup: (address, _options, callback) => callback(null, address, address.includes(":") ? 6 : 4),
    });
  }

  bind(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = this.#socket;
    const onError = (error: Error): void => reject(new ListenError(this.endpoint, "udp", error));
    socket.once("error", onError);
    socket.bind({ address: this.endpoint.address, port: this.endpoint.port, exclusive: true }, () => {
      socket.off("error", onError);
      // An error here is about one datagram (such as an ICMP message for an earlier response), never about the socket.
      socket.on("error", (error) => {
        this.#parts.counters.udpReceiveErrors++;
        this.#parts.log.debug({ error: error.message }, "a datagram could not be received");
      });
      socket.on("message", (request, from) => this.#receive(request, from));
      this.endpoint = { address: this.endpoint.address, port: socket.address().port };
      this.#widenReceiveBuffer();
      resolve();
    });
    return promise;
  }

  async close(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    if (this.#open > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      const timer = this.#parts.clock.after(this.#limits.drainMilliseconds, resolve);
      await promise;
      timer.cancel();
    }
    this.#closed = true;
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #receive(request: Uint8Array, from: RemoteInfo): void {
    if (this.#draining) return;
    const counters = this.#parts.counters;
    counters.udpRequests++;
    const { address, port } = from;
    if (port === 0) {
      // The sender takes no reply (RFC 768), and to try would throw: one forged datagram would end the process.
      counters.udpReceiveErrors++;
      return;
    }
    let isOpen = false;
    let isEnded = false;
    const later: Later = (octets, expect) => {
      if (isEnded) return;
      if (expect === undefined) {
        isEnded = true;
        if (isOpen) this.#end();
      }
      // What comes later lies in memory of its own, so it can be sent as it is.
      if (octets.length > 0 && !this.#closed) this.#send(octets, port, address);
    };
    let length = 0;
    try {
      length = this.#handler.handle(request, this.#response, { address, port, transport: "udp" }, later);
    } catch (error) {
      // A bug in the handler costs this request, not the server.
      counters.handlerErrors++;
      this.#parts.log.error({ error: String(error) }, "a request could not be handled");
    }
    if (length > 0) {
      this.#respond(length, port, address);
    } else if (length === LATER && !isEnded) {
      isOpen = true;
      this.#open++;
    }
  }

  #end(): void {
    this.#open--;
    if (this.#open === 0 && this.#draining) this.#drained();
  }

  #respond(length: number, port: number, address: string): void {
    const view = (this.#views[length] ??= this.#response.subarray(0, length));
    this.#send(view, port, address);
    // Nearly always the kernel has taken the datagram by now. When it has not, the octets stay in use: leave them behind.
    if (this.#unsent > 0) {
      this.#response = new Uint8Array(this.#limits.udpResponseOctets);
      this.#views = [];
    }
  }

  #send(octets: Uint8Array, port: number, address: string): void {
    const socket = this.#socket;
    const counters = this.#parts.counters;
    const max = this.#limits.udpUnsentDatagrams;
    if (this.#unsent >= max && socket.getSendQueueCount() >= max) {
      counters.udpUnsentDropped++;
      return;
    }
    socket.send(octets, port, address);
    counters.udpResponses++;
    this.#unsent = socket.getSendQueueCount();
  }

  /** Bursts are what loses queries. The system may give less than is asked for, or nothing, and that is no fault. */
  #widenReceiveBuffer(): void {
    try {
      this.#socket.setRecvBufferSize(this.#limits.udpReceiveBufferOctets);
    } catch (error) {
      this.#parts.log.debug({ error: String(error) }, "the receive buffer keeps its size");
    }
  }
}
