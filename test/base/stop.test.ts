/** One contract for the two that tell work to stop: the platform's controller and our small one. */
import { describe, expect, test } from "vitest";
import { Stopper, type StopSignal } from "../../base/index.ts";

interface Stoppable {
  readonly signal: StopSignal;
  stop(reason: Error): void;
}

function platform(): Stoppable {
  const controller = new AbortController();
  return { signal: controller.signal, stop: (reason) => controller.abort(reason) };
}

function small(): Stoppable {
  const stopper = new Stopper();
  return { signal: stopper, stop: (reason) => stopper.abort(reason) };
}

describe.each([
  ["AbortController", platform],
  ["Stopper", small],
])("%s", (_name, make) => {
  test("tells each listener once, in order, and keeps the first reason", () => {
    const { signal, stop } = make();
    const told: string[] = [];
    const gone = (): unknown => told.push("gone");
    signal.addEventListener("abort", () => told.push("first"), { once: true });
    signal.addEventListener("abort", gone, { once: true });
    signal.addEventListener("abort", () => told.push("last"), { once: true });
    signal.removeEventListener("abort", gone);
    expect(() => signal.throwIfAborted()).not.toThrow();
    stop(new Error("enough"));
    stop(new Error("again"));
    expect(told).toEqual(["first", "last"]);
    expect(signal.aborted).toBe(true);
    expect(() => signal.throwIfAborted()).toThrow("enough");
  });

  test("who comes too late is told nothing", () => {
    const { signal, stop } = make();
    stop(new Error("enough"));
    const told: string[] = [];
    signal.addEventListener("abort", () => told.push("late"), { once: true });
    expect(told).toEqual([]);
  });
});
