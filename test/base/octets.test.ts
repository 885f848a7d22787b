import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compareOctets,
  concatOctets,
  equalOctets,
  fromBase32Hex,
  fromBase64,
  fromHex,
  hexDigit,
  toBase32Hex,
  toBase64,
  toHex,
} from "../../base/index.ts";

const octets = fc.uint8Array({ maxLength: 80 });
const ascii = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

describe("test vectors of RFC 4648 §10", () => {
  test.each([
    ["", "", "", ""],
    ["f", "66", "Zg==", "co"],
    ["fo", "666f", "Zm8=", "cpng"],
    ["foo", "666f6f", "Zm9v", "cpnmu"],
    ["foob", "666f6f62", "Zm9vYg==", "cpnmuog"],
    ["fooba", "666f6f6261", "Zm9vYmE=", "cpnmuoj1"],
    ["foobar", "666f6f626172", "Zm9vYmFy", "cpnmuoj1e8"],
  ])("%j", (text, hex, base64, base32hex) => {
    expect(toHex(ascii(text))).toBe(hex);
    expect(toBase64(ascii(text))).toBe(base64);
    expect(toBase32Hex(ascii(text))).toBe(base32hex);
    expect(fromHex(hex.toUpperCase())).toEqual(ascii(text));
    expect(fromBase64(base64)).toEqual(ascii(text));
    expect(fromBase32Hex(base32hex.toUpperCase())).toEqual(ascii(text));
  });
});

test.each(["0", "0g", "g0", " 00", "0x", "é0", "00\n"])("%j is no hexadecimal", (text) => {
  expect(fromHex(text)).toBeNull();
});

test.each(["Zg", "Zg=", "Zh==", "Zg==Zg==", "Z", "Zm9v\n", "Zm 9v", "Zm9_", "=", "é"])("%j is no base64", (text) => {
  expect(fromBase64(text)).toBeNull();
});

test.each(["c", "cp", "cpn", "cpnmuo", "w0", "co=", "c o"])("%j is no base32hex", (text) => {
  // One, three or six digits never end an octet; other texts here have pad bits that are not zero or foreign characters.
  expect(fromBase32Hex(text)).toBeNull();
});

test("each form gives any octets back", () => {
  fc.assert(
    fc.property(octets, (any) => {
      expect(fromHex(toHex(any))).toEqual(any);
      expect(fromBase64(toBase64(any))).toEqual(any);
      expect(fromBase32Hex(toBase32Hex(any))).toEqual(any);
    }),
  );
});

test("no two texts of one form mean the same but for case", () => {
  const text = fc.string({ unit: fc.constantFrom(..."0aAfFgvVwW+/=Z9 "), maxLength: 12 });
  fc.assert(
    fc.property(text, (any) => {
      const hex = fromHex(any);
      if (hex !== null) expect(toHex(hex)).toBe(any.toLowerCase());
      const base64 = fromBase64(any);
      if (base64 !== null) expect(toBase64(base64)).toBe(any);
      const base32hex = fromBase32Hex(any);
      if (base32hex !== null) expect(toBase32Hex(base32hex)).toBe(any.toLowerCase());
    }),
    { numRuns: 2000 },
  );
});

test("a hexadecimal digit is 0 to 9 and a to f in either case, and nothing else", () => {
  for (let code = 0; code < 0x100; code++) {
    const value = "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase());
    expect(hexDigit(code)).toBe(value);
  }
});

describe("order and equality", () => {
  test.each([
    ["", "", 0],
    ["", "00", -1],
    ["00", "0000", -1],
    ["01", "0000", 1],
    ["7f", "80", -1],
    ["ff", "ff", 0],
  ])("%j against %j", (a, b, sign) => {
    const one = fromHex(a)!;
    const other = fromHex(b)!;
    expect(Math.sign(compareOctets(one, other))).toBe(sign);
    expect(equalOctets(one, other)).toBe(sign === 0);
  });

  test("is Buffer's order", () => {
    fc.assert(
      fc.property(octets, octets, (a, b) => {
        expect(Math.sign(compareOctets(a, b))).toBe(Buffer.compare(a, b));
      }),
    );
  });
});

test("parts are joined into octets of their own", () => {
  const part = Uint8Array.of(1, 2);
  const whole = concatOctets([part, new Uint8Array(0), Uint8Array.of(3)]);
  part.fill(0);
  expect([...whole]).toEqual([1, 2, 3]);
  expect(concatOctets([])).toEqual(new Uint8Array(0));
});
