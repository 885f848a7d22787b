/** A secondary through its days, on the simulated network: what it asks, when, and what it serves meanwhile (RFC 1034 §4.3.5). */
import { describe, expect, test } from "vitest";
import { CLASS, Name, RCODE, TsigKey } from "../../dns/index.ts";
import type { Primary } from "../../replication/index.ts";
import { ChangeLogError } from "../../zones/index.ts";
import { KEY, MemoryPrimary, notifyOf, version } from "../support/memory-primary.ts";
import { query } from "../support/messages.ts";
import { rrText } from "../support/name-server.ts";
import { HOME, MemoryShelf, SecondaryWorld } from "../support/secondary-world.ts";

const FIRST = { address: "192.0.2.53", port: 53 };
const SECOND = { address: "192.0.2.54", port: 53 };

const HOUR = 3_600_000;

const ONE = version(1, "a.example. 30 A 192.0.2.1");
const TWO = version(2, "a.example. 30 A 192.0.2.2\nb.example. 30 TXT new");
const THREE = version(3, "b.example. 60 TXT new");

const texts = (records: typeof ONE): string[] => records.map(rrText).sort();

function worldOf(...versions: (typeof ONE)[]): { world: SecondaryWorld; primary: MemoryPrimary } {
  const primary = new MemoryPrimary(FIRST, ...versions);
  return { primary, world: new SecondaryWorld([primary]) };
}

describe("the versions", () => {
  test("the first comes whole, as soon as it starts", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    expect(world.served()).toEqual(texts(ONE));
    expect(primary.asked).toEqual(["udp SOA", "tcp AXFR"]);
    expect(world.told).toEqual([]);
  });

  test("nothing new after REFRESH: asked for the SOA and for no more", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    await world.clock.advance(HOUR);
    expect(primary.asked).toEqual(["udp SOA", "tcp AXFR", "udp SOA"]);
  });

  test("the next comes as changes after REFRESH, two steps as one version", async () => {
    const { world, primary } = worldOf(ONE);
    const serials: number[] = [];
    await world.begin();
    world.changer.subscribe(() => serials.push(world.serial!));
    primary.versions = [ONE, TWO, THREE];
    await world.clock.advance(HOUR);
    expect(world.served()).toEqual(texts(THREE));
    expect(primary.asked.slice(2)).toEqual(["udp SOA", "tcp IXFR"]);
    expect(serials).toEqual([3]);
  });

  test("all of it comes when the primary does not know ours any more", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    primary.versions = [THREE];
    await world.clock.advance(HOUR);
    expect(world.served()).toEqual(texts(THREE));
    expect(primary.asked.slice(2)).toEqual(["udp SOA", "tcp IXFR"]);
  });

  test("a primary's serial that went back: our copy stays, which is said once and stands in the status", async () => {
    const { world, primary } = worldOf(TWO);
    await world.begin();
    primary.versions = [ONE];
    await world.clock.advance(4 * HOUR);
    expect(world.served()).toEqual(texts(TWO));
    expect(world.told).toEqual([
      expect.stringMatching(/^192\.0\.2\.53:53 has serial 1, .* older than our 2, .* strata retransfer example\. /),
    ]);
    expect(world.secondaries.status[0]!.older).toEqual([{ endpoint: FIRST, serial: 1 }]);
    primary.versions = [ONE, TWO, THREE];
    await world.clock.advance(HOUR);
    expect(world.serial).toBe(3);
    expect(world.secondaries.status[0]!.older).toEqual([]);
  });

  test("a frozen zone stays as it is until thawed", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    const { apex } = world.secondaries.status[0]!;
    world.changer.freeze(apex);
    primary.versions = [ONE, TWO];
    await world.clock.advance(HOUR);
    expect(world.serial).toBe(1);
    expect(world.failure).toContain("frozen");
    world.changer.thaw(apex);
    await world.clock.advance(HOUR);
    expect(world.serial).toBe(2);
  });
});

