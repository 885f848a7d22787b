import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { balanceOf, internalOf, sealed, signedText } from "../../bank/index.ts";
import { HttpBank, PIN } from "./http-bank.ts";

let bank: HttpBank;
beforeEach(async () => {
  bank = await HttpBank.open();
});
afterEach(() => bank[Symbol.asyncDispose]());

describe("at the counter", () => {
  const opening = { holder: "Alice", currency: "USD", pin: PIN, deposit: "100" };

  test("an account is opened; asked again with the same key it is the same one", async () => {
    const first = await bank.call({ url: "/v1/holders", payload: opening, key: "o1" });
    expect(first).toMatchObject({ code: 200, body: { account: expect.stringMatching(/^\d{10}$/), balance: "100.00" } });
    expect(await bank.call({ url: "/v1/holders", payload: opening, key: "o1" })).toEqual(first);
    const other = await bank.call({ url: "/v1/holders", payload: opening, key: "o2" });
    expect(other.body["account"]).not.toEqual(first.body["account"]);
  });

  test("another request with a key that was used is refused, and its PIN with it", async () => {
    await bank.call({ url: "/v1/holders", payload: opening, key: "o1" });
    const { code, body } = await bank.call({ url: "/v1/holders", payload: { ...opening, pin: "9999" }, key: "o1" });
    expect([code, body["status"]]).toEqual([422, "key-reused"]);
  });

  test("a deposit that is no amount opens nothing", async () => {
    const wrong = await bank.call({ url: "/v1/holders", payload: { ...opening, deposit: "1.234" }, key: "o1" });
    expect(wrong).toMatchObject({ code: 400, body: { status: "bad-request" } });
  });
});

