/** Requests read in place: what is whole, what is refused, where things stand. */
import { describe, expect, test } from "vitest";
import { fromHex } from "../../base/index.ts";
import { CLASS, encodeMessage, type EdnsOption, nsidRequest, OPTION, RequestView } from "../../dns/index.ts";
import { edns, query, rr } from "../support/messages.ts";

const view = new RequestView();
const parse = (octets: Uint8Array) => view.parse(octets, octets.length);
const hex = (text: string): Uint8Array => fromHex(text.replaceAll(" ", ""))!;
const cookie = (octets: number): EdnsOption => ({ code: OPTION.COOKIE, data: new Uint8Array(octets).fill(7) });

const HEAD = "1234 0100 0001 0000 0000";
const QUESTION = "03777777 0276 75 00 0001 0001".replaceAll(" ", "");

test("a plain query", () => {
  expect(parse(encodeMessage(query("www.Vu.nl.", "MX", { recursionDesired: true })))).toBe("ok");
  expect(view).toMatchObject({
    id: 0x1234,
    opcode: 0,
    questionCount: 1,
    nameOctets: 11,
    labelCount: 3,
    qtype: 15,
    qclass: CLASS.IN,
    questionEnd: 27,
    recursionDesired: true,
    checkingDisabled: false,
    hasEdns: false,
    cookieOffset: -1,
    tsigOffset: -1,
  });
});

test("the root", () => {
  expect(parse(encodeMessage(query(".", "NS")))).toBe("ok");
  expect(view).toMatchObject({ nameOctets: 1, labelCount: 0, questionEnd: 17 });
});

test("EDNS: version, size, DO and options", () => {
  const options = [nsidRequest, { code: 65_001, data: Uint8Array.of(9) }, cookie(24)];
  const octets = encodeMessage(
    query("vu.nl.", "A", { edns: { ...edns, dnssecOk: true, payloadOctets: 4000, options } }),
  );
  expect(parse(octets)).toBe("ok");
  expect(view).toMatchObject({ hasEdns: true, ednsVersion: 0, payloadOctets: 4000, dnssecOk: true, asksNsid: true });
  expect([view.cookieOctets, octets[view.cookieOffset]]).toEqual([24, 7]);
  const at = view.findOption(65_001);
  expect([octets[at], view.optionLength(at)]).toEqual([9, 1]);
  expect(view.findOption(65_002)).toBe(-1);
});

test("nothing is left of the request before", () => {
  parse(encodeMessage(query("vu.nl.", "A", { edns: { ...edns, options: [cookie(8), nsidRequest] } })));
  parse(encodeMessage(query("vu.nl.", "A")));
  expect(view).toMatchObject({ hasEdns: false, cookieOffset: -1, asksNsid: false, optionsOctets: 0, fault: "" });
  expect(view.findOption(OPTION.COOKIE)).toBe(-1);
});

test("of two cookies the first counts (RFC 7873 §4)", () => {
  const options = [cookie(8), cookie(16)];
  expect(parse(encodeMessage(query("vu.nl.", "A", { edns: { ...edns, options } })))).toBe("ok");
  expect(view.cookieOctets).toBe(8);
});

test("BADVERS is for the name server to say, so another version's options are not judged (RFC 6891 §6.1.3)", () => {
  expect(parse(hex(`${HEAD} 0001 ${QUESTION} 00 0029 04d0 00 01 0000 0003 ffffff`))).toBe("ok");
  expect(view.ednsVersion).toBe(1);
});

test("an UPDATE with records without RDATA (RFC 2136 §2.4)", () => {
  const gone = { ...rr("a.vu.nl. 0 A 192.0.2.1"), class: CLASS.ANY, rdata: new Uint8Array(0) };
  expect(parse(encodeMessage(query("vu.nl.", "SOA", { opcode: 5, answer: [gone], authority: [gone] })))).toBe("ok");
  expect(view).toMatchObject({ opcode: 5, answerCount: 1, authorityCount: 1 });
});

test("a query for cookies alone has no question (RFC 7873 §5.4)", () => {
  expect(parse(encodeMessage(query(".", "A", { question: [], edns: { ...edns, options: [cookie(8)] } })))).toBe("ok");
  expect(view).toMatchObject({ questionCount: 0, questionEnd: 12, nameOctets: 0, cookieOctets: 8 });
});

