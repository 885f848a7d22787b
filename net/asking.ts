/**
 * Asking one server one thing, over any network (RFC 5452, RFC 7766): waits for the response, passes over what is none, gives
 * up in time. A near miss over UDP, that is a reply from the right place to something we did not ask, means that somebody
 * may be guessing, so the question moves to TCP (DESIGN §8).
 */
import type { Clock, Random } from "../base/index.ts";
import type { Message } from "../dns/index.ts";
import { formatEndpoint } from "./address.ts";
import { Asked } from "./asked.ts";
import { type Ask, type AskOptions, type Endpoint, ExchangeError, type Reply, type Transport } from "./exchange.ts";

export interface AskParts {
  readonly clock: Clock;
  /** Where ids and letter case come from: the system's source, except in tests. */
  readonly random: Random;
  /** Letters of random case in questions over UDP: yes, unless told. */
  readonly mixesCase?: boolean;
  readonly counters?: AskCounters;
}

/** What came that was not what we waited for. */
export class AskCounters {
  sent = 0;
  replies = 0;
  nearMisses = 0;
  malformed = 0;
  timeouts = 0;
}

/** A question on its way: what a transport does once, and how to stop it. */
export interface Attempt {
  close(): void;
}

/** What a transport tells of a question on its way. */
export interface AttemptEvents {
  reply(message: Message, octets: number): void;
  /** A reply to something else, or one that is no message. */
  stray(kind: "stray" | "malformed"): void;
  /** Nothing can come any more. */
  failed(error: ExchangeError): void;
}

/** Puts a question on its way over one transport. */
export type StartAttempt = (transport: Transport, server: Endpoint, asked: Asked, events: AttemptEvents) => Attempt;

/** An Ask over whatever network `start` knows. */
export function askOver(start: StartAttempt, parts: AskParts): Ask {
  const counters = parts.counters ?? new AskCounters();
  return (server, message, options) => new Asking(start, { ...parts, counters }, server, options).ask(message);
}

class Asking {
  readonly #start: StartAttempt;
  readonly #parts: AskParts;
  readonly #counters: AskCounters;
  readonly #server: Endpoint;
  readonly #options: AskOptions;
  readonly #started: number;
  readonly #settled = Promise.withResolvers<Reply>();
  #attempts: Attempt[] = [];
  #isSettled = false;
  /** After a near miss: a UDP reply that came, to be believed only when TCP is not to be had. */
  #isSuspicious = false;
  #hasTurnedToTcp = false;
  #held: Reply | null = null;
  #sawMalformed = false;

  constructor(
    start: StartAttempt,
    parts: Required<Pick<AskParts, "counters">> & AskParts,
    server: Endpoint,
    options: AskOptions,
  ) {
    this.#start = start;
    this.#parts = parts;
    this.#counters = parts.counters;
    this.#server = server;
    this.#options = options;
    this.#started = parts.clock.now();
  }

  async ask(message: Message): Promise<Reply> {
    const { signal, transport, timeoutMilliseconds } = this.#options;
    signal.throwIfAborted();
    const timer = this.#parts.clock.after(timeoutMilliseconds, () => this.#fail(this.#timeout()));
    const onAbort = (): void => this.#fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (transport === "udp") this.#askUdp(message);
      else this.#askTcp(message, (error) => this.#fail(error));
      return await this.#settled.promise;
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      for (const attempt of this.#attempts) attempt.close();
    }
  }

  #askUdp(message: Message): void {
    const asked = new Asked(message, this.#parts.random, this.#parts.mixesCase ?? true);
    this.#counters.sent++;
    this.#attempts.push(
      this.#start("udp", this.#server, asked, {
        reply: (reply, octets) => {
          if (this.#isSuspicious) this.#held ??= this.#replyOf(reply, octets);
          else this.#succeed(this.#replyOf(reply, octets));
        },
        stray: (kind) => {
          if (kind === "malformed") this.#countMalformed();
          else this.#suspect(message);
        },
        failed: (error) => this.#fail(error),
      }),
    );
  }

  #askTcp(message: Message, failed: (error: ExchangeError) => void): void {
    // TCP needs no 0x20, and some servers do not keep the case.
    const asked = new Asked(message, this.#parts.random, false);
    this.#counters.sent++;
    this.#attempts.push(
      this.#start("tcp", this.#server, asked, {
        reply: (reply, octets) => this.#succeed(this.#replyOf(reply, octets)),
        stray: (kind) => {
          if (kind === "malformed") this.#countMalformed();
        },
        failed,
      }),
    );
  }

  #suspect(message: Message): void {
    this.#counters.nearMisses++;
    // Once: who sends many wrong replies is not to make us open a connection for each.
    if (this.#hasTurnedToTcp || this.#isSettled) return;
    this.#hasTurnedToTcp = true;
    this.#isSuspicious = true;
    this.#askTcp(message, () => {
      // The server speaks no TCP, so UDP is all there is: better a reply that fits in every bit than none.
      this.#isSuspicious = false;
      if (this.#held !== null) this.#succeed(this.#held);
    });
  }

  #countMalformed(): void {
    this.#counters.malformed++;
    this.#sawMalformed = true;
  }

  #replyOf(message: Message, octets: number): Reply {
    return { message, octets, roundTripMilliseconds: this.#parts.clock.now() - this.#started };
  }

  #timeout(): ExchangeError {
    this.#counters.timeouts++;
    const { transport, timeoutMilliseconds } = this.#options;
    const where = `${formatEndpoint(this.#server)} (${transport})`;
    return this.#sawMalformed
      ? new ExchangeError("MALFORMED", `${where} sent only what is no DNS message in ${timeoutMilliseconds} ms`)
      : new ExchangeError("TIMEOUT", `${where} did not answer in ${timeoutMilliseconds} ms`);
  }

  #succeed(reply: Reply): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#counters.replies++;
    this.#settled.resolve(reply);
  }

  #fail(error: unknown): void {
    this.#isSettled = true;
    this.#settled.reject(error);
  }
}
