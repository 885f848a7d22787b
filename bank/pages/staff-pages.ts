/** Pages of the staff: a teller's counter and what waits for a second person; an auditor's books and trail. */
import type { FastifyReply } from "fastify";
import { refused } from "./account-pages.ts";
import { html, type Html } from "./html.ts";
import { choice, field, money, type Told } from "./page.ts";
import type { Site } from "./pages.ts";
import { type Answered, explain, type Form, textOf, type Visit } from "./visit.ts";

const TRAIL_COUNT = 100;
const STATES = [
  ["blocked", "Freeze it: nothing moves"],
  ["open", "Unfreeze it"],
  ["closed", "Close it for ever"],
] as const;

export function addStaffPages(site: Site): void {
  site.only(["teller"], "GET", "/staff/counter", async (visit) => showCounter(visit, visit.query, null));
  site.only(["teller"], "POST", "/staff/counter/open", async (visit) => {
    const { holder = "", pin = "", deposit = "", kind = "current", key = "" } = visit.form;
    const body = { holder, pin, kind, ...(deposit === "" ? {} : { deposit }) };
    const answered = await visit.api({ method: "POST", path: "/v1/holders", body, key });
    return showCounter(visit, answered.code === 200 ? {} : visit.form, openedTold(answered), answered.code);
  });
  site.only(["teller"], "POST", "/staff/counter/cash", async (visit) => {
    const { what = "deposits", account = "", amount = "", key = "" } = visit.form;
    const path = what === "withdrawals" ? "/v1/withdrawals" : "/v1/deposits";
    const body = { account: account.replace(/\s/g, ""), amount };
    const answered = await visit.api({ method: "POST", path, body, key });
    return showCounter(visit, answered.code < 300 ? {} : visit.form, cashTold(answered), answered.code);
  });
  site.only(["teller"], "POST", "/staff/counter/state", async (visit) => {
    const { number = "", state = "", key = "" } = visit.form;
    const path = `/v1/accounts/${encodeURIComponent(number.replace(/\s/g, ""))}/state`;
    const answered = await visit.api({ method: "POST", path, body: { state }, key });
    return showCounter(visit, answered.code < 300 ? {} : visit.form, stateTold(answered), answered.code);
  });
  site.only(["teller"], "GET", "/staff/proposals", (visit) => showProposals(visit, null));
  site.only(["teller"], "POST", "/staff/proposals", async (visit) => {
    const { id = "", decision = "" } = visit.form;
    const word = decision === "approve" ? "approve" : "decline";
    const path = `/v1/proposals/${encodeURIComponent(id)}/${word}`;
    const answered = await visit.api({ method: "POST", path });
    const isBad = answered.code !== 200;
    return showProposals(visit, { isBad, text: isBad ? explain(answered) : `It is ${word}d.` }, answered.code);
  });
  site.only(["auditor"], "GET", "/staff/books", showBooks);
  site.only(["auditor"], "GET", "/staff/trail", showTrail);
}

function openedTold(answered: Answered): Told {
  if (answered.code !== 200) return { isBad: true, text: explain(answered) };
  const { body } = answered;
  return { isBad: false, text: `Account ${textOf(body, "account")} is open; its card is ${textOf(body, "card")}.` };
}

function cashTold(answered: Answered): Told {
  if (answered.code === 202)
    return { isBad: false, text: "That is more than one person may do: it waits for a second one." };
  if (answered.code !== 200) return { isBad: true, text: explain(answered) };
  const { body } = answered;
  return { isBad: false, text: `Done. The balance is ${money(textOf(body, "balance"))} ${textOf(body, "currency")}.` };
}

function stateTold(answered: Answered): Told {
  if (answered.code === 202) return { isBad: false, text: "It waits for a second person." };
  return answered.code === 200
    ? { isBad: false, text: "The account is frozen." }
    : { isBad: true, text: explain(answered) };
}

async function showCounter(visit: Visit, filled: Form, told: Told | null, code = 200): Promise<FastifyReply> {
  const hidden = (): Html =>
    html`<input type="hidden" name="csrf" value="${visit.csrf}" /><input
        type="hidden"
        name="key"
        value="${visit.freshKey()}"
      />`;
  const kinds = [
    ["current", "Current account"],
    ["savings", "Savings"],
  ] as const;
  const directions = [
    ["deposits", "Cash comes in"],
    ["withdrawals", "Cash goes out"],
  ] as const;
  const amount = { inputMode: "decimal", hint: "Such as 50 or 12.30", maxLength: 22 } as const;
  const body = html`<h2>Cash</h2>
    <div class="sheet narrow">
      <form method="post" action="/staff/counter/cash">
        ${hidden()} ${choice({ name: "what", label: "What", value: filled["what"] ?? "", options: directions })}
        ${field({ name: "account", label: "Account", inputMode: "numeric", value: filled["account"] ?? "", maxLength: 20 })}
        ${field({ name: "amount", label: "Amount", value: filled["amount"] ?? "", ...amount })}
        <button>Book it</button>
      </form>
    </div>
    <h2>A new holder</h2>
    <div class="sheet narrow">
      <form method="post" action="/staff/counter/open">
        ${hidden()} ${field({ name: "holder", label: "Name", value: filled["holder"] ?? "", maxLength: 100 })}
        ${choice({ name: "kind", label: "Kind", value: filled["kind"] ?? "current", options: kinds })}
        ${field({ name: "deposit", label: "First deposit", isOptional: true, value: filled["deposit"] ?? "", ...amount })}
        ${field({ name: "pin", label: "PIN of the card", type: "password", inputMode: "numeric", autocomplete: "new-password", hint: "The holder types it: 4 to 12 digits", maxLength: 12 })}
        <button>Open the account</button>
      </form>
    </div>
    <h2>An account</h2>
    <div class="sheet narrow">
      <form method="post" action="/staff/counter/state">
        ${hidden()} ${choice({ name: "state", label: "What", value: filled["state"] ?? "", options: STATES })}
        ${field({ name: "number", label: "Account", inputMode: "numeric", value: filled["number"] ?? "", maxLength: 20 })}
        <button>Do it</button>
      </form>
    </div>`;
  return visit.show({ title: "Counter", told, body }, code === 202 ? 200 : code);
}