describe("NOTIFY (RFC 1996)", () => {
  test("from a primary: the next version at once", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    await world.clock.advance(60_000);
    primary.versions = [ONE, TWO];
    expect(world.secondaries.notify(notifyOf(2), FIRST.address, null)).toEqual({ rcode: RCODE.NOERROR, reason: null });
    await world.clock.advance(500);
    expect(world.serial).toBe(2);
  });

  test("of one version after another: each at once", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    for (let serial = 2; serial < 30; serial++) {
      primary.versions = [...primary.versions, version(serial)];
      world.secondaries.notify(notifyOf(serial), FIRST.address, null);
      await world.clock.advance(100);
      expect(world.serial).toBe(serial);
    }
  });

  test("of a serial that we have: nobody is asked", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    await world.clock.advance(60_000);
    world.secondaries.notify(notifyOf(1), FIRST.address, null);
    await world.clock.advance(10_000);
    expect(primary.asked).toHaveLength(2);
  });

  test("of an older serial: the primary is asked, and the log tells what is wrong there", async () => {
    const { world, primary } = worldOf(TWO);
    await world.begin();
    await world.clock.advance(60_000);
    primary.versions = [ONE];
    world.secondaries.notify(notifyOf(1), FIRST.address, null);
    await world.clock.advance(10_000);
    expect(world.told).toEqual([expect.stringContaining("has serial 1, which is older than our 2")]);
    expect(world.serial).toBe(2);
  });

  test("in the middle of a round: another round follows (§4.4)", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    primary.versions = [ONE, TWO];
    world.secondaries.notify(notifyOf(2), FIRST.address, null);
    await world.clock.advance(30);
    primary.versions = [ONE, TWO, THREE];
    world.secondaries.notify(notifyOf(3), FIRST.address, null);
    await world.clock.advance(3000);
    expect(world.serial).toBe(3);
  });

  test("a thousand in a second that tell nothing: two questions", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    await world.clock.advance(60_000);
    for (let i = 0; i < 1000; i++) {
      world.secondaries.notify(notifyOf(null), FIRST.address, null);
      await world.clock.advance(1);
    }
    await world.clock.advance(10_000);
    expect(primary.asked.slice(2)).toEqual(["udp SOA", "udp SOA"]);
  });

  test.each([
    ["another's address", notifyOf(2), "192.0.2.99", RCODE.REFUSED],
    ["our own address", notifyOf(2), HOME, RCODE.REFUSED],
    ["another zone", { ...notifyOf(2), question: query("example.org.", "SOA").question }, FIRST.address, RCODE.NOTAUTH],
    ["a zone below", { ...notifyOf(2), question: query("a.example.", "SOA").question }, FIRST.address, RCODE.NOTAUTH],
    ["another type", { ...notifyOf(2), question: query("example.", "A").question }, FIRST.address, RCODE.FORMERR],
    [
      "another class",
      { ...notifyOf(2), question: [{ ...query("example.", "SOA").question[0]!, class: CLASS.CH }] },
      FIRST.address,
      RCODE.FORMERR,
    ],
    ["no question", { ...notifyOf(2), question: [] }, FIRST.address, RCODE.FORMERR],
  ])("%s is not heeded", async (_what, message, from, rcode) => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    await world.clock.advance(60_000);
    expect(world.secondaries.notify(message, from, null).rcode).toBe(rcode);
    await world.clock.advance(10_000);
    expect(primary.asked).toHaveLength(2);
  });
});

describe("who may tell of a change", () => {
  const there = { address: "192.0.2.53", port: 53 };
  const here = { address: "127.0.1.3", port: 8053 };
  const other = new TsigKey(Name.parse("other."), "hmac-sha256", Uint8Array.of(1));
  test.each<[string, Primary[], string, TsigKey | null, boolean]>([
    ["its address, mapped to IPv6", [{ endpoint: there, key: null }], "::ffff:192.0.2.53", null, true],
    ["another address", [{ endpoint: there, key: null }], "192.0.2.54", null, false],
    ["any loopback address for one on a loopback", [{ endpoint: here, key: null }], "127.0.0.1", null, true],
    ["a loopback address for one elsewhere", [{ endpoint: there, key: null }], "127.0.0.1", null, false],
    ["its key from anywhere", [{ endpoint: there, key: KEY }], "203.0.113.1", KEY, true],
    ["its address, unsigned though it is asked with a key", [{ endpoint: there, key: KEY }], "192.0.2.53", null, true],
    ["its address, signed with another key", [{ endpoint: there, key: KEY }], "192.0.2.53", other, false],
    ["its address, signed though it is asked with no key", [{ endpoint: there, key: null }], "192.0.2.53", KEY, false],
  ])("%s", async (_what, primaries, from, key, isHeeded) => {
    const world = new SecondaryWorld([new MemoryPrimary(there, ONE)], { primaries });
    const { rcode } = world.secondaries.notify(notifyOf(2), from, key?.name ?? null);
    expect(rcode).toBe(isHeeded ? RCODE.NOERROR : RCODE.REFUSED);
    await world.secondaries.close();
  });
});

