/**
 * The batched transport on this thread's event loop, as a Listener, so that one contract can be held against it and the plain one. A
 * query thread waits in the system instead, and hands on what is answered later.
 */
import {
  BATCH_COUNT,
  BATCH_COUNTS,
  BatchServer,
  type BatchSystem,
  closeBatchSocket,
  DatagramSender,
  type Endpoint,
  type Handler,
  type Later,
  LISTEN_LIMITS,
  type Listener,
  type ListenParts,
  openBatchSocket,
} from "../../net/index.ts";

/** Turns without a wait; the counters of `parts` follow. */
export function listenBatched(system: BatchSystem, endpoint: Endpoint, handler: Handler, parts: ListenParts): Listener {
  const limits = { ...LISTEN_LIMITS, ...parts.limits };
  const socket = openBatchSocket(system, endpoint, {
    receiveBufferOctets: limits.udpReceiveBufferOctets,
    sendBufferOctets: limits.udpReceiveBufferOctets,
    idleMilliseconds: 100,
  });
  const sender = new DatagramSender(system);
  const counts = new Float64Array(BATCH_COUNTS);
  const { counters } = parts;
  let late: LateResponses = new LateResponses();
  const batches = new BatchServer(system, [socket], {
    handler: {
      handle(request, response, peer) {
        late = new LateResponses();
        return handler.handle(request, response, peer, late.later);
      },
    },
    counts,
    responseOctets: limits.udpResponseOctets,
    onLater: (_request, from) => {
      late.sendBy((octets) => {
        if (sender.send(socket, from, octets)) counters.udpResponses++;
      });
    },
    onFault: () => undefined,
  });
  let isOpen = true;
  const turn = (): void => {
    if (!isOpen) return;
    const before = counts.slice();
    batches.turnNow();
    counters.udpRequests += counts[BATCH_COUNT.REQUESTS]! - before[BATCH_COUNT.REQUESTS]!;
    counters.udpResponses += counts[BATCH_COUNT.RESPONSES]! - before[BATCH_COUNT.RESPONSES]!;
    counters.handlerErrors += counts[BATCH_COUNT.FAULTS]! - before[BATCH_COUNT.FAULTS]!;
    setImmediate(turn);
  };
  setImmediate(turn);
  return {
    endpoint: socket.endpoint,
    transport: "udp",
    async close() {
      isOpen = false;
      closeBatchSocket(system, socket);
    },
  };
}

/** What a handler gives for one request after it returned, or before. */
class LateResponses {
  readonly #waiting: Uint8Array[] = [];
  #send: ((octets: Uint8Array) => void) | null = null;
  #isEnded = false;

  readonly later: Later = (octets, expect) => {
    if (this.#isEnded) return;
    this.#isEnded = expect === undefined;
    if (octets.length === 0) return;
    if (this.#send === null) this.#waiting.push(octets);
    else this.#send(octets);
  };

  sendBy(send: (octets: Uint8Array) => void): void {
    this.#send = send;
    this.#waiting.splice(0).forEach(send);
  }
}
