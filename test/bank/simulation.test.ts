/** A bank where everything goes wrong, by seed. */
import { expect, test } from "vitest";
import { runBankWorld } from "../support/bank-world.ts";

const FIRST = Number(process.env["STRATA_SEED"] ?? 1);
const SEEDS = Number(process.env["STRATA_SEEDS"] ?? 300);

test(`${SEEDS} seeds from ${FIRST}: whatever is lost, doubled, late, cut or ended, nobody has more or less`, async () => {
  const troubles = new Map<string, number>();
  let entries = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const outcome = await runBankWorld(seed);
    expect({ seed, faults: outcome.faults }).toEqual({ seed, faults: [] });
    entries += outcome.entries;
    for (const [what, times] of outcome.troubles) troubles.set(what, (troubles.get(what) ?? 0) + times);
  }
  expect(entries).toBeGreaterThan(SEEDS * 10);
  // All that can go wrong did.
  expect([...troubles.keys()].sort()).toMatchInlineSnapshot(`
    [
      "ATM ended",
      "ATM's clock jumped",
      "clock jumped",
      "doubled",
      "ended before the answer",
      "ended before the commit was on the disk",
      "ended before the transaction",
      "late",
      "link cut",
      "login did not reach the bank",
      "lost",
      "nobody knows whether notes came out",
      "nobody knows whether notes were taken",
      "notes not taken",
      "notes stuck",
      "other server took over",
      "server ended",
    ]
  `);
}, 300_000);
