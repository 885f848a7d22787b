/** A holder's accounts: what is in them, how it came there, and a picture of it. */
import { formatDate, parseDate } from "../calendar.ts";
import { DAY_MILLISECONDS, dayOf } from "../deciding.ts";
import type { Desk } from "../http/parts.ts";
import { html, type Html } from "./html.ts";
import { field, money, type Told } from "./page.ts";
import type { Site } from "./pages.ts";
import { plotOf, type PlotPoint } from "./plot.ts";
import { showLogin } from "./login-pages.ts";
import { type Answered, explain, isRecord, textOf, type Visit } from "./visit.ts";

/** What is shown where no days are chosen. */
const DAYS = 30;

export function addAccountPages(site: Site, desk: Desk): void {
  site.only(["holder"], "GET", "/accounts", async (visit) => {
    const answered = await visit.api({ method: "GET", path: "/v1/accounts" });
    if (answered.code !== 200) return refused(visit, answered);
    const accounts = answered.list.map((account) => card(account));
    return visit.show({
      title: "Accounts",
      told: toldIn(visit),
      body: html`<ul class="accounts">
        ${accounts}
      </ul>`,
    });
  });
  site.only(["holder"], "GET", "/accounts/:account/statement", async (visit) => {
    const id = accountIn(visit);
    const { format = "" } = visit.query;
    const file = FILES[format];
    if (file === undefined) return visit.goTo(`/accounts/${id}`);
    const period = periodOf(visit, dayOf(desk.clock.wallSeconds() * 1000));
    const query = new URLSearchParams({ ...period, format }).toString();
    const answered = await visit.api({ method: "GET", path: `/v1/accounts/${id}/statement?${query}` });
    if (answered.code !== 200) return refused(visit, answered);
    const name = `statement-${id}-${period.from}-${period.to}.${file.ending}`;
    return visit.reply
      .type(file.type)
      .header("content-disposition", `attachment; filename="${name}"`)
      .send(answered.text);
  });
  site.only(["holder"], "GET", "/accounts/:account", async (visit) => {
    const id = accountIn(visit);
    const period = periodOf(visit, dayOf(desk.clock.wallSeconds() * 1000));
    const query = new URLSearchParams(period).toString();
    const [account, statement] = await Promise.all([
      visit.api({ method: "GET", path: `/v1/accounts/${id}` }),
      visit.api({ method: "GET", path: `/v1/accounts/${id}/statement?${query}` }),
    ]);
    for (const answered of [account, statement]) if (answered.code !== 200) return refused(visit, answered);
    return visit.show({
      title: `Account ${id}`,
      told: toldIn(visit),
      body: accountPage(visit, { account, statement, nowMilliseconds: desk.clock.wallSeconds() * 1000 }),
    });
  });
}

/** A statement to take away. */
const FILES: Readonly<Record<string, { readonly type: string; readonly ending: string; readonly name: string }>> = {
  text: { type: "text/plain; charset=utf-8", ending: "txt", name: "text" },
  csv: { type: "text/csv; charset=utf-8", ending: "csv", name: "CSV" },
  ofx: { type: "application/x-ofx", ending: "ofx", name: "OFX" },
};

/** Whatever the API says no to: without a session one logs in. */
export function refused(visit: Visit, answered: Answered): ReturnType<Visit["show"]> {
  if (answered.code === 401)
    return showLogin(visit, { isBad: false, text: "Your session has ended. Log in to go on." });
  const told = { isBad: true, text: explain(answered) };
  return visit.show(
    { title: "Not possible", told, body: html`<p><a href="/accounts">Your accounts</a></p>` },
    answered.code,
  );
}

/** What was just done says so once, by the address one was sent to. */
export function toldIn(visit: Visit): Told | null {
  const text = DONE[visit.query["done"] ?? ""];
  return text === undefined ? null : { isBad: false, text };
}

const DONE: Readonly<Record<string, string>> = {
  transfer: "The money was moved.",
  bill: "The bill is paid.",
  order: "The standing order is made.",
  ended: "The standing order is ended.",
};

function accountIn({ request: { params } }: Visit): string {
  const id: unknown = typeof params === "object" && params !== null ? Reflect.get(params, "account") : null;
  return typeof id === "string" && /^\d{1,20}$/.test(id) ? id : "0";
}

/** Days that are no days are as good as none. */
function periodOf({ query }: Visit, today: number): { readonly from: string; readonly to: string } {
  const to = parseDate(query["to"] ?? "") ?? today;
  const from = parseDate(query["from"] ?? "") ?? to - DAYS;
  return { from: formatDate(Math.min(from, to)), to: formatDate(to) };
}

const KINDS: Readonly<Record<string, string>> = { current: "Current account", savings: "Savings" };

