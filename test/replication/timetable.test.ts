/** When a secondary asks and when it expires (RFC 1034 §4.3.5), as a table and for whatever an SOA may say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beginning,
  confirmed,
  confirmedBy,
  expiresAt,
  failed,
  isExpired,
  notified,
  restored,
  type SoaTimes,
  type Timetable,
  timesOf,
} from "../../replication/timetable.ts";
import { rr } from "../support/messages.ts";

const soaOf = (refresh: number, retry: number, expire: number): SoaTimes =>
  timesOf(rr(`example. 300 SOA ns.example. admin.example. 1 ${refresh} ${retry} ${expire} 60`));

const HOUR = soaOf(3600, 600, 86_400);

/** The waits up to each of so many failed rounds, without chance. */
function waits(table: Timetable, rounds: number): number[] {
  const waited: number[] = [];
  let now = table.nextCheckAt;
  let next = table;
  for (let i = 0; i < rounds; i++) {
    next = failed(next, now, 0);
    waited.push(next.nextCheckAt - now);
    now = next.nextCheckAt;
  }
  return waited;
}

describe("as an SOA of 3600 600 86400 says", () => {
  test("asks again after REFRESH", () => expect(confirmed(HOUR, 1000, 0).nextCheckAt).toBe(4600));
  test("a tenth earlier at most", () => expect(confirmed(HOUR, 1000, 1).nextCheckAt).toBe(1000 + 3240));
  test("then after RETRY, doubled each time, as far as REFRESH", () =>
    expect(waits(confirmed(HOUR, 0, 0), 5)).toEqual([600, 1200, 2400, 3600, 3600]));
  test("one success and the waits begin anew", () => {
    const later = confirmed(HOUR, 9000, 0);
    expect(waits(later, 1)).toEqual([600]);
  });
  test("expires EXPIRE after the last success, whatever failed since", () => {
    let table = confirmed(HOUR, 1000, 0);
    for (let i = 0; i < 50; i++) table = failed(table, 2000 + i, 0.5);
    expect(expiresAt(table)).toBe(87_400);
    expect(isExpired(table, 87_399)).toBe(false);
    expect(isExpired(table, 87_400)).toBe(true);
  });
  test("goes on asking when it has expired", () =>
    expect(failed(confirmed(HOUR, 0, 0), 100_000, 0).nextCheckAt).toBe(100_600));
});

describe("EXPIRE as a primary tells it (RFC 7314 §4), an SOA of 3600 600 86400, asked at 10,000", () => {
  test.each([
    ["nothing is told: as the SOA says", 50_000, { leftSeconds: null, isTaken: false }, 96_400],
    ["a version from a secondary: what is left there", 50_000, { leftSeconds: 400, isTaken: true }, 10_400],
    ["the version that we have: not less than we have", 50_000, { leftSeconds: 400, isTaken: false }, 50_000],
    ["the version that we have: more than we have", 50_000, { leftSeconds: 70_000, isTaken: false }, 80_000],
    ["more than the SOA says: the SOA", 50_000, { leftSeconds: 1_000_000, isTaken: true }, 96_400],
    ["nothing is left there", 50_000, { leftSeconds: 0, isTaken: true }, 10_000],
  ])("%s", (_what, expiredAt, freshness, expires) => {
    const before = confirmed(HOUR, expiredAt - 86_400, 0);
    const table = confirmedBy(before, confirmed(HOUR, 10_000, 0), freshness);
    expect(expiresAt(table)).toBe(expires);
    expect(table.nextCheckAt).toBe(13_600);
  });
});

describe("a zone that was never there", () => {
  test("is asked for at once, then after 1, 2, 4 … seconds, 300 at most", () => {
    expect(beginning(50).nextCheckAt).toBe(50);
    expect(waits(beginning(0), 12)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });
  test("does not expire", () => expect(isExpired(beginning(0), 1e9)).toBe(false));
});

describe("after a restart", () => {
  test("the zone is asked for at once and expires when it would have", () => {
    const table = restored(HOUR, 400, 1000);
    expect(table.nextCheckAt).toBe(1000);
    expect(expiresAt(table)).toBe(86_800);
  });
  test("away for too long", () => expect(isExpired(restored(HOUR, 0, 86_400), 86_400)).toBe(true));
  test("a clock that says we were there in the future is held to now", () =>
    expect(expiresAt(restored(HOUR, 5000, 1000))).toBe(87_400));
});

describe("NOTIFY (RFC 1996 §4.7)", () => {
  const table = confirmed(HOUR, 1000, 0);
  test.each([
    ["cuts the wait short", 2000, { at: 1500, faults: 0 }, 2000],
    ["not twice in a second", 1500.2, { at: 1500, faults: 0 }, 1501],
    ["after a transfer that was not taken, twice as long", 1500, { at: 1500, faults: 1 }, 1502],
    ["after many, up to a minute", 1500, { at: 1500, faults: 1000 }, 1560],
    ["never makes a wait longer", 4599.9, { at: 4599.8, faults: 0 }, 4600],
    ["at once, when nobody was asked yet", 1000.5, null, 1000.5],
  ])("%s", (_what, now, asked, at) => expect(notified(table, now, asked).nextCheckAt).toBe(at));
  test("does not count as a success", () => expect(expiresAt(notified(table, 2000, null))).toBe(87_400));
});

const seconds = fc.integer({ min: 0, max: 0xffff_ffff });

test("whatever the SOA says and whatever happens, the next question is in the future and nearer than 28 days", () => {
  const event = fc.record({
    isFailure: fc.boolean(),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
    late: fc.nat(9),
  });
  fc.assert(
    fc.property(seconds, seconds, seconds, fc.array(event), (refresh, retry, expire, events) => {
      const times = soaOf(refresh, retry, expire);
      expect(times.expireSeconds).toBeGreaterThanOrEqual(times.refreshSeconds + times.retrySeconds);
      let now = 5;
      let table = confirmed(times, now, 0);
      for (const { isFailure, chance, late } of events) {
        now = table.nextCheckAt + late;
        const checkedAt = table.checkedAt;
        table = isFailure ? failed(table, now, chance) : confirmed(times, now, chance);
        expect(table.nextCheckAt - now).toBeGreaterThanOrEqual(0.9);
        expect(table.nextCheckAt - now).toBeLessThanOrEqual(28 * 86_400 + 1e-3);
        expect(table.checkedAt).toBe(isFailure ? checkedAt : now);
        expect(expiresAt(table)).toBe(table.checkedAt + times.expireSeconds);
      }
    }),
  );
});
