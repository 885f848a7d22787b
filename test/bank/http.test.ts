import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance, InjectOptions } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SeededRandom, silentLog, SimulatedClock, systemClock } from "../../base/index.ts";
import {
  createBankApp,
  digested,
  GroupCommit,
  internalAccount,
  internalOf,
  type LedgerRequest,
  signedText,
  SqliteLedger,
  SqliteReader,
} from "../../bank/index.ts";

let folder: string;
let app: FastifyInstance;
let clock: SimulatedClock;
let end: () => void;
const atm = generateKeyPairSync("ed25519");
const publicKey = atm.publicKey.export({ type: "spki", format: "der" }).toString("base64");

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "strata-bank-"));
  const file = join(folder, "ledger.sqlite");
  clock = new SimulatedClock();
  const writer = new SqliteLedger(file, { clock, epoch: 0 });
  const commits = new GroupCommit(writer, systemClock);
  const ledger = { submit: async (request: LedgerRequest) => commits.submit(digested(request)) };
  const reader = new SqliteReader(file);
  for (const role of ["counter", "vault"] as const) {
    const account = internalOf(internalAccount(role, "USD"), "USD");
    await ledger.submit({ key: `internal:${account.id}`, command: { kind: "open-account", account }, by: "bank" });
  }
  const parts = { bank: "firstbank.com", ledger, reader, clock, random: new SeededRandom(1), log: silentLog };
  const serverKey = new Uint8Array(32).fill(7);
  app = createBankApp({ ...parts, serverKey, currencies: ["USD", "EUR"], counter: "loopback" }, null);
  end = () => {
    void reader.close();
    writer.close();
    rmSync(folder, { recursive: true });
  };
});

afterEach(async () => {
  await app.close();
  end();
});

type Words = Record<string, unknown>;

async function asked(options: InjectOptions): Promise<{ readonly code: number; readonly body: Words }> {
  const response = await app.inject(options);
  return { code: response.statusCode, body: response.json() };
}

function post(
  url: string,
  payload: Words,
  headers: Record<string, string> = {},
): Promise<{ code: number; body: Words }> {
  return asked({ method: "POST", url, payload, headers });
}

/** Signed by the ATM. */
function atAtm(url: string, payload: Words, key = ""): Record<string, string> {
  const seconds = clock.wallSeconds();
  const text = signedText({ method: "POST", path: url, seconds, key, body: JSON.stringify(payload) });
  const signature = sign(null, Buffer.from(text), atm.privateKey).toString("base64");
  const headers = { "strata-atm": "atm7", "strata-time": String(seconds), "strata-signature": signature };
  return key === "" ? headers : { ...headers, "idempotency-key": key };
}

async function enrolled(): Promise<void> {
  const payload = { id: "atm7", publicKey };
  expect(await post("/v1/atms", payload, atAtm("/v1/atms", payload, "e1"))).toMatchObject({ code: 200 });
}

async function opened(key = "o1"): Promise<{ readonly account: string; readonly card: string }> {
  const payload = { holder: "Alice", currency: "USD", pin: "1234", deposit: "100" };
  const { body } = await post("/v1/holders", payload, { "idempotency-key": key });
  return { account: String(body["account"]), card: String(body["card"]) };
}

async function token(card: string): Promise<Record<string, string>> {
  const payload = { card, pin: "1234" };
  const { body } = await post("/v1/login", payload, atAtm("/v1/login", payload));
  return { authorization: `Bearer ${String(body["token"])}` };
}

describe("at the counter", () => {
  test("an account is opened; asked again with the same key it is the same one", async () => {
    const first = await opened();
    expect(first.account).toMatch(/^\d{10}$/);
    expect(await opened()).toEqual(first);
    expect(await opened("o2")).not.toEqual(first);
  });

  test("another request with a key that was used is refused, and its PIN with it", async () => {
    await opened();
    const payload = { holder: "Alice", currency: "USD", pin: "9999", deposit: "100" };
    const { code, body } = await post("/v1/holders", payload, { "idempotency-key": "o1" });
    expect([code, body["status"]]).toEqual([409, "key-reused"]);
  });
});

describe("at an ATM", () => {
  test("what is taken and put in is on the account; the same key moves it once", async () => {
    await enrolled();
    const { account, card } = await opened();
    const authorized = await token(card);
    const take = (key: string): ReturnType<typeof post> =>
      post("/v1/withdrawals", { amount: "30" }, { ...authorized, "idempotency-key": key });
    const first = await take("w1");
    expect(first).toMatchObject({ code: 200, body: { status: "ok", account, balance: "70.00", key: "w1" } });
    expect(await take("w1")).toEqual(first);
    expect(await take("w2")).toMatchObject({ body: { balance: "40.00" } });
    expect(await take("w3")).toMatchObject({ body: { balance: "10.00" } });
    expect(await take("w4")).toMatchObject({ code: 409, body: { status: "insufficient-funds" } });
    const put = await post("/v1/deposits", { amount: "5.50" }, { ...authorized, "idempotency-key": "d1" });
    expect(put).toMatchObject({ code: 200, body: { balance: "15.50" } });
    const back = { of: "w2", cause: "4021" };
    expect(await post("/v1/reversals", back, { ...authorized, "idempotency-key": "r1" })).toMatchObject({
      body: { status: "ok", balance: "45.50" },
    });
  });

  test("a session that was not begun at one has no cash", async () => {
    const { card } = await opened();
    const { body } = await post("/v1/login", { card, pin: "1234" });
    const headers = { authorization: `Bearer ${String(body["token"])}`, "idempotency-key": "w1" };
    expect(await post("/v1/withdrawals", { amount: "30" }, headers)).toMatchObject({ code: 403 });
  });

  test("three wrong PINs block the card, also when they come at once", async () => {
    const { card } = await opened();
    const tries = await Promise.all(
      ["1", "2", "3", "4", "5"].map((pin) => post("/v1/login", { card, pin: `000${pin}` })),
    );
    expect(tries.filter(({ code }) => code === 401).length).toBeLessThanOrEqual(3);
    for (let i = 0; i < 3; i++) await post("/v1/login", { card, pin: "0000" });
    expect(await post("/v1/login", { card, pin: "1234" })).toMatchObject({ code: 403 });
  });

  test("a forged signature, a replay of yesterday's, and a body that was changed are refused", async () => {
    await enrolled();
    const { card } = await opened();
    const payload = { card, pin: "1234" };
    const right = atAtm("/v1/login", payload);
    for (const headers of [
      { ...right, "strata-signature": Buffer.alloc(64).toString("base64") },
      { ...right, "strata-time": String(clock.wallSeconds() - 86_400) },
      { ...right, "strata-atm": "atm8" },
      atAtm("/v1/login", { card, pin: "4321" }),
    ]) {
      expect(await post("/v1/login", payload, headers)).toMatchObject({ code: 401 });
    }
  });

  test("a session ends", async () => {
    const { card } = await opened();
    await enrolled();
    const authorized = await token(card);
    await clock.advance(601_000);
    expect(await asked({ url: "/v1/accounts", headers: authorized })).toMatchObject({ code: 401 });
  });
});
