/**
 * The control thread's side of `direct.ts`: tells the query threads which ways they may take, hears what they learnt, keeps it as the engine
 * would have, and gives the engine what is in hand of the questions it has to end. One question is asked by one of them at a time.
 */
import type { Clock } from "../base/index.ts";
import { CLASS, decodeMessage, LOWER_CASE, type Message, Name, type Question, type Rrset } from "../dns/index.ts";
import { type Ask, type Endpoint, ExchangeError, type Reply } from "../net/index.ts";
import type { AnswerCache } from "./answer-cache.ts";
import type { AnswerKey } from "./answer-key.ts";
import { RANK } from "./cache.ts";
import { type Claims, CONTROL, mixHash, nameHash, questionHash } from "./claims.ts";
import type { ZoneServers } from "./delegations.ts";
import type { Job, Lookup } from "./lookup.ts";
import type { Parts } from "./parts.ts";
import { RECORD_HEAD_OCTETS } from "./plain-answer.ts";
import { learn } from "./remember.ts";
import { type Route, routeTo } from "./route.ts";
import { readTold, TELLING, type Told } from "./telling.ts";
import { isDirectType, wholeAnswer } from "./whole-answer.ts";

/** Where answers are kept for the threads. */
export interface Keeping {
  readonly key: AnswerKey;
  readonly answers: AnswerCache;
}

/** What came of a question that a thread asked, for the engine to go on from. */
interface InHand {
  readonly server: Endpoint;
  readonly told: Told;
  readonly putAt: number;
}

interface Routed {
  readonly zone: ZoneServers;
  readonly server: Endpoint;
}

/** How often a way is told anew while it is taken. It lasts longer. */
const PUBLISH_MILLISECONDS = 500;
const ZONES_MAX = 10_000;
const SERVERS_MAX = 50_000;
const IN_HAND_MAX = 1_024;
/** What is in hand is for the request that comes with it. */
const IN_HAND_MILLISECONDS = 1_000;
/** A thread's question is ended by then, whatever becomes of it. */
const LANDING_MILLISECONDS = 1_500;

export class DirectDesk {
  readonly claims: Claims;
  /** Takes the ways that are told to the threads. */
  onRoute: (route: Route) => void = () => undefined;
  readonly #clock: Clock;
  /** When the way to a zone was told last. */
  readonly #publishedAt = new Map<string, number>();
  /** By the number that it has in routes, the newest last. */
  readonly #servers = new Map<number, Routed>();
  readonly #inHand = new Map<number, InHand>();
  readonly #landings = new Map<number, PromiseWithResolvers<void>>();
  #lastServer = 0;

  constructor(claims: Claims, clock: Clock) {
    this.claims = claims;
    this.#clock = clock;
  }

