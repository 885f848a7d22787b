/** Names in messages: what compression may and may not do (RFC 1035 §4.1.4). */
import { describe, expect, test } from "vitest";
import { fromHex } from "../../base/index.ts";
import { DecompressionWork, readName, skipName, WireError } from "../../dns/index.ts";

/** Octets after a header of twelve zeros. */
const message = (hex: string): Uint8Array => fromHex("00".repeat(12) + hex.replaceAll(" ", ""))!;
const read = (octets: Uint8Array, at: number) => readName(octets, at, new DecompressionWork(octets.length));

test.each([
  ["the root", "00", 12, ".", 13],
  ["no compression", "0377777702766e00", 12, "www.vn.", 20],
  ["a pointer alone", "02766e00 c00c", 16, "vn.", 18],
  ["labels, then a pointer", "02766e00 03777777 c00c", 16, "www.vn.", 22],
  ["a pointer to a pointer", "02766e00 0161 c00c 0162 c010", 20, "b.a.vn.", 24],
  ["a pointer into the middle of a name", "0161 0162 00 c00e", 17, "b.", 19],
  ["octets of every kind, case kept", "04 2e5c00ff 02566E 00", 12, "\\.\\\\\\000\\255.Vn.", 21],
])("%s", (_what, hex, at, text, end) => {
  const octets = message(hex);
  const found = read(octets, at);
  expect([found.name.toString(), found.end]).toEqual([text, end]);
  expect(skipName(octets, at)).toBe(end);
});

describe("refused", () => {
  test.each([
    ["a pointer to itself", "c00c", 12],
    ["two pointers to each other", "c00e c00c", 14],
    ["a pointer to the labels before it", "0161 c00c", 12],
    ["a pointer forwards", "c00e 00", 12],
    ["a pointer into the header", "c000", 12],
    ["half a pointer", "c0", 12],
    ["an extended label, 01 (RFC 6891 §5)", "4100", 12],
    ["a reserved label, 10", "8000", 12],
    ["a label cut short", "0361", 12],
    ["no root label", "0161", 12],
    ["nothing", "", 12],
    ["256 octets", `${"0161".repeat(127)} 0161`.replace(" ", "") + "00", 12],
  ])("%s", (_what, hex, at) => {
    expect(() => read(message(hex), at)).toThrow(WireError);
  });

  test("more than 255 octets by way of a pointer", () => {
    const half = `${"0161".repeat(64)}00`;
    expect(() => read(message(`${half} ${"0162".repeat(64)} c00c`), 12 + 129)).toThrow("longer than 255");
  });

  test("255 octets are not too many", () => {
    expect(read(message(`${"0161".repeat(127)}00`), 12).name.octets.length).toBe(255);
  });
});

test("a chain of pointers ends after 126 hops", () => {
  const chain = (hops: number): Uint8Array => {
    const octets = new Uint8Array(13 + 2 * hops);
    for (let i = 0; i < hops; i++) {
      const target = i === 0 ? 12 : 13 + 2 * (i - 1);
      octets[13 + 2 * i] = 0xc0 | (target >> 8);
      octets[14 + 2 * i] = target;
    }
    return octets;
  };
  expect(read(chain(126), 13 + 2 * 125).name.isRoot).toBe(true);
  expect(() => read(chain(127), 13 + 2 * 126)).toThrow("too many compression pointers");
});

test("all names of a message share one allowance", () => {
  const octets = message(`${"0161".repeat(127)}00`);
  const work = new DecompressionWork(octets.length);
  expect(work.limit).toBe(octets.length + 4096);
  let names = 0;
  expect(() => {
    for (;;) {
      readName(octets, 12, work);
      names++;
    }
  }).toThrow("more work");
  expect(names).toBe(Math.floor(work.limit / 128));
});

test("names that share a suffix pay for it once", () => {
  const octets = message(`${"0161".repeat(120)}00 ${"0162c00c".repeat(100)}`);
  const work = new DecompressionWork(octets.length);
  for (let at = 12 + 241; at < octets.length; at += 4) expect(readName(octets, at, work).name.labelCount).toBe(121);
  expect(work.steps).toBe(123 + 99 * 2);
});
