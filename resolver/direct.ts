/**
 * The short way of a cache miss (docs/adr/0012-direct-questions.md): a query thread that has no answer, and a route to the closest zone cut,
 * asks one of the zone's servers itself and gives a plain answer on to the client. The state of a question is one object that is used
 * again; nothing is awaited and nothing allocated for it. Everything that is not plain, be it the question, what is known of it, or
 * what came back, goes to the engine, with what came back in hand: its rules are the only ones. Hot: `npm run bench -- resolver-misses`.
 */
import type { Clock, Random } from "../base/index.ts";
import { CLASS, encodeMessage, Name, RCODE, TYPE } from "../dns/index.ts";
import { type AskerTools, type BatchSender, mixCase, type ThreadAsker } from "../net/index.ts";
import type { AnswerKey } from "./answer-key.ts";
import type { AnswerCounts } from "./answer-server.ts";
import { type Claims, nameHash, questionHash } from "./claims.ts";
import { type Client, DirectFlight, type FlightOwner } from "./direct-flight.ts";
import { isPlainType, PlainAnswer, type PlainLimits, writePlainOpt } from "./plain-answer.ts";
import type { Route } from "./route.ts";
import { EXPLORE_ONE_IN } from "./servers.ts";
import { stubResponse } from "./stub-response.ts";
import { TELLING, Telling } from "./telling.ts";
import { isDirectType, type WholeAnswer, wholeAnswer } from "./whole-answer.ts";

export interface DirectParts {
  readonly claims: Claims;
  /** The number under which this thread claims. */
  readonly owner: number;
  readonly key: AnswerKey;
  readonly counts: AnswerCounts;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: PlainLimits;
}

const HEADER_OCTETS = 12;
const OPT_OCTETS = 11;
/** Questions on their way; more take the long way. */
const FLIGHTS_MAX = 4_096;
/** How long what was learnt is gathered before it is told. */
const GATHER_MILLISECONDS = 5;
const ROUTES_MAX = 10_000;

export class DirectAsker implements ThreadAsker, FlightOwner {
  readonly #parts: DirectParts;
  readonly #tools: AskerTools;
  readonly #routes = new Map<number, Route>();
  /** By the hash of the question, which the claim makes the only one. */
  readonly #flights = new Map<number, DirectFlight>();
  readonly #spare: DirectFlight[] = [];
  readonly #plain: PlainAnswer;
  readonly #telling = new Telling();
  /** Of the request or the reply that is looked at. */
  #now = 0;
  #toldAt = 0;

  constructor(parts: DirectParts, tools: AskerTools) {
    this.#parts = parts;
    this.#tools = tools;
    this.#plain = new PlainAnswer(parts.limits);
  }

  learn(route: Route): void {
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
    this.#routes.set(this.#zoneHash(route), route);
  }

