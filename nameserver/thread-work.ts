/** What the control thread and its query threads tell each other, in a form that can be posted. */
import type { MessagePort } from "node:worker_threads";
import { Prefix } from "../net/index.ts";
import type { BatchSender, BatchSocket, Endpoint, ListenLimits, Peer, StreamSocket } from "../net/index.ts";
import type { SharedStore } from "../zones/index.ts";
import type { RateAccounts } from "./limiter.ts";
import type { ServerSettings } from "./settings.ts";

/**
 * What a thread serves: datagrams, in batches from sockets of the control thread or from sockets of its own, or the streams of TCP.
 */
export type ThreadTransport = "batch" | "dgram" | "streams";

/** Handed to a thread when it is started. */
export interface ThreadWork {
  readonly transport: ThreadTransport;
  readonly store: SharedStore;
  /** Brings the arena that the zones have moved to. */
  readonly moves: MessagePort;
  readonly settings: PostedSettings;
  /** Whether questions that lead out of the zones are answered by the control thread. */
  readonly hasRecursion: boolean;
  readonly rateAccounts: RateAccounts | null;
  readonly counters: SharedArrayBuffer;
  readonly batchCounts: SharedArrayBuffer;
  /** See THREAD_SIGN. */
  readonly signs: SharedArrayBuffer;
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
  | { readonly kind: "response"; readonly id: number; readonly octets: Uint8Array; readonly isLast: boolean }
  /** To threads that hear messages: the zones are in another arena. */
  | { readonly kind: "moved" }
  | { readonly kind: "stop" };

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "serving" }
  | { readonly kind: "fault"; readonly error: string; readonly faults: number }
  | { readonly kind: "handed-on"; readonly request: Uint8Array; readonly socket: number; readonly from: BatchSender }
  | { readonly kind: "asked"; readonly request: Uint8Array; readonly id: number; readonly from: Peer };

type PrefixLists = "allow" | "deny" | "recursionAllow" | "unlimited";

/** Prefixes are objects with a method, so they travel as text. */
export interface PostedSettings {
  readonly plain: Omit<ServerSettings, PrefixLists>;
  readonly allow: readonly string[] | null;
  readonly deny: readonly string[];
  readonly recursionAllow: readonly string[];
  readonly unlimited: readonly string[];
}

const texts = (prefixes: readonly Prefix[]): string[] => prefixes.map((prefix) => prefix.toString());
const prefixes = (given: readonly string[]): Prefix[] => given.map((text) => Prefix.parse(text));

export function packSettings(settings: ServerSettings): PostedSettings {
  const { allow, deny, recursionAllow, unlimited, ...plain } = settings;
  return {
    plain,
    allow: allow === null ? null : texts(allow),
    deny: texts(deny),
    recursionAllow: texts(recursionAllow),
    unlimited: texts(unlimited),
  };
}

export function unpackSettings({ plain, allow, deny, recursionAllow, unlimited }: PostedSettings): ServerSettings {
  return {
    ...plain,
    allow: allow === null ? null : prefixes(allow),
    deny: prefixes(deny),
    recursionAllow: prefixes(recursionAllow),
    unlimited: prefixes(unlimited),
  };
}
