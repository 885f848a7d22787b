/**
 * A thread that reads a store while another one writes it. Each version of the zone says its serial in every address; a reading
 * that mixes versions, goes back, or misses a name is a fault. `store-threads.test.ts` starts it and is told what it saw.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { assert } from "../../base/index.ts";
import { Name, TYPE } from "../../dns/index.ts";
import {
  firstRecord,
  Lookup,
  lookup,
  recordRdata,
  type SharedStore,
  zoneSerial,
  ZoneStore,
} from "../../zones/index.ts";

export interface ReaderTask {
  readonly shared: SharedStore;
  /** Where the writer says that the zones moved. */
  readonly moves: MessagePort;
  /** Words: how often the writer published, how often the reader read all. */
  readonly progress: SharedArrayBuffer;
  readonly apex: string;
  readonly hosts: number;
  readonly lastSerial: number;
}

export interface ReaderReport {
  readonly faults: readonly string[];
  readonly serials: number;
  readonly moves: number;
}

export const PUBLISHED = 0;
export const READ = 1;
const PATIENCE_MS = 10_000;

function read(task: ReaderTask): ReaderReport {
  const store = ZoneStore.attach(task.shared);
  const apex = Name.parse(task.apex);
  const hosts = Array.from({ length: task.hosts }, (_, i) => Name.parse(`h${i}.${task.apex}`).octets);
  const progress = new Int32Array(task.progress);
  const faults: string[] = [];
  const seen = new Set<number>();
  const found = new Lookup();
  let last = 0;
  let moves = 0;
  store.nextShared = () => {
    const move: { message: SharedStore } | undefined = receiveMessageOnPort(task.moves);
    assert(move !== undefined, "the move is told before it shows");
    moves++;
    return move.message;
  };
  while (last !== task.lastSerial && faults.length === 0) {
    const published = Atomics.load(progress, PUBLISHED);
    store.refresh();
    const zone = store.zoneOf(apex);
    const serial = zoneSerial(store, zone);
    if (serial < last) faults.push(`${serial} after ${last}`);
    for (const host of hosts) {
      if (store.findZone(host, 0) !== zone) faults.push(`${serial}: another zone`);
      lookup(store, zone, host, 0, TYPE.A, found);
      const at = recordRdata(store, firstRecord(store, found.rrset));
      const told = (store.octets[at + 2]! << 8) | store.octets[at + 3]!;
      if (found.kind !== "answer" || told !== serial) faults.push(`${serial}: ${found.kind} ${told}`);
    }
    last = serial;
    seen.add(serial);
    Atomics.add(progress, READ, 1);
    Atomics.notify(progress, READ);
    const waited = last === task.lastSerial ? "ok" : Atomics.wait(progress, PUBLISHED, published, PATIENCE_MS);
    if (waited === "timed-out") faults.push("the writer fell silent");
  }
  return { faults: faults.slice(0, 5), serials: seen.size, moves };
}

if (parentPort !== null) parentPort.postMessage(read(workerData));
