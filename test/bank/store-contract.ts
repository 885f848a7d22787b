/** What every store of a bank's books does, whatever it is made of; a store's own test hands in how one is opened. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../base/index.ts";
import {
  type Answer,
  balanceOf,
  type Command,
  decodeAnswer,
  type LedgerRequest,
  type LedgerStore,
  type Movement,
} from "../../bank/index.ts";
import { play, SITUATIONS } from "../support/bank-situations.ts";
import { ACCOUNT_IDS, balancesAtFirst, NOON_SECONDS, OPENING } from "../support/bank-words.ts";

/** A medium with no books on it yet. */
export interface StorePlace extends AsyncDisposable {
  /** Also while it is open elsewhere, and after it was closed. */
  open(parts: { readonly clock: Clock; readonly epoch: number }): Promise<LedgerStore>;
}

const ALL = { fromMilliseconds: 0, toMilliseconds: 9e15, linesMax: 100 };

export function contractOfStores(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(name, () => {
    const rig = new Rig(makePlace);
    beforeEach(() => rig.begin());
    afterEach(() => rig.end());
    test("does in each situation what the ledger does", () => situations(rig), 120_000);
    keys(rig);
    servers(rig);
    linesAndTimes(rig);
    documents(rig);
    finding(rig);
  });
}

/** A store with the accounts of every situation. */
class Rig {
  readonly makePlace: () => Promise<StorePlace>;
  place!: StorePlace;
  store!: LedgerStore;
  seconds = NOON_SECONDS;
  readonly clock: Clock = { ...systemClock, wallSeconds: () => this.seconds };

  constructor(makePlace: () => Promise<StorePlace>) {
    this.makePlace = makePlace;
  }

  async begin(): Promise<void> {
    this.seconds = NOON_SECONDS;
    this.place = await this.makePlace();
    this.store = await this.place.open({ clock: this.clock, epoch: 0 });
    for (const request of OPENING) await this.store.submit(request);
  }

  async ask(key: string, command: Command): Promise<Answer> {
    return decodeAnswer(await this.store.submit({ key, command, by: "teller:t" }));
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await this.place.open({ clock: this.clock, epoch: 0 });
  }

  async end(): Promise<void> {
    expect((await this.store.verify()).faults).toEqual([]);
    await this.store.close();
    await this.place[Symbol.asyncDispose]();
  }
}

async function situations(rig: Rig): Promise<void> {
  // Each in a bank of its own, which takes its time: one of each kind with each status.
  const first = new Map(SITUATIONS.map((one) => [`${one.title.split(":")[0]!} ${one.status}`, one]));
  for (const situation of first.values()) {
    const own = await rig.makePlace();
    rig.seconds = NOON_SECONDS;
    const books = await own.open({ clock: rig.clock, epoch: 0 });
    await Promise.all([...OPENING.slice(0, 7), ...OPENING.slice(7)].map((request) => books.submit(request)));
    const octets = await play(
      situation,
      (request) => books.submit(request),
      (passed) => void (rig.seconds += passed),
    );
    const { title } = situation;
    const { status, ...answer } = decodeAnswer(octets);
    expect({ title, status, ...answer }).toMatchObject({ title, status: situation.status, ...situation.answer });
    for (const id of [...ACCOUNT_IDS, ...Object.keys(situation.balances)]) {
      const balance = balanceOf((await books.account(id))!);
      expect({ title, id, balance }).toEqual({ title, id, balance: situation.balances[id] ?? balancesAtFirst(id) });
    }
    expect({ title, faults: (await books.verify()).faults }).toEqual({ title, faults: [] });
    await books.close();
    await own[Symbol.asyncDispose]();
  }
}

function keys(rig: Rig): void {
  test("the same key with the same command is answered by the same octets, also by who opens it later", async () => {
    const request = asked("k", moved("ada", "bob", 100n));
    const first = await rig.store.submit(request);
    rig.seconds += 86_400;
    expect(text(await rig.store.submit(request))).toBe(text(first));
    await rig.reopen();
    expect(text(await rig.store.submit(request))).toBe(text(first));
    expect(text((await rig.store.answer("k"))!)).toBe(text(first));
    expect(await rig.store.answer("none")).toBeNull();
    expect(balanceOf((await rig.store.account("ada"))!)).toBe(99_900n);
  });

  test("a refusal is kept like any answer: the same key is refused although it would do by now", async () => {
    const request = asked("k", moved("bob", "ada", 99_999n));
    const first = await rig.store.submit(request);
    await rig.ask("k2", moved("ada", "bob", 100_000n));
    expect(text(await rig.store.submit(request))).toBe(text(first));
  });

  test("the same key with another command is refused, and the first stands", async () => {
    await rig.ask("k", moved("ada", "bob", 100n));
    expect(await rig.ask("k", moved("ada", "bob", 101n))).toMatchObject({ status: "key-reused", entry: null });
    expect(await rig.ask("k", moved("ada", "bob", 100n))).toMatchObject({ status: "ok", amount: 100n });
  });

  test("fields in another order are the same command", async () => {
    const { movement } = moved("ada", "bob", 100n);
    await rig.ask("k", { kind: "transfer", movement });
    const turned = Object.fromEntries(Object.entries(movement).reverse()) as unknown as Movement;
    expect(await rig.ask("k", { movement: turned, kind: "transfer" })).toMatchObject({ status: "ok" });
  });

  test("twice at once works once", async () => {
    const request = asked("k", moved("ada", "bob", 100n));
    const told = await Promise.all(Array.from({ length: 20 }, () => rig.store.submit(request)));
    expect(new Set(told.map(text)).size).toBe(1);
    expect(balanceOf((await rig.store.account("bob"))!)).toBe(10_100n);
  });
}

