/** Arguments and results of every procedure: what is written is read again, no prefix of it is whole, and spoilt octets end with an XdrError. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { MOUNT_PROCEDURES, NFS_PROCEDURES, XdrError, XdrReader, XdrWriter } from "../../mount/index.ts";
import { type Codec, type Procedure } from "../../mount/nfs/procedure.ts";
import { statusNumber, statusOf } from "../../mount/nfs/status.ts";
import { procedureRows } from "../support/wire-arbitraries.ts";
import { mutated } from "../support/wire-mutations.ts";

const procedures: Readonly<Record<string, Procedure<unknown, unknown>>> = { ...NFS_PROCEDURES, ...MOUNT_PROCEDURES };

const codecRows = procedureRows.flatMap(([name, argument, result]) => {
  const procedure = procedures[name]!;
  return [
    { what: `${name}'s arguments`, codec: procedure.arguments, values: argument },
    { what: `${name}'s results`, codec: procedure.result, values: result },
  ];
});

function written(codec: Codec<unknown>, value: unknown): Buffer {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return Buffer.concat(writer.take());
}

function read(codec: Codec<unknown>, octets: Uint8Array): unknown {
  const reader = new XdrReader(octets);
  const value = codec.read(reader);
  reader.end();
  return value;
}

/** Octets as text, so that a Buffer and a Uint8Array compare by what is in them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

describe.each(codecRows)("$what", ({ codec, values }) => {
  test("are read as they were written, in whole units", () => {
    fc.assert(
      fc.property(values, (value) => {
        const octets = written(codec, value);
        expect(octets.length % 4).toBe(0);
        expect(plain(read(codec, octets))).toEqual(plain(value));
      }),
      { numRuns: 60 },
    );
  });

  test("are not whole before their end, and end there", () => {
    for (const value of fc.sample(values, { numRuns: 8, seed: 813 })) {
      const octets = written(codec, value);
      for (let length = 0; length < octets.length; length += length < 512 ? 1 : 97)
        expect(() => read(codec, octets.subarray(0, length)), `${length} octets`).toThrow(XdrError);
      expect(() => read(codec, Buffer.concat([octets, Buffer.alloc(4)]))).toThrow(XdrError);
    }
  });

  test("end with a value or an XdrError, whatever is done to them", () => {
    const random = new SeededRandom(1813);
    for (const value of fc.sample(values, { numRuns: 12, seed: 5531 })) {
      const octets = written(codec, value);
      for (let turn = 0; turn < 120; turn++) survives(codec, mutated(octets, random));
    }
  });
});

function survives(codec: Codec<unknown>, octets: Uint8Array): void {
  try {
    read(codec, octets);
  } catch (error) {
    expect(error).toBeInstanceOf(XdrError);
  }
}

test("no more room is made than the octets could fill", () => {
  // Four thousand million flavors in a message of a few octets.
  const octets = Buffer.from("00000000000000047465737400000040", "hex");
  expect(() => read(MOUNT_PROCEDURES.MNT.result, octets)).toThrow(/too early/);
  expect(() => read(NFS_PROCEDURES.GETATTR.arguments, Buffer.from("ffffffff", "hex"))).toThrow(/more than the 64/);
});

test.each([
  ["NOENT", 2],
  ["STALE", 70],
  ["BADHANDLE", 10001],
  ["JUKEBOX", 10008],
] as const)("%s is %i in both directions", (status, number) => {
  expect(statusNumber(status)).toBe(number);
  expect(statusOf(number)).toBe(status);
});

test.each([
  ["LOOP", 22, "INVAL"],
  ["TIMEDOUT", 10008, "JUKEBOX"],
] as const)("%s, which NFSv3 does not know, goes out as %i and comes back as %s", (status, number, back) => {
  expect(statusNumber(status)).toBe(number);
  expect(statusOf(number)).toBe(back);
});

test("numbers that nobody defined are the server's fault, REMOTE is a loop", () => {
  expect(statusOf(12345)).toBe("SERVERFAULT");
  expect(statusOf(71)).toBe("LOOP");
});

test("what reads a value that is larger than a number holds gets the largest", () => {
  const reader = new XdrReader(Buffer.alloc(8, 0xff));
  expect(reader.size()).toBe(Number.MAX_SAFE_INTEGER);
});