describe("at an ATM", () => {
  test("what is taken and put in is on the account; the same key moves it once", async () => {
    const atm = await bank.enrol();
    const { account, card } = await bank.opened();
    const token = await bank.holder(card, atm);
    const take = (key: string) => bank.call({ url: "/v1/withdrawals", payload: { amount: "30" }, token, key, atm });
    const first = await take("w1");
    expect(first).toMatchObject({ code: 200, body: { status: "ok", account, balance: "70.00", key: "w1" } });
    expect(await take("w1")).toEqual(first);
    expect(await take("w2")).toMatchObject({ body: { balance: "40.00" } });
    expect(await take("w3")).toMatchObject({ body: { balance: "10.00" } });
    expect(await take("w4")).toMatchObject({ code: 409, body: { status: "insufficient-funds" } });
    const put = await bank.call({ url: "/v1/deposits", payload: { amount: "5.50" }, token, key: "d1", atm });
    expect(put).toMatchObject({ code: 200, body: { balance: "15.50" } });
    const back = { of: "w2", cause: "4021" };
    expect(await bank.call({ url: "/v1/reversals", payload: back, key: "r1", token, atm })).toMatchObject({
      body: { status: "ok", balance: "45.50" },
    });
  });

  test("what was cut off is taken back by the ATM alone, also when the reversal comes first", async () => {
    const atm = await bank.enrol();
    const { card } = await bank.opened();
    const token = await bank.holder(card, atm);
    const take = (key: string) => bank.call({ url: "/v1/withdrawals", payload: { amount: "30" }, token, key, atm });
    const back = (of: string) =>
      bank.call({ url: "/v1/reversals", payload: { of, cause: "cut off" }, key: `r.${of}`, atm });
    await take("w1");
    expect(await back("w1")).toMatchObject({ code: 200, body: { status: "ok", amount: "30.00" } });
    expect(await back("w2")).toMatchObject({ code: 200, body: { status: "ok", amount: null } });
    expect(await take("w2")).toMatchObject({ code: 409, body: { status: "reversed-before" } });
    expect(await bank.get("/v1/accounts", await bank.holder(card))).toMatchObject({ body: [{ balance: "100.00" }] });
  });

  test("a session that was not begun at one has no cash and reverses nothing", async () => {
    const atm = await bank.enrol();
    const { card } = await bank.opened();
    await bank.call({
      url: "/v1/withdrawals",
      payload: { amount: "30" },
      token: await bank.holder(card, atm),
      key: "w1",
      atm,
    });
    const token = await bank.holder(card);
    const take = { url: "/v1/withdrawals", payload: { amount: "30" }, token, key: "w2" };
    expect(await bank.call(take)).toMatchObject({ code: 403 });
    const back = { url: "/v1/reversals", payload: { of: "w1", cause: "x" }, token, key: "r1" };
    expect(await bank.call(back)).toMatchObject({ code: 403 });
  });

  test("three wrong PINs block the card, also when they come at once, and end its sessions", async () => {
    const { card } = await bank.opened();
    const token = await bank.holder(card);
    const login = (pin: string) => bank.call({ url: "/v1/login", payload: { card, pin } });
    const tries = await Promise.all(["1", "2", "3", "4", "5"].map((pin) => login(`000${pin}`)));
    expect(tries.filter(({ code }) => code === 401).length).toBeLessThanOrEqual(3);
    for (let i = 0; i < 3; i++) await login("0000");
    expect(await login(PIN)).toMatchObject({ code: 403, body: { status: "forbidden" } });
    await bank.clock.advance(1000);
    expect(await bank.get("/v1/accounts", token)).toMatchObject({ code: 401 });
  });

  test("the right PIN at once many times is never a wrong one: who is let wait asks again", async () => {
    const { card } = await bank.opened();
    const login = () => bank.call({ url: "/v1/login", payload: { card, pin: PIN } });
    let waiting = 8;
    for (let round = 0; waiting > 0 && round < 8; round++) {
      const codes = (await Promise.all(Array.from({ length: waiting }, login))).map(({ code }) => code);
      expect(codes.filter((code) => code !== 200 && code !== 503)).toEqual([]);
      waiting = codes.filter((code) => code === 503).length;
    }
    expect(waiting).toBe(0);
  });

  test("a server that died with three tries under way leaves one more, and the right PIN forgets them", async () => {
    const { card } = await bank.opened();
    const found = await bank.reader.document("card", card);
    const value = { ...found!.value, wrongTries: 3 };
    const died = { kind: "set", what: "card", id: card, value, ifVersion: null } as const;
    await bank.ledger.submit({ key: "died", command: died, by: "test" });
    const login = async (pin: string) => (await bank.call({ url: "/v1/login", payload: { card, pin } })).code;
    expect(await login(PIN)).toBe(503);
    await bank.clock.advance(11_000);
    expect(await login(PIN)).toBe(200);
    await bank.ledger.submit({ key: "died-again", command: died, by: "test" });
    expect(await login("0000")).toBe(503);
    await bank.clock.advance(11_000);
    expect([await login("0000"), await login(PIN)]).toEqual([401, 403]);
  });

  test("the right PIN forgets what was wrong before", async () => {
    const { card } = await bank.opened();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) await bank.call({ url: "/v1/login", payload: { card, pin: "0000" } });
      await bank.holder(card);
    }
  });

  test("a PIN is changed by whoever knows the old one", async () => {
    const { card } = await bank.opened();
    const token = await bank.holder(card);
    const change = (old: string) =>
      bank.call({ url: "/v1/pin", payload: { old, new: "777777" }, token, key: bank.key() });
    expect(await change("0000")).toMatchObject({ code: 401 });
    expect(await change(PIN)).toMatchObject({ code: 200 });
    expect(await bank.call({ url: "/v1/login", payload: { card, pin: PIN } })).toMatchObject({ code: 401 });
    expect(await bank.call({ url: "/v1/login", payload: { card, pin: "777777" } })).toMatchObject({ code: 200 });
  });
});

