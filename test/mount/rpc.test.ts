/** RPC over TCP: records in any pieces, messages with every way to be accepted or denied, and what comes back from a writer for one writev. */
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import {
  type CallHeader,
  type Denial,
  readCall,
  readReply,
  RecordError,
  RecordReader,
  type Refusal,
  writeCall,
  writeDenial,
  writeRefusal,
  writeSuccess,
  XdrError,
  XdrReader,
  XdrWriter,
} from "../../mount/index.ts";
import { mutated } from "../support/wire-mutations.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

function fragment(octets: Uint8Array, isLast: boolean): Buffer {
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE((octets.length + (isLast ? 0x8000_0000 : 0)) >>> 0);
  return Buffer.concat([mark, octets]);
}

function records(reader: RecordReader, chunks: readonly Uint8Array[]): string[] {
  const found: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let record = reader.next(); record !== null; record = reader.next()) found.push(record.toString("latin1"));
  }
  return found;
}

describe("records (RFC 5531 §11)", () => {
  const stream = Buffer.concat([
    fragment(Buffer.from("one"), true),
    fragment(Buffer.from("tw"), false),
    fragment(Buffer.from(""), false),
    fragment(Buffer.from("o"), true),
    fragment(Buffer.from(""), true),
    fragment(Buffer.from("x".repeat(5000)), true),
    fragment(Buffer.from("y"), false),
    fragment(Buffer.from(""), true),
  ]);
  const expected = ["one", "two", "", "x".repeat(5000), "y"];

  test.each([1, 2, 3, 4, 5, 7, 64, 4999, 100_000])("in pieces of %i octets", (length) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; at += length) chunks.push(stream.subarray(at, at + length));
    const reader = new RecordReader();
    expect(records(reader, chunks)).toEqual(expected);
    expect(reader.isInside).toBe(false);
    expect(reader.heldOctets).toBe(0);
  });

  test("half a record waits for the rest", () => {
    const reader = new RecordReader();
    expect(records(reader, [stream.subarray(0, 5)])).toEqual([]);
    expect(reader.isInside).toBe(true);
    expect(records(reader, [stream.subarray(5, 7)])).toEqual(["one"]);
  });

  test("a whole record in one piece is not copied", () => {
    const chunk = fragment(Buffer.from("here"), true);
    const reader = new RecordReader();
    reader.push(chunk);
    expect(reader.next()!.buffer).toBe(chunk.buffer);
  });

  test("a record of two mebibytes is taken, one of an octet more is refused before it comes", () => {
    const reader = new RecordReader();
    expect(records(reader, [fragment(Buffer.alloc(2 * 1024 * 1024), true)])[0]!.length).toBe(2 * 1024 * 1024);
    expect(() => records(reader, [hex("80200001")])).toThrow(RecordError);
  });

  test("fragments together may not be longer either", () => {
    const reader = new RecordReader(10);
    expect(() => records(reader, [fragment(Buffer.alloc(6), false), fragment(Buffer.alloc(5), true)])).toThrow(
      /at most 10 octets, not 11/,
    );
  });

  test("what is announced takes no room until it comes", () => {
    const reader = new RecordReader();
    records(reader, [Buffer.concat([hex("801fffff"), Buffer.from("a few octets")])]);
    expect(reader.heldOctets).toBeLessThan(4096);
  });

  test("two mebibytes in fragments of one octet are copied a few times, not a million times", () => {
    const one = fragment(Buffer.from("z"), false);
    const many = Buffer.concat([...new Array<Buffer>(300_000).fill(one), fragment(Buffer.from("!"), true)]);
    expect(records(new RecordReader(), [many])[0]!.length).toBe(300_001);
  });
});

describe("what a writer gives", () => {
  test("long data is a piece of its own, and the same octets; short data is copied", () => {
    const writer = new XdrWriter();
    const long = Buffer.alloc(5001, 7);
    writer.beginRecord();
    writer.opaque(Buffer.from("short"));
    writer.opaque(long);
    writer.u32(9);
    writer.endRecord();
    const pieces = writer.take();
    expect(pieces).toHaveLength(3);
    expect(pieces[1]).toBe(long);
    expect(records(new RecordReader(), pieces)[0]!.length).toBe(4 + 8 + 4 + 5004 + 4);
  });

  test("many records fill many chunks, each marked with its length", () => {
    const writer = new XdrWriter();
    for (let length = 0; length < 900; length++) {
      writer.beginRecord();
      writer.fixed(Buffer.alloc(length, length));
      writer.endRecord();
    }
    const found = records(new RecordReader(), [Buffer.concat(writer.take())]);
    expect(found.map((record) => record.length)).toEqual(
      Array.from({ length: 900 }, (_, length) => Math.ceil(length / 4) * 4),
    );
  });

  test.each([0, 4, 20, 3000, 3008, 70_000])("what came after %i octets is taken back", (kept) => {
    const writer = new XdrWriter();
    for (let at = 0; at < kept; at += 4) writer.u32(at);
    const before = writer.octets;
    writer.beginRecord();
    writer.opaque(Buffer.alloc(4000));
    for (let at = 0; at < 40_000; at++) writer.u32(at);
    writer.rewind(before);
    expect(writer.octets).toBe(kept);
    writer.u32(0xffff_ffff);
    const octets = Buffer.concat(writer.take());
    expect(octets.length).toBe(kept + 4);
    for (let at = 0; at < kept; at += 4) expect(octets.readUInt32BE(at)).toBe(at);
    expect(octets.readUInt32BE(kept)).toBe(0xffff_ffff);
  });
});

