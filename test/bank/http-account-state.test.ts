/** Accounts that are frozen, let go and closed; requests that are asked again because nobody knows what became of them. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answered, HttpBank, PIN } from "./http-bank.ts";

let bank: HttpBank;
let one: string;
let two: string;
beforeEach(async () => {
  bank = await HttpBank.open();
  [one, two] = [await bank.staff("ann", "teller"), await bank.staff("bob", "teller")];
});
afterEach(() => bank[Symbol.asyncDispose]());

const DAY_MILLISECONDS = 86_400_000;

const set = (account: string, state: string, token = one): Promise<Answered> =>
  bank.call({ url: `/v1/accounts/${account}/state`, payload: { state }, token, key: bank.key() });

const approve = ({ body }: Answered, token = two): Promise<Answered> =>
  bank.call({ url: `/v1/proposals/${String(body["proposal"])}/approve`, token });

const cash = (what: "deposits" | "withdrawals", account: string, amount: string): Promise<Answered> =>
  bank.call({ url: `/v1/${what}`, payload: { account, amount }, token: one, key: bank.key() });

describe("an account", () => {
  test("is frozen by one teller at once, and let go again by two", async () => {
    const { account } = await bank.opened();
    expect(await set(account, "blocked")).toMatchObject({ code: 200, body: { status: "ok" } });
    expect(await cash("withdrawals", account, "1")).toMatchObject({ code: 409, body: { status: "account-blocked" } });
    const wish = await set(account, "open");
    expect(wish).toMatchObject({ code: 202, body: { about: `unfreeze account ${account}` } });
    expect(await approve(wish, one)).toMatchObject({ code: 403 });
    expect(await cash("withdrawals", account, "1")).toMatchObject({ code: 409 });
    expect(await approve(wish)).toMatchObject({ code: 200, body: { outcome: { status: "ok" } } });
    expect(await cash("withdrawals", account, "1")).toMatchObject({ code: 200, body: { balance: "99.00" } });
  });

  test("is closed by two, when it is empty, and for ever", async () => {
    const { account } = await bank.opened();
    const full = { code: 400, body: { message: expect.stringMatching(/balance of 100\.00 USD/) as string } };
    expect(await set(account, "closed")).toMatchObject(full);
    await cash("withdrawals", account, "100");
    const wish = await set(account, "closed");
    // Somebody is quicker than the second person.
    await cash("deposits", account, "5");
    expect(await approve(wish)).toMatchObject({ code: 409, body: { outcome: { status: "account-in-use" } } });
    await cash("withdrawals", account, "5");
    expect(await approve(await set(account, "closed"))).toMatchObject({
      code: 200,
      body: { outcome: { status: "ok" } },
    });
    expect(await cash("deposits", account, "1")).toMatchObject({ code: 409, body: { status: "account-closed" } });
    expect(await approve(await set(account, "open"))).toMatchObject({ code: 409 });
  });

  test("that is owed interest is paid it before it is closed, and what is less than a cent is left to the bank", async () => {
    const { account } = await bank.opened("Sue", { kind: "savings", deposit: "1000" });
    // 1.25 % of 1000.00 is 3.4246… cents a day.
    await bank.clock.advance(DAY_MILLISECONDS);
    [one, two] = [await bank.staffLogin("ann"), await bank.staffLogin("bob")];
    for (const amount of ["500", "500"]) await cash("withdrawals", account, amount);
    const owed = { code: 400, body: { message: expect.stringMatching(/balance of 0\.03 USD/) as string } };
    expect(await set(account, "closed")).toMatchObject(owed);
    expect(await set(account, "closed")).toMatchObject(owed);
    await cash("withdrawals", account, "0.03");
    expect(await approve(await set(account, "closed"))).toMatchObject({
      code: 200,
      body: { outcome: { status: "ok" } },
    });
    await bank.clock.advance(DAY_MILLISECONDS);
    expect(await bank.reader.accrualsDue(1e6, 10)).toEqual([]);
    expect((await bank.reader.verify()).faults).toEqual([]);
  });

  test.each([
    ["one that there is not", "0000000000", "blocked", 400],
    ["one of the bank's own", "vault:USD", "blocked", 400],
    ["a state that there is not", "", "gone", 400],
  ])("%s is refused", async (_situation, named, state, code) => {
    const { account } = await bank.opened();
    expect(await set(named === "" ? account : named, state)).toMatchObject({ code });
  });
});

describe("asked again with the same key", () => {
  test("a PIN is changed once, also when the old one is not right any more", async () => {
    const { card } = await bank.opened();
    const token = await bank.holder(card);
    const change = (wanted: string, key: string, old = PIN): Promise<Answered> =>
      bank.call({ url: "/v1/pin", payload: { old, new: wanted }, token, key });
    expect(await change("7777", "p1")).toMatchObject({ code: 200 });
    for (let again = 0; again < 4; again++) expect(await change("7777", "p1")).toMatchObject({ code: 200 });
    expect(await change("8888", "p1")).toMatchObject({ code: 422, body: { status: "key-reused" } });
    const login = (pin: string): Promise<Answered> => bank.call({ url: "/v1/login", payload: { card, pin } });
    expect(await login("7777")).toMatchObject({ code: 200 });
    expect(await change("8888", "p2", "7777")).toMatchObject({ code: 200 });
    expect(await login("7777")).toMatchObject({ code: 401 });
    expect(await bank.call({ url: "/v1/pin", payload: { old: PIN, new: PIN }, token })).toMatchObject({ code: 400 });
  });

  test("what became of a request is told to whose it is, also to an ATM without the card", async () => {
    const [alice, bob] = [await bank.opened(), await bank.opened("Bob")];
    const atm = await bank.enrol();
    const token = await bank.holder(alice.card, atm);
    const payload = { to: bob.account, amount: "5" };
    await bank.call({ url: "/v1/transfers", payload, token, atm, key: "t1" });
    const look = (key: string, by: { token?: string; atm?: string }): Promise<Answered> =>
      bank.call({ method: "GET", url: `/v1/requests?key=${key}`, ...by });
    expect(await look("t1", { atm })).toMatchObject({ code: 200, body: { status: "ok", balance: null, key: "t1" } });
    expect(await look("t1", { atm, token })).toMatchObject({ code: 200, body: { balance: "95.00" } });
    expect(await look("t2", { atm })).toMatchObject({ code: 404, body: { status: "not-found" } });
    await bank.enrol("atm8");
    expect(await look("t1", { atm: "atm8" })).toMatchObject({ code: 404 });
    expect(await look("t1", { token: await bank.holder(bob.card) })).toMatchObject({ code: 404 });
  });
});

test("that a card was put into an ATM is contact with it", async () => {
  const { card } = await bank.opened();
  const atm = await bank.enrol();
  const contact = async (): Promise<number> =>
    (await bank.reader.document("atm", atm))!.value.contactAtMilliseconds - bank.clock.wallSeconds() * 1000;
  await bank.clock.advance(59_000);
  await bank.holder(card, atm);
  expect(await contact()).toBe(-59_000);
  await bank.clock.advance(1_000);
  await bank.call({ url: "/v1/login", payload: { card, pin: "0000" }, atm });
  expect(await contact()).toBe(0);
});
