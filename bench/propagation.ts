/**
 * How a change travels in each layer (DESIGN §2), measured on servers of its own: administrational, from the acknowledgement until the
 * last of three secondaries answers with it; managerial, whether the next query sees it, on every thread; global, how many transfers
 * many changes cost that come within one window.
 */
import { mkdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { PeerClient } from "../test/support/peer-client.ts";
import type { Layer } from "../zones/index.ts";
import type { Sample } from "./alternate.ts";
import { EVERY_CORE, launch, type Running, strataAt } from "./contender.ts";
import { hostZone } from "./data.ts";
import { message } from "./queries.ts";
import { Scratch } from "./scratch.ts";
import { addAddress, UPDATE_KEY_FILE } from "./signed-updates.ts";
import { percentile } from "./statistics.ts";

const NAMES = 1000;
const PROBE = `host${NAMES - 1}.example`;
const PORT = 8957;
const PRIMARY = "127.0.4.1";
const UPDATES = 1000;
const PAIRS = 10_000;
/** Many more would wait in one socket. */
const PAIRS_AT_ONCE = 8;
/** The layer's is a minute; as long as the changes take is as good a test. */
const WINDOW_SECONDS = 4;
const ARRIVES_WITHIN_MILLISECONDS = 10_000;

/** What a change costs, and when it has come, in that layer. */
export const PROPAGATION: Readonly<Record<Layer, () => Promise<Sample>>> = {
  global: gathered,
  administrational: atOnce,
  managerial: nextQuery,
};

async function atOnce(): Promise<Sample> {
  await using world = await startWorld({ layer: "administrational", secondaries: 3, windowSeconds: null });
  const waited: number[] = [];
  for (let i = 0; i < UPDATES; i++) {
    const query = message(`new${i}.example. A`);
    await addAddress(world.primary, `new${i}`);
    const acknowledged = performance.now();
    await Promise.all(world.secondaries.map((secondary) => arrival(secondary, query, acknowledged)));
    waited.push(performance.now() - acknowledged);
  }
  const sorted = Float64Array.from(waited).sort();
  return {
    "p50 ms to the last secondary": percentile(sorted, 0.5),
    "p99 ms to the last secondary": percentile(sorted, 0.99),
  };
}

async function arrival(client: PeerClient, query: Uint8Array, since: number): Promise<void> {
  while (!(await has(client, query))) {
    if (performance.now() - since > ARRIVES_WITHIN_MILLISECONDS) throw new Error("a change does not arrive");
    await wait(1);
  }
}

/** The query after the acknowledgement comes from a socket of its own now and then, so that every thread is asked. */
async function nextQuery(): Promise<Sample> {
  await using world = await startWorld({ layer: "managerial", secondaries: 0, windowSeconds: null });
  let stale = 0;
  const pairs = async (index: number): Promise<void> => {
    for (let i = index; i < PAIRS; i += PAIRS_AT_ONCE) {
      await addAddress(world.primary, `new${i}`);
      await using asker = await PeerClient.open(PORT, PRIMARY);
      if (!(await has(asker, message(`new${i}.example. A`)))) stale++;
    }
  };
  await Promise.all(Array.from({ length: PAIRS_AT_ONCE }, (_, index) => pairs(index)));
  return { "stale answers": stale, pairs: PAIRS };
}

/** A transfer is a serial that a secondary did not have before. */
async function gathered(): Promise<Sample> {
  await using world = await startWorld({ layer: "global", secondaries: 8, windowSeconds: WINDOW_SECONDS });
  const query = message("example. SOA");
  const seen = world.secondaries.map(() => new Set<number>());
  const look = async (): Promise<number[]> => {
    const serials = await Promise.all(world.secondaries.map((secondary) => serialOf(secondary, query)));
    serials.forEach((serial, i) => seen[i]!.add(serial));
    return serials;
  };
  await look();
  const began = performance.now();
  let isDone = false;
  const changes = (async () => {
    for (let i = 0; i < UPDATES; i++) await addAddress(world.primary, `new${i}`);
    isDone = true;
  })();
  const newest = async (): Promise<number> => serialOf(world.primary, query);
  for (;;) {
    const serials = await look();
    if (isDone) {
      const wanted = await newest();
      if (serials.every((serial) => serial === wanted)) break;
    }
    if (performance.now() - began > 6 * WINDOW_SECONDS * 1000) throw new Error("the secondaries do not come to agree");
    await wait(10);
  }
  await changes;
  return { "transfers each": Math.max(...seen.map(({ size }) => size - 1)), "updates in the window": UPDATES };
}

async function has(client: PeerClient, query: Uint8Array): Promise<boolean> {
  const response = await client.ask(query);
  return response !== null && response[7]! > 0;
}

async function serialOf(client: PeerClient, query: Uint8Array): Promise<number> {
  const response = await client.ask(query);
  if (response === null || response[7] === 0) throw new Error("a server does not tell its serial");
  // The SOA ends the message: SERIAL and four more numbers end its RDATA.
  return Buffer.from(response).readUInt32BE(response.length - 20);
}

interface World extends AsyncDisposable {
  readonly primary: PeerClient;
  readonly secondaries: readonly PeerClient[];
}

interface Wish {
  readonly layer: Layer;
  readonly secondaries: number;
  /** Null: the layer's own. */
  readonly windowSeconds: number | null;
}

async function startWorld({ layer, secondaries, windowSeconds }: Wish): Promise<World> {
  const scratch = new Scratch(layer);
  const stack = new AsyncDisposableStack();
  stack.defer(() => scratch[Symbol.dispose]());
  try {
    const addresses = Array.from({ length: secondaries }, (_, i) => `127.0.4.${i + 2}`);
    const zone = {
      name: "example",
      file: scratch.write("example.zone", hostZone(NAMES)),
      layer,
      update: [{ key: "update.example" }],
      ...(secondaries === 0
        ? {}
        : { transfer: { allow: ["127.0.0.0/8"] }, notify: addresses.map((address) => `${address}:${PORT}`) }),
      ...(windowSeconds === null ? {} : { notifyWindow: windowSeconds }),
    };
    const key = scratch.write("update.key", UPDATE_KEY_FILE);
    const begin = async (address: string, more: object): Promise<PeerClient> => {
      const state = `${scratch.folder}/${address}`;
      mkdirSync(state);
      const configuration = { listen: [`${address}:${PORT}`], state, log: "error", ...more };
      stack.use(await launched(address, scratch.write(`${address}.yaml`, JSON.stringify(configuration))));
      return stack.use(await PeerClient.open(PORT, address));
    };
    const primary = await begin(PRIMARY, { zones: [zone], keyFiles: [key] });
    const clients: PeerClient[] = [];
    for (const address of addresses) {
      clients.push(
        await begin(address, { zones: [{ name: "example", layer, primaries: [`${PRIMARY}:${PORT}`] }], threads: 0 }),
      );
    }
    return { primary, secondaries: clients, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function launched(address: string, configuration: string): Promise<Running> {
  const contender = strataAt(address);
  const prepared = { contender, port: PORT, args: ["serve", "--config", configuration] };
  return launch(prepared, { probe: PROBE, cores: EVERY_CORE, address });
}
