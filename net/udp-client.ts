/**
 * One question over UDP on a socket of its own. The system picks a fresh random port, and because the socket is connected it
 * lets through only what comes from the server's address and port (RFC 5452 §9.2).
 */
import { createSocket, type Socket } from "node:dgram";
import { formatEndpoint } from "./address.ts";
import type { Asked } from "./asked.ts";
import type { Attempt, AttemptEvents } from "./asking.ts";
import { type Endpoint, ExchangeError } from "./exchange.ts";

export class UdpQuestion implements Attempt {
  readonly #socket: Socket;
  #isClosed = false;

  constructor(server: Endpoint, asked: Asked, events: AttemptEvents) {
    const isIpv6 = server.address.includes(":");
    const socket = createSocket({
      type: isIpv6 ? "udp6" : "udp4",
      lookup: (address, _options, callback) => callback(null, address, isIpv6 ? 6 : 4),
    });
    this.#socket = socket;
    // The port is closed (an ICMP message that fits this very socket), or the network is not to be reached at all.
    const onError = (error: Error): void => {
      if (!this.#isClosed) {
        events.failed(new ExchangeError("UNREACHABLE", `${formatEndpoint(server)} (udp): ${error.message}`));
      }
    };
    socket.on("error", onError);
    socket.on("message", (octets) => {
      if (this.#isClosed) return;
      const judged = asked.judge(octets);
      if (judged.kind === "reply") events.reply(judged.message, octets.length);
      else events.stray(judged.kind);
    });
    socket.once("connect", () => {
      if (this.#isClosed) return;
      socket.send(asked.octets, (error) => {
        if (error !== null) onError(error);
      });
    });
    socket.connect(server.port, server.address);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }
}
