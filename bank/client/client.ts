/**
 * Asks a bank, whichever of its servers is there: the same request with the same key goes to the next server until one answers or the time is
 * over. What became of it is answered, not done for certain, or unknown; then the same key is to be asked again.
 */
import { type Clock, sleep } from "../../base/index.ts";
import { BankError } from "../error.ts";
import type { BankFinder } from "./finder.ts";
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
  readonly finder: Pick<BankFinder, "places" | "forget">;
  readonly send: SendCall;
  readonly clock: Clock;
  /** For one try, and for all of them. */
  readonly tryMilliseconds: number;
  readonly totalMilliseconds: number;
}

const PAUSE_FIRST_MILLISECONDS = 50;
const PAUSE_MAX_MILLISECONDS = 1000;
/** Statuses by which a server says that it did nothing, … */
const NOT_DONE = [429, 503];
/** … and that it does not know. */
const NOT_KNOWN = [500, 502, 504];

export class BankClient {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  async call(call: BankCall, signal: AbortSignal): Promise<BankOutcome> {
    const { clock, totalMilliseconds } = this.#parts;
    const endAt = clock.now() + totalMilliseconds;
    let pause = PAUSE_FIRST_MILLISECONDS;
    let last: BankOutcome = { kind: "unreached", reason: "it was not tried" };
    for (;;) {
      const outcome = await this.#round(call, { endAt, last, signal });
      if (outcome.kind === "answered") return outcome;
      last = outcome;
      if (clock.now() + pause >= endAt || signal.aborted) return last;
      await sleep(clock, pause, signal).catch(() => undefined);
      pause = Math.min(2 * pause, PAUSE_MAX_MILLISECONDS);
    }
  }

  /** Every server once. */
  async #round(
    call: BankCall,
    { endAt, last, signal }: { readonly endAt: number; readonly last: BankOutcome; readonly signal: AbortSignal },
  ): Promise<BankOutcome> {
    const { finder, clock } = this.#parts;
    let outcome = last;
    try {
      for (const place of await finder.places(signal)) {
        if (clock.now() >= endAt || signal.aborted) break;
        const tried = await this.#try(call, place, endAt);
        if (tried.kind === "answered") return tried;
        // What one server may have done stays unknown, whatever the next one says.
        outcome = outcome.kind === "unknown" ? { ...outcome, reason: tried.reason } : tried;
      }
    } catch (error) {
      if (!(error instanceof BankError)) throw error;
      outcome = outcome.kind === "unknown" ? outcome : { kind: "unreached", reason: error.message };
    }
    finder.forget();
    return outcome;
  }

  async #try(call: BankCall, place: Parameters<SendCall>[0], endAt: number): Promise<BankOutcome> {
    const { send, clock, tryMilliseconds } = this.#parts;
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    const headers = {
      ...(call.key === undefined ? {} : { "idempotency-key": call.key }),
      ...call.headers?.(body ?? ""),
    };
    const timeout = Math.max(1, Math.min(tryMilliseconds, endAt - clock.now()));
    try {
      const { code, text } = await send(place, { method: call.method, path: call.path, headers, body }, timeout);
      const told = parsed(text);
      if (NOT_DONE.includes(code))
        return { kind: "unreached", reason: messageIn(told) ?? `${place.host} says ${code}` };
      if (NOT_KNOWN.includes(code)) return { kind: "unknown", reason: messageIn(told) ?? `${place.host} says ${code}` };
      return { kind: "answered", code, body: told };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return { kind: error.wasSent ? "unknown" : "unreached", reason: error.message };
    }
  }
}

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
