import { describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { CLASS, Name, type Question, type Rrset, TYPE } from "../../dns/index.ts";
import { Cache, type CacheOptions } from "../../resolver/index.ts";
import { RANK, type Rank } from "../../resolver/cache.ts";
import { ServerTable } from "../../resolver/servers.ts";
import { records } from "./world.ts";

const WWW: Question = { name: Name.parse("www.test."), type: TYPE.A, class: CLASS.IN };

function rrset(text: string): Rrset {
  const all = records(text);
  return { ...all[0]!, rdatas: all.map(({ rdata }) => rdata) };
}

function put(cache: Cache, text: string, rank: Rank = RANK.authoritativeAnswer): number {
  return cache.put({ kind: "rrset", rrset: rrset(text), signatures: null, signed: false, rank });
}

function ttl(cache: Cache, question = WWW): number | null {
  const found = cache.get(question, false);
  return found?.kind === "rrset" ? found.rrset.ttlSeconds : null;
}

describe("ranks (RFC 2181 §5.4.1)", () => {
  const ranks = Object.entries(RANK);
  const pairs = ranks.flatMap(([first, a]) => ranks.map(([second, b]) => [first, second, a, b] as const));
  test.each(pairs)("%s, then %s", (_first, _second, a, b) => {
    const cache = new Cache(new SimulatedClock());
    put(cache, "www.test. 100 A 192.0.2.1", a);
    put(cache, "www.test. 200 A 192.0.2.2", b);
    const isReplaced = b > a || (b === a && b >= RANK.authoritativeAuthority);
    const kept = isReplaced ? b : a;
    expect(ttl(cache)).toBe(kept < RANK.answer ? null : isReplaced ? 200 : 100);
  });
});

test.each<readonly [Partial<CacheOptions>, number, number, string]>([
  [{}, 100, 100, "the record's own TTL"],
  [{ ttlSecondsMax: 50 }, 100, 50, "the maximum"],
  [{ ttlSecondsMin: 10 }, 0, 10, "the minimum"],
  [{}, 0, 0, "TTL 0 is not kept (RFC 1035 §3.2.1)"],
  [{}, 700_000, 86_400, "a day at most"],
])("with %o a TTL of %i becomes %i: %s", (options, given, kept) => {
  const cache = new Cache(new SimulatedClock(), options);
  expect(put(cache, `www.test. ${given} A 192.0.2.1`)).toBe(kept);
});

test("it stays within its octets, and the least recently used goes first", () => {
  const cache = new Cache(new SimulatedClock(), { octetsMax: 20_000 });
  put(cache, "www.test. 100 A 192.0.2.1");
  for (let i = 0; i < 500; i++) {
    put(cache, `n${i}.test. 100 A 192.0.2.1`);
    expect(ttl(cache)).toBe(100);
    expect(cache.octets).toBeLessThanOrEqual(20_000);
  }
  expect(ttl(cache, { ...WWW, name: Name.parse("n0.test.") })).toBeNull();
  expect(ttl(cache, { ...WWW, name: Name.parse("n499.test.") })).toBe(100);
});

test.each([
  ["3600 SOA a. b. 1 1 1 1 300", 300, "MINIMUM when it is less (RFC 2308 §5)"],
  ["60 SOA a. b. 1 1 1 1 300", 60, "the SOA's TTL when it is less"],
  ["99999 SOA a. b. 1 1 1 1 99999", 10_800, "three hours at most"],
  ["3600 SOA a. b. 1 1 1 1 0", 0, "not at all with 0"],
])("a denial with %s is kept for %i s: %s", (soa, seconds) => {
  const cache = new Cache(new SimulatedClock());
  const denial = { kind: "nodata", soa: rrset(`test. ${soa}`), proof: [], signed: false } as const;
  expect(cache.deny(WWW, denial)).toBe(seconds);
});

test("a failure is kept for 5, 10, … 300 s and forgotten after a while of success (RFC 9520 §3.2)", async () => {
  const clock = new SimulatedClock();
  const cache = new Cache(clock);
  const kept: number[] = [];
  for (let i = 0; i < 9; i++) {
    const seconds = cache.fail(WWW, { kind: "failed", infoCode: 22, text: "silent" });
    kept.push(seconds);
    await clock.advance(seconds * 1000);
  }
  expect(kept).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  await clock.advance(301_000);
  expect(cache.fail(WWW, { kind: "failed", infoCode: 22, text: "silent" })).toBe(5);
});

test("a failure does not push out what is known", () => {
  const cache = new Cache(new SimulatedClock());
  put(cache, "www.test. 100 A 192.0.2.1");
  expect(cache.fail(WWW, { kind: "failed", infoCode: 22, text: "silent" })).toBe(0);
  expect(ttl(cache)).toBe(100);
});

test("records at a name end the denial of the whole name, and leave what is known of its other types", () => {
  const cache = new Cache(new SimulatedClock());
  const aaaa = { ...WWW, type: TYPE.AAAA };
  const soa = rrset("test. 3600 SOA a. b. 1 1 1 1 300");
  cache.deny(aaaa, { kind: "nodata", soa, proof: [], signed: false });
  cache.deny(WWW, { kind: "nxdomain", soa, proof: [], signed: false });
  expect(cache.get({ ...WWW, type: TYPE.MX }, false)?.kind).toBe("nxdomain");
  put(cache, "www.test. 100 A 192.0.2.1");
  expect(cache.get({ ...WWW, type: TYPE.MX }, false)).toBeNull();
  expect([cache.get(WWW, false)?.kind, cache.get(aaaa, false)?.kind]).toEqual(["rrset", "nodata"]);
});

test("of one name a hundred types are kept, the latest", () => {
  const cache = new Cache(new SimulatedClock());
  const at = (type: number): Question => ({ ...WWW, type: 1000 + type });
  for (let type = 0; type < 150; type++) {
    const one = { ...rrset("www.test. 100 A 192.0.2.1"), type: 1000 + type };
    cache.put({ kind: "rrset", rrset: one, signatures: null, signed: false, rank: RANK.authoritativeAnswer });
  }
  expect([ttl(cache, at(49)), ttl(cache, at(50)), ttl(cache, at(149))]).toEqual([null, 100, 100]);
});

describe("servers", () => {
  const A = { address: "192.0.2.1", port: 53 };
  const B = { address: "192.0.2.2", port: 53 };
  const table = (): { readonly clock: SimulatedClock; readonly servers: ServerTable } => {
    const clock = new SimulatedClock();
    return { clock, servers: new ServerTable({ clock, random: new SeededRandom(4) }) };
  };

  test("time-outs double the wait and then let the server rest ever longer, up to a minute", async () => {
    const { clock, servers } = table();
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      waits.push(servers.timeoutMilliseconds(A));
      servers.timedOut(A);
    }
    expect(waits.slice(1).every((wait, i) => wait > waits[i]! || wait === 3_000)).toBe(true);
    expect(servers.isResting(A)).toBe(true);
    expect(servers.choose([A, B])).toBe(B);
    for (let i = 0; i < 20; i++) servers.timedOut(A);
    await clock.advance(60_000);
    expect(servers.isResting(A)).toBe(false);
    servers.answered(A, 10);
    expect(servers.timeoutMilliseconds(A)).toBeLessThan(3_001);
  });

  test("the estimate follows the round trips", () => {
    const { servers } = table();
    for (let i = 0; i < 50; i++) servers.answered(A, 40);
    expect(servers.roundTrip(A)).toBeCloseTo(40);
    expect(servers.timeoutMilliseconds(A)).toBe(250);
  });

  test("lameness is of one zone and passes", async () => {
    const { clock, servers } = table();
    servers.lame(A, Name.parse("test."));
    expect([servers.isLame(A, Name.parse("TEST.")), servers.isLame(A, Name.root)]).toEqual([true, false]);
    await clock.advance(300_000);
    expect(servers.isLame(A, Name.parse("test."))).toBe(false);
  });
});