test("TSIG stands last (RFC 8945 §5.1)", () => {
  const tsig = { ...rr("key. 0 TYPE250 \\# 1 00"), class: CLASS.ANY };
  const octets = encodeMessage(query("vu.nl.", "A", { additional: [tsig] }));
  expect(parse(octets)).toBe("ok");
  expect(view.tsigOffset).toBe(view.questionEnd);
  expect(parse(encodeMessage(query("vu.nl.", "A", { additional: [tsig], edns })))).toBe("formerr");
  expect(parse(encodeMessage(query("vu.nl.", "A", { answer: [tsig] })))).toBe("formerr");
});

describe("refused", () => {
  const manyOptions = Array.from({ length: 33 }, (_, i) => ({ code: 65_001 + i, data: new Uint8Array(0) }));
  const opt = "00 0029 04d0 00000000 0000";
  test.each([
    ["two questions (RFC 9619)", hex(`1234 0100 0002 0000 0000 0000 ${QUESTION} ${QUESTION}`), true],
    ["a pointer in the question", hex(`${HEAD} 0000 c00c 0001 0001`), true],
    ["a pointer behind a label of the question", hex(`${HEAD} 0000 0161 c00c 0001 0001`), true],
    ["label type 01", hex(`${HEAD} 0000 4161 00 0001 0001`), true],
    ["a name of 256 octets", hex(`${HEAD} 0000 ${"013f".repeat(127)} 0161 00 0001 0001`), true],
    ["a question cut short", hex(`${HEAD} 0000 0161 00 0001 00`), true],
    ["octets after the message", hex(`${HEAD} 0000 ${QUESTION} 00`), false],
    ["a count without a record", hex(`${HEAD} 0001 ${QUESTION}`), false],
    ["RDLENGTH beyond the end", hex(`${HEAD} 0001 ${QUESTION} 00 0001 0001 00000000 0004 010203`), false],
    ["two OPTs (RFC 6891 §6.1.1)", hex(`${HEAD} 0002 ${QUESTION} ${opt} ${opt}`), false],
    ["OPT below the root (RFC 6891 §6.1.2)", hex(`${HEAD} 0001 ${QUESTION} 0161 ${opt}`), false],
    ["OPT as an answer", hex(`1234 0100 0001 0001 0000 0000 ${QUESTION} ${opt}`), false],
    ["an owner that points forwards", hex(`${HEAD} 0001 ${QUESTION} c0ff 0001 0001 00000000 0000`), false],
    ["an option longer than OPT", hex(`${HEAD} 0001 ${QUESTION} 00 0029 04d0 00000000 0005 0003 0002 00`), false],
    ["half an option's head", hex(`${HEAD} 0001 ${QUESTION} 00 0029 04d0 00000000 0002 0003`), false],
    ["33 options", encodeMessage(query("a.", "A", { edns: { ...edns, options: manyOptions } })), false],
    ["a cookie of 7 octets", encodeMessage(query("a.", "A", { edns: { ...edns, options: [cookie(7)] } })), false],
    ["a cookie of 15 octets", encodeMessage(query("a.", "A", { edns: { ...edns, options: [cookie(15)] } })), false],
    ["a cookie of 41 octets", encodeMessage(query("a.", "A", { edns: { ...edns, options: [cookie(41)] } })), false],
  ])("%s", (_what, octets, isInQuestion) => {
    expect(parse(octets)).toBe("formerr");
    expect(view.fault).not.toBe("");
    expect(view.id).toBe(octets[0]! * 256 + octets[1]!);
    expect(view.questionEnd === 0).toBe(isInQuestion);
  });

  test("32 options are not too many", () => {
    expect(parse(encodeMessage(query("a.", "A", { edns: { ...edns, options: manyOptions.slice(1) } })))).toBe("ok");
  });
});

test.each([
  ["eleven octets", new Uint8Array(11), "silent"],
  ["nothing", new Uint8Array(0), "silent"],
  ["a response", encodeMessage(query("a.", "A", { response: true })), "silent"],
  ["IQUERY", encodeMessage(query("a.", "A", { opcode: 1 })), "notimp"],
  ["an opcode of the future", encodeMessage(query("a.", "A", { opcode: 15 })), "notimp"],
])("%s", (_what, octets, outcome) => {
  expect(parse(octets)).toBe(outcome);
});

test("only the given length counts: the rest of the buffer is another request's", () => {
  const octets = encodeMessage(query("www.vu.nl.", "A"));
  const buffer = new Uint8Array(512).fill(0xff);
  buffer.set(octets);
  expect(view.parse(buffer, octets.length)).toBe("ok");
  expect(view.parse(buffer, octets.length - 1)).toBe("formerr");
  expect(view.questionEnd).toBe(0);
});
