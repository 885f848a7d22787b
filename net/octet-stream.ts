/**
 * A two-way stream of octets, as TCP gives: what protocols that are not made of DNS messages run on. The system's sockets here; whoever tests joins two
 * ends in memory. Framing, time-outs and connecting again are left to who uses it.
 */
import { connect } from "node:net";
import { type Endpoint } from "./exchange.ts";

export interface OctetStream {
  /** Sends the pieces in order, without copying: they stay as they are until they are gone. False: much is waiting, `drained` tells when it is gone. */
  write(pieces: readonly Uint8Array[]): boolean;
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
  drained(): void;
  /** Told once, whoever ended it and also when it could not be opened; not after `close`. */
  closed(reason: string): void;
}

export type OpenOctetStream = (to: Endpoint, events: OctetStreamEvents) => OctetStream;

/** Over TCP. What is written before it is open waits. */
export const openTcpStream: OpenOctetStream = ({ address, port }, events) => {
  const socket = connect({ host: address, port, noDelay: true });
  let reason = "the other end closed it";
  let isClosed = false;
  socket.on("connect", () => events.opened());
  socket.on("data", (chunk: Buffer) => {
    if (!isClosed) events.received(chunk);
  });
  socket.on("drain", () => events.drained());
  socket.on("error", (error) => (reason = error.message));
  socket.on("close", () => {
    if (!isClosed) events.closed(reason);
    isClosed = true;
  });
  return {
    write(pieces) {
      socket.cork();
      let isTaken = true;
      for (const piece of pieces) isTaken = socket.write(piece);
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
};
