/** Asks one server over UDP, many questions in flight, each with an id of its own; asks again after a silent second. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

interface Waiting {
  readonly settle: (response: Uint8Array | null) => void;
  timer: NodeJS.Timeout;
}

export class PeerClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #address: string;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  private constructor(socket: Socket, port: number, address: string) {
    this.#socket = socket;
    this.#port = port;
    this.#address = address;
    socket.on("message", (octets) => this.#arrive(octets));
    socket.on("error", () => undefined);
  }

  static async open(port: number, address = "127.0.0.1"): Promise<PeerClient> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 2 ** 20 });
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new PeerClient(socket, port, address);
  }

  /** The response, or null when there was none to three tries. The id of the query is chosen here. */
  async ask(query: Uint8Array): Promise<Uint8Array | null> {
    for (let tries = 0; tries < 3; tries++) {
      const response = await this.#once(query);
      if (response !== null) return response;
    }
    return null;
  }

  #once(query: Uint8Array): Promise<Uint8Array | null> {
    const id = this.#freeId();
    const sent = Uint8Array.from(query);
    sent[0] = id >> 8;
    sent[1] = id & 0xff;
    return new Promise((resolve) => {
      const settle = (response: Uint8Array | null): void => {
        clearTimeout(this.#waiting.get(id)?.timer);
        this.#waiting.delete(id);
        resolve(response);
      };
      this.#waiting.set(id, { settle, timer: setTimeout(() => settle(null), 1000) });
      this.#socket.send(sent, this.#port, this.#address);
    });
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId + 1) & 0xffff;
    while (this.#waiting.has(this.#nextId));
    return this.#nextId;
  }

  #arrive(octets: Uint8Array): void {
    if (octets.length < 12) return;
    this.#waiting.get((octets[0]! << 8) | octets[1]!)?.settle(octets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { settle } of [...this.#waiting.values()]) settle(null);
    this.#socket.close();
    await once(this.#socket, "close");
  }
}
