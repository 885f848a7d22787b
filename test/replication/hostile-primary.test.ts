/**
 * A primary that has gone wrong, or was never right: whatever it sends, the version that is served goes on being served, nothing of
 * it is kept on disk, and the next version is taken as soon as there is a sound one.
 */
import { describe, expect, test } from "vitest";
import { CLASS, encodeMessage, type Message, Name, RCODE, type Rr, TsigKey, TYPE } from "../../dns/index.ts";
import { KEY, MemoryPrimary, notifyOf, reply, type Sent, version } from "../support/memory-primary.ts";
import { query, rr, rrs } from "../support/messages.ts";
import { rrText } from "../support/name-server.ts";
import { APEX, SecondaryWorld } from "../support/secondary-world.ts";

const HERE = { address: "192.0.2.53", port: 53 };
const HOUR = 3_600_000;

const ONE = version(1, "a.example. 30 A 192.0.2.1");
const TWO = version(2, "a.example. 30 A 192.0.2.2");
const THREE = version(3, "a.example. 30 A 192.0.2.3");
const [SOA_ONE, SOA_TWO, SOA_THREE] = [ONE[0]!, TWO[0]!, THREE[0]!];
const A_ONE = rr("a.example. 30 A 192.0.2.1");
const A_TWO = rr("a.example. 30 A 192.0.2.2");
const NS = rr("example. 300 NS ns.example.");

type Sends = (request: Message) => readonly Sent[];

/** One message with these records, whatever was asked for. */
const records =
  (...answer: readonly Rr[]): Sends =>
  (request) => [reply(request, answer)];
/** In answer to IXFR only; AXFR is refused, so that it cannot help. */
const changes =
  (...answer: readonly Rr[]): Sends =>
  (request) =>
    isIxfr(request) ? [reply(request, answer)] : [reply(request, [], { rcode: RCODE.REFUSED })];
const isIxfr = ({ question }: Message): boolean => question[0]!.type === TYPE.IXFR;
const manyOf = (count: number, record: (i: number) => Rr): Rr[] => Array.from({ length: count }, (_, i) => record(i));

/** What is sent, and a word of why it is not taken. */
const WRONGS: readonly (readonly [what: string, sends: Sends, why: string])[] = [
  ["an SOA in the middle", records(SOA_TWO, NS, SOA_THREE, A_TWO, SOA_TWO), "an SOA of serial 3"],
  ["records behind the end", records(SOA_TWO, NS, SOA_TWO, A_TWO), "behind the closing SOA"],
  ["a record outside the zone", records(SOA_TWO, NS, rr("example.org. 30 A 192.0.2.66"), SOA_TWO), "outside the zone"],
  ["another class", records(SOA_TWO, NS, { ...A_TWO, class: CLASS.CH }, SOA_TWO), "another class"],
  ["another zone", records(rr("example.org. 30 SOA a. b. 2 1 1 1 1"), NS), "outside the zone"],
  ["no NS at the apex", records(SOA_TWO, A_TWO, SOA_TWO), "without NS"],
  ["the SOA and no more", records(SOA_TWO, SOA_TWO), "without NS"],
  ["two aliases at a name", records(SOA_TWO, NS, ...aliases("a."), ...aliases("b."), SOA_TWO), "only one allowed"],
  ["too many records at a name", records(SOA_TWO, NS, ...manyOf(101, address), SOA_TWO), "too many"],
  ["a record of no data", records(SOA_TWO, NS, { ...A_TWO, type: 255 }, SOA_TWO), "no data"],
  ["records without end", endless(2000, A_TWO), "more than 1000 records"],
  ["octets without end", endless(500, rr(`a.example. 30 TXT "${"x".repeat(255)}"`)), "more than 100000 oct"],
  ["steps without end", (request) => [reply(request, steps(600)), null], "more than 1000 records"],
  ["an error", (request) => [reply(request, [], { rcode: RCODE.SERVFAIL })], "SERVFAIL"],
  [
    "an error in the middle",
    (request) => [reply(request, [SOA_TWO, NS]), reply(request, [], { rcode: 2 })],
    "SERVFAIL",
  ],
  ["nothing in a message", (request) => [reply(request, [SOA_TWO, NS]), reply(request, [])], "without any record"],
  ["TC", (request) => [reply(request, [SOA_TWO, NS, SOA_TWO], { truncated: true })], "TC"],
  ["a short message", (request) => [encodeMessage(reply(request, [SOA_TWO, NS])).slice(0, -4)], "no DNS message"],
  ["half a header", () => [new Uint8Array(6)], "something else"],
  ["a reply to another id", (request) => [{ ...reply(request, TWO), id: request.id ^ 1 }], "something else"],
  [
    "a reply to another question",
    (request) => [reply(request, [...TWO, SOA_TWO], { question: query("a.example.", "AXFR").question })],
    "something else",
  ],
  ["nothing at all", () => [null], "sent nothing in 10000 ms"],
  ["a stall in the middle", (request) => [reply(request, [SOA_TWO, NS]), null], "sent nothing in 10000 ms"],
  [
    "a serial that is older after all",
    records(version(0)[0]!, NS, version(0)[0]!),
    "told of serial 2 and sent serial 0",
  ],
  ["changes from a version that is not ours", changes(SOA_THREE, SOA_TWO, SOA_THREE, A_TWO, SOA_THREE), "REFUSED"],
  ["changes that remove what is not there", changes(SOA_TWO, SOA_ONE, A_TWO, SOA_TWO, SOA_TWO), "REFUSED"],
  ["changes that add what is there", changes(SOA_TWO, SOA_ONE, SOA_TWO, A_ONE, SOA_TWO), "REFUSED"],
  ["changes that leave no NS", changes(SOA_TWO, SOA_ONE, NS, SOA_TWO, SOA_TWO), "REFUSED"],
  ["changes of which the last does not fit", changes(...lateMisfit()), "REFUSED"],
  ["changes that go back", changes(SOA_THREE, SOA_ONE, SOA_TWO, SOA_TWO, SOA_ONE, SOA_THREE), "REFUSED"],
  [
    "changes that do not end",
    (request) => (isIxfr(request) ? [reply(request, [SOA_TWO, SOA_ONE]), null] : []),
    "nothing",
  ],
];