  #forget(route: Route | null): void {
    if (route !== null) this.#routes.delete(this.#zoneHash(route));
  }

  #zoneHash({ zone }: Route): number {
    return nameHash(this.#parts.claims.shared.seed, zone, 0, zone.length);
  }

  /** The key has read the request, and the client may ask. */
  take(request: Uint8Array, from: BatchSender, socket: number): boolean {
    const { key, claims, owner } = this.#parts;
    const { question, questionOctets, limitOctets } = key;
    const nameEnd = questionOctets - 4;
    const type = word(question, nameEnd);
    if (key.request !== request || key.isUnchecked || key.wantsSignatures) return false;
    if (!isDirectType(type) || word(question, nameEnd + 2) !== CLASS.IN || question[0] === 0) return false;
    this.#now = this.#parts.clock.now();
    const ofName = nameHash(claims.shared.seed, question, 0, nameEnd);
    const hash = questionHash(ofName, type, CLASS.IN);
    const flight = this.#flights.get(hash);
    // Two questions may have one hash.
    if (flight !== undefined && !flight.isFor(key)) return false;
    if (flight !== undefined) return flight.join({ request: request.slice(), from, socket, limitOctets });
    if (this.#flights.size >= FLIGHTS_MAX || this.#isKnown(ofName, hash)) return false;
    const route = this.#routeTo(ofName);
    if (route === null || !claims.claim(hash, owner)) return false;
    if (this.#ask({ hash, type, route }, { request: request.slice(), from, socket, limitOctets })) return true;
    claims.release(hash, owner);
    return false;
  }

  endTurn(now: number): void {
    this.#now = now;
    for (const flight of this.#flights.values()) if (now >= flight.deadline) this.#failed(flight, TELLING.SILENT);
    const telling = this.#telling;
    if (telling.count === 0) return;
    const isTime = telling.isFull || telling.isUrgent || this.#flights.size === 0;
    if (isTime || now - this.#toldAt >= GATHER_MILLISECONDS) {
      this.#toldAt = now;
      this.#tools.tell(telling.take());
    }
  }

  close(): void {
    for (const flight of this.#flights.values()) this.#failed(flight, TELLING.SILENT);
    if (this.#telling.count > 0) this.#tools.tell(this.#telling.take());
  }

  /** The cache knows something of the question, an alias in its place, or that the name does not exist. */
  #isKnown(ofName: number, hash: number): boolean {
    const { claims } = this.#parts;
    const seconds = this.#now / 1000;
    return (
      claims.isKnown(hash, seconds) ||
      claims.isKnown(questionHash(ofName, TYPE.CNAME, CLASS.IN), seconds) ||
      claims.isKnown(questionHash(ofName, 0, CLASS.IN), seconds)
    );
  }

  /** Only for names at a cut or one label below it: deeper ones are shown to servers label by label (RFC 9156), which is the engine's work. */
  #routeTo(ofName: number): Route | null {
    const { question, questionOctets } = this.#parts.key;
    const parent = 1 + question[0]!;
    const { seed } = this.#parts.claims.shared;
    return this.#routeAt(ofName, 0) ?? this.#routeAt(nameHash(seed, question, parent, questionOctets - 4), parent);
  }

  #routeAt(hash: number, start: number): Route | null {
    const route = this.#routes.get(hash);
    if (route === undefined) return null;
    if (route.endsAt <= this.#now) {
      this.#routes.delete(hash);
      return null;
    }
    const { question } = this.#parts.key;
    const { zone } = route;
    for (let i = 0; i < zone.length; i++) if (question[start + i] !== zone[i]) return null;
    return route;
  }

  #ask(asking: Asking, client: Client): boolean {
    const { random, key } = this.#parts;
    const { route } = asking;
    const flight = this.#spare.pop() ?? new DirectFlight(this);
    const explores = route.best < route.servers.length && random.below(EXPLORE_ONE_IN) === 0;
    const server = route.servers[random.below(explores ? route.servers.length : route.best)]!;
    const length = flight.begin(asking, client, key);
    mixCase(flight.message, HEADER_OCTETS, HEADER_OCTETS + key.questionOctets - 4, random);
    const sent = this.#tools.upstream.ask(server, flight.message, length, flight);
    if (sent === null) {
      this.#spare.push(flight);
      return false;
    }
    flight.isAsked({ server, sent, now: this.#now });
    this.#flights.set(asking.hash, flight);
    return true;
  }

  /** A reply to the question, whatever it says. When it is plain, everybody who waits gets an answer. */
  received(flight: DirectFlight, octets: Uint8Array, length: number): void {
    this.#now = this.#parts.clock.now();
    const plain = this.#plain;
    const isPlain = isPlainType(flight.type) && plain.read(octets, length, flight);
    if (!isPlain || flight.questionEnd + plain.length + OPT_OCTETS > flight.limitOctets) {
      this.#judge(flight, octets.slice(0, length));
      return;
    }
    this.#answer(flight, flight.first, flight);
    for (const client of flight.joined) this.#answer(flight, client, null);
    this.#end(flight);
  }

  /** By the rules of the engine. What is whole in itself, denials above all, is given on. */
  #judge(flight: DirectFlight, octets: Uint8Array): void {
    flight.restoreCase(octets);
    const whole = wholeAnswer(octets, Name.fromChecked(flight.route!.zone));
    if (whole === "malformed") return; // It never ends the wait.
    const kind = whole === null ? TELLING.REPLY : TELLING.WHOLE;
    this.#telling.add({ kind, flight, now: this.#now }, octets, octets.length);
    if (whole === null) {
      this.#handOn(flight);
      return;
    }
    for (const client of flight.clients) this.#answerWhole(client, whole);
    this.#end(flight);
  }

  #answerWhole({ request, from, socket, limitOctets }: Client, { question, resolved }: WholeAnswer): void {
    const asked = { ...question, name: Name.fromWire(request, HEADER_OCTETS) };
    const message = stubResponse(resolved, { id: word(request, 0), question: asked, hasEdns: request[11] !== 0 });
    const octets = encodeMessage(message, { octetsMax: limitOctets });
    this.#tools.response(socket).set(octets);
    this.#respond(octets.length, from, message.rcode);
  }

  /**
   * Gives the plain answer that was read last to a client.
   * @param told The question when it is to be told as well: as for a client that asked in lower case, whose answer serves all.
   */
  #answer({ question, questionEnd }: DirectFlight, { request, from, socket }: Client, told: DirectFlight | null): void {
    const { records, length } = this.#plain;
    const response = this.#tools.response(socket);
    response.fill(0, 0, HEADER_OCTETS);
    // QR and RD; RA. What speaks with authority is not us, and nothing is validated.
    response[2] = 0x81;
    response[3] = 0x80;
    response[5] = 1;
    response[7] = this.#plain.count;
    response[11] = request[11]!;
    for (let i = HEADER_OCTETS; i < questionEnd; i++) response[i] = question[i - HEADER_OCTETS]!;
    for (let i = 0; i < length; i++) response[questionEnd + i] = records[i]!;
    const end = questionEnd + length;
    const octets = response[11] === 0 ? end : writePlainOpt(response, end);
    if (told !== null) this.#telling.add({ kind: TELLING.LEARNT, flight: told, now: this.#now }, response, octets);
    response[0] = request[0]!;
    response[1] = request[1]!;
    for (let i = HEADER_OCTETS; i < questionEnd; i++) response[i] = request[i]!;
    this.#respond(octets, from, RCODE.NOERROR);
  }

  #respond(octets: number, from: BatchSender, rcode: number): void {
    const { byRcode, asked } = this.#parts.counts;
    byRcode[rcode]!++;
    asked[0]!++;
    this.#tools.respond(octets, from);
  }

  suspected(flight: DirectFlight): void {
    this.#failed(flight, TELLING.SUSPECTED);
  }

  failed(flight: DirectFlight): void {
    this.#failed(flight, TELLING.UNREACHABLE);
  }

  #failed(flight: DirectFlight, kind: number): void {
    this.#telling.add({ kind, flight, now: this.#now }, NOTHING, 0);
    // Whether the way is still good is for the engine to find out.
    this.#forget(flight.route);
    this.#handOn(flight);
  }

  #handOn(flight: DirectFlight): void {
    for (const { request, from, socket } of flight.clients) {
      this.#tools.handOn(request, from, socket);
    }
    this.#end(flight);
  }

  /** The claim stays until the control thread has heard what came of it. */
  #end(flight: DirectFlight): void {
    this.#flights.delete(flight.hash);
    flight.end();
    this.#spare.push(flight);
  }
}

interface Asking {
  readonly hash: number;
  readonly type: number;
  readonly route: Route;
}

const NOTHING = new Uint8Array(0);

function word(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}
