/** Names of files: octets to text and back, whatever the octets are. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fileNameLength, fileNameOctets, fileNameText, nameFault } from "../../mount/index.ts";

test("any octets come back as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      expect(Buffer.from(fileNameOctets(fileNameText(octets)))).toEqual(Buffer.from(octets));
    }),
    { numRuns: 2000 },
  );
});
test("any text comes back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(fileNameText(fileNameOctets(text))).toBe(text);
    }),
  );
});
test.each([
  ["66ff6f", "f\udcffo", "an octet that is no UTF-8"],
  ["c3a9", "é", "UTF-8"],
  ["c3", "\udcc3", "a sequence that is cut off"],
  ["eda080", "\udced\udca0\udc80", "a surrogate in UTF-8 (RFC 3629 §3)"],
  ["c0af", "\udcc0\udcaf", "an overlong slash (RFC 3629 §10)"],
  ["efbbbf61", "\ufeffa", "a byte order mark is part of the name"],
])("%s is %j: %s", (hex, text) => {
  const octets = Buffer.from(hex, "hex");
  expect(fileNameText(octets)).toBe(text);
  expect(Buffer.from(fileNameOctets(text))).toEqual(octets);
  expect(fileNameLength(text)).toBe(octets.length);
});
describe("components of a path", () => {
  test.each([
    ["", "INVAL"],
    ["a/b", "INVAL"],
    ["a\0b", "INVAL"],
    ["x".repeat(255), null],
    ["x".repeat(256), "NAMETOOLONG"],
    ["é".repeat(128), "NAMETOOLONG"],
    ["é".repeat(127), null],
    ["..", null],
  ])("%j: %s", (name, fault) => expect(nameFault(name)).toBe(fault));
});
