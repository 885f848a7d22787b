/** The writer: compression, room, going back. Read back with our own decoder and, where it is right, dns-packet's. */
import { dnsPacket } from "../support/dns-packet.ts";
import { assert as holds, property, array, constantFrom, nat, record, tuple, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../../base/index.ts";
import {
  CLASS,
  COMPRESSED_NAMES_MAX,
  decodeMessage,
  MessageWriter,
  Name,
  nsidRequest,
  rdataType,
  rdataTypes,
  SECTION,
  TYPE,
} from "../../dns/index.ts";

const name = (text: string): Uint8Array => Name.parse(text).octets;
const NS = (target: string): Uint8Array => name(target);

function writerFor(limit = 65_535): MessageWriter {
  const writer = new MessageWriter(new Uint8Array(65_535).fill(0xee)); // What was in the buffer must not matter.
  writer.begin(limit);
  return writer;
}

function writeNs(writer: MessageWriter, owner: string, target: string): boolean {
  const rdata = NS(target);
  const fits = writer.writeRecord(name(owner), 0, TYPE.NS, CLASS.IN, 60, rdata, 0, rdata.length);
  if (fits) writer.addCount(SECTION.ANSWER, 1);
  return fits;
}

const written = (writer: MessageWriter): Uint8Array => writer.octets.slice(0, writer.finish());
const textsOf = (octets: Uint8Array): string[] =>
  decodeMessage(octets).answer.map((one) => `${one.owner.toString()} ${rdataType(one.type).format(one.rdata)}`);

describe("compression", () => {
  test("owners and names in RDATA share suffixes", () => {
    const writer = writerFor();
    writeNs(writer, "vu.nl.", "ns.vu.nl.");
    writeNs(writer, "cs.vu.nl.", "ns.vu.nl.");
    const octets = written(writer);
    expect(textsOf(octets)).toEqual(["vu.nl. ns.vu.nl.", "cs.vu.nl. ns.vu.nl."]);
    expect(octets.length).toBe(12 + (7 + 10 + 5) + (5 + 10 + 2));
  });

  test("a name is kept in its case: only the same octets are pointed to", () => {
    const writer = writerFor();
    writeNs(writer, "vu.nl.", "NS.VU.nl.");
    expect(textsOf(written(writer))).toEqual(["vu.nl. NS.VU.nl."]);
  });

  test("the same label below different parents is not the same name", () => {
    const writer = writerFor();
    writeNs(writer, "a.b.", "a.c.");
    writeNs(writer, "b.", "c.");
    writeNs(writer, "x.a.c.", "x.a.b.");
    expect(textsOf(written(writer))).toEqual(["a.b. a.c.", "b. c.", "x.a.c. x.a.b."]);
  });

  test("the root is one octet, never a pointer", () => {
    const writer = writerFor();
    writeNs(writer, ".", ".");
    expect(written(writer).length).toBe(12 + 1 + 10 + 1);
  });

  test("a label whose octets look like a name", () => {
    const writer = writerFor();
    writeNs(writer, "\\001a.nl.", "a.nl.");
    writeNs(writer, "a\\002nl.", "nl.");
    expect(textsOf(written(writer))).toEqual(["\\001a.nl. a.nl.", "a\\002nl. nl."]);
  });

  test("nothing is pointed to beyond 0x3fff", () => {
    const writer = writerFor();
    const filler = new Uint8Array(0x3ff0 - 12 - 11);
    writer.writeRecord(name("."), 0, TYPE.TXT, CLASS.IN, 0, filler, 0, filler.length);
    writer.setCount(SECTION.ANSWER, 1);
    expect(writer.length).toBe(0x3ff0);
    writeNs(writer, "a.straddles.the.border.", "b.border.");
    writeNs(writer, "a.straddles.the.border.", "b.border.");
    writeNs(writer, "border.", "the.border.");
    expect(textsOf(written(writer)).slice(1)).toEqual([
      "a.straddles.the.border. b.border.",
      "a.straddles.the.border. b.border.",
      "border. the.border.",
    ]);
  });

  test(`after ${COMPRESSED_NAMES_MAX} names no more are remembered, and earlier ones are still pointed to`, () => {
    const writer = writerFor();
    for (let i = 0; i < 150; i++) writeNs(writer, `n${i}.`, ".");
    const before = writer.length;
    writeNs(writer, "n140.", ".");
    const forgotten = writer.length - before;
    writeNs(writer, "n100.", ".");
    expect([forgotten, writer.length - before - forgotten]).toEqual([6 + 11, 2 + 11]);
    expect(textsOf(written(writer)).slice(-2)).toEqual(["n140. .", "n100. ."]);
  });

  test("names of 127 labels do not overrun the table", () => {
    const writer = writerFor();
    for (let i = 0; i < 10; i++) writeNs(writer, `${String(i)}.${"a.".repeat(120)}`, `${"b.".repeat(127)}`);
    for (let i = 0; i < 10; i++) writeNs(writer, `${String(i).repeat(3)}.${`${i}.`.repeat(120)}`, ".");
    const texts = textsOf(written(writer));
    expect(texts).toHaveLength(20);
    expect(texts[19]).toBe(`999.${"9.".repeat(120)} .`);
  });

  test("which types are compressed agrees with how they are declared (RFC 3597 §4)", () => {
    for (const { type, mnemonic, compresses, names } of rdataTypes()) {
      const target = name("target.example.");
      const writer = writerFor();
      writer.writeQuestion(target, 0, TYPE.A, CLASS.IN);
      const before = writer.length;
      if (!compresses) continue;
      const prefix = names[0]?.skipOctets ?? 0;
      const rest = type === TYPE.SOA ? 20 : 0;
      const rdata = Uint8Array.from([
        ...new Uint8Array(prefix),
        ...names.flatMap(() => [...target]),
        ...new Uint8Array(rest),
      ]);
      writer.writeRecordAt(12, type, CLASS.IN, 0, rdata, 0, rdata.length);
      expect([mnemonic, writer.length - before]).toEqual([mnemonic, 12 + prefix + 2 * names.length + rest]);
    }
    expect(rdataType(TYPE.SRV).compresses).toBe(false);
  });
});

describe("responses", () => {
  const request = (() => {
    const writer = writerFor();
    writer.id = 0xbeef;
    writer.flags = 0x0110;
    writer.writeQuestion(name("WwW.vu.nl."), 0, TYPE.A, CLASS.IN);
    writer.setCount(SECTION.QUESTION, 1);
    writer.setCount(SECTION.ADDITIONAL, 1); // Not to be copied.
    return written(writer);
  })();

  test("the question is copied as it is and pointed to", () => {
    const writer = new MessageWriter(new Uint8Array(512).fill(0xee));
    writer.beginResponse(request, request.length, 512);
    const address = Uint8Array.of(192, 0, 2, 1);
    writer.writeRecordAt(12, TYPE.A, CLASS.IN, 300, address, 0, 4);
    writer.setCount(SECTION.ANSWER, 1);
    const octets = written(writer);
    expect(toHex(octets.subarray(request.length))).toBe("c00c00010001" + "0000012c" + "0004" + "c0000201");
    const message = decodeMessage(octets);
    expect([message.id, message.recursionDesired, message.checkingDisabled]).toEqual([0xbeef, true, true]);
    expect(message.answer[0]!.owner.toString()).toBe("WwW.vu.nl.");
    expect(message.additional).toEqual([]);
  });

  test("names are compressed against the question, before and after going back", () => {
    const writer = new MessageWriter(new Uint8Array(512));
    writer.beginResponse(request, request.length, 512);
    const mark = writer.mark();
    const first = writeNs(writer, "vu.nl.", "ns.vu.nl.");
    const length = writer.length;
    writer.rewind(mark);
    writer.setCount(SECTION.ANSWER, 0);
    expect(first && writeNs(writer, "vu.nl.", "ns.vu.nl.")).toBe(true);
    expect(writer.length).toBe(length);
    expect(length).toBe(request.length + 2 + 10 + 5);
    expect(textsOf(written(writer))).toEqual(["vu.nl. ns.vu.nl."]);
  });

  test("an owner at the root is written out, for a pointer would be longer", () => {
    const writer = writerFor();
    writer.writeQuestion(name("."), 0, TYPE.NS, CLASS.IN);
    writer.setCount(SECTION.QUESTION, 1);
    writer.writeRecordAt(12, TYPE.NS, CLASS.IN, 0, name("a."), 0, 3);
    writer.setCount(SECTION.ANSWER, 1);
    expect(textsOf(written(writer))).toEqual([". a."]);
  });

  test("without a question only the header is copied", () => {
    const writer = new MessageWriter(new Uint8Array(512).fill(0xee));
    writer.beginResponse(request, 12, 512);
    writer.rcode = 1;
    expect(toHex(written(writer))).toBe("beef01110000000000000000");
  });
});

describe("room", () => {
  test("a record fits to the last octet or is not there at all", () => {
    const full = writerFor();
    writeNs(full, "vu.nl.", "ns.vu.nl.");
    for (let limit = 12; limit <= full.length; limit++) {
      const writer = writerFor(limit);
      expect(writeNs(writer, "vu.nl.", "ns.vu.nl.")).toBe(limit === full.length);
      expect(writer.length).toBe(limit === full.length ? limit : 12);
    }
  });

  test("what did not fit is not pointed to", () => {
    const writer = writerFor(60);
    writeNs(writer, "a.", "b.");
    expect(writeNs(writer, "long.name.below.a.", "another.long.name.")).toBe(false);
    expect(writeNs(writer, "name.", "a.")).toBe(true);
    expect(textsOf(written(writer))).toEqual(["a. b.", "name. a."]);
  });

  test("reserved room is for what comes last", () => {
    const writer = writerFor(50);
    expect(writer.reserve(39)).toBe(false);
    expect(writer.reserve(27)).toBe(true);
    expect(writeNs(writer, "a.", "b.")).toBe(false);
    writer.release();
    expect(writeNs(writer, "a.", "b.")).toBe(true);
    expect(writer.room).toBe(22);
  });

  test("nothing is written beyond the limit", () => {
    const buffer = new Uint8Array(64).fill(0xee);
    const writer = new MessageWriter(buffer);
    writer.begin(32);
    writeNs(writer, "a.", "b.");
    writeNs(writer, "some.long.name.", "b.");
    writer.writeOpt(1232, 0, 0, 0);
    expect([...buffer.subarray(32)].every((octet) => octet === 0xee)).toBe(true);
  });
});

test("OPT with options", () => {
  const writer = writerFor();
  expect(writer.writeOpt(1232, 1, 0, 0x8000)).toBe(true);
  expect(writer.writeOption(nsidRequest.code, name("me."), 0, 3)).toBe(true);
  expect(writer.writeOption(65_001, Uint8Array.of(9, 8, 7), 1, 2)).toBe(true);
  writer.rcode = 7;
  const { edns, rcode } = decodeMessage(written(writer));
  expect(rcode).toBe(23);
  expect(edns).toMatchObject({ payloadOctets: 1232, version: 0, dnssecOk: true });
  expect(edns!.options.map(({ code, data }) => `${code} ${toHex(data)}`)).toEqual(["3 026d65", "65001 0807"]);
});

test("a message after another forgets its names", () => {
  const writer = new MessageWriter(new Uint8Array(512));
  for (let i = 0; i < 3; i++) {
    writer.begin(512);
    writeNs(writer, i % 2 === 0 ? "a.b." : "b.a.", "c.a.b.");
    expect(textsOf(written(writer))).toEqual([`${i % 2 === 0 ? "a.b." : "b.a."} c.a.b.`]);
  }
});

test("any records read back as they were, with marks and rewinds between, in ours and in dns-packet", () => {
  const label = constantFrom("a", "A", "b", "ab", "xn--4ca", "a-rather-long-label-for-a-name");
  const names = array(label, { maxLength: 5 }).map((labels) => Name.parse(`${labels.join(".")}.`.replace(/^\.$/, ".")));
  const one = record({
    owner: names,
    target: names,
    isMx: nat(1),
    isDropped: nat(4),
    skip: uint8Array({ maxLength: 3 }),
  });
  holds(
    property(tuple(array(one, { maxLength: 40 }), nat(600)), ([records, room]) => {
      const writer = writerFor(200 + room);
      const kept: string[] = [];
      for (const { owner, target, isMx, isDropped, skip } of records) {
        const rdata = Uint8Array.from([...skip, ...(isMx === 1 ? [0, 7] : []), ...target.octets]);
        const mark = writer.mark();
        const type = isMx === 1 ? TYPE.MX : TYPE.NS;
        const fits = writer.writeRecord(owner.octets, 0, type, 1, 5, rdata, skip.length, rdata.length - skip.length);
        if (fits && isDropped === 0) writer.rewind(mark);
        else if (fits) {
          writer.addCount(SECTION.ANSWER, 1);
          kept.push(`${owner.toString()} ${isMx === 1 ? "7 " : ""}${target.toString()}`);
        }
      }
      const octets = written(writer);
      expect(textsOf(octets)).toEqual(kept);
      const second = dnsPacket.decode(Buffer.from(octets)).answers!.map((answer) => {
        const type = rdataType(answer.type === "MX" ? TYPE.MX : TYPE.NS);
        return `${answer.name === "." ? "." : `${answer.name}.`} ${type.format(type.fromData(answer.data))}`;
      });
      expect(second).toEqual(kept);
    }),
    { numRuns: 300 },
  );
});
