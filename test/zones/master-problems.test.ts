import { expect, test } from "vitest";
import { readText } from "./master-support.ts";

test("all that is wrong with a file, as a person reads it", () => {
  const { shown, records } = readText(
    [
      "  A 192.0.2.1",
      "$TTL 1x",
      "$TLL 1h",
      "@ 60 SOA ns admin 1 2h 15m 2w 5m",
      "www 60 AAA 192.0.2.1",
      "\tA\t192.0.2.256",
      'x 60 TXT "open',
      "y 60 TXT ok )",
      "z 60 CH A 192.0.2.1",
      "w 60 IN",
      "v 99999999999 A 192.0.2.1",
      "a..b 60 A 192.0.2.1",
      '"q" 60 A 192.0.2.1',
      "m 60 MX mail",
      "s 60 ANY x",
      "$INCLUDE other",
      "u 60 SOA ( a b c",
    ].join("\n"),
  );
  expect(records).toEqual(["vu.nl. 60 SOA ns.vu.nl. admin.vu.nl. 1 7200 900 1209600 300"]);
  expect(shown).toMatchSnapshot();
});

test("every line is a record, a directive or a problem", () => {
  const bad = Array.from({ length: 200 }, (_, i) => `n${i} 60 ${i % 2 === 0 ? "AA" : "A"} 192.0.2.${i}`);
  const { records, problems } = readText(bad.join("\n"));
  expect(records.length + problems.length).toBe(200);
});

test.each([
  ["AAA", "did you mean AAAA"],
  ["CNMAE", "did you mean CNAME?"],
  ["TTX", "did you mean TXT?"],
  ["NSS", "NS"],
])("%s: %s", (word, hint) => {
  expect(readText(`x 60 ${word} y`).shown).toContain(hint);
});

test("a huge line is shown around the place only", () => {
  const { problems, shown } = readText(`x 60 TXT ${"a ".repeat(40_000)}\ny 60 A 192.0.2.1\n`);
  expect(problems).toHaveLength(1);
  expect(shown.length).toBeLessThan(500);
});
