import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { ZoneStore } from "../../zones/index.ts";
import { publishBuilt } from "../support/built-zone.ts";
import { rr } from "../support/messages.ts";
import { PUBLISHED, READ, type ReaderReport, type ReaderTask } from "../support/store-reader.ts";

const APEX = "example.";
const HOSTS = 40;
const SERIALS = 600;

/** Publishes a version whose every record says its serial. */
function publish(store: ZoneStore, serial: number): void {
  const texts = [`${APEX} 300 SOA ns.test. a.test. ${serial} 1 1 1 1`];
  // In turns from the front and from the back, so that tries differ in shape while they are made.
  for (let i = 0; i < HOSTS; i++) {
    texts.push(`h${serial % 2 === 0 ? i : HOSTS - 1 - i}.${APEX} 300 A 10.0.${serial >> 8}.${serial & 0xff}`);
  }
  const records = texts.map(rr);
  // In place, or as a builder does it: both publish whole versions.
  if (serial % 3 === 0) return publishBuilt(store, Name.parse(APEX), records);
  const edit = store.replace(Name.parse(APEX));
  for (const { owner, type, ttlSeconds, rdata } of records) {
    edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
  }
  edit.commit();
}

test("another thread reads whole versions while this one publishes and moves", { timeout: 60_000 }, async () => {
  const store = ZoneStore.create({ capacityOctets: 1 << 24 });
  publish(store, 1);
  const { port1, port2 } = new MessageChannel();
  const shared = new SharedArrayBuffer(8);
  const progress = new Int32Array(shared);
  const task: ReaderTask = {
    shared: store.shared,
    moves: port2,
    progress: shared,
    apex: APEX,
    hosts: HOSTS,
    lastSerial: SERIALS,
  };
  const worker = new Worker(new URL("../support/store-reader.ts", import.meta.url), {
    workerData: task,
    transferList: [port2],
  });
  const report = once(worker, "message");
  store.onMove = (moved) => port1.postMessage(moved);
  await once(worker, "online");
  for (let serial = 2; serial <= SERIALS; serial++) {
    const read = Atomics.load(progress, READ);
    publish(store, serial);
    if (serial % 100 === 50) store.compact();
    Atomics.add(progress, PUBLISHED, 1);
    Atomics.notify(progress, PUBLISHED);
    // Now and then the reader is waited for, so that it sees many versions whatever the machine does.
    if (serial % 10 === 0) Atomics.wait(progress, READ, read, 10_000);
  }
  const [told]: ReaderReport[] = await report;
  port1.close();
  expect(told?.faults).toEqual([]);
  expect(told?.serials).toBeGreaterThan(20);
  expect(told?.moves).toBeGreaterThan(0);
});
