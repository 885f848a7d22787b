import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOfCash, reconcile, tally } from "../../bank/index.ts";
import { type Answered, HttpBank, type Opened, type Words } from "./http-bank.ts";

let bank: HttpBank;
let atm: string;
let alice: Opened;
beforeEach(async () => {
  bank = await HttpBank.open();
  atm = await bank.enrol();
  alice = await bank.opened();
});
afterEach(() => bank[Symbol.asyncDispose]());

async function balance(): Promise<unknown> {
  return (await bank.get(`/v1/accounts/${alice.account}`, await bank.holder(alice.card))).body["balance"];
}

describe("advices: cash that moved while the bank was not to be reached", () => {
  const advice = (sequence: number, more: Words = {}): Words => ({
    ...{ sequence, kind: "withdrawal", card: alice.card, amount: "80", key: `a${sequence}`, atSeconds: 1_700_000_000 },
    ...more,
  });
  const send = (payload: Words, id = atm): Promise<Answered> =>
    bank.call({ url: `/v1/atms/${id}/advices`, payload, atm });

  test("are booked in their order, also over the limit and flagged then; a replay is answered as before", async () => {
    const first = await send(advice(1));
    expect(first).toMatchObject({ code: 200, body: { status: "ok", balance: "20.00", flagged: false } });
    const second = await send(advice(2));
    expect(second).toMatchObject({ code: 200, body: { balance: "-60.00", flagged: true } });
    expect(await send(advice(1))).toEqual(first);
    expect(await send(advice(2))).toEqual(second);
    expect(await balance()).toBe("-60.00");
  });

  test("a gap is refused and says what is next; a replay with another body is refused", async () => {
    expect(await send(advice(2))).toMatchObject({ code: 409, body: { status: "out-of-order", expected: 1 } });
    await send(advice(1));
    expect(await send(advice(1, { amount: "1" }))).toMatchObject({ code: 422, body: { status: "key-reused" } });
    expect(await send(advice(1, { key: "other" }))).toMatchObject({ code: 409, body: { expected: 2 } });
    expect(await send(advice(2, { key: "a1" }))).toMatchObject({ code: 422 });
    expect(await balance()).toBe("20.00");
  });

  test("a deposit, a card that nobody has, and more than an ATM is trusted with", async () => {
    await send(advice(1, { kind: "deposit", amount: "15.50" }));
    expect(await balance()).toBe("115.50");
    const nobody = await send(advice(2, { card: "9000000000000000" }));
    expect(nobody).toMatchObject({ code: 200, body: { account: "suspense:USD", status: "ok" } });
    expect(await send(advice(3, { amount: "1000.01" }))).toMatchObject({ body: { account: "suspense:USD" } });
    expect(await balance()).toBe("115.50");
  });

  test("one that was taken back before it came is settled, and the next goes on", async () => {
    await bank.call({ url: "/v1/reversals", payload: { of: "a1", cause: "counted" }, key: "r1", atm });
    expect(await send(advice(1))).toMatchObject({ code: 409, body: { status: "reversed-before" } });
    expect(await send(advice(2))).toMatchObject({ code: 200, body: { balance: "20.00" } });
  });

  test("of another ATM, unsigned, or signed by a revoked key are refused", async () => {
    await bank.enrol("atm8");
    expect(await send(advice(1), "atm8")).toMatchObject({ code: 403 });
    const url = `/v1/atms/${atm}/advices`;
    expect(await bank.call({ url, payload: advice(1) })).toMatchObject({ code: 401 });
    const holder = await bank.holder(alice.card);
    expect(await bank.call({ url, payload: advice(1), token: holder })).toMatchObject({ code: 401 });
    await bank.call({ url: `/v1/atms/${atm}/revocation`, token: await bank.staff("ann", "teller") });
    expect(await send(advice(1))).toMatchObject({ code: 403, body: { status: "revoked" } });
    expect(await balance()).toBe("100.00");
  });
});

describe("a stolen key", () => {
  test("that is revoked ends what was begun at that ATM, here at once and elsewhere within a second", async () => {
    const token = await bank.holder(alice.card, atm);
    const take = { url: "/v1/withdrawals", payload: { amount: "10" }, token, atm };
    const other = bank.anotherApp();
    const elsewhere = (key: string): Promise<Answered> => {
      const headers = {
        ...bank.signature(atm, { ...take, key }),
        authorization: `Bearer ${token}`,
        "idempotency-key": key,
      };
      return bank.ask({ method: "POST", url: take.url, payload: take.payload, headers }, other);
    };
    expect(await elsewhere("w1")).toMatchObject({ code: 200 });
    const teller = await bank.staff("ann", "teller");
    expect(await bank.call({ url: `/v1/atms/${atm}/revocation`, token: teller })).toMatchObject({ code: 200 });
    expect(await bank.call({ ...take, key: "w2" })).toMatchObject({ code: 403, body: { status: "revoked" } });
    await bank.clock.advance(1000);
    expect(await elsewhere("w3")).toMatchObject({ code: 403, body: { status: "revoked" } });
    await other.close();
    expect(await bank.get("/v1/atms", teller)).toMatchObject({ body: [{ id: atm, state: "revoked", cash: "-10.00" }] });
  });

  test("is not enrolled again from this machine; a teller may enrol another one", async () => {
    const teller = await bank.staff("ann", "teller");
    await bank.call({ url: `/v1/atms/${atm}/revocation`, token: teller });
    await expect(bank.enrol(atm)).rejects.toThrow(/revoked/);
    await bank.enrol(atm, teller);
    await bank.holder(alice.card, atm);
  });

  test("a key of another kind is no key", async () => {
    const payload = { id: "atm9", publicKey: "AAAA" };
    expect(await bank.call({ url: "/v1/atms", payload, atm })).toMatchObject({ code: 400 });
  });
});

