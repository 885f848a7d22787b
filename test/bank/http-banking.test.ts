import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeAnswer, parseDate } from "../../bank/index.ts";
import { type Answered, HttpBank, type Opened, type Words } from "./http-bank.ts";

let bank: HttpBank;
let alice: Opened;
let bob: Opened;
let token: string;
beforeEach(async () => {
  bank = await HttpBank.open();
  alice = await bank.opened("Alice");
  bob = await bank.opened("Bob");
  token = await bank.holder(alice.card);
});
afterEach(() => bank[Symbol.asyncDispose]());

const post = (url: string, payload: Words, key?: string): Promise<Answered> => bank.call({ url, payload, key, token });
const inHours = (hours: number): number => bank.clock.wallSeconds() + hours * 3600;
const expiresAt = (hours: number): Words => ({ expiresAtSeconds: inHours(hours) });

describe("transfers", () => {
  test("reach the other account; another's number cannot pay", async () => {
    const pay = { amount: "30", to: bob.account, reference: "rent" };
    expect(await post("/v1/transfers", pay, "t1")).toMatchObject({ code: 200, body: { balance: "70.00" } });
    const theirs = { amount: "30", to: alice.account, from: bob.account };
    expect(await post("/v1/transfers", theirs, "t2")).toMatchObject({ code: 403 });
  });

  test.each(["vault:USD", "1234567890", "", "12345678901"])("to %j are refused", async (to) => {
    expect(await post("/v1/transfers", { amount: "30", to }, "t1")).toMatchObject({ code: 400 });
  });

  test("without a key, or with one that is none, are refused", async () => {
    for (const key of [undefined, "x".repeat(49), "two words"]) {
      const { code, body } = await post("/v1/transfers", { amount: "30", to: bob.account }, key);
      expect([code, body["message"]]).toEqual([400, expect.stringContaining("Idempotency-Key")]);
    }
  });
});

describe("holds", () => {
  const hold = (key = "h1"): Promise<Answered> =>
    post("/v1/holds", { amount: "60", to: bob.account, ...expiresAt(1) }, key);

  test("take what is available, and are captured in part by whoever made them", async () => {
    expect(await hold()).toMatchObject({ code: 200, body: { balance: "100.00", available: "40.00" } });
    expect(await hold("h2")).toMatchObject({ code: 409, body: { status: "insufficient-funds" } });
    const capture = { hold: "h1", amount: "25" };
    const theirs = { url: "/v1/captures", payload: capture, key: "c1", token: await bank.holder(bob.card) };
    expect(await bank.call(theirs)).toMatchObject({ code: 409, body: { status: "no-such-hold" } });
    expect(await post("/v1/captures", capture, "c1")).toMatchObject({
      code: 200,
      body: { balance: "75.00", available: "75.00", amount: "25.00" },
    });
    expect(await post("/v1/releases", { hold: "h1" }, "r1")).toMatchObject({ body: { status: "hold-ended" } });
    const { body } = await bank.get(`/v1/accounts/${alice.account}/holds`, token);
    expect(body).toMatchObject([{ amount: "60.00", credit: bob.account, state: "captured" }]);
  });

  test("are let go, and are not for years", async () => {
    await hold();
    expect(await post("/v1/releases", { hold: "h1" }, "r1")).toMatchObject({ body: { available: "100.00" } });
    const long = { amount: "1", to: bob.account, ...expiresAt(24 * 365) };
    expect(await post("/v1/holds", long, "h3")).toMatchObject({ code: 400 });
    expect(await post("/v1/holds", { ...long, ...expiresAt(-1) }, "h4")).toMatchObject({
      body: { status: "hold-expired" },
    });
  });

  test("at an ATM are for its cash, and the ATM ends them without the card", async () => {
    const atm = await bank.enrol();
    const session = await bank.holder(alice.card, atm);
    const payload = { amount: "20", ...expiresAt(1) };
    expect(await bank.call({ url: "/v1/holds", payload, key: "h1", token: session, atm })).toMatchObject({ code: 200 });
    const capture = { url: "/v1/captures", payload: { hold: "h1", amount: "20" }, key: "c1", atm };
    expect(await bank.call(capture)).toMatchObject({ code: 200, body: { balance: "80.00" } });
  });
});

