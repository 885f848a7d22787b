/** A secondary whose primaries are not what they should be, or not the source: serials that went back, copies of copies, servers from before EDNS. */
import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { MemoryPrimary, reply, version } from "../support/memory-primary.ts";
import { rrText } from "../support/name-server.ts";
import { HOME, MemoryShelf, SecondaryWorld } from "../support/secondary-world.ts";

const FIRST = { address: "192.0.2.53", port: 53 };
const HOUR = 3_600_000;

const ONE = version(1, "a.example. 30 A 192.0.2.1");
const TWO = version(2, "a.example. 30 A 192.0.2.2\nb.example. 30 TXT new");

const texts = (records: typeof ONE): string[] => records.map(rrText).sort();

function worldOf(...versions: (typeof ONE)[]): { world: SecondaryWorld; primary: MemoryPrimary } {
  const primary = new MemoryPrimary(FIRST, ...versions);
  return { primary, world: new SecondaryWorld([primary]) };
}

describe("a transfer that was asked for by hand", () => {
  const apex = Name.parse("example.");

  test("brings an older version, whole, and the next one follows from there", async () => {
    const { world, primary } = worldOf(TWO);
    await world.begin();
    primary.versions = [ONE];
    await world.clock.advance(HOUR);
    primary.asked.length = 0;
    expect(await world.clock.run(world.secondaries.retransfer(apex))).toBeNull();
    expect(world.served()).toEqual(texts(ONE));
    expect(primary.asked).toEqual(["udp SOA", "tcp AXFR"]);
    expect(world.secondaries.status[0]!.older).toEqual([]);
    primary.versions = [ONE, version(2, "c.example. 30 TXT other")];
    await world.clock.advance(HOUR);
    expect(world.served()).toEqual(texts(version(2, "c.example. 30 TXT other")));
  });

  test("outlives a restart", async () => {
    const shelf = new MemoryShelf();
    const primary = new MemoryPrimary(FIRST, TWO);
    const before = new SecondaryWorld([primary], { shelf });
    await before.begin();
    primary.versions = [ONE];
    await before.clock.run(before.secondaries.retransfer(apex));
    await before.clock.run(before.secondaries.close());
    const after = new SecondaryWorld([primary], { shelf, clock: before.clock });
    after.network.partition(HOME, FIRST.address);
    await after.begin();
    expect(after.served()).toEqual(texts(ONE));
  });

  test("of a primary that sends nonsense: the copy stays, and why is told", async () => {
    const { world, primary } = worldOf(TWO);
    await world.begin();
    primary.versions = [ONE];
    primary.instead = (request) => [reply(request, [ONE[0]!, TWO[0]!])];
    expect(await world.clock.run(world.secondaries.retransfer(apex))).toContain("192.0.2.53:53");
    expect(world.served()).toEqual(texts(TWO));
  });

  test("of primaries that are silent: the copy stays", async () => {
    const { world } = worldOf(TWO);
    await world.begin();
    world.network.partition(HOME, FIRST.address);
    expect(await world.clock.run(world.secondaries.retransfer(apex))).toContain("192.0.2.53:53");
    expect(world.serial).toBe(2);
  });
});

describe("a primary that is a secondary itself (RFC 7314)", () => {
  test("its version is good for as long here as there", async () => {
    const { world, primary } = worldOf(ONE);
    primary.expireSeconds = 5000;
    await world.begin();
    expect(world.secondaries.expiresIn(ONE[0]!.owner)).toBe(5000);
    await world.clock.advance(1_000_000);
    primary.expireSeconds = 4000;
    await world.clock.advance(HOUR);
    expect(world.secondaries.status[0]!.checkedSecondsAgo).toBeGreaterThan(80_000);
    primary.expireSeconds = 0;
    await world.clock.advance(3 * HOUR);
    expect(world.served()).toEqual([]);
  });

  test("and no longer after a restart", async () => {
    const shelf = new MemoryShelf();
    const primary = new MemoryPrimary(FIRST, ONE);
    primary.expireSeconds = 5000;
    const before = new SecondaryWorld([primary], { shelf });
    await before.begin();
    await before.clock.run(before.secondaries.close());
    const after = new SecondaryWorld([primary], { shelf, clock: before.clock });
    after.network.partition(HOME, FIRST.address);
    await after.begin();
    expect(after.secondaries.expiresIn(ONE[0]!.owner)).toBeLessThanOrEqual(5000);
    expect(after.secondaries.expiresIn(ONE[0]!.owner)).toBeGreaterThan(4900);
  });

  test("a primary from before EDNS is asked without", async () => {
    const { world, primary } = worldOf(ONE);
    primary.isOld = true;
    await world.begin();
    expect(world.served()).toEqual(texts(ONE));
    expect(primary.asked).toEqual(["udp SOA", "udp SOA", "tcp AXFR"]);
  });
});
