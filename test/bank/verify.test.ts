/** Books that somebody changed behind the store's back: what is wrong is found, and where. */
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import {
  BankError,
  type Command,
  decodeAnswer,
  digested,
  type Movement,
  SqliteLedger,
  SqliteReader,
} from "../../bank/index.ts";
import { byCard, CASH, DAY, move, NOON_SECONDS, OPENING } from "../support/bank-words.ts";

let seconds = NOON_SECONDS;
const clock = { ...systemClock, wallSeconds: () => seconds };
const moved: Movement = { debit: "ada", credit: "bob", amount: 500n, reason: "transfer", reference: "", card: null };
const COMMANDS: readonly Command[] = [
  { kind: "transfer", movement: moved },
  { kind: "hold", movement: moved, expiresAtMilliseconds: 9e12 },
  { kind: "reverse", of: "k0", amount: null, cause: "68" },
  { kind: "accrue", account: "sue", day: DAY - 1 },
  { kind: "hold", movement: moved, expiresAtMilliseconds: 9e12 },
  { kind: "capture", hold: "k4", amount: 200n },
  { kind: "hold", movement: moved, expiresAtMilliseconds: 9e12 },
  { kind: "release", hold: "k6" },
  { kind: "set", what: "payee", id: "h1:p", value: { holder: "h1", name: "P", account: "bob" }, ifVersion: 0 },
  { kind: "set", what: "payee", id: "h1:p", value: null, ifVersion: 1 },
  { kind: "hold", movement: move("ada", CASH, 100n, byCard), expiresAtMilliseconds: 9e12 },
  { kind: "set", what: "ended-session", id: "n1", value: { endsAtSeconds: 5 }, ifVersion: null },
];

