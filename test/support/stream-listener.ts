/**
 * The TCP transport over the system's own calls, on this thread's event loop and as a Listener, so that one contract can be held against
 * it and the one over Node's sockets. A TCP thread waits in the system instead.
 */
import {
  closeStreamSocket,
  type Endpoint,
  type Handler,
  LISTEN_LIMITS,
  type Listener,
  type ListenParts,
  openPlaces,
  openStreamSocket,
  StreamServer,
  type StreamSystem,
} from "../../net/index.ts";

/** Turns without a wait. */
export function listenStreams(
  system: StreamSystem,
  endpoint: Endpoint,
  handler: Handler,
  parts: ListenParts,
): Listener & { readonly open: Int32Array } {
  const socket = openStreamSocket(system, endpoint);
  const open = new Int32Array(openPlaces({ ...LISTEN_LIMITS, ...parts.limits }));
  const server = new StreamServer(system, [socket], { ...parts, handler, open, wake: -1, onWake: () => undefined });
  let isOpen = true;
  let isDraining = false;
  const turn = (): void => {
    if (!isOpen) return;
    server.turn(0);
    if (isDraining && server.connections.size === 0) onDrained();
    setImmediate(turn);
  };
  const { promise: drained, resolve: onDrained } = Promise.withResolvers<void>();
  setImmediate(turn);
  return {
    endpoint: socket.endpoint,
    transport: "tcp",
    open,
    async close() {
      if (isDraining) return;
      isDraining = true;
      server.drain();
      await drained;
      isOpen = false;
      server.close();
      closeStreamSocket(system, socket);
    },
  };
}