describe.each(WRONGS)("%s", (_what, sends, why) => {
  test("the version that is served stays, and a sound one is taken later", async () => {
    const primary = new MemoryPrimary(HERE, ONE);
    const world = new SecondaryWorld([primary]);
    await world.begin();
    const served = world.served();
    const kept = world.shelf.kept.get(APEX.key)!;
    const seen = new Set<string>();
    world.changer.subscribe(() => seen.add("a version was published"));

    primary.instead = sends;
    primary.versions = [ONE, TWO];
    await world.clock.advance(HOUR + 120_000);
    expect(primary.asked.some((asked) => asked === "tcp IXFR")).toBe(true);
    expect(world.served()).toEqual(served);
    expect(world.shelf.kept.get(APEX.key)!.pieces).toEqual(kept.pieces);
    expect(world.shelf.kept.get(APEX.key)!.changes).toEqual([]);
    expect([...seen]).toEqual([]);
    expect(world.told.join("\n")).toContain(why);

    primary.instead = null;
    await world.clock.advance(2 * HOUR);
    expect(world.served()).toEqual(TWO.map(rrText).sort());
  });

  test("a secondary that has nothing yet serves nothing of it", async () => {
    const primary = new MemoryPrimary(HERE, TWO);
    primary.instead = sends;
    const world = new SecondaryWorld([primary]);
    await world.clock.run(world.secondaries.start());
    await world.clock.advance(HOUR);
    const isOlder = why.includes("sent serial 0");
    expect(world.served().length > 0).toBe(isOlder);
  });
});

describe("asked with a key (RFC 8945 §5.3.1)", () => {
  /** Three messages. */
  const inThree: Sends = (request) => [
    reply(request, [SOA_TWO, NS]),
    reply(request, [A_TWO]),
    reply(request, [SOA_TWO], { question: [] }),
  ];
  const other = new TsigKey(KEY.name, KEY.algorithm, Uint8Array.of(9));

  async function worldWith(primary: MemoryPrimary): Promise<SecondaryWorld> {
    const world = new SecondaryWorld([primary], { key: KEY });
    await world.begin();
    primary.versions = [TWO];
    primary.instead = inThree;
    return world;
  }

  test("what is signed is taken", async () => {
    const primary = new MemoryPrimary(HERE, ONE);
    const world = await worldWith(primary);
    expect(world.serial).toBe(1);
    world.secondaries.notify(notifyOf(2), HERE.address, KEY.name);
    await world.clock.advance(1000);
    expect(world.served()).toEqual(
      rrs("example. 300 SOA ns.example. admin.example. 2 3600 600 86400 60\n").concat(NS, A_TWO).map(rrText).sort(),
    );
  });

  test.each<[string, (primary: MemoryPrimary) => void, string]>([
    ["nothing is signed", (primary) => (primary.sign = (_signer, octets) => octets), "not signed"],
    ["another secret", (primary) => (primary.key = other), "is wrong: the secrets differ"],
    [
      "the end is not signed",
      (primary) =>
        (primary.sign = (signer, octets, place) => (place === 2 ? octets : signer.sign(octets, 1_700_000_100))),
      "the end of its response is not signed",
    ],
    [
      "a message was changed on its way",
      (primary) =>
        (primary.sign = (signer, octets, place) => {
          const signed = signer.sign(octets, 1_700_000_100);
          // The last octet of the address.
          if (place === 1) signed[octets.length - 1]! ^= 1;
          return signed;
        }),
      "is wrong: the secrets differ",
    ],
    [
      "a message was taken out on its way",
      (primary) => {
        primary.sign = (signer, octets, place) => {
          const signed = signer.sign(octets, 1_700_000_100);
          return place === 1 ? new Uint8Array(0) : signed;
        };
      },
      "is wrong: the secrets differ",
    ],
    [
      "the primary's clock is an hour off",
      (primary) => (primary.sign = (signer, octets) => signer.sign(octets, 1_700_000_100 + 7200)),
      "set the clocks",
    ],
  ])("%s: the version that is served stays", async (_what, spoil, why) => {
    const primary = new MemoryPrimary(HERE, ONE);
    const world = await worldWith(primary);
    const served = world.served();
    spoil(primary);
    world.secondaries.notify(notifyOf(2), HERE.address, null);
    await world.clock.advance(1000);
    expect(world.served()).toEqual(served);
    expect(world.failure).toContain(why);
  });

  test("NOTIFY signed with another key is refused", async () => {
    const world = await worldWith(new MemoryPrimary(HERE, ONE));
    expect(world.secondaries.notify(notifyOf(2), HERE.address, Name.parse("other.")).rcode).toBe(RCODE.REFUSED);
  });
});