function servers(rig: Rig): void {
  test("many at once from many sides: what is told adds up to what stands", async () => {
    const ids = ["ada", "bob", "sue"];
    const commands = Array.from({ length: 90 }, (_, i) =>
      asked(`many-${i}`, moved(ids[i % 3]!, ids[(i + 1 + (i % 2)) % 3]!, BigInt(1 + ((i * 7919) % 4000)))),
    );
    const told = (await Promise.all(commands.map((request) => rig.store.submit(request)))).map(decodeAnswer);
    const balances = new Map(ids.map((id) => [id, balancesAtFirst(id)]));
    told.forEach(({ status }, i) => {
      const { command } = commands[i]!;
      if (status !== "ok" || command.kind !== "transfer") return;
      const { debit, credit, amount } = command.movement;
      balances.set(debit, balances.get(debit)! - amount).set(credit, balances.get(credit)! + amount);
    });
    for (const id of ids) expect(balanceOf((await rig.store.account(id))!)).toBe(balances.get(id));
  });

  test("half a character is refused before anything is done, a whole one and its name in letters are kept", async () => {
    const { movement } = moved("ada", "bob", 1n);
    const refer = (reference: string): Command => ({ kind: "transfer", movement: { ...movement, reference } });
    const payee = (name: string): Command => {
      return { kind: "set", what: "payee", id: "h1:x", value: { holder: "h1", name, account: "bob" }, ifVersion: null };
    };
    for (const half of ["\ud800", "a\udfffb", "\\\ud83c"]) {
      await expect(rig.store.submit(asked("k", refer(half)))).rejects.toMatchObject({ code: "INPUT" });
      await expect(rig.store.submit(asked("k", payee(half)))).rejects.toMatchObject({ code: "INPUT" });
    }
    for (const [i, whole] of ["🏦", "\\ud800", "\\\\udfff", "\ud83c\udfe6"].entries()) {
      expect(await rig.ask(`k${i}`, refer(whole))).toMatchObject({ status: "ok" });
      expect((await rig.store.lines("ada", ALL)).at(-1)?.entry.reference).toBe(whole);
      expect(await rig.ask(`p${i}`, payee(whole))).toMatchObject({ status: "ok" });
    }
  });

  test("a key that is none is refused before anything is done", async () => {
    const command = moved("ada", "bob", 1n);
    for (const key of ["", "a b", "ü", "x".repeat(81)])
      await expect(rig.store.submit(asked(key, command))).rejects.toMatchObject({ code: "INPUT" });
    expect(await rig.ask("x".repeat(80), command)).toMatchObject({ status: "ok" });
  });

  test("a server of an earlier epoch may not write, and still tells what it had answered", async () => {
    const before = await rig.ask("before", moved("ada", "bob", 1n));
    const later = await rig.place.open({ clock: rig.clock, epoch: 0 });
    const took = await later.submit(asked("e1", { kind: "take-over", epoch: 1 }));
    expect(decodeAnswer(took).status).toBe("ok");
    await later.submit(asked("new", moved("ada", "bob", 2n)));
    await expect(rig.ask("late", moved("ada", "bob", 4n))).rejects.toMatchObject({ code: "EPOCH" });
    expect(await rig.ask("before", moved("ada", "bob", 1n))).toEqual(before);
    expect(await rig.ask("new", moved("ada", "bob", 2n))).toMatchObject({ status: "ok" });
    // Having taken over in turn it stands on what the other has left.
    expect(await rig.ask("e2", { kind: "take-over", epoch: 2 })).toMatchObject({ status: "ok" });
    expect(await rig.ask("again", moved("ada", "bob", 8n))).toMatchObject({
      status: "ok",
      accounts: [{ balance: 99_989n }, {}],
    });
    await expect(later.submit(asked("late", moved("ada", "bob", 4n)))).rejects.toMatchObject({ code: "EPOCH" });
    await later.close();
  });
}

