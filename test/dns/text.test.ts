import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeAt, Name, parseName, TextError, tokenize, tokenText, unescape } from "../../dns/index.ts";

function tokensOf(text: string) {
  const tokens = tokenize(text);
  const list = [];
  for (let token = tokens.next(); token !== null; token = tokens.next()) list.push(token);
  return list;
}

describe("tokens (RFC 1035 §5.1)", () => {
  test.each([
    ["", []],
    ["  a\tb \n c\r\n", ["a", "b", "c"]],
    ["a ( b ; a comment )\n c )", ["a", "b", "c"]],
    ["a(b)c", ["a", "b", "c"]],
    ['a "b c" d', ["a", "b c", "d"]],
    ['"a""b"', ["a", "b"]],
    ['a"b"c', ["a", "b", "c"]],
    ['""', [""]],
    ['"a;b(c)"', ["a;b(c)"]],
    ['"a\\"b"', ['a\\"b']],
    ["a\\ b\\;c\\(d", ["a\\ b\\;c\\(d"]],
    ["a\\\\ b", ["a\\\\", "b"]],
    ['alpn="h2 ;h3" b', ['alpn="h2 ;h3"', "b"]],
    ['a="b\\"c" d', ['a="b\\"c"', "d"]],
    ["a;b", ["a"]],
    ["a\\\nb", ["a\\", "b"]],
  ])("%j are %j", (text, expected) => {
    expect(tokensOf(text).map(tokenText)).toEqual(expected);
  });

  test("each says where it stands, quotes included", () => {
    expect(tokensOf('ab "c d" e').map(({ quoted, start, end }) => ({ quoted, start, end }))).toEqual([
      { quoted: false, start: 0, end: 2 },
      { quoted: true, start: 3, end: 8 },
      { quoted: false, start: 9, end: 10 },
    ]);
  });

  test.each(['"a', 'a "b\n"', 'key="a', '"a\\"'])("%j has a quote that is not closed", (text) => {
    expect(() => tokenize(text)).toThrow(TextError);
    expect(() => tokenize(text)).toThrow("is not closed");
  });

  test("octets above 0x7f are UTF-8", () => {
    expect([...tokensOf("é")[0]!.octets]).toEqual([0xc3, 0xa9]);
  });

  test("an error without a token is at the end", () => {
    const tokens = tokenize("ab cd ");
    expect(tokens.error(null, "x")).toMatchObject({ start: 5, end: 5, code: "BAD_TEXT" });
    expect(tokens.error(tokens.peek(), "x")).toMatchObject({ start: 0, end: 2, column: 1 });
  });

  test("any text either gives tokens or a TextError, and no octet of a token is lost", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab"\\;() \n=0') }), (text) => {
        try {
          for (const { quoted, octets, start, end } of tokensOf(text)) {
            expect(end - start).toBe(octets.length + (quoted ? 2 : 0));
          }
        } catch (error) {
          if (!(error instanceof TextError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("escapes (RFC 1035 §5.1)", () => {
  test.each([
    ["abc", "abc"],
    ["a\\.b", "a.b"],
    ["\\065\\066", "AB"],
    ["\\000\\255", "\u0000ÿ"],
    ["\\\\", "\\"],
    ["\\x", "x"],
    ["\\0650", "A0"],
  ])("%j stands for %j", (text, meant) => {
    expect(Buffer.from(unescape(tokensOf(text)[0]!)).toString("latin1")).toBe(meant);
  });

  test.each([
    ["a\\1", 1],
    ["ab\\12x", 2],
    ["abc\\256", 3],
    ["\\999", 0],
    ["a\\", 1],
    ['"a\\1"', 2],
  ])("%j is refused where its backslash stands", (text, start) => {
    expect(() => unescape(tokensOf(text)[0]!)).toThrow(expect.objectContaining({ code: "BAD_TEXT", start }));
  });

  test("say how many octets follow the backslash", () => {
    const at = (text: string) => escapeAt(Buffer.from(text), 0);
    expect(at("\\x")).toBe(0x100 | 0x78);
    expect(at("\\255")).toBe(0x300 | 255);
    expect(at("\\25")).toBe(-1);
  });
});

describe("names as tokens", () => {
  const origin = Name.parse("Example.");
  test.each([
    ["a", "a.Example."],
    ["a.", "a."],
    ["@", "Example."],
    [".", "."],
    ["\\@", "\\@.Example."],
    ["a\\.b", "a\\.b.Example."],
  ])("%s is %s", (text, name) => {
    expect(parseName(tokensOf(text)[0]!, origin).toString()).toBe(name);
  });

  test("say where they go wrong", () => {
    expect(() => parseName(tokensOf("  ab..c")[0]!, origin)).toThrow(
      expect.objectContaining({ code: "BAD_TEXT", start: 5, end: 7 }),
    );
    expect(() => parseName(tokensOf('"a."')[0]!, origin)).toThrow("without quotes");
  });
});
