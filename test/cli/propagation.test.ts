import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { jsonOf, type Propagation, textOf } from "../../cli/propagation-text.ts";
import { paintFor } from "../../cli/output.ts";
import { forgettingOf } from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";

const zone = Name.parse("vu.nl.");
const paint = paintFor(false, {});
const serves = (serial: number) =>
  ({ kind: "serves", serial, transport: "udp", roundTripMilliseconds: 1, tellsVersion: true }) as const;
const server = (name: string, standing: Propagation["survey"]["servers"][number]["standing"]) =>
  ({ name: Name.parse(name), endpoint: { address: "127.0.1.1", port: 8053 }, knownFrom: ["zone"], standing }) as const;

function told(serials: readonly number[], changedTo: number): Propagation {
  const newest = Math.max(...serials);
  const isAgreed = serials.every((serial) => serial === newest);
  return {
    zone,
    atSeconds: 1010,
    survey: { newest, isAgreed, servers: serials.map((serial, i) => server(`ns${i}.vu.nl.`, serves(serial))) },
    notified: [{ target: "127.0.1.1:8053", serial: changedTo, atSeconds: 1008, answer: "NOERROR" }],
    change: { serial: changedTo, atSeconds: 1000, by: "key a.", oldSeconds: 300, newSeconds: 60 },
  };
}

describe("how far a change has travelled", () => {
  test("a server behind is told, and that caches do not begin to forget before it has the change", () => {
    expect(textOf(told([7, 6], 7), paint).split("\n")).toEqual([
      "vu.nl. serial 7",
      "  ns0.vu.nl.  127.0.1.1:8053  serial 7 over UDP current, NOTIFY of 7: NOERROR, 2 s ago  named by the zone",
      "  ns1.vu.nl.  127.0.1.1:8053  serial 6 over UDP behind by 1 for 10 s, NOTIFY of 7: NOERROR, 2 s ago  named by the zone",
      "  serial 7 was made 10 s ago (key a.)",
      "  caches may say old records for 300 s, and that new ones are not there for 60 s; from the moment at which the last server has it",
    ]);
    expect(jsonOf(told([7, 6], 7))).toMatchObject({
      agreed: false,
      forgottenAtSeconds: null,
      servers: [
        { behind: 0, lagSeconds: 0 },
        { behind: 1, lagSeconds: 10, notified: { answer: "NOERROR" } },
      ],
    });
  });

  test("once all have it, the moment is known", () => {
    expect(textOf(told([7, 7], 7), paint)).toContain("at most 300 s from now");
    expect(jsonOf(told([7, 7], 7))).toMatchObject({ agreed: true, forgottenAtSeconds: 1310 });
  });

  test("of another version than the last change nothing is promised", () => {
    expect(jsonOf(told([8, 8], 7))).toMatchObject({ agreed: true, forgottenAtSeconds: null });
  });
});

const soa = (serial: number) => rr(`vu.nl. 3600 SOA ns. admin. ${serial} 1 1 1 120`);

test.each([
  [
    "www 300 A 192.0.2.1",
    "",
    { oldSeconds: 300, newSeconds: null },
    "what was taken away is kept for its TTL (RFC 1035 §3.2.1)",
  ],
  [
    "",
    "www 30 A 192.0.2.1",
    { oldSeconds: null, newSeconds: 120 },
    "a new name may be thought absent for the negative TTL (RFC 2308 §5)",
  ],
  [
    "",
    "www 600 A 192.0.2.1",
    { oldSeconds: null, newSeconds: 600 },
    "an RRset that grew may be cached without what is new",
  ],
  [
    "www 300 A 192.0.2.1",
    "www 30 A 192.0.2.2",
    { oldSeconds: 300, newSeconds: null },
    "another address: the old TTL counts",
  ],
] as const)("removed %j, added %j: %j: %s", (removed, added, expected, _why) => {
  const records = (text: string) => (text === "" ? [] : rrs(text.replace("www", "www.vu.nl.")));
  const change = { apex: zone, soaBefore: soa(1), soaAfter: soa(2), removed: records(removed), added: records(added) };
  expect(forgettingOf(change)).toEqual(expected);
});