function linesAndTimes(rig: Rig): void {
  test("an account's lines carry its balance after each; holds move nothing", async () => {
    await rig.ask("m1", moved("ada", "bob", 100n));
    rig.seconds += 3600;
    await rig.ask("h1", held("ada", "bob", 50n, (rig.seconds + 60) * 1000));
    await rig.ask("c1", { kind: "capture", hold: "h1", amount: 20n });
    const told = (await rig.store.lines("ada", ALL)).map(({ entry, moved: by, balance }) => [entry.kind, by, balance]);
    expect(told).toEqual([
      ["posted", 100_000n, 100_000n],
      ["posted", -100n, 99_900n],
      ["pending", 0n, 99_900n],
      ["captured", -20n, 99_880n],
    ]);
    const since = { ...ALL, fromMilliseconds: rig.seconds * 1000 };
    expect((await rig.store.lines("ada", since)).map(({ entry }) => entry.key)).toEqual(["h1", "c1"]);
    expect((await rig.store.lines("ada", { ...ALL, linesMax: 1 })).map(({ entry }) => entry.key)).toEqual(["c1"]);
    expect((await rig.store.lines("ada", { ...ALL, toMilliseconds: rig.seconds * 1000 })).length).toBe(2);
    expect(await rig.store.balanceAt("ada", rig.seconds * 1000)).toBe(99_900n);
    expect(await rig.store.balanceAt("ada", rig.seconds * 1000 + 1)).toBe(99_880n);
    expect(await rig.store.balanceAt("ada", 0)).toBe(0n);
  });

  test("what is due is found: holds whose time has come, accounts that have not had their interest", async () => {
    await rig.ask("h1", held("ada", "bob", 50n, (NOON_SECONDS + 60) * 1000));
    await rig.ask("h2", held("ada", "bob", 50n, (NOON_SECONDS + 90) * 1000));
    expect(await rig.store.holdsDue((NOON_SECONDS + 60) * 1000 - 1, 10)).toEqual([]);
    expect(await rig.store.holdsDue((NOON_SECONDS + 60) * 1000, 10)).toEqual(["h1"]);
    expect(await rig.store.holdsDue((NOON_SECONDS + 90) * 1000, 1)).toEqual(["h1"]);
    const day = Math.floor(NOON_SECONDS / 86_400);
    expect(await rig.store.accrualsDue(day, 10)).toEqual(["sue"]);
    rig.seconds += 86_400;
    await rig.ask("a1", { kind: "accrue", account: "sue", day });
    expect(await rig.store.accrualsDue(day, 10)).toEqual([]);
    expect(await rig.store.accrualsDue(day + 1, 10)).toEqual(["sue"]);
    expect(await rig.store.paymentsDue(day, 10)).toEqual([]);
    expect(await rig.store.paymentsDue(day + 1, 10)).toEqual(["sue"]);
    await rig.ask("p1", { kind: "pay-interest", account: "sue", beforeDay: day + 1 });
    expect(await rig.store.paymentsDue(day + 1, 10)).toEqual([]);
    expect(await rig.store.hold("h1")).toMatchObject({ key: "h1", amount: 50n, state: "pending" });
    expect(await rig.store.hold("h9")).toBeNull();
    expect((await rig.store.holdsOf("bob")).map(({ key, state }) => [key, state])).toEqual([
      ["h1", "pending"],
      ["h2", "pending"],
    ]);
  });
}

