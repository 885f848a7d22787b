import { expect, test } from "vitest";
import { readText } from "./master-support.ts";

test.each([
  ["1-3 h$ A 10.0.0.$", ["h1", "h2", "h3"], "the number itself"],
  ["0-6/3 h$ A 10.0.0.$", ["h0", "h3", "h6"], "a step"],
  ["1-1 h${10} A 10.0.0.$", ["h11"], "an offset"],
  ["10-10 h${-9} A 10.0.0.$", ["h1"], "an offset below zero"],
  ["1-1 h${0,3} A 10.0.0.$", ["h001"], "a width"],
  ["10-10 h${0,3,o}-${0,0,x}-${0,4,X} A 10.0.0.$", ["h012-a-000A"], "octal and hexadecimal"],
  ["291-291 ${0,0,n}.x A 10.0.0.1", ["3.2.1.x"], "nibbles as many as there are"],
  ["171-171 ${0,7,N}.x A 10.0.0.1", ["B.A.0.0.x"], "nibbles, padded to a width that counts the dots"],
  ["1-1 a$$b A 10.0.0.$", ["a\\$b"], "two make one"],
  ["1-1 a\\$b A 10.0.0.$", ["a\\$b"], "an escaped one passes through"],
])("$GENERATE %s", (text, owners) => {
  const { records, shown } = readText(`$TTL 60\n$GENERATE ${text}\n`);
  expect(shown).toBe("");
  expect(records.map((record) => record.split(" ")[0])).toEqual(owners.map((owner) => `${owner}.vu.nl.`));
});

test("any type, with TTL and class, and RDATA of several fields", () => {
  const { records } = readText('$GENERATE 1-2 h$ 60 IN MX 1$ mail$\n$GENERATE 1-1 t 5 TXT "number $"\n');
  expect(records).toEqual([
    "h1.vu.nl. 60 MX 11 mail1.vu.nl.",
    "h2.vu.nl. 60 MX 12 mail2.vu.nl.",
    't.vu.nl. 5 TXT "number 1"',
  ]);
});

test("65,536 steps are read, one more is refused", () => {
  expect(readText("$TTL 60\n$GENERATE 0-65535 h$ CNAME x\n").records).toHaveLength(65536);
  expect(readText("$TTL 60\n$GENERATE 0-65536 h$ CNAME x\n").shown).toContain("at most 65536 steps");
});

test.each([
  ["3-1 h$ A 10.0.0.$", "ends before it begins"],
  ["1-3/0 h$ A 10.0.0.$", "never ends"],
  ["a-b h$ A 10.0.0.$", "is no range"],
  ["1-3 h${0,1,q} A 10.0.0.$", "is no modifier"],
  ["1-3 h${0 A 10.0.0.$", "is no modifier"],
  ["0-3 h${-1} A 10.0.0.$", "negative number"],
  ["250-260 h$ A 10.0.0.$", "in the step 256"],
  ["1-3 h$", "ends too early"],
])("$GENERATE %s %s", (text, message) => {
  expect(readText(`$TTL 60\n$GENERATE ${text}\n`).shown).toContain(message);
});
