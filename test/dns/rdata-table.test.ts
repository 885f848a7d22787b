import { describe, expect, test } from "vitest";
import { toHex } from "../../base/index.ts";
import { Name, rdataType, rdataTypes, tokenize, typeFromText } from "../../dns/index.ts";
import { RDATA_ROWS } from "../support/rdata-table.ts";

const origin = Name.parse("example.");

function typeOf(mnemonic: string) {
  return rdataType(typeFromText(mnemonic) ?? -1);
}

describe("each record of the table", () => {
  test.each(RDATA_ROWS)("$type $text ($rule)", ({ type, text, written }) => {
    const rdata = typeOf(type);
    const octets = rdata.parse(tokenize(text, origin));
    expect(() => rdata.check(octets)).not.toThrow();
    expect(rdata.format(octets)).toBe(written);
    expect(rdata.parse(tokenize(written))).toEqual(octets);
    expect(rdata.parse(tokenize(`\\# ${octets.length} ${toHex(octets)}`))).toEqual(octets);
    expect(rdata.fromData(rdata.toData(octets))).toEqual(octets);
  });

  test("names every declared type that is in use", () => {
    const tried = new Set(RDATA_ROWS.map((row) => typeFromText(row.type)));
    const old = ["MD", "MF", "MB", "MG", "MR"];
    const untried = rdataTypes().filter((rdata) => !tried.has(rdata.type) && !old.includes(rdata.mnemonic));
    expect(untried.map((rdata) => rdata.mnemonic)).toEqual([]);
  });

  test("each declared type has its number's mnemonic", () => {
    for (const rdata of rdataTypes()) expect(typeFromText(rdata.mnemonic)).toBe(rdata.type);
  });
});

/** Wire format as the RFCs print it. */
test.each([
  ["LOC", "42 21 54 N 71 06 18 W -24m 30m", "00331613 8917 2dd0 70be 15f0 0098 8d20", "RFC 1876 §2"],
  ["APL", "1:192.168.32.0/21 !1:192.168.38.0/28", "0001 15 03 c0a820 0001 1c 83 c0a826", "RFC 3123 §4"],
  [
    "NSEC",
    "host.example.com. A MX RRSIG NSEC TYPE1234",
    `04686f7374076578616d706c6503636f6d00 0006400100000003 041b${"00".repeat(26)}20`,
    "RFC 4034 §4.3",
  ],
  ["CSYNC", "66 3 A NS AAAA", "00000042 0003 0004 60000008", "RFC 7477 §2.1"],
  ["EUI48", "00-00-5e-00-53-2a", "00005e00532a", "RFC 7043 §3.1"],
  ["CAA", '0 issue "ca.example.net"', "00 05 6973737565 63612e6578616d706c652e6e6574", "RFC 8659 §4.1"],
  [
    "SVCB",
    "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
    "001003666f6f076578616d706c65036f72670000000004000100040001000902683205 68332d313900040004c0000201",
    "RFC 9460 D.2",
  ],
  [
    "SVCB",
    "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
    "001003666f6f076578616d706c65036f726700 0001000c08665c6f6f2c626172026832",
    "RFC 9460 D.2",
  ],
  [
    "DHCID",
    "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
    "000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40",
    "RFC 4701 §3.6",
  ],
  ["IPSECKEY", "10 1 2 192.0.2.38 AQID", "0a 01 02 c0000226 010203", "RFC 4025 §2.1"],
  ["NSEC3PARAM", "1 0 12 aabbccdd", "01 00 000c 04 aabbccdd", "RFC 5155 §4.2"],
])("%s %s is %s on the wire (%s)", (type, text, hex) => {
  expect(toHex(typeOf(type).parse(tokenize(text)))).toBe(hex.replaceAll(" ", ""));
});