function documents(rig: Rig): void {
  test("documents are kept by kind and id, with a version that grows", async () => {
    const value = { holder: "h1", name: 'Ünal "&" Söhne\n\'; DROP TABLE account', account: "bob" };
    const set = (id: string, given: typeof value | null, ifVersion: number | null): Command => {
      return { kind: "set", what: "payee", id, value: given, ifVersion };
    };
    await rig.ask("d1", set("h1:b", value, 0));
    await rig.ask("d2", set("h1:a", value, 0));
    await rig.ask("d3", set("h2:a", value, 0));
    expect(await rig.store.document("payee", "h1:b")).toEqual({ id: "h1:b", version: 1, value });
    expect((await rig.store.documents("payee", "h1:")).map(({ id }) => id)).toEqual(["h1:a", "h1:b"]);
    await rig.ask("d4", set("h1:b", null, 1));
    expect(await rig.store.document("payee", "h1:b")).toBeNull();
    expect(await rig.store.document("card", "h1:a")).toBeNull();
    expect((await rig.store.documents("payee", "h1:")).map(({ id }) => id)).toEqual(["h1:a"]);
    await rig.reopen();
    expect(await rig.ask("d5", set("h1:b", value, 2))).toMatchObject({ status: "changed-meanwhile" });
    expect(await rig.ask("d6", set("h1:b", value, 0))).toMatchObject({ status: "ok", version: 3 });
    expect(await rig.store.document("payee", "h1:b")).toEqual({ id: "h1:b", version: 3, value });
  });

  test("a session that ended leaves nothing once it is cleared away, and the books stay right", async () => {
    const set = (value: { readonly endsAtSeconds: number } | null, ifVersion: number | null): Command => {
      return { kind: "set", what: "ended-session", id: "n1", value, ifVersion };
    };
    await rig.ask("e1", set({ endsAtSeconds: 5 }, null));
    expect(await rig.store.document("ended-session", "n1")).toMatchObject({ version: 1 });
    expect(await rig.ask("e2", set(null, 1))).toMatchObject({ status: "ok", version: 2 });
    expect(await rig.store.document("ended-session", "n1")).toBeNull();
    expect((await rig.store.verify()).faults).toEqual([]);
    expect(await rig.ask("e3", set({ endsAtSeconds: 6 }, 0))).toMatchObject({ status: "ok", version: 1 });
  });

  test("standing orders are found by the day on which they are due, not those that were ended", async () => {
    const order = (id: string, nextDay: number | null): Command => {
      const parties = { holder: "h1", from: "ada", to: "bob", amount: "100", reference: "" };
      const value = nextDay === null ? null : { ...parties, every: "day" as const, nextDay, dayOfMonth: 1, last: null };
      return { kind: "set", what: "standing-order", id, value, ifVersion: null };
    };
    for (const [i, day] of [30, 10, 20, 20, 40].entries()) await rig.ask(`o${i}`, order(`h1:${i}`, day));
    const due = async (day: number, countMax: number): Promise<readonly string[]> =>
      (await rig.store.ordersDue(day, countMax)).map(({ id }) => id);
    expect(await due(9, 10)).toEqual([]);
    expect(await due(30, 10)).toEqual(["h1:1", "h1:2", "h1:3", "h1:0"]);
    expect(await due(30, 2)).toEqual(["h1:1", "h1:2"]);
    await rig.ask("moved", order("h1:1", 50));
    await rig.ask("ended", order("h1:2", null));
    expect(await due(30, 10)).toEqual(["h1:3", "h1:0"]);
    expect((await rig.store.ordersDue(20, 10))[0]).toMatchObject({ version: 1, value: { amount: "100", nextDay: 20 } });
  });
}

function finding(rig: Rig): void {
  test("accounts are found by their holder, and those of the bank by the beginning of their id", async () => {
    expect((await rig.store.accountsOf("h1")).map(({ id }) => id)).toEqual(["ada", "bob", "eva", "sue"]);
    expect((await rig.store.internalAccounts("atm:")).map(({ id }) => id)).toEqual(["atm:a1:USD"]);
    expect(await rig.store.account("nobody")).toBeNull();
  });

  test("the chain's head grows by each entry, and what it was before is told", async () => {
    const before = await rig.store.head();
    await rig.ask("m1", moved("ada", "bob", 100n));
    const after = await rig.store.head();
    expect(after.entries).toBe(before.entries + 1);
    expect(text(after.link)).not.toBe(text(before.link));
    expect(text((await rig.store.linkAt(before.entries))!)).toBe(text(before.link));
    expect(await rig.store.linkAt(after.entries + 1)).toBeNull();
    await rig.reopen();
    expect((await rig.store.head()).entries).toEqual(after.entries);
    expect(text((await rig.store.head()).link)).toBe(text(after.link));
  });

  test("the clock may be set back: the books never go back", async () => {
    const { atMilliseconds } = await rig.ask("m1", moved("ada", "bob", 100n));
    rig.seconds -= 7200;
    expect((await rig.ask("m2", moved("ada", "bob", 100n))).atMilliseconds).toBeGreaterThanOrEqual(atMilliseconds);
    await rig.reopen();
    expect((await rig.ask("m3", moved("ada", "bob", 100n))).atMilliseconds).toBeGreaterThanOrEqual(atMilliseconds);
  });
}

const asked = (key: string, command: Command): LedgerRequest => ({ key, command, by: "teller:t" });
const moved = (debit: string, credit: string, amount: bigint): Extract<Command, { kind: "transfer" }> => {
  return { kind: "transfer", movement: { debit, credit, amount, reason: "transfer", reference: "", card: null } };
};
const held = (debit: string, credit: string, amount: bigint, expiresAtMilliseconds: number): Command => {
  return { ...moved(debit, credit, amount), kind: "hold", expiresAtMilliseconds };
};
const text = (octets: Uint8Array): string => Buffer.from(octets).toString("latin1");
