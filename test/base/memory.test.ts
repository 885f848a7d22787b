import { expect, test } from "vitest";
import { collectGarbage } from "../../base/index.ts";

test("what nobody can reach is gone, and what somebody can reach stays", async () => {
  const kept = { shared: new SharedArrayBuffer(1 << 20) };
  const refs = [new WeakRef(kept.shared), new WeakRef(new SharedArrayBuffer(1 << 20))];
  // A WeakRef holds on until the turn in which it was made is over.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(refs.map((ref) => ref.deref() !== undefined)).toEqual([true, false]);
  expect(kept.shared.byteLength).toBe(1 << 20);
});
