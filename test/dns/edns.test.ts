/** The options that Strata reads and writes itself. */
import { expect, test } from "vitest";
import { fromHex, toHex } from "../../base/index.ts";
import {
  decodeCookie,
  decodeExtendedError,
  decodeOptions,
  decodeUpdateLease,
  EDE,
  encodeCookie,
  encodeExtendedError,
  encodeOptions,
  encodeUpdateLease,
  extendedErrors,
  findOption,
  nsidRequest,
  OPTION,
  WireError,
} from "../../dns/index.ts";
import { edns } from "../support/messages.ts";

const hex = (text: string): Uint8Array => fromHex(text)!;

test("options are written and read in their order", () => {
  const options = [nsidRequest, { code: 65_534, data: hex("010203") }];
  expect(toHex(encodeOptions(options))).toBe("00030000" + "fffe0003010203");
  expect(decodeOptions(encodeOptions(options))).toEqual(options);
});

test.each(["00", "000300", "00030001", "0003000201"])("options that are not whole: %s", (text) => {
  expect(() => decodeOptions(hex(text))).toThrow(WireError);
});

test("DESIGN §8: 32 options and no more", () => {
  const options = Array.from({ length: 33 }, () => nsidRequest);
  expect(decodeOptions(encodeOptions(options.slice(1)))).toHaveLength(32);
  expect(() => decodeOptions(encodeOptions(options))).toThrow(WireError);
});

test("an extended error and its words (RFC 8914 §2)", () => {
  const error = { infoCode: EDE.NO_REACHABLE_AUTHORITY, text: "vu.nl. – no answer" };
  expect(decodeExtendedError(encodeExtendedError(error))).toEqual(error);
  expect(decodeExtendedError({ code: OPTION.EDE, data: hex("0016") })).toEqual({ infoCode: 22, text: "" });
  expect(decodeExtendedError({ code: OPTION.EDE, data: hex("00166100") }).text).toBe("a");
  expect(() => decodeExtendedError({ code: OPTION.EDE, data: hex("00") })).toThrow(WireError);
});

test("several extended errors are all told, one that is too short is passed over", () => {
  const options = [
    encodeExtendedError({ infoCode: 1, text: "" }),
    { code: OPTION.EDE, data: hex("00") },
    encodeExtendedError({ infoCode: 2, text: "two" }),
  ];
  expect(extendedErrors({ ...edns, options }).map(({ infoCode }) => infoCode)).toEqual([1, 2]);
  expect(extendedErrors(null)).toEqual([]);
});

test.each([
  [8, true],
  [16, true],
  [40, true],
  [7, false],
  [9, false],
  [15, false],
  [41, false],
  [0, false],
])("a cookie of %i octets: %s (RFC 7873 §5.2.2)", (octets, isLegal) => {
  const option = { code: OPTION.COOKIE, data: new Uint8Array(octets).fill(3) };
  if (!isLegal) expect(() => decodeCookie(option)).toThrow(WireError);
  else expect(encodeCookie(decodeCookie(option))).toEqual(option);
});

test("the first of two options counts", () => {
  const options = [
    { code: 5, data: hex("01") },
    { code: 5, data: hex("02") },
  ];
  expect(findOption({ ...edns, options }, 5)).toBe(options[0]);
  expect(findOption(edns, 5)).toBe(null);
  expect(findOption(null, 5)).toBe(null);
});

test.each([
  ["0000001e", { seconds: 30, keySeconds: null }],
  ["0000001effffffff", { seconds: 30, keySeconds: 0xffff_ffff }],
])("an Update Lease of either length (RFC 9664 §4): %s", (data, lease) => {
  const option = { code: OPTION.UPDATE_LEASE, data: hex(data) };
  expect(decodeUpdateLease(option)).toEqual(lease);
  expect(encodeUpdateLease(lease)).toEqual(option);
  expect(() => decodeUpdateLease({ ...option, data: hex(`${data}00`) })).toThrow(WireError);
});
