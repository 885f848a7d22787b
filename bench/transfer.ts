/**
 * A zone of a million records given away whole (AXFR, RFC 5936), by each server to the same client, which counts records and throws them
 * away; and one change of it: how soon it is answered, and how soon a secondary on the same machine has it by IXFR (RFC 1995).
 */
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { PeerClient } from "../test/support/peer-client.ts";
import { findProgram, WRITERS, type ZoneFile } from "../test/support/peer-configuration.ts";
import { transferWords } from "../test/support/peer-transfers.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Contender, EVERY_CORE, installed, launch, type Running, start, strataAt } from "./contender.ts";
import { delegationLabel, delegationZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { message } from "./queries.ts";
import { Scratch } from "./scratch.ts";
import { addAddress, UPDATE_KEY_FILE } from "./signed-updates.ts";
import { percentile } from "./statistics.ts";

const RECORDS = 1_000_000;
/** SOA, two NS and their addresses stand beside the delegations; the SOA comes twice (RFC 5936 §2.2). */
const RECORDS_SENT = RECORDS + 5 + 1;
const ROUNDS = 3;
const CHANGES = 100;
const PROBE = `www.${delegationLabel(RECORDS / 2 - 1)}.example`;
const LOOPBACK = "127.0.0.1";
const TRANSFER_LIMIT_MILLISECONDS = 120_000;

export async function transfer({ rounds = ROUNDS }: Effort): Promise<Result> {
  const text = delegationZone(RECORDS);
  const rows = await alternate(givers(), rounds, async (contender) => {
    using scratch = new Scratch("transfer");
    const zones = [{ apex: "example", file: scratch.write("example.zone", text) }];
    await using running = await start(contender, { zones, probe: PROBE, cores: EVERY_CORE });
    return { ...(await takeWhole(running)), ...(contender.name === "strata" ? await changeOne(running) : {}) };
  });
  return { bench: `transfer of ${RECORDS} records, and of one change of them, servers on both cores`, rows };
}

function givers(): Contender[] {
  const ours = strataAt(LOOPBACK);
  const peers = (["named", "knotd", "nsd"] as const).map((name): Contender => ({
    name,
    program: findProgram(name),
    prepare: (folder, port, zones) => {
      // Nobody listens where it tells of changes: there are none.
      const { first, more } = transferWords(name, { port: 9, key: null });
      const wordy = zones.map((zone): ZoneFile => ({ ...zone, more }));
      const args = WRITERS[name](folder, port, wordy);
      prepend(args.at(-1)!, first);
      return args;
    },
  }));
  return installed([{ ...ours, prepare: (...given) => preparePrimary(ours, given) }, ...peers]);
}

function prepend(file: string, first: string): void {
  if (first !== "") writeFileSync(file, first + readFileSync(file, "utf8"));
}

/** With a place for a secondary, which is told of changes. */
function preparePrimary(ours: Contender, [folder, port, zones]: Parameters<Contender["prepare"]>): readonly string[] {
  const key = join(folder, "update.key");
  writeFileSync(key, UPDATE_KEY_FILE);
  const state = join(folder, "state");
  mkdirSync(state);
  const changing = ["--state", state, "--update-key", key, "--transfer", "127.0.0.0/8"];
  return [...ours.prepare(folder, port, zones), ...changing, "--notify", `${SECONDARY.address}:${SECONDARY.port}`];
}

/** Known to the primary before there is any. */
const SECONDARY = { address: "127.0.0.2", port: 8955 } as const;

async function takeWhole({ pid, port }: Running): Promise<Sample> {
  const cpuBefore = cpuMicroseconds(pid);
  const began = performance.now();
  const { records, octets } = await axfr(port);
  const seconds = (performance.now() - began) / 1000;
  if (records !== RECORDS_SENT) throw new Error(`${records} records came in place of ${RECORDS_SENT}`);
  return {
    "AXFR seconds": seconds,
    "AXFR CPU s": (cpuMicroseconds(pid) - cpuBefore) / 1e6,
    "AXFR MB": octets / 1e6,
  };
}

/** Counts what the header of each message says that it has. */
async function axfr(port: number): Promise<{ readonly records: number; readonly octets: number }> {
  const socket = connect(port, LOOPBACK);
  await once(socket, "connect");
  const limit = setTimeout(() => socket.destroy(new Error("the transfer does not end")), TRANSFER_LIMIT_MILLISECONDS);
  const query = message("example. AXFR");
  socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]));
  let records = 0;
  let octets = 0;
  let left = Buffer.alloc(0);
  for await (const arrived of socket) {
    if (!(arrived instanceof Uint8Array)) continue;
    const chunk = arrived;
    octets += chunk.length;
    left = Buffer.concat([left, chunk]);
    let at = 0;
    while (left.length >= at + 10 && left.length >= at + 2 + left.readUInt16BE(at)) {
      if ((left[at + 5]! & 15) !== 0) throw new Error("the transfer is refused");
      records += left.readUInt16BE(at + 8);
      at += 2 + left.readUInt16BE(at);
    }
    left = left.subarray(at);
    if (records >= RECORDS_SENT) break;
  }
  clearTimeout(limit);
  socket.destroy();
  return { records, octets };
}

/** One at a time: until it is answered here, and until it is answered there. */
async function changeOne(primary: Running): Promise<Sample> {
  await using _secondary = await startSecondary(primary.port);
  await using here = await PeerClient.open(primary.port);
  await using there = await PeerClient.open(SECONDARY.port, SECONDARY.address);
  const visible: number[] = [];
  const carried: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const query = message(`new${i}.example. A`);
    const began = performance.now();
    await addAddress(here, `new${i}`);
    if (!(await has(here, query))) throw new Error("an acknowledged change is not answered");
    const acknowledged = performance.now();
    visible.push(acknowledged - began);
    while (!(await has(there, query)))
      if (performance.now() - acknowledged > 10_000) throw new Error("it does not arrive");
    carried.push(performance.now() - acknowledged);
  }
  return {
    "change visible p50 ms": median(visible),
    "change visible p99 ms": percentile(Float64Array.from(visible).sort(), 0.99),
    "IXFR to a secondary p50 ms": median(carried),
    "IXFR to a secondary p99 ms": percentile(Float64Array.from(carried).sort(), 0.99),
  };
}

const median = (values: readonly number[]): number => percentile(Float64Array.from(values).sort(), 0.5);

async function has(client: PeerClient, query: Uint8Array): Promise<boolean> {
  const response = await client.ask(query);
  return response !== null && response[7]! > 0;
}

async function startSecondary(port: number): Promise<Running> {
  const scratch = new Scratch("secondary");
  const { address } = SECONDARY;
  const words = ["--secondary", `example=${LOOPBACK}:${port}`, "--listen", `${address}:${SECONDARY.port}`];
  const args = ["serve", ...words, "--state", scratch.folder];
  const prepared = { contender: strataAt(address), port: SECONDARY.port, args };
  const running = await launch(prepared, { probe: PROBE, cores: EVERY_CORE, address });
  const stop = async (): Promise<void> => {
    await running[Symbol.asyncDispose]();
    scratch[Symbol.dispose]();
  };
  return { ...running, [Symbol.asyncDispose]: stop };
}
