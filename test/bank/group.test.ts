/** A group of requests in one commit of the embedded store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import {
  BankError,
  type Command,
  decodeAnswer,
  digested,
  internalOf,
  SqliteLedger,
  SqliteReader,
} from "../../bank/index.ts";

const open = (id: string): Command => ({ kind: "open-account", account: internalOf(id, "USD") });
const move = (amount: bigint): Command => ({
  kind: "transfer",
  movement: { debit: "vault:USD", credit: "fees:USD", amount, reason: "adjustment", reference: "", card: null },
});
const request = (key: string, command: Command) => digested({ key, command, by: "teller:t" });

test("one that ends in a bug is refused by itself; what came with it, over the same accounts, is done once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-group-"));
  const ledger = new SqliteLedger(join(folder, "ledger.sqlite"), { clock: systemClock, epoch: 0 });
  const reader = new SqliteReader(join(folder, "ledger.sqlite"));
  try {
    // What no caller can write: it stands for any mistake in the rules.
    const broken = request("b", move(1n));
    Object.assign(broken.command, { movement: null });
    const group = [request("1", open("vault:USD")), request("2", open("fees:USD")), request("3", move(7n)), broken];
    const outcomes = ledger.commit([...group, request("4", move(5n))]);
    expect(
      outcomes.map((outcome) => (outcome instanceof BankError ? outcome.code : decodeAnswer(outcome).status)),
    ).toEqual(["ok", "ok", "ok", "STORE", "ok"]);
    expect((await reader.account("fees:USD"))?.creditsPosted).toBe(12n);
    expect((await reader.verify()).faults).toEqual([]);
  } finally {
    await reader.close();
    ledger.close();
    rmSync(folder, { recursive: true });
  }
});
