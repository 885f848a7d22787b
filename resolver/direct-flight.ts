/** One question that a query thread asks by itself, from the request to the end. Its memory serves for one question after another. Hot. */
import { NAME_OCTETS_MAX, TYPE } from "../dns/index.ts";
import type { Awaiting, BatchSender, Sent } from "../net/index.ts";
import type { AnswerKey } from "./answer-key.ts";
import { writePlainOpt } from "./plain-answer.ts";
import type { Route, RouteServer } from "./route.ts";

/** Who waits. */
export interface Client {
  readonly request: Uint8Array;
  readonly from: BatchSender;
  readonly socket: number;
  /** The longest response that it takes. */
  readonly limitOctets: number;
}

/** What a flight tells. */
export interface FlightOwner {
  /** A reply to the very question, which may be anything. */
  received(flight: DirectFlight, octets: Uint8Array, length: number): void;
  suspected(flight: DirectFlight): void;
  failed(flight: DirectFlight): void;
}

export interface Flown {
  readonly hash: number;
  readonly type: number;
  readonly route: Route;
}

const HEADER_OCTETS = 12;
const QUESTION_OCTETS_MAX = NAME_OCTETS_MAX + 4;
/** Clients that wait for one question, beside the first. */
const JOINED_MAX = 64;
const NOBODY: Client = {
  request: new Uint8Array(0),
  from: { name: new Uint8Array(0), control: new Uint8Array(0) },
  socket: 0,
  limitOctets: 0,
};

export class DirectFlight implements Awaiting {
  readonly #owner: FlightOwner;
  /** As it is sent. */
  readonly message = new Uint8Array(HEADER_OCTETS + QUESTION_OCTETS_MAX + 11);
  /** In lower case. */
  readonly question = new Uint8Array(QUESTION_OCTETS_MAX);
  hash = 0;
  type: number = TYPE.A;
  questionEnd = 0;
  route: Route | null = null;
  server: RouteServer | null = null;
  askedAt = 0;
  deadline = 0;
  first: Client = NOBODY;
  readonly joined: Client[] = [];
  /** The least that one of the clients takes. */
  limitOctets = 0;
  #sent: Sent | null = null;

  constructor(owner: FlightOwner) {
    this.#owner = owner;
    this.message[5] = 1;
    this.message[11] = 1;
  }

  /** Writes the message, its name in lower case, and returns its length. */
  begin({ hash, type, route }: Flown, client: Client, key: AnswerKey): number {
    const { question, questionOctets } = key;
    this.hash = hash;
    this.type = type;
    this.route = route;
    this.first = client;
    this.limitOctets = client.limitOctets;
    this.questionEnd = HEADER_OCTETS + questionOctets;
    for (let i = 0; i < questionOctets; i++) {
      this.question[i] = question[i]!;
      this.message[HEADER_OCTETS + i] = question[i]!;
    }
    return writePlainOpt(this.message, this.questionEnd);
  }

  isFor({ question, questionOctets }: AnswerKey): boolean {
    if (this.questionEnd !== HEADER_OCTETS + questionOctets) return false;
    for (let i = 0; i < questionOctets; i++) if (this.question[i] !== question[i]) return false;
    return true;
  }

  isAsked({ server, sent, now }: { readonly server: RouteServer; readonly sent: Sent; readonly now: number }): void {
    this.server = server;
    this.#sent = sent;
    this.askedAt = now;
    this.deadline = now + server.timeoutMilliseconds;
  }

  /** All who wait. */
  get clients(): readonly Client[] {
    return [this.first, ...this.joined];
  }

  /** Another client asks the same; false when too many wait already. */
  join(client: Client): boolean {
    if (this.joined.length >= JOINED_MAX) return false;
    this.joined.push(client);
    this.limitOctets = Math.min(this.limitOctets, client.limitOctets);
    return true;
  }

  /** The rules of `Asked.judge` (net/asked.ts). */
  received(octets: Uint8Array, length: number): boolean {
    // A response to a query (opcode 0).
    if (length < HEADER_OCTETS || (octets[2]! & 0xf8) !== 0x80) return false;
    if (!this.#isRepeated(octets, length)) return false;
    this.#owner.received(this, octets, length);
    return true;
  }

  #isRepeated(octets: Uint8Array, length: number): boolean {
    const questions = (octets[4]! << 8) | octets[5]!;
    // Servers that understood nothing may send the header alone (RFC 1035 §4.1.1: FORMERR, NOTIMP); that much is believed.
    if (questions === 0) return length === HEADER_OCTETS && (octets[3]! & 15) !== 0;
    if (questions !== 1 || length < this.questionEnd) return false;
    for (let at = HEADER_OCTETS; at < this.questionEnd; at++) if (octets[at] !== this.message[at]) return false;
    return true;
  }

  /** Puts the question of a reply back into lower case, so the names there show it. */
  restoreCase(octets: Uint8Array): void {
    if (octets[5] === 0) return;
    const { question, questionEnd } = this;
    for (let at = HEADER_OCTETS; at < questionEnd; at++) octets[at] = question[at - HEADER_OCTETS]!;
  }

  suspected(): void {
    this.#owner.suspected(this);
  }

  failed(): void {
    this.#owner.failed(this);
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.#sent?.end((this.message[0]! << 8) | this.message[1]!);
    this.#sent = null;
    this.first = NOBODY;
    this.joined.length = 0;
  }
}
