/**
 * Memory for large replies, used again when whoever read says that he is done with it: else a gigabyte read is a gigabyte of garbage. What nobody gives
 * back goes the way of all garbage.
 */
import { type Clock, type Timer } from "../../base/index.ts";

/** Smaller ones are not worth keeping. */
const OCTETS_MIN = 65_536;

/** What was given back and not taken again is let go after this, so that mounts at rest hold nothing. */
const REST_MILLISECONDS = 10_000;

export class Rooms {
  readonly #clock: Clock;
  readonly #roomsMax: number;
  readonly #free: Buffer[] = [];
  /** What was taken and may come back; weak, so that what does not come back is collected. */
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();

  #rest: Timer | null = null;

  constructor(clock: Clock, roomsMax: number) {
    this.#clock = clock;
    this.#roomsMax = roomsMax;
  }

  /** At least so many octets, of whatever content. */
  take(octets: number): Buffer {
    if (octets < OCTETS_MIN) return Buffer.allocUnsafeSlow(octets);
    const last = this.#free.pop();
    // Where the sizes of replies change, the old ones are let go.
    const room = last !== undefined && last.length >= octets ? last : Buffer.allocUnsafeSlow(octets);
    this.#lent.set(room.buffer, room);
    return room;
  }

  /** What gives back the memory in which these octets lie; harmless when it is called twice, or when they lie elsewhere. Once for each room that was taken. */
  releaseOf(octets: Uint8Array): () => void {
    const { buffer } = octets;
    let room = this.#lent.get(buffer);
    this.#lent.delete(buffer);
    return () => {
      if (room !== undefined && this.#free.length < this.#roomsMax) this.#keep(room);
      room = undefined;
    };
  }

  #keep(room: Buffer): void {
    this.#free.push(room);
    this.#rest ??= this.#clock.after(REST_MILLISECONDS, () => {
      this.#rest = null;
      this.#free.length = 0;
    });
  }
}
