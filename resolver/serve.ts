/**
 * A caching resolver for stub resolvers (RFC 1034 §5.2.2): a Handler around an engine. It decides who may ask, in which
 * order a request is looked at, and how much of an answer a datagram may carry. TTLs are counted down by the cache, AD is
 * always clear because nothing is validated yet, DO and CD are passed on.
 */
import { Stopper } from "../base/index.ts";
import {
  CLASS,
  decodeMessage,
  EDE,
  emptyMessage,
  encodeExtendedError,
  encodeMessage,
  type ExtendedError,
  type Message,
  Name,
  OPCODE,
  PAYLOAD_OCTETS_DEFAULT,
  PAYLOAD_OCTETS_MAX,
  plainEdns,
  RCODE,
  TYPE,
  WireError,
} from "../dns/index.ts";
import type { Clock } from "../base/index.ts";
import { type Handler, LATER, type Later, type Peer, type Prefix, type Query } from "../net/index.ts";
import type { AnswerCache } from "./answer-cache.ts";
import { AnswerKey } from "./answer-key.ts";
import type { AnswerCounts } from "./answer-server.ts";
import type { Engine } from "./engine.ts";
import type { Resolved } from "./follow.ts";
import { stubResponse, withQuestion } from "./stub-response.ts";

export interface StubServerParts {
  readonly engine: Engine;
  /** Who may ask; everyone else gets REFUSED. */
  readonly allow: readonly Prefix[];
  /** Told of what must not happen: a bug that ended a request. */
  readonly onFault: (error: unknown) => void;
  /** Where the authoritative servers listen that it asks; told to who asks for `port.resolver.` CH TXT, as `version.bind.` is (RFC 4892). */
  readonly authoritativePort?: number;
  /** Questions being resolved at once; more are refused with SERVFAIL. */
  readonly pendingMax?: number;
  /** Takes answers that may be given again, with the clock by which they age. */
  readonly keeping?: { readonly answers: AnswerCache; readonly clock: Clock };
}

const HEADER_OCTETS = 12;
const PORT_NAME = Name.parse("port.resolver.");
const PENDING_MAX = 5_000;

export class StubServer implements Handler {
  readonly requests = { udp: 0, tcp: 0 };
  readonly responses = new Map<number, number>();
  refused = 0;
  malformed = 0;
  overloaded = 0;
  faults = 0;
  readonly engine: Engine;
  readonly #allow: readonly Prefix[];
  readonly #pendingMax: number;
  readonly #authoritativePort: number | null;
  readonly #onFault: (error: unknown) => void;
  readonly #stop = new Stopper();
  readonly #keeping: StubServerParts["keeping"];
  readonly #key: AnswerKey;
  readonly #threads: AnswerCounts[] = [];
  #pending = 0;

  constructor({ engine, allow, onFault, pendingMax = PENDING_MAX, keeping, authoritativePort }: StubServerParts) {
    this.#keeping = keeping;
    this.#key = new AnswerKey(keeping?.answers.seed ?? 0);
    this.engine = engine;
    this.#allow = allow;
    this.#onFault = onFault;
    this.#pendingMax = pendingMax;
    this.#authoritativePort = authoritativePort ?? null;
  }

  /** Counts what a query thread answers as well. */
  include(counts: AnswerCounts): void {
    this.#threads.push(counts);
  }

