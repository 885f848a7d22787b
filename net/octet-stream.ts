/**
 * A two-way stream of octets, as TCP gives: what protocols that are not made of DNS messages run on. The system's sockets here; whoever tests joins two
 * ends in memory. Framing, time-outs and connecting again are left to who uses it.
 */
import { connect, type OnReadOpts, type Socket } from "node:net";
import { type Endpoint } from "./exchange.ts";
import { localAddress } from "./local.ts";

export interface OctetStream {
  /**
   * Sends the pieces in order, without copying: they stay as they are until `gone` is called, which a stream in memory may leave out. False: much is waiting, `drained` tells when
   * there is room again.
   */
  write(pieces: readonly Uint8Array[], gone?: () => void): boolean;
  /** Nothing is received until `resume`, so that the other end has to wait. */
  pause(): void;
  resume(): void;
  /** Ends it at once; nothing is told any more. */
  close(): void;
}

export interface OctetStreamEvents {
  /** It is open from here on. */
  opened(): void;
  /** A view that is never written to again. */
  received(octets: Uint8Array): void;
  /** Where what comes next may be put, as far as it fits, so that it need not be copied there; null: anywhere. Streams need not ask. */
  room?(): Uint8Array | null;
  drained(): void;
  /** Told once, whoever ended it and also when it could not be opened; not after `close`. */
  closed(reason: string): void;
}

export type OpenOctetStream = (to: Endpoint, events: OctetStreamEvents) => OctetStream;

/** Over TCP. What is written before it is open waits. */
export const openTcpStream: OpenOctetStream = ({ address, port }, events) =>
  opening(events, (onread) => connect({ host: address, port, noDelay: true, onread }));

/** Over a Unix socket. Throws a LocalError "TOO_LONG" for a path that cannot be one. */
export function openLocalStream(path: string, events: OctetStreamEvents): OctetStream {
  return opening(events, (onread) => connect({ path: localAddress(path), onread }));
}

/** Enough for many short messages, which then share one piece of memory. */
const SLAB_OCTETS = 65_536;
/** What is read where nothing is known of it: it holds many short messages, and little of a long one that then has to be copied. */
const READ_OCTETS = 16_384;

/** Received octets go where they are wanted, else one behind the other into slabs: new memory for each would keep the collector busy. */
function opening(events: OctetStreamEvents, connected: (onread: OnReadOpts) => Socket): OctetStream {
  let slab = Buffer.allocUnsafeSlow(SLAB_OCTETS);
  let isClosed = false;
  const socket = connected({
    buffer: () => {
      const room = events.room?.() ?? null;
      if (room !== null) return room;
      if (slab.length < READ_OCTETS) slab = Buffer.allocUnsafeSlow(SLAB_OCTETS);
      return slab.subarray(0, READ_OCTETS);
    },
    callback: (count, buffer) => {
      if (buffer.buffer === slab.buffer) slab = slab.subarray(count);
      if (!isClosed) events.received(buffer.subarray(0, count));
      return true;
    },
  });
  socket.on("connect", () => events.opened());
  socket.on("close", () => (isClosed = true));
  const stream = streamOver(socket, () => events);
  return {
    ...stream,
    close() {
      isClosed = true;
      stream.close();
    },
  };
}

/** The socket as a stream. What happens is told to whom `listener` gives for it; to nobody when that is null. */
export function streamOver(socket: Socket, listener: (stream: OctetStream) => OctetStreamEvents | null): OctetStream {
  let reason = "the other end closed it";
  let isClosed = false;
  const stream: OctetStream = {
    write(pieces, gone) {
      socket.cork();
      let isTaken = true;
      const last = pieces.length - 1;
      // Also told when the socket is destroyed: nobody reads from the pieces then either.
      for (const [i, piece] of pieces.entries()) isTaken = socket.write(piece, i === last ? gone : undefined);
      socket.uncork();
      return isTaken;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close() {
      isClosed = true;
      socket.destroy();
    },
  };
  const events = listener(stream);
  socket.on("data", (chunk: Buffer) => {
    if (!isClosed) events?.received(chunk);
  });
  socket.on("drain", () => {
    if (!isClosed) events?.drained();
  });
  socket.on("error", (error) => (reason = error.message));
  socket.on("close", () => {
    if (!isClosed) events?.closed(reason);
    isClosed = true;
  });
  return stream;
}
