import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatName, Name, NameError, nameLength } from "../../dns/index.ts";

const name = (text: string) => Name.parse(text);
const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
const anyName = fc.array(label, { maxLength: 6 }).map((labels) => Name.fromLabels(labels));

describe("presentation format (RFC 1035 §5.1, RFC 4343 §2.1)", () => {
  test.each([
    [".", "."],
    ["a.b.", "a.b."],
    ["a.b", "a.b."],
    ["A.b.", "A.b."],
    ["a\\.b.c.", "a\\.b.c."],
    ["\\097.", "a."],
    ["\\000.", "\\000."],
    ["\\032.", "\\032."],
    ["\\255.", "\\255."],
    ["\\\\.", "\\\\."],
    ["a\\ b.", "a\\032b."],
    ['\\"\\;\\(\\)\\@\\$.', '\\"\\;\\(\\)\\@\\$.'],
    ["*.a.", "*.a."],
    ["_sip._udp.", "_sip._udp."],
  ])("%s is written %s", (text, written) => {
    expect(name(text).toString()).toBe(written);
  });

  test.each([
    ["", "cannot be empty", 0],
    ["a..b", "a label cannot be empty", 2],
    [".a", "a label cannot be empty", 0],
    ["..", "a label cannot be empty", 0],
    ["a\\", "a backslash needs", 1],
    ["a\\25.", "is no octet", 1],
    ["a\\256.", "is no octet", 1],
    [`${"a".repeat(64)}.`, "63 is the most", 64],
    ["€.", "A-labels", 0],
  ])("%j is refused", (text, message, at) => {
    expect(() => name(text)).toThrow(NameError);
    expect(() => name(text)).toThrow(expect.objectContaining({ at, message: expect.stringContaining(message) }));
  });

  test("reads back whatever octets it has", () => {
    fc.assert(
      fc.property(anyName, (any) => {
        expect(name(any.toString()).octets).toEqual(any.octets);
      }),
    );
  });

  test("relative names take the origin, absolute ones do not", () => {
    const origin = name("example.");
    expect(Name.parse("a", origin).toString()).toBe("a.example.");
    expect(Name.parse("a.", origin).toString()).toBe("a.");
    expect(Name.parse("@", origin)).toBe(origin);
  });
});

describe("lengths (RFC 1035 §2.3.4)", () => {
  const labels = (count: number, octets: number) => `${"a".repeat(octets)}.`.repeat(count);

  test("63 octets a label and 255 a name are the most", () => {
    expect(name(labels(3, 63) + labels(1, 61)).octets.length).toBe(255);
    expect(() => name(labels(3, 63) + labels(1, 62))).toThrow("longer than 255");
    expect(() => Name.parse("a".repeat(61), name(labels(3, 63) + "b."))).toThrow("once");
    expect(name(labels(127, 1)).labelCount).toBe(127);
    expect(() => name(labels(128, 1))).toThrow("longer than 255");
  });

  test("a child that would be too long is refused, a replaced suffix gives null", () => {
    const long = name(labels(3, 63) + labels(1, 61));
    expect(() => long.child(Uint8Array.of(0x61))).toThrow(NameError);
    expect(name("a.b.").rebase(name("b."), long)).toBeNull();
  });
});

describe("wire format", () => {
  test.each([
    ["", "ends before"],
    ["01", "ends before"],
    ["0161", "ends before"],
    ["4061", "length octet 64"],
    ["c00c", "length octet 192"],
    [`${`3f${"61".repeat(63)}`.repeat(4)}00`, "longer than 255"],
  ])("%s is refused", (hex, message) => {
    expect(() => Name.fromWire(Buffer.from(hex, "hex"))).toThrow(message);
  });

  test("is copied, from anywhere", () => {
    const octets = Buffer.from("ffff016100ff", "hex");
    const read = Name.fromWire(octets, 2);
    octets.fill(0);
    expect(read.toString()).toBe("a.");
    expect(nameLength(Buffer.from("ff016100", "hex"), 1)).toBe(3);
    expect(formatName(Buffer.from("ff016100", "hex"), 1)).toBe("a.");
  });

  test("labels give the name back", () => {
    fc.assert(
      fc.property(anyName, (any) => {
        expect(Name.fromLabels(any.labels).equals(any)).toBe(true);
      }),
    );
    expect(() => Name.fromLabels([new Uint8Array(0)])).toThrow(NameError);
    expect(() => Name.fromLabels([new Uint8Array(64)])).toThrow(NameError);
  });
});

