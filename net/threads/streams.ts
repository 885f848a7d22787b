/** A thread's streams: serves TCP until it is told to stop, and sends what the control thread answers for it. */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { silentLog, systemClock } from "../../base/index.ts";
import type { Handler, Later } from "../exchange.ts";
import { NetCounters, SharedNetCounts } from "../listener.ts";
import { StreamServer } from "../stream-server.ts";
import type { StreamSocket } from "../stream-socket.ts";
import type { StreamSystem } from "../stream-system.ts";
import type { StreamsWork, ToThread } from "./work.ts";

type Response = Extract<ToThread, { kind: "response" }>;

/** From one telling of the counts to the next. */
const TELL_MILLISECONDS = 100;

export interface StreamsParts {
  readonly system: StreamSystem;
  readonly work: StreamsWork;
  readonly handler: Handler;
  /** Requests that wait for the control thread, by the id they were handed on with. */
  readonly waiting: Map<number, Later>;
  readonly idleMilliseconds: number;
  /** What was sent in response to that request is taken, or will not be. */
  readonly onTaken: (id: number, isOpen: boolean) => void;
  readonly isStopped: () => boolean;
  /** Called after each turn with how much it brought; nothing when nothing happened for a while. */
  readonly onTurn: (count: number) => void;
}

/** Returns when all is drained; this thread does nothing else meanwhile, and hears nothing but signs. */
export function serveStreams(listeners: readonly StreamSocket[], parts: StreamsParts): void {
  const { system, work, handler, waiting } = parts;
  const counters = new NetCounters();
  const counts = new SharedNetCounts(work.counts);
  const server = new StreamServer(system, listeners, {
    clock: systemClock,
    log: silentLog,
    counters,
    limits: work.limits,
    handler,
    open: new Int32Array(work.open),
    wake: work.wake,
    onWake: () => takeResponses(work.responses, waiting, parts.onTaken),
  });
  let isDraining = false;
  let tellAt = 0;
  while (!isDraining || server.connections.size > 0) {
    parts.onTurn(server.turn(parts.idleMilliseconds));
    const now = systemClock.now();
    if (now >= tellAt) {
      tellAt = now + TELL_MILLISECONDS;
      counts.tell(counters);
    }
    if (!isDraining && parts.isStopped()) {
      isDraining = true;
      server.turn(0); // What has come is answered.
      server.drain();
    }
  }
  counts.tell(counters);
  server.close();
}

function takeResponses(port: MessagePort, waiting: Map<number, Later>, onTaken: StreamsParts["onTaken"]): void {
  for (;;) {
    const received: { readonly message: Response } | undefined = receiveMessageOnPort(port);
    if (received === undefined) return;
    respondTo(waiting, received.message, onTaken);
  }
}

/** Sends a response that the control thread made. */
export function respondTo(
  waiting: Map<number, Later>,
  { id, octets, isLast, isAwaited }: Response,
  onTaken: StreamsParts["onTaken"],
): void {
  const later = waiting.get(id);
  if (isLast) waiting.delete(id);
  if (isLast) later?.(octets);
  else if (isAwaited) later?.(octets, (isOpen) => onTaken(id, isOpen));
  else later?.(octets, "more");
}
