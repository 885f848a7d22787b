/**
 * Writes XDR (RFC 4506), and records of it as RPC over TCP marks them (RFC 5531 §11). Headers are written one behind the other into large chunks; long opaque
 * data is not copied but stands between them as it is. So what is taken at the end is a list of pieces for one writev.
 */

const CHUNK_OCTETS = 65536;
/** From this length on a piece of its own costs less than the copy. */
const COPY_OCTETS_MAX = 2048;
const LAST_FRAGMENT = 0x8000_0000;

export class XdrWriter {
  #chunk: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the piece begins that is being written, and where it goes on. */
  #start = 0;
  #at = 0;
  #pieces: Uint8Array[] = [];
  #closedOctets = 0;
  #record: { readonly view: DataView; readonly at: number; readonly octets: number } | null = null;

  /** Octets written and not yet taken. */
  get octets(): number {
    return this.#closedOctets + this.#at - this.#start;
  }

  /** All that was written, in order. The pieces are never written to again. */
  take(): Uint8Array[] {
    this.#close();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#closedOctets = 0;
    return pieces;
  }

  /** Begins a record of one fragment; its length is filled in by `endRecord`. */
  beginRecord(): void {
    this.#room(4);
    this.#record = { view: this.#view, at: this.#at, octets: this.octets };
    this.#at += 4;
  }

  endRecord(): void {
    const record = this.#record;
    if (record === null) throw new Error("there is no record to end");
    record.view.setUint32(record.at, (this.octets - record.octets - 4 + LAST_FRAGMENT) >>> 0);
    this.#record = null;
  }

  /** Takes back what was written since `octets` was this much. */
  rewind(octets: number): void {
    this.#record = null;
    while (this.octets > octets) {
      const open = this.#at - this.#start;
      const excess = this.octets - octets;
      if (open >= excess) {
        this.#at -= excess;
        return;
      }
      // What the piece before loses stays unused in its chunk.
      this.#start = this.#at;
      const piece = this.#pieces.pop()!;
      this.#closedOctets -= piece.length;
      const kept = Math.max(0, piece.length - (excess - open));
      if (kept > 0) this.#push(piece.subarray(0, kept));
    }
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  u64(value: bigint): void {
    this.#room(8);
    this.#view.setBigUint64(this.#at, value);
    this.#at += 8;
  }

  /** A size or an offset, 0 to 2^53 - 1. */
  size(value: number): void {
    this.#room(8);
    this.#view.setUint32(this.#at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(this.#at + 4, value >>> 0);
    this.#at += 8;
  }

  boolean(value: boolean): void {
    this.u32(value ? 1 : 0);
  }

  /** Opaque data of a length that the reader knows. */
  fixed(octets: Uint8Array): void {
    const length = octets.length;
    const padding = -length & 3;
    if (length > COPY_OCTETS_MAX) {
      this.#close();
      this.#push(octets);
      this.#room(3);
      this.#pad(padding);
      return;
    }
    this.#room(length + 3);
    this.#chunk.set(octets, this.#at);
    this.#at += length;
    this.#pad(padding);
  }

  /** Opaque data behind its length. */
  opaque(octets: Uint8Array): void {
    this.u32(octets.length);
    this.fixed(octets);
  }

  /** Opaque data given as a string with one octet a character. */
  opaqueText(text: string): void {
    const length = text.length;
    this.#room(length + 7);
    this.#view.setUint32(this.#at, length);
    this.#chunk.write(text, this.#at + 4, "latin1");
    this.#at += 4 + length;
    this.#pad(-length & 3);
  }

  /** Raw octets without padding: what another writer made. */
  raw(octets: Uint8Array): void {
    this.#close();
    this.#push(octets);
  }

  #pad(count: number): void {
    for (let i = 0; i < count; i++) this.#chunk[this.#at++] = 0;
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#chunk.length) return;
    this.#close();
    const length = Math.max(CHUNK_OCTETS, octets);
    this.#chunk = Buffer.allocUnsafeSlow(length);
    this.#view = new DataView(this.#chunk.buffer, this.#chunk.byteOffset, length);
    this.#start = 0;
    this.#at = 0;
  }

  #close(): void {
    if (this.#at === this.#start) return;
    this.#push(this.#chunk.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  #push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#closedOctets += piece.length;
  }
}