function card(account: Readonly<Record<string, unknown>>): Html {
  const id = textOf(account, "account");
  return html`<li>
    <a class="sheet" href="/accounts/${id}">
      <span class="faint">${KINDS[textOf(account, "kind")] ?? "Account"} ${id}</span>
      <div class="balance">${money(textOf(account, "balance"))} <small>${textOf(account, "currency")}</small></div>
      <span class="faint">${money(textOf(account, "available"))} to spend</span>
    </a>
  </li>`;
}

type Line = Readonly<Record<string, unknown>>;

interface AccountView {
  readonly account: Answered;
  readonly statement: Answered;
  readonly nowMilliseconds: number;
}

function accountPage(visit: Visit, view: AccountView): Html {
  const { body: account } = view.account;
  const { body: statement } = view.statement;
  const currency = textOf(account, "currency");
  const lines = Array.isArray(statement["lines"]) ? statement["lines"].filter(isRecord) : [];
  const [from, to] = [textOf(statement, "from"), textOf(statement, "to")];
  const id = textOf(account, "account");
  return html`<div class="sheet">
      <div class="balance">${money(textOf(account, "balance"))} <small>${currency}</small></div>
      <p class="faint">${money(textOf(account, "available"))} to spend</p>
      ${picture(view, lines, currency)}
    </div>
    <div class="sheet">
      <form method="get" action="/accounts/${id}" class="row">
        ${field({ name: "from", label: "From", type: "date", value: from })}
        ${field({ name: "to", label: "To", type: "date", value: to })}
        <button class="quiet">Show</button>
      </form>
    </div>
    <h2 id="statement">Statement</h2>
    <div class="sheet scroll">${table(lines, { currency, entry: visit.query["entry"] ?? "", statement })}</div>
    <p class="faint">To take away: ${downloads(id, { from, to })}</p>`;
}

function downloads(id: string, period: { readonly from: string; readonly to: string }): Html[] {
  return Object.entries(FILES).map(([format, { name }], i) => {
    const query = new URLSearchParams({ ...period, format }).toString();
    return html`${i > 0 && ", "}<a href="/accounts/${id}/statement?${query}">${name}</a>`;
  });
}

function picture(
  { statement: { body: statement }, nowMilliseconds }: AccountView,
  lines: readonly Line[],
  currency: string,
): Html {
  const [from, to] = [textOf(statement, "from"), textOf(statement, "to")];
  const points: PlotPoint[] = lines.map((line) => ({
    atMilliseconds: momentOf(textOf(line, "at")),
    balance: textOf(line, "balance"),
  }));
  return plotOf({
    fromMilliseconds: parseDate(from)! * DAY_MILLISECONDS,
    // Nothing is drawn of what is still to come.
    toMilliseconds: Math.min((parseDate(to)! + 1) * DAY_MILLISECONDS, nowMilliseconds),
    opening: textOf(statement, "opening"),
    points,
    from,
    to,
    currency,
  });
}

/** Of `2026-11-23T10:00:00Z`, since 1970. */
function momentOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(11, 19).split(":").map(Number);
  return (parseDate(text.slice(0, 10)) ?? 0) * DAY_MILLISECONDS + 1000 * (3600 * hours + 60 * minutes + seconds);
}

const REASONS: Readonly<Record<string, string>> = {
  opening: "Opening",
  deposit: "Deposit",
  withdrawal: "Withdrawal",
  transfer: "Transfer",
  bill: "Bill",
  "standing-order": "Standing order",
  fee: "Fee",
  interest: "Interest",
  adjustment: "Adjustment",
  reversal: "Taken back",
};

interface Shown {
  readonly currency: string;
  /** Of the entry that was just made. */
  readonly entry: string;
  readonly statement: Answered["body"];
}

/** The latest first. */
function table(lines: readonly Line[], { currency, entry, statement }: Shown): Html {
  if (lines.length === 0) {
    return html`<p class="faint">
      Nothing moved in these days. The balance was ${money(textOf(statement, "closing"))} ${currency}.
    </p>`;
  }
  const rows = lines.toReversed().map((line) => {
    const amount = textOf(line, "amount");
    const isIn = !amount.startsWith("-");
    const isHeld = textOf(line, "kind") === "pending" || textOf(line, "kind") === "released";
    const what = REASONS[textOf(line, "reason")] ?? textOf(line, "reason");
    const words = [isHeld ? `${what} (held)` : what, textOf(line, "reference")]
      .filter((text) => text !== "")
      .join(": ");
    return html`<tr${textOf(line, "entry") === entry ? html` class="new"` : null}>
      <td class="when">${textOf(line, "at").slice(0, 16).replace("T", " ")}</td>
      <td class="word">${words}</td>
      <td class="amount${isIn && !isHeld ? " in" : ""}">${isIn ? "+" : ""}${money(amount)}</td>
      <td class="amount faint">${money(textOf(line, "balance"))}</td>
    </tr>`;
  });
  return html`<table class="stack">
    <thead>
      <tr>
        <th scope="col">Time (UTC)</th>
        <th scope="col">What</th>
        <th scope="col" class="amount">Amount (${currency})</th>
        <th scope="col" class="amount">Balance</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}