/** Entries 1 to 3 are the opening; 4 moves, 5 holds, 6 takes back; 7 is interest, 8 and 9 a hold and its capture, 10 and 11 one and its release. */
test.each([
  ["UPDATE entry SET amount = 501 WHERE number = 4", /entry 4: its link/],
  ["UPDATE entry SET reference = 'rent' WHERE number = 4", /entry 4: its link/],
  ["UPDATE entry SET amount = 0 WHERE number = 4", /entry 4: its amount is 0/],
  ["UPDATE entry SET link = zeroblob(32) WHERE number = 4", /entry 4: its link is 0000/],
  ["DELETE FROM entry WHERE number = 4", /entry 5: its link/],
  ["DELETE FROM entry WHERE number = 6", /request k2: its entry 6 is not there/],
  [
    "UPDATE account SET credits_posted = credits_posted + 1 WHERE id = 'bob'",
    /account bob: creditsPosted is 10701, .* 10700/,
  ],
  [
    "UPDATE account SET credits_posted = credits_posted + 1 WHERE id = 'bob'",
    /the books in USD sum to 1 and not to zero/,
  ],
  ["UPDATE account SET debits_pending = 0 WHERE id = 'ada'", /account ada: debitsPending is 0, .* 600/],
  ["DELETE FROM account WHERE id = 'ada'", /entries name account ada, and there is none/],
  ["UPDATE hold SET state = 'released' WHERE key = 'k1'", /hold k1 is released, and its entries make it pending/],
  ["UPDATE hold SET state = 'pending' WHERE key = 'k4'", /hold k4 is pending, and its entries make it captured/],
  ["UPDATE hold SET state = 'captured' WHERE key = 'k6'", /hold k6 is captured, and its entries make it released/],
  ["UPDATE hold SET state = 'expired' WHERE key = 'k6'", /hold k6 ends at 9000000000000, and was expired at 18/],
  ["UPDATE hold SET amount = 400 WHERE key = 'k1'", /hold k1: amount is 400, and its entry says 500/],
  ["UPDATE hold SET debit = 'bob' WHERE key = 'k1'", /hold k1: debit is bob, and its entry says ada/],
  ["UPDATE hold SET credit = 'ada' WHERE key = 'k1'", /hold k1: credit is ada, and its entry says bob/],
  ["UPDATE hold SET expires_at = 1 WHERE key = 'k4'", /hold k4 ends at 1, and was captured at 18/],
  ["UPDATE hold SET expires_at = 9000000000001 WHERE key = 'k1'", /hold k1 ends at 9000000000001, and was asked for/],
  ["UPDATE hold SET expires_at = 8000000000000 WHERE key = 'k10'", /hold k10 ends at 8000000000000, and was asked for/],
  [
    "UPDATE request SET card = 'c9' WHERE key = 'k10'; DELETE FROM document",
    /hold k10 ends at 9000000000000, and was asked/,
  ],
  ["DELETE FROM hold WHERE key = 'k1'", /entry 5 holds money, and there is no hold k1/],
  ["INSERT INTO hold VALUES ('k0', 'ada', 'bob', 1, 9, 'pending')", /hold k0: no entry holds anything for it/],
  ["UPDATE posting SET moved = -501 WHERE entry = 4 AND account = 'ada'", /entry 4: .* ada says moved -501, .* -500/],
  ["UPDATE posting SET balance = 0 WHERE entry = 5 AND account = 'bob'", /entry 5: .* bob says balance 0, .* 10500/],
  ["DELETE FROM posting WHERE entry = 4 AND account = 'bob'", /entry 4: its posting to account bob is not there/],
  ["UPDATE posting SET account = 'sue' WHERE entry = 4 AND account = 'bob'", /posting to account sue is of entry 4/],
  ["INSERT INTO posting VALUES ('sue', 1, 99, 5, 5)", /posting to account sue is of entry 99/],
  ["UPDATE request SET is_reversed = 0 WHERE key = 'k0'", /request k0: it is reversed by an entry, and not said/],
  ["UPDATE request SET is_reversed = 1 WHERE key = 'k5'", /request k5: it is said to be reversed, and no entry does/],
  ["DELETE FROM document WHERE id = 'n1'", /ended-session n1: it is not there, and was set to version 1/],
  ["DELETE FROM document WHERE id = 'h1:p'", /payee h1:p: it is not there, and was set to version 2/],
  [`UPDATE document SET value = '{"holder":"h1"}' WHERE id = 'h1:p'`, /payee h1:p: it does not say what it was set to/],
  ["UPDATE document SET version = 1 WHERE id = 'h1:p'", /payee h1:p: it has version 1, and was set to version 2/],
  ["UPDATE document SET value = replace(value, '30000', '90000')", /card c1: it does not say what it was set to/],
  ["UPDATE document SET id = 'c2' WHERE id = 'c1'", /card c2: nobody has set it/],
  ["DELETE FROM request WHERE key = 'k0'", /entry 4: nobody has asked for it \(k0\)/],
  ["UPDATE request SET entry = 5 WHERE key = 'k0'", /request k0: its answer tells of entry 4, and entry 5/],
  [
    "INSERT INTO accrual VALUES ('sue', 1, 77, 0)",
    /account sue: interest of 10000077 millionths .* 10000000 are booked/,
  ],
  ["UPDATE accrual SET account = 'bob'", /account bob: interest of 10000000 millionths .* 0 are booked/],
  ["UPDATE accrual SET is_paid = 1", /account sue: interest of 0 millionths .* 10000000 are booked/],
  ["UPDATE account SET state = 'closed' WHERE id = 'sue'", /account sue is closed, and owed 10000000 millionths/],
])("%s is found", async (sql, fault) => {
  const folder = mkdtempSync(join(tmpdir(), "strata-wrong-"));
  const file = join(folder, "ledger.sqlite");
  const ledger = new SqliteLedger(file, { clock, epoch: 0 });
  const asked = COMMANDS.map((command, i) => ({ key: `k${i}`, command, by: "teller:t" }));
  seconds = NOON_SECONDS - 86_400;
  const outcomes = ledger.commit(OPENING.map(digested));
  seconds = NOON_SECONDS;
  for (const outcome of [...outcomes, ...ledger.commit(asked.map(digested))]) {
    if (outcome instanceof BankError || decodeAnswer(outcome).status !== "ok")
      throw new Error("the books are not begun");
  }
  ledger.close();
  const reader = new SqliteReader(file);
  expect((await reader.verify()).faults).toEqual([]);
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
  expect((await reader.verify()).faults.join("\n")).toMatch(fault);
  await reader.close();
  rmSync(folder, { recursive: true });
});
