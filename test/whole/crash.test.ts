/** A few of the kills of which `npm run soak -- --only crash` makes hundreds. */
import { expect, test } from "vitest";
import { crashLoop } from "../soak/crash.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);

test(`killed under a stream of updates a server loses none that it acknowledged (seed ${SEED})`, async () => {
  const outcome = await crashLoop({ kills: 5, seed: SEED, port: 9291 });
  expect(outcome.faults).toEqual([]);
  expect(outcome.acknowledged).toBeGreaterThan(20);
}, 120_000);
