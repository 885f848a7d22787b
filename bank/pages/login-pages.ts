/** Logging in, with a card and its PIN, or as staff; and out. */
import type { FastifyReply } from "fastify";
import { html } from "./html.ts";
import { field, type Told } from "./page.ts";
import type { Site } from "./pages.ts";
import { explain, type Form, textOf, type Visit } from "./visit.ts";

/** Where one is sent who has logged in and wanted nothing else. */
const HOME = { holder: "/accounts", teller: "/staff/counter", auditor: "/staff/books", atm: "/" } as const;
/** Of a form that comes back after logging in; a key or a password never does. */
const KEPT = ["to", "amount", "reference", "from", "biller", "every", "first"] as const;

export function addLoginPages(site: Site): void {
  site.open("GET", "/", async (visit) =>
    visit.session === null
      ? showLogin(visit, visit.hasEnded ? { isBad: false, text: "Your session has ended." } : null)
      : visit.goTo(HOME[visit.session.role]),
  );
  site.open("POST", "/login", async (visit) => {
    const { card = "", pin = "", next = "" } = visit.form;
    const number = card.replace(/\s/g, "");
    const answered = await visit.api({ method: "POST", path: "/v1/login", body: { card: number, pin } });
    if (answered.code !== 200) return showLogin(visit, { isBad: true, text: whyNot(answered) }, 401);
    visit.begin(textOf(answered.body, "token"));
    return visit.goTo(isOwnPath(next) ? next : "/accounts");
  });
  site.open("GET", "/staff", async (visit) => showStaffLogin(visit, null));
  site.open("POST", "/staff/login", async (visit) => {
    const { id = "", password = "" } = visit.form;
    const answered = await visit.api({ method: "POST", path: "/v1/staff/login", body: { id, password } });
    if (answered.code !== 200) return showStaffLogin(visit, { isBad: true, text: whyNot(answered) }, 401);
    visit.begin(textOf(answered.body, "token"));
    return visit.goTo(textOf(answered.body, "role") === "auditor" ? HOME.auditor : HOME.teller);
  });
  site.open("POST", "/logout", async (visit) => {
    await visit.api({ method: "POST", path: "/v1/logout" });
    visit.end();
    return visit.goTo("/");
  });
}

function whyNot(answered: Parameters<typeof explain>[0]): string {
  if (answered.code === 400) return "A card has 16 digits, and a PIN has 4 to 12.";
  return explain(answered);
}

/** What is asked for stays where it is: the address that was wanted, and what was filled in. */
export function showLogin(visit: Visit, told: Told | null, code = 200): FastifyReply {
  const body = html`<div class="sheet narrow">
      <form method="post" action="/login">
        <input type="hidden" name="csrf" value="${visit.csrf}" />
        <input type="hidden" name="next" value="${nextOf(visit)}" />
        ${field({ name: "card", label: "Card number", inputMode: "numeric", autocomplete: "cc-number", maxLength: 24 })}
        ${field({ name: "pin", label: "PIN", type: "password", inputMode: "numeric", hint: "Three wrong ones in a row block the card.", maxLength: 12 })}
        <button>Log in</button>
      </form>
    </div>
    <p class="faint">You work here? <a href="/staff">Staff log in</a>.</p>`;
  return visit.show({ title: "Log in", told, body }, code);
}

function showStaffLogin(visit: Visit, told: Told | null, code = 200): FastifyReply {
  const body = html`<div class="sheet narrow">
      <form method="post" action="/staff/login">
        <input type="hidden" name="csrf" value="${visit.csrf}" />
        ${field({ name: "id", label: "Name", autocomplete: "username", maxLength: 32 })}
        ${field({ name: "password", label: "Password", type: "password", autocomplete: "current-password", maxLength: 200 })}
        <button>Log in</button>
      </form>
    </div>
    <p class="faint"><a href="/">Log in with a card</a> instead.</p>`;
  return visit.show({ title: "Staff", told, body }, code);
}

/** The page that was wanted, with what was filled in on it. */
function nextOf(visit: Visit): string {
  const { form } = visit;
  if (isOwnPath(form["next"] ?? "")) return form["next"]!;
  const [path = "/"] = visit.request.url.split("?");
  if (["/", "/login", "/logout"].includes(path)) return "";
  const kept = new URLSearchParams(fieldsKept(visit.request.method === "POST" ? form : visit.query));
  return kept.size === 0 ? path : `${path}?${kept.toString()}`;
}

const fieldsKept = (form: Form): Record<string, string> =>
  Object.fromEntries(KEPT.flatMap((name) => (form[name] === undefined ? [] : [[name, form[name]]])));

/** A path of this site: nothing that a browser would take for another host. */
const isOwnPath = (path: string): boolean => /^\/[a-z0-9]/.test(path) && path.length < 1000;
