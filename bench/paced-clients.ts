/**
 * The clients of `paced-load.ts`: a steady stream of datagrams that does not wait for its answers, so that a server that stands still is
 * seen with all it let wait, and not only with the few that a closed loop would have asked.
 */
import {
  type BatchSocket,
  type BatchSystem,
  closeBatchSocket,
  IOVEC_OCTETS,
  MMSGHDR,
  MMSGHDR_OCTETS,
  MSG_DONTWAIT,
  openBatchSocket,
} from "../net/index.ts";

export interface PacedWork {
  readonly port: number;
  /** Their id is written over. */
  readonly queries: readonly Uint8Array[];
  readonly perSecond: number;
}

/** What became of each query, in the order they were sent. */
export interface PacedResult {
  /** Milliseconds of the system's monotonic clock, which other processes read as well. */
  readonly sentAt: Float64Array;
  /** Milliseconds to the response; PATIENCE_MILLISECONDS: there was none, or one that is no answer. */
  readonly waited: Float64Array;
}

/** Then a query is lost. */
export const PATIENCE_MILLISECONDS = 3000;
/** Ids are the sockets' own: with so many a second none is used again before its query is given up. */
const SOCKETS = 8;
const IDS = 65_536;
const BATCH = 32;
/** Queries sent too late but sent: a millisecond and a half of 50,000 a second. */
const OWED_MAX = 64;
const MESSAGE_OCTETS = 2048;
const BUFFER_OCTETS = 4 * 2 ** 20;
const NOERROR = 0;
const NXDOMAIN = 3;
/** struct sockaddr_in. */
const SOCKADDR_OCTETS = 16;
const AF_INET = 2;

/**
 * Of an address that nobody else uses: the sockets may share their ports (SO_REUSEPORT), so the system would give one of them a port
 * that another such socket of the same address has, and answers would go astray.
 */
function ownEndpoint(index: number): { readonly address: string; readonly port: number } {
  const { pid } = process;
  return { address: `127.${1 + ((pid >> 8) % 250)}.${pid & 255}.${index + 1}`, port: 0 };
}

/** Messages of one recvmmsg(2) or sendmmsg(2), over buffers that stay where they are. */
class Messages {
  readonly headers = new Uint8Array(BATCH * MMSGHDR_OCTETS);
  readonly octets: readonly Uint8Array[];
  readonly #vectors = new Uint8Array(BATCH * IOVEC_OCTETS);
  readonly #lengths: DataView;

