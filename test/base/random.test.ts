import { describe, expect, test } from "vitest";
import { type Random, SeededRandom, systemRandom } from "../../base/index.ts";

const sources: readonly (readonly [string, () => Random])[] = [
  ["the system's", () => systemRandom],
  ["a seeded", () => new SeededRandom(42)],
  ["one seeded with zero", () => new SeededRandom(0)],
];

describe.each(sources)("%s source", (_name, make) => {
  test("keeps its ranges", () => {
    const random = make();
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const word = random.uint32();
      expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true);
      const die = random.below(6);
      expect(Number.isInteger(die) && die >= 0 && die < 6).toBe(true);
      seen.add(die);
    }
    expect(seen.size).toBe(6);
    expect(random.below(1)).toBe(0);
    expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
  });

  test("gives as many octets as asked", () => {
    const random = make();
    for (const count of [0, 1, 16, 4096, 10_000]) expect(random.octets(count).length).toBe(count);
    expect(random.octets(32)).not.toEqual(random.octets(32));
  });

  test("hands out octets that later draws leave alone", () => {
    const random = make();
    const drawn = random.octets(16);
    const copy = Uint8Array.from(drawn);
    for (let i = 0; i < 5000; i++) random.uint32();
    expect(drawn).toEqual(copy);
  });
});

test("the same seed gives the same numbers, another gives others", () => {
  const draw = (seed: number) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 20 }, () => random.uint32());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});