describe("primaries that cannot be reached", () => {
  test("the zone is served until it expires, then withdrawn, and comes back by itself", async () => {
    const { world } = worldOf(ONE);
    await world.begin();
    world.network.silence(FIRST.address);
    await world.clock.advance(86_399_000);
    expect(world.served()).toEqual(texts(ONE));
    await world.clock.advance(2000);
    expect(world.served()).toEqual([]);
    expect(world.serial).toBe(null);
    expect(world.told.join("\n")).toContain("the zone has expired");
    world.network.heal();
    await world.clock.advance(HOUR);
    expect(world.served()).toEqual(texts(ONE));
  });

  test("one never seen is asked for after 1, 2, 4 … seconds, and taken when it is there", async () => {
    const primary = new MemoryPrimary(FIRST, ONE);
    const world = new SecondaryWorld([primary]);
    world.network.silence(FIRST.address);
    await world.begin();
    expect(world.served()).toEqual([]);
    expect(world.failure).toContain("did not answer");
    world.network.heal();
    await world.clock.advance(1500);
    expect(world.served()).toEqual(texts(ONE));
  });

  test("the second primary gives what the first one lacks", async () => {
    const first = new MemoryPrimary(FIRST, ONE);
    const second = new MemoryPrimary(SECOND, ONE, TWO);
    const world = new SecondaryWorld([first, second]);
    await world.begin();
    expect(world.serial).toBe(1);
    await world.clock.advance(HOUR);
    expect(world.serial).toBe(2);
  });

  test("the second primary is asked when the first is silent, and asked first from then on", async () => {
    const first = new MemoryPrimary(FIRST, ONE);
    const second = new MemoryPrimary(SECOND, ONE);
    const world = new SecondaryWorld([first, second]);
    world.network.silence(FIRST.address);
    await world.begin();
    expect(world.serial).toBe(1);
    world.network.heal();
    await world.clock.advance(HOUR);
    expect(second.asked).toEqual(["udp SOA", "tcp AXFR", "udp SOA"]);
    expect(first.asked).toEqual(["udp SOA"]);
  });

  test("a lost datagram is sent again", async () => {
    const primary = new MemoryPrimary(FIRST, ONE);
    const world = new SecondaryWorld([primary]);
    let sent = 0;
    world.network.watch = ({ transport }) => {
      if (transport !== "udp") return;
      if (sent++ === 0) world.network.silence(FIRST.address);
      else world.network.heal();
    };
    await world.begin();
    expect(world.serial).toBe(1);
  });

  test("stopped in the middle of it all, it leaves the network alone", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    primary.versions = [ONE, TWO];
    world.secondaries.notify(notifyOf(2), FIRST.address, null);
    await world.clock.advance(45);
    await world.clock.run(world.secondaries.close());
    const asked = primary.asked.length;
    await world.clock.advance(100 * HOUR);
    expect(primary.asked).toHaveLength(asked);
    expect(world.serial).toBe(1);
  });
});

