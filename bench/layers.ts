/**
 * The table of layers (DESIGN §2, `zones/layer.ts`) with measured values: how long a lookup takes in each layer of the example name
 * space, at the layer's own server, through a resolver that knows the layers above, and from that resolver's cache; and how a change
 * travels (`propagation.ts`).
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Layer, LAYER_NAMES, LAYERS } from "../zones/index.ts";
import { PeerClient } from "../test/support/peer-client.ts";
import { type Sample, spreads } from "./alternate.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { startNamespace } from "./namespace.ts";
import { PROPAGATION } from "./propagation.ts";
import { message } from "./queries.ts";

const ROUNDS = 5;
const ASKED_AGAIN = 200;
const RESOLVER = "127.0.1.53";

/** A question that the layer's zone answers, and that zone's server in the example. */
const QUESTIONS: Readonly<Record<Layer, Question>> = {
  global: { zone: "nl.", query: "nl. SOA", server: "127.0.1.5" },
  administrational: { zone: "vu.nl.", query: "vu.nl. MX", server: "127.0.1.14" },
  managerial: { zone: "cs.vu.nl.", query: "pc24.cs.vu.nl. A", server: "127.0.1.20" },
};

interface Question {
  readonly zone: string;
  readonly query: string;
  readonly server: string;
}

export async function layers({ rounds = ROUNDS }: Effort): Promise<Result> {
  const samples = new Map<Layer, Sample[]>(LAYER_NAMES.map((layer) => [layer, []]));
  for (let round = 0; round < rounds; round++) {
    await using namespace = await startNamespace();
    // From the root down, so that each layer's first question finds the layers above it known.
    for (const layer of LAYER_NAMES) samples.get(layer)?.push(await measure(layer, namespace.port));
  }
  const rows: Record<string, Result["rows"][string]> = {};
  const ours: Record<string, Result["rows"][string][string]> = {};
  for (const [layer, taken] of samples) {
    process.stderr.write(`  how a change travels in the ${layer} layer\n`);
    const propagated = spreads([await PROPAGATION[layer]()]);
    Object.assign(ours, propagated);
    rows[layer] = { ...spreads(taken), ...propagated };
  }
  process.stdout.write(tableOf(rows));
  // What there are aims for is looked for under this name.
  return { bench: "layers of the example name space", rows: { ...rows, strata: ours } };
}

/** DESIGN §2's table, with what was measured in place of what is promised. */
function tableOf(rows: Result["rows"]): string {
  const cell = (layer: Layer, what: string, unit: string): string => {
    const value = rows[layer]?.[what]?.median;
    return value === undefined ? "" : `${value < 100 ? Number(value.toPrecision(3)) : Math.round(value)} ${unit}`;
  };
  const lines: readonly (readonly [string, (layer: Layer) => string])[] = [
    ["responsiveness: at its server", (layer) => cell(layer, "ms at its server", "ms")],
    ["  through a resolver, not cached", (layer) => cell(layer, "ms through a resolver, not cached", "ms")],
    ["  from a cache", (layer) => cell(layer, "ms through a resolver, cached", "ms")],
    ["update propagation", (layer) => propagationCell(layer, cell)],
    ["replicas", (layer) => cell(layer, "servers", "servers")],
    ["client-side caching", (layer) => cell(layer, "s in caches", "s")],
  ];
  const rowOf = (first: string, cells: readonly string[]): string =>
    `${first.padEnd(34)}${cells
      .map((text) => text.padEnd(36))
      .join("")
      .trimEnd()}\n`;
  return rowOf("", LAYER_NAMES) + lines.map(([what, of]) => rowOf(what, LAYER_NAMES.map(of))).join("");
}

function propagationCell(layer: Layer, cell: (layer: Layer, what: string, unit: string) => string): string {
  switch (layer) {
    case "global":
      return `${cell(layer, "transfers each", "transfer")} for ${cell(layer, "updates in the window", "updates")}`;
    case "administrational":
      return `${cell(layer, "p99 ms to the last secondary", "ms")} (p99, last of 3)`;
    case "managerial":
      return `${cell(layer, "stale answers", "stale")} of ${cell(layer, "pairs", "next queries")}`;
  }
}

async function measure(layer: Layer, port: number): Promise<Sample> {
  const { responseMillisecondsMax, ttlSecondsDefault } = LAYERS[layer];
  const { zone, query, server } = QUESTIONS[layer];
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
    servers: await serversOf(atServer, zone),
  };
}

/** Those that the zone names. */
async function serversOf(client: PeerClient, zone: string): Promise<number> {
  return (await client.ask(message(`${zone} NS`)))?.[7] ?? 0;
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