  /** A server of the zone gave something of use: threads may ask there as well. */
  noteAnswer(parts: Parts, zone: ZoneServers): void {
    const { key } = zone.zone;
    const now = this.#clock.now();
    if (now - (this.#publishedAt.get(key) ?? Number.NEGATIVE_INFINITY) < PUBLISH_MILLISECONDS) return;
    const route = routeTo(parts, zone, (server) => this.#numberOf({ zone, server }));
    if (route === null) return;
    if (this.#publishedAt.size >= ZONES_MAX) this.#publishedAt.clear();
    this.#publishedAt.set(key, now);
    this.onRoute(route);
  }

  #numberOf(routed: Routed): number {
    const number = ++this.#lastServer;
    this.#servers.set(number, routed);
    if (this.#servers.size > SERVERS_MAX) this.#servers.delete(number - SERVERS_MAX);
    return number;
  }

  /** The cache keeps something of a question. The key is a name's, and a type of 0 stands for all of them. */
  readonly know = (
    key: string,
    { type, class: recordClass }: Pick<Question, "type" | "class">,
    until: number,
  ): void => {
    let ofName = this.claims.shared.seed;
    for (let i = 0; i < key.length; i++) ofName = mixHash(ofName, key.charCodeAt(i));
    const hash = questionHash(ofName, type, recordClass);
    this.claims.know(hash, Math.ceil(until / 1000), this.#clock.now() / 1000);
  };

  /** What a thread has told, in order. */
  hear(parts: Parts, octets: Uint8Array, owner: number, keeping: Keeping): void {
    readTold(octets, (told) => {
      const routed = this.#servers.get(told.server) ?? null;
      const isAnswered = told.kind === TELLING.LEARNT || told.kind === TELLING.WHOLE;
      if (isAnswered) count(parts, told, routed);
      if (told.kind === TELLING.LEARNT) learnPlain(parts, told, keeping);
      else if (told.kind === TELLING.WHOLE) learnWhole(parts, told, routed);
      else if (routed !== null) this.#take(told, routed);
      this.claims.release(told.hash, owner);
      this.#landed(told.hash);
      if (routed !== null && isAnswered) this.#refresh(parts, routed);
    });
  }

  #refresh(parts: Parts, { zone: { zone } }: Routed): void {
    const now = this.#clock.now();
    if (now - (this.#publishedAt.get(zone.key) ?? Number.NEGATIVE_INFINITY) < PUBLISH_MILLISECONDS) return;
    const current = parts.delegations.closest(zone);
    if (current?.zone.equals(zone) === true) this.noteAnswer(parts, current);
  }

  /** A thread begins in the place of one that may have died. */
  begin(owner: number): void {
    this.claims.releaseAll(owner);
    for (const hash of [...this.#landings.keys()]) this.#landed(hash);
  }

  #take(told: Told, { server }: Routed): void {
    const oldest = this.#inHand.keys().next();
    if (this.#inHand.size >= IN_HAND_MAX && oldest.done === false) this.#inHand.delete(oldest.value);
    this.#inHand.set(told.hash, { server, told, putAt: this.#clock.now() });
  }

  #landed(hash: number): void {
    this.#landings.get(hash)?.resolve();
    this.#landings.delete(hash);
  }

  /** A Lookup that lets a thread's question end first: the cache may then know. */
  afterLanding(lookup: Lookup): Lookup {
    return (question, job) => {
      const holder = isDirect(question, job) ? this.claims.holder(this.#hash(question)) : 0;
      if (holder === 0 || holder === CONTROL) return lookup(question, job);
      return this.#landing(this.#hash(question)).then(() => lookup(question, job));
    };
  }

  async #landing(hash: number): Promise<void> {
    const landing = this.#landings.get(hash) ?? Promise.withResolvers<void>();
    this.#landings.set(hash, landing);
    const timer = this.#clock.after(LANDING_MILLISECONDS, () => this.#landed(hash));
    await landing.promise;
    timer.cancel();
  }

  /** A Lookup during which no thread asks the same. */
  claiming(lookup: Lookup): Lookup {
    return (question, job) => {
      if (!isDirect(question, job)) return lookup(question, job);
      const hash = this.#hash(question);
      const found = lookup(question, job);
      if (!this.claims.claim(hash, CONTROL)) return found;
      return found.finally(() => this.claims.release(hash, CONTROL));
    };
  }

  /** Of the servers that may be asked, the one whose reply is in hand; null when there is none. */
  serverInHand<T extends { readonly endpoint: Endpoint }>(question: Question, servers: readonly T[]): T | null {
    if (this.#inHand.size === 0) return null;
    const inHand = this.#inHand.get(this.#hash(question));
    return inHand === undefined || !isAbout(inHand.told, question)
      ? null
      : (servers.find(({ endpoint }) => isSame(endpoint, inHand.server)) ?? null);
  }

  /** An Ask that gives what is in hand in place of asking the same server the same again. */
  around(ask: Ask): Ask {
    return (server, message, options) => {
      const inHand = options.transport === "udp" ? this.#takenFor(server, message) : null;
      if (inHand === null) return ask(server, message, options);
      const { told } = inHand;
      switch (told.kind) {
        case TELLING.REPLY:
          return Promise.resolve(replyOf(told));
        case TELLING.SUSPECTED:
          // Over TCP; where the server speaks none, UDP is all there is.
          return ask(server, message, { ...options, transport: "tcp" }).catch((error: unknown) => {
            const isRefused = error instanceof ExchangeError && error.code !== "TIMEOUT" && error.code !== "MALFORMED";
            if (!isRefused || options.signal.aborted) throw error;
            return ask(server, message, options);
          });
        case TELLING.SILENT:
          return Promise.reject(
            new ExchangeError("TIMEOUT", `${server.address} did not answer a query thread in time`),
          );
        default:
          return Promise.reject(new ExchangeError("UNREACHABLE", `${server.address} could not be reached`));
      }
    };
  }

  #takenFor(server: Endpoint, message: Message): InHand | null {
    const [question] = message.question;
    if (this.#inHand.size === 0 || question === undefined || !isAskedDirectly(message)) return null;
    const hash = this.#hash(question);
    const inHand = this.#inHand.get(hash);
    if (inHand === undefined || !isAbout(inHand.told, question)) return null;
    if (this.#clock.now() - inHand.putAt > IN_HAND_MILLISECONDS) {
      this.#inHand.delete(hash);
      return null;
    }
    if (!isSame(inHand.server, server)) return null;
    this.#inHand.delete(hash);
    return inHand;
  }

  #hash({ name, type, class: recordClass }: Question): number {
    return questionHash(nameHash(this.claims.shared.seed, name.octets, 0, name.octets.length), type, recordClass);
  }
}

/** Two questions may have one hash. The client's request begins with its question, as it wrote it. */
function isAbout({ request }: Told, { name, type }: Question): boolean {
  const { octets } = name;
  const end = HEADER_OCTETS + octets.length;
  if (request[end] !== type >> 8 || request[end + 1] !== (type & 0xff)) return false;
  return octets.every((octet, i) => LOWER_CASE[octet] === LOWER_CASE[request[HEADER_OCTETS + i]!]);
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.address === other.address && one.port === other.port;
}

function isDirect(question: Question, { dnssecOk, checkingDisabled, descent }: Job): boolean {
  return (
    isDirectType(question.type) && question.class === CLASS.IN && !dnssecOk && !checkingDisabled && descent === null
  );
}

/** The message is the one that a thread sends. */
function isAskedDirectly({ edns, recursionDesired, checkingDisabled }: Message): boolean {
  return edns !== null && !edns.dnssecOk && edns.options.length === 0 && !recursionDesired && !checkingDisabled;
}

function replyOf({ payload, roundTripMilliseconds }: Told): Reply {
  return { message: decodeMessage(payload), octets: payload.length, roundTripMilliseconds };
}

/** As the engine does when a server gives an answer (`ask-server.ts`, `remember.ts`). */
function count({ counts, cache, servers }: Parts, told: Told, routed: Routed | null): void {
  counts.queries++;
  counts.upstreamMessages++;
  cache.count(null);
  if (routed !== null) servers.answered(routed.server, told.roundTripMilliseconds);
}

/** The answer as it was given on: what the engine would have learnt, and what `serve.ts` would have kept. */
function learnPlain({ cache }: Parts, told: Told, { key, answers }: Keeping): void {
  if (!key.read(told.request)) return;
  const { question, questionOctets } = key;
  const owner = Name.fromChecked(question.subarray(0, questionOctets - 4));
  const rrset = rrsetIn(told.payload, HEADER_OCTETS + questionOctets, owner);
  cache.put({ kind: "rrset", rrset, signatures: null, signed: false, rank: RANK.authoritativeAnswer });
  answers.put(key, told.payload, told.askedAt);
}

function learnWhole({ cache, counts }: Parts, { payload }: Told, routed: Routed | null): void {
  const whole = routed === null ? null : wholeAnswer(payload, routed.zone.zone);
  if (whole === null || whole === "malformed") return;
  const { question, judged } = whole;
  counts.ignoredRecords += judged.ignored.length;
  learn(cache, question, judged.step, { fresh: new Map(), trace: null, dnssecOk: false });
}

const HEADER_OCTETS = 12;

/** The RRset of a plain answer. */
function rrsetIn(octets: Uint8Array, start: number, owner: Name): Rrset {
  const word = (at: number): number => (octets[at]! << 8) | octets[at + 1]!;
  const rdatas: Uint8Array[] = [];
  let at = start;
  for (let left = word(6); left > 0; left--) {
    const end = at + RECORD_HEAD_OCTETS + word(at + 10);
    rdatas.push(new Uint8Array(octets.subarray(at + RECORD_HEAD_OCTETS, end)));
    at = end;
  }
  const ttlSeconds = word(start + 6) * 0x1_0000 + word(start + 8);
  return { owner, type: word(start + 2), class: CLASS.IN, ttlSeconds, rdatas };
}
