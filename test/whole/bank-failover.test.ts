/**
 * A bank's database is killed under load, by itself, with a standby that takes over, or the bank's process in its place: nothing that was
 * acknowledged is missing or done twice, and every look at the balances sums to what was put in. STRATA_KILLS=100 does it so many times.
 */
import { expect, test } from "vitest";
import { type Clock, systemClock } from "../../base/index.ts";
import { type Command, decodeAnswer, openPostgresLedger } from "../../bank/index.ts";
import { openHolder, portIn } from "../support/bank-asker.ts";
import { BankLoad } from "../support/bank-load.ts";
import { crashPostgresBank } from "../support/bank-postgres-crash.ts";
import { describeWithPeers } from "../support/peers.ts";
import { PostgresServer } from "../support/postgres.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const KILLS = Number(process.env["STRATA_KILLS"] ?? 6);
const SEED = Number(process.env["STRATA_SEED"] ?? 7);
const LIMIT_MILLISECONDS = 60_000 + KILLS * 30_000;

describeWithPeers("a bank whose database is killed", ["initdb", "postgres", "pg_basebackup"], () => {
  test(
    `by itself, with its machine, or with the bank's own process, ${KILLS} times (seed ${SEED})`,
    async () => {
      const outcome = await crashPostgresBank({ kills: KILLS, seed: SEED });
      expect(outcome.faults).toEqual([]);
      expect(outcome.acknowledged).toBeGreaterThan(KILLS * 50);
      expect(outcome.readings).toBeGreaterThan(KILLS);
    },
    LIMIT_MILLISECONDS,
  );

  test("its server says that nothing was done, and carries on when the database is back", async () => {
    using scratch = new Scratch();
    await using database = await PostgresServer.start();
    const words = ["--name", "firstbank.com", "--listen", "127.0.0.1:0", "--state", scratch.file("state")];
    const bank = await RunningStrata.start(["bank", "serve", ...words, "--database", database.url]);
    try {
      const port = portIn(bank.stdout);
      const first = await openHolder(port, "one");
      expect(first.code).toBe(200);
      await database.kill();
      expect(await openHolder(port, "two")).toMatchObject({ code: 503 });
      await database.resume();
      expect(await openHolder(port, "two")).toMatchObject({ code: 200 });
      expect(await openHolder(port, "one")).toEqual(first);
      const verified = await strata(["bank", "verify", "--database", database.url]);
      expect([verified.status, verified.stdout]).toEqual([0, expect.stringContaining("14 accounts")]);
    } finally {
      await bank.stop();
    }
  });

  test("without its standby nothing is acknowledged; asked again when that is back, it was done once", async () => {
    await using primary = await PostgresServer.start();
    await using standby = await primary.startStandby("standby");
    // Waits for commits are short here; nothing else is.
    const after: Clock["after"] = (milliseconds, callback) => systemClock.after(Math.min(milliseconds, 400), callback);
    const ledger = await openPostgresLedger(primary.url, { clock: { ...systemClock, after }, epoch: 0 });
    const load = new BankLoad(SEED, 2);
    await load.openAccounts(ledger);
    await standby.kill();
    const movement = { debit: "a0", credit: "a1", amount: 5n, reason: "transfer", reference: "", card: null } as const;
    const command: Command = { kind: "transfer", movement };
    const ask = () => ledger.submit({ key: "alone", command, by: "load" });
    await expect(ask()).rejects.toMatchObject({ code: "UNKNOWN" });
    await standby.resume();
    for (let tries = 0; ; tries++) {
      const octets = await ask().catch((error: unknown) => {
        if (tries > 100) throw error;
        return null;
      });
      if (octets !== null) {
        expect(decodeAnswer(octets).status).toBe("ok");
        break;
      }
    }
    expect((await ledger.account("a1"))?.creditsPosted).toBe(10_005n);
    await ledger.close();
  });
});
