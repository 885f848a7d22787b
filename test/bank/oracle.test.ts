/** The embedded store beside a bank that is told plainly (`test/support/plain-bank.ts`). STRATA_REQUESTS=200000 asks more. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { openEmbeddedLedger } from "../../bank/index.ts";
import { compareWithPlainBank } from "../support/bank-oracle.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 5);
const REQUESTS = Number(process.env["STRATA_REQUESTS"] ?? 20_000);

test(`${REQUESTS} requests with duplicates, reordering and conflicts are answered as a plain bank does (seed ${SEED})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-oracle-"));
  let seconds = 0;
  const clock = { ...systemClock, wallSeconds: () => seconds };
  const store = openEmbeddedLedger(join(folder, "ledger.sqlite"), { clock, epoch: 0 });
  const setSeconds = (now: number): void => void (seconds = now);
  const statuses = await compareWithPlainBank({ store, seed: SEED, requests: REQUESTS, setSeconds });
  expect((await store.verify()).faults).toEqual([]);
  expect(statuses.size, [...statuses.keys()].join(" ")).toBeGreaterThan(24);
  await store.close();
  rmSync(folder, { recursive: true });
}, 120_000);
