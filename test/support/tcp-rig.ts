/**
 * What tests of TCP servers share: the transports that keep one contract, clients that send octets as they like, and handlers that answer
 * when they are told.
 */
import { connect, type Socket } from "node:net";
import { type Handler, LATER, type Later, listenTcp, loadStreamSystem } from "../../net/index.ts";
import { listenStreams } from "./stream-listener.ts";

const system = await loadStreamSystem();
if (typeof system === "string")
  process.stderr.write(`SKIPPED: TCP over the system's calls (${system}); npm ci brings koffi\n`);

const overSystem: typeof listenTcp = async (endpoint, handler, parts) => {
  if (typeof system === "string") throw new Error(system);
  return listenStreams(system, endpoint, handler, parts);
};
export const tcpTransports: readonly (readonly [string, typeof listenTcp])[] = [
  ["node:net", listenTcp],
  ...(typeof system === "string" ? [] : [["the system's calls", overSystem] as const]),
];

/** A socket that collects what it is sent. */
export class TcpClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly #chunks: Buffer[] = [];
  #wake: () => void = () => undefined;

  constructor(port: number, localAddress = "127.0.0.1") {
    this.socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, localAddress });
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("end", resolve);
      this.socket.once("close", () => resolve());
    });
  }

  send(...messages: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages.map(framed)));
  }

  /** The first `count` messages that came, their first octets as numbers. */
  async messages(count: number): Promise<number[]> {
    for (;;) {
      const all = Buffer.concat(this.#chunks);
      const firsts: number[] = [];
      for (let at = 0; at + 2 <= all.length && at + 2 + all.readUInt16BE(at) <= all.length;) {
        firsts.push(all[at + 2]!);
        at += 2 + all.readUInt16BE(at);
      }
      if (firsts.length >= count) return firsts;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** How late a connection may be closed. */
export const SWEEP = 100;

export const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message]);
export const request = (first: number, octets = 20): Uint8Array => new Uint8Array(octets).fill(first);

/** Answers only when told, by the request's first octet. */
export class Slow implements Handler {
  readonly waiting = new Map<number, Later>();
  #wake: () => void = () => undefined;

  handle(octets: Uint8Array, _response: Uint8Array, _peer: unknown, later: Later): number {
    this.waiting.set(octets[0]!, later);
    this.#wake();
    return LATER;
  }

  async until(count: number): Promise<void> {
    while (this.waiting.size < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  answer(first: number, ...more: number[]): void {
    const later = this.waiting.get(first)!;
    for (const one of more) later(request(one), "more");
    later(request(first));
  }
}

/** Answers each request with as much as a message can hold. */
export const big: Handler = {
  handle: (request, response) => response.fill(request[0]!).length,
};

export function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => void (isSo() ? resolve() : setImmediate(look));
    look();
  });
}

/** Answers with the request itself. */
export const echo: Handler = {
  handle(request, response) {
    response.set(request);
    return request.length;
  },
};
