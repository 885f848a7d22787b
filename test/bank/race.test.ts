/** Three at once on one account: wrong without synchronization, right with each way, as it happens and not as it is told. */
import { expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { race, RACE_RIGHT } from "../../bank/index.ts";

test("without synchronization two of three are lost; a lock, an atomic update, a version and one writer lose none", async () => {
  const [without, ...ways] = await race(systemClock);
  expect(without).toMatchObject({ way: "nothing", balance: 95_000n });
  // All looked before anybody wrote.
  expect(without!.steps.map(({ did }) => did.split(" ")[0])).toEqual([
    ..."reads reads reads writes writes writes".split(" "),
  ]);
  expect(ways.map(({ way, balance }) => [way, balance])).toEqual(
    ["a lock", "an atomic update", "a version, tried again", "one writer"].map((way) => [way, RACE_RIGHT]),
  );
  expect(ways[2]!.steps.filter(({ did }) => did === "finds another version").length).toBe(3);
});
