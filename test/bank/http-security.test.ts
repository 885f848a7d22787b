/** Every route of the API, as the application itself has them, against everybody who may not, and against whatever is written into it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FastifyInstance } from "fastify";
import { type Answered, type Headers, HttpBank, PASSWORD, PIN, type Words } from "./http-bank.ts";
import { type Route, routesOf } from "./http-routes.ts";

/** What a request of Alice's looks like, and who may ask: Holders, Tellers, Auditors, an ATM by its signature, the Counter on this machine, Anybody. */
interface Row {
  readonly who: string;
  readonly payload?: Words;
}

let bank: HttpBank;
/** As it is where programs on this machine are nobody in particular. */
let app: FastifyInstance;
let table: Readonly<Record<string, Row>>;
let routes: readonly Route[];
let pages: readonly Route[];
let names: Readonly<Record<string, string>>;
let tokens: Readonly<Record<"holder" | "teller" | "auditor" | "bound" | "ended" | "expired", string>>;
const logged: string[] = [];
const SECRET = "7777.77";
const MARK = "Alices-own-mark";

beforeAll(async () => {
  const line = (about: unknown, words: string): void => void logged.push(JSON.stringify([about, words]));
  bank = await HttpBank.open({ debug: line, info: line, warn: line, error: line });
  app = bank.anotherApp({ counter: "off" });
  const all = await routesOf(app);
  const isPage = ({ url }: Route): boolean => !url.startsWith("/v1/") && url !== "/openapi.json";
  routes = all.filter((route) => !isPage(route));
  pages = all.filter((route) => isPage(route) && route.url !== "/style.css");
  const atm = await bank.enrol();
  await bank.enrol("atm8");
  const alice = await bank.opened(MARK, { deposit: SECRET });
  const bob = await bank.opened("Bob");
  const carol = await bank.opened("Carol");
  const expired = await bank.holder(alice.card);
  const ended = await bank.staff("old", "teller");
  const expires = { expiresAtSeconds: bank.clock.wallSeconds() + 86_400 };
  await bank.call({ url: "/v1/billers", payload: { biller: "gas" } });
  await bank.call({ url: "/v1/payees", payload: { name: MARK, account: carol.account }, token: expired });
  await bank.call({
    url: "/v1/holds",
    payload: { amount: "1", to: carol.account, ...expires },
    key: "hold-1",
    token: expired,
  });
  const order = { to: carol.account, amount: "1", every: "week", first: "2030-01-01", reference: MARK };
  const { id: standing } = (await bank.call({ url: "/v1/standing-orders", payload: order, key: "so", token: expired }))
    .body;
  const big = { account: alice.account, amount: "9000" };
  const { proposal } = (await bank.call({ url: "/v1/deposits", payload: big, key: "p", token: ended })).body;
  await bank.clock.advance(601_000);
  await bank.call({ url: "/v1/logout", token: ended });
  tokens = {
    holder: await bank.holder(bob.card),
    teller: await bank.staff("ann", "teller"),
    auditor: await bank.staff("eve", "auditor"),
    bound: await bank.holder(bob.card, atm),
    ended,
    expired,
  };
  names = { ...alice, atm, standing: String(standing), proposal: String(proposal) };
  table = rows({ alice: alice.account, carol: carol.account, card: alice.card, atm });
});

afterAll(async () => {
  await app.close();
  await bank[Symbol.asyncDispose]();
});

