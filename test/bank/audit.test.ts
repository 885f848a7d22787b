import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SimulatedClock } from "../../base/index.ts";
import { type Command, digested, internalOf, SqliteLedger, SqliteReader } from "../../bank/index.ts";

test("the trail says who asked for what, when, and what became of it; the entries stand beside it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-audit-"));
  const ledger = new SqliteLedger(join(folder, "ledger.sqlite"), { clock: new SimulatedClock(), epoch: 0 });
  const reader = new SqliteReader(join(folder, "ledger.sqlite"));
  const vault = { kind: "open-account", account: internalOf("vault:USD", "USD") } as const;
  const till = { kind: "open-account", account: internalOf("counter:USD", "USD") } as const;
  const moved = {
    debit: "vault:USD",
    credit: "counter:USD",
    amount: 500n,
    reason: "cash-load",
    reference: "",
    card: null,
  };
  const load: Command = { kind: "transfer", movement: { ...moved, reason: "cash-load" } };
  const held: Command = { kind: "hold", movement: { ...moved, reason: "cash-load" }, expiresAtMilliseconds: 2e12 };
  const payee = { holder: "h1", name: "Gas", account: "1" };
  const set: Command = { kind: "set", what: "payee", id: "h1:gas", value: payee, ifVersion: null };
  const commands: Command[] = [vault, till, load, held, set, { kind: "capture", hold: "none", amount: 1n }];
  ledger.commit(commands.map((command, i) => digested({ key: `k${i}`, command, by: `teller:t${i}` })));

  const trail = await reader.audit({ from: 2, countMax: 4 });
  expect(trail.map(({ number, by, what, status, entry }) => [number, by, what, status, entry?.amount ?? null])).toEqual(
    [
      [2, "teller:t1", "open-account counter:USD", "ok", null],
      [3, "teller:t2", "transfer", "ok", 500n],
      [4, "teller:t3", "hold", "ok", 500n],
      [5, "teller:t4", "set payee h1:gas", "ok", null],
    ],
  );
  expect((await reader.audit({ from: 6, countMax: 4 })).map(({ status }) => status)).toEqual(["no-such-hold"]);
  expect((await reader.entries({ from: 1, countMax: 9 })).map(({ key }) => key)).toEqual(["k2", "k3"]);
  expect((await reader.holdsOf("counter:USD")).map(({ key }) => key)).toEqual(["k3"]);
  expect(await reader.holdsOf("fees:USD")).toEqual([]);
  await reader.close();
  ledger.close();
  rmSync(folder, { recursive: true });
});
