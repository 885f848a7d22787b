/** What both stores read by the same words of SQL; each call is one statement, and so sees one moment. */
import type { Account } from "./account.ts";
import type { Hold } from "./books.ts";
import type { DocumentKind, DocumentOf, StandingOrder, Versioned } from "./document.ts";
import type { Entry } from "./entry.ts";
import { decodeAnswer } from "./request-text.ts";
import { accountFrom, amount, blob, documentFrom, entryFrom, holdFrom, type Row, text, textOrNull } from "./rows.ts";
import type { AuditLine, LedgerReader, Line, LineRange, NumberRange } from "./store.ts";
import type { Accrued, LinkedEntry, Posting } from "./verify.ts";
import type { DocumentKept, RequestMade } from "./verify-requests.ts";

export abstract class SqlReader implements Omit<LedgerReader, "head" | "linkAt" | "verify"> {
  /** Of a statement with a `?` for each value. Throws BankError "STORE". */
  protected abstract rows(sql: string, ...values: readonly (string | number)[]): Promise<readonly Row[]>;

  async epoch(): Promise<number> {
    const [row] = await this.rows("SELECT value FROM meta WHERE name = 'epoch'");
    return Number(amount(row?.["value"]));
  }

  async account(id: string): Promise<Account | null> {
    const [row] = await this.rows("SELECT * FROM account WHERE id = ?", id);
    return row === undefined ? null : accountFrom(row);
  }

  async accountsOf(holder: string): Promise<readonly Account[]> {
    return (await this.rows("SELECT * FROM account WHERE holder = ? ORDER BY id", holder)).map(accountFrom);
  }

  async internalAccounts(beginning: string): Promise<readonly Account[]> {
    const sql = "SELECT * FROM account WHERE id >= ? AND id < ? AND kind = 'internal' ORDER BY id";
    return (await this.rows(sql, beginning, behind(beginning))).map(accountFrom);
  }

  async lines(account: string, { fromMilliseconds, toMilliseconds, linesMax }: LineRange): Promise<readonly Line[]> {
    const sql = `SELECT entry.*, posting.moved, posting.balance FROM posting JOIN entry ON entry.number = posting.entry
      WHERE posting.account = ? AND posting.at >= ? AND posting.at < ? ORDER BY posting.at DESC, posting.entry DESC LIMIT ?`;
    const rows = await this.rows(sql, account, fromMilliseconds, toMilliseconds, linesMax);
    return rows
      .map((row) => ({ entry: entryFrom(row), moved: amount(row["moved"]), balance: amount(row["balance"]) }))
      .reverse();
  }

  async balanceAt(account: string, beforeMilliseconds: number): Promise<bigint> {
    const sql = "SELECT balance FROM posting WHERE account = ? AND at < ? ORDER BY at DESC, entry DESC LIMIT 1";
    const [row] = await this.rows(sql, account, beforeMilliseconds);
    return amount(row?.["balance"]);
  }

  async entries({ from, countMax }: NumberRange): Promise<readonly Entry[]> {
    return (await this.rows("SELECT * FROM entry WHERE number >= ? ORDER BY number LIMIT ?", from, countMax)).map(
      entryFrom,
    );
  }

  async audit({ from, countMax }: NumberRange): Promise<readonly AuditLine[]> {
    const sql = `SELECT request.number AS place, request.key AS asked, request.by, request.kind AS what, request.answer,
      request.at AS taken, entry.* FROM request LEFT JOIN entry ON entry.number = request.entry
      WHERE request.number >= ? ORDER BY request.number LIMIT ?`;
    return (await this.rows(sql, from, countMax)).map(auditLine);
  }

  async hold(key: string): Promise<Hold | null> {
    const [row] = await this.rows("SELECT * FROM hold WHERE key = ?", key);
    return row === undefined ? null : holdFrom(row);
  }

  async holdsOf(account: string): Promise<readonly Hold[]> {
    const sql = "SELECT * FROM hold WHERE debit = ? OR credit = ? ORDER BY key LIMIT ?";
    return (await this.rows(sql, account, account, HOLDS_MAX)).map(holdFrom);
  }

  async answer(key: string): Promise<Uint8Array | null> {
    const [row] = await this.rows("SELECT answer FROM request WHERE key = ?", key);
    return row === undefined ? null : blob(row["answer"]);
  }

  async document<K extends DocumentKind>(what: K, id: string): Promise<Versioned<DocumentOf<K>> | null> {
    const [row] = await this.rows(`${DOCUMENT} AND id = ?`, what, id);
    return row === undefined ? null : documentOf<K>(row);
  }

  async documents<K extends DocumentKind>(what: K, beginning: string): Promise<readonly Versioned<DocumentOf<K>>[]> {
    const sql = `${DOCUMENT} AND id >= ? AND id < ? ORDER BY id`;
    return (await this.rows(sql, what, beginning, behind(beginning))).map((row) => documentOf<K>(row));
  }

