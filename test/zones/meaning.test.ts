import { expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { meaningOf } from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";

const soa = (serial: number) => rr(`vu.nl. 3600 SOA ns.vu.nl. admin.vu.nl. ${serial} 1 1 1 300`);

/** What is told of a change, the counts left out. `rest` is what both versions have besides. */
function meaning(removed: string, added: string, { rest = "", to = 2 } = {}): string[] {
  const records = (text: string) => (text === "" ? [] : rrs(text));
  const change = {
    apex: Name.parse("vu.nl."),
    soaBefore: soa(1),
    soaAfter: soa(to),
    removed: records(removed),
    added: records(added),
  };
  const has = (texts: readonly string[]) => (owner: Name, type: number) =>
    records(texts.filter((text) => text !== "").join("\n")).some(
      (record) => record.type === type && record.owner.equals(owner),
    );
  return meaningOf(change, { before: has([removed, rest]), after: has([added, rest]) });
}

test.each([
  ["a name's last address", "a.vu.nl. 60 A 192.0.2.1", "", {}, "a.vu.nl. loses its last address"],
  [
    "four of them",
    "a.vu.nl. 1 A 192.0.2.1\nb.vu.nl. 1 A 192.0.2.1\nc.vu.nl. 1 A 192.0.2.1\nd.vu.nl. 1 A 192.0.2.1",
    "",
    {},
    "4 names (a.vu.nl., b.vu.nl., c.vu.nl. and 1 more) lose their last address",
  ],
  ["a first address", "", "a.vu.nl. 60 AAAA 2001:db8::1", {}, "a.vu.nl. gets its first address"],
  [
    "the zone's servers",
    "",
    "vu.nl. 60 NS ns2.vu.nl.",
    {},
    "the zone's own servers change: its parent must say the same (RFC 1034 §4.2.2)",
  ],
  ["a delegation", "cs.vu.nl. 60 NS a.", "cs.vu.nl. 60 NS b.", {}, "the delegation of cs.vu.nl. changes"],
  [
    "a long TTL",
    "a.vu.nl. 86400 TXT a",
    "a.vu.nl. 60 TXT b",
    {},
    "old TTL 86400: visible everywhere after 24 h, lower the TTL first and wait 24 h",
  ],
  ["a short TTL", "a.vu.nl. 90 TXT a", "", {}, "old TTL 90: visible everywhere after 90 s"],
  ["a new name", "", "a.vu.nl. 60 TXT a", {}, "what is new may be thought not to be there for 5 min"],
  [
    "a serial that is not newer",
    "",
    "a.vu.nl. 60 TXT a",
    { to: 1 },
    "serial 1 becomes 2, for 1 is not newer: 0 records less, 1 record more",
  ],
])("%s", (_, removed, added, more, expected) => expect(meaning(removed, added, more)).toContain(expected));

test("an address that another takes the place of is no loss", () => {
  const told = meaning("a.vu.nl. 60 A 192.0.2.1", "a.vu.nl. 60 AAAA 2001:db8::1");
  expect(told.filter((text) => text.includes("address"))).toEqual([]);
});