const call: CallHeader = {
  xid: 0xdead_beef,
  program: 100003,
  version: 3,
  procedure: 1,
  credential: { flavor: "sys", stamp: 5, machine: "pc24", uid: 1000, gid: 100, groups: [4, 24] },
};

function written(write: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter();
  write(writer);
  return Buffer.concat(writer.take());
}

describe("calls (RFC 5531 §9, Appendix A)", () => {
  const octets = written((writer) => writeCall(writer, call));

  test("stand on the wire as the RFC lays them out", () => {
    expect(octets).toEqual(
      hex(`deadbeef 00000000 00000002 000186a3 00000003 00000001
           00000001 00000020 00000005 00000004 70633234 000003e8 00000064 00000002 00000004 00000018
           00000000 00000000`),
    );
  });

  test.each<CallHeader>([
    call,
    { ...call, credential: { flavor: "none" } },
    { ...call, credential: { ...call.credential, flavor: "sys", stamp: 0, machine: "", uid: 0, gid: 0, groups: [] } },
    { ...call, credential: { flavor: "other", number: 6 } },
  ])("come back as they were written", (header) => {
    const reader = new XdrReader(written((writer) => writeCall(writer, header)));
    expect(readCall(reader)).toEqual({ kind: "call", call: header });
    expect(reader.left).toBe(0);
  });

  test.each([
    ["of another version of RPC", 11, 3, { kind: "rpc-mismatch" }],
    ["whose groups are more than its credential holds", 55, 3, { kind: "auth-error", state: "BADCRED" }],
    ["whose machine has too long a name", 38, 9, { kind: "auth-error", state: "BADCRED" }],
    ["whose credential is longer than what is in it", 55, 1, { kind: "auth-error", state: "BADCRED" }],
  ])("%s are denied", (_what, at, value, denial) => {
    const spoilt = Buffer.from(octets);
    spoilt[at] = value;
    expect(readCall(new XdrReader(spoilt))).toEqual({ kind: "denied", xid: 0xdead_beef, denial });
  });

  test("with seventeen groups are denied", () => {
    const groups = Array.from({ length: 17 }, (_, group) => group);
    const many = written((writer) =>
      writeCall(writer, { ...call, credential: { flavor: "sys", stamp: 0, machine: "a", uid: 1, gid: 1, groups } }),
    );
    expect(readCall(new XdrReader(many))).toMatchObject({ denial: { kind: "auth-error", state: "BADCRED" } });
  });

  test("that are replies are no calls", () => {
    expect(() => readCall(new XdrReader(written((writer) => writeSuccess(writer, 1))))).toThrow(XdrError);
    expect(() => readReply(new XdrReader(octets))).toThrow(XdrError);
  });

  test("are whole or short", () => {
    for (let length = 0; length < octets.length; length++) {
      const reader = new XdrReader(octets.subarray(0, length));
      // A credential cut short may look like a bad one.
      expect(() => {
        if (readCall(reader).kind === "denied") throw new XdrError("short", "denied");
      }, `${length}`).toThrow(XdrError);
    }
  });
});

const refusals: readonly (readonly [Refusal, string])[] = [
  [{ kind: "program-unavailable" }, "00000001"],
  [{ kind: "program-mismatch", lowest: 3, highest: 4 }, "00000002 00000003 00000004"],
  [{ kind: "procedure-unavailable" }, "00000003"],
  [{ kind: "garbage-arguments" }, "00000004"],
  [{ kind: "system-error" }, "00000005"],
];
const denials: readonly (readonly [Denial, string])[] = [
  [{ kind: "rpc-mismatch" }, "00000000 00000002 00000002"],
  [{ kind: "auth-error", state: "BADCRED" }, "00000001 00000001"],
  [{ kind: "auth-error", state: "TOOWEAK" }, "00000001 00000005"],
  [{ kind: "auth-error", state: "FAILED" }, "00000001 00000007"],
];

describe("replies (RFC 5531 §9)", () => {
  test("success is followed by results", () => {
    const octets = written((writer) => {
      writeSuccess(writer, 7);
      writer.u32(42);
    });
    expect(octets).toEqual(hex("00000007 00000001 00000000 00000000 00000000 00000000 0000002a"));
    const reader = new XdrReader(octets);
    expect(readReply(reader)).toEqual({ xid: 7, outcome: { kind: "success" } });
    expect(reader.u32()).toBe(42);
  });

  test.each(refusals)("accepted, but %j", (refusal, tail) => {
    const octets = written((writer) => writeRefusal(writer, 7, refusal));
    expect(octets).toEqual(hex(`00000007 00000001 00000000 00000000 00000000 ${tail}`));
    expect(readReply(new XdrReader(octets))).toEqual({ xid: 7, outcome: refusal });
  });

  test.each(denials)("denied: %j", (denial, tail) => {
    const octets = written((writer) => writeDenial(writer, 7, denial));
    expect(octets).toEqual(hex(`00000007 00000001 00000001 ${tail}`));
    expect(readReply(new XdrReader(octets))).toEqual({ xid: 7, outcome: denial });
  });
});

test("spoilt messages end with a message or an XdrError", () => {
  const random = new SeededRandom(5531);
  const samples = [
    written((writer) => writeCall(writer, call)),
    ...refusals.map(([refusal]) => written((writer) => writeRefusal(writer, 7, refusal))),
    ...denials.map(([denial]) => written((writer) => writeDenial(writer, 7, denial))),
  ];
  for (const sample of samples) {
    for (let turn = 0; turn < 2000; turn++) {
      const octets = mutated(sample, random);
      for (const read of [readCall, readReply]) {
        try {
          read(new XdrReader(octets));
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
      }
    }
  }
});
