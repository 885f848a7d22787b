/** Books that an earlier version made are brought up to date by whoever writes them next, and by nobody else. */
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { type Command, openEmbeddedLedger, SqliteReader } from "../../bank/index.ts";
import { card, OPENING } from "../support/bank-words.ts";

const order = { holder: "h1", from: "ada", to: "bob", amount: "100", reference: "", every: "day" } as const;
const COMMANDS: readonly Command[] = [
  {
    kind: "set",
    what: "standing-order",
    id: "h1:o",
    value: { ...order, nextDay: 20, dayOfMonth: 1, last: null },
    ifVersion: 0,
  },
  { kind: "set", what: "payee", id: "h1:p q", value: { holder: "h1", name: "P", account: "bob" }, ifVersion: 0 },
  { kind: "set", what: "payee", id: "h1:p q", value: null, ifVersion: 1 },
  card("blocked", 1),
];

/** What version 1 did not have. */
const BACK = `
  DROP INDEX document_due;
  ALTER TABLE document DROP COLUMN due;
  ALTER TABLE request DROP COLUMN card;
  DELETE FROM document WHERE value = 'null';
  PRAGMA user_version = 1;
`;

test("a database of version 1 is upgraded in place: what is due is found, what was removed does not begin anew", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-upgrade-"));
  const file = join(folder, "ledger.sqlite");
  const clock = systemClock;
  const first = openEmbeddedLedger(file, { clock, epoch: 0 });
  const asked = COMMANDS.map((command, i) => ({ key: `k${i}`, command, by: "teller:t" }));
  for (const request of [...OPENING, ...asked]) await first.submit(request);
  const head = await first.head();
  await first.close();
  const old = new DatabaseSync(file);
  old.exec(BACK);
  old.close();
  expect(() => new SqliteReader(file)).toThrow(/of an earlier version: its bank's server brings it up to date/);
  const ledger = openEmbeddedLedger(file, { clock, epoch: 0 });
  expect(await ledger.head()).toEqual(head);
  expect((await ledger.ordersDue(20, 10)).map(({ id }) => id)).toEqual(["h1:o"]);
  await ledger.submit({ key: "again", command: { ...COMMANDS[1]!, ifVersion: 0 } as Command, by: "teller:t" });
  expect(await ledger.document("payee", "h1:p q")).toMatchObject({ version: 3 });
  expect(await ledger.document("card", "c1")).toMatchObject({ version: 2, value: { state: "blocked" } });
  expect((await ledger.verify()).faults).toEqual([]);
  await ledger.close();
  rmSync(folder, { recursive: true });
});
