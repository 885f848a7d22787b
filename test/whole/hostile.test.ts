/**
 * A million spoilt messages, from a printed seed. No message may crash or hang a decoder, or cost more names than its
 * allowance. Time is not for tests to judge, but what a message costs is: `steps` is bounded by DecompressionWork, and
 * everything else is one pass.
 */
import { expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { mutate, sampleMessages, survives } from "../support/hostile.ts";

const ROUNDS = 1_000_000;

test(`${ROUNDS} mutated messages`, () => {
  const seed = Number(process.env["SEED"] ?? 20_261_123);
  const random = new SeededRandom(seed);
  const samples = sampleMessages().map(([, octets]) => octets);
  const corpus = samples.slice();
  let whole = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const octets = mutate(random.pick(corpus), random);
    let isMessage = false;
    try {
      isMessage = survives(octets);
    } catch (error) {
      throw new Error(`seed ${seed}, round ${i}: ${Buffer.from(octets).toString("hex")}`, { cause: error });
    }
    if (!isMessage) continue;
    whole++;
    // Messages that are still whole are spoilt further, so that deeper places are reached.
    if (octets.length < 2048) corpus[Math.min(corpus.length, samples.length + (whole % 64))] = octets;
  }
  // Were nearly all refused at their heads, little would have been tried.
  expect(whole).toBeGreaterThan(ROUNDS / 100);
});
