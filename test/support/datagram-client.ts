/** Asks over UDP for tests: many requests in flight, matched by their ids, from as many ports as wanted. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Endpoint } from "../../net/index.ts";

const IN_FLIGHT = 64;

export class DatagramClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (octets: Uint8Array) => void>();
  #next = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (octets) => {
      const id = (octets[0]! << 8) | octets[1]!;
      this.#waiting.get(id)?.(octets);
      this.#waiting.delete(id);
    });
  }

  /** Connected: the system hands it only what leaves from the address that was asked. */
  static async open({ address, port }: Endpoint): Promise<DatagramClient> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.connect(port, address);
    await once(socket, "connect");
    return new DatagramClient(socket);
  }

  /** The response, or null when none came in `milliseconds`. */
  ask(request: Uint8Array, milliseconds = 5000): Promise<Uint8Array | null> {
    const id = this.#next;
    this.#next = (this.#next + 1) & 0xffff;
    const octets = Buffer.from(request);
    octets.writeUInt16BE(id, 0);
    const { promise, resolve } = Promise.withResolvers<Uint8Array | null>();
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      resolve(null);
    }, milliseconds);
    this.#waiting.set(id, (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    this.#socket.send(octets);
    return promise;
  }

  /** All responses in the order of the requests. */
  async askAll(requests: readonly Uint8Array[], milliseconds?: number): Promise<(Uint8Array | null)[]> {
    const responses: (Uint8Array | null)[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < requests.length) {
        const at = next++;
        responses[at] = await this.ask(requests[at]!, milliseconds);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return responses;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}