  /** Answers that query threads gave from memory. */
  get answersKept(): number {
    return this.#threads.reduce(
      (sum, { byRcode }) => byRcode.reduce((all, count) => all + count, sum),
      -this.answersAsked,
    );
  }

  /** Answers that query threads asked for by themselves. */
  get answersAsked(): number {
    return this.#threads.reduce((sum, { asked }) => sum + asked[0]!, 0);
  }

  /** The thread of that number, from 1 on, tells of questions that it has asked by itself. */
  hear(octets: Uint8Array, owner: number): void {
    const answers = this.#keeping?.answers;
    if (answers !== undefined) this.engine.direct?.hear(octets, owner, { key: this.#key, answers });
  }

  /** By RCODE: responses sent, by whichever thread. */
  get responsesSent(): ReadonlyMap<number, number> {
    const sent = new Map(this.responses);
    for (const { byRcode } of this.#threads) {
      byRcode.forEach((count, rcode) => {
        if (count > 0) sent.set(rcode, (sent.get(rcode) ?? 0) + count);
      });
    }
    return sent;
  }

  get pending(): number {
    return this.#pending;
  }

  /** Gives up what is being resolved; its clients get SERVFAIL. */
  stop(): void {
    this.#stop.abort(new Error("the resolver stops"));
  }

  handle(request: Uint8Array, response: Uint8Array, peer: Peer, later: Later): number {
    this.requests[peer.transport]++;
    // Without a header there is nothing to answer to, and a response must never be answered (RFC 1035 §4.1.1: QR).
    if (request.length < HEADER_OCTETS || (request[2]! & 0x80) !== 0) return 0;
    const message = this.#decode(request);
    const limit = responseLimit(message, peer);
    if (message === null) {
      this.malformed++;
      return this.#reply(response, { message: headerOnly(request, RCODE.FORMERR), limit });
    }
    const refusal = this.#refusal(message, peer);
    if (refusal !== null) return this.#reply(response, { message: refusal, limit });
    const own = this.#ownAnswer(message);
    if (own !== null) return this.#reply(response, { message: own, limit });
    this.#answerLater(message, { limit, later, kept: peer.transport === "udp" ? this.#keepable(request) : null });
    return LATER;
  }

  /** What it is asked about itself; null: it is not. */
  #ownAnswer(message: Message): Message | null {
    const question = message.question[0]!;
    const isAsked = question.class === CLASS.CH && question.type === TYPE.TXT && question.name.equals(PORT_NAME);
    if (!isAsked || this.#authoritativePort === null) return null;
    const text = new TextEncoder().encode(String(this.#authoritativePort));
    const rdata = Uint8Array.of(text.length, ...text);
    const { name: owner, type } = question;
    return {
      ...errorResponse(message, RCODE.NOERROR, null),
      answer: [{ owner, type, class: CLASS.CH, ttlSeconds: 0, rdata }],
    };
  }

  /** The request's buffer is the transport's, so what is needed later is copied. */
  #keepable(request: Uint8Array): Kept | null {
    if (this.#keeping === undefined || !this.#key.read(request)) return null;
    return { request: request.slice(), isLowerCase: this.#key.isLowerCase, askedAt: this.#keeping.clock.now() };
  }

  #decode(request: Uint8Array): Message | null {
    try {
      return decodeMessage(request);
    } catch (error) {
      if (error instanceof WireError) return null;
      throw error;
    }
  }

  /** The order matters: who may not ask learns nothing else. */
  #refusal(message: Message, peer: Peer): Message | null {
    if (!this.#allow.some((prefix) => prefix.contains(peer.address))) {
      this.refused++;
      return errorResponse(message, RCODE.REFUSED, { infoCode: EDE.PROHIBITED, text: "" });
    }
    if (message.edns !== null && message.edns.version > 0) return errorResponse(message, RCODE.BADVERS, null);
    if (message.opcode !== OPCODE.QUERY) return errorResponse(message, RCODE.NOTIMP, null);
    const [question] = message.question;
    if (question === undefined || message.question.length > 1) return errorResponse(message, RCODE.FORMERR, null);
    if (question.type === TYPE.AXFR || question.type === TYPE.IXFR) return errorResponse(message, RCODE.REFUSED, null);
    if (question.type === TYPE.OPT || question.type === 0) return errorResponse(message, RCODE.FORMERR, null);
    if (this.#pending >= this.#pendingMax) {
      this.overloaded++;
      return errorResponse(message, RCODE.SERVFAIL, { infoCode: EDE.NOT_READY, text: "too many questions at once" });
    }
    return null;
  }

  #answerLater(message: Message, { limit, later, kept }: Answering): void {
    this.#pending++;
    this.#answer(message)
      .catch((error: unknown) => {
        if (!this.#stop.aborted) {
          this.faults++;
          this.#onFault(error);
        }
        return { answer: errorResponse(message, RCODE.SERVFAIL, null), isLasting: false };
      })
      .then(({ answer, isLasting }) => {
        this.#pending--;
        const octets = this.#encoded({ message: answer, limit });
        if (kept !== null && isLasting) this.#keep(kept, kept.isLowerCase ? octets : inLowerCase(answer, limit));
        later(octets);
      })
      .catch(this.#onFault);
  }

  /** TTLs count from when the question came: what was learnt for it was learnt later. */
  #keep({ request, askedAt }: Kept, response: Uint8Array): void {
    if (this.#keeping === undefined || !this.#key.read(request)) return;
    this.#keeping.answers.put(this.#key, response, askedAt);
  }

  async #answer(request: Message): Promise<Answer> {
    const asked = request.question[0]!;
    const query: Query = {
      // What is remembered of a client's question is given to others, who are not to see how it was written.
      question: { ...asked, name: asked.name.toLowerCase() },
      recursionDesired: request.recursionDesired,
      dnssecOk: request.edns?.dnssecOk === true,
      checkingDisabled: request.checkingDisabled,
    };
    // Without RD only the cache speaks (RFC 1034 §4.3.1); there are no referrals to be had here, so the rest is REFUSED.
    const resolved = request.recursionDesired
      ? await this.engine.resolve(query, { signal: this.#stop })
      : await this.engine.recall(query);
    if (resolved === null) {
      const answer = errorResponse(request, RCODE.REFUSED, { infoCode: EDE.NOT_AUTHORITATIVE, text: "RD is not set" });
      return { answer, isLasting: false };
    }
    const isLasting = this.#isLasting(resolved);
    const answer = stubResponse(resolved, { id: request.id, question: asked, hasEdns: request.edns !== null });
    return { answer, isLasting };
  }

  /**
   * What came from the engine's cache lasts as its TTLs say. What was learnt for this question does where the cache keeps it just so: one
   * RRset, unless the cache has a lesser bound. A denial's SOA may have a TTL that is longer than the denial's life (RFC 2308 §5), and
   * of what comes with an alias the cache may know better (RFC 2181 §5.4.1).
   */
  #isLasting({ failure, cost, answer, authority }: Resolved): boolean {
    if (failure !== null) return false;
    if (cost.messages === 0) return true;
    const { ttlSecondsMax } = this.engine.cache.options;
    return authority.length === 0 && answer.length === 1 && answer[0]!.ttlSeconds <= ttlSecondsMax;
  }

  #reply(response: Uint8Array, reply: Replying): number {
    const octets = this.#encoded(reply);
    response.set(octets);
    return octets.length;
  }

  #encoded({ message, limit }: Replying): Uint8Array {
    this.responses.set(message.rcode, (this.responses.get(message.rcode) ?? 0) + 1);
    return encodeMessage(message, { octetsMax: limit });
  }
}

