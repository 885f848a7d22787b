/**
 * Asking one server one thing, over any network (RFC 5452, RFC 7766): waits for the response, passes over what is none, gives
 * up in time. A near miss over UDP, that is a reply from the right place to something we did not ask, means that somebody
 * may be guessing, so the question moves to TCP (DESIGN §8).
 */
import type { Clock, Random, Timer } from "../base/index.ts";
import type { Message } from "../dns/index.ts";
import { formatEndpoint } from "./address.ts";
import { Asked, type Judged } from "./asked.ts";
import { type Ask, type AskOptions, type Endpoint, ExchangeError, type Reply, type Transport } from "./exchange.ts";
import { askedWith } from "./signed-asked.ts";

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

/** Tells what a transport has received. */
export function tellOf(judged: Judged, octets: number, events: AttemptEvents, where: string): void {
  switch (judged.kind) {
    case "reply":
      events.reply(judged.message, octets);
      return;
    case "refused":
      events.failed(new ExchangeError("SIGNATURE", `${where}: ${judged.reason}`));
      return;
    case "stray":
    case "malformed":
      events.stray(judged.kind);
  }
}

/** Puts a question on its way over one transport. */
export type StartAttempt = (transport: Transport, server: Endpoint, asked: Asked, events: AttemptEvents) => Attempt;

/** An Ask over whatever network `start` knows. */
export function askOver(start: StartAttempt, parts: AskParts): Ask {
  const way: Way = {
    start,
    ...parts,
    mixesCase: parts.mixesCase ?? true,
    counters: parts.counters ?? new AskCounters(),
  };
  return (server, message, options) =>
    new Promise<Reply>((resolve, reject) => {
      options.signal.throwIfAborted();
      new Asking(way, { server, message, options, resolve, reject }).begin();
    });
}

/** What all questions of one Ask have in common. */
interface Way extends Required<AskParts> {
  readonly start: StartAttempt;
}

interface Wanted {
  readonly server: Endpoint;
  readonly message: Message;
  readonly options: AskOptions;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** One question until it is settled. It listens to its attempt over UDP itself; the one over TCP tells it through an object more. */
class Asking implements AttemptEvents {
  readonly #way: Way;
  readonly #wanted: Wanted;
  readonly #started: number;
  #udp: Attempt | null = null;
  #tcp: Attempt | null = null;
  #timer: Timer | null = null;
  #isSettled = false;
  /** After a near miss: a UDP reply that came, to be believed only when TCP is not to be had. */
  #isSuspicious = false;
  #held: Reply | null = null;
  #sawMalformed = false;
  readonly #onAbort = (): void => this.#fail(this.#wanted.options.signal.reason);

  constructor(way: Way, wanted: Wanted) {
    this.#way = way;
    this.#wanted = wanted;
    this.#started = way.clock.now();
  }

  begin(): void {
    const { signal, transport, timeoutMilliseconds, key } = this.#wanted.options;
    this.#timer = this.#way.clock.after(timeoutMilliseconds, () => this.#fail(this.#timeout()));
    signal.addEventListener("abort", this.#onAbort, { once: true });
    try {
      if (transport === "udp" && key === undefined) this.#askUdp();
      else this.#askTcp((error) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  reply(message: Message, octets: number): void {
    const reply = this.#replyOf(message, octets);
    if (this.#isSuspicious) this.#held ??= reply;
    else this.#succeed(reply);
  }

  stray(kind: "stray" | "malformed"): void {
    if (kind === "malformed") this.#countMalformed();
    else this.#suspect();
  }

  failed(error: ExchangeError): void {
    this.#fail(error);
  }

  #askUdp(): void {
    const { server, message } = this.#wanted;
    const { start, random, mixesCase, counters } = this.#way;
    counters.sent++;
    const attempt = start("udp", server, new Asked(message, random, mixesCase), this);
    if (this.#isSettled) attempt.close();
    else this.#udp = attempt;
  }

  #askTcp(failed: (error: ExchangeError) => void): void {
    const { server, message, options } = this.#wanted;
    const { start, counters } = this.#way;
    counters.sent++;
    // TCP needs no 0x20, and some servers do not keep the case.
    const attempt = start("tcp", server, askedWith(message, options.key, this.#way), {
      reply: (reply, octets) => this.#succeed(this.#replyOf(reply, octets)),
      stray: (kind) => {
        if (kind === "malformed") this.#countMalformed();
      },
      failed,
    });
    if (this.#isSettled) attempt.close();
    else this.#tcp = attempt;
  }

  #suspect(): void {
    this.#way.counters.nearMisses++;
    // Once: who sends many wrong replies is not to make us open a connection for each.
    if (this.#tcp !== null || this.#isSuspicious || this.#isSettled) return;
    this.#isSuspicious = true;
    this.#askTcp(() => {
      // The server speaks no TCP, so UDP is all there is: better a reply that fits in every bit than none.
      this.#isSuspicious = false;
      if (this.#held !== null) this.#succeed(this.#held);
    });
  }

  #countMalformed(): void {
    this.#way.counters.malformed++;
    this.#sawMalformed = true;
  }

  #replyOf(message: Message, octets: number): Reply {
    return { message, octets, roundTripMilliseconds: this.#way.clock.now() - this.#started };
  }

  #timeout(): ExchangeError {
    this.#way.counters.timeouts++;
    const { server, options } = this.#wanted;
    const { transport, timeoutMilliseconds } = options;
    const where = `${formatEndpoint(server)} (${transport})`;
    return this.#sawMalformed
      ? new ExchangeError("MALFORMED", `${where} sent only what is no DNS message in ${timeoutMilliseconds} ms`)
      : new ExchangeError("TIMEOUT", `${where} did not answer in ${timeoutMilliseconds} ms`);
  }

  #succeed(reply: Reply): void {
    if (this.#isSettled) return;
    this.#way.counters.replies++;
    this.#settle();
    this.#wanted.resolve(reply);
  }

  #fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#wanted.reject(error);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#timer?.cancel();
    this.#wanted.options.signal.removeEventListener("abort", this.#onAbort);
    this.#udp?.close();
    this.#tcp?.close();
  }
}
