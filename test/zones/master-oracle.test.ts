/** The fast readers of names, times and addresses against the plain ones of dns/, on texts near the edge. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Name, NameError, parseIpv4, parseIpv6, rdataType, tokenize, TYPE } from "../../dns/index.ts";
import { readText } from "./master-support.ts";

const ORIGIN = Name.parse("vu.nl.");
const piece = fc.constantFrom(
  "a",
  "B",
  "-",
  "*",
  "1",
  ".",
  "..",
  "\\.",
  "\\065",
  "\\000",
  "\\256",
  "\\",
  "@",
  "$",
  "x".repeat(62),
  "y".repeat(63),
  "=",
);
const texts = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(""));

function parsed(text: string): string | null {
  try {
    return Name.parse(text, ORIGIN).toString();
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    return null;
  }
}

test("names, as owner and as RDATA", () => {
  fc.assert(
    fc.property(texts, (text) => {
      // A last backslash would take the line's next character with it.
      if (text.endsWith("\\") || text.startsWith("$")) return;
      const expected = parsed(text);
      const { records } = readText(`${text} 60 A 192.0.2.1\nx 60 NS ${text}\n`);
      const found = records.map((record) => record.split(" "));
      expect(found.map((fields) => (fields[2] === "A" ? fields[0] : fields[3]))).toEqual(
        expected === null ? [] : [expected, expected],
      );
    }),
    { numRuns: 3000 },
  );
});

test("addresses", () => {
  const part = fc.constantFrom("0", "1", "00", "255", "256", "ab", "FFFF", "12345", ".", ".", ":", ":", "::", "g");
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 16 }), (parts) => {
      const text = parts.join("");
      expect(readText(`x 60 A ${text}\n`).records).toHaveLength(parseIpv4(text) === null ? 0 : 1);
      const six = parseIpv6(text);
      const { records } = readText(`x 60 AAAA ${text}\n`);
      expect(records).toEqual(six === null ? [] : [`x.vu.nl. 60 AAAA ${rdataType(TYPE.AAAA).format(six)}`]);
    }),
    { numRuns: 3000 },
  );
});

test("the SOA's times", () => {
  const part = fc.constantFrom("1", "30", "0", "h", "m", "s", "d", "w", "H", "x", "9999999999");
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const rdata = `ns. admin. 1 ${parts.join("")} 1 1 1`;
      let expected: string[] = [];
      try {
        expected = [
          `x.vu.nl. 60 SOA ${rdataType(TYPE.SOA).format(rdataType(TYPE.SOA).parse(tokenize(rdata, ORIGIN)))}`,
        ];
      } catch {
        expected = [];
      }
      expect(readText(`x 60 SOA ${rdata}\n`).records).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});