interface Answer {
  readonly answer: Message;
  /** It may be given again until a TTL in it ends. */
  readonly isLasting: boolean;
}

/** A request whose answer may be kept. */
interface Kept {
  readonly request: Uint8Array;
  /** Its name was asked for without capitals. */
  readonly isLowerCase: boolean;
  /** When it came, by the clock of the answers. */
  readonly askedAt: number;
}

interface Answering {
  readonly limit: number;
  readonly later: Later;
  readonly kept: Kept | null;
}

interface Replying {
  readonly message: Message;
  readonly limit: number;
}

/** As for a client that asked in lower case, whose answer serves those who mix cases as well. */
function inLowerCase(answer: Message, limit: number): Uint8Array {
  const question = answer.question[0]!;
  return encodeMessage(withQuestion(answer, { ...question, name: question.name.toLowerCase() }), { octetsMax: limit });
}

/** A datagram carries what the client takes, 512 octets when it does not say, 1232 at most (RFC 6891 §6.2.5). */
function responseLimit(message: Message | null, peer: Peer): number {
  if (peer.transport === "tcp") return 65_535;
  const offered = message?.edns?.payloadOctets ?? PAYLOAD_OCTETS_DEFAULT;
  return Math.min(PAYLOAD_OCTETS_MAX, Math.max(PAYLOAD_OCTETS_DEFAULT, offered));
}

function errorResponse(request: Message, rcode: number, error: ExtendedError | null): Message {
  return {
    ...request,
    rcode,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: true,
    authenticData: false,
    answer: [],
    authority: [],
    additional: [],
    // DO is copied whatever the response says (RFC 3225 §3).
    edns: request.edns && {
      ...plainEdns,
      dnssecOk: request.edns.dnssecOk,
      options: error === null ? [] : [encodeExtendedError(error)],
    },
  };
}

/** For a request whose header is all that can be read. */
function headerOnly(request: Uint8Array, rcode: number): Message {
  return {
    ...emptyMessage,
    id: (request[0]! << 8) | request[1]!,
    opcode: (request[2]! >> 3) & 15,
    rcode,
    response: true,
    recursionDesired: (request[2]! & 1) !== 0,
    recursionAvailable: true,
  };
}
