/**
 * Tells of requests whose signature was refused (RFC 8945 §5.2): of each client and reason once in a while, because a secondary with a
 * wrong key asks every few minutes, and of so many at most, because over UDP anybody can ask in anybody's name. The key's name is told,
 * never the key.
 */
import type { Clock, Log } from "../base/index.ts";
import type { Peer } from "../net/index.ts";
import type { RefusedSignature } from "./signature.ts";

/** The same is not told again for so long. */
const AGAIN_SECONDS = 3600;
/** All that is told within `PERIOD_SECONDS`. */
const TOLD_MAX = 10;
const PERIOD_SECONDS = 60;
/** Clients and reasons that are remembered. */
const REMEMBERED_MAX = 1000;

export class RefusedSignatures {
  readonly #clock: Clock;
  readonly #log: Log;
  /** By client and reason: when it was last told. The oldest stand first. */
  readonly #toldAt = new Map<string, number>();
  #periodEnd = Number.NEGATIVE_INFINITY;
  #told = 0;
  /** Passed over since something was last told, because it was too much. */
  #untold = 0;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  note({ address, transport }: Peer, { error, reason }: RefusedSignature): void {
    const now = this.#clock.now() / 1000;
    const what = `${error} ${address}`;
    const toldAt = this.#toldAt.get(what);
    if (toldAt !== undefined && now < toldAt + AGAIN_SECONDS) return;
    if (!this.#mayTell(now)) {
      this.#untold++;
      return;
    }
    this.#remember(what, now);
    const others = this.#untold === 0 ? {} : { notTold: this.#untold };
    this.#untold = 0;
    this.#log.warn({ client: address, transport, reason, ...others }, "the signature of a request was refused");
  }

  #mayTell(now: number): boolean {
    if (now >= this.#periodEnd) {
      this.#periodEnd = now + PERIOD_SECONDS;
      this.#told = 0;
    }
    return this.#told++ < TOLD_MAX;
  }

  #remember(what: string, now: number): void {
    this.#toldAt.delete(what);
    this.#toldAt.set(what, now);
    const [oldest] = this.#toldAt.keys();
    if (this.#toldAt.size > REMEMBERED_MAX && oldest !== undefined) this.#toldAt.delete(oldest);
  }
}
