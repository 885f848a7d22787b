/**
 * One TCP connection to a server (RFC 7766): takes the stream apart into messages (two octets of length before each, RFC
 * 1035 §4.2.2), hands them to the handler, writes each response with its length in one piece (RFC 7766 §8), in whatever
 * order they are ready, and closes on peers that are idle, slow, or do not take what they asked for.
 */
import type { Socket } from "node:net";
import type { Timer } from "../base/index.ts";
import { HEADER_OCTETS, MESSAGE_OCTETS_MAX } from "../dns/index.ts";
import { Framing } from "./framing.ts";
import { type Handler, LATER, type Later, type Peer } from "./exchange.ts";
import type { ListenLimits, ListenParts } from "./listener.ts";

export interface ConnectionParts extends ListenParts {
  readonly limits: ListenLimits;
}

/** Every response is made here, whatever its connection, and copied out with its length in front. */
const scratch = new Uint8Array(MESSAGE_OCTETS_MAX);

export class TcpConnection {
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #handler: Handler;
  readonly #parts: ConnectionParts;
  readonly #framing = new Framing();
  /** Requests that are being answered. */
  #open = 0;
  #isPaused = false;
  /** We take no more requests. */
  #isEnding = false;
  /** The peer sends no more; what it sent is still answered. */
  #peerEnded = false;
  #lastActive: number;
  #messageStarted = -1;
  #timer: Timer | null = null;
  #due = 0;

  constructor(socket: Socket, peer: Peer, handler: Handler, parts: ConnectionParts) {
    this.#socket = socket;
    this.#peer = peer;
    this.#handler = handler;
    this.#parts = parts;
    this.#lastActive = parts.clock.now();
    this.#wakeBy(this.#lastActive + parts.limits.tcpIdleMilliseconds);
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.once("end", () => {
      this.#peerEnded = true;
      this.#endWhenAnswered();
    });
    socket.on("drain", () => this.#goOn());
    socket.once("close", () => this.#timer?.cancel());
  }

  /** Takes no more requests; closes when those that came are answered. */
  drain(): void {
    this.#isEnding = true;
    this.#framing.forget();
    this.#endWhenAnswered();
    // With both sides ended the socket closes by itself; a peer that keeps its side open is not waited for long.
    this.#wakeBy(this.#parts.clock.now() + this.#parts.limits.tcpHeaderMilliseconds);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array | string): void {
    if (this.#isEnding || typeof chunk === "string") return; // Without an encoding set, it is never text.
    this.#framing.push(chunk);
    this.#takeMessages();
  }

  /** Handles what has come whole, until too much is being answered at once, or waits to be taken by the peer. */
  #takeMessages(): void {
    const socket = this.#socket;
    const { limits, counters, clock } = this.#parts;
    socket.cork(); // Responses that are ready together leave together.
    while (!this.#isEnding && !socket.destroyed) {
      const isFull = this.#open >= limits.tcpPipelined;
      // Half of what may wait: a peer that takes its responses is not to be closed on for having asked much at once.
      if (isFull || socket.writableLength > limits.tcpUnsentOctets / 2) {
        if (isFull && !this.#isPaused) counters.tcpPipelinedPauses++;
        this.#isPaused = true;
        socket.pause();
        break;
      }
      const message = this.#framing.next();
      if (message === null) break;
      this.#lastActive = clock.now();
      this.#messageStarted = -1;
      if (message.length < HEADER_OCTETS) {
        counters.tcpMalformed++;
        this.destroy();
        break;
      }
      this.#handle(message);
    }
    socket.uncork();
    this.#watchMessage();
  }

  #handle(request: Uint8Array): void {
    const { counters, log } = this.#parts;
    counters.tcpRequests++;
    let isOpen = false;
    let isEnded = false;
    const later: Later = (octets, expect) => {
      if (isEnded) return;
      if (octets.length > 0) this.#send(octets, octets.length);
      if (expect !== undefined) return;
      isEnded = true;
      if (isOpen) this.#end();
    };
    let length = 0;
    try {
      length = this.#handler.handle(request, scratch, this.#peer, later);
    } catch (error) {
      // A bug in the handler costs this request, not the server.
      counters.handlerErrors++;
      log.error({ error: String(error) }, "a request could not be handled");
    }
    if (length > 0) {
      this.#send(scratch, length);
    } else if (length === LATER && !isEnded) {
      isOpen = true;
      this.#open++;
    }
  }

  #end(): void {
    this.#open--;
    this.#goOn();
  }

  /** A request was answered, or the peer has taken all that waited for it. */
  #goOn(): void {
    this.#lastActive = this.#parts.clock.now();
    if (this.#isPaused && !this.#isEnding) {
      this.#isPaused = false;
      this.#socket.resume();
      this.#takeMessages();
    }
    this.#endWhenAnswered();
  }

  #endWhenAnswered(): void {
    // While reading is paused there are requests that were not looked at yet.
    if (this.#open === 0 && (this.#isEnding || (this.#peerEnded && !this.#isPaused))) this.#socket.end();
  }

  #send(octets: Uint8Array, length: number): void {
    const socket = this.#socket;
    const { counters, limits } = this.#parts;
    if (!socket.writable) return;
    const framed = Buffer.allocUnsafe(2 + length);
    framed[0] = length >> 8;
    framed[1] = length;
    framed.set(octets.length === length ? octets : octets.subarray(0, length), 2);
    socket.write(framed);
    counters.tcpResponses++;
    if (socket.writableLength > limits.tcpUnsentOctets) {
      counters.tcpUnsentClosed++;
      this.destroy();
    }
  }

  /** A message has begun and is not whole: its header is due soon, so that half a message does not hold a connection. */
  #watchMessage(): void {
    if (this.#framing.heldOctets === 0 || this.#isPaused) return;
    if (this.#messageStarted >= 0) return;
    this.#messageStarted = this.#parts.clock.now();
    this.#wakeBy(this.#messageStarted + this.#parts.limits.tcpHeaderMilliseconds);
  }

  /** One timer a connection, set anew only when it fires or when something is due earlier. */
  #wakeBy(due: number): void {
    if (this.#timer !== null && this.#due <= due) return;
    this.#timer?.cancel();
    this.#due = due;
    const wait = Math.max(1, due - this.#parts.clock.now());
    this.#timer = this.#parts.clock.after(wait, () => this.#wake());
  }

  #wake(): void {
    this.#timer = null;
    if (this.#socket.destroyed) return;
    const { limits, counters, clock } = this.#parts;
    const now = clock.now();
    const isHeaderMissing = this.#messageStarted >= 0 && this.#framing.heldOctets < 2 + HEADER_OCTETS;
    const headerDue = isHeaderMissing ? this.#messageStarted + limits.tcpHeaderMilliseconds : Infinity;
    // Octets that trickle in do not count as life; whole messages and responses do.
    const patience = this.#open > 0 ? limits.tcpAnswerMilliseconds : limits.tcpIdleMilliseconds;
    const idleDue = this.#lastActive + (this.#isEnding && this.#open === 0 ? 0 : patience);
    if (now >= headerDue) {
      counters.tcpHeaderTimeouts++;
      this.destroy();
    } else if (now >= idleDue) {
      if (!this.#isEnding) counters.tcpIdleTimeouts++;
      this.destroy();
    } else {
      this.#wakeBy(Math.min(headerDue, idleDue));
    }
  }
}
