import { expect, test } from "vitest";
import { SimulatedClock } from "../../base/index.ts";
import { AccessList } from "../../nameserver/access.ts";
import { ClientAddress } from "../../nameserver/client.ts";
import { RATE_LIMITS, RateLimiter, RESPONSE_KIND, type RateLimits } from "../../nameserver/limiter.ts";
import { Prefix } from "../../net/index.ts";

function limiter(
  limits: Partial<RateLimits>,
  unlimited: string[] = [],
): { clock: SimulatedClock; limiter: RateLimiter } {
  const clock = new SimulatedClock();
  const list = new AccessList(unlimited.map((text) => Prefix.parse(text)));
  return { clock, limiter: new RateLimiter({ ...RATE_LIMITS, ...limits }, clock, list) };
}

function client(address: string): ClientAddress {
  const read = new ClientAddress();
  read.read(address);
  return read;
}

/** What becomes of so many like responses at once. */
function burst(
  to: RateLimiter,
  address: string,
  count: number,
  kind: number = RESPONSE_KIND.ANSWER,
  hash = 7,
): string[] {
  return Array.from({ length: count }, () => to.charge(client(address), kind, hash));
}

test("a network gets its rate and no more, every second limited response with TC", () => {
  const { limiter: limits } = limiter({ responsesPerSecond: 5, slip: 2 });
  expect(burst(limits, "192.0.2.1", 9)).toEqual([
    ...Array.from({ length: 5 }, () => "send"),
    "drop",
    "slip",
    "drop",
    "slip",
  ]);
});

test.each([
  ["another host of the same /24 shares the account", "192.0.2.200", "drop"],
  ["another /24 has its own", "192.0.3.1", "send"],
])("%s", (_, address, verdict) => {
  const { limiter: limits } = limiter({ responsesPerSecond: 5, slip: 0 });
  burst(limits, "192.0.2.1", 20);
  expect(burst(limits, address, 1)).toEqual([verdict]);
});

test.each([
  ["another host of the same /56", "2001:db8:0:a8::9", "drop"],
  ["another /56", "2001:db8:0:100::1", "send"],
])("IPv6: %s", (_, address, verdict) => {
  const { limiter: limits } = limiter({ responsesPerSecond: 5, slip: 0 });
  burst(limits, "2001:db8:0:1::1", 20);
  expect(burst(limits, address, 1)).toEqual([verdict]);
});

test("kinds of response and names have accounts of their own", () => {
  const { limiter: limits } = limiter({ responsesPerSecond: 5, slip: 0 });
  burst(limits, "192.0.2.1", 20);
  expect(burst(limits, "192.0.2.1", 1, RESPONSE_KIND.NXDOMAIN)).toEqual(["send"]);
  expect(burst(limits, "192.0.2.1", 1, RESPONSE_KIND.ANSWER, 8)).toEqual(["send"]);
});

test("who asked too much waits out what it owes, the window at most", async () => {
  const { clock, limiter: limits } = limiter({ responsesPerSecond: 5, slip: 0, windowSeconds: 3 });
  burst(limits, "192.0.2.1", 1000);
  await clock.advance(2000);
  expect(burst(limits, "192.0.2.1", 1)).toEqual(["drop"]);
  await clock.advance(5000);
  expect(burst(limits, "192.0.2.1", 1)).toEqual(["send"]);
});

test("listed networks are never limited, and rate 0 limits nobody", () => {
  const { limiter: listed } = limiter({ responsesPerSecond: 1 }, ["127.0.0.0/8"]);
  expect(new Set(burst(listed, "127.0.0.1", 100))).toEqual(new Set(["send"]));
  const { limiter: off } = limiter({ responsesPerSecond: 0 });
  expect(new Set(burst(off, "192.0.2.1", 100))).toEqual(new Set(["send"]));
});
