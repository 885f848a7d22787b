/** Lists of datagrams as recvmmsg(2) and sendmmsg(2) take them, over buffers that stay where they are; and what makes a response an answer. */
import { type BatchSystem, IOVEC_OCTETS, MMSGHDR, MMSGHDR_OCTETS } from "../net/index.ts";

/** Datagrams of one system call. */
export const BATCH = 32;
const DATAGRAM_OCTETS = 4096;
const HEADER_OCTETS = 12;
const NOERROR = 0;
const NXDOMAIN = 3;

export class Datagrams {
  readonly headers = new Uint8Array(BATCH * MMSGHDR_OCTETS);
  readonly octets: readonly Uint8Array[];
  readonly #headers = new DataView(this.headers.buffer);
  readonly #vectors = new Uint8Array(BATCH * IOVEC_OCTETS);
  readonly #lengths = new DataView(this.#vectors.buffer);

  /** @param address Whom they are for (sockaddr, kept alive by the caller); null: they are received. */
  constructor(system: Pick<BatchSystem, "addressOf">, address: Uint8Array | null) {
    const all = new Uint8Array(BATCH * DATAGRAM_OCTETS);
    this.octets = Array.from({ length: BATCH }, (_, i) => all.subarray(i * DATAGRAM_OCTETS, (i + 1) * DATAGRAM_OCTETS));
    for (let i = 0; i < BATCH; i++) {
      const header = i * MMSGHDR_OCTETS;
      const vector = i * IOVEC_OCTETS;
      this.#lengths.setBigUint64(vector, system.addressOf(all) + BigInt(i * DATAGRAM_OCTETS), true);
      this.#setLength(i, DATAGRAM_OCTETS);
      this.#headers.setBigUint64(header + MMSGHDR.iov, system.addressOf(this.#vectors) + BigInt(vector), true);
      this.#headers.setBigUint64(header + MMSGHDR.iovCount, 1n, true);
      if (address === null) continue;
      this.#headers.setBigUint64(header + MMSGHDR.name, system.addressOf(address), true);
      this.#headers.setUint32(header + MMSGHDR.nameLength, address.length, true);
    }
  }

  /** The query with its id, as the datagram at `index`. */
  put(index: number, query: Uint8Array, id: number): void {
    const octets = this.octets[index]!;
    octets.set(query);
    octets[0] = id >> 8;
    octets[1] = id & 255;
    this.#setLength(index, query.length);
  }

  /** Of what was received at `index`. */
  lengthOf(index: number): number {
    return this.#headers.getUint32(index * MMSGHDR_OCTETS + MMSGHDR.length, true);
  }

  #setLength(index: number, octets: number): void {
    // Datagrams are shorter than 65,536, so the upper half of the number stays 0.
    this.#lengths.setUint32(index * IOVEC_OCTETS + 8, octets, true);
  }
}

/** A response with records or a denial, to this question (RFC 5452 §4.2); the id is looked at before. */
export function isAnswer(response: Uint8Array, length: number, query: Uint8Array): boolean {
  if (length < HEADER_OCTETS || (response[2]! & 0x80) === 0) return false;
  const rcode = response[3]! & 15;
  if (rcode !== NOERROR && rcode !== NXDOMAIN) return false;
  const end = questionEnd(query);
  if (length < end) return false;
  for (let i = HEADER_OCTETS; i < end; i++) if (response[i] !== query[i]) return false;
  return true;
}

/** Where the one question of a query of ours ends. */
function questionEnd(query: Uint8Array): number {
  let at = HEADER_OCTETS;
  while (query[at] !== 0) at += query[at]! + 1;
  return at + 5;
}
