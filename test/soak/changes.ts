/**
 * Many changes through the store's writer, which compacts many times over, while threads ask: answers must be those of one
 * version each, and memory must not grow. test/zones/changes.test.ts has a short one.
 */
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { collectGarbage, SeededRandom, systemClock } from "../../base/index.ts";
import { Name, TYPE } from "../../dns/index.ts";
import { Compactor, type ZoneEdit, ZoneStore } from "../../zones/index.ts";
import type { ChangeReaderReport, ChangeReaderTask } from "../support/change-reader.ts";
import { Growth } from "./growth.ts";

export interface ChangesWanted {
  readonly changes: number;
  readonly pairs: number;
  readonly readers: number;
  readonly readerRestMilliseconds: number;
  readonly seed: number;
  /** Called now and then with what has happened so far. */
  readonly onProgress?: (soFar: ChangesSoFar) => void;
}

export interface ChangesSoFar {
  readonly changes: number;
  readonly seconds: number;
  readonly moves: number;
  readonly residentOctets: number;
  readonly usedOctets: number;
}

export interface ChangesOutcome extends ChangesSoFar {
  readonly faults: readonly string[];
  readonly readings: number;
  readonly versionsSeen: number;
  readonly resident: Growth;
  readonly used: Growth;
  /** How late the event loop of the writing thread was, milliseconds. */
  readonly delay: { readonly median: number; readonly p99: number; readonly max: number };
}

const APEX = "example.";
const apex = Name.parse(APEX);
/** Changes between two looks at the event loop. */
const TURN = 100;
const SAMPLES = 200;

export async function soakChanges(wanted: ChangesWanted): Promise<ChangesOutcome> {
  const store = ZoneStore.create();
  const compactor = new Compactor({ store, clock: systemClock, collectGarbage });
  const stop = new SharedArrayBuffer(4);
  const writer = new ChangeWriter(store, wanted);
  const readers = Array.from({ length: wanted.readers }, (_, i) => startReader(store, stop, { ...wanted, seed: i }));
  store.onMove = (shared) => readers.forEach(({ moves }) => moves.postMessage(shared));
  const resident = new Growth();
  const used = new Growth();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = systemClock.now();
  const soFar = (changes: number): ChangesSoFar => ({
    changes,
    seconds: (systemClock.now() - began) / 1000,
    moves: store.stats.moves,
    residentOctets: process.memoryUsage.rss(),
    usedOctets: store.stats.usedOctets,
  });
  const sampleEvery = Math.max(TURN, Math.floor(wanted.changes / SAMPLES / TURN) * TURN);
  for (let done = 0; done < wanted.changes; done += TURN) {
    for (let i = 0; i < TURN; i++) writer.change();
    await new Promise((resolve) => setImmediate(resolve));
    if (done % sampleEvery !== 0) continue;
    const now = soFar(done);
    resident.add(now.seconds, now.residentOctets);
    used.add(now.seconds, now.usedOctets);
    wanted.onProgress?.(now);
  }
  delay.disable();
  Atomics.store(new Int32Array(stop), 0, 1);
  const reports = await Promise.all(readers.map(({ report }) => report));
  readers.forEach(({ moves }) => moves.close());
  compactor.close();
  const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;
  return {
    ...soFar(wanted.changes),
    faults: reports.flatMap(({ faults }) => faults),
    readings: reports.reduce((sum, { readings }) => sum + readings, 0),
    versionsSeen: reports.reduce((sum, { versions }) => sum + versions, 0),
    resident,
    used,
    delay: {
      median: milliseconds(delay.percentile(50)),
      p99: milliseconds(delay.percentile(99)),
      max: milliseconds(delay.max),
    },
  };
}

class ChangeWriter {
  readonly #store: ZoneStore;
  readonly #random: SeededRandom;
  readonly #pairs: readonly (readonly [Name, Name])[];
  readonly #address = new Uint8Array(4);
  readonly #soa = new Uint8Array(22);
  #number = 0;

  constructor(store: ZoneStore, { pairs, seed }: ChangesWanted) {
    this.#store = store;
    this.#random = new SeededRandom(seed);
    this.#pairs = Array.from({ length: pairs }, (_, i) => [Name.parse(`a${i}.${APEX}`), Name.parse(`b${i}.${APEX}`)]);
    const edit = store.replace(apex);
    this.#setSerial(edit);
    for (const pair of this.#pairs) this.#setPair(edit, pair);
    edit.commit();
  }

  change(): void {
    this.#number++;
    new DataView(this.#address.buffer).setUint32(0, this.#number);
    new DataView(this.#soa.buffer).setUint32(2, this.#number);
    const edit = this.#store.edit(apex);
    this.#setPair(edit, this.#random.pick(this.#pairs));
    this.#setSerial(edit);
    edit.commit();
  }

  #setPair(edit: ZoneEdit, pair: readonly [Name, Name]): void {
    for (const owner of pair) {
      edit.removeRrset(owner, TYPE.A);
      edit.add(owner.octets, 0, TYPE.A, 300, this.#address, 0, 4);
    }
  }

  #setSerial(edit: ZoneEdit): void {
    edit.removeRrset(apex, TYPE.SOA);
    edit.add(apex.octets, 0, TYPE.SOA, 300, this.#soa, 0, this.#soa.length);
  }
}

interface Reader {
  readonly moves: MessagePort;
  readonly report: Promise<ChangeReaderReport>;
}

function startReader(store: ZoneStore, stop: SharedArrayBuffer, wanted: ChangesWanted): Reader {
  const { port1, port2 } = new MessageChannel();
  const task: ChangeReaderTask = {
    shared: store.shared,
    moves: port2,
    stop,
    apex: APEX,
    pairs: wanted.pairs,
    seed: wanted.seed,
    restMilliseconds: wanted.readerRestMilliseconds,
  };
  const worker = new Worker(new URL("../support/change-reader.ts", import.meta.url), {
    workerData: task,
    transferList: [port2],
  });
  port1.unref();
  const report = once(worker, "message").then(([told]: ChangeReaderReport[]) => told!);
  return { moves: port1, report };
}
