import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimulatedClock, systemClock } from "../../base/index.ts";
import {
  balanceOf,
  type Command,
  decodeAnswer,
  Duties,
  internalOf,
  type LedgerStore,
  openEmbeddedLedger,
  parseDate,
  type StandingOrder,
} from "../../bank/index.ts";

const DAY = 86_400_000;
let folder: string;
let clock: SimulatedClock;
let bank: LedgerStore;
let duties: Duties;
let count = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "strata-duties-"));
  clock = new SimulatedClock(parseDate("2026-01-30")! * 86_400 + 3600);
  bank = open();
  duties = new Duties({ ledger: bank, reader: bank, clock });
  const limits = {
    kind: "current",
    currency: "USD",
    overdraft: 0n,
    withdrawalMax: null,
    interestMillionths: 0n,
  } as const;
  await submit({ kind: "open-account", account: internalOf("counter:USD", "USD") });
  await submit({ kind: "open-account", account: internalOf("interest:USD", "USD") });
  await submit({ kind: "open-account", account: { id: "1", holder: "h1", ...limits } });
  await submit({ kind: "open-account", account: { id: "2", holder: "h2", ...limits, interestMillionths: 36_500n } });
  await pay("1", 10_000n);
});

afterEach(async () => {
  await bank.close();
  rmSync(folder, { recursive: true });
});

/** Time stands still but for commits, which gather what has come. */
const open = (): LedgerStore => {
  const commits = {
    now: () => clock.now(),
    wallSeconds: () => clock.wallSeconds(),
    after: clock.after.bind(clock),
    soon: (callback: () => void) => systemClock.soon(callback),
  };
  return openEmbeddedLedger(join(folder, "ledger.sqlite"), { clock: commits, epoch: 0 });
};

async function submit(command: Command): Promise<string> {
  return decodeAnswer(await bank.submit({ key: `k${++count}`, command, by: "test" })).status;
}

const pay = (credit: string, amount: bigint): Promise<string> => {
  const movement = { debit: "counter:USD", credit, amount, reason: "deposit", reference: "", card: null } as const;
  return submit({ kind: "transfer", movement });
};

const order = (more: Partial<StandingOrder>): Promise<string> => {
  const parties = { holder: "h1", from: "1", to: "2", amount: "1000", reference: "rent" };
  const first = { every: "month", nextDay: parseDate("2026-01-31")!, dayOfMonth: 31, last: null } as const;
  return submit({
    kind: "set",
    what: "standing-order",
    id: "h1:a",
    value: { ...parties, ...first, ...more },
    ifVersion: 0,
  });
};

const balance = async (account: string): Promise<bigint> => balanceOf((await bank.account(account))!);
const orderNow = async (): Promise<StandingOrder | null> =>
  (await bank.document("standing-order", "h1:a"))?.value ?? null;

/** That many days, with a round in each hour. */
async function live(days: number): Promise<void> {
  for (let hour = 0; hour < days * 24; hour++) {
    await clock.advance(DAY / 24);
    await duties.round();
  }
}

