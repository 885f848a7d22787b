/**
 * Asks a bank, whichever of its servers is there: the same request with the same key goes to the next server until one answers or the time is
 * over. What became of it is answered, not done for certain, or unknown; then the same key is to be asked again.
 */
import { type Clock, type Random, sleep } from "../../base/index.ts";
import { BankError } from "../error.ts";
import type { BankFinder, BankPlace } from "./finder.ts";
import { CallError, type HttpCall, type SendCall } from "./https.ts";

export interface BankCall {
  readonly method: HttpCall["method"];
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of a request that moves something; the same when it is asked again. */
  readonly key?: string;
  /** Made for each try, because a signature has a time. */
  readonly headers?: (body: string) => Readonly<Record<string, string>>;
}

export type BankOutcome =
  | { readonly kind: "answered"; readonly code: number; readonly body: unknown }
  /** It reached no server that did anything. */
  | { readonly kind: "unreached"; readonly reason: string }
  /** It may have been done. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface ClientParts {
  readonly finder: Pick<BankFinder, "places" | "failed" | "succeeded">;
  readonly send: SendCall;
  readonly clock: Clock;
  readonly random: Random;
  /** For one try, and for all of them. */
  readonly tryMilliseconds: number;
  readonly totalMilliseconds: number;
  /** For all of them while no server is there: nothing was done then for certain, and whoever stands there is told soon. */
  readonly absentMilliseconds: number;
}

/** Between two rounds over all servers; doubled up to the bound, and up to half as long again by chance. */
const PAUSE_FIRST_MILLISECONDS = 50;
const PAUSE_MAX_MILLISECONDS = 1000;
/** Codes by which a server says that it did nothing, … */
const NOT_DONE: ReadonlySet<number> = new Set([429, 503]);
/** … that it does not know, … */
const NOT_KNOWN: ReadonlySet<number> = new Set([500, 502, 504]);
/** … and by which the ledger has spoken: nothing else will ever be said of that key. Others say nothing of an earlier try. */
const LAST_WORD: ReadonlySet<number> = new Set([200, 202, 409, 422]);

/** What the tries so far came to. */
interface Asking {
  readonly call: BankCall;
  readonly signal: AbortSignal;
  readonly endAt: number;
  /** Until then some server is to be reached. */
  readonly absentUntil: number;
  /** A server was there. */
  isReached: boolean;
  mayBeDone: boolean;
  reason: string;
}

export class BankClient {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /** Ends within the total time, sooner where nobody is there. */
  async call(call: BankCall, signal: AbortSignal): Promise<BankOutcome> {
    const { clock, random, totalMilliseconds, absentMilliseconds } = this.#parts;
    const [endAt, absentUntil] = [clock.now() + totalMilliseconds, clock.now() + absentMilliseconds];
    const untried = { isReached: false, mayBeDone: false, reason: "it was not tried" };
    const asking: Asking = { call, signal, endAt, absentUntil, ...untried };
    for (let pause = PAUSE_FIRST_MILLISECONDS; ; pause = Math.min(2 * pause, PAUSE_MAX_MILLISECONDS)) {
      const reply = await this.#round(asking);
      if (reply !== null) return this.#lastWord(asking, reply);
      const wait = pause + random.below(pause / 2);
      if (clock.now() + wait >= endOf(asking) || signal.aborted) return openOutcome(asking);
      await sleep(clock, wait, signal).catch(() => undefined);
    }
  }

  #lastWord(asking: Asking, { code, body }: Reply): BankOutcome {
    if (!asking.mayBeDone || LAST_WORD.has(code)) return { kind: "answered", code, body };
    asking.reason = `${asking.reason}; then: ${messageIn(body) ?? code}`;
    return openOutcome(asking);
  }

  /** Every server once; after a failure they are looked up again, since the bank may have moved meanwhile. */
  async #round(asking: Asking): Promise<Reply | null> {
    const tried = new Set<string>();
    for (;;) {
      const place = (await this.#places(asking)).find((one) => !tried.has(nameOf(one)));
      if (place === undefined || asking.signal.aborted || this.#parts.clock.now() >= endOf(asking)) return null;
      tried.add(nameOf(place));
      const reply = await this.#try(asking, place);
      if (reply !== null) return reply;
    }
  }

  async #places(asking: Asking): Promise<readonly BankPlace[]> {
    try {
      return await this.#parts.finder.places(asking.signal);
    } catch (error) {
      if (!(error instanceof BankError)) throw error;
      asking.reason = error.message;
      return [];
    }
  }

  async #try(asking: Asking, place: BankPlace): Promise<Reply | null> {
    const { send, clock, tryMilliseconds, finder } = this.#parts;
    const { method, path, key, body: given, headers: more } = asking.call;
    const body = given === undefined ? null : JSON.stringify(given);
    const headers = { ...(key === undefined ? {} : { "idempotency-key": key }), ...more?.(body ?? "") };
    const timeout = Math.max(1, Math.min(tryMilliseconds, asking.endAt - clock.now()));
    try {
      const { code, text } = await send(place, { method, path, headers, body }, timeout);
      finder.succeeded(place);
      asking.isReached = true;
      const told = parsed(text);
      if (!NOT_DONE.has(code) && !NOT_KNOWN.has(code)) return { code, body: told };
      if (NOT_KNOWN.has(code)) asking.mayBeDone = true;
      asking.reason = `${place.host}: ${messageIn(told) ?? code}`;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      finder.failed(place);
      // What one server may have done stays unknown, whatever the next one says.
      if (error.wasSent) asking.isReached = asking.mayBeDone = true;
      asking.reason = error.message;
    }
    return null;
  }
}

interface Reply {
  readonly code: number;
  readonly body: unknown;
}

const nameOf = ({ address, port }: BankPlace): string => `${address} ${port}`;

const endOf = ({ isReached, endAt, absentUntil }: Asking): number => (isReached ? endAt : Math.min(endAt, absentUntil));

const openOutcome = ({ mayBeDone, reason }: Asking): BankOutcome => ({
  kind: mayBeDone ? "unknown" : "unreached",
  reason,
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // A statement in another format.
  }
}

/** What a failure of the API says. */
export function messageIn(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("message" in body)) return null;
  return typeof body.message === "string" ? body.message : null;
}
