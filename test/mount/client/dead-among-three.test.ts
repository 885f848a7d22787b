/** Three mounts of one daemon, one of whose servers is dead: the others do not wait for it, not even by a millisecond of simulated time. */
import { expect, test } from "vitest";
import type { FileKey } from "../../../mount/index.ts";
import { good } from "../../support/file-system-contract.ts";
import { clientRig } from "../../support/nfs-client-rig.ts";

test("a dead server costs the mounts beside it nothing", async () => {
  const dead = clientRig();
  const { clock, run } = dead;
  const alive = [clientRig({}, {}, clock), clientRig({}, {}, clock)];
  const keys: FileKey[] = [];
  for (const { fileSystem } of [dead, ...alive]) keys.push((await run(good(fileSystem.root()))).key);
  dead.streams.silence("192.0.2.1");
  let failed = 0;
  for (let round = 0; round < 50; round++) {
    // Attributes are not believed any more, so that each server is asked.
    await clock.advance(61_000);
    const waiting = Array.from({ length: 8 }, () => Promise.resolve(dead.fileSystem.attributes(keys[0]!)));
    for (const [i, { fileSystem }] of alive.entries()) {
      const began = clock.now();
      await run(good(fileSystem.attributes(keys[i + 1]!)));
      expect(clock.now()).toBe(began);
    }
    for (const outcome of await run(Promise.all(waiting))) if (outcome === "TIMEDOUT") failed++;
  }
  expect(failed).toBe(400);
  // It was tried again all the while, by one connection at a time and with back-off.
  expect(dead.streams.begun.get("192.0.2.1")).toBeLessThan(50 * 10);
  for (const { fileSystem } of [dead, ...alive]) await run(fileSystem.close());
});
