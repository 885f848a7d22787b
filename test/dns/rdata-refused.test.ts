import { expect, test } from "vitest";
import { fromHex } from "../../base/index.ts";
import { DataError, rdataType, TextError, tokenize, typeFromText, WireError } from "../../dns/index.ts";

function typeOf(mnemonic: string) {
  return rdataType(typeFromText(mnemonic) ?? -1);
}

/** Presentation format that is refused; the message says what would be right. */
test.each([
  ["A", "1.2.3", "IPv4 address such as", "RFC 1035 §3.4.1"],
  ["A", "01.2.3.4", "IPv4 address such as", "a leading zero is octal to some"],
  ["A", "1.2.3.256", "IPv4 address such as", "RFC 1035 §3.4.1"],
  ["A", "1.2.3.4 5", "nothing stands after", "one address a record"],
  ["A", "", "the record ends", "RFC 1035 §3.4.1"],
  ["A", "\\# 5 0102030405", "longer than its fields", "RFC 3597 §5"],
  ["A", "\\# 4 010203", "the length says 4 octets, but the digits give 3", "RFC 3597 §5"],
  ["A", "\\# 4 0102030g", "pairs of hexadecimal digits", "RFC 3597 §5"],
  ["TYPE731", "abc", "\\# LENGTH HEX", "RFC 3597 §5"],
  ["TYPE731", "\\# 65536 00", "0 to 65535", "RFC 1035 §3.2.1"],
  ["AAAA", "fe80::1%eth0", "IPv6 address such as", "RFC 4291 §2.2"],
  ["AAAA", "1::2::3", "IPv6 address such as", "RFC 4291 §2.2"],
  ["AAAA", "1:2:3:4:5:6:7:8::", "IPv6 address such as", "RFC 4291 §2.2"],
  ["AAAA", ":::", "IPv6 address such as", "RFC 4291 §2.2"],
  ["AAAA", "12345::", "IPv6 address such as", "RFC 4291 §2.2"],
  ["AAAA", "::1.2.3", "IPv6 address such as", "RFC 4291 §2.2"],
  ["NS", "a..b.", "a label cannot be empty", "RFC 1035 §2.3.1"],
  ["NS", `${"a".repeat(64)}.`, "63 is the most", "RFC 1035 §2.3.4"],
  ["NS", '"a.b."', "without quotes", "RFC 1035 §5.1"],
  ["NS", "a\\300.", "000 to 255", "RFC 1035 §5.1"],
  ["MX", "70000 a.", "0 to 65535", "RFC 1035 §3.3.9"],
  ["MX", "-1 a.", "0 to 65535", "RFC 1035 §3.3.9"],
  ["MX", "10", "exchange is wanted", "RFC 1035 §3.3.9"],
  ["SOA", "a. b. 1 1x 1 1 1", "with units", "units are w d h m s"],
  ["SOA", "a. b. 1 1h2 1 1 1", "with units", "a number after a unit needs its own"],
  ["SOA", "a. b. 1 4294967296 1 1 1", "with units", "32 bits"],
  ["TXT", "", "character-string", "RFC 1035 §3.3.14"],
  ["TXT", `"${"x".repeat(256)}"`, "split it", "RFC 1035 §3.3"],
  ["TXT", "a\\25", "three decimal digits", "RFC 1035 §5.1"],
  ["TXT", "a\\256", "three decimal digits", "RFC 1035 §5.1"],
  ["TXT", "a\\", "a backslash stands before", "RFC 1035 §5.1"],
  ["HINFO", "PC", "os is wanted", "RFC 1035 §3.3.2"],
  ["LOC", "91 N 5 W 0m", "latitude", "RFC 1876 §3"],
  ["LOC", "90 0 0.001 N 5 W 0m", "over 90 degrees", "RFC 1876 §3"],
  ["LOC", "1 60 N 5 W 0m", "latitude", "RFC 1876 §3"],
  ["LOC", "1 1 1 1 N 5 W 0m", "latitude", "RFC 1876 §3"],
  ["LOC", "1 N 5 W", "altitude is wanted", "RFC 1876 §3"],
  ["LOC", "1 E 5 W 0m", "with N or S", "RFC 1876 §3"],
  ["LOC", "1 N 5 W 42849672.96m", "altitude", "RFC 1876 §3"],
  ["LOC", "1 N 5 W -100000.01m", "altitude", "RFC 1876 §3"],
  ["LOC", "1 N 5 W 0 90000001m", "size", "RFC 1876 §3"],
  ["LOC", "1 N 5 W 1.234m", "two decimals", "RFC 1876 §3"],
  ["APL", "1:1.2.3.4/33", "[!]FAMILY:ADDRESS/PREFIX", "RFC 3123 §4.1"],
  ["APL", "3:1.2.3.4/3", "[!]FAMILY:ADDRESS/PREFIX", "RFC 3123 §5"],
  ["APL", "1:1.2.3.4", "[!]FAMILY:ADDRESS/PREFIX", "RFC 3123 §5"],
  ["DS", "1 8 2 00", "has 32, that is 64 hexadecimal digits", "RFC 4509 §2.2"],
  ["DS", "1 RSASHA255 2 00", "a mnemonic such as RSASHA256", "RFC 4034 §5.3"],
  ["DS", "1 8 2", "digest is wanted", "RFC 4034 §5.3"],
  ["DS", "1 8 99 0", "pairs of hexadecimal digits", "RFC 4034 §5.3"],
  ["SSHFP", "1 1 00", "hash type 1 has 20", "RFC 4255 §3.1.2"],
  ["IPSECKEY", "10 4 0 . AA==", "a gateway type from 0", "RFC 4025 §2.3"],
  ["IPSECKEY", "10 0 0 a. AA==", "the IPSECKEY gateway is . when", "RFC 4025 §2.5"],
  ["IPSECKEY", "10 1 0 ::1 AA==", "IPv4 address", "RFC 4025 §2.5"],
  ["RRSIG", "A 8 2 300 20231301000000 1 1 a. AA==", "YYYYMMDDHHmmSS", "RFC 4034 §3.2: month 13"],
  ["RRSIG", "A 8 2 300 20230229000000 1 1 a. AA==", "YYYYMMDDHHmmSS", "RFC 4034 §3.2: no leap year"],
  ["RRSIG", "A 8 2 300 4294967296 1 1 a. AA==", "YYYYMMDDHHmmSS", "RFC 4034 §3.2: 32 bits"],
  ["RRSIG", "A 8 2 300 21060207062816 1 1 a. AA==", "YYYYMMDDHHmmSS", "RFC 4034 §3.2: 32 bits"],
  ["RRSIG", "FOO 8 2 300 1 1 1 a. AA==", "is no record type", "RFC 4034 §3.2"],
  ["RRSIG", "A 8 2 300 1 1 1 a. AQI", "base64", "RFC 4648 §4: padding"],
  ["RRSIG", "A 8 2 300 1 1 1 a. AQJ=", "base64", "RFC 4648 §3.5: pad bits"],
  ["NSEC", "a.", "rrtypes is wanted", "RFC 4034 §4.1.2"],
  ["NSEC", "a. A FOO", "is no record type", "RFC 4034 §4.2"],
  ["NSEC3", "1 0 0 - !", "base32hex", "RFC 5155 §3.3"],
  ["NSEC3", "1 0 0 a 00", "hexadecimal", "RFC 5155 §3.3"],
  ["ZONEMD", "1 1 240 00", "12 octets", "RFC 8976 §2.2.4"],
  ["ZONEMD", `1 1 1 ${"00".repeat(47)}`, "has 48", "RFC 8976 §2.2.3"],
  ["EUI48", "00:00:5e:00:53:2a", "hyphens", "RFC 7043 §3.2"],
  ["EUI48", "0-00-5e-00-53-2a", "hyphens", "RFC 7043 §3.2"],
  ["CAA", '0 iss-ue "x"', "letters and digits", "RFC 8659 §4.1"],
  ["CAA", '256 issue "x"', "0 to 255", "RFC 8659 §4.1"],
  ["CAA", "0 issue", "value is wanted", "RFC 8659 §4.1"],
  ["SVCB", "1 foo. key123=abc key123=def", "twice", "RFC 9460 D.3"],
  ["SVCB", "1 foo. mandatory", "keys that a client must understand", "RFC 9460 D.3"],
  ["SVCB", "1 foo. alpn", "protocol identifiers", "RFC 9460 D.3"],
  ["SVCB", "1 foo. port", "0 to 65535", "RFC 9460 D.3"],
  ["SVCB", "1 foo. ipv4hint", "IPv4 addresses", "RFC 9460 D.3"],
  ["SVCB", "1 foo. ipv6hint", "IPv6 addresses", "RFC 9460 D.3"],
  ["SVCB", "1 foo. no-default-alpn=abc", "no value at all", "RFC 9460 D.3"],
  ["SVCB", "1 foo. mandatory=key123", "mandatory but is not given", "RFC 9460 D.3"],
  ["SVCB", "1 foo. mandatory=mandatory", "keys that a client must understand", "RFC 9460 D.3"],
  ["SVCB", "1 foo. mandatory=key123,key123 key123=abc", "keys that a client must understand", "RFC 9460 D.3"],
  ["SVCB", "1 foo. no-default-alpn", "unless alpn is given", "RFC 9460 §7.1.1"],
  ["SVCB", "1 foo. ALPN=h2", "in lower case", "RFC 9460 §2.1"],
  ["SVCB", "1 foo. key0667=a", "is no service parameter", "RFC 9460 §2.1: leading zero"],
  ["SVCB", "1 foo. key65536=a", "is no service parameter", "RFC 9460 §2.1"],
  ["SVCB", '1 foo. "alpn=h2"', "around the value alone", "RFC 9460 §2.1"],
  ["SVCB", '1 foo. alpn="h2"x', "right after the quotes", "RFC 9460 §2.1"],
  ["SVCB", "1 foo. alpn=h2,", "protocol identifiers", "RFC 9460 §7.1.1"],
  ["SVCB", "1 foo. key1=h2", "as alpn these octets are wrong", "RFC 9460 §7.1.1"],
  ["SVCB", "1 foo. ech=", "base64", "RFC 9848"],
])("%s %s: %s (%s)", (type, text, message) => {
  const read = () => typeOf(type).parse(tokenize(text));
  expect(read).toThrow(TextError);
  expect(read).toThrow(message);
});

