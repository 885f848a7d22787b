/** The books to be read: an account's statement, and for auditors the trail of requests, all entries, and whether they are right. */
import type { FastifyInstance } from "fastify";
import { toHex } from "../../base/index.ts";
import type { Account } from "../account.ts";
import { formatDate, formatTime, parseDate } from "../calendar.ts";
import { DAY_MILLISECONDS, dayOf } from "../deciding.ts";
import type { Entry } from "../entry.ts";
import { BankError } from "../error.ts";
import { formatAmount } from "../money.ts";
import {
  formatStatement,
  type Statement,
  STATEMENT_FORMATS,
  STATEMENT_TYPES,
  type StatementFormat,
} from "../statement.ts";
import type { AuditLine, Line, Verdict } from "../store.ts";
import { visibleAccount } from "./account-routes.ts";
import { only, sessionOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { accountText, dateText, failures, listOf, object, shape, word } from "./schemas.ts";

const LINES_MAX = 2000;
/** What a statement covers where nothing is said. */
const STATEMENT_DAYS = 30;
const PAGE_MAX = 1000;
/** Working everything out again costs; whoever asks sooner is told what was found before. */
const VERDICT_MILLISECONDS = 10_000;

interface Period {
  readonly from?: string;
  readonly to?: string;
}

interface StatementQuery extends Period {
  readonly format?: "json" | StatementFormat;
}

export function addBookRoutes(app: FastifyInstance, desk: Desk): void {
  const line = shape({
    at: "string",
    reason: "string",
    kind: "string",
    reference: "string",
    amount: "string",
    balance: "string",
    key: "string",
    entry: "integer",
  });
  const names = { account: "string", currency: "string", from: "string", to: "string" };
  const statement = shape({ ...names, opening: "string", closing: "string", lines: listOf(line) });
  app.get<{ Params: { account: string }; Querystring: StatementQuery }>(
    "/v1/accounts/:account/statement",
    {
      preValidation: only(desk, ["holder", "teller", "auditor"]),
      schema: {
        summary: `An account's lines from one day to another, both included; the latest ${LINES_MAX}.`,
        params: object({ account: accountText }, ["account"]),
        querystring: object({ from: dateText, to: dateText, format: { enum: ["json", ...STATEMENT_FORMATS] } }, []),
        response: { 200: statement, ...failures },
      },
    },
    async (request, reply) => {
      const account = await visibleAccount(desk, sessionOf(request), request.params.account);
      const { format = "json", ...period } = request.query;
      const statement = await statementOf(desk, account, period);
      if (format === "json") return shownStatement(statement);
      return reply.type(STATEMENT_TYPES[format]).send(formatStatement(statement, format));
    },
  );
  addTrail(app, desk);
  addVerify(app, desk);
}

async function statementOf(desk: Desk, account: Account, period: Period): Promise<Statement> {
  const madeAtMilliseconds = desk.clock.wallSeconds() * 1000;
  const toDay = dayNamed("to", period.to) ?? dayOf(madeAtMilliseconds);
  const fromDay = dayNamed("from", period.from) ?? toDay - STATEMENT_DAYS;
  if (fromDay > toDay) throw new BankError("INPUT", "from: the first day comes after the last");
  const range = { fromMilliseconds: fromDay * DAY_MILLISECONDS, toMilliseconds: (toDay + 1) * DAY_MILLISECONDS };
  const lines = await desk.reader.lines(account.id, { ...range, linesMax: LINES_MAX });
  const [first] = lines;
  const opening =
    first === undefined ? await desk.reader.balanceAt(account.id, range.fromMilliseconds) : first.balance - first.moved;
  const closing = lines.at(-1)?.balance ?? opening;
  return { bank: desk.bank, account, fromDay, toDay, opening, closing, lines, madeAtMilliseconds };
}

function shownStatement({ account, fromDay, toDay, opening, closing, lines }: Statement): unknown {
  const { id, currency } = account;
  return {
    account: id,
    currency,
    from: formatDate(fromDay),
    to: formatDate(toDay),
    opening: formatAmount(opening, currency),
    closing: formatAmount(closing, currency),
    lines: lines.map((line) => shownLine(line, currency)),
  };
}

function shownLine({ entry, moved, balance }: Line, currency: string): unknown {
  const { reason, kind, reference, key, number, atMilliseconds } = entry;
  const amount = formatAmount(moved, currency);
  const at = formatTime(atMilliseconds);
  return { at, reason, kind, reference, amount, balance: formatAmount(balance, currency), key, entry: number };
}

/** Throws BankError "INPUT". */
function dayNamed(name: string, text: string | undefined): number | null {
  const day = text === undefined ? null : parseDate(text);
  if (text !== undefined && day === null) throw new BankError("INPUT", `${name}: there is no day ${text}`);
  return day;
}

interface Page {
  readonly from?: string;
  readonly count?: string;
}

const whole = word(15, "^\\d+$");
const page = object({ from: whole, count: whole }, []);

function rangeOf({ from = "1", count = String(PAGE_MAX) }: Page): { readonly from: number; readonly countMax: number } {
  return { from: Number(from), countMax: Math.min(Number(count), PAGE_MAX) };
}

function addTrail(app: FastifyInstance, desk: Desk): void {
  const preValidation = only(desk, ["auditor"]);
  const entry = shape({
    number: "integer",
    at: "string",
    key: "string",
    kind: "string",
    debit: "string",
    credit: "string",
    amount: "string",
    reason: "string",
    reference: "string",
    of: ["string", "null"],
    flagged: "boolean",
  });
  const names = { number: "integer", at: "string", by: "string", what: "string", key: "string", status: "string" };
  const trail = listOf(shape({ ...names, entry: { ...entry, type: ["object", "null"] } }));
  app.get<{ Querystring: Page }>(
    "/v1/audit",
    {
      preValidation,
      schema: {
        summary: `Who asked for what, when, and what became of it; from a number on, at most ${PAGE_MAX}; amounts in minor units.`,
        querystring: page,
        response: { 200: trail, ...failures },
      },
    },
    async (request) => (await desk.reader.audit(rangeOf(request.query))).map(shownTrail),
  );
  app.get<{ Querystring: Page }>(
    "/v1/entries",
    {
      preValidation,
      schema: {
        summary: `Entries of all accounts, from a number on, at most ${PAGE_MAX}; amounts in minor units.`,
        querystring: page,
        response: { 200: listOf(entry), ...failures },
      },
    },
    async (request) => (await desk.reader.entries(rangeOf(request.query))).map(shownEntry),
  );
}

function shownTrail({ number, key, by, what, status, entry, atMilliseconds }: AuditLine): unknown {
  return {
    number,
    at: formatTime(atMilliseconds),
    by,
    what,
    key,
    status,
    entry: entry === null ? null : shownEntry(entry),
  };
}

/** An entry's accounts have one currency, which their ids tell or not; its amount is what stands in the books. */
function shownEntry({ atMilliseconds, amount, isFlagged, ...entry }: Entry): unknown {
  return { ...entry, amount: String(amount), flagged: isFlagged, at: formatTime(atMilliseconds) };
}

function addVerify(app: FastifyInstance, desk: Desk): void {
  const counts = { entries: "integer", accounts: "integer", requests: "integer", holdsPending: "integer" };
  const verdict = shape({ ok: "boolean", ...counts, head: "string", faults: listOf({ type: "string" }), at: "string" });
  let last: { readonly found: Promise<Verdict>; readonly atMilliseconds: number; readonly at: string } | null = null;
  app.get(
    "/v1/verify",
    {
      preValidation: only(desk, ["auditor"]),
      schema: {
        summary: "Work the books out again and say whether they are right.",
        response: { 200: verdict, ...failures },
      },
    },
    async () => {
      const now = desk.clock.now();
      if (last === null || last.atMilliseconds + VERDICT_MILLISECONDS <= now) {
        last = { found: desk.verify(), atMilliseconds: now, at: formatTime(desk.clock.wallSeconds() * 1000) };
      }
      const { at } = last;
      const { head, faults, ...rest } = await last.found;
      return { ok: faults.length === 0, ...rest, head: toHex(head.link), faults, at };
    },
  );
}
