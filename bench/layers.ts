/**
 * The table of layers (DESIGN §2, `zones/layer.ts`) with measured values: how long a lookup takes in each layer of the example name
 * space, at the layer's own server, through a resolver that knows the layers above, and from that resolver's cache.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Layer, LAYER_NAMES, LAYERS } from "../zones/index.ts";
import { PeerClient } from "../test/support/peer-client.ts";
import { type Sample, spreads } from "./alternate.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { startNamespace } from "./namespace.ts";
import { message } from "./queries.ts";

const ROUNDS = 5;
const ASKED_AGAIN = 200;
const RESOLVER = "127.0.1.53";

/** A question that the layer's zone answers, and that zone's server in the example. */
const QUESTIONS: Readonly<Record<Layer, { readonly query: string; readonly server: string }>> = {
  global: { query: "nl. SOA", server: "127.0.1.5" },
  administrational: { query: "vu.nl. MX", server: "127.0.1.14" },
  managerial: { query: "pc24.cs.vu.nl. A", server: "127.0.1.20" },
};

export async function layers({ rounds = ROUNDS }: Effort): Promise<Result> {
  const samples = new Map<Layer, Sample[]>(LAYER_NAMES.map((layer) => [layer, []]));
  for (let round = 0; round < rounds; round++) {
    await using namespace = await startNamespace();
    // From the root down, so that each layer's first question finds the layers above it known.
    for (const layer of LAYER_NAMES) samples.get(layer)?.push(await measure(layer, namespace.port));
  }
  const rows = [...samples].map(([layer, taken]) => [layer, spreads(taken)] as const);
  return { bench: "layers of the example name space", rows: Object.fromEntries(rows) };
}

async function measure(layer: Layer, port: number): Promise<Sample> {
  const { responseMillisecondsMax, ttlSecondsDefault } = LAYERS[layer];
  const { query, server } = QUESTIONS[layer];
  await using atServer = await PeerClient.open(port, server);
  await using atResolver = await PeerClient.open(port, RESOLVER);
  const own = await repeated(() => asked(atServer, query, "none"));
  const notCached = await asked(atResolver, query, "desired");
  const cached = await repeated(() => asked(atResolver, query, "desired"));
  return {
    "promised ms": responseMillisecondsMax,
    "ms at its server": own,
    "ms through a resolver, not cached": notCached,
    "ms through a resolver, cached": cached,
    "s in caches": ttlSecondsDefault,
  };
}

async function asked(client: PeerClient, query: string, recursion: "none" | "desired"): Promise<number> {
  const octets = message(query);
  if (recursion === "desired") octets[2]! |= 1;
  const began = performance.now();
  const response = await client.ask(octets);
  const milliseconds = performance.now() - began;
  if (response === null || (response[3]! & 15) !== 0) throw new Error(`${query} is not answered`);
  return milliseconds;
}

/** The median, warm code assumed. */
async function repeated(ask: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < ASKED_AGAIN; i++) {
    taken.push(await ask());
    await wait(1);
  }
  return taken.sort((a, b) => a - b)[ASKED_AGAIN >> 1] ?? NaN;
}
