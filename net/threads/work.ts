/** What the control thread and its query threads tell each other, in a form that can be posted. */
import type { MessagePort } from "node:worker_threads";
import type { BatchSocket } from "../batch-socket.ts";
import type { Endpoint, Peer } from "../exchange.ts";
import type { ListenLimits } from "../listener.ts";
import type { StreamSocket } from "../stream-socket.ts";

/**
 * What a thread serves: datagrams, in batches from sockets of the control thread or from sockets of its own, or the streams of TCP.
 */
export type ThreadTransport = "batch" | "dgram" | "streams";

/** Handed to a thread when it is started. */
export interface ThreadWork {
  readonly transport: ThreadTransport;
  /** What the thread is to answer from and how: its entry's business. */
  readonly task: unknown;
  /** Brings what the control thread tells the entry. */
  readonly news: MessagePort;
  readonly batchCounts: SharedArrayBuffer;
  /** See THREAD_SIGN. */
  readonly signs: SharedArrayBuffer;
  /** Descriptors that the thread has opened for asking servers, each plus one: for the control thread to close when it dies. */
  readonly open: SharedArrayBuffer;
  readonly responseOctets: number;
  readonly idleMilliseconds: number;
  /** For a thread that serves streams. */
  readonly streams: StreamsWork | null;
}

/** What a thread that serves streams shares with the control thread. */
export interface StreamsWork {
  readonly limits: ListenLimits;
  /** Brings "response" and is looked at when the descriptor `wake` becomes readable: such a thread waits in the system. */
  readonly responses: MessagePort;
  readonly wake: number;
  /** What it has opened, for the control thread to close when it dies. */
  readonly open: SharedArrayBuffer;
  /** See SharedNetCounts. */
  readonly counts: SharedArrayBuffer;
}

/** 32-bit words that both sides read and write. */
export const THREAD_SIGN = {
  /** Not 0: end, after what has come is answered. */
  STOP: 0,
  /** Requests handed on that the control thread has not taken yet. */
  HANDED_ON: 1,
} as const;
export const THREAD_SIGNS = 2;

/** Requests that may wait for the control thread; more are dropped, so that a flood of them takes no memory. */
export const HANDED_ON_MAX = 1024;

export type ToThread =
  | {
      readonly kind: "serve";
      readonly sockets: readonly BatchSocket[];
      readonly listeners: readonly StreamSocket[];
      readonly endpoints: readonly Endpoint[];
    }
  /** Responses of a thread that sends them itself; the last one says so. */
  | {
      readonly kind: "response";
      readonly id: number;
      readonly octets: Uint8Array;
      readonly isLast: boolean;
      /** "taken" is wanted when it is. */
      readonly isAwaited: boolean;
    }
  /** To threads that hear messages: something was put into `news`. */
  | { readonly kind: "news" }
  | { readonly kind: "stop" };

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "serving" }
  | { readonly kind: "fault"; readonly error: string; readonly faults: number }
  /** What the entry has to say, in a form of its own. */
  | { readonly kind: "told"; readonly octets: Uint8Array }
  /** What was sent in response to the request is taken, or nobody takes any more. */
  | { readonly kind: "taken"; readonly id: number; readonly isOpen: boolean }
  /** All that one turn could not answer, and how many requests that is; see `handed-on.ts`. */
  | { readonly kind: "handed-on"; readonly requests: Uint8Array; readonly count: number }
  | { readonly kind: "asked"; readonly request: Uint8Array; readonly id: number; readonly from: Peer };
