/** Money that a holder moves from home: a transfer, a bill, a standing order. Each form has a key, so that sent twice it moves once. */
import type { FastifyReply } from "fastify";
import { refused, toldIn } from "./account-pages.ts";
import { html, type Html } from "./html.ts";
import { choice, field, money, type Told } from "./page.ts";
import type { Site } from "./pages.ts";
import { type Answered, explain, type Form, textOf, type Visit } from "./visit.ts";

export function addPaymentPages(site: Site): void {
  site.only(["holder"], "GET", "/transfer", (visit) => showTransfer(visit, visit.query, null));
  site.only(["holder"], "POST", "/transfer", async (visit) => {
    const { to = "", amount = "", from = "", reference = "", key = "" } = visit.form;
    const body = { to: to.replace(/\s/g, ""), amount, from, reference };
    const answered = await visit.api({ method: "POST", path: "/v1/transfers", body, key });
    if (answered.code === 200) return visit.goTo(doneAt(from, "transfer", answered));
    if (answered.code === 401) return refused(visit, answered);
    return showTransfer(visit, keptKey(visit.form, answered), { isBad: true, text: explain(answered) }, answered.code);
  });
  site.only(["holder"], "GET", "/pay", (visit) => showBill(visit, visit.query, null));
  site.only(["holder"], "POST", "/pay", async (visit) => {
    const { biller = "", amount = "", from = "", reference = "", key = "" } = visit.form;
    const body = { biller, amount, from, reference };
    const answered = await visit.api({ method: "POST", path: "/v1/bills", body, key });
    if (answered.code === 200) return visit.goTo(doneAt(from, "bill", answered));
    if (answered.code === 401) return refused(visit, answered);
    return showBill(visit, keptKey(visit.form, answered), { isBad: true, text: explain(answered) }, answered.code);
  });
  addOrders(site);
}

function addOrders(site: Site): void {
  site.only(["holder"], "GET", "/orders", (visit) => showOrders(visit, visit.query, toldIn(visit)));
  site.only(["holder"], "POST", "/orders", async (visit) => {
    const { to = "", amount = "", from = "", reference = "", every = "", first = "", key = "" } = visit.form;
    const body = { to: to.replace(/\s/g, ""), amount, from, reference, every, first };
    const answered = await visit.api({ method: "POST", path: "/v1/standing-orders", body, key });
    if (answered.code === 200) return visit.goTo("/orders?done=order");
    if (answered.code === 401) return refused(visit, answered);
    return showOrders(visit, keptKey(visit.form, answered), { isBad: true, text: explain(answered) }, answered.code);
  });
  site.only(["holder"], "POST", "/orders/end", async (visit) => {
    const { id = "" } = visit.form;
    const answered = await visit.api({ method: "DELETE", path: `/v1/standing-orders/${encodeURIComponent(id)}` });
    return answered.code === 200 ? visit.goTo("/orders?done=ended") : refused(visit, answered);
  });
}

const doneAt = (account: string, what: string, { body }: Answered): string =>
  `/accounts/${encodeURIComponent(account)}?done=${what}&entry=${textOf(body, "entry")}#statement`;

/** A form that was refused by the rules is another request next time; one whose outcome is not known is the same. */
function keptKey(form: Form, { code }: Answered): Form {
  const { key = "", ...rest } = form;
  return code >= 500 ? { ...rest, key } : rest;
}

async function showTransfer(visit: Visit, filled: Form, told: Told | null, code = 200): Promise<FastifyReply> {
  const [accounts, payees] = await Promise.all([
    visit.api({ method: "GET", path: "/v1/accounts" }),
    visit.api({ method: "GET", path: "/v1/payees" }),
  ]);
  if (accounts.code !== 200) return refused(visit, accounts);
  const known = payees.list.map(
    (payee) => html`<option value="${textOf(payee, "account")}">${textOf(payee, "name")}</option>`,
  );
  const body = html`<div class="sheet narrow">
    <form method="post" action="/transfer">
      ${hidden(visit, filled)} ${fromChoice(accounts, filled)}
      ${field({ name: "to", label: "To account", inputMode: "numeric", value: filled["to"] ?? "", list: "payees", hint: "10 digits", maxLength: 20 })}
      <datalist id="payees">${known}</datalist>
      ${amountField(filled)} ${referenceField(filled, true)}
      <button>Transfer</button>
    </form>
  </div>`;
  return visit.show({ title: "Transfer", told, body }, code);
}

