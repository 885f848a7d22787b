/**
 * The three layers of the name space and what each promises (DESIGN §2), as data: a zone's layer sets its defaults, the
 * zone checker holds the zone to it, and the benchmarks print this table with measured values.
 */

export type Layer = "global" | "administrational" | "managerial";

export interface LayerPromise {
  readonly standsFor: string;
  readonly nodes: string;
  readonly responsiveness: string;
  /** What a lookup may take at the server, measured. */
  readonly responseMillisecondsMax: number;
  readonly propagation: string;
  /** For how long NOTIFY is held back so that several changes make one. */
  readonly notifyWindowSeconds: number;
  readonly replicas: string;
  /** Servers of the zone that keep the promise, the primary counted. */
  readonly serversMin: number;
  readonly serversMax: number;
  readonly clientCaching: string;
  readonly ttlSecondsDefault: number;
  /** TTLs that keep the promise. 0 forbids caching. */
  readonly ttlSecondsMin: number;
  readonly ttlSecondsMax: number;
}

/** The more stable a layer, the longer its answers may be kept. */
export const LAYERS: Readonly<Record<Layer, LayerPromise>> = {
  global: {
    standsFor: "the root and its children: groups of organisations",
    nodes: "few",
    responsiveness: "seconds will do",
    responseMillisecondsMax: 2000,
    propagation: "lazy: NOTIFY is coalesced over a window, SOA refresh does the rest",
    notifyWindowSeconds: 60,
    replicas: "many",
    serversMin: 2,
    serversMax: Infinity,
    clientCaching: "yes",
    ttlSecondsDefault: 86400,
    ttlSecondsMin: 3600,
    ttlSecondsMax: 604800,
  },
  administrational: {
    standsFor: "one organisation",
    nodes: "many",
    responsiveness: "milliseconds",
    responseMillisecondsMax: 50,
    propagation: "immediate: NOTIFY at commit",
    notifyWindowSeconds: 0,
    replicas: "none or few",
    serversMin: 1,
    serversMax: 4,
    clientCaching: "yes",
    ttlSecondsDefault: 3600,
    ttlSecondsMin: 60,
    ttlSecondsMax: 86400,
  },
  managerial: {
    standsFor: "one department: hosts, services, files, moving things",
    nodes: "vast numbers",
    responsiveness: "immediate",
    responseMillisecondsMax: 5,
    propagation: "immediate: the next query sees it; there is no replica to wait for",
    notifyWindowSeconds: 0,
    replicas: "none",
    serversMin: 1,
    serversMax: 1,
    clientCaching: "sometimes",
    ttlSecondsDefault: 30,
    ttlSecondsMin: 0,
    ttlSecondsMax: 300,
  },
};

export const LAYER_NAMES: readonly Layer[] = ["global", "administrational", "managerial"];

/** The layer of that name, or null. */
export function layerFromText(text: string): Layer | null {
  return LAYER_NAMES.find((layer) => layer === text.toLowerCase()) ?? null;
}