describe("signatures of ATMs (RFC 8032)", () => {
  test("a forged one, a replay of yesterday's, another's, and a body that was changed are refused", async () => {
    const atm = await bank.enrol();
    await bank.enrol("atm8");
    const { card } = await bank.opened();
    const payload = { card, pin: PIN };
    const right = bank.signature(atm, { url: "/v1/login", payload });
    for (const headers of [
      { ...right, "strata-signature": Buffer.alloc(64).toString("base64") },
      { ...right, "strata-signature": "" },
      { ...right, "strata-time": String(bank.clock.wallSeconds() - 86_400) },
      { ...right, "strata-time": String(bank.clock.wallSeconds() - 1) },
      { ...right, "strata-time": "NaN" },
      { ...right, "strata-atm": "atm8" },
      { ...right, "strata-atm": "atm9" },
      bank.signature(atm, { url: "/v1/login", payload: { card, pin: "4321" } }),
      bank.signature(atm, { url: "/v1/logout", payload }),
      bank.signature(atm, { url: "/v1/login", payload, key: "k" }),
    ]) {
      expect(await bank.ask({ method: "POST", url: "/v1/login", payload, headers })).toMatchObject({ code: 401 });
    }
    expect(await bank.ask({ method: "POST", url: "/v1/login", payload, headers: right })).toMatchObject({ code: 200 });
    const unknown = { ...right, "strata-atm": "atm9" };
    expect(await bank.ask({ method: "POST", url: "/v1/login", payload, headers: unknown })).toMatchObject({
      body: { status: "not-enrolled" },
    });
  });

  test("they are over the octets that were sent", async () => {
    const atm = await bank.enrol();
    const { card } = await bank.opened();
    const spaced = `{ "card": "${card}",\n "pin": "${PIN}" }`;
    const headers = {
      ...bank.signature(atm, { url: "/v1/login", payload: { card, pin: PIN } }),
      "content-type": "application/json",
    };
    expect(await bank.ask({ method: "POST", url: "/v1/login", payload: spaced, headers })).toMatchObject({ code: 401 });
  });

  test("a token that was begun at an ATM is of no use without its signature, or with another's", async () => {
    const atm = await bank.enrol();
    await bank.enrol("atm8");
    const { card } = await bank.opened();
    const token = await bank.holder(card, atm);
    const take = { url: "/v1/withdrawals", payload: { amount: "30" }, token, key: "w1" };
    expect(await bank.call(take)).toMatchObject({ code: 401 });
    expect(await bank.call({ ...take, atm: "atm8" })).toMatchObject({ code: 403 });
    expect(await bank.get("/v1/accounts", token)).toMatchObject({ code: 401 });
    expect(await bank.call({ ...take, atm })).toMatchObject({ code: 200 });
  });
});

describe("seals: what stands for a signature within a session", () => {
  const payload = { amount: "30" };
  const url = "/v1/withdrawals";

  /** A session at that ATM, and a request of it with that seal's secret, changed afterwards. */
  async function begun(card: string, atm: string): Promise<{ readonly token: string; readonly seal: string }> {
    const { body } = await bank.call({ url: "/v1/login", payload: { card, pin: PIN }, atm });
    return { token: String(body["token"]), seal: String(body["seal"]) };
  }
  const ask = (
    atm: string,
    token: string,
    { seal, ...more }: { readonly seal: string; readonly [name: string]: string },
  ) => {
    const seconds = bank.clock.wallSeconds();
    const text = signedText({ method: "POST", path: url, seconds, key: "w1", body: JSON.stringify(payload) });
    const proof = { "strata-atm": atm, "strata-time": String(seconds), "strata-seal": sealed(text, seal) };
    const headers = { authorization: `Bearer ${token}`, "idempotency-key": "w1", ...proof, ...more };
    return bank.ask({ method: "POST", url, payload, headers });
  };

  test("the secret is the session's own, and covers the whole request", async () => {
    const atm = await bank.enrol();
    await bank.enrol("atm8");
    const [alice, bob] = [await bank.opened("Alice"), await bank.opened("Bob")];
    const { token, seal } = await begun(alice.card, atm);
    const other = await begun(bob.card, atm);
    const elsewhere = await begun(alice.card, "atm8");
    expect(await ask(atm, token, { seal: other.seal })).toMatchObject({ code: 401 });
    expect(await ask(atm, token, { seal: elsewhere.seal })).toMatchObject({ code: 401 });
    expect(await ask("atm8", token, { seal })).toMatchObject({ code: 401 });
    expect(await ask(atm, token, { seal, "idempotency-key": "w2" })).toMatchObject({ code: 401 });
    expect(await ask(atm, token, { seal, "strata-time": "1" })).toMatchObject({ code: 401 });
    expect(await ask(atm, token, { seal, "strata-seal": "" })).toMatchObject({ code: 401 });
    expect(await ask(atm, token, { seal })).toMatchObject({ code: 200, body: { balance: "70.00" } });
  });

  test("is of no use once the ATM's key is revoked, and for nothing that an ATM does alone", async () => {
    const atm = await bank.enrol();
    const { card } = await bank.opened();
    const { token, seal } = await begun(card, atm);
    const alone = { "strata-atm": atm, "strata-time": String(bank.clock.wallSeconds()), "strata-seal": seal };
    const reversal = { method: "POST", url: "/v1/reversals", payload: { of: "w1", cause: "x" } } as const;
    expect(await bank.ask({ ...reversal, headers: { ...alone, "idempotency-key": "r1" } })).toMatchObject({
      code: 401,
    });
    await bank.call({ url: `/v1/atms/${atm}/revocation` });
    expect(await ask(atm, token, { seal })).toMatchObject({ code: 403, body: { status: "revoked" } });
  });

  test("is given to an ATM alone", async () => {
    const { card } = await bank.opened();
    expect((await bank.call({ url: "/v1/login", payload: { card, pin: PIN } })).body["seal"]).toBeNull();
  });
});

