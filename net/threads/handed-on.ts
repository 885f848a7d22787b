/**
 * What a turn of a query thread could not answer, as one piece of memory. A message of objects costs 6 µs for each request in it, because
 * each of its typed arrays is a thing to be cloned; one array costs 0.2 µs a request, all told (measured, batches of 64).
 *
 *   a request: octets of it (16 bits), octets of the sender's name (8), of the ancillary data (8), the socket (16); then these three
 */
import type { BatchSender } from "../batch-socket.ts";

/** A request of a batch, with where the response goes and from which of the thread's sockets. */
export interface HandedOn {
  readonly request: Uint8Array;
  readonly socket: number;
  readonly from: BatchSender;
}

const HEAD_OCTETS = 6;
const ROOM_OCTETS = 16_384;

/** Collects the requests of a turn, in the thread. */
export class HandingOn {
  count = 0;
  #octets = new Uint8Array(ROOM_OCTETS);
  #length = 0;

  add(request: Uint8Array, { name, control }: BatchSender, socket: number): void {
    const end = this.#length + HEAD_OCTETS + request.length + name.length + control.length;
    if (end > this.#octets.length) this.#widen(end);
    const octets = this.#octets;
    let at = this.#length;
    octets[at] = request.length >> 8;
    octets[at + 1] = request.length;
    octets[at + 2] = name.length;
    octets[at + 3] = control.length;
    octets[at + 4] = socket >> 8;
    octets[at + 5] = socket;
    at += HEAD_OCTETS;
    octets.set(request, at);
    octets.set(name, at + request.length);
    octets.set(control, at + request.length + name.length);
    this.#length = end;
    this.count++;
  }

  /** All that was added since the last time. */
  take(): Uint8Array {
    const taken = this.#octets.slice(0, this.#length);
    // What a turn of long requests took is not kept for all that come.
    if (this.#octets.length > ROOM_OCTETS) this.#octets = new Uint8Array(ROOM_OCTETS);
    this.#length = 0;
    this.count = 0;
    return taken;
  }

  #widen(octets: number): void {
    const wider = new Uint8Array(2 * octets);
    wider.set(this.#octets.subarray(0, this.#length));
    this.#octets = wider;
  }
}

/** Tells `each` of the requests, in the order in which they came. What it is given stays as it is. */
export function readHandedOn(octets: Uint8Array, each: (handed: HandedOn) => void): void {
  for (let at = 0; at < octets.length;) {
    const requestAt = at + HEAD_OCTETS;
    const nameAt = requestAt + ((octets[at]! << 8) | octets[at + 1]!);
    const controlAt = nameAt + octets[at + 2]!;
    const end = controlAt + octets[at + 3]!;
    const socket = (octets[at + 4]! << 8) | octets[at + 5]!;
    const from = { name: octets.subarray(nameAt, controlAt), control: octets.subarray(controlAt, end) };
    each({ request: octets.subarray(requestAt, nameAt), socket, from });
    at = end;
  }
}
