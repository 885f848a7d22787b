import { expect, test } from "vitest";
import { AddressError, addressOctets, addressText, formatEndpoint, parseEndpoint, Prefix } from "../../net/index.ts";

test.each([
  ["127.0.0.1", "127.0.0.1:53"],
  ["127.0.0.1:8053", "127.0.0.1:8053"],
  ["127.0.0.1:0", "127.0.0.1:0"],
  ["::1", "[::1]:53"],
  ["[::1]", "[::1]:53"],
  ["[2001:DB8:0::1]:853", "[2001:db8::1]:853"],
  ["[::ffff:192.0.2.1]:53", "[::ffff:192.0.2.1]:53"],
])("%s is the endpoint %s", (text, shown) => {
  expect(formatEndpoint(parseEndpoint(text))).toBe(shown);
});

test.each([
  ["localhost:53", "no address"],
  ["", "no address"],
  [":53", "no address"],
  ["127.0.0.1:", "no port"],
  ["127.0.0.1:65536", "no port"],
  ["127.0.0.1:+1", "no port"],
  ["127.0.0.1:1e2", "no port"],
  ["127.0.0.01", "no address"],
  ["[::1", "no address"],
  ["[::1]53", "no address"],
  ["::1:53:", "no address"],
])("%j is refused: %s", (text, why) => {
  expect(() => parseEndpoint(text)).toThrow(AddressError);
  expect(() => parseEndpoint(text)).toThrow(why);
});

test("the default port is the caller's", () => {
  expect(parseEndpoint("127.0.0.1", 8053).port).toBe(8053);
});

test.each([
  ["127.0.0.0/8", "127.255.0.1", true],
  ["127.0.0.0/8", "128.0.0.1", false],
  ["192.0.2.128/25", "192.0.2.129", true],
  ["192.0.2.128/25", "192.0.2.127", false],
  ["0.0.0.0/0", "203.0.113.9", true],
  ["0.0.0.0/0", "::1", false],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.2", false],
  ["2001:db8::/33", "2001:db8:7fff::1", true],
  ["2001:db8::/33", "2001:db8:8000::1", false],
  ["::1", "::1", true],
  ["127.0.0.0/8", "::ffff:127.0.0.1", true],
  ["127.0.0.0/8", "no address", false],
])("%s and %s: %s", (prefix, address, isContained) => {
  expect(Prefix.parse(prefix).contains(address)).toBe(isContained);
});

test.each([
  ["127.0.0.1/8", "127.0.0.0/8 is meant"],
  ["127.0.0.0/33", "no address prefix"],
  ["127.0.0.0/", "no address prefix"],
  ["127.0.0.0/ 8", "no address prefix"],
  ["localhost", "no address prefix"],
  ["::/129", "no address prefix"],
])("the prefix %j is refused: %s", (text, why) => {
  expect(() => Prefix.parse(text)).toThrow(why);
});

test("addresses and octets", () => {
  expect(addressText(addressOctets("2001:db8::1")!)).toBe("2001:db8::1");
  expect(addressText(addressOctets("192.0.2.1")!)).toBe("192.0.2.1");
  expect(addressOctets("192.0.2")).toBe(null);
  expect(Prefix.parse("2001:db8::/32").toString()).toBe("2001:db8::/32");
});