describe("sessions", () => {
  test("end by themselves", async () => {
    const { card } = await bank.opened();
    const token = await bank.holder(card);
    expect(await bank.get("/v1/accounts", token)).toMatchObject({ code: 200 });
    await bank.clock.advance(601_000);
    expect(await bank.get("/v1/accounts", token)).toMatchObject({ code: 401, body: { status: "login" } });
  });

  test("end by logging out: at once here, within a second on another thread", async () => {
    const { card } = await bank.opened();
    const token = await bank.holder(card);
    const other = bank.anotherApp();
    const elsewhere = () => bank.ask({ url: "/v1/accounts", headers: { authorization: `Bearer ${token}` } }, other);
    expect(await elsewhere()).toMatchObject({ code: 200 });
    expect(await bank.call({ url: "/v1/logout", token })).toMatchObject({ code: 200 });
    expect(await bank.get("/v1/accounts", token)).toMatchObject({ code: 401 });
    await bank.clock.advance(1000);
    expect(await elsewhere()).toMatchObject({ code: 401 });
    await other.close();
    expect(await bank.get("/v1/accounts", await bank.holder(card))).toMatchObject({ code: 200 });
  });

  test("a token that was changed, or that another bank made, is none", async () => {
    const { card } = await bank.opened();
    const token = await bank.holder(card);
    const [body = "", signature = ""] = token.split(".");
    const session: unknown = JSON.parse(Buffer.from(body, "base64url").toString());
    const forged = Buffer.from(JSON.stringify({ ...Object(session), role: "auditor" })).toString("base64url");
    for (const wrong of [`${forged}.${signature}`, `${body}.`, `${body}.AAAA`, body, ".", "x".repeat(9000)]) {
      expect(await bank.get("/v1/accounts", wrong)).toMatchObject({ code: 401 });
    }
  });
});

