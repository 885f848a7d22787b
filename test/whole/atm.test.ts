/** ATMs of a bank as their users have them: by words, from several processes at once, killed in the middle, and with nobody to ask. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { type Outcome, RunningStrata, Scratch, strata } from "../support/strata.ts";

const PORT = "9298";
const launcher = fileURLToPath(new URL("../../bin/strata", import.meta.url));

const scratch = new Scratch();
const state = scratch.file("state");
let up: RunningStrata;
let card = "";

beforeAll(async () => {
  up = await RunningStrata.start(["up", "--state", state, "--port", PORT]);
  card = /Alice +card (\d{16})/.exec(up.stdout.join("\n"))![1]!;
});
afterAll(async () => {
  await up.stop();
  scratch[Symbol.dispose]();
});

const beside = (id: string, ...words: readonly string[]): string[] => [
  ...["atm", "--bank", "firstbank.com", "--id", id, ...words, "--state", state],
];
const withCard = (id: string, ...words: readonly string[]): string[] => [
  ...beside(id, ...words, "--card", card, "--pin", "1234", "--json"),
];
const told = ({ stdout }: Outcome) => JSON.parse(stdout) as Record<string, unknown>;

test("cash out and in; the same key moves it once; what the account has not got is refused", async () => {
  const first = await strata(withCard("atm7", "withdraw", "50", "--key", "w1"));
  expect([first.status, told(first)]).toMatchObject([
    0,
    { status: "ok", balance: "950.00", key: "w1", amount: "50.00" },
  ]);
  expect(told(await strata(withCard("atm7", "withdraw", "50", "--key", "w1")))).toEqual(told(first));
  const deposit = await strata(withCard("atm7", "deposit", "12.30"));
  expect([deposit.status, told(deposit)]).toMatchObject([0, { status: "ok", balance: "962.30" }]);
  const refused = await strata(withCard("atm7", "withdraw", "20", "--key", "w1"));
  expect([refused.status, told(refused)]).toMatchObject([1, { status: "key-reused", balance: "962.30" }]);
  const over = await strata(withCard("atm7", "withdraw", "499"));
  expect(over.status).toBe(0);
  const limit = await strata(withCard("atm7", "withdraw", "499"));
  expect([limit.status, told(limit)]).toMatchObject([1, { balance: "463.30" }]);
});

test.each([
  [["withdraw", "5x"], "is no amount"],
  [["withdraw"], "the amount is missing"],
  [["transfer", "5"], "--to is missing"],
  [["balance", "--id", "Atm Seven"], "1 to 20 letters"],
  [["balance", "--key", "a b"], "1 to 40 visible"],
  [["borrow"], "one of balance, withdraw"],
])("wrong words %j: exit code 64", async (words, complaint) => {
  const { status, stderr } = await strata(withCard("atm7", ...words));
  expect([status, stderr]).toEqual([64, expect.stringContaining(complaint)]);
});

test("with nobody to ask it is exit code 2, with the key; asked again later it is done", async () => {
  const key = "away-1";
  const away = await strata([...withCard("atm7", "deposit", "1", "--key", key), "--server", "127.0.1.53:1"]);
  expect([away.status, told(away)]).toMatchObject([2, { status: "unreached", key, balance: null }]);
  expect(away.stderr).toContain(`--key ${key}`);
  const again = await strata(withCard("atm7", "deposit", "1", "--key", key));
  expect([again.status, told(again)]).toMatchObject([0, { status: "ok", balance: "464.30" }]);
});

test("eight at once, from two ATMs, with one card: each moves once", async () => {
  const before = Number(told(await strata(withCard("atm7", "balance")))["balance"]);
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, i) => strata(withCard(i % 2 === 0 ? "atm7" : "atm8", "withdraw", "5"))),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 0));
  const after = Number(told(await strata(withCard("atm8", "balance")))["balance"]);
  expect(before - after).toBe(40);
});

/** Killed at some moment; it may have been done by then. */
async function killed(words: readonly string[], afterMilliseconds: number): Promise<void> {
  const child = spawn(launcher, words, { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMilliseconds);
  await once(child, "close");
  clearTimeout(timer);
}

test("killed at any moment, an ATM and the bank have the same once it is settled and counted", async () => {
  const random = new SeededRandom(20_261_123);
  for (let i = 0; i < 10; i++) {
    const words = i % 3 === 0 ? ["deposit", "7"] : ["withdraw", "3"];
    await killed(withCard("atm9", ...words), 150 + random.below(300));
  }
  await strata(beside("atm9", "settle", "--json"));
  const shown = told(await strata(beside("atm9", "count", "--json")));
  // Notes on their way when it was killed went to whoever stood there, in a world without hardware: all suspects were given.
  const cassettes = (shown["cassettes"] as { denomination: string; count: number }[]).map(
    ({ denomination, count }) => `${denomination}x${count}`,
  );
  const counted = await strata(beside("atm9", "count", ...cassettes, "--json"));
  expect([counted.status, told(counted)]).toMatchObject([0, { over: "0.00", suspects: [] }]);
  const cutOver = await strata(beside("atm9", "cutover", "--json"));
  expect([cutOver.status, told(cutOver)]).toMatchObject([0, { status: "ok", difference: "0.00", unmatched: [] }]);
  const books = await strata(["bank", "verify", "--state", state]);
  expect([books.status, books.stdout]).toEqual([0, expect.stringContaining("books, holds and chain are right")]);
}, 60_000);

test("an ATM that serves is found by its name, and gone when it ends", async () => {
  const service = ["resolve", "_atm._tcp.atm.firstbank.com", "SRV", "--state", state];
  const atm = await RunningStrata.start(beside("atm5", "serve", "--lease", "10s"));
  const found = await strata(service);
  const [, port = ""] = /SRV 0 0 (\d+) atm5\.atm\.firstbank\.com\./.exec(found.stdout) ?? [];
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(await answer.json()).toEqual({ id: "atm5", bank: "firstbank.com", state: "ready" });
  expect(await atm.stop()).toBe(0);
  expect(atm.stdout.at(-1)).toBe("ATM atm5.atm.firstbank.com is withdrawn");
  expect((await strata(["resolve", "atm5.atm.firstbank.com", "A", "--state", state])).status).toBe(1);
});