async function showProposals(visit: Visit, told: Told | null, code = 200): Promise<FastifyReply> {
  const answered = await visit.api({ method: "GET", path: "/v1/proposals" });
  if (answered.code !== 200) return refused(visit, answered);
  const open = answered.list.filter((proposal) => textOf(proposal, "state") === "open");
  const rows = open.map((proposal) => {
    const isOwn = textOf(proposal, "by") === visit.session?.subject;
    return html`<tr>
      <td class="word">
        ${textOf(proposal, "about")}<br /><span class="faint">wanted by ${textOf(proposal, "by")}</span>
      </td>
      <td class="amount">
        <form method="post" action="/staff/proposals">
          <input type="hidden" name="csrf" value="${visit.csrf}" />
          <input type="hidden" name="id" value="${textOf(proposal, "proposal")}" />
          ${!isOwn && html`<button name="decision" value="approve">Approve</button>`}
          <button class="quiet" name="decision" value="decline">Decline</button>
        </form>
      </td>
    </tr>`;
  });
  const body =
    open.length === 0
      ? html`<p class="faint">Nothing waits.</p>`
      : html`<div class="sheet scroll">
          <table class="stack tall">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" class="amount">Decision</th>
              </tr>
            </thead>
            <tbody>
              ${rows}
            </tbody>
          </table>
        </div>`;
  return visit.show({ title: "For a second person", told, body }, code);
}

async function showBooks(visit: Visit): Promise<FastifyReply> {
  const answered = await visit.api({ method: "GET", path: "/v1/verify" });
  if (answered.code !== 200) return refused(visit, answered);
  const { body: verdict } = answered;
  const isRight = verdict["ok"] === true;
  const faults = Array.isArray(verdict["faults"])
    ? verdict["faults"].map((fault) => html`<li>${String(fault)}</li>`)
    : [];
  const counts = ["accounts", "entries", "requests"].map(
    (name) =>
      html`<dt>${name.charAt(0).toUpperCase() + name.slice(1)}</dt>
        <dd>${money(textOf(verdict, name))}</dd>`,
  );
  const body = html`<div class="sheet">
    <dl>
      ${counts}
      <dt>Holds pending</dt>
      <dd>${textOf(verdict, "holdsPending")}</dd>
      <dt>Head of the chain</dt>
      <dd><code>${textOf(verdict, "head")}</code></dd>
      <dt>Worked out</dt>
      <dd>${textOf(verdict, "at").replace("T", " ")}</dd>
    </dl>
    ${
      faults.length > 0 &&
      html`<ul>
        ${faults}
      </ul>`
    }
  </div>`;
  const text = isRight ? "Books, holds and chain are right." : "Something is wrong with the books.";
  return visit.show({ title: "Books", told: { isBad: !isRight, text }, body });
}

async function showTrail(visit: Visit): Promise<FastifyReply> {
  const wanted = Number(visit.query["from"] ?? "1");
  const from = Number.isSafeInteger(wanted) && wanted > 0 ? wanted : 1;
  const answered = await visit.api({ method: "GET", path: `/v1/audit?from=${from}&count=${TRAIL_COUNT}` });
  if (answered.code !== 200) return refused(visit, answered);
  const rows = answered.list.map(
    (line) =>
      html`<tr>
        <td>${textOf(line, "number")}</td>
        <td class="when">${textOf(line, "at").slice(0, 19).replace("T", " ")}</td>
        <td class="word">${textOf(line, "by")}</td>
        <td class="word">${textOf(line, "what")}</td>
        <td>${textOf(line, "status")}</td>
      </tr>`,
  );
  const next = Number(textOf(answered.list.at(-1) ?? {}, "number")) + 1;
  const body = html`<div class="sheet scroll">
      <table class="stack tall">
        <thead>
          <tr>
            <th scope="col">No.</th>
            <th scope="col">Time (UTC)</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p>
      ${from > 1 && html`<a href="/staff/trail?from=${Math.max(1, from - TRAIL_COUNT)}">Earlier</a>`}
      ${answered.list.length === TRAIL_COUNT && html`<a href="/staff/trail?from=${next}">Later</a>`}
    </p>`;
  return visit.show({ title: "Trail", body });
}
