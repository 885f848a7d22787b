/** No octets make the reader fail: each file gives records or problems (STYLE, Habits 4). */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readText } from "./master-support.ts";

const SAMPLE = new TextEncoder().encode(
  [
    "$TTL 1h",
    "@ SOA ns admin ( 1 2h 15m",
    " 2w 5m )",
    " NS ns",
    'ns A 192.0.2.1 ; "c"',
    " AAAA 2001:db8::1",
    't TXT "a\\"b" c\\065',
    "u TYPE7 \\# 2 0a0b",
    "$GENERATE 1-3/2 h${0,3,x} A 192.0.2.$",
    "_s._tcp SRV 1 2 3 t\r",
    "w MX 10 @",
    "$ORIGIN cs",
    "d DS 1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
  ].join("\n"),
);

test("every prefix", () => {
  for (let end = 0; end <= SAMPLE.length; end++) readText(SAMPLE.subarray(0, end));
});

test("every octet replaced by those that mean something, and every bit flipped", () => {
  for (let at = 0; at < SAMPLE.length; at++) {
    for (const octet of [0, 0x0a, 0x22, 0x28, 0x29, 0x3b, 0x5c, 0x24, 0x40, 0xff]) {
      const changed = SAMPLE.slice();
      changed[at] = octet;
      readText(changed);
    }
    for (let bit = 0; bit < 8; bit++) {
      const changed = SAMPLE.slice();
      changed[at]! ^= 1 << bit;
      readText(changed);
    }
  }
});

test.each([
  ["parentheses that are never closed", "x 60 A (\n".repeat(5000)],
  ["parentheses that were never opened", ")".repeat(5000)],
  ["quotes that are never closed", 'x 60 TXT "\n'.repeat(5000)],
  ["only NULs", "\0".repeat(100_000)],
  ["one huge token", "a".repeat(200_000)],
  ["one huge name", `${"a.".repeat(100_000)} 60 A 192.0.2.1`],
  ["backslashes", "\\".repeat(99_999)],
  ["deep parentheses", "(".repeat(60_000)],
  ["a record of too many lines", `x 60 TXT (${"\n a".repeat(200_000)})`],
  ["$GENERATE without end", "$GENERATE 0-4294967295 h$ A 192.0.2.1"],
])("%s", (_, text) => {
  expect(readText(text).problems.length).toBeGreaterThan(0);
});

test("any text", () => {
  const piece = fc.constantFrom(
    "\n",
    " ",
    "(",
    ")",
    '"',
    ";",
    "\\",
    "$",
    "@",
    "A",
    "60",
    "IN",
    "www",
    "TXT",
    "\0",
    "\\#",
    "$TTL",
    "1h",
    "::",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      readText(pieces.join(""));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["at the end of the file", ""],
  ["with lines behind it", "\n"],
  ["in parentheses", "\n)\n"],
])("DESIGN §8: a line has 65,536 octets at most: %s", (_, behind) => {
  const head = behind.includes(")") ? "t 60 TXT a (" : "t 60 TXT a";
  const lineOf = (octets: number): string => `${head}${" ".repeat(octets - head.length)}${behind}`;
  expect(readText(lineOf(65_536)).records).toHaveLength(1);
  const longer = readText(lineOf(65_537));
  expect(longer.records).toHaveLength(0);
  expect(longer.shown).toContain("a line has at most 65536 octets");
});