test("an error says where in the text it is", () => {
  const read = () => typeOf("MX").parse(tokenize("10 a..b."));
  expect(read).toThrow(expect.objectContaining({ start: 5, end: 8, column: 6 }));
});

/** RDATA that are refused, as hexadecimal. */
test.each([
  ["A", "010203", "RDLENGTH 3"],
  ["A", "0102030405", "RDLENGTH 5"],
  ["NS", "0161", "no root label"],
  ["NS", "016100 00", "an octet after the name"],
  ["NS", "4161 00", "label type 0x40"],
  ["NS", "81 61 00", "label type 0x80"],
  ["NS", "c00c", "a pointer in RDATA that are not in a message"],
  ["MX", "000a", "no exchange"],
  ["TXT", "", "no string at all (RFC 1035 §3.3.14)"],
  ["TXT", "0261", "a string that is cut off"],
  ["HINFO", "0161", "one string"],
  ["SOA", `00 00 ${"00".repeat(19)}`, "a timer that is cut off"],
  ["NSEC", "00 0000", "a window of no octets (RFC 4034 §4.1.2)"],
  ["NSEC", `00 0021 ${"01".repeat(33)}`, "a window of 33 octets"],
  ["NSEC", "00 000100", "a trailing zero octet"],
  ["NSEC", "00 010101 000101", "windows that fall"],
  ["NSEC", "00 000101 000101", "a window twice"],
  ["NSEC", "00 0002 01", "a window that is cut off"],
  ["NSEC3", "01 00 0001 01", "a salt that is cut off"],
  ["APL", "0001 21 00", "prefix 33 (RFC 3123 §4.1)"],
  ["APL", "0001 08 05 0102030405", "five octets of IPv4"],
  ["APL", "0001 10 02 0100", "trailing zeros (RFC 3123 §4)"],
  ["APL", "0001 08", "a header that is cut off"],
  ["LOC", "00", "one octet"],
  ["LOC", "00a01613 80000000 80000000 00989680", "a size of ten (RFC 1876 §2)"],
  ["LOC", "00121613 ffffffff 80000000 00989680", "beyond the pole"],
  ["CAA", "00 00", "no tag"],
  ["IPSECKEY", "0a 01 02 c00002", "half an address"],
  ["SVCB", "0001 00 0001", "a parameter that is cut off (RFC 9460 §2.2)"],
  ["SVCB", "0001 00 0003 0002 0035 0001 0003 026832", "keys that fall (RFC 9460 §2.2)"],
  ["SVCB", "0001 00 0003 0002 0035 0003 0002 0035", "a key twice"],
  ["SVCB", "0001 00 0003 0001 35", "a port of one octet"],
  ["SVCB", "0001 00 0001 0000", "an empty alpn"],
  ["SVCB", "0001 00 0001 0002 0368", "an identifier that is cut off"],
  ["SVCB", "0001 00 0000 0002 0003", "a mandatory key that is not there (RFC 9460 §8)"],
  ["SVCB", "0001 00 0000 0002 0000", "mandatory that lists itself"],
  ["SVCB", "0001 00 0004 0003 010203", "three octets of hint"],
  ["SVCB", "0001 00 0002 0001 01", "a flag with a value"],
])("RDATA of %s %s are refused: %s", (type, hex) => {
  const octets = fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array(0);
  expect(() => typeOf(type).check(octets)).toThrow(WireError);
});

