import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import type { MasterSource } from "../../zones/index.ts";
import { readText } from "./master-support.ts";

const SOA = "@ 3600 SOA ns admin 1 2h 15m 2w 5m\n";

describe("what a master file may look like", () => {
  test.each([
    ["www 60 IN A 192.0.2.1", ["www.vu.nl. 60 A 192.0.2.1"], "owner TTL class type (RFC 1035 §5.1)"],
    ["www IN 60 A 192.0.2.1", ["www.vu.nl. 60 A 192.0.2.1"], "class before TTL (RFC 1035 §5.1)"],
    [
      "www 60 A 192.0.2.1\n\tAAAA 2001:db8::1",
      ["www.vu.nl. 60 A 192.0.2.1", "www.vu.nl. 60 AAAA 2001:db8::1"],
      "owner and TTL left out",
    ],
    [
      "$TTL 5\nwww 60 A 192.0.2.1\nftp A 192.0.2.2",
      ["www.vu.nl. 60 A 192.0.2.1", "ftp.vu.nl. 5 A 192.0.2.2"],
      "$TTL goes before the last TTL (RFC 2308 §4)",
    ],
    [
      "@ SOA ns admin 1 2h 15m 2w 5m\nwww A 192.0.2.1",
      ["vu.nl. 300 SOA ns.vu.nl. admin.vu.nl. 1 7200 900 1209600 300", "www.vu.nl. 300 A 192.0.2.1"],
      "no TTL at all: the SOA's minimum, as BIND",
    ],
    ["www 1h30m A 192.0.2.1", ["www.vu.nl. 5400 A 192.0.2.1"], "BIND's units"],
    ["www 1W2D3H4M5S A 192.0.2.1", ["www.vu.nl. 788645 A 192.0.2.1"], "all units, in capitals"],
    ["www 60 a 192.0.2.1", ["www.vu.nl. 60 A 192.0.2.1"], "types in any case"],
    [
      "www 60 A 192.0.2.1\r\nftp 60 A 192.0.2.2\r\n",
      ["www.vu.nl. 60 A 192.0.2.1", "ftp.vu.nl. 60 A 192.0.2.2"],
      "CRLF",
    ],
    ["\ufeffwww 60 A 192.0.2.1", ["www.vu.nl. 60 A 192.0.2.1"], "a byte order mark"],
    ["; all\n\n  ; of it\nwww 60 A 192.0.2.1 ; comment", ["www.vu.nl. 60 A 192.0.2.1"], "comments and blank lines"],
    [
      "www 60 ( A\n 192.0.2.1 ) ; over\nftp 60 A 192.0.2.2",
      ["www.vu.nl. 60 A 192.0.2.1", "ftp.vu.nl. 60 A 192.0.2.2"],
      "parentheses (RFC 1035 §5.1)",
    ],
    ["@ 60 MX 10 @\n. 60 NS .", ["vu.nl. 60 MX 10 vu.nl.", ". 60 NS ."], "@ and the root"],
    [
      't 60 TXT "a b" c "d;e" "(" ""',
      ['t.vu.nl. 60 TXT "a b" "c" "d;e" "(" ""'],
      "quoted strings hold blanks, semicolons, parentheses",
    ],
    ['t 60 TXT "a\\"b" c\\;d "\\065"', ['t.vu.nl. 60 TXT "a\\"b" "c;d" "A"'], "escapes in strings"],
    ["a\\.b\\032c 60 A 192.0.2.1", ["a\\.b\\032c.vu.nl. 60 A 192.0.2.1"], "escapes in names (RFC 4343 §2.1)"],
    [
      "\\$x 60 A 192.0.2.1\n\\@ 60 A 192.0.2.2",
      ["\\$x.vu.nl. 60 A 192.0.2.1", "\\@.vu.nl. 60 A 192.0.2.2"],
      "escaped $ and @ are owners",
    ],
    [
      "u 60 TYPE731 \\# 4 0a000001\nv 60 A \\# 4 0a000001\nw 60 TYPE1 10.0.0.1",
      ["u.vu.nl. 60 TYPE731 \\# 4 0a000001", "v.vu.nl. 60 A 10.0.0.1", "w.vu.nl. 60 A 10.0.0.1"],
      "RFC 3597 §5",
    ],
    ["u 60 CLASS1 A 192.0.2.1", ["u.vu.nl. 60 A 192.0.2.1"], "CLASS1 is IN (RFC 3597 §5)"],
    [
      "$ORIGIN cs\nwww 60 A 192.0.2.1\n$ORIGIN yale.edu.\nwww A 192.0.2.2",
      ["www.cs.vu.nl. 60 A 192.0.2.1", "www.yale.edu. 60 A 192.0.2.2"],
      "$ORIGIN, relative and absolute",
    ],
    [
      'h 60 HTTPS 1 . alpn="h2,h3" port=443',
      ['h.vu.nl. 60 HTTPS 1 . alpn="h2,h3" port=443'],
      "a quote inside a token (RFC 9460 §2.1)",
    ],
    [
      "in 60 A 192.0.2.1\nA 60 A 192.0.2.2",
      ["in.vu.nl. 60 A 192.0.2.1", "A.vu.nl. 60 A 192.0.2.2"],
      "owners that look like classes and types",
    ],
  ])("%j", (text, records) => {
    expect(readText(text)).toMatchObject({ records, shown: "" });
  });

  test("a layer's default TTL stands in for what was not said, before the SOA's minimum", () => {
    const { records } = readText("@ SOA ns admin 1 2h 15m 2w 5m\nwww A 192.0.2.1", { ttlSecondsDefault: 30 });
    expect(records.map((record) => record.split(" ")[1])).toEqual(["30", "30"]);
  });

  test("line numbers are those of the record's first line", () => {
    expect(readText(`${SOA}\n; x\nwww 60 ( A\n192.0.2.1 )\nftp 60 A 192.0.2.2`).lines).toEqual([1, 4, 6]);
  });
});

