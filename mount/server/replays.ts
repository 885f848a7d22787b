/**
 * The answers to calls that must not be done twice, kept for a while (the duplicate-request cache of RFC 1813 §4.2): a client that has lost its connection sends them again. The same call is the
 * same client, number and octets; numbers alone come again when a client restarts.
 */
import { crc32 } from "node:zlib";
import { type Clock } from "../../base/index.ts";
import { type Answer } from "../soon.ts";

const KEPT_MAX = 2048;
/** Clients give up or try again well within that time. */
const KEPT_MILLISECONDS = 120_000;

interface Kept {
  readonly answer: Answer<unknown>;
  readonly at: number;
}

export class Replays {
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  static keyOf(address: string, xid: number, record: Uint8Array): string {
    return `${address} ${xid} ${crc32(record)} ${record.length}`;
  }

  /** The answer that was or will be given to this call, or null when it is new. */
  find(key: string): Kept | null {
    const kept = this.#kept.get(key);
    return kept === undefined || this.#clock.now() - kept.at > KEPT_MILLISECONDS ? null : kept;
  }

  keep(key: string, answer: Answer<unknown>): void {
    this.#kept.delete(key);
    this.#kept.set(key, { answer, at: this.#clock.now() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}