function rows({
  alice,
  carol,
  card,
  atm,
}: Readonly<Record<"alice" | "carol" | "card" | "atm", string>>): Record<string, Row> {
  const amount = "1";
  const advice = { sequence: 1, kind: "withdrawal", card, amount, key: "adv", atSeconds: 1_700_000_000 };
  const count = { fromSeconds: 0, toSeconds: 2e9, cash: "0", cassettes: [], entries: [] };
  const order = { from: alice, to: carol, amount, every: "week", first: "2030-01-01" };
  return {
    "GET /openapi.json": { who: "N" },
    "GET /v1/bank": { who: "N" },
    "POST /v1/login": { who: "N", payload: { card, pin: "9999" } },
    "POST /v1/staff/login": { who: "N", payload: { id: "ann", password: "wrong" } },
    "POST /v1/logout": { who: "HTA" },
    "POST /v1/pin": { who: "H", payload: { old: PIN, new: PIN } },
    "GET /v1/accounts": { who: "H" },
    "GET /v1/accounts/:account": { who: "HTA" },
    "POST /v1/accounts/:account/state": { who: "T", payload: { state: "open" } },
    "GET /v1/requests": { who: "HTM" },
    "GET /v1/accounts/:account/statement": { who: "HTA" },
    "GET /v1/accounts/:account/holds": { who: "HTA" },
    "POST /v1/withdrawals": { who: "HT", payload: { account: alice, amount } },
    "POST /v1/deposits": { who: "HT", payload: { account: alice, amount } },
    "POST /v1/transfers": { who: "HT", payload: { from: alice, to: carol, amount } },
    "POST /v1/reversals": { who: "HTM", payload: { of: "hold-1", cause: "x" } },
    "POST /v1/holds": { who: "H", payload: { from: alice, to: carol, amount, expiresAtSeconds: 1_700_090_000 } },
    "POST /v1/captures": { who: "HM", payload: { hold: "hold-1", amount } },
    "POST /v1/releases": { who: "HM", payload: { hold: "hold-1" } },
    "POST /v1/bills": { who: "H", payload: { from: alice, biller: "gas", amount, reference: "x" } },
    "GET /v1/billers": { who: "HTA" },
    "POST /v1/billers": { who: "TC", payload: { biller: "water" } },
    "GET /v1/payees": { who: "H" },
    "POST /v1/payees": { who: "H", payload: { name: "x", account: carol } },
    "DELETE /v1/payees/:account": { who: "H" },
    "GET /v1/standing-orders": { who: "H" },
    "POST /v1/standing-orders": { who: "H", payload: order },
    "DELETE /v1/standing-orders/:id": { who: "H" },
    "POST /v1/holders": { who: "TC", payload: { holder: "x", pin: PIN } },
    "POST /v1/cards/:card/state": { who: "TC", payload: { state: "active" } },
    "POST /v1/staff": { who: "TC", payload: { id: "new", name: "x", role: "auditor", password: PASSWORD } },
    "POST /v1/staff/:id/state": { who: "T", payload: { state: "active" } },
    "GET /v1/proposals": { who: "TA" },
    "POST /v1/proposals/:id/approve": { who: "T" },
    "POST /v1/proposals/:id/decline": { who: "T" },
    "POST /v1/atms": { who: "TC", payload: { id: "atm9", publicKey: "AAAA" } },
    "GET /v1/atms": { who: "TAC" },
    "POST /v1/atms/:id/revocation": { who: "TC" },
    "POST /v1/atms/:id/advices": { who: "M", payload: advice },
    "POST /v1/atms/:id/reconciliation": { who: "M", payload: count },
    "POST /v1/cash-loads": { who: "TC", payload: { atm, amount, cassettes: [] } },
    "GET /v1/audit": { who: "A" },
    "GET /v1/entries": { who: "A" },
    "GET /v1/verify": { who: "A" },
  };
}

/** The path with Alice's names in it. */
function pathOf(url: string): string {
  return url.replace(/:(\w+)/g, (_, name: string) => {
    if (name !== "id") return names[name]!;
    if (url.endsWith("/revocation")) return "atm8";
    const [, id = ""] = /\/(atms|staff|proposals|standing-orders)\//.exec(url) ?? [];
    return { atms: names["atm"]!, staff: "ann", proposals: names["proposal"]! }[id] ?? names["standing"]!;
  });
}

let count = 0;

/** Alice's request on that route, asked by somebody. */
function ask({ method, url }: Route, headers: Headers, on = app): Promise<Answered> {
  const { payload } = table[`${method} ${url}`]!;
  const key = `asked-${++count}`;
  const body = payload === undefined ? {} : { payload };
  return bank.ask({ method, url: pathOf(url), headers: { "idempotency-key": key, ...headers }, ...body }, on);
}

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const isRefused = ({ code }: Answered): boolean => code === 401 || code === 403;
const isOutside = (answer: Answered): boolean =>
  answer.code === 401 || /not for the role|is no session|this is ATM/.test(String(answer.body["message"]));

