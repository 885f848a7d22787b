/** Books that somebody changed behind the store's back: what is wrong is found, and where. */
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SimulatedClock } from "../../base/index.ts";
import { type Command, digested, type Movement, SqliteLedger, SqliteReader } from "../../bank/index.ts";
import { OPENING } from "../support/bank-words.ts";

const moved: Movement = { debit: "ada", credit: "bob", amount: 500n, reason: "transfer", reference: "", card: null };
const COMMANDS: readonly Command[] = [
  { kind: "transfer", movement: moved },
  { kind: "hold", movement: moved, expiresAtMilliseconds: 9e12 },
  { kind: "reverse", of: "k0", amount: null, cause: "68" },
];

/** Entries 1 to 3 are the opening; 4 moves, 5 holds, 6 takes back. */
test.each([
  ["UPDATE entry SET amount = 501 WHERE number = 4", /entry 4: its link/],
  ["UPDATE entry SET reference = 'rent' WHERE number = 4", /entry 4: its link/],
  ["UPDATE entry SET amount = 0 WHERE number = 4", /entry 4: its amount is 0/],
  ["UPDATE entry SET link = zeroblob(32) WHERE number = 4", /entry 4: its link is 0000/],
  ["DELETE FROM entry WHERE number = 4", /entry 5: its link/],
  ["DELETE FROM entry WHERE number = 6", /request k2: its entry 6 is not there/],
  [
    "UPDATE account SET credits_posted = credits_posted + 1 WHERE id = 'bob'",
    /account bob: creditsPosted is 10501, .* 10500/,
  ],
  [
    "UPDATE account SET credits_posted = credits_posted + 1 WHERE id = 'bob'",
    /the books in USD sum to 1 and not to zero/,
  ],
  ["UPDATE account SET debits_pending = 0 WHERE id = 'ada'", /account ada: debitsPending is 0, .* 500/],
  ["DELETE FROM account WHERE id = 'ada'", /entries name account ada, and there is none/],
  ["UPDATE hold SET state = 'released'", /1 entries hold money, and 0 holds are pending/],
  ["UPDATE hold SET amount = 400", /hold k1 is 400, and its entry says 500/],
  ["DELETE FROM hold", /1 entries hold money, and 0 holds are pending/],
  ["DELETE FROM request WHERE key = 'k0'", /entry 4: nobody has asked for it \(k0\)/],
  ["UPDATE request SET entry = 5 WHERE key = 'k0'", /request k0: its answer tells of entry 4, and entry 5/],
  ["INSERT INTO accrual VALUES ('sue', 1, 77, 0)", /interest of 77 millionths accrued .* 0 are booked/],
])("%s is found", async (sql, fault) => {
  const folder = mkdtempSync(join(tmpdir(), "strata-wrong-"));
  const file = join(folder, "ledger.sqlite");
  const ledger = new SqliteLedger(file, { clock: new SimulatedClock(), epoch: 0 });
  const asked = COMMANDS.map((command, i) => ({ key: `k${i}`, command, by: "teller:t" }));
  ledger.commit([...OPENING, ...asked].map(digested));
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
