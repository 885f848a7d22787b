/** Asks over one TCP connection for tests: requests pipelined, responses matched by their ids. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import type { Endpoint } from "../../net/index.ts";

export class StreamClient implements AsyncDisposable {
  /** The server has closed the connection. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (octets: Uint8Array | null) => void>();
  #held = Buffer.alloc(0);
  #next = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (octets) => this.#receive(Buffer.from(octets)));
    this.closed = once(socket, "close").then(() => {
      for (const settle of this.#waiting.values()) settle(null);
      this.#waiting.clear();
    });
  }

  static async open({ address, port }: Endpoint): Promise<StreamClient> {
    const socket = connect({ host: address, port, noDelay: true });
    await once(socket, "connect");
    return new StreamClient(socket);
  }

  /** The response, or null when the connection is closed first. */
  ask(request: Uint8Array): Promise<Uint8Array | null> {
    const id = this.#next;
    this.#next = (this.#next + 1) & 0xffff;
    const octets = Buffer.alloc(2 + request.length);
    octets.writeUInt16BE(request.length);
    octets.set(request, 2);
    octets.writeUInt16BE(id, 2);
    const { promise, resolve } = Promise.withResolvers<Uint8Array | null>();
    this.#waiting.set(id, resolve);
    this.#socket.write(octets);
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #receive(octets: Buffer): void {
    this.#held = Buffer.concat([this.#held, octets]);
    while (this.#held.length >= 2 && this.#held.length >= 2 + this.#held.readUInt16BE()) {
      const end = 2 + this.#held.readUInt16BE();
      const response = this.#held.subarray(2, end);
      this.#held = this.#held.subarray(end);
      const id = response.readUInt16BE();
      this.#waiting.get(id)?.(response);
      this.#waiting.delete(id);
    }
  }
}