describe("$INCLUDE (RFC 1035 §5.1)", () => {
  const files: Record<string, string> = {
    hosts: "www 60 A 192.0.2.1\n$ORIGIN deep\nx A 192.0.2.2\n",
    loop: "$INCLUDE loop\n",
    bad: "www 60 A 192.0.2\n",
  };
  const include = (file: string): MasterSource | { message: string; rule: string; suggestion: string } =>
    files[file] === undefined
      ? { message: `cannot read ${file}`, rule: "", suggestion: "" }
      : { name: file, octets: new TextEncoder().encode(files[file]) };

  test("origin and owner come back after it", () => {
    const { records } = readText("$INCLUDE hosts cs.vu.nl.\nftp 60 A 192.0.2.3\n", { include });
    expect(records).toEqual([
      "www.cs.vu.nl. 60 A 192.0.2.1",
      "x.deep.cs.vu.nl. 60 A 192.0.2.2",
      "ftp.vu.nl. 60 A 192.0.2.3",
    ]);
  });

  test("problems name the included file; a loop ends at depth 10; a missing file is told", () => {
    const { shown } = readText("$INCLUDE bad\n$INCLUDE loop\n$INCLUDE gone\n", { include });
    expect(shown).toContain("bad:1:10: error:");
    expect(shown).toContain("loop:1:1: error: 10 files include each other already");
    expect(shown).toContain("vu.nl.zone:3:10: error: cannot read gone");
  });
});

test("without an origin only absolute names are read, in RDATA too", () => {
  const { records, shown } = readText("a.vu.nl. 60 NS b.vu.nl.\na 60 NS b.vu.nl.\na.vu.nl. 60 NS b\n", {
    origin: null,
  });
  expect(records).toEqual(["a.vu.nl. 60 NS b.vu.nl."]);
  expect(shown.match(/relative/g)).toHaveLength(2);
});

test("the origin may be the root", () => {
  expect(readText("nl 60 NS ns.nl\n", { origin: Name.root }).records).toEqual(["nl. 60 NS ns.nl."]);
});
