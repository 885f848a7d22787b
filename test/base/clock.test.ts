import { describe, expect, test } from "vitest";
import { SimulatedClock, sleep, systemClock } from "../../base/index.ts";

const never = new AbortController().signal;

describe("simulated time", () => {
  test("stands still until it is advanced", async () => {
    const clock = new SimulatedClock(1000);
    const ran: number[] = [];
    clock.after(1500, () => ran.push(clock.now()));
    expect([clock.now(), clock.wallSeconds()]).toEqual([0, 1000]);
    await clock.advance(1499);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual([1500]);
    expect(clock.wallSeconds()).toBe(1001);
  });

  test("runs timers by their time, then in the order they were set", async () => {
    const clock = new SimulatedClock();
    const ran: string[] = [];
    clock.after(20, () => ran.push("late"));
    clock.after(10, () => ran.push("first"));
    clock.after(10, () => ran.push("second"));
    clock.after(-5, () => ran.push("at once"));
    await clock.advance(20);
    expect(ran).toEqual(["at once", "first", "second", "late"]);
  });

  test("runs timers that timers set, when they are due too", async () => {
    const clock = new SimulatedClock();
    const ran: number[] = [];
    const tick = (): void => {
      ran.push(clock.now());
      clock.after(10, tick);
    };
    clock.after(10, tick);
    await clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  test("a cancelled timer does not run, and cancelling twice is harmless", async () => {
    const clock = new SimulatedClock();
    const timer = clock.after(10, () => expect.unreachable());
    timer.cancel();
    timer.cancel();
    await clock.advance(20);
  });

  test("goes on until a promise settles", async () => {
    const clock = new SimulatedClock();
    const slow = sleep(clock, 60_000, never).then(() => clock.now());
    await expect(clock.run(slow)).resolves.toBe(60_000);
    await expect(clock.run(Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(clock.run(new Promise(() => undefined))).rejects.toThrow("still waiting");
    await expect(clock.run(sleep(clock, 5000, never), 1000)).rejects.toThrow("still waiting");
  });
});

describe("sleep", () => {
  test("ends early with the signal's reason, and leaves no timer behind", async () => {
    const clock = new SimulatedClock();
    const control = new AbortController();
    const slept = sleep(clock, 1000, control.signal);
    control.abort(new Error("enough"));
    await expect(slept).rejects.toThrow("enough");
    await expect(sleep(clock, 1000, control.signal)).rejects.toThrow("enough");
    await expect(clock.run(new Promise(() => undefined))).rejects.toThrow("still waiting after 0");
  });
});

test("the system's clock does not go back", () => {
  const before = systemClock.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  expect(systemClock.wallSeconds()).toBeGreaterThan(1_700_000_000);
  systemClock.after(3_600_000, () => undefined).cancel();
});
