/**
 * Requests on their way from the thread that reads them to the one that serves them: a few slots of shared memory, filled and emptied in turn. The reader waits
 * when all are full; it sends a message only when the other side has seen the ring empty, so that many requests cost one.
 */
import { assert } from "../../base/index.ts";

const SLOTS = 8;
/** The kernel wants room for its longest request in every read: header, struct fuse_write_in, 1 MiB of data. */
export const SLOT_OCTETS = (1 << 20) + 4096;

/** Places in the control words: how many octets each slot holds (0: it is free), then whether the server sleeps. */
const SLEEPS = SLOTS;
const CONTROL_OCTETS = 64;

/** What a reading thread is given. */
export interface RingWork {
  readonly descriptor: number;
  readonly memory: SharedArrayBuffer;
}

export function isRingWork(value: unknown): value is RingWork {
  if (typeof value !== "object" || value === null || !("descriptor" in value) || !("memory" in value)) return false;
  return typeof value.descriptor === "number" && value.memory instanceof SharedArrayBuffer;
}

export class RequestRing {
  readonly #control: Int32Array;
  readonly #slots: readonly Uint8Array[];
  /** The slot that this side goes on with. */
  #at = 0;

  static memory(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(CONTROL_OCTETS + SLOTS * SLOT_OCTETS);
    new Int32Array(memory)[SLEEPS] = 1;
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, CONTROL_OCTETS / 4);
    this.#slots = Array.from(
      { length: SLOTS },
      (_, i) => new Uint8Array(memory, CONTROL_OCTETS + i * SLOT_OCTETS, SLOT_OCTETS),
    );
  }

  /** The reader's: the next slot, when it is free. */
  free(): Uint8Array {
    for (;;) {
      const length = Atomics.load(this.#control, this.#at);
      if (length === 0) return this.#slots[this.#at]!;
      Atomics.wait(this.#control, this.#at, length);
    }
  }

  /** The reader's: the slot holds a request now. True when the server has to be woken. */
  fill(length: number): boolean {
    assert(length > 0, "a request has octets");
    Atomics.store(this.#control, this.#at, length);
    this.#at = (this.#at + 1) % SLOTS;
    return Atomics.exchange(this.#control, SLEEPS, 0) === 1;
  }

  /** The server's: takes all there is, up to a number of requests; true when it stopped because of that. */
  drain(requestsMax: number, take: (octets: Uint8Array) => void): boolean {
    for (let count = 0; count < requestsMax;) {
      const length = Atomics.load(this.#control, this.#at);
      if (length > 0) {
        this.#empty(length, take);
        count++;
        continue;
      }
      Atomics.store(this.#control, SLEEPS, 1);
      // One may have come just before that was seen; then nobody wakes this side.
      if (Atomics.load(this.#control, this.#at) === 0 || Atomics.exchange(this.#control, SLEEPS, 0) === 0) return false;
    }
    return true;
  }

  #empty(length: number, take: (octets: Uint8Array) => void): void {
    const at = this.#at;
    this.#at = (at + 1) % SLOTS;
    try {
      take(this.#slots[at]!.subarray(0, length));
    } finally {
      Atomics.store(this.#control, at, 0);
      Atomics.notify(this.#control, at);
    }
  }
}