/** RDATA that no text of their own can say, but that must not hide the message they come in. */
test.each([
  ["DS", "0001 08 02 00", "a digest of the wrong length"],
  ["DNSKEY", "0100 03 08", "no key"],
  ["DNSKEY", "0100 04 08 01", "protocol 4, which dns-packet throws at"],
  ["IPSECKEY", "0a 07 02 010203", "gateway type 7"],
  ["APL", "0007 08 02 0102", "address family 7"],
  ["LOC", "01 02", "version 1"],
  ["LOC", "00121603 80000000 80000000 00989680", "a length of zero thousands"],
  ["CAA", "00 02 2d2d", "a tag of hyphens"],
  ["NSEC", "00", "no types"],
  ["SVCB", "0001 00 0002 0000", "no-default-alpn without alpn"],
  ["ZONEMD", "00000001 01 01 00", "a digest of one octet"],
])("RDATA of %s %s get through and read back: %s", (type, hex) => {
  const octets = fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array(0);
  const rdata = typeOf(type);
  rdata.check(octets);
  expect(rdata.parse(tokenize(rdata.format(octets)))).toEqual(octets);
  expect(rdata.fromData(rdata.toData(octets))).toEqual(octets);
});

test.each([
  ["A", 7, "A: an IPv4 address such as 192.0.2.1 is wanted, not 7"],
  ["A", "::1", 'not "::1"'],
  ["MX", "a", "MX: an object with preference, exchange is wanted"],
  ["MX", { preference: "1", exchange: "a" }, "MX preference: a number from 0 to 65535"],
  ["MX", { preference: 1 }, "MX exchange: a domain name is wanted"],
  ["MX", { preference: 1, exchange: "a..b" }, "is no domain name"],
  ["TXT", [], "one character-string at least"],
  ["TXT", ["x".repeat(256)], "255 octets"],
  ["NSEC", { nextDomain: "a", rrtypes: ["FOO"] }, "NSEC rrtypes: a record type"],
  ["DNSKEY", { flags: 256, algorithm: 8, key: "x" }, "octets (a Buffer or Uint8Array)"],
  ["SVCB", { priority: 1, target: ".", params: { foo: 1 } }, "is no service parameter key"],
  ["SVCB", { priority: 1, target: ".", params: { mandatory: ["port"] } }, "mandatory but is not given"],
  ["LOC", { latitude: 91, longitude: 0 }, "a place on earth"],
  ["TYPE731", "x", "octets are wanted"],
])("data of %s %j are refused", (type, data, message) => {
  const encode = () => typeOf(type).fromData(data);
  expect(encode).toThrow(DataError);
  expect(encode).toThrow(message);
});