describe("two tellers", () => {
  test("above the limit the second one's word is needed, and no other's", async () => {
    const { account } = await bank.opened();
    const [one, two] = [await bank.staff("ann", "teller"), await bank.staff("bob", "teller")];
    const auditor = await bank.staff("eve", "auditor");
    const put = (amount: string, key: string) =>
      bank.call({ url: "/v1/deposits", payload: { account, amount }, token: one, key });
    expect(await put("5000", "d1")).toMatchObject({ code: 200, body: { balance: "5100.00" } });
    const first = await put("5000.01", "d2");
    expect(first).toMatchObject({ code: 202, body: { status: "proposed" } });
    expect(await put("5000.01", "d2")).toEqual(first);
    expect(await put("6000", "d2")).toMatchObject({ code: 422 });
    const url = `/v1/proposals/${String(first.body["proposal"])}/approve`;
    expect(await bank.call({ url, token: one })).toMatchObject({ code: 403 });
    expect(await bank.call({ url, token: auditor })).toMatchObject({ code: 403 });
    const done = await bank.call({ url, token: two });
    expect(done).toMatchObject({ code: 200, body: { state: "approved", outcome: { balance: "10100.01", account } } });
    expect(await bank.call({ url, token: two })).toEqual(done);
    expect(await bank.call({ url: url.replace("approve", "decline"), token: two })).toMatchObject({ code: 400 });
    const list = await bank.get("/v1/proposals", auditor);
    expect(list.body).toMatchObject([{ by: "ann", decidedBy: "bob", state: "approved" }]);
  });

  test("what was declined is not done", async () => {
    const { account } = await bank.opened();
    const [one, two] = [await bank.staff("ann", "teller"), await bank.staff("bob", "teller")];
    const { body } = await bank.call({
      url: "/v1/deposits",
      payload: { account, amount: "9000" },
      token: one,
      key: "d",
    });
    const decline = `/v1/proposals/${String(body["proposal"])}/decline`;
    expect(await bank.call({ url: decline, token: two })).toMatchObject({ code: 200, body: { state: "declined" } });
    expect(await bank.call({ url: decline.replace("decline", "approve"), token: two })).toMatchObject({ code: 400 });
    expect(await bank.get(`/v1/accounts/${account}`, two)).toMatchObject({ body: { balance: "100.00" } });
  });

  test("staff are made by two, and one who is blocked is out within a second", async () => {
    const [one, two] = [await bank.staff("ann", "teller"), await bank.staff("bob", "teller")];
    const payload = { id: "cat", name: "Cat", role: "teller", password: "a long password" };
    const made = await bank.call({ url: "/v1/staff", payload, token: one, key: "s1" });
    expect(made).toMatchObject({ code: 202 });
    const login = { url: "/v1/staff/login", payload: { id: "cat", password: "a long password" } };
    expect(await bank.call(login)).toMatchObject({ code: 401 });
    await bank.call({ url: `/v1/proposals/${String(made.body["proposal"])}/approve`, token: two });
    expect(await bank.call(login)).toMatchObject({ code: 200, body: { role: "teller" } });
    const out = await bank.call({ url: "/v1/staff/ann/state", payload: { state: "blocked" }, token: two, key: "s2" });
    const cat = String((await bank.call(login)).body["token"]);
    await bank.call({ url: `/v1/proposals/${String(out.body["proposal"])}/approve`, token: cat });
    await bank.clock.advance(1000);
    expect(await bank.get("/v1/proposals", one)).toMatchObject({ code: 401 });
  });

  test("a part of what was moved in another currency is taken back in that one, whose minor unit differs", async () => {
    const app = bank.anotherApp({ currencies: ["USD", "JPY"] });
    const account = internalOf("counter:JPY", "JPY");
    await bank.ledger.submit({ key: "jpy", command: { kind: "open-account", account }, by: "bank" });
    const ask = (url: string, payload: object, token?: string) => {
      const headers = { "idempotency-key": bank.key(), ...(token && { authorization: `Bearer ${token}` }) };
      return bank.ask({ method: "POST", url, payload, headers }, app);
    };
    const opened = await ask("/v1/holders", { holder: "Yuki", currency: "JPY", pin: PIN, deposit: "5000" });
    const holder = String(opened.body["account"]);
    const [one, two] = [await bank.staff("ann", "teller"), await bank.staff("bob", "teller")];
    const headers = { "idempotency-key": "w1", authorization: `Bearer ${one}` };
    const payload = { account: holder, amount: "400" };
    await bank.ask({ method: "POST", url: "/v1/withdrawals", payload, headers }, app);
    const wish = await ask("/v1/reversals", { of: "teller:ann:w1", amount: "3", cause: "a slip" }, one);
    await ask(`/v1/proposals/${String(wish.body["proposal"])}/approve`, {}, two);
    expect(balanceOf((await bank.reader.account(holder))!)).toBe(4603n);
    await app.close();
  });

  test("a reversal by a teller needs both", async () => {
    const { account } = await bank.opened();
    const [one, two] = [await bank.staff("ann", "teller"), await bank.staff("bob", "teller")];
    await bank.call({ url: "/v1/withdrawals", payload: { account, amount: "40" }, token: one, key: "w1" });
    const payload = { of: "teller:ann:w1", cause: "wrong account" };
    const { body } = await bank.call({ url: "/v1/reversals", payload, token: one, key: "r1" });
    const url = `/v1/proposals/${String(body["proposal"])}/approve`;
    expect(await bank.call({ url, token: two })).toMatchObject({
      body: { outcome: { status: "ok", balance: "100.00" } },
    });
  });
});