describe("standing orders", () => {
  test("run on their day, on the last one of a short month, and once", async () => {
    await order({});
    await duties.round();
    expect(await balance("1")).toBe(10_000n);
    await live(1);
    expect([await balance("1"), (await orderNow())?.last]).toEqual([9000n, "2026-01-31: ok"]);
    await live(40);
    expect(await balance("1")).toBe(8000n);
    expect(await orderNow()).toMatchObject({ nextDay: parseDate("2026-03-31"), last: "2026-02-28: ok" });
  });

  test("that the money is not there for are told and tried on their next day", async () => {
    await order({ amount: "20000", every: "week" });
    await live(1);
    expect((await orderNow())?.last).toBe("2026-01-31: insufficient-funds");
    await pay("1", 10_000n);
    await live(7);
    expect([await balance("1"), (await orderNow())?.last]).toEqual([0n, "2026-02-07: ok"]);
  });

  test("of days that were missed run for each of them", async () => {
    await order({ every: "day" });
    await clock.advance(5 * DAY);
    for (let round = 0; round < 9; round++) await duties.round();
    expect(await balance("1")).toBe(5000n);
    expect((await orderNow())?.nextDay).toBe(parseDate("2026-02-05"));
  });

  test("of two servers at the same moment, or of one that was cut off between the two steps, run once", async () => {
    await order({});
    await clock.advance(DAY);
    const other = open();
    const cut = {
      submit: (request: Parameters<typeof bank.submit>[0]) => {
        if (request.command.kind === "set") throw new Error("cut off");
        return bank.submit(request);
      },
    };
    await expect(new Duties({ ledger: cut, reader: bank, clock }).round()).rejects.toThrow("cut off");
    expect(await balance("1")).toBe(9000n);
    await Promise.all([duties.round(), new Duties({ ledger: other, reader: other, clock }).round()]);
    await duties.round();
    expect(await balance("1")).toBe(9000n);
    expect(await orderNow()).toMatchObject({ nextDay: parseDate("2026-02-28") });
    await other.close();
  });

  test("that were ended stay ended", async () => {
    await order({});
    await submit({ kind: "set", what: "standing-order", id: "h1:a", value: null, ifVersion: null });
    await live(2);
    expect(await balance("1")).toBe(10_000n);
  });
});

describe("interest", () => {
  test("accrues for each day and is on the account after the month; the books are right", async () => {
    await pay("2", 1_000_000n);
    await live(4);
    // 3.65 % a year of 10,000.00 is 1.00 a day: two days of January are paid, those of February are not yet.
    expect(await balance("2")).toBe(1_000_200n);
    await live(28);
    const [lines] = [await bank.lines("2", { fromMilliseconds: 0, toMilliseconds: 1e15, linesMax: 100 })];
    expect(lines.filter(({ entry }) => entry.reason === "interest").map(({ moved }) => moved)).toEqual([200n, 2800n]);
    expect((await bank.verify()).faults).toEqual([]);
  });
});

describe("holds", () => {
  test("end when their time has come", async () => {
    const movement = { debit: "1", credit: "2", amount: 700n, reason: "transfer", reference: "", card: null } as const;
    await bank.submit({
      key: "hold".padEnd(80, "x"),
      command: { kind: "hold", movement, expiresAtMilliseconds: clock.wallSeconds() * 1000 + 2 * DAY },
      by: "test",
    });
    await live(1);
    expect((await bank.account("1"))?.debitsPending).toBe(700n);
    await live(2);
    expect((await bank.account("1"))?.debitsPending).toBe(0n);
    expect((await bank.hold("hold".padEnd(80, "x")))?.state).toBe("expired");
  });
});

describe("a wall clock", () => {
  let jump = 0;
  beforeEach(() => {
    jump = 0;
    const jumping = {
      now: () => clock.now(),
      wallSeconds: () => clock.wallSeconds() + jump,
      after: clock.after.bind(clock),
      soon: clock.soon.bind(clock),
    };
    duties = new Duties({ ledger: bank, reader: bank, clock: jumping });
  });

  /** With a round in each second. */
  async function seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second++) {
      await clock.advance(1000);
      await duties.round();
    }
  }

  test.each([
    ["forward by a month", 31 * 86_400],
    ["back by a month", -31 * 86_400],
  ])("that jumps %s and is set right again ends no hold, accrues nothing, runs no order", async (_, by) => {
    const movement = { debit: "1", credit: "2", amount: 10n, reason: "transfer", reference: "", card: null } as const;
    const expiresAtMilliseconds = (clock.wallSeconds() + 3600) * 1000;
    expect(await submit({ kind: "hold", movement, expiresAtMilliseconds })).toBe("ok");
    await order({});
    await seconds(2);
    const before = (await bank.head()).entries;
    jump = by;
    await seconds(300);
    jump = 0;
    await seconds(620);
    expect((await bank.head()).entries).toBe(before);
    expect((await bank.account("1"))?.debitsPending).toBe(10n);
  });

  test("that has jumped and stays there is believed in the end", async () => {
    await order({});
    await seconds(2);
    jump = 86_400;
    await seconds(620);
    expect((await orderNow())?.last).toBe("2026-01-31: ok");
  });
});