describe("bills, payees and standing orders", () => {
  test("a bill is paid to a biller that the bank knows", async () => {
    await bank.call({ url: "/v1/billers", payload: { biller: "gas" } });
    const bill = { biller: "gas", amount: "12.34", reference: "invoice 7" };
    expect(await post("/v1/bills", bill, "b1")).toMatchObject({ code: 200, body: { balance: "87.66" } });
    expect(await post("/v1/bills", { ...bill, biller: "water" }, "b2")).toMatchObject({
      body: { status: "no-such-account" },
    });
    expect(await bank.get("/v1/billers", token)).toMatchObject({ body: [{ biller: "gas", currency: "USD" }] });
  });

  test("payees are one's own", async () => {
    await post("/v1/payees", { name: "Bob", account: bob.account });
    expect(await bank.get("/v1/payees", token)).toMatchObject({ body: [{ name: "Bob", account: bob.account }] });
    const other = await bank.holder(bob.card);
    expect(await bank.get("/v1/payees", other)).toMatchObject({ body: [] });
    const url = `/v1/payees/${bob.account}`;
    await bank.call({ method: "DELETE", url, token: other });
    expect(await bank.get("/v1/payees", token)).toMatchObject({ body: [{ name: "Bob" }] });
    await bank.call({ method: "DELETE", url, token });
    expect(await bank.get("/v1/payees", token)).toMatchObject({ body: [] });
  });

  test("a standing order is made once for a key, seen, and ended", async () => {
    const order = { to: bob.account, amount: "5", every: "month", first: "2023-12-31", reference: "pocket money" };
    const made = await post("/v1/standing-orders", order, "s1");
    expect(made).toMatchObject({ code: 200, body: { status: "ok" } });
    expect(await post("/v1/standing-orders", order, "s1")).toEqual(made);
    expect(await post("/v1/standing-orders", { ...order, amount: "6" }, "s1")).toMatchObject({ code: 422 });
    const id = String(made.body["id"]);
    const seen = { id, amount: "5.00", next: "2023-12-31", every: "month", from: alice.account };
    expect((await bank.get("/v1/standing-orders", token)).body).toMatchObject([seen]);
    const stored = await bank.reader.document("standing-order", `${alice.holder}:${id}`);
    expect(stored?.value).toMatchObject({ dayOfMonth: 31, amount: "500", nextDay: parseDate("2023-12-31") });
    const url = `/v1/standing-orders/${id}`;
    await bank.call({ method: "DELETE", url, token: await bank.holder(bob.card) });
    expect((await bank.get("/v1/standing-orders", token)).body).toHaveLength(1);
    await bank.call({ method: "DELETE", url, token });
    expect((await bank.get("/v1/standing-orders", token)).body).toEqual([]);
  });

  test.each([
    ["2023-11-13", /is over/],
    ["2024-02-30", /no day/],
  ])("a first day of %s is refused", async (first, message) => {
    const order = { to: bob.account, amount: "5", every: "month", first };
    expect((await post("/v1/standing-orders", order, "s1")).body["message"]).toMatch(message);
  });
});