  async ordersDue(day: number, countMax: number): Promise<readonly Versioned<StandingOrder>[]> {
    const sql = `${DOCUMENT} AND due <= ? ORDER BY due, id LIMIT ?`;
    return (await this.rows(sql, "standing-order", day, countMax)).map((row) => documentOf<"standing-order">(row));
  }

  async holdsDue(atMilliseconds: number, countMax: number): Promise<readonly string[]> {
    const sql = "SELECT key FROM hold WHERE state = 'pending' AND expires_at <= ? ORDER BY expires_at LIMIT ?";
    return (await this.rows(sql, atMilliseconds, countMax)).map((row) => text(row["key"]));
  }

  async paymentsDue(beforeDay: number, countMax: number): Promise<readonly string[]> {
    const sql = `SELECT id FROM account WHERE state <> 'closed' AND EXISTS (SELECT 1 FROM accrual
      WHERE accrual.account = account.id AND accrual.day < ? AND accrual.amount > 0 AND NOT accrual.is_paid) LIMIT ?`;
    return (await this.rows(sql, beforeDay, countMax)).map((row) => text(row["id"]));
  }

  async accrualsDue(day: number, countMax: number): Promise<readonly string[]> {
    const sql = `SELECT id FROM account WHERE interest > 0 AND state <> 'closed'
      AND NOT EXISTS (SELECT 1 FROM accrual WHERE accrual.account = account.id AND accrual.day = ?) LIMIT ?`;
    return (await this.rows(sql, day, countMax)).map((row) => text(row["id"]));
  }
}

/** What was removed stays as a row without a value (`sqlite-database.ts`). */
const DOCUMENT = "SELECT id, version, value FROM document WHERE value <> 'null' AND what = ?";

/** Given of one account. */
const HOLDS_MAX = 1000;

const auditLine = (row: Row): AuditLine => ({
  number: Number(row["place"]),
  key: text(row["asked"]),
  by: text(row["by"]),
  what: text(row["what"]),
  status: decodeAnswer(blob(row["answer"])).status,
  entry: row["number"] === null ? null : entryFrom(row),
  atMilliseconds: Number(row["taken"]),
});

/** Sorts behind all that begins so. */
const behind = (beginning: string): string => `${beginning}\u{10ffff}`;

// What stands under a kind was written as that kind.
const documentOf = <K extends DocumentKind>(row: Row): Versioned<DocumentOf<K>> =>
  documentFrom(row) as Versioned<DocumentOf<K>>;

export const requestFrom = (row: Row): RequestMade => ({
  key: text(row["key"]),
  digest: blob(row["digest"]),
  answer: blob(row["answer"]),
  entry: typeof row["entry"] === "bigint" ? Number(row["entry"]) : null,
  isReversed: row["is_reversed"] === 1n,
  what: text(row["kind"]),
  card: textOrNull(row["card"]),
});

/** All that `verifyBooks` compares beside the entries; the same for both stores. */
export const WHOLE = {
  strays: `SELECT account, entry FROM posting WHERE NOT EXISTS (SELECT 1 FROM entry
    WHERE entry.number = posting.entry AND entry.at = posting.at AND posting.account IN (entry.debit, entry.credit))`,
  holds: "SELECT * FROM hold",
  documents: "SELECT what, id, version, value FROM document",
  requests: "SELECT key, digest, answer, entry, is_reversed, kind, card FROM request ORDER BY number",
  accruals: "SELECT account, amount, is_paid FROM accrual",
  accounts: "SELECT * FROM account",
} as const;

/** To be joined to entries. */
export const POSTINGS = `
  LEFT JOIN posting AS d ON d.account = entry.debit AND d.at = entry.at AND d.entry = entry.number
  LEFT JOIN posting AS c ON c.account = entry.credit AND c.at = entry.at AND c.entry = entry.number`;
export const POSTED =
  "d.moved AS debit_moved, d.balance AS debit_balance, c.moved AS credit_moved, c.balance AS credit_balance";

export function postingsFrom(row: Row): LinkedEntry["postings"] {
  const posting = (side: "debit" | "credit"): Posting | null => {
    const [moved, balance] = [row[`${side}_moved`], row[`${side}_balance`]];
    return typeof moved === "bigint" && typeof balance === "bigint" ? { moved, balance } : null;
  };
  return { debit: posting("debit"), credit: posting("credit") };
}

export const strayFrom = (row: Row): { account: string; entry: number } => ({
  account: text(row["account"]),
  entry: Number(row["entry"]),
});

export const documentKeptFrom = (row: Row): DocumentKept => ({ ...documentFrom(row), what: text(row["what"]) });

export const accrualFrom = (row: Row): Accrued => ({
  account: text(row["account"]),
  amount: amount(row["amount"]),
  isPaid: row["is_paid"] === 1n,
});
