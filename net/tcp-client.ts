/** One question over a TCP connection of its own (RFC 7766, RFC 1035 §4.2.2). */
import { connect, type Socket } from "node:net";
import { formatEndpoint } from "./address.ts";
import type { Asked } from "./asked.ts";
import { type Attempt, type AttemptEvents, tellOf } from "./asking.ts";
import { type Endpoint, ExchangeError } from "./exchange.ts";
import { Framing } from "./framing.ts";

export class TcpQuestion implements Attempt {
  readonly #socket: Socket;
  #isClosed = false;

  constructor(server: Endpoint, asked: Asked, events: AttemptEvents) {
    const where = `${formatEndpoint(server)} (tcp)`;
    const framing = new Framing();
    const socket = connect({ host: server.address, port: server.port, noDelay: true });
    this.#socket = socket;
    const fail = (code: "UNREACHABLE" | "CLOSED", reason: string): void => {
      if (!this.#isClosed) events.failed(new ExchangeError(code, `${where}: ${reason}`));
    };
    let isConnected = false;
    socket.on("error", (error) => fail(isConnected ? "CLOSED" : "UNREACHABLE", error.message));
    socket.once("close", () => fail("CLOSED", "the server closed the connection without answering"));
    socket.once("connect", () => {
      isConnected = true;
      socket.write(framed(asked.octets));
    });
    socket.on("data", (chunk) => {
      if (typeof chunk === "string") return; // Without an encoding set, it is never text.
      framing.push(chunk);
      for (let message = framing.next(); message !== null && !this.#isClosed; message = framing.next()) {
        const judged = asked.judge(message);
        tellOf(judged, message.length, events, where);
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }
}

/** The message with its length in front, in one piece so that it leaves in one segment (RFC 7766 §8). */
function framed(message: Uint8Array): Uint8Array {
  const octets = new Uint8Array(2 + message.length);
  octets[0] = message.length >> 8;
  octets[1] = message.length;
  octets.set(message, 2);
  return octets;
}
