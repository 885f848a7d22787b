/**
 * Reading of a file what the kernel has in memory, at once and without a thread that might wait for a disk: preadv2(2) with RWF_NOWAIT, of the system's own library, reached through koffi. It stands here
 * because that package is this folder's; without it, or where the kernel or file system does not know the flag, files are read in the usual way.
 */
import { type Call, loadLibrary } from "./system-library.ts";

const RWF_NOWAIT = 8;
/** struct iovec of 64-bit Linux: an address and a length. */
const IOVEC_OCTETS = 16;

/** Octets to be read into, and where the system finds them. They stay where they are as long as this is alive. */
export class ReadRoom {
  readonly octets: Uint8Array;
  /** Empty where there is no system library. */
  readonly iovec: Uint8Array;
  readonly #view: DataView | null;

  constructor(octets: Uint8Array, address: bigint | null) {
    this.octets = octets;
    this.iovec = new Uint8Array(address === null ? 0 : IOVEC_OCTETS);
    this.#view = address === null ? null : new DataView(this.iovec.buffer);
    this.#view?.setBigUint64(0, address ?? 0n, true);
  }

  /** How much of it is to be read into. */
  setLength(octets: number): void {
    this.#view?.setBigUint64(8, BigInt(octets), true);
  }
}

export class CachedReader {
  readonly #call: Call | null;
  readonly #addressOf: (octets: Uint8Array) => bigint | null;

  private constructor(call: Call | null, addressOf: (octets: Uint8Array) => bigint | null) {
    this.#call = call;
    this.#addressOf = addressOf;
  }

  static async load(): Promise<CachedReader> {
    const library = await loadLibrary();
    if (typeof library === "string") return new CachedReader(null, () => null);
    const call = library.call("int64_t preadv2(int fd, const void *iov, int count, int64_t offset, int flags)");
    return new CachedReader(call, library.addressOf);
  }

  room(octetsMax: number): ReadRoom {
    // Memory of its own, which the collector does not move.
    const octets = Buffer.allocUnsafeSlow(octetsMax);
    return new ReadRoom(octets, this.#addressOf(octets));
  }

  /** How many octets it gave at once; -1 when it would have had to wait, or cannot do this. */
  read(descriptor: number, room: ReadRoom, offset: number, octetsMax: number): number {
    if (this.#call === null || room.iovec.length === 0) return -1;
    room.setLength(octetsMax);
    return this.#call(descriptor, room.iovec, 1, offset, RWF_NOWAIT);
  }
}
