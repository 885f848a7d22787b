/** An embedded bank that is killed under load. STRATA_KILLS=100 kills it so many times. */
import { expect, test } from "vitest";
import { crashBank } from "../support/bank-crash.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 7);
const KILLS = Number(process.env["STRATA_KILLS"] ?? 8);

test(
  `killed ${KILLS} times under 32 clients: nothing acknowledged is missing or done twice, every reading adds up (seed ${SEED})`,
  async () => {
    const outcome = await crashBank({ kills: KILLS, seed: SEED });
    expect(outcome.faults).toEqual([]);
    expect(outcome.acknowledged).toBeGreaterThan(KILLS * 20);
    expect(outcome.unknown).toBeGreaterThan(0);
    expect(outcome.readings).toBeGreaterThan(KILLS);
  },
  60_000 + KILLS * 10_000,
);
