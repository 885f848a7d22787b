/** Primaries and secondaries come to agree whatever the network did (npm run soak -- --only convergence: a thousand seeds). */
import { expect, test } from "vitest";
import { converge } from "../support/convergence.ts";

test.each(Array.from({ length: 12 }, (_, i) => 1 + i))("seed %i", async (seed) => {
  const { complaints, versions, transfers } = await converge(seed);
  expect(complaints, `converge(${seed})`).toEqual([]);
  expect(versions).toBeGreaterThan(10);
  expect(transfers).toBeGreaterThan(5);
});
