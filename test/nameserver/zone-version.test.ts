import { describe, expect, test } from "vitest";
import { toHex } from "../../base/index.ts";
import { findOption, OPTION, RCODE } from "../../dns/index.ts";
import { askMessage, serverOf } from "../support/name-server.ts";

const { server } = serverOf({
  ".": `
    .            300 SOA ns. admin. 7 3600 600 86400 60
    .            300 NS ns.`,
  "example.": `
    example.     300 SOA ns.example. admin.example. 4294967295 3600 600 86400 60
    example.     300 NS ns.example.
    ns.example.  300 A 192.0.2.1
    out.example. 300 CNAME www.test.
    in.example.  300 CNAME a.b.test.
    sub.example. 300 NS ns.sub.example.`,
  "b.test.": `
    b.test.      300 SOA ns.b.test. admin.b.test. 258 3600 600 86400 60
    a.b.test.    300 A 192.0.2.2`,
});

const asking = { edns: { options: [{ code: OPTION.ZONEVERSION, data: new Uint8Array(0) }] } };

describe("the version of the zone that has the question's name (RFC 9660 §3.2)", () => {
  test.each([
    ["ns.example. A", "0100ffffffff", "an answer"],
    ["gone.example. A", "0100ffffffff", "no such name"],
    ["ns.example. MX", "0100ffffffff", "no such type"],
    ["in.example. A", "0100ffffffff", "an alias into another of our zones: the zone of the alias"],
    ["out.example. A", "0100ffffffff", "an alias out of our zones"],
    ["x.sub.example. A", "0100ffffffff", "a referral: the zone that refers"],
    ["a.b.test. A", "020000000102", "a zone of two labels"],
    ["x. A", "000000000007", "the root"],
  ])("%s has %s: %s", (question, version) => {
    for (const transport of ["udp", "tcp"] as const) {
      const option = findOption(askMessage(server, question, { ...asking, transport }).edns, OPTION.ZONEVERSION);
      expect(option === null ? null : toHex(option.data)).toBe(version);
    }
  });

  test("whoever does not ask is not told", () => {
    const { edns } = askMessage(server, "ns.example. A", { edns: {} });
    expect(findOption(edns, OPTION.ZONEVERSION)).toBeNull();
  });

  test("an option that is not empty is malformed", () => {
    const options = [{ code: OPTION.ZONEVERSION, data: Uint8Array.of(1) }];
    expect(askMessage(server, "ns.example. A", { edns: { options } }).rcode).toBe(RCODE.FORMERR);
  });

  test("a name that we have no zone for has no version", () => {
    const { server: other } = serverOf({ "example.": "example. 300 SOA a. b. 1 1 1 1 1" });
    const { edns, rcode } = askMessage(other, "www.test. A", asking);
    expect([rcode, findOption(edns, OPTION.ZONEVERSION)]).toEqual([RCODE.REFUSED, null]);
  });
});
