/**
 * What the connections of a TCP server use in turn: the buffer responses are made in, the one they are gathered in so that all that
 * one read brought leave in one write (RFC 7766 §8), and the order of turns. Hot: nothing is allocated for a request.
 */
import { MESSAGE_OCTETS_MAX } from "../dns/index.ts";
import type { Later, Taken } from "./exchange.ts";

/** What carries the octets of a connection. */
export interface Stream {
  readonly isClosed: boolean;
  /** Whether what was sent is taken as far as need be for more; `goOn` is called when it is again. */
  readonly takesMore: boolean;
  /** Octets that the peer has not taken. */
  readonly unsentOctets: number;
  /** Sends the first `length` octets; what cannot leave at once is copied. */
  send(octets: Uint8Array, length: number): void;
  pause(): void;
  resume(): void;
  /** Nothing is sent after what was; closes when the peer has ended as well. */
  end(): void;
  destroy(): void;
}

/** Whose turn it can be. */
export interface Taker {
  /** Handles what has come, as far as may be. */
  takeMessages(): void;
}

/** Who sends responses that come later. */
export interface LateTaker {
  /** `taken`: null when nobody waits for it. */
  sendLate(message: Uint8Array, taken: Taken | null): void;
  lateEnded(): void;
}

const LENGTH_OCTETS = 2;
const GATHERED_OCTETS = 2 * MESSAGE_OCTETS_MAX;
/** Requests up to here are copied to one place, of which views are kept: those of nearly all queries. */
const VIEW_OCTETS_MAX = 160;

export class TcpTurn {
  /** Where a handler puts its response. */
  readonly response: Uint8Array;
  /** Octets gathered for the connection whose turn it is. */
  gatheredOctets = 0;
  /** The response, and behind it what is gathered. */
  readonly #octets = new Uint8Array(MESSAGE_OCTETS_MAX + GATHERED_OCTETS);
  readonly #gathered: Uint8Array;
  readonly #request = new Uint8Array(VIEW_OCTETS_MAX);
  readonly #views: (Uint8Array | undefined)[] = [];
  readonly #waiting: Taker[] = [];
  #late = new LateResponses();
  #isTaken = false;

  constructor() {
    this.response = this.#octets.subarray(0, MESSAGE_OCTETS_MAX);
    this.#gathered = this.#octets.subarray(MESSAGE_OCTETS_MAX);
  }

  /**
   * Has the taker handle its messages, now or, when this is called from within another's turn (a response that came later let
   * a connection go on), after that: neither buffers nor handlers could serve two at once.
   */
  take(taker: Taker): void {
    this.#waiting.push(taker);
    if (this.#isTaken) return;
    this.#isTaken = true;
    try {
      for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) next.takeMessages();
    } finally {
      this.#isTaken = false;
    }
  }

  /** For the request that is handled next; kept by nobody unless it is answered later. */
  lateFor(taker: LateTaker): LateResponses {
    this.#late.taker = taker;
    return this.#late;
  }

  /** The request is answered later: the next one needs another. */
  leaveLate(): void {
    this.#late = new LateResponses();
  }

  /** A request that lies in a larger buffer; valid until the next one. */
  request(octets: Uint8Array, start: number, length: number): Uint8Array {
    if (length > VIEW_OCTETS_MAX) return octets.subarray(start, start + length);
    const request = this.#request;
    for (let i = 0; i < length; i++) request[i] = octets[start + i]!;
    return (this.#views[length] ??= request.subarray(0, length));
  }

  /** Gathers the first `length` octets of the response, with their length in front. */
  gather(stream: Stream, length: number): void {
    if (this.gatheredOctets + LENGTH_OCTETS + length > GATHERED_OCTETS) this.flush(stream);
    const at = this.gatheredOctets;
    this.#gathered[at] = length >> 8;
    this.#gathered[at + 1] = length;
    this.#octets.copyWithin(MESSAGE_OCTETS_MAX + at + LENGTH_OCTETS, 0, length);
    this.gatheredOctets = at + LENGTH_OCTETS + length;
  }

  flush(stream: Stream): void {
    const length = this.gatheredOctets;
    this.gatheredOctets = 0;
    if (length > 0) stream.send(this.#gathered, length);
  }
}

/** The responses to one request that is answered later. */
class LateResponses {
  taker: LateTaker | null = null;
  #isOpen = false;
  #isEnded = false;

  readonly later: Later = (octets, expect) => {
    if (this.#isEnded) return;
    const taken = typeof expect === "function" ? expect : null;
    if (octets.length > 0) this.taker?.sendLate(octets, taken);
    if (expect !== undefined) return;
    this.#isEnded = true;
    if (this.#isOpen) this.taker?.lateEnded();
  };

  /** The handler has returned LATER. False when all was said before it did. */
  open(): boolean {
    this.#isOpen = !this.#isEnded;
    return this.#isOpen;
  }
}

/** A message that did not come out of a turn, with its length in front. */
export function framed(message: Uint8Array): Uint8Array {
  const octets = new Uint8Array(LENGTH_OCTETS + message.length);
  octets[0] = message.length >> 8;
  octets[1] = message.length;
  octets.set(message, LENGTH_OCTETS);
  return octets;
}
