import { expect, test } from "vitest";
import {
  CLASS,
  classFromText,
  classToText,
  compareSerials,
  edeToText,
  isMetaType,
  isNewerSerial,
  nextSerial,
  opcodeFromText,
  opcodeToText,
  rcodeFromText,
  rcodeToText,
  sanitizeTtl,
  TYPE,
  typeFromText,
  typeToText,
} from "../../dns/index.ts";

test.each([
  ["A", 1],
  ["aaaa", 28],
  ["TYPE731", 731],
  ["type1", 1],
  ["TYPE0", 0],
  ["TYPE65535", 65535],
  ["TYPE65536", null],
  ["TYPE", null],
  ["TYPE1x", null],
  ["TYPE-1", null],
  ["TYPE000001", null],
  ["constructor", null],
  ["", null],
])("the type %s is %s (RFC 3597 §5)", (text, type) => {
  expect(typeFromText(text)).toBe(type);
});

test("every number of a type, a class, an opcode and an RCODE has a text that reads back", () => {
  for (let number = 0; number <= 0xffff; number++) {
    expect(typeFromText(typeToText(number))).toBe(number);
    expect(classFromText(classToText(number))).toBe(number);
  }
  for (let opcode = 0; opcode < 16; opcode++) expect(opcodeFromText(opcodeToText(opcode))).toBe(opcode);
  for (let rcode = 0; rcode <= 0xfff; rcode++) expect(rcodeFromText(rcodeToText(rcode))).toBe(rcode);
});

test("names of codes", () => {
  expect(classToText(CLASS.IN)).toBe("IN");
  expect(classToText(32)).toBe("CLASS32");
  expect(rcodeToText(3)).toBe("NXDOMAIN");
  expect(edeToText(22)).toBe("No Reachable Authority");
  expect(edeToText(4711)).toBe("EDE4711");
});

test("meta-types never stand in zone data (RFC 6895 §3.1)", () => {
  for (const type of [0, TYPE.OPT, TYPE.TSIG, TYPE.AXFR, TYPE.ANY, 128]) expect(isMetaType(type)).toBe(true);
  for (const type of [TYPE.A, 127, TYPE.URI, TYPE.CAA, 731]) expect(isMetaType(type)).toBe(false);
});

test.each([
  [1, 0, 1],
  [0, 1, -1],
  [44, 44, 0],
  [0, 0xffffffff, 1],
  [0x7fffffff, 0, 1],
  [0x80000001, 0, -1],
  [0x80000000, 0, null],
  [0, 0x80000000, null],
])("serial %i against %i is %s (RFC 1982 §3.2)", (a, b, order) => {
  expect(compareSerials(a, b)).toBe(order);
  expect(isNewerSerial(a, b)).toBe(order === 1);
});

test("the serial after the last is 1", () => {
  expect(nextSerial(1)).toBe(2);
  expect(nextSerial(0xffffffff)).toBe(1);
  expect(isNewerSerial(nextSerial(0xffffffff), 0xffffffff)).toBe(true);
});

test("a TTL with its top bit set is zero (RFC 2181 §8)", () => {
  expect(sanitizeTtl(0x7fffffff)).toBe(0x7fffffff);
  expect(sanitizeTtl(0x80000000)).toBe(0);
});
