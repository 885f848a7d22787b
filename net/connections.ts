/**
 * All connections of a TCP server: how many there may be, of one client and of all (DESIGN §8), and the sweep that closes those on which
 * something did not come in time: whoever carries the octets calls it now and then, since a thread that waits in the system hears no timers. Over IPv6 a client is a /64, because a host has all addresses of one.
 */
import { addressOctets, unmapped } from "./address.ts";
import { TcpConnection, type ConnectionParts } from "./connection.ts";
import type { Handler, Peer } from "./exchange.ts";
import { LISTEN_LIMITS, type ListenLimits, type ListenParts } from "./listener.ts";
import { type Stream, TcpTurn } from "./tcp-turn.ts";

/** From one sweep to the next: how late a connection may be closed. */
export const SWEEP_MILLISECONDS = 100;

/** What is counted as one client: a number for an IPv4 address, text for the first 64 bits of an IPv6 address. */
type Client = number | string;

interface Member {
  readonly connection: TcpConnection;
  readonly client: Client;
}

export class TcpConnections {
  readonly limits: ListenLimits;
  readonly #parts: ConnectionParts;
  readonly #members = new Map<Stream, Member>();
  readonly #clients = new Map<Client, number>();
  #drainUntil = Number.POSITIVE_INFINITY;
  #isDraining = false;

  constructor(handler: Handler, parts: ListenParts) {
    this.limits = { ...LISTEN_LIMITS, ...parts.limits };
    this.#parts = { ...parts, handler, limits: this.limits, turn: new TcpTurn() };
  }

  get size(): number {
    return this.#members.size;
  }

  /** The rules of a new connection; null when there are too many, and then the stream is to be closed at once. */
  open(stream: Stream, peer: Peer): TcpConnection | null {
    const { counters } = this.#parts;
    const client = clientOf(peer);
    const ofClient = this.#clients.get(client) ?? 0;
    const isFull = this.#members.size >= this.limits.tcpConnections;
    if (isFull || ofClient >= this.limits.tcpConnectionsPerClient || this.#isDraining) {
      if (isFull) counters.tcpRefused++;
      else counters.tcpRefusedClient++;
      return null;
    }
    counters.tcpConnections++;
    counters.tcpOpen++;
    this.#clients.set(client, ofClient + 1);
    const connection = new TcpConnection(stream, peer, this.#parts);
    this.#members.set(stream, { connection, client });
    return connection;
  }

  /** The stream is closed. */
  forget(stream: Stream): void {
    const member = this.#members.get(stream);
    if (member === undefined) return;
    this.#members.delete(stream);
    member.connection.closed();
    this.#parts.counters.tcpOpen--;
    const left = (this.#clients.get(member.client) ?? 1) - 1;
    if (left === 0) this.#clients.delete(member.client);
    else this.#clients.set(member.client, left);
  }

  /** Takes no more connections and no more requests; what is being answered may end, for so long as the limits say. */
  drain(): void {
    this.#isDraining = true;
    this.#drainUntil = this.#parts.clock.now() + this.limits.drainMilliseconds;
    for (const { connection } of this.#members.values()) connection.drain();
  }

  /** Closes connections on which something did not come in time. */
  sweep(): void {
    const now = this.#parts.clock.now();
    for (const { connection } of this.#members.values()) {
      if (now >= this.#drainUntil) connection.destroy();
      else connection.sweep(now);
    }
  }
}

function clientOf({ address, addressOctets: given }: Peer): Client {
  const octets = given ?? addressOctets(address);
  // A link-local address with its interface is not read as octets; it stands for itself.
  if (octets === null) return address;
  const own = unmapped(octets);
  if (own.length !== 4) return own.subarray(0, 8).join(":");
  return ((own[0]! << 24) | (own[1]! << 16) | (own[2]! << 8) | own[3]!) >>> 0;
}