/** All that is Alice's. */
async function hers(): Promise<string> {
  const { account = "", card = "", holder = "" } = names;
  const { reader } = bank;
  const range = { fromMilliseconds: 0, toMilliseconds: 1e15, linesMax: 1000 };
  const all = [
    await reader.accountsOf(holder),
    await reader.lines(account, range),
    await reader.holdsOf(account),
    await reader.document("card", card),
    await reader.documents("payee", `${holder}:`),
    await reader.documents("standing-order", `${holder}:`),
  ];
  return JSON.stringify(all, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

test("the table has every route that there is", () => {
  expect(Object.keys(table).sort()).toEqual(routes.map(({ method, url }) => `${method} ${url}`).sort());
});

describe("who is nobody", () => {
  const forgeries = (): readonly (readonly [string, Headers])[] => [
    ["nobody", {}],
    ["an expired token", bearer(tokens.expired)],
    ["a token that was ended", bearer(tokens.ended)],
    ["a token of an ATM without its signature", bearer(tokens.bound)],
    ["a made-up token", bearer("e30.AAAA")],
    ["another scheme", { authorization: `Basic ${Buffer.from("ann:ann").toString("base64")}` }],
    ["an ATM without a signature", { "strata-atm": "atm7" }],
    ["an ATM that is not there", { "strata-atm": "atm99", "strata-time": "1700000601", "strata-signature": "AAAA" }],
  ];

  test("comes in nowhere but where anybody may, and changes nothing", async () => {
    const before = await hers();
    for (const [what, headers] of forgeries()) {
      for (const route of routes.filter(({ method, url }) => table[`${method} ${url}`]!.who !== "N")) {
        const answer = await ask(route, headers);
        expect([what, route.url, isRefused(answer)]).toEqual([what, route.url, true]);
      }
    }
    expect(await hers()).toBe(before);
  });
});

describe("another holder", () => {
  test("reads nothing and changes nothing of Alice's, on any route, also at an ATM", async () => {
    const before = await hers();
    const read: string[] = [];
    for (const route of routes.filter(({ url }) => !url.includes("login"))) {
      if (route.url === "/v1/logout") continue;
      read.push(JSON.stringify((await ask(route, bearer(tokens.holder))).body));
      const { payload } = table[`${route.method} ${route.url}`]!;
      const call = { method: route.method, url: pathOf(route.url), payload, token: tokens.bound, key: `b-${++count}` };
      // The other ATM's key, and the right one: also an honest ATM does only what its holder may.
      const atms = route.url.includes("/atms/") ? ["atm8"] : ["atm8", "atm7"];
      for (const atm of atms) read.push(JSON.stringify((await bank.call({ ...call, atm })).body));
    }
    expect(await hers()).toBe(before);
    for (const text of read) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(MARK);
    }
  });

  test("is told the same of Alice's account as of one that is not there", async () => {
    const told = (account: string): Promise<Answered> => bank.get(`/v1/accounts/${account}`, tokens.holder);
    expect(await told(names["account"]!)).toEqual(await told("0000000000"));
    expect(await told("vault:USD")).toEqual(await told("0000000000"));
  });
});

describe("the pages", () => {
  const visit = ({ method, url }: Route, token: string, csrf = "") => {
    const { account = "", card = "" } = names;
    const fields = { csrf, key: `p-${++count}`, account, from: account, to: "4000000010", amount: "1", card, pin: PIN };
    const more = {
      reference: "x",
      biller: "gas",
      every: "week",
      first: "2030-01-01",
      name: "x",
      id: names["standing"]!,
      payee: account,
    };
    const body = method === "POST" ? { payload: new URLSearchParams({ ...fields, ...more }).toString() } : {};
    const type = method === "POST" ? { "content-type": "application/x-www-form-urlencoded" } : {};
    const headers = { ...type, cookie: `__Host-session=${token}` };
    return app.inject({ method, url: pathOf(url), headers, ...body });
  };

  test("of another, of nobody, and of who was logged out show and change nothing of Alice's", async () => {
    expect(pages.length).toBeGreaterThan(15);
    const before = await hers();
    const home = await visit({ method: "GET", url: "/transfer" }, tokens.holder);
    const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(home.body) ?? [];
    expect(csrf).not.toBe("");
    for (const route of pages.filter(({ url }) => !/log(in|out)/.test(url))) {
      for (const token of [tokens.holder, tokens.expired, tokens.ended, tokens.bound, ""]) {
        const response = await visit(route, token, token === tokens.holder ? csrf : "");
        expect([route.url, response.statusCode < 500]).toEqual([route.url, true]);
        for (const secret of [MARK, SECRET, "7,777.77"]) expect(response.body).not.toContain(secret);
      }
    }
    expect(await hers()).toBe(before);
  });
});

describe("roles", () => {
  const roles = [
    ["H", "holder"],
    ["T", "teller"],
    ["A", "auditor"],
  ] as const;
  test.each(roles)("%s: a %s comes in where the table says, and nowhere else", async (letter, role) => {
    for (const route of routes.filter(({ url }) => url !== "/v1/logout" && !url.includes("login"))) {
      const { who } = table[`${route.method} ${route.url}`]!;
      const answer = await ask(route, bearer(tokens[role]));
      expect([route.url, isOutside(answer)]).toEqual([route.url, !who.includes(letter) && who !== "N"]);
      expect(answer.code).toBeLessThan(500);
    }
  });

  test("C: a program on this machine comes in where the counter is open to it", async () => {
    for (const route of routes.filter(({ url }) => !url.includes("login"))) {
      const { who } = table[`${route.method} ${route.url}`]!;
      const answer = await ask(route, {}, bank.app);
      expect([route.url, isRefused(answer)]).toEqual([route.url, !/[CN]/.test(who)]);
    }
  });

  test("M: an ATM by its signature alone comes in where the table says", async () => {
    for (const { method, url } of routes.filter(({ url }) => !url.includes("login"))) {
      const { who, payload } = table[`${method} ${url}`]!;
      const call = { method, url: pathOf(url), payload, key: `m-${++count}` };
      const headers = { ...bank.signature("atm7", call), "idempotency-key": call.key };
      const answer = await bank.ask(
        { method, url: call.url, headers, ...(payload === undefined ? {} : { payload }) },
        app,
      );
      expect([url, isRefused(answer)]).toEqual([url, !/[MN]/.test(who)]);
    }
  });
});

describe("whatever is written into it", () => {
  const EVIL = [
    "'; DROP TABLE account; --",
    '" OR ""="',
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "${7*7}{{7*7}}",
    "../../../../etc/passwd",
    "a\u0000b",
    "a\r\nSet-Cookie: x=y",
    "\u202etxt.exe",
    "x".repeat(5000),
  ];

  test("does no harm in any text field, path or query, and comes back as it was written", async () => {
    for (const evil of EVIL) {
      for (const { method, url } of routes) {
        const { payload = {} } = table[`${method} ${url}`]!;
        for (const name of Object.keys(payload).filter((key) => typeof payload[key] === "string")) {
          const options = { method, url: pathOf(url), payload: { ...payload, [name]: evil } };
          const headers = { ...bearer(tokens.teller), "idempotency-key": `e-${++count}` };
          const { code } = await bank.ask({ ...options, headers }, app);
          expect([url, name, code < 500]).toEqual([url, name, true]);
        }
        const bad =
          url.replace(/:\w+/, encodeURIComponent(evil)) + (method === "GET" ? `?from=${encodeURIComponent(evil)}` : "");
        const { code } = await bank.ask({ method, url: bad, headers: bearer(tokens.auditor) }, app);
        expect([bad, code < 500]).toEqual([bad, true]);
      }
    }
    expect((await bank.reader.verify()).faults).toEqual([]);
  }, 60_000);

  test("a reference is told as it was, as JSON that no page takes for its own", async () => {
    const carol = await bank.opened("<b>Carol</b> O'Neill");
    const token = await bank.holder(carol.card);
    const reference = `<script>alert("1")</script>'; DROP TABLE entry; --`;
    const pay = { url: "/v1/transfers", payload: { amount: "1", to: names["account"], reference }, key: "evil", token };
    expect(await bank.call(pay)).toMatchObject({ code: 200 });
    const url = `/v1/accounts/${carol.account}/statement`;
    const response = await bank.app.inject({ url, headers: bearer(token) });
    expect(response.json().lines.at(-1).reference).toBe(reference);
    expect(response.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });

  test("no PIN, no password and no token is in the log, nor in the audit trail", async () => {
    await ask({ method: "POST", url: "/v1/pin" }, bearer(tokens.holder));
    const trail = JSON.stringify((await bank.get("/v1/audit?from=1&count=1000", await bank.staffLogin("eve"))).body);
    for (const secret of [PASSWORD, tokens.holder, tokens.teller, "argon2id"]) {
      expect(logged.join("\n")).not.toContain(secret);
      expect(trail).not.toContain(secret);
    }
    expect(logged).toEqual([]);
  });
});
