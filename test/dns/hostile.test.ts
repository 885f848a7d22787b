/**
 * Octets that mean harm. Whatever comes, a decoder gives a message or WireError, the view one of its four outcomes, and the
 * work stays within its allowance. Work is counted in steps, because a test has no clock.
 */
import { describe, expect, test } from "vitest";
import { fromHex, SeededRandom } from "../../base/index.ts";
import {
  CLASS,
  decodeMessage,
  encodeMessage,
  type Message,
  Name,
  RequestView,
  rdataType,
  toPacket,
  TYPE,
  WireError,
} from "../../dns/index.ts";
import { pointerBomb } from "../support/bomb.ts";
import { mutate, sampleMessages, survives } from "../support/hostile.ts";
import { query } from "../support/messages.ts";

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(/\s/g, ""))!;
const view = new RequestView();

describe.each(sampleMessages())("%s", (_what, octets) => {
  test("reads back as it was written", () => {
    const message = decodeMessage(octets);
    expect(encodeMessage(message)).toEqual(octets);
    expect(encodeMessage(decodeMessage(encodeMessage(message)))).toEqual(octets);
  });

  test("no prefix is a message", () => {
    for (let length = 0; length < octets.length; length++) {
      const prefix = octets.slice(0, length);
      expect(() => decodeMessage(prefix)).toThrow(WireError);
      expect(view.parse(prefix, length)).not.toBe("ok");
      // The rest of the message still lies behind it, as in a transport's buffer.
      expect(view.parse(octets, length)).not.toBe("ok");
    }
  });

  test("every bit flipped", () => {
    for (let bit = 0; bit < 8 * octets.length; bit++) {
      const flipped = octets.slice();
      flipped[bit >> 3]! ^= 0x80 >> (bit & 7);
      survives(flipped);
    }
  });

  test("every octet set to what means something", () => {
    for (let at = 0; at < octets.length; at++) {
      for (const value of [0x00, 0x01, 0x3f, 0x40, 0x80, 0xc0, 0xff]) {
        const changed = octets.slice();
        changed[at] = value;
        survives(changed);
      }
    }
  });

  test("mutated two thousand times", () => {
    const random = new SeededRandom(20_261_123);
    for (let i = 0; i < 2000; i++) survives(mutate(octets, random));
  });
});

describe("the messages that dns-packet does not survive (DESIGN §6)", () => {
  test("pointers to one far end are paid for once", () => {
    expect(decodeMessage(pointerBomb(1232, 1)).answer.length).toBeGreaterThan(50);
  });

  test("a message of pointers costs no more than its allowance", () => {
    expect(() => decodeMessage(pointerBomb(65_503, 4))).toThrow("more work");
  });

  test.each([
    ["A", 1, "0a0000"],
    ["A", 1, "0a00000000"],
    ["AAAA", 28, "20010db8000000000000000000000001ff"],
    ["CNAME", 5, "016100ff"],
    ["PTR", 12, "016100ff"],
    ["MX", 15, "000a016100ff"],
    ["MX", 15, "000a"],
    ["SOA", 6, "00000000000100000002000000030000000400000005ff"],
    ["HINFO", 13, "01610162ff"],
    ["RP", 17, "0000ff"],
    ["NAPTR", 35, "00010001000000016100ff"],
  ])("%s whose RDLENGTH and RDATA disagree is no message", (_mnemonic, type, rdata) => {
    const length = (rdata.length / 2).toString(16).padStart(4, "0");
    const record = `00 ${type.toString(16).padStart(4, "0")} 0001 00000000 ${length} ${rdata}`;
    expect(() => decodeMessage(hex(`0001 8000 0000 0001 0000 0000 ${record}`))).toThrow(WireError);
  });

  test("RDATA that runs on into the next record is no message", () => {
    const first = "00 0005 0001 00000000 0001 01"; // CNAME of one octet, whose label is the next record's root.
    const second = "00 0001 0001 00000000 0004 0a000001";
    expect(() => decodeMessage(hex(`0001 8000 0000 0002 0000 0000 ${first} ${second}`))).toThrow(WireError);
  });

  test("dots and high octets inside labels come through, and no two names look alike", () => {
    const octets = hex("0001 8000 0001 0000 0000 0000 03 612e62 02 ff00 00 0001 0001");
    const [question] = decodeMessage(octets).question;
    expect(question!.name.toString()).toBe("a\\.b.\\255\\000.");
    expect(toPacket(decodeMessage(octets)).questions[0]!.name).toBe("a\\.b.\\255\\000");
    expect(encodeMessage(decodeMessage(octets))).toEqual(octets);
  });

  test.each([["a".repeat(64)], ["a".repeat(192)], ["a..b"]])("no message can hold the name %s", (text) => {
    expect(() => Name.parse(text)).toThrow();
  });

  test("class NONE and RDLENGTH 0, as UPDATE needs them (RFC 2136 §2.4, §2.5)", () => {
    const owner = Name.parse("a.vu.nl.");
    const gone = { owner, type: TYPE.A, class: CLASS.ANY, ttlSeconds: 0, rdata: new Uint8Array(0) };
    const dropped = { owner, type: TYPE.MX, class: CLASS.NONE, ttlSeconds: 0, rdata: Uint8Array.of(0, 1, 0) };
    const update: Message = query("vu.nl.", "SOA", { opcode: 5, authority: [gone, dropped] });
    expect(decodeMessage(encodeMessage(update))).toEqual(update);
    expect(() => decodeMessage(encodeMessage({ ...update, authority: [{ ...gone, class: CLASS.IN }] }))).toThrow(
      WireError,
    );
  });

  test("RCODE and OPCODE count, unknown types keep their number", () => {
    const message = query("a.", "TYPE731", { opcode: 4, rcode: 9, response: true });
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  test("a DNSKEY with an odd protocol does not hide the other records", () => {
    const key = { owner: Name.root, type: TYPE.DNSKEY, class: CLASS.IN, ttlSeconds: 1, rdata: hex("0100 02 08 abcd") };
    const address = { owner: Name.root, type: TYPE.A, class: CLASS.IN, ttlSeconds: 1, rdata: hex("0a000001") };
    const message = decodeMessage(encodeMessage(query(".", "ANY", { response: true, answer: [key, address] })));
    expect(message.answer.map(({ type, rdata }) => rdataType(type).format(rdata))).toEqual([
      "256 2 8 q80=",
      "10.0.0.1",
    ]);
  });
});

test("counts of 65535 without records end at once", () => {
  expect(() => decodeMessage(hex("0001 8000 0000 ffff ffff ffff"))).toThrow(WireError);
  expect(view.parse(hex("0001 0000 0000 ffff ffff ffff"), 12)).toBe("formerr");
});
