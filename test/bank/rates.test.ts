/** How often each asks, counted by several threads together. */
import { describe, expect, test } from "vitest";
import { newRates, Rates } from "../../bank/index.ts";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { HttpBank } from "./http-bank.ts";

const SEED = 5;

describe("rates", () => {
  test("two threads count one who asks both; the next second begins anew", async () => {
    const clock = new SimulatedClock();
    const shared = newRates(new SeededRandom(SEED));
    const [one, other] = [new Rates(shared, clock), new Rates(shared, clock)];
    expect([one.count("a"), other.count("a"), one.count("a")]).toEqual([1, 2, 3]);
    expect(other.count("b")).toBe(1);
    await clock.advance(1000);
    expect(other.count("a")).toBe(1);
  });

  test(`who asks once is hardly ever counted with others, and nobody below what they asked (seed ${SEED})`, () => {
    const rates = new Rates(newRates(new SeededRandom(SEED)), new SimulatedClock());
    const asked = Array.from({ length: 3000 }, (_, i) => rates.count(`session-${i}`));
    expect(asked.filter((count) => count > 1).length).toBeLessThan(60);
    for (let i = 0; i < 3000; i++) expect(rates.count(`session-${i}`)).toBeGreaterThanOrEqual(2);
  });
});

test("a limit holds over all threads of a server", async () => {
  const bank = await HttpBank.open();
  const token = await bank.holder((await bank.opened()).card);
  const rates = newRates(new SeededRandom(SEED));
  const threads = [0, 1, 2, 3].map(() => bank.anotherApp({ limits: { requestsPerSecondMax: 10 }, rates }));
  const options = { url: "/v1/accounts", headers: { authorization: `Bearer ${token}` } };
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => bank.ask(options, threads[i % 4])));
  expect(answers.filter(({ code }) => code === 200)).toHaveLength(10);
  for (const app of threads) await app.close();
  await bank[Symbol.asyncDispose]();
});
