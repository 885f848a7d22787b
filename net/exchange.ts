/**
 * The two function types that everything else composes: Exchange asks, Handler answers. A transport, a cache, a
 * validator and a whole resolver are all Exchanges, so they can be put inside one another.
 */
import type { StopSignal } from "../base/index.ts";
import type { Message, Name, Question, Rrset, TsigKey } from "../dns/index.ts";

/** An address and port that speaks DNS. IPv4 in dotted form, IPv6 in RFC 5952 form without brackets. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type Transport = "udp" | "tcp";

/** Where a request came from, and over what. */
export interface Peer extends Endpoint {
  readonly transport: Transport;
  /** The address as 4 or 16 octets, from transports that have it so: reading them costs less than the text. Valid while handling. */
  readonly addressOctets?: Uint8Array;
}

/** One question and how it is asked. */
export interface Query {
  readonly question: Question;
  readonly recursionDesired: boolean;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
}

/** One question out, one response back. Rejects when there is none to be had (time-out, refused, budget spent). */
export type Exchange = (query: Query, signal: AbortSignal) => Promise<Message>;

/** One message to one server and its response: what a transport does. The message's id is the transport's business. */
export type Ask = (server: Endpoint, message: Message, options: AskOptions) => Promise<Reply>;

export interface AskOptions {
  readonly transport: Transport;
  readonly timeoutMilliseconds: number;
  readonly signal: StopSignal;
  /** Signs the question, which then goes over TCP whatever the transport; a reply must be signed likewise (RFC 8945 §5.4). */
  readonly key?: TsigKey;
}

/** One message to one server over TCP, and all messages that answer it, in order (RFC 5936 §2.2). Resolves once `take` says "done". */
export type AskMany = (server: Endpoint, message: Message, options: AskManyOptions) => Promise<void>;

export interface AskManyOptions {
  /** Up to the first message, and from each to the next. */
  readonly idleMilliseconds: number;
  /** For all of it. */
  readonly timeoutMilliseconds: number;
  readonly signal: StopSignal;
  /** Signs the question; the messages must be signed likewise (RFC 8945 §5.3.1). Nothing taken holds before all is resolved. */
  readonly key?: TsigKey;
  /** Takes the next message and its length in octets. What it throws ends the asking. */
  readonly take: (message: Message, octets: number) => "more" | "done";
}

export interface Reply {
  readonly message: Message;
  readonly octets: number;
  readonly roundTripMilliseconds: number;
}

/** No response could be had. */
export class ExchangeError extends Error {
  readonly code: "TIMEOUT" | "UNREACHABLE" | "CLOSED" | "MALFORMED" | "BUDGET" | "SIGNATURE";

  constructor(code: ExchangeError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Returned by a Handler that will answer through `later`. */
export const LATER = -1;

/** Called when the peer has taken what was sent, as far as the transport can tell; with false when nobody will take any more. */
export type Taken = (isOpen: boolean) => void;

/**
 * Sends a response that was not ready at once. A call without "more" ends the request; with no octets it ends it in silence.
 * With "more", further messages of the same response follow (zone transfer); a `Taken` means the same, and who has much to send
 * waits for it, because a transport closes on a peer that leaves too much untaken. Every request answered LATER must be ended,
 * because transports bound how many are open.
 */
export type Later = (octets: Uint8Array, expect?: "more" | Taken) => void;

/**
 * Octets of a request in, octets of a response out. `request` and `response` are the transport's own buffers: a handler
 * that answers later copies what it needs first. Returns the number of octets written to `response`, 0 to stay silent,
 * or LATER, after which `later` is called until it ends the request.
 */
export interface Handler {
  /**
   * Told of requests that came together, in the first `count` buffers, before they are handled one after another: it may fetch from
   * memory what they will need. Nothing of them is checked, and behind a request's end there may be anything.
   */
  foresee?(requests: readonly Uint8Array[], count: number): void;
  /** As `handle`, of a request over UDP that stands in the buffer `index` of those foreseen last; what is LATER is handed on. */
  handleForeseen?(index: number, request: Uint8Array, response: Uint8Array, peer: Peer): number;
  handle(request: Uint8Array, response: Uint8Array, peer: Peer, later: Later): number;
}

/** What a name server knows when it hands a question on: the cut below which others answer, or null when outside its zones. */
export interface Delegation {
  readonly zone: Name;
  readonly ns: Rrset;
  readonly glue: readonly Rrset[];
}

/** What is carried from server to server when a question is handed down, so that a chain shares one budget and cannot loop. */
export interface Chain {
  /** Servers the question has passed, in order (their identities, as text). */
  readonly passed: readonly string[];
  /** What is left of the client query's budget (DESIGN §8). */
  readonly messagesLeft: number;
  readonly octetsLeft: number;
  readonly millisecondsLeft: number;
  /** The client asked every server on the way to report its part. */
  readonly trace: boolean;
}

/** A response to a handed-down question with the reports of the servers below, as JSON text, when they were asked for. */
export interface HandedDown {
  readonly message: Message;
  readonly report: string | null;
}

/** How a name server that may recurse gets the rest of the answer; it is handed one and does not import the resolver. */
export type Recursion = (
  query: Query,
  start: Delegation | null,
  chain: Chain,
  signal: AbortSignal,
) => Promise<HandedDown>;
