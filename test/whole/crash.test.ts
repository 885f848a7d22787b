/** A few of the kills, and of the journals damaged after them, of which `npm run soak -- --only crash` makes hundreds. */
import { expect, test } from "vitest";
import { crashLoop } from "../soak/crash.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);

test(`killed under a stream of updates a server loses none that it acknowledged, but what is damaged on disk and told (seed ${SEED})`, async () => {
  const outcome = await crashLoop({ kills: 6, killsPerDamage: 2, seed: SEED, port: 9291 });
  expect(outcome.faults).toEqual([]);
  expect(outcome.damages).toBeGreaterThan(0);
  expect(outcome.acknowledged).toBeGreaterThan(20);
}, 120_000);