describe("loads and the count at cut-over", () => {
  const load = (key: string, signer: string | undefined = atm): Promise<Answered> => {
    const cassettes = [{ denomination: "2000", count: 50 }];
    return bank.call({ url: "/v1/cash-loads", payload: { atm, amount: "1000", cassettes }, key, atm: signer });
  };
  const count = async (more: Words = {}): Promise<Answered> => {
    const { entries, head } = (await bank.get("/v1/bank")).body;
    const counted = {
      ...{ fromSeconds: 0, toSeconds: bank.clock.wallSeconds() + 1, cash: "970", cassettes: [] },
      entries: [
        { key: "l1", kind: "cash-load", amount: "1000", state: "loaded" },
        { key: "w1", kind: "withdrawal", amount: "30", state: "taken" },
      ],
      head: { entries, link: head },
    };
    return bank.call({ url: `/v1/atms/${atm}/reconciliation`, payload: { ...counted, ...more }, atm });
  };

  beforeEach(async () => {
    expect(await load("l1")).toMatchObject({ code: 200, body: { status: "ok", amount: "1000.00" } });
    const token = await bank.holder(alice.card, atm);
    await bank.call({ url: "/v1/withdrawals", payload: { amount: "30" }, token, key: "w1", atm });
  });

  test("a load is seen by staff, and moves once", async () => {
    expect(await load("l1")).toMatchObject({ code: 200 });
    await bank.enrol("atm8");
    expect(await load("l2", "atm8")).toMatchObject({ code: 403 });
    const teller = await bank.staff("ann", "teller");
    const cassettes = [{ denomination: "2000", count: 50 }];
    expect(await bank.get("/v1/atms", teller)).toMatchObject({ body: [{ cash: "970.00", cassettes }, { id: "atm8" }] });
  });

  test("where both sides have the same", async () => {
    const { code, body } = await count();
    expect(code).toBe(200);
    expect(body).toMatchObject({ status: "ok", matched: 2, unmatched: [], chain: "same", difference: "0.00" });
    expect(body["headBank"]).toBe(body["headAtm"]);
    expect(body["bank"]).toEqual(body["atm"]);
    expect(body["bank"]).toContainEqual({ kind: "withdrawal", count: 1, sum: "30.00" });
  });

  test("what stands on one side only is listed with its state, also cash that is short and books that were changed", async () => {
    const entries = [
      { key: "w1", kind: "withdrawal", amount: "20", state: "taken" },
      { key: "w9", kind: "withdrawal", amount: "20", state: "suspect" },
    ];
    const { body } = await count({ entries, cash: "930", head: { entries: 1, link: "0".repeat(64) } });
    expect(body).toMatchObject({ status: "differs", matched: 0, chain: "differs", difference: "-40.00" });
    expect(body["unmatched"]).toEqual([
      { key: "l1", kind: "cash-load", amount: "1000.00", atBank: "cash-load 1000.00", atAtm: "unknown" },
      { key: "w1", kind: "withdrawal", amount: "20.00", atBank: "withdrawal 30.00", atAtm: "taken" },
      { key: "w9", kind: "withdrawal", amount: "20.00", atBank: "unknown", atAtm: "suspect" },
    ]);
    expect(body["headBank"]).not.toBe(body["headAtm"]);
  });

  test("what was booked at another time, or refused, says so", async () => {
    const { body } = await count({ fromSeconds: bank.clock.wallSeconds() + 1, toSeconds: 2e9 });
    expect(body["unmatched"]).toContainEqual({
      key: "w1",
      kind: "withdrawal",
      amount: "30.00",
      atBank: "ok",
      atAtm: "taken",
    });
  });
});

test("counts and digests do not depend on the order", () => {
  const one = { key: "a", kind: "deposit", amount: 5n } as const;
  const two = { key: "b", kind: "withdrawal", amount: 7n } as const;
  expect(digestOfCash([one, two])).toEqual(digestOfCash([two, one]));
  expect(reconcile([one, two], [two, one])).toEqual({ matched: 2, unmatched: [] });
  expect(tally([one, two, { ...one, key: "c" }])[1]).toEqual({ kind: "deposit", count: 2, sum: 10n });
});

test("the signature covers what comes behind the question mark", async () => {
  const token = await bank.holder(alice.card, atm);
  const signed = bank.signature(atm, { method: "GET", url: "/v1/accounts?x=1" });
  const headers = { ...signed, authorization: `Bearer ${token}` };
  expect(await bank.ask({ url: "/v1/accounts?x=2", headers })).toMatchObject({ code: 401 });
  expect(await bank.ask({ url: "/v1/accounts?x=1", headers })).toMatchObject({ code: 200 });
});
