/**
 * The rules of one TCP connection to a server (RFC 7766): takes the stream apart into messages (two octets of length before each, RFC
 * 1035 §4.2.2), hands them to the handler, sends responses in whatever order they are ready, and closes on peers that are
 * idle, slow, or do not take what they asked for. Hot. What carries the octets is a `Stream`: `tcp.ts` has one over Node's sockets,
 * `system-stream.ts` one over the system's own calls; both are held to one contract (test/net/tcp.test.ts).
 */
import { HEADER_OCTETS } from "../dns/index.ts";
import { type Handler, LATER, type Peer, type Taken } from "./exchange.ts";
import { Framing } from "./framing.ts";
import type { ListenLimits, ListenParts } from "./listener.ts";
import { framed, type LateTaker, type Stream, type Taker, type TcpTurn } from "./tcp-turn.ts";

export interface ConnectionParts extends ListenParts {
  readonly handler: Handler;
  readonly limits: ListenLimits;
  readonly turn: TcpTurn;
}

export class TcpConnection implements Taker, LateTaker {
  readonly #stream: Stream;
  readonly #peer: Peer;
  readonly #parts: ConnectionParts;
  readonly #framing = new Framing();
  /** Requests that are being answered. */
  #open = 0;
  #isPaused = false;
  /** Since when we take no more requests. */
  #endingSince = -1;
  /** The peer sends no more; what it sent is still answered. */
  #peerEnded = false;
  #lastActive: number;
  #messageStarted = -1;
  /** Told when what was sent is taken. */
  readonly #untaken: Taken[] = [];

  constructor(stream: Stream, peer: Peer, parts: ConnectionParts) {
    this.#stream = stream;
    this.#peer = peer;
    this.#parts = parts;
    this.#lastActive = parts.clock.now();
  }

  /** Takes no more requests; closes when those that came are answered. */
  drain(): void {
    this.#endingSince = this.#parts.clock.now();
    this.#framing.forget();
    this.#endWhenAnswered();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** Octets came; they are needed during the call only. */
  receive(octets: Uint8Array): void {
    if (this.#endingSince >= 0) return;
    this.#framing.push(octets);
    this.#parts.turn.take(this);
    this.#framing.keep();
  }

  peerEnded(): void {
    this.#peerEnded = true;
    this.#endWhenAnswered();
  }

  /** A request was answered, or the peer has taken all that waited for it. */
  goOn(): void {
    this.#lastActive = this.#parts.clock.now();
    if (this.#stream.takesMore) for (const taken of this.#untaken.splice(0)) taken(true);
    if (this.#isPaused && this.#endingSince < 0) {
      this.#isPaused = false;
      this.#stream.resume();
      this.#parts.turn.take(this);
    }
    this.#endWhenAnswered();
  }

  /** Closes when something did not come in time. Called now and then, for all connections together. */
  sweep(now: number): void {
    const { limits, counters } = this.#parts;
    const isHeaderMissing = this.#messageStarted >= 0 && this.#framing.heldOctets < 2 + HEADER_OCTETS;
    // Octets that trickle in do not count as life; whole messages and responses do.
    const patience = this.#open > 0 ? limits.tcpAnswerMilliseconds : limits.tcpIdleMilliseconds;
    if (isHeaderMissing && now >= this.#messageStarted + limits.tcpHeaderMilliseconds) {
      counters.tcpHeaderTimeouts++;
      this.destroy();
    } else if (this.#endingSince >= 0 && this.#open === 0) {
      // With both sides ended it closes by itself; a peer that keeps its side open is not waited for long.
      if (now >= this.#endingSince + limits.tcpHeaderMilliseconds) this.destroy();
    } else if (now >= this.#lastActive + patience) {
      if (this.#endingSince < 0) counters.tcpIdleTimeouts++;
      this.destroy();
    }
  }

  /** Handles what has come whole, until too much is being answered at once, or waits to be taken by the peer. */
  takeMessages(): void {
    const stream = this.#stream;
    const framing = this.#framing;
    const { limits, counters, turn, clock } = this.#parts;
    // Half of what may wait: a peer that takes its responses is not to be closed on for having asked much at once.
    const unsentMax = limits.tcpUnsentOctets / 2;
    const now = clock.now();
    while (this.#endingSince < 0 && !stream.isClosed) {
      if (turn.gatheredOctets + stream.unsentOctets > unsentMax) turn.flush(stream);
      const isFull = this.#open >= limits.tcpPipelined;
      if (isFull || stream.unsentOctets > unsentMax) {
        if (isFull && !this.#isPaused) counters.tcpPipelinedPauses++;
        this.#isPaused = true;
        stream.pause();
        break;
      }
      if (!framing.advance()) break;
      this.#lastActive = now;
      this.#messageStarted = -1;
      if (framing.length < HEADER_OCTETS) {
        counters.tcpMalformed++;
        turn.flush(stream);
        this.destroy();
        break;
      }
      this.#handle(turn.request(framing.octets, framing.start, framing.length));
    }
    turn.flush(stream);
    // A message has begun and is not whole: its header is due soon, so that half a message does not hold a connection.
    if (framing.heldOctets > 0 && !this.#isPaused && this.#messageStarted < 0) this.#messageStarted = now;
  }

  #handle(request: Uint8Array): void {
    const { counters, log, handler, turn } = this.#parts;
    counters.tcpRequests++;
    const late = turn.lateFor(this);
    let length = 0;
    try {
      length = handler.handle(request, turn.response, this.#peer, late.later);
    } catch (error) {
      // A bug in the handler costs this request, not the server.
      counters.handlerErrors++;
      log.error({ error: String(error) }, "a request could not be handled");
    }
    if (length > 0) {
      counters.tcpResponses++;
      turn.gather(this.#stream, length);
    } else if (length === LATER) {
      turn.leaveLate();
      if (late.open()) this.#open++;
    }
  }

  lateEnded(): void {
    this.#open--;
    this.goOn();
  }

  #endWhenAnswered(): void {
    // While reading is paused there are requests that were not looked at yet.
    if (this.#open === 0 && (this.#endingSince >= 0 || (this.#peerEnded && !this.#isPaused))) this.#stream.end();
  }

  sendLate(message: Uint8Array, taken: Taken | null): void {
    const stream = this.#stream;
    const { counters, limits } = this.#parts;
    if (stream.isClosed) {
      taken?.(false);
      return;
    }
    stream.send(framed(message), message.length + 2);
    counters.tcpResponses++;
    if (stream.unsentOctets > limits.tcpUnsentOctets) {
      counters.tcpUnsentClosed++;
      this.destroy();
      taken?.(false);
    } else if (stream.takesMore) {
      this.#lastActive = this.#parts.clock.now();
      taken?.(true);
    } else if (taken !== null) {
      this.#untaken.push(taken);
    }
  }

  /** The stream is closed: who waits for what was sent to be taken hears that it will not be. */
  closed(): void {
    for (const taken of this.#untaken.splice(0)) taken(false);
  }
}
