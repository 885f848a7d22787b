/**
 * The records of a zone while they come in: octets in pieces of memory, because a value for each record of a large zone costs
 * ten times as much. Nothing is seen of them until they are whole.
 */
import type { Rr } from "../dns/index.ts";
import { recordOctets, RecordReader, writeRecord } from "../zones/index.ts";

/** A piece begins small, for most zones are, and is never larger than this. */
const PIECE_OCTETS_MIN = 1 << 12;
const PIECE_OCTETS_MAX = 1 << 20;

export class RecordSpool {
  count = 0;
  /** Octets of all records as `writeRecord` writes them. */
  octets = 0;
  readonly #full: Uint8Array[] = [];
  #piece = new Uint8Array(0);
  #filled = 0;

  add(record: Rr): void {
    const octets = recordOctets(record);
    if (this.#filled + octets > this.#piece.length) this.#next(octets);
    this.#filled = writeRecord(this.#piece, this.#filled, record);
    this.count++;
    this.octets += octets;
  }

  /** Whole records, one after another, in the order they came. Adding more makes these void. */
  get pieces(): readonly Uint8Array[] {
    return [...this.#full, this.#piece.subarray(0, this.#filled)];
  }

  *records(): Generator<Rr> {
    for (const piece of this.pieces) {
      const reader = new RecordReader(piece);
      while (reader.at < piece.length) yield reader.next();
    }
  }

  #next(octets: number): void {
    if (this.#filled > 0) this.#full.push(this.#piece.subarray(0, this.#filled));
    const twice = Math.min(PIECE_OCTETS_MAX, Math.max(PIECE_OCTETS_MIN, 2 * this.#piece.length));
    this.#piece = new Uint8Array(Math.max(twice, octets));
    this.#filled = 0;
  }
}
