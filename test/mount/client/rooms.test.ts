/** Memory of large replies: records received right where they belong, and rooms that serve again when they are given back. */
import { expect, test } from "vitest";
import { SimulatedClock } from "../../../base/index.ts";
import { Rooms } from "../../../mount/client/rooms.ts";
import { RECORD_OCTETS_MAX, RecordReader } from "../../../mount/rpc/record-reader.ts";

const LENGTH = 200_000;

function record(fill: number): Buffer {
  const octets = Buffer.alloc(4 + LENGTH, fill);
  octets.writeUInt32BE(0x8000_0000 + LENGTH);
  return octets;
}

test.each([1, 7, 64_000, 100_000])(
  "what is received into the room of a record, %i octets at a time, is not copied and whole",
  (step) => {
    const rooms = new Rooms(new SimulatedClock(), 2);
    const reader = new RecordReader(RECORD_OCTETS_MAX, { growth: Infinity, memory: (octets) => rooms.take(octets) });
    const sent = Buffer.concat([record(1), record(2)]);
    const records: Buffer[] = [];
    for (let at = 0; at < sent.length;) {
      const room = reader.room;
      const octets = sent.subarray(at, at + Math.min(step, room?.length ?? step));
      room?.set(octets);
      reader.push(room === null ? Buffer.from(octets) : room.subarray(0, octets.length));
      at += octets.length;
      for (let next = reader.next(); next !== null; next = reader.next()) records.push(next);
    }
    expect(records.map((each) => [each.length, each.every((octet) => octet === each[0])])).toEqual([
      [LENGTH, true],
      [LENGTH, true],
    ]);
    expect(records.map((each) => each[0])).toEqual([1, 2]);
  },
);

test("a room given back serves again, once for each time it was taken; small and foreign memory is left alone", () => {
  const rooms = new Rooms(new SimulatedClock(), 1);
  const first = rooms.take(100_000);
  const release = rooms.releaseOf(first);
  release();
  release();
  const again = rooms.take(90_000);
  expect(again.buffer).toBe(first.buffer);
  release();
  expect(rooms.take(90_000).buffer).not.toBe(first.buffer);
  rooms.releaseOf(Buffer.alloc(100_000))();
  rooms.releaseOf(rooms.take(10))();
  // One that is too small for what is wanted is let go.
  rooms.releaseOf(again)();
  expect(rooms.take(200_000).length).toBe(200_000);
});

test("rooms at rest are let go", async () => {
  const clock = new SimulatedClock();
  const rooms = new Rooms(clock, 1);
  const room = rooms.take(100_000);
  rooms.releaseOf(room)();
  await clock.advance(10_000);
  expect(rooms.take(100_000).buffer).not.toBe(room.buffer);
});
