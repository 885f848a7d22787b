import fc from "fast-check";
import { expect, test } from "vitest";
import { CLASS, Name, type Rr, rdataType, TYPE } from "../../dns/index.ts";
import { RecordList, writeMaster } from "../../zones/index.ts";
import { listOf } from "./master-support.ts";

test("one record a line, canonical order, the SOA first", () => {
  const list = listOf(`$TTL 60
z.vu.nl. A 192.0.2.1
vu.nl. NS ns.vu.nl.
vu.nl. SOA ns.vu.nl. admin.vu.nl. 1 7200 900 1209600 300
Z.a.vu.nl. TXT "b" "c d"
yljkjljk.a.vu.nl. A 192.0.2.2
*.z.vu.nl. A 192.0.2.3
\\200.z.vu.nl. A 192.0.2.3
a.vu.nl. A 192.0.2.10
a.vu.nl. A 192.0.2.2
`);
  expect(writeMaster(list.sorted().values())).toBe(
    [
      "vu.nl.\t60\tIN\tSOA\tns.vu.nl. admin.vu.nl. 1 7200 900 1209600 300",
      "vu.nl.\t60\tIN\tNS\tns.vu.nl.",
      "a.vu.nl.\t60\tIN\tA\t192.0.2.2",
      "a.vu.nl.\t60\tIN\tA\t192.0.2.10",
      "yljkjljk.a.vu.nl.\t60\tIN\tA\t192.0.2.2",
      'Z.a.vu.nl.\t60\tIN\tTXT\t"b" "c d"',
      "z.vu.nl.\t60\tIN\tA\t192.0.2.1",
      "*.z.vu.nl.\t60\tIN\tA\t192.0.2.3",
      "\\200.z.vu.nl.\t60\tIN\tA\t192.0.2.3",
      "",
    ].join("\n"),
  );
});

const label = fc.uint8Array({ minLength: 1, maxLength: 12 });
const owner = fc.array(label, { maxLength: 4 }).map((labels) => Name.fromLabels(labels));
const rdata = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((octets) => ({ type: TYPE.A, rdata: octets })),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((octets) => ({ type: TYPE.AAAA, rdata: octets })),
  owner.map((name) => ({ type: TYPE.NS, rdata: name.octets })),
  fc
    .uint8Array({ maxLength: 40 })
    .map((octets) => ({ type: TYPE.TXT, rdata: Uint8Array.of(octets.length, ...octets) })),
  fc.uint8Array({ maxLength: 40 }).map((octets) => ({ type: 731, rdata: octets })),
);
const record: fc.Arbitrary<Rr> = fc
  .record({ owner, data: rdata })
  .map(({ owner: name, data }) => ({ owner: name, class: CLASS.IN, ttlSeconds: 60, ...data }));

test("what is written reads back the same", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const text = writeMaster(RecordList.of(records).sorted().values());
      const again = listOf(text, ".");
      expect(writeMaster(again.sorted().values())).toBe(text);
      const distinct = new Set(
        records.map((one) => `${one.owner.key} ${one.type} ${rdataType(one.type).canonical(one.rdata).join()}`),
      );
      expect(again.length).toBe(distinct.size);
    }),
    { numRuns: 300 },
  );
});

test("the fast readers give what the types' own parsers give", () => {
  const generic = ["A \\# 4 c0000201", "AAAA \\# 16 20010db8000000000000000000000001", "MX \\# 5 000a016100"];
  const plain = ["A 192.0.2.1", "AAAA 2001:db8::1", "MX 10 a."];
  plain.forEach((text, i) => {
    const one = listOf(`x 60 ${text}\n`).sorted().rdata(0);
    expect([...one]).toEqual([...listOf(`x 60 ${generic[i]!}\n`).sorted().rdata(0)]);
  });
});

test.each([
  "::",
  "::1",
  "1::",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7::",
  "::2:3:4:5:6:7:8",
  "1::8",
  "::ffff:192.0.2.1",
  "ABCD::ef",
])("address %s", (address) => {
  expect(() => listOf(`x 60 AAAA ${address}\n`)).not.toThrow();
});
test.each([":", ":::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1::2::3", "12345::", "1:", ":1", "g::"])(
  "no address %s",
  (address) => {
    expect(() => listOf(`x 60 AAAA ${address}\n`)).toThrow();
  },
);
