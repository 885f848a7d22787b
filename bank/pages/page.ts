/** A whole page: head, what one may go to, and what it says. */
import { html, type Html, type HtmlValue } from "./html.ts";

export interface Told {
  readonly isBad: boolean;
  readonly text: string;
}

export interface Page {
  readonly bank: string;
  readonly title: string;
  /** The path of this page, as the navigation knows it. */
  readonly path: string;
  /** Who looks at it. */
  readonly audience: "nobody" | "holder" | "teller" | "auditor";
  /** Of the forms on it; empty where there is no session. */
  readonly csrf: string;
  readonly told: Told | null;
  readonly body: HtmlValue;
}

type Link = readonly [path: string, text: string];

const LINKS: Readonly<Record<Page["audience"], readonly Link[]>> = {
  nobody: [],
  holder: [
    ["/accounts", "Accounts"],
    ["/transfer", "Transfer"],
    ["/pay", "Pay a bill"],
    ["/orders", "Standing orders"],
  ],
  teller: [
    ["/staff/counter", "Counter"],
    ["/staff/proposals", "For a second person"],
  ],
  auditor: [
    ["/staff/books", "Books"],
    ["/staff/trail", "Trail"],
  ],
};

export function render({ bank, title, path, audience, csrf, told, body }: Page): string {
  return `<!doctype html>\n${html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${title} · ${bank}</title>
      <link rel="stylesheet" href="/style.css" />
      <link rel="icon" href="data:," />
    </head>
    <body>
      <a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <div>
          <a class="brand" href="/">${bank}</a>
          ${audience !== "nobody" && navigation(audience, path, csrf)}
        </div>
      </header>
      <main id="main">
        ${told !== null && html`<p class="told${told.isBad ? " bad" : ""}" role="${told.isBad ? "alert" : "status"}">${told.text}</p>`}
        <h1>${title}</h1>
        ${body}
      </main>
      <footer>${bank} is found by its name: nobody has to know where it is.</footer>
    </body>
  </html>`.toString()}\n`;
}

function navigation(audience: Page["audience"], path: string, csrf: string): Html {
  const links = LINKS[audience].map(
    ([to, text]) => html`<li><a href="${to}" ${isHere(to, path) ? html` aria-current="page"` : null}>${text}</a></li>`,
  );
  return html`<nav aria-label="Bank">
    <ul>
      ${links}
      <li>
        <form method="post" action="/logout">
          <input type="hidden" name="csrf" value="${csrf}" /><button class="plain">Log out</button>
        </form>
      </li>
    </ul>
  </nav>`;
}

const isHere = (to: string, path: string): boolean => path === to || path.startsWith(`${to}/`);

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly value?: string;
  readonly type?: "text" | "password" | "date";
  readonly inputMode?: "numeric" | "decimal" | "text";
  readonly autocomplete?: string;
  readonly isOptional?: boolean;
  readonly list?: string;
  readonly maxLength?: number;
}

export function field({ name, label, hint, value = "", type = "text", inputMode = "text", ...more }: Field): Html {
  const { autocomplete = "off", isOptional = false, list, maxLength = 140 } = more;
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      inputmode="${inputMode}"
      value="${value}"
      autocomplete="${autocomplete}"
      maxlength="${maxLength}"
      ${!isOptional && html`required`}
      ${list !== undefined && html`list="${list}"`}
      ${hint !== undefined && html`aria-describedby="${name}-hint"`}
    />
    ${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
  </div>`;
}

export interface Choice {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly options: readonly Link[];
}

export function choice({ name, label, value, options }: Choice): Html {
  const shown = options.map(
    ([id, text]) => html`<option value="${id}" ${id === value ? html` selected` : null}>${text}</option>`,
  );
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      ${shown}
    </select>
  </div>`;
}

/** `-1234.50` as `−1,234.50`. */
export function money(amount: string): string {
  const [whole = "", fraction] = amount.replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (amount.startsWith("-") ? "−" : "") + grouped + (fraction === undefined ? "" : `.${fraction}`);
}
