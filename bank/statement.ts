/**
 * A statement of an account, as text to read, as CSV (RFC 4180) and as OFX 2.1.1 (XML; §11.4.2, the bank statement response). What others
 * wrote into references is written so that neither a terminal, nor a spreadsheet, nor an XML parser takes it for anything but text.
 */
import type { Account } from "./account.ts";
import { formatDate, formatTime } from "./calendar.ts";
import type { Reason } from "./command.ts";
import { formatAmount } from "./money.ts";
import type { Line } from "./store.ts";

export interface Statement {
  /** The bank's name. */
  readonly bank: string;
  readonly account: Pick<Account, "id" | "kind" | "currency">;
  /** Days since 1970-01-01 UTC, both included. */
  readonly fromDay: number;
  readonly toDay: number;
  /** Before the first line and after the last. */
  readonly opening: bigint;
  readonly closing: bigint;
  readonly lines: readonly Line[];
  readonly madeAtMilliseconds: number;
}

export const STATEMENT_FORMATS = ["text", "csv", "ofx"] as const;
export type StatementFormat = (typeof STATEMENT_FORMATS)[number];

/** For a Content-Type. */
export const STATEMENT_TYPES: Readonly<Record<StatementFormat, string>> = {
  text: "text/plain; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
  ofx: "application/x-ofx",
};

/** What was only held is left out: it did not move. */
export function formatStatement(given: Statement, format: StatementFormat): string {
  const statement = { ...given, lines: given.lines.filter(({ moved }) => moved !== 0n) };
  switch (format) {
    case "text":
      return asText(statement);
    case "csv":
      return asCsv(statement);
    case "ofx":
      return asOfx(statement);
  }
}

function asText(statement: Statement): string {
  const { bank, account, fromDay, toDay, opening, closing, lines } = statement;
  const amount = (value: bigint): string => formatAmount(value, account.currency);
  const rows = lines.map(({ entry, moved, balance }) => {
    const { atMilliseconds, reason, reference } = entry;
    return [
      formatTime(atMilliseconds).slice(0, 16).replace("T", " "),
      moved > 0n ? `+${amount(moved)}` : amount(moved),
      amount(balance),
      reason,
      onOneLine(reference),
    ];
  });
  const title = `${onOneLine(bank)}  account ${account.id}  ${account.currency}`;
  const period = `${formatDate(fromDay)} to ${formatDate(toDay)} (UTC)`;
  const table = [
    ["", "", amount(opening), "balance before", ""],
    ...rows,
    ["", "", amount(closing), "balance after", ""],
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const laidOut = table.map(([time, moved, balance, reason, reference]) =>
    [
      time!.padEnd(widths[0]!),
      moved!.padStart(widths[1]!),
      balance!.padStart(widths[2]!),
      reason!.padEnd(widths[3]!),
      reference!,
    ]
      .join("  ")
      .trimEnd(),
  );
  return `${[title, period, "", ...laidOut].join("\n")}\n`;
}

function asCsv({ account, lines }: Statement): string {
  const head = ["time", "entry", "reason", "reference", "amount", "balance", "currency", "key"];
  const rows = lines.map(({ entry, moved, balance }) => [
    formatTime(entry.atMilliseconds),
    String(entry.number),
    entry.reason,
    csvText(entry.reference),
    formatAmount(moved, account.currency),
    formatAmount(balance, account.currency),
    account.currency,
    csvText(entry.key),
  ]);
  return [head, ...rows].map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

/** A spreadsheet takes these beginnings for a formula, which may fetch and run things: an apostrophe makes text of it. */
const csvText = (text: string): string => (/^[\s]*[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** RFC 4180 §2, items 5 to 7. */
const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** OFX 2.1.1 §11.4.4.3, as near as its closed list comes. */
const OFX_TYPES: Readonly<Record<Reason, string>> = {
  opening: "DEP",
  deposit: "DEP",
  withdrawal: "ATM",
  transfer: "XFER",
  bill: "PAYMENT",
  "standing-order": "REPEATPMT",
  fee: "FEE",
  interest: "INT",
  "cash-load": "OTHER",
  adjustment: "OTHER",
  reversal: "OTHER",
};

function asOfx(statement: Statement): string {
  const { bank, account, fromDay, toDay, closing, lines, madeAtMilliseconds } = statement;
  const amount = (value: bigint): string => formatAmount(value, account.currency);
  const status = element("STATUS", element("CODE", "0"), element("SEVERITY", "INFO"));
  const from = element(
    "BANKACCTFROM",
    // A routing number has at most nine characters; what names this bank is longer, and its beginning must do (§11.3.1).
    element("BANKID", ofxText(bank, 9)),
    element("ACCTID", ofxText(account.id, 22)),
    element("ACCTTYPE", account.kind === "savings" ? "SAVINGS" : "CHECKING"),
  );
  const transactions = lines.map(({ entry, moved }) =>
    element(
      "STMTTRN",
      element("TRNTYPE", OFX_TYPES[entry.reason]),
      element("DTPOSTED", ofxTime(entry.atMilliseconds)),
      element("TRNAMT", amount(moved)),
      element("FITID", String(entry.number)),
      element("NAME", entry.reason),
      ...(entry.reference === "" ? [] : [element("MEMO", ofxText(entry.reference, 255))]),
    ),
  );
  const list = element(
    "BANKTRANLIST",
    element("DTSTART", ofxDay(fromDay)),
    element("DTEND", ofxDay(toDay)),
    ...transactions,
  );
  const balance = element(
    "LEDGERBAL",
    element("BALAMT", amount(closing)),
    element("DTASOF", ofxTime(madeAtMilliseconds)),
  );
  const response = element("STMTRS", element("CURDEF", account.currency), from, list, balance);
  const signon = element("SONRS", status, element("DTSERVER", ofxTime(madeAtMilliseconds)), element("LANGUAGE", "ENG"));
  const ofx = element(
    "OFX",
    element("SIGNONMSGSRSV1", signon),
    element("BANKMSGSRSV1", element("STMTTRNRS", element("TRNUID", "0"), status, response)),
  );
  return (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n' +
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n' +
    `${ofx}\n`
  );
}

const element = (name: string, ...content: readonly string[]): string => `<${name}>${content.join("")}</${name}>`;

/** Characters that XML 1.0 §2.2 has no way to write are left out; cut by code points, then escaped. */
function ofxText(text: string, charactersMax: number): string {
  const allowed = Array.from(
    text.toWellFormed().replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ""),
  );
  return allowed
    .slice(0, charactersMax)
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** YYYYMMDDHHMMSS, which is UTC where no zone is named (§3.2.8.2). */
const ofxTime = (milliseconds: number): string => formatTime(milliseconds).replace(/\D/g, "");
const ofxDay = (day: number): string => formatDate(day).replaceAll("-", "");

/** Neither what moves a terminal's cursor nor what turns its writing around. */
const onOneLine = (text: string): string =>
  text.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "?");
