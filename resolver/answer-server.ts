/**
 * What a query thread of a resolver does: gives the answers that are kept (`answer-cache.ts`), and hands everything else on to the thread
 * of `serve.ts`, whose rules are the only ones. Hot: nothing is allocated.
 */
import type { Clock } from "../base/index.ts";
import { type Handler, LATER, type Peer, type Prefix } from "../net/index.ts";
import { AnswerCache, type SharedAnswers } from "./answer-cache.ts";
import { AnswerKey } from "./answer-key.ts";

/** Answers given, by RCODE, in memory that the thread of `serve.ts` reads as well. */
export class AnswerCounts {
  readonly memory: SharedArrayBuffer;
  readonly byRcode: Float64Array;
  /** In its first place: of those, answers that the thread has asked for itself; see `direct.ts`. */
  readonly asked: Float64Array;

  constructor(memory = new SharedArrayBuffer(8 * (RCODES + 1))) {
    this.memory = memory;
    this.byRcode = new Float64Array(memory, 0, RCODES);
    this.asked = new Float64Array(memory, 8 * RCODES, 1);
  }
}

/** RCODEs of the header's four bits (RFC 1035 §4.1.1). */
const RCODES = 16;

export interface AnswerServerParts {
  readonly answers: SharedAnswers;
  readonly clock: Clock;
  /** Who may ask; for everybody else `serve.ts` has the answer. */
  readonly allow: readonly Prefix[];
  readonly counts: AnswerCounts;
}

export class AnswerServer implements Handler {
  readonly #cache: AnswerCache;
  /** Has read the request that was handled last, when its client may ask. */
  readonly key: AnswerKey;
  readonly #key: AnswerKey;
  readonly #clock: Clock;
  readonly #allow: readonly Prefix[];
  readonly #byRcode: Float64Array;

  constructor({ answers, clock, allow, counts }: AnswerServerParts) {
    this.#cache = new AnswerCache(answers);
    this.key = new AnswerKey(this.#cache.seed);
    this.#key = this.key;
    this.#clock = clock;
    this.#allow = allow;
    this.#byRcode = counts.byRcode;
  }

  handle(request: Uint8Array, response: Uint8Array, peer: Peer): number {
    if (peer.transport !== "udp" || !this.#key.read(request)) return LATER;
    if (!this.#allows(peer)) {
      this.#key.forget();
      return LATER;
    }
    const length = this.#cache.find(this.#key, this.#clock.now(), response);
    if (length === 0) return LATER;
    this.#byRcode[response[3]! & 15]!++;
    return length;
  }

  /** An IPv4 address in an IPv6 one is left to those who read text. */
  #allows(peer: Peer): boolean {
    const { addressOctets } = peer;
    if (addressOctets === undefined) return this.#allow.some((prefix) => prefix.contains(peer.address));
    const allow = this.#allow;
    for (let i = 0; i < allow.length; i++) if (allow[i]!.containsOctets(addressOctets)) return true;
    return false;
  }
}