describe("how much it may cost", () => {
  test("a primary that sends nonsense for a day is asked ever more seldom", async () => {
    const primary = new MemoryPrimary(HERE, ONE);
    const world = new SecondaryWorld([primary]);
    await world.begin();
    primary.versions = [ONE, TWO];
    primary.instead = records(A_TWO);
    await world.clock.advance(20 * HOUR);
    const transfers = primary.asked.filter((asked) => asked !== "udp SOA").length;
    // After REFRESH, then RETRY doubled as far as REFRESH: about one an hour, each tried as IXFR and as AXFR.
    expect(transfers).toBeGreaterThan(30);
    expect(transfers).toBeLessThan(56);
  });

  test("NOTIFY from it does not make us fetch nonsense over and over", async () => {
    const primary = new MemoryPrimary(HERE, ONE);
    const world = new SecondaryWorld([primary]);
    await world.begin();
    primary.versions = [ONE, TWO];
    primary.instead = records(A_TWO);
    for (let second = 0; second < 600; second++) {
      world.secondaries.notify(notifyOf(2), HERE.address, null);
      await world.clock.advance(1000);
    }
    const transfers = primary.asked.filter((asked) => asked === "tcp AXFR").length;
    expect(transfers).toBeLessThan(20);
  });

  test("one drop at a time, for ever: given up after the whole time", async () => {
    const primary = new MemoryPrimary(HERE, ONE);
    const world = new SecondaryWorld([primary]);
    await world.begin();
    primary.versions = [ONE, TWO];
    world.network.attach(HERE, {
      handle(octets, response, peer, later) {
        const request = query("example.", "IXFR", { id: octets[0]! * 256 + octets[1]! });
        if (peer.transport === "udp") return primary.handle(octets, response, peer, later);
        let sent = 0;
        const drip = (): void => {
          later(encodeMessage(reply(request, sent++ === 0 ? [SOA_TWO] : [A_TWO])), "more");
          if (sent < 100) world.clock.after(9000, drip);
        };
        drip();
        return -1;
      },
    });
    world.secondaries.notify(notifyOf(2), HERE.address, null);
    await world.clock.advance(120_000);
    expect(world.failure).toContain("did not end in 60000 ms");
    expect(world.serial).toBe(1);
  });
});

test("what says SOA over UDP and is not authoritative, or of another name, is not believed", async () => {
  const primary = new MemoryPrimary(HERE, ONE);
  const world = new SecondaryWorld([primary]);
  await world.begin();
  primary.soa = rr("example.org. 30 SOA a. b. 9 1 1 1 1");
  await world.clock.advance(HOUR);
  expect(world.failure).toContain("not authoritative");
  expect(primary.asked.filter((asked) => asked.startsWith("tcp"))).toHaveLength(1);
});

function address(i: number): Rr {
  return rr(`many.example. 30 A 192.0.2.${i}`);
}

function aliases(target: string): Rr[] {
  return rrs(`c.example. 30 CNAME ${target}example.`);
}

/** A zone that begins well and does not end. */
function endless(count: number, record: Rr): Sends {
  return (request) => [reply(request, [SOA_TWO]), ...manyOf(count, () => record).map((one) => reply(request, [one]))];
}

/** To ever newer versions, below one that is half the circle away. */
function steps(count: number): Rr[] {
  return [version(2_000_000_000)[0]!, ...manyOf(2 * count, (i) => version(Math.floor((i + 3) / 2))[0]!)];
}

function lateMisfit(): Rr[] {
  return [SOA_THREE, SOA_ONE, A_ONE, SOA_TWO, A_TWO, SOA_TWO, A_ONE, SOA_THREE, SOA_THREE];
}