async function showBill(visit: Visit, filled: Form, told: Told | null, code = 200): Promise<FastifyReply> {
  const [accounts, billers] = await Promise.all([
    visit.api({ method: "GET", path: "/v1/accounts" }),
    visit.api({ method: "GET", path: "/v1/billers" }),
  ]);
  if (accounts.code !== 200) return refused(visit, accounts);
  const options = [...new Set(billers.list.map((biller) => textOf(biller, "biller")))].map(
    (name) => [name, name] as const,
  );
  const body =
    options.length === 0
      ? html`<p class="faint">There is nobody yet whose bills can be paid here.</p>`
      : html`<div class="sheet narrow">
          <form method="post" action="/pay">
            ${hidden(visit, filled)} ${fromChoice(accounts, filled)}
            ${choice({ name: "biller", label: "Whose bill", value: filled["biller"] ?? "", options })}
            ${amountField(filled)} ${referenceField(filled, false)}
            <button>Pay</button>
          </form>
        </div>`;
  return visit.show({ title: "Pay a bill", told, body }, code);
}

async function showOrders(visit: Visit, filled: Form, told: Told | null, code = 200): Promise<FastifyReply> {
  const [accounts, orders] = await Promise.all([
    visit.api({ method: "GET", path: "/v1/accounts" }),
    visit.api({ method: "GET", path: "/v1/standing-orders" }),
  ]);
  if (accounts.code !== 200) return refused(visit, accounts);
  const every = [
    ["month", "every month"],
    ["week", "every week"],
    ["day", "every day"],
  ] as const;
  const body = html`${orderTable(visit, orders)}
    <h2>A new one</h2>
    <div class="sheet narrow">
      <form method="post" action="/orders">
        ${hidden(visit, filled)} ${fromChoice(accounts, filled)}
        ${field({ name: "to", label: "To account", inputMode: "numeric", value: filled["to"] ?? "", hint: "10 digits", maxLength: 20 })}
        ${amountField(filled)}
        ${choice({ name: "every", label: "How often", value: filled["every"] ?? "month", options: every })}
        ${field({ name: "first", label: "First day", type: "date", value: filled["first"] ?? "" })}
        ${referenceField(filled, true)}
        <button>Make it</button>
      </form>
    </div>`;
  return visit.show({ title: "Standing orders", told, body }, code);
}

function orderTable(visit: Visit, { list }: Answered): Html {
  if (list.length === 0) return html`<p class="faint">There are none.</p>`;
  const rows = list.map(
    (order) =>
      html`<tr>
        <td class="word">
          ${textOf(order, "to")}${textOf(order, "reference") === "" ? null : `: ${textOf(order, "reference")}`}
          <br /><span class="faint"
            >every ${textOf(order, "every")}, next on ${textOf(order, "next")}${lastOf(order)}</span
          >
        </td>
        <td class="amount">${money(textOf(order, "amount"))} ${textOf(order, "currency")}</td>
        <td class="amount">
          <form method="post" action="/orders/end">
            <input type="hidden" name="csrf" value="${visit.csrf}" />
            <input type="hidden" name="id" value="${textOf(order, "id")}" />
            <button class="plain">End<span class="skip"> the order to ${textOf(order, "to")}</span></button>
          </form>
        </td>
      </tr>`,
  );
  return html`<div class="sheet scroll">
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">To</th>
          <th scope="col" class="amount">Amount</th>
          <th scope="col"></th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

const lastOf = (order: Answered["body"]): string =>
  textOf(order, "last") === "" ? "" : `, last time: ${textOf(order, "last")}`;

const hidden = (visit: Visit, filled: Form): Html =>
  html`<input type="hidden" name="csrf" value="${visit.csrf}" /><input
      type="hidden"
      name="key"
      value="${filled["key"] ?? visit.freshKey()}"
    />`;

function fromChoice({ list }: Answered, filled: Form): Html {
  const options = list.map((account) => {
    const id = textOf(account, "account");
    return [id, `${id} (${money(textOf(account, "available"))} ${textOf(account, "currency")})`] as const;
  });
  return choice({ name: "from", label: "From account", value: filled["from"] ?? "", options });
}

const amountField = (filled: Form): Html =>
  field({
    name: "amount",
    label: "Amount",
    inputMode: "decimal",
    value: filled["amount"] ?? "",
    hint: "Such as 50 or 12.30",
    maxLength: 22,
  });

const referenceField = (filled: Form, isOptional: boolean): Html =>
  field({
    name: "reference",
    label: isOptional ? "What for (need not be said)" : "Number of the bill",
    value: filled["reference"] ?? "",
    isOptional,
  });
