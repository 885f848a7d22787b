import { expect, test } from "vitest";
import { soakChanges } from "../soak/changes.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);

/** `npm run soak` makes ten million. */
test(`200,000 changes under the eyes of two threads: whole versions only, and flat memory (seed ${SEED})`, async () => {
  const outcome = await soakChanges({
    changes: 200_000,
    pairs: 2000,
    readers: 2,
    readerRestMilliseconds: 2,
    seed: SEED,
  });
  expect(outcome.faults).toEqual([]);
  expect(outcome.moves).toBeGreaterThan(4);
  expect(outcome.versionsSeen).toBeGreaterThan(100);
  // One arena that is not given back at each move would be a hundred mebioctets by now.
  expect(outcome.resident.rise).toBeLessThan(32 << 20);
  expect(outcome.used.max).toBeLessThan(40 << 20);
}, 120_000);
