/**
 * Room to read into that serves again when its octets have gone to whoever asked: new memory for each read of a mebibyte would keep the collector busier than the reading. What is not
 * given back is left to the collector.
 */
import { type CachedReader, type ReadRoom } from "../../net/index.ts";

/** Up to here a small piece of memory costs less. */
const OWN_OCTETS_MAX = 65_536;
const ROOMS_MAX = 32;

/** Room, and how it is given back; a second time does nothing. */
export interface LentRoom {
  readonly room: ReadRoom;
  readonly release: () => void;
}

export class ReadRooms {
  readonly #reader: CachedReader;
  readonly #octetsMax: number;
  readonly #free: ReadRoom[] = [];

  constructor(reader: CachedReader, octetsMax: number) {
    this.#reader = reader;
    this.#octetsMax = octetsMax;
  }

  take(octets: number): LentRoom {
    if (octets <= OWN_OCTETS_MAX) return { room: this.#reader.room(octets), release: () => undefined };
    const room = this.#free.pop() ?? this.#reader.room(this.#octetsMax);
    let isLent = true;
    return {
      room,
      release: () => {
        if (isLent && this.#free.length < ROOMS_MAX) this.#free.push(room);
        isLent = false;
      },
    };
  }
}
