/**
 * Reading a changed zone file of a million records again while 50,000 questions a second are asked, each server told by SIGHUP: how
 * many questions are lost, and how long those wait that are due between the signal and a second after the new serial is answered.
 * The load does not wait for answers and keeps to its rate.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { decodeMessage } from "../dns/index.ts";
import { PeerClient } from "../test/support/peer-client.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Contender, contenders, CORE_OF_LOAD, CORE_OF_SERVER, EVERY_CORE, start } from "./contender.ts";
import { delegationLabel, delegationQueries, delegationZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { GENERATOR } from "./generate.ts";
import { PATIENCE_MILLISECONDS } from "./generator-clients.ts";
import { message } from "./queries.ts";
import { Scratch } from "./scratch.ts";
import { percentile } from "./statistics.ts";

const RECORDS = 1_000_000;
const QUERIES = 200_000;
const PER_SECOND = 50_000;
const ROUNDS = 3;
const SECONDS = 15;
const WARM_UP_MILLISECONDS = 1500;
const BEFORE_MILLISECONDS = 3000;
const AFTER_MILLISECONDS = 1000;
const RELOAD_MILLISECONDS_MAX = 60_000;
const LOOK_MILLISECONDS = 20;
const SERIAL_AFTER = 2;

/** The server, with whatever reads the zone again, has one core; the load has the other. */
export const reload = (effort: Effort): Promise<Result> => reloads(CORE_OF_SERVER, effort, "server on one core");
/** The server may use the core of the load as well, for as much as the load leaves. */
export const reloadShared = (effort: Effort): Promise<Result> =>
  reloads(EVERY_CORE, effort, "server on both cores, one of them the load's");

async function reloads(cores: string, { rounds = ROUNDS }: Effort, which: string): Promise<Result> {
  using scratch = new Scratch("reload");
  const parts = {
    cores,
    before: delegationZone(RECORDS),
    after: delegationZone(RECORDS, SERIAL_AFTER),
    queries: scratch.write("queries", delegationQueries(RECORDS, QUERIES)),
  };
  const rows = await alternate(contenders(), rounds, (contender) => measure(contender, parts));
  return { bench: `reload of ${RECORDS} records under ${PER_SECOND} queries/s, ${which}`, rows };
}

interface Parts {
  readonly cores: string;
  readonly before: string;
  readonly after: string;
  readonly queries: string;
}

async function measure(contender: Contender, { cores, before, after, queries }: Parts): Promise<Sample> {
  using scratch = new Scratch("reload");
  const file = scratch.write("example.zone", before);
  const changed = scratch.write("example.zone.new", after);
  const samples = join(scratch.folder, "samples");
  const probe = `www.${delegationLabel(RECORDS / 2 - 1)}.example`;
  await using running = await start(contender, { zones: [{ apex: "example", file }], probe, cores });
  const words = ["--port", `${running.port}`, "--queries", queries, "--rate", `${PER_SECOND}`, "--samples", samples];
  const end = ["--seconds", `${SECONDS}`, "--go-on-later"];
  const load = ["-c", CORE_OF_LOAD, process.execPath, GENERATOR, ...words, ...end];
  const generating = spawn("taskset", load, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(generating, "close");
  // Its first line says that it sends.
  await Promise.race([once(createInterface(generating.stdout), "line"), ended]);
  await wait(WARM_UP_MILLISECONDS + BEFORE_MILLISECONDS);
  // As if it were written now: servers read again what is younger than what they have.
  const written = new Date();
  utimesSync(changed, written, written);
  renameSync(changed, file);
  const signalled = now();
  process.kill(running.pid, "SIGHUP");
  await served(running.port, SERIAL_AFTER);
  const done = now();
  await ended;
  return summary(readSamples(samples), { signalled, done });
}

interface Samples {
  readonly dueAt: Float64Array;
  readonly waited: Float64Array;
}

/** As `generator.ts` leaves them. */
function readSamples(file: string): Samples {
  const octets = Uint8Array.from(readFileSync(file));
  const half = octets.length / 2;
  return { dueAt: new Float64Array(octets.buffer, 0, half / 8), waited: new Float64Array(octets.buffer, half) };
}

function summary(
  { dueAt, waited }: Samples,
  { signalled, done }: { readonly signalled: number; readonly done: number },
): Sample {
  const between = (from: number, to: number): Float64Array =>
    waited.filter((_, i) => dueAt[i]! >= from && dueAt[i]! < to).sort();
  const usual = percentile(between(signalled - BEFORE_MILLISECONDS, signalled), 0.99);
  const during = between(signalled, done + AFTER_MILLISECONDS);
  const p99 = percentile(during, 0.99);
  const began = signalled - BEFORE_MILLISECONDS;
  return {
    lost: between(began, Infinity).filter((milliseconds) => milliseconds === PATIENCE_MILLISECONDS).length,
    "p99 ms": p99,
    "p99 ms before": usual,
    "times its usual p99": p99 / usual,
    "longest ms": during.at(-1) ?? NaN,
    "seconds to the new serial": (done - signalled) / 1000,
  };
}

/** Resolves when the zone is served with this serial. */
async function served(port: number, serial: number): Promise<void> {
  await using client = await PeerClient.open(port);
  const query = message("example. SOA");
  const deadline = now() + RELOAD_MILLISECONDS_MAX;
  while (now() < deadline) {
    const response = await client.ask(query);
    const soa = response === null ? undefined : decodeMessage(response).answer[0]?.rdata;
    // The serial is the first of the five numbers that an SOA ends with.
    if (soa !== undefined && new DataView(soa.buffer, soa.byteOffset + soa.length - 20).getUint32(0) === serial) return;
    await wait(LOOK_MILLISECONDS);
  }
  throw new Error(`serial ${serial} is not served`);
}

/** Of the clock that the load reads as well. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
