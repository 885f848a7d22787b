/** An ATM and a bank: the real journal, the real requests, the real books; only the wire between them is cut where a test says so. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AtmBank,
  AtmIdentity,
  type AtmJournal,
  balanceOf,
  BankClient,
  CallError,
  CardRequests,
  cashIn,
  CashMachine,
  type CashOutcome,
  closeCutOver,
  cutOverOf,
  handToHand,
  type HttpCall,
  makeAtmKey,
  SqliteJournal,
} from "../../../bank/index.ts";
import { SeededRandom } from "../../../base/index.ts";
import { HttpBank, PIN } from "../http-bank.ts";

const NEVER = new AbortController().signal;
const ID = "atm7";
const PLACE = { host: "one.firstbank.com", address: "192.0.2.1", port: 443, keyDigests: [] };

/** What becomes of a request, in order; then all go well. */
type Way = "well" | "lost-request" | "lost-answer" | "unreached";

class Rig {
  readonly ways: Way[] = [];
  readonly paths: string[] = [];
  readonly journal: SqliteJournal;
  readonly bank: AtmBank;
  readonly #http: HttpBank;
  readonly #folder = mkdtempSync(join(tmpdir(), "strata-atm-"));
  #life = 0;

  constructor(http: HttpBank) {
    this.#http = http;
    this.journal = new SqliteJournal(join(this.#folder, "journal.sqlite"));
    const { clock } = http;
    const client = new BankClient({
      finder: { places: () => Promise.resolve([PLACE]), failed: () => undefined, succeeded: () => undefined },
      send: async (_place, call) => this.#send(call),
      // One try each, so that a test says what becomes of each.
      ...{ clock, random: new SeededRandom(1), tryMilliseconds: 1000, totalMilliseconds: 1, absentMilliseconds: 1 },
    });
    this.bank = new AtmBank({ client, identity: new AtmIdentity(ID, makeAtmKey(), clock), signal: NEVER });
  }

  async #send({ method, path, headers, body }: HttpCall) {
    this.paths.push(path);
    const way = this.ways.shift() ?? "well";
    if (way === "unreached") throw new CallError("nobody there", false);
    if (way === "lost-request") throw new CallError("no answer", true);
    const typed = body === null ? {} : { "content-type": "application/json" };
    const response = await this.#http.app.inject({
      method,
      url: path,
      headers: { ...headers, ...typed },
      ...(body === null ? {} : { payload: body }),
    });
    if (way === "lost-answer") throw new CallError("no answer", true);
    return { code: response.statusCode, text: response.body };
  }

  start(offlineMax = 0n): CashMachine {
    const owner = String(++this.#life);
    return new CashMachine({
      ...{ journal: this.journal, bank: this.bank, dispenser: handToHand, escrow: handToHand, clock: this.#http.clock },
      ...{ owner, isAlive: (other: string) => other === owner, offlineMax: () => offlineMax },
    });
  }

  /** As another process of the ATM does; the one before has ended. */
  requests(): CardRequests {
    const owner = String(++this.#life);
    const { journal, bank } = this;
    return new CardRequests({ journal, bank, clock: this.#http.clock, owner, isAlive: (other) => other === owner });
  }

  async ready(): Promise<{ readonly card: string; readonly token: string; readonly account: string }> {
    expect(await this.bank.enrol("e1")).toEqual({ kind: "done", value: { currency: "USD" } });
    const notes = [{ denomination: 1000n, count: 100 }];
    expect(await this.bank.tellLoad({ key: "l1", amount: "1000.00", cassettes: notes })).toMatchObject({
      kind: "done",
    });
    this.journal.change((page) => page.setCassettes(notes));
    const { card, account } = await this.#http.opened();
    const session = await this.bank.login(card, PIN);
    if (session.kind !== "done") throw new Error("no session");
    return { card, account, token: session.value.token };
  }

  close(): void {
    this.journal.close();
    rmSync(this.#folder, { recursive: true });
  }
}

let http: HttpBank;
let rig: Rig;
beforeEach(async () => {
  http = await HttpBank.open();
  rig = new Rig(http);
});
afterEach(async () => {
  rig.close();
  await http[Symbol.asyncDispose]();
});

const asked = ({ card, token }: { card: string; token: string }, key: string, amount: bigint) => ({
  ...{ key, card, token, amount, currency: "USD" },
});
const cashOf = (journal: AtmJournal): bigint => journal.change((page) => cashIn(page));
const balanceIn = (outcome: CashOutcome): string | null =>
  outcome.kind === "ok" ? outcome.answer.balance : outcome.kind;

/** Both sides have the same, entry by entry, and the same cash. */
async function cutOver(): Promise<unknown> {
  const made = rig.journal.change((page) => cutOverOf(page, "USD", http.clock.wallSeconds()));
  const told = await rig.bank.reconcile({
    ...made,
    entries: [{ key: "l1", kind: "cash-load", amount: "1000.00", state: "loaded" }, ...made.entries],
  });
  return told.kind === "done" ? told.value : told;
}

test("cash out and in, and a cut-over that finds both sides the same", async () => {
  const inside = await rig.ready();
  const machine = rig.start();
  expect(balanceIn(await machine.withdraw(asked(inside, "w1", 3000n)))).toBe("70.00");
  expect(balanceIn(await machine.deposit(asked(inside, "d1", 500n)))).toBe("75.00");
  expect(await machine.withdraw(asked(inside, "w2", 9000n))).toMatchObject({
    kind: "refused",
    answer: { status: "insufficient-funds" },
  });
  expect(cashOf(rig.journal)).toBe(97_500n);
  expect(await cutOver()).toMatchObject({
    status: "ok",
    matched: 3,
    unmatched: [],
    cashAtm: "975.00",
    cashBank: "975.00",
  });
});

describe("what is lost on the way", () => {
  test.each<Way>(["lost-request", "lost-answer"])("%s: the same key gives the cash once", async (way) => {
    const inside = await rig.ready();
    rig.ways.push(way);
    expect(await rig.start().withdraw(asked(inside, "w1", 3000n))).toMatchObject({ kind: "unknown" });
    expect(cashOf(rig.journal)).toBe(100_000n);
    expect(balanceIn(await rig.start().withdraw(asked(inside, "w1", 3000n)))).toBe("70.00");
    expect(balanceIn(await rig.start().withdraw(asked(inside, "w1", 3000n)))).toBe("70.00");
    expect(cashOf(rig.journal)).toBe(97_000n);
    expect(await cutOver()).toMatchObject({ status: "ok" });
  });

  test.each<Way>(["lost-request", "lost-answer"])(
    "%s, and nobody asks again: the ATM alone takes it back",
    async (way) => {
      const inside = await rig.ready();
      rig.ways.push(way);
      await rig.start().withdraw(asked(inside, "w1", 3000n));
      rig.ways.push("unreached");
      expect(await rig.start().settle(0)).toHaveLength(1);
      rig.ways.push("lost-answer");
      expect(await rig.start().settle(0)).toHaveLength(1);
      expect(await rig.start().settle(0)).toEqual([]);
      expect(await rig.bank.account(inside)).toMatchObject({ value: { balance: "100.00" } });
      expect(await rig.start().withdraw(asked(inside, "w1", 3000n))).toMatchObject({ kind: "refused" });
      expect(await cutOver()).toMatchObject({ status: "ok", cashAtm: "1000.00", cashBank: "1000.00" });
    },
  );

  test.each<Way>(["lost-request", "lost-answer"])(
    "%s of a deposit: what lies in the bin is on the account, once",
    async (way) => {
      const inside = await rig.ready();
      rig.ways.push(way);
      expect(await rig.start().deposit(asked(inside, "d1", 3000n))).toMatchObject({ kind: "unknown" });
      // The reversal's answer, then the advice's.
      rig.ways.push("lost-answer", "well", "lost-answer");
      for (let i = 0; i < 2; i++) expect(await rig.start().settle(0)).toHaveLength(1);
      expect(await rig.start().settle(0)).toEqual([]);
      expect(await rig.bank.account(inside)).toMatchObject({ value: { balance: "130.00" } });
      expect(await rig.start().deposit(asked(inside, "d1", 3000n))).toMatchObject({ kind: "ok" });
      expect(await cutOver()).toMatchObject({ status: "ok", cashAtm: "1030.00", unmatched: [] });
    },
  );
});

describe("a transfer", () => {
  const transferred = (inside: { card: string; token: string }, to: string, key = "t1", amount = "30") =>
    rig.requests().transfer({ ...inside, key, to, amount });
  const balances = async (...holders: { token: string; account: string }[]): Promise<unknown> =>
    Promise.all(
      holders.map(async ({ account }) => {
        const found = await http.reader.account(account);
        return found === null ? null : Number(balanceOf(found));
      }),
    );

  test.each<Way>(["lost-request", "lost-answer"])("%s: the same key moves it once", async (way) => {
    const inside = await rig.ready();
    const bob = { ...(await http.opened("Bob")), token: "" };
    rig.ways.push(way);
    expect(await transferred(inside, bob.account)).toMatchObject({ kind: "unknown" });
    expect(rig.requests().isOpen("t1")).toBe(true);
    for (let again = 0; again < 2; again++)
      expect(await transferred(inside, bob.account)).toEqual({ kind: "done", value: { balance: "70.00" } });
    expect(rig.requests().isOpen("t1")).toBe(false);
    expect(await balances(inside, bob)).toEqual([7000, 13_000]);
    // What is known is told without asking again.
    const asked = rig.paths.length;
    await transferred(inside, bob.account);
    expect(rig.paths.length).toBe(asked);
  });

  test.each<[Way, unknown, readonly number[]]>([
    ["lost-answer", { kind: "done", value: { balance: null } }, [7000, 13_000]],
    ["lost-request", { kind: "refused", status: "reversed" }, [10_000, 10_000]],
  ])("%s, and nobody asks again: the ATM alone finds out, and what never came never comes", async (way, told, left) => {
    const inside = await rig.ready();
    const bob = { ...(await http.opened("Bob")), token: "" };
    rig.ways.push(way);
    await transferred(inside, bob.account);
    expect(await rig.requests().settle(300)).toEqual([]);
    expect(rig.requests().isOpen("t1")).toBe(true);
    rig.ways.push("unreached");
    expect(await rig.requests().settle(0)).toHaveLength(1);
    expect(await rig.requests().settle(0, "t1")).toEqual([]);
    expect(await rig.requests().settle(0)).toEqual([]);
    expect(await transferred(inside, bob.account)).toMatchObject(told as object);
    // What was on its way all the time arrives.
    await rig.bank.transfer(inside.token, { key: "t1", to: bob.account, amount: "30" });
    expect(await balances(inside, bob)).toEqual(left);
  });

  test("a process that ended in the middle leaves what the next one asks again", async () => {
    const inside = await rig.ready();
    const bob = { ...(await http.opened("Bob")), token: "" };
    const request = { key: "t1", kind: "transfer", card: inside.card, to: bob.account, amount: "30" } as const;
    const begun = { ...request, state: "asked", isUnknown: false, owner: "0", atSeconds: 0, answer: null } as const;
    rig.journal.change((page) => page.putCardRequest(begun));
    rig.ways.push("unreached");
    expect(await transferred(inside, bob.account)).toMatchObject({ kind: "unknown" });
    expect(await transferred(inside, bob.account)).toMatchObject({ kind: "done" });
    expect(await balances(inside, bob)).toEqual([7000, 13_000]);
  });

  test("that never left may be asked anew; its key is of no use for anything else", async () => {
    const inside = await rig.ready();
    const { account } = await http.opened("Bob");
    rig.ways.push("unreached");
    expect(await transferred(inside, account)).toMatchObject({ kind: "unreached" });
    expect(await transferred({ ...inside, token: "x.y" }, account)).toMatchObject({ kind: "refused", status: "login" });
    expect(await transferred(inside, account)).toMatchObject({ kind: "done" });
    expect(await transferred(inside, account, "t1", "31")).toMatchObject({ status: "key-reused" });
    expect(await rig.start().withdraw(asked(inside, "t1", 3000n))).toMatchObject({ answer: { status: "key-reused" } });
    await rig.start().withdraw(asked(inside, "w1", 1000n));
    expect(await transferred(inside, account, "w1")).toMatchObject({ status: "key-reused" });
    const refusal = { kind: "refused", status: "insufficient-funds" };
    for (let again = 0; again < 2; again++)
      expect(await transferred(inside, account, "t2", "999")).toMatchObject(refusal);
  });

  test("a change of PIN whose answer was lost is asked again, and no PIN is written down", async () => {
    const inside = await rig.ready();
    const change = () => rig.requests().changePin({ ...inside, key: "p1", old: PIN, new: "987123" });
    rig.ways.push("lost-answer");
    expect(await change()).toMatchObject({ kind: "unknown" });
    expect(await change()).toMatchObject({ kind: "done" });
    const kept = JSON.stringify(rig.journal.change((page) => page.cardRequest("p1")));
    expect(kept).not.toMatch(/987123|1234"/);
    expect(await rig.bank.login(inside.card, "987123")).toMatchObject({ kind: "done" });
    rig.ways.push("lost-request");
    await rig.requests().changePin({ ...inside, key: "p2", old: "987123", new: PIN });
    expect(await rig.requests().settle(0)).toEqual([]);
    expect(rig.requests().isOpen("p2")).toBe(false);
  });
});

test("while the bank is away a card has its allowance; the bank books it later, into a flagged overdraft where it must", async () => {
  const inside = await rig.ready();
  expect(balanceIn(await rig.start().withdraw(asked(inside, "w1", 9000n)))).toBe("10.00");
  const machine = rig.start(5000n);
  rig.ways.push("unreached", "unreached");
  expect(await machine.withdraw(asked(inside, "w2", 3000n))).toMatchObject({ kind: "ok", answer: { balance: null } });
  expect(await machine.withdraw(asked(inside, "w3", 3000n))).toMatchObject({ kind: "unreached" });
  rig.ways.push("lost-answer");
  expect(await machine.settle()).toHaveLength(1);
  expect(await machine.settle()).toEqual([]);
  expect(await rig.bank.account(inside)).toMatchObject({ value: { balance: "-20.00" } });
  expect(await cutOver()).toMatchObject({ status: "ok" });
});

test("a session of another bank's making, or none, is refused before the ledger, and leaves open what was open", async () => {
  const inside = await rig.ready();
  rig.ways.push("lost-answer");
  await rig.start().withdraw(asked(inside, "w1", 3000n));
  expect(await rig.start().withdraw({ ...asked(inside, "w1", 3000n), token: "x.y" })).toMatchObject({
    kind: "unknown",
  });
  expect(await rig.start().withdraw({ ...asked(inside, "w9", 3000n), token: "x.y" })).toMatchObject({
    kind: "refused",
  });
  expect(balanceIn(await rig.start().withdraw(asked(inside, "w1", 3000n)))).toBe("70.00");
});

test("an ATM whose books were closed begins the next time where it ended", async () => {
  const inside = await rig.ready();
  await rig.start().withdraw(asked(inside, "w1", 3000n));
  const made = rig.journal.change((page) => cutOverOf(page, "USD", http.clock.wallSeconds()));
  const head = await rig.bank.head();
  rig.journal.change((page) => closeCutOver(page, made, head.kind === "done" ? head.value : null));
  await http.clock.advance(2000);
  await rig.start().withdraw(asked(inside, "w2", 1000n));
  const next = rig.journal.change((page) => cutOverOf(page, "USD", http.clock.wallSeconds()));
  expect(next).toMatchObject({ fromSeconds: made.toSeconds, entries: [{ key: "w2" }] });
  expect(await rig.bank.reconcile(next)).toMatchObject({ value: { status: "ok", chain: "same" } });
});

test("PIN, transfer and statement", async () => {
  const inside = await rig.ready();
  const { account } = await http.opened("Bob");
  const requests = rig.requests();
  expect(await requests.transfer({ ...inside, key: "t1", amount: "12.30", to: account })).toMatchObject({
    value: { balance: "87.70" },
  });
  expect(await requests.changePin({ ...inside, key: "p1", old: PIN, new: "4321" })).toMatchObject({ kind: "done" });
  expect(await rig.bank.login(inside.card, PIN)).toMatchObject({ kind: "refused", status: "login" });
  const session = await rig.bank.login(inside.card, "4321");
  expect(session).toMatchObject({ kind: "done" });
  const lines = await rig.bank.statement(session.kind === "done" ? session.value : inside);
  expect(lines).toMatchObject({
    value: [
      { reason: "opening", amount: "100.00" },
      { reason: "transfer", amount: "-12.30", balance: "87.70" },
    ],
  });
});