describe("through a restart", () => {
  test("the zone is served at once, changes included, without any primary", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    primary.versions = [ONE, TWO];
    await world.clock.advance(HOUR);
    await world.clock.run(world.secondaries.close());

    const after = new SecondaryWorld([new MemoryPrimary(FIRST, ONE)], world);
    after.network.silence(FIRST.address);
    await after.clock.run(after.secondaries.start());
    await after.clock.run(after.secondaries.ready());
    expect(after.served()).toEqual(texts(TWO));
    // It was confirmed an hour ago at most, so it has less than a day left.
    await after.clock.advance(86_400_000);
    expect(after.served()).toEqual([]);
  });

  test("after many changes all of the zone is kept anew, and what is kept is what is served", async () => {
    const { world, primary } = worldOf(ONE);
    await world.begin();
    for (let serial = 2; serial < 60; serial++) {
      primary.versions = [...primary.versions, version(serial, `h${serial}.example. 30 A 192.0.2.1`)];
      world.secondaries.notify(notifyOf(serial), FIRST.address, null);
      await world.clock.advance(100);
      for (const { changes } of world.shelf.kept.values()) expect(changes.length).toBeLessThan(21);
    }
    const after = new SecondaryWorld([new MemoryPrimary(FIRST, ONE)], world);
    after.network.silence(FIRST.address);
    await after.clock.run(after.secondaries.start());
    expect(after.served()).toEqual(world.served());
    expect(after.serial).toBe(59);
  });

  test("one that was away for longer than EXPIRE serves nothing old", async () => {
    const { world } = worldOf(ONE);
    await world.begin();
    await world.clock.run(world.secondaries.close());
    await world.clock.advance(86_400_000);
    const after = new SecondaryWorld([new MemoryPrimary(FIRST, ONE)], world);
    after.network.silence(FIRST.address);
    await after.begin();
    expect(after.served()).toEqual([]);
  });

  test("a clock that was set back does not make it expire", async () => {
    const { world } = worldOf(ONE);
    await world.begin();
    await world.clock.run(world.secondaries.close());
    for (const [key, kept] of world.shelf.kept) {
      world.shelf.kept.set(key, { ...kept, checkedAtSeconds: kept.checkedAtSeconds + 1e9 });
    }
    const after = new SecondaryWorld([new MemoryPrimary(FIRST, ONE)], world);
    after.network.silence(FIRST.address);
    await after.clock.run(after.secondaries.start());
    expect(after.served()).toEqual(texts(ONE));
  });

  test("what stands on the shelf and is no zone is left there, and the zone fetched", async () => {
    const shelf = new MemoryShelf();
    shelf.kept.set("\u0007example\u0000", { pieces: [], changes: [], checkedAtSeconds: 1_700_000_000 });
    const primary = new MemoryPrimary(FIRST, ONE);
    const world = new SecondaryWorld([primary], { shelf });
    await world.begin();
    expect(world.served()).toEqual(texts(ONE));
    expect(world.told[0]).toContain("its copy on disk is not served");
  });

  test.each([
    ["a whole zone", [], ONE],
    ["changes", [ONE], TWO],
  ])("a full disk: %s is not taken, and is when there is room", async (_what, before, next) => {
    const primary = new MemoryPrimary(FIRST, ...(before.length > 0 ? before : [ONE]));
    const world = new SecondaryWorld([primary]);
    if (before.length > 0) await world.begin();
    const served = world.served();
    primary.versions = [...before, next];
    world.shelf.failure = new ChangeLogError("no space left on device");
    if (before.length > 0) {
      world.secondaries.notify(notifyOf(null), FIRST.address, null);
      await world.clock.advance(2000);
    } else await world.begin();
    expect(world.served()).toEqual(served);
    expect(world.failure).toContain("no space left on device");
    await world.clock.advance(HOUR);
    expect(world.served()).toEqual(texts(next));
  });
});

test("a zone of more than the records put in at a time comes whole, and the version before is served meanwhile", async () => {
  const many = Array.from({ length: 9000 }, (_, i) => `h${i}.example. 30 A 192.0.2.1`).join("\n");
  const primary = new MemoryPrimary(FIRST, ONE);
  const world = new SecondaryWorld([primary], { limits: { records: 10_000, octets: 1 << 20 } });
  await world.begin();
  const large = version(2, many);
  primary.versions = [large];
  primary.instead = (request) => {
    const records = primary.transfer(request);
    const messages = Array.from({ length: Math.ceil(records.length / 500) }, (_, i) => ({
      ...request,
      response: true,
      authority: [],
      question: i === 0 ? request.question : [],
      answer: records.slice(500 * i, 500 * (i + 1)),
    }));
    return messages;
  };
  const seen = new Set<number | null>();
  const watching = world.clock.advance(HOUR);
  world.network.watch = () => seen.add(world.serial);
  await watching;
  expect([...seen].every((serial) => serial === 1 || serial === 2)).toBe(true);
  expect(world.served()).toEqual(texts(large));
  expect(primary.asked.at(-1)).toBe("tcp IXFR");
});
