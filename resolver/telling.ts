/**
 * What a query thread tells the control thread of the questions it asked, as one piece of memory for many of them.
 *
 *   head: what (8 bits), 8 free, octets of the request (16), of the payload (32), the server's number (32), hash of the question (32),
 *         round trip in milliseconds (float64), when the request came (float64); then request and payload, up to a multiple of 8
 */
import type { DirectFlight } from "./direct-flight.ts";

export const TELLING = {
  /** The payload is the answer, as it was given to a client that asked in lower case. */
  LEARNT: 1,
  /** The payload is a reply that answered the question for good: its question in lower case. */
  WHOLE: 2,
  /** The payload is a reply that the engine is to judge. */
  REPLY: 6,
  SILENT: 3,
  UNREACHABLE: 4,
  /** Somebody may be guessing at our questions. */
  SUSPECTED: 5,
} as const;

export interface Told {
  readonly kind: number;
  readonly server: number;
  readonly hash: number;
  readonly roundTripMilliseconds: number;
  readonly askedAt: number;
  readonly request: Uint8Array;
  readonly payload: Uint8Array;
}

const HEAD_OCTETS = 32;
const ROOM_OCTETS = 32_768;
/** As many are told at once, even if there is no other reason to. */
const COUNT_MAX = 64;

export class Telling {
  count = 0;
  /** Requests are handed on that depend on it. */
  isUrgent = false;
  #octets = new Uint8Array(ROOM_OCTETS);
  #view = new DataView(this.#octets.buffer);
  #length = 0;

  get isFull(): boolean {
    return this.count >= COUNT_MAX;
  }

  add(
    { kind, flight, now }: { readonly kind: number; readonly flight: DirectFlight; readonly now: number },
    payload: Uint8Array,
    payloadOctets: number,
  ): void {
    const { request } = flight.first;
    const start = this.#length;
    const payloadAt = start + HEAD_OCTETS + request.length;
    const end = (payloadAt + payloadOctets + 7) & ~7;
    if (end > this.#octets.length) this.#widen(end);
    const octets = this.#octets;
    const view = this.#view;
    octets[start] = kind;
    view.setUint16(start + 2, request.length);
    view.setUint32(start + 4, payloadOctets);
    view.setUint32(start + 8, flight.server?.id ?? 0);
    view.setInt32(start + 12, flight.hash);
    view.setFloat64(start + 16, now - flight.askedAt);
    view.setFloat64(start + 24, flight.askedAt);
    for (let i = 0; i < request.length; i++) octets[start + HEAD_OCTETS + i] = request[i]!;
    for (let i = 0; i < payloadOctets; i++) octets[payloadAt + i] = payload[i]!;
    this.#length = end;
    this.count++;
    if (kind !== TELLING.LEARNT && kind !== TELLING.WHOLE) this.isUrgent = true;
  }

  /** All that was added since the last time. */
  take(): Uint8Array {
    const taken = this.#octets.slice(0, this.#length);
    this.#length = 0;
    this.count = 0;
    this.isUrgent = false;
    return taken;
  }

  #widen(octets: number): void {
    const wider = new Uint8Array(2 * octets);
    wider.set(this.#octets.subarray(0, this.#length));
    this.#octets = wider;
    this.#view = new DataView(wider.buffer);
  }
}

/** Tells `each` of what was told, in order. What it is given stays as it is. */
export function readTold(octets: Uint8Array, each: (told: Told) => void): void {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  for (let at = 0; at < octets.length;) {
    const requestAt = at + HEAD_OCTETS;
    const payloadAt = requestAt + view.getUint16(at + 2);
    const end = payloadAt + view.getUint32(at + 4);
    each({
      kind: octets[at]!,
      server: view.getUint32(at + 8),
      hash: view.getInt32(at + 12),
      roundTripMilliseconds: view.getFloat64(at + 16),
      askedAt: view.getFloat64(at + 24),
      request: octets.subarray(requestAt, payloadAt),
      payload: octets.subarray(payloadAt, end),
    });
    at = (end + 7) & ~7;
  }
}
