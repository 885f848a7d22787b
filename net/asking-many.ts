/**
 * Asking one server one thing that it answers with many messages, over TCP (RFC 5936 §2.2): hands each on as it comes, and gives
 * up when too long nothing does. A connection that carries something else than the response is not waited on any longer:
 * unlike a datagram, nobody else can have sent that.
 */
import type { Timer } from "../base/index.ts";
import type { Message } from "../dns/index.ts";
import { formatEndpoint } from "./address.ts";
import type { Asked } from "./asked.ts";
import { AskCounters, type AskParts, type Attempt, type AttemptEvents, type StartAttempt } from "./asking.ts";
import { type AskMany, type AskManyOptions, type Endpoint, ExchangeError } from "./exchange.ts";
import { askedWith } from "./signed-asked.ts";

/** An AskMany over whatever network `start` knows. */
export function askManyOver(start: StartAttempt, parts: AskParts): AskMany {
  const way: Way = { start, ...parts, counters: parts.counters ?? new AskCounters() };
  return (server, message, options) =>
    new Promise<void>((resolve, reject) => {
      options.signal.throwIfAborted();
      new AskingMany(way, { server, options, asked: askedWith(message, options.key, way), resolve, reject }).begin();
    });
}

/** What all questions of one AskMany have in common. */
interface Way extends Pick<AskParts, "clock" | "random"> {
  readonly start: StartAttempt;
  readonly counters: AskCounters;
}

interface Wanted {
  readonly server: Endpoint;
  readonly options: AskManyOptions;
  readonly asked: Asked;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class AskingMany implements AttemptEvents {
  readonly #way: Way;
  readonly #wanted: Wanted;
  #attempt: Attempt | null = null;
  #deadline: Timer | null = null;
  #patience: Timer | null = null;
  #isSettled = false;
  readonly #onAbort = (): void => this.failed(this.#wanted.options.signal.reason);

  constructor(way: Way, wanted: Wanted) {
    this.#way = way;
    this.#wanted = wanted;
  }

  begin(): void {
    const { server, options, asked } = this.#wanted;
    const { start, clock, counters } = this.#way;
    const { signal, timeoutMilliseconds } = options;
    this.#deadline = clock.after(timeoutMilliseconds, () => this.#late("did not end", timeoutMilliseconds));
    this.#wait();
    signal.addEventListener("abort", this.#onAbort, { once: true });
    counters.sent++;
    const attempt = start("tcp", server, asked, this);
    if (this.#isSettled) attempt.close();
    else this.#attempt = attempt;
  }

  reply(message: Message, octets: number): void {
    if (this.#isSettled) return;
    this.#way.counters.replies++;
    this.#wanted.asked.isContinued = true;
    let said: "more" | "done";
    try {
      said = this.#wanted.options.take(message, octets);
    } catch (error) {
      this.failed(error);
      return;
    }
    if (said === "more") {
      this.#wait();
      return;
    }
    if (!this.#wanted.asked.isComplete) {
      this.failed(new ExchangeError("SIGNATURE", `${this.#where}: the end of its response is not signed`));
      return;
    }
    this.#settle();
    this.#wanted.resolve();
  }

  stray(kind: "stray" | "malformed"): void {
    if (kind === "malformed") this.#way.counters.malformed++;
    else this.#way.counters.nearMisses++;
    const what = kind === "malformed" ? "what is no DNS message" : "a response to something else";
    this.failed(new ExchangeError("MALFORMED", `${this.#where} sent ${what}`));
  }

  failed(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#wanted.reject(error);
  }

  get #where(): string {
    return `${formatEndpoint(this.#wanted.server)} (tcp)`;
  }

  #wait(): void {
    const { idleMilliseconds } = this.#wanted.options;
    this.#patience?.cancel();
    this.#patience = this.#way.clock.after(idleMilliseconds, () => this.#late("sent nothing", idleMilliseconds));
  }

  #late(what: string, milliseconds: number): void {
    this.#way.counters.timeouts++;
    this.failed(new ExchangeError("TIMEOUT", `${this.#where} ${what} in ${milliseconds} ms`));
  }

  #settle(): void {
    this.#isSettled = true;
    this.#deadline?.cancel();
    this.#patience?.cancel();
    this.#wanted.options.signal.removeEventListener("abort", this.#onAbort);
    this.#attempt?.close();
  }
}
