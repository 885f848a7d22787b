/** Whole messages: round trips, truncation, grouping. */
import { describe, expect, test } from "vitest";
import {
  decodeMessage,
  encodeMessage,
  groupRrsets,
  type Message,
  OPTION,
  rdataType,
  type Rr,
  typeToText,
} from "../../dns/index.ts";
import { edns, query, rr, rrs } from "../support/messages.ts";

const lines = (records: readonly Rr[]): string[] =>
  records.map((one) => `${one.owner.toString()} ${typeToText(one.type)} ${rdataType(one.type).format(one.rdata)}`);

test.each([
  ["every flag", { authoritative: true, truncated: true, recursionDesired: true, recursionAvailable: true }],
  ["AD and CD", { authenticData: true, checkingDisabled: true }],
  ["an RCODE of twelve bits", { rcode: 23, edns }],
  [
    "EDNS with unknown flags, DO and options",
    { edns: { ...edns, dnssecOk: true, flags: 0x8001, options: [{ code: 65_001, data: Uint8Array.of(1) }] } },
  ],
  ["no question", { question: [] }],
  ["the highest numbers", { id: 65_535, opcode: 15 }],
] satisfies [string, Partial<Message>][])("%s: what is encoded is decoded", (_what, parts) => {
  const message = query("www.vu.nl.", "A", { response: true, ...parts });
  expect(decodeMessage(encodeMessage(message))).toEqual(message);
});

test("a TTL with its first bit set counts as zero (RFC 2181 §8)", () => {
  const answer = [
    { ...rr("a. 0 A 192.0.2.1"), ttlSeconds: 0x8000_0000 },
    { ...rr("b. 0 A 192.0.2.1"), ttlSeconds: 0x7fff_ffff },
  ];
  const ttls = decodeMessage(encodeMessage(query("a.", "A", { answer }))).answer.map(({ ttlSeconds }) => ttlSeconds);
  expect(ttls).toEqual([0, 0x7fff_ffff]);
});

test("an owner that repeats the last one's pointer is the same name", () => {
  const answer = rrs(`
    www.a. 1 A 192.0.2.1
    www.a. 1 A 192.0.2.2
    www.b. 1 A 192.0.2.3
    www.a. 1 A 192.0.2.4
  `);
  const message = decodeMessage(encodeMessage(query("www.a.", "A", { answer })));
  expect(message.answer.map(({ owner }) => owner.toString())).toEqual(["www.a.", "www.a.", "www.b.", "www.a."]);
  expect(message.answer[1]!.owner).toBe(message.answer[0]!.owner);
});

describe("longer than allowed", () => {
  const answer = rrs(`
    a.example. 1 A 192.0.2.1
    a.example. 1 A 192.0.2.2
    a.example. 1 AAAA 2001:db8::1
    a.example. 1 AAAA 2001:db8::2
  `);
  const cut = (message: Message, octetsMax: number): Message => decodeMessage(encodeMessage(message, { octetsMax }));

  test("RRsets go whole from the end, TC says so, OPT stays", () => {
    const message = query("a.example.", "ANY", { response: true, answer, edns });
    const whole = encodeMessage(message).length;
    expect(cut(message, whole).truncated).toBe(false);
    const shorter = cut(message, whole - 1);
    expect([shorter.truncated, lines(shorter.answer), shorter.edns]).toEqual([true, lines(answer.slice(0, 2)), edns]);
    const shortest = cut(message, whole - 57);
    expect([shortest.truncated, shortest.answer, shortest.edns]).toEqual([true, [], edns]);
  });

  test("additional data goes without TC (RFC 2181 §9)", () => {
    const message = query("a.example.", "A", {
      response: true,
      answer: answer.slice(0, 2),
      additional: answer.slice(2),
    });
    const cutOff = cut(message, encodeMessage(message).length - 1);
    expect([cutOff.truncated, cutOff.answer.length, cutOff.additional]).toEqual([false, 2, []]);
  });

  test("glue does not (RFC 9471 §3.1)", () => {
    const message = query("www.example.", "A", {
      response: true,
      authority: rrs("example. 1 NS a.example."),
      additional: answer,
    });
    const cutOff = cut(message, encodeMessage(message).length - 1);
    expect([cutOff.truncated, cutOff.authority.length, cutOff.additional.length]).toEqual([true, 1, 2]);
  });

  test("what was truncated stays so", () => {
    expect(cut(query("a.", "A", { response: true, truncated: true }), 512).truncated).toBe(true);
  });
});

describe("grouping", () => {
  test("by owner whatever its case, class and type; the lowest TTL; duplicates once; in order", () => {
    const rrsets = groupRrsets(
      rrs(`
        a.example. 30 A 192.0.2.1
        b.example. 60 A 192.0.2.9
        A.example. 20 A 192.0.2.2
        a.example. 40 A 192.0.2.1
        a.example. 40 MX 1 b.example.
      `),
    );
    expect(
      rrsets.map((one) => `${one.owner.toString()} ${one.ttlSeconds} ${typeToText(one.type)} ${one.rdatas.length}`),
    ).toEqual(["a.example. 20 A 2", "b.example. 60 A 1", "a.example. 40 MX 1"]);
  });

  test("RRSIGs by what they cover (RFC 4034 §3)", () => {
    const sig = (type: string): string => `a. 5 RRSIG ${type} 13 1 5 20300101000000 20200101000000 1 a. AAEC`;
    expect(groupRrsets(rrs(`${sig("A")}\n${sig("AAAA")}`))).toHaveLength(2);
  });
});

test("options keep their order and their octets", () => {
  const options = [OPTION.COOKIE, 65_001, OPTION.COOKIE].map((code, i) => ({
    code,
    data: new Uint8Array(8 + 8 * (i % 2)).fill(i),
  }));
  expect(decodeMessage(encodeMessage(query("a.", "A", { edns: { ...edns, options } }))).edns!.options).toEqual(options);
});
