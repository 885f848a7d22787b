/**
 * Which primaries of a zone have an older version than ours (RFC 1982 §3.2). That is nothing to act upon: one of several may lag. But
 * where a serial was set back, nobody gets a change any more until somebody notices, so it is said and remembered.
 */
import { type Endpoint, formatEndpoint } from "../net/index.ts";
import type { Primary } from "./primary.ts";

export interface OlderPrimary {
  readonly endpoint: Endpoint;
  readonly serial: number;
}

export class OlderPrimaries {
  readonly #zone: string;
  readonly #serials = new Map<Primary, number>();

  constructor(zone: string) {
    this.#zone = zone;
  }

  get list(): OlderPrimary[] {
    return Array.from(this.#serials, ([{ endpoint }, serial]) => ({ endpoint, serial }));
  }

  /** What is to be said of it; null when it was said before of that serial. */
  note(primary: Primary, theirs: number, ours: number): string | null {
    if (this.#serials.get(primary) === theirs) return null;
    this.#serials.set(primary, theirs);
    const where = formatEndpoint(primary.endpoint);
    return `${where} has serial ${theirs}, which is older than our ${ours}, so our copy stays: either that primary lags behind another, or its serial was set back. To have its version here, give it a serial above ${ours} there, or say strata retransfer ${this.#zone} here`;
  }

  /** It has our version, or a newer one. */
  forget(primary: Primary): void {
    this.#serials.delete(primary);
  }

  clear(): void {
    this.#serials.clear();
  }
}