describe("the books", () => {
  test("a statement has the lines of its days, and balances on both ends", async () => {
    await post("/v1/transfers", { amount: "30", to: bob.account, reference: "rent" }, "t1");
    await bank.clock.advance(86_400_000);
    await post("/v1/transfers", { amount: "1.50", to: bob.account }, "t2").catch(() => undefined);
    token = await bank.holder(alice.card);
    await post("/v1/transfers", { amount: "1.50", to: bob.account }, "t2");
    const url = `/v1/accounts/${alice.account}/statement`;
    const whole = await bank.get(url, token);
    expect(whole.body).toMatchObject({ opening: "0.00", closing: "68.50", currency: "USD" });
    expect(whole.body["lines"]).toMatchObject([
      { amount: "100.00", balance: "100.00", reason: "opening" },
      {
        amount: "-30.00",
        balance: "70.00",
        reason: "transfer",
        reference: "rent",
        at: expect.stringMatching(/^2023-11-14T.*Z$/),
      },
      { amount: "-1.50", balance: "68.50" },
    ]);
    const second = await bank.get(`${url}?from=2023-11-15&to=2023-11-15`, token);
    expect(second.body).toMatchObject({ opening: "70.00", closing: "68.50", lines: [{ amount: "-1.50" }] });
    expect(await bank.get(`${url}?from=2024-01-01&to=2024-01-02`, token)).toMatchObject({
      body: { opening: "68.50", lines: [] },
    });
    const raw = async (format: string): Promise<string> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await bank.app.inject({ method: "GET", url: `${url}?format=${format}`, headers })).body;
    };
    expect(await raw("csv")).toMatch(/^time,.*\r\n.*opening.*\r\n.*,rent,-30.00,70.00,USD,/);
    expect(await raw("text")).toMatch(/-30.00 +70.00 +transfer +rent\n/);
    expect(await raw("ofx")).toContain("<MEMO>rent</MEMO>");
    for (const wrong of ["?from=2023-02-30", "?from=2024-01-02&to=2024-01-01", "?format=exe", "?x=1", "?from=1"]) {
      expect(await bank.get(url + wrong, token)).toMatchObject({ code: 400 });
    }
    expect(await bank.get(url, await bank.holder(bob.card))).toMatchObject({ code: 403 });
  });

  test("an auditor sees who asked for what, and whether the books are right; nobody else does", async () => {
    await post("/v1/transfers", { amount: "30", to: bob.account, reference: "rent" }, "t1");
    await bank.call({ url: "/v1/login", payload: { card: alice.card, pin: "0000" } });
    const auditor = await bank.staff("eve", "auditor");
    const { body } = await bank.get("/v1/audit?from=1&count=1000", auditor);
    const trail = Object.values(body);
    expect(trail).toContainEqual(
      expect.objectContaining({
        by: expect.stringMatching(/^holder h\d{10} card …\d{4}$/),
        what: "transfer",
        status: "ok",
        entry: expect.objectContaining({ debit: alice.account, credit: bob.account, amount: "3000" }),
      }),
    );
    expect(trail).toContainEqual(expect.objectContaining({ what: `set card ${alice.card}`, entry: null }));
    expect(await bank.get("/v1/audit?from=2&count=1", auditor)).toMatchObject({ body: [{ number: 2 }] });
    expect((await bank.get("/v1/entries?from=3", auditor)).body).toMatchObject([{ number: 3, reference: "rent" }]);
    expect(await bank.get("/v1/verify", auditor)).toMatchObject({ body: { ok: true, faults: [] } });
    const teller = await bank.staff("ann", "teller");
    for (const other of [token, teller]) {
      for (const url of ["/v1/audit", "/v1/entries", "/v1/verify"]) {
        expect(await bank.get(url, other)).toMatchObject({ code: 403 });
      }
    }
  });

  test("the ledger keeps each subject's keys apart", async () => {
    const pay = { amount: "1", to: bob.account };
    await post("/v1/transfers", pay, "same");
    const theirs = { url: "/v1/transfers", payload: { amount: "2", to: alice.account }, key: "same" };
    expect(await bank.call({ ...theirs, token: await bank.holder(bob.card) })).toMatchObject({ code: 200 });
    const answer = await bank.reader.answer(`holder:${alice.card}:same`);
    expect(decodeAnswer(answer!).amount).toBe(100n);
  });
});