  /** @param address Whom they are for; null: they are received. */
  constructor(system: BatchSystem, address: Uint8Array | null) {
    const all = new Uint8Array(BATCH * MESSAGE_OCTETS);
    this.octets = Array.from({ length: BATCH }, (_, i) => all.subarray(i * MESSAGE_OCTETS, (i + 1) * MESSAGE_OCTETS));
    this.#lengths = new DataView(this.#vectors.buffer);
    const headers = new DataView(this.headers.buffer);
    for (let i = 0; i < BATCH; i++) {
      const header = i * MMSGHDR_OCTETS;
      const vector = i * IOVEC_OCTETS;
      this.#lengths.setBigUint64(vector, system.addressOf(all) + BigInt(i * MESSAGE_OCTETS), true);
      this.setLength(i, MESSAGE_OCTETS);
      headers.setBigUint64(header + MMSGHDR.iov, system.addressOf(this.#vectors) + BigInt(vector), true);
      headers.setBigUint64(header + MMSGHDR.iovCount, 1n, true);
      if (address === null) continue;
      headers.setBigUint64(header + MMSGHDR.name, system.addressOf(address), true);
      headers.setUint32(header + MMSGHDR.nameLength, address.length, true);
    }
  }

  setLength(index: number, octets: number): void {
    this.#lengths.setBigUint64(index * IOVEC_OCTETS + 8, BigInt(octets), true);
  }
}

export class PacedLoad {
  readonly #system: BatchSystem;
  readonly #work: PacedWork;
  readonly #sockets: readonly BatchSocket[];
  readonly #out: Messages;
  readonly #in: Messages;
  /** Kept here because the system reads it for as long as there is something to send. */
  readonly #server: Uint8Array;
  /** Which query has an id: one more than its index; 0: none. */
  readonly #waiting = new Uint32Array(SOCKETS * IDS);
  readonly #nextIds = new Uint16Array(SOCKETS);

  constructor(system: BatchSystem, work: PacedWork) {
    this.#system = system;
    this.#work = work;
    const options = { receiveBufferOctets: BUFFER_OCTETS, sendBufferOctets: BUFFER_OCTETS, idleMilliseconds: 1 };
    this.#sockets = Array.from({ length: SOCKETS }, (_, i) => openBatchSocket(system, ownEndpoint(i), options));
    // A buffer of its own: what is small otherwise stands where the collector may move it.
    this.#server = new Uint8Array(new ArrayBuffer(SOCKADDR_OCTETS));
    this.#server.set([AF_INET, 0, work.port >> 8, work.port & 255, 127, 0, 0, 1]);
    this.#out = new Messages(system, this.#server);
    this.#in = new Messages(system, null);
  }

  /** Holds its thread for so long, and for as long again as the last answers may take. */
  run(milliseconds: number): PacedResult {
    const { perSecond } = this.#work;
    const total = Math.floor((milliseconds * perSecond) / 1000);
    const result = { sentAt: new Float64Array(total), waited: new Float64Array(total).fill(PATIENCE_MILLISECONDS) };
    let began = now();
    const over = began + milliseconds;
    let sent = 0;
    let turn = 0;
    while (sent < total && now() < over) {
      const due = Math.min(total, Math.floor(((now() - began) * perSecond) / 1000));
      // When we were held up ourselves the stream goes on later: what we owe is not thrown at the server at once.
      if (due - sent > OWED_MAX) began += ((due - sent - OWED_MAX) * 1000) / perSecond;
      if (due > sent) sent += this.#send(turn++ % SOCKETS, { sent, count: Math.min(BATCH, due - sent) }, result);
      for (let i = 0; i < SOCKETS; i++) this.#receive(i, result);
    }
    const end = now() + PATIENCE_MILLISECONDS;
    while (now() < end) for (let i = 0; i < SOCKETS; i++) this.#receive(i, result);
    for (const socket of this.#sockets) closeBatchSocket(this.#system, socket);
    return { sentAt: result.sentAt.subarray(0, sent), waited: result.waited.subarray(0, sent) };
  }

  #send(socket: number, { sent, count }: { sent: number; count: number }, result: PacedResult): number {
    const { queries } = this.#work;
    for (let i = 0; i < count; i++) {
      const id = this.#nextIds[socket]!++;
      this.#waiting[socket * IDS + id] = sent + i + 1;
      const query = queries[(sent + i) % queries.length]!;
      const octets = this.#out.octets[i]!;
      octets.set(query);
      octets[0] = id >> 8;
      octets[1] = id & 255;
      this.#out.setLength(i, query.length);
    }
    result.sentAt.fill(now(), sent, sent + count);
    const { descriptor } = this.#sockets[socket]!;
    const gone = this.#system.sendmmsg(descriptor, this.#out.headers, count, MSG_DONTWAIT);
    // What did not leave for want of room counts as sent and lost; it does not happen with buffers this large.
    return gone < 0 ? count : gone;
  }

  #receive(socket: number, { sentAt, waited }: PacedResult): void {
    const { descriptor } = this.#sockets[socket]!;
    const count = this.#system.recvmmsg(descriptor, this.#in.headers, BATCH, MSG_DONTWAIT, null);
    if (count <= 0) return;
    const at = now();
    for (let i = 0; i < count; i++) {
      const octets = this.#in.octets[i]!;
      const place = socket * IDS + ((octets[0]! << 8) | octets[1]!);
      const index = this.#waiting[place]! - 1;
      this.#waiting[place] = 0;
      const rcode = octets[3]! & 15;
      if (index >= 0 && (rcode === NOERROR || rcode === NXDOMAIN))
        waited[index] = Math.min(at - sentAt[index]!, PATIENCE_MILLISECONDS);
    }
  }
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6;
