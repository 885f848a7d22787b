/** One HTTPS request to one server of a bank, over connections that are kept; the server shows that it is the bank's before a word is sent. */
import { createHash } from "node:crypto";
import { Agent, type AgentOptions, request } from "node:https";
import type { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { Clock } from "../../base/index.ts";
import type { BankPlace } from "./finder.ts";

export interface HttpCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface HttpReply {
  readonly code: number;
  readonly text: string;
}

/** No response; whether the server may have acted on the request. */
export class CallError extends Error {
  readonly wasSent: boolean;

  constructor(message: string, wasSent: boolean) {
    super(message);
    this.wasSent = wasSent;
  }
}

/** Sends it to that place. Throws CallError. */
export type SendCall = (place: BankPlace, call: HttpCall, timeoutMilliseconds: number) => Promise<HttpReply>;

/** Beyond it a response is no bank's. */
const RESPONSE_OCTETS_MAX = 8_000_000;
const SOCKETS_MAX = 64;
/** To be connected, TLS included, so that a server that is gone costs little of the time that a request has. */
const CONNECT_MILLISECONDS_MAX = 1000;

/**
 * @param authority The bank's certificate authority, PEM; null: whoever has a key that the bank's TLSA records name is the bank (RFC 7671 §5.1),
 * and without such records nobody is.
 */
export function httpsSender(authority: string | null, clock: Clock): SendCall & { close(): void } {
  const agents = new Map<string, Agent>();
  const agentFor = (place: BankPlace): Agent => {
    const id = `${place.host} ${place.address} ${place.port} ${place.keyDigests.join()}`;
    let agent = agents.get(id);
    if (agent === undefined) {
      agent = new BankAgent(place, authority, clock);
      agents.set(id, agent);
    }
    return agent;
  };
  const send: SendCall = (place, call, timeoutMilliseconds) =>
    sendOver(agentFor(place), { place, call, timeoutMilliseconds, clock });
  const close = (): void => {
    for (const agent of agents.values()) agent.destroy();
    agents.clear();
  };
  return Object.assign(send, { close });
}

class BankAgent extends Agent {
  readonly #place: BankPlace;
  readonly #authority: string | null;
  readonly #clock: Clock;

  constructor(place: BankPlace, authority: string | null, clock: Clock) {
    super({ keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: "lifo" });
    this.#place = place;
    this.#authority = authority;
    this.#clock = clock;
  }

  /** Hands the socket over once it is known whose it is. */
  override createConnection(
    _options: AgentOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { address, port, host, keyDigests } = this.#place;
    const authority = this.#authority;
    const trust = authority === null ? { rejectUnauthorized: false } : { ca: authority };
    const socket: TLSSocket = connect({ host: address, port, servername: host, minVersion: "TLSv1.3", ...trust });
    let isOver = false;
    const end = (error: Error | null): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      if (error !== null) socket.destroy();
      callback?.(error, socket);
    };
    const timer = this.#clock.after(CONNECT_MILLISECONDS_MAX, () =>
      end(new Error(`no connection within ${CONNECT_MILLISECONDS_MAX} ms`)),
    );
    // It stays, so that an error of a kept connection that nobody uses ends that connection only.
    socket.on("error", end);
    socket.once("secureConnect", () => {
      if (authority !== null || keyDigests.includes(digestOf(socket))) return end(null);
      const isSaid = keyDigests.length > 0;
      const why = isSaid ? "its key is not the one that the bank's name says" : "nothing says which key is the bank's";
      end(new Error(`it is not trusted: ${why}`));
    });
  }
}

function digestOf(socket: TLSSocket): string {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" });
  return key === undefined ? "" : createHash("sha256").update(key).digest("hex");
}

interface Sending {
  readonly place: BankPlace;
  readonly call: HttpCall;
  readonly timeoutMilliseconds: number;
  readonly clock: Clock;
}

function sendOver(agent: Agent, { place, call, timeoutMilliseconds, clock }: Sending): Promise<HttpReply> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpReply>();
  const { method, path, body } = call;
  const length =
    body === null ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
  let wasSent = false;
  const outgoing = request({
    agent,
    method,
    path,
    host: place.address,
    port: place.port,
    headers: { ...call.headers, ...length, host: place.host },
  });
  const fail = (message: string): void => {
    reject(new CallError(`${place.host} (${place.address}:${place.port}): ${message}`, wasSent));
    outgoing.destroy();
  };
  // For all of it, however slowly it comes.
  const timer = clock.after(timeoutMilliseconds, () => fail(`no answer within ${timeoutMilliseconds} ms`));
  // From when it has a connection, whatever breaks may have been read by the server.
  outgoing.once("socket", () => (wasSent = true));
  outgoing.once("error", (error) => fail(error.message));
  outgoing.once("response", (incoming) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    incoming.on("data", (chunk: Buffer) => {
      octets += chunk.length;
      if (octets > RESPONSE_OCTETS_MAX) fail("its answer has no end");
      else chunks.push(chunk);
    });
    incoming.once("error", (error) => fail(error.message));
    incoming.once("end", () => resolve({ code: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
  });
  outgoing.end(body ?? undefined);
  return promise.finally(() => timer.cancel());
}