describe("comparison", () => {
  test("ignores the case of ASCII letters only (RFC 4343 §3)", () => {
    expect(name("WWW.Example.").equals(name("www.eXAMPLE."))).toBe(true);
    expect(name("WWW.Example.").key).toBe(name("www.example.").key);
    expect(name("\\196.").equals(name("\\228."))).toBe(false);
    expect(name("[.").equals(name("{."))).toBe(false);
    expect(name("a\\.b.").equals(name("a.b."))).toBe(false);
    expect(name("a\\.b.").key).not.toBe(name("a.b.").key);
    expect(name("WWW.").toLowerCase().toString()).toBe("www.");
  });

  test("canonical order (RFC 4034 §6.1)", () => {
    const ordered = [
      "example.",
      "a.example.",
      "yljkjljk.a.example.",
      "Z.a.example.",
      "zABC.a.EXAMPLE.",
      "z.example.",
      "\\001.z.example.",
      "*.z.example.",
      "\\200.z.example.",
    ];
    const names = ordered.map(name);
    const shuffled = [...names].reverse().sort((a, b) => a.compare(b));
    expect(shuffled.map(String)).toEqual(names.map(String));
  });

  test("order is total and agrees with equality", () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(Math.sign(a.compare(b)) + Math.sign(b.compare(a))).toBe(0);
        expect(a.compare(b) === 0).toBe(a.equals(b));
        expect(a.equals(b)).toBe(a.key === b.key);
      }),
    );
  });

  test("a suffix is whole labels", () => {
    expect(name("a.example.").isAtOrBelow(name("EXAMPLE."))).toBe(true);
    expect(name("example.").isAtOrBelow(name("example."))).toBe(true);
    expect(name("example.").isBelow(name("example."))).toBe(false);
    expect(name("a.example.").isBelow(Name.root)).toBe(true);
    expect(name("notexample.").isAtOrBelow(name("example."))).toBe(false);
    // The octets of the suffix are there, but inside a label.
    expect(name("a\\007example.").isAtOrBelow(name("example."))).toBe(false);
  });
});

describe("the tree", () => {
  test("parents and ancestors", () => {
    expect(name("a.b.c.").parent()?.toString()).toBe("b.c.");
    expect(name("c.").parent()?.isRoot).toBe(true);
    expect(Name.root.parent()).toBeNull();
    expect(name("a.b.c.").ancestor(1).toString()).toBe("c.");
    expect(name("a.b.c.").ancestor(0).isRoot).toBe(true);
    expect(() => name("a.").ancestor(2)).toThrow();
    expect(name("a.b.C.").sharedLabels(name("x.b.c."))).toBe(2);
    expect(name("a.").sharedLabels(name("b."))).toBe(0);
  });

  test("wildcards (RFC 4592 §2.1.1)", () => {
    expect(name("b.").wildcard().toString()).toBe("*.b.");
    expect(name("*.b.").isWildcard).toBe(true);
    expect(name("\\042.b.").isWildcard).toBe(true);
    expect(name("**.b.").isWildcard).toBe(false);
    expect(name("a.*.b.").isWildcard).toBe(false);
  });

  test("a DNAME replaces the suffix (RFC 6672 §2.2)", () => {
    expect(name("x.y.A.example.").rebase(name("a.example."), name("b.net."))?.toString()).toBe("x.y.b.net.");
    expect(name("x.a.").rebase(name("a."), Name.root)?.toString()).toBe("x.");
    expect(() => name("x.b.").rebase(name("a."), Name.root)).toThrow();
  });
});

test("a look-alike is no name", () => {
  expect(JSON.stringify({ name: name("a.b.") })).toBe('{"name":"a.b."}');
});
