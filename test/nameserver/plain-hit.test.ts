import { describe, expect, test, vi } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { CLASS, encodeMessage, Name, plainEdns, typeFromText, typeToText } from "../../dns/index.ts";
import { NameServer, type ServerParts } from "../../nameserver/index.ts";
import { RATE_LIMITS } from "../../nameserver/limiter.ts";
import { type Peer, Prefix } from "../../net/index.ts";
import { ZoneStore } from "../../zones/index.ts";
import { query, rrs } from "../support/messages.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);
const BATCH = 64;
const BATCHES = 200;
const SIGNATURE =
  "13 2 300 20300101000000 20200101000000 1 example. AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const ZONES: Readonly<Record<string, string>> = {
  "example.": `
    example.          300 SOA ns.example. admin.example. 1 3600 600 86400 60
    example.          300 NS ns.example.
    example.          300 A 192.0.2.80
    ns.example.       300 A 192.0.2.1
    ns.example.       300 AAAA 2001:db8::1
    www.example.      86400 A 192.0.2.2
    www.example.      86400 A 192.0.2.3
    www.example.      4000000000 RRSIG A ${SIGNATURE}
    WwW.sub.example.  300 A 192.0.2.4
    long.example.     300 TXT "${"x".repeat(250)}" "${"y".repeat(200)}"
    longer.example.   300 TXT "${"x".repeat(250)}" "${"y".repeat(250)}"
    many.example.     300 TXT "${"x".repeat(250)}"
    many.example.     300 TXT "${"y".repeat(250)}"
    many.example.     300 RRSIG TXT ${SIGNATURE}
    type.example.     300 HINFO "a" "b"
    type.example.     300 SSHFP 1 9 00112233
    type.example.     300 TLSA 1 1 0 00112233
    type.example.     300 MX 10 www.example.
    *.wild.example.   300 A 192.0.2.5
    alias.example.    300 CNAME www.example.
    cut.example.      300 NS ns.cut.example.
    cut.example.      300 A 192.0.2.6
    ns.cut.example.   300 A 192.0.2.7
    renamed.example.  300 DNAME other.
    renamed.example.  300 A 192.0.2.8
    a.renamed.example. 300 A 192.0.2.9
    a.b.c.d.e.f.example. 300 A 192.0.2.10`,
  "deep.example.": `
    deep.example.     300 SOA ns.example. admin.example. 1 3600 600 86400 60
    deep.example.     300 NS ns.example.
    www.deep.example. 300 A 192.0.2.11`,
  "other.": `
    other.            300 SOA ns.example. admin.example. 1 3600 600 86400 60
    other.            300 NS ns.example.
    a.other.          300 A 192.0.2.12`,
};

function publish(store: ZoneStore, apex: string, text: string): void {
  const edit = store.replace(Name.parse(apex));
  for (const { owner, type, ttlSeconds, rdata } of rrs(text)) {
    edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
  }
  edit.commit();
}

function indexedStore(): ZoneStore {
  const store = ZoneStore.create({ capacityOctets: 1 << 20, indexedNamesMin: 1 });
  for (const [apex, text] of Object.entries(ZONES)) publish(store, apex, text);
  return store;
}

const HELD = Object.values(ZONES).flatMap((text) =>
  rrs(text).map(({ owner, type }) => [owner.toString(), type] as const),
);
const OWNERS = HELD.map(([owner]) => owner);
const NAMES = [...OWNERS, ".", "x.wild.example.", "gone.example.", "x.www.example.", "x.cut.example.", "nowhere."];
const QTYPES = [
  "A",
  "A",
  "A",
  "AAAA",
  "TXT",
  "HINFO",
  "SSHFP",
  "TLSA",
  "MX",
  "ANY",
  "RRSIG",
  "AXFR",
  "CNAME",
  "DS",
  "NS",
];
const PAYLOADS = [0, 511, 512, 513, 560, 600, 1232, 65_535];

/** Mostly whole and plain; some with a bit turned, octets cut off or put on. */
function requestFrom(random: SeededRandom): Uint8Array {
  const [owner, type] =
    random.below(3) > 0 ? random.pick(HELD) : [random.pick(NAMES), typeFromText(random.pick(QTYPES))!];
  const name = random.below(3) === 0 ? owner.toUpperCase() : owner;
  const dnssecOk = random.below(2) === 0;
  const options = random.below(8) === 0 ? [{ code: 3, data: new Uint8Array(0) }] : [];
  const edns = { ...plainEdns, payloadOctets: random.pick(PAYLOADS), dnssecOk, options };
  const asked = query(name, typeToText(type), random.below(3) === 0 ? {} : { edns });
  const octets = encodeMessage({
    ...asked,
    id: random.below(65_536),
    recursionDesired: random.below(2) === 0,
    checkingDisabled: random.below(4) === 0,
    question: [{ ...asked.question[0]!, class: random.below(20) === 0 ? CLASS.CH : CLASS.IN }],
  });
  switch (random.below(10)) {
    case 0:
      octets[random.below(octets.length)]! ^= 1 << random.below(8);
      return octets;
    case 1:
      return octets.slice(0, random.below(octets.length));
    case 2:
      return Uint8Array.of(...octets, ...random.octets(random.below(12) + 1));
    default:
      return octets;
  }
}

/** As a batch has them: buffers that are longer than what came in them. */
class Batch {
  readonly buffers = Array.from({ length: BATCH }, () => new Uint8Array(1024));
  readonly requests: Uint8Array[] = [];

  fill(random: SeededRandom): void {
    for (const [i, buffer] of this.buffers.entries()) {
      const request = requestFrom(random);
      // What stands behind the request is that of another one.
      buffer.set(requestFrom(random).subarray(0, 600), 20);
      buffer.set(request);
      this.requests[i] = buffer.subarray(0, request.length);
    }
  }
}

const CLIENTS = [
  [127, 0, 0, 1],
  [192, 0, 2, 1],
  [198, 51, 100, 7],
  [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
].map((octets) => Uint8Array.from(octets));

function peerFrom(random: SeededRandom): Peer {
  const addressOctets = random.pick(CLIENTS);
  const address = addressOctets.length === 4 ? addressOctets.join(".") : "2001:db8::9";
  return { address, addressOctets, port: 5353, transport: "udp" };
}

const tight = { ...RATE_LIMITS, responsesPerSecond: 20, counters: 64 };

describe(`a batch answered by the short way (seed ${SEED})`, () => {
  test.each<[string, Partial<ServerParts>, number]>([
    ["as a server is by itself", {}, 1280],
    ["into buffers that are too short for some", {}, 540],
    ["for clients that ask too much", { settings: { rateLimits: tight } }, 1280],
    [
      "for clients that ask too much, none of which is let slip",
      { settings: { rateLimits: { ...tight, slip: 0 } } },
      1280,
    ],
    ["without limits", { settings: { rateLimits: null } }, 1280],
    ["for some clients only", { settings: { allow: [Prefix.parse("192.0.2.0/24"), Prefix.parse("::/0")] } }, 1280],
    ["but for some clients", { settings: { deny: [Prefix.parse("192.0.2.0/24")], rateLimits: null } }, 1280],
    ["beside recursion elsewhere", { recursion: "elsewhere", settings: { rateLimits: null } }, 1280],
    ["with small responses", { settings: { payloadOctets: 590 } }, 1280],
  ])("%s has the octets and the counts of the road", async (_situation, parts, responseOctets) => {
    const store = indexedStore();
    const clock = new SimulatedClock();
    const serverOf = (): NameServer =>
      new NameServer({ store, clock, random: new SeededRandom(1), recursion: null, ...parts });
    const short = serverOf();
    const plain = serverOf();
    const road = vi.spyOn(short, "handle");
    const random = new SeededRandom(SEED);
    const batch = new Batch();
    const later = (): void => undefined;
    const ours = new Uint8Array(responseOctets);
    const oracle = new Uint8Array(responseOctets);
    for (let round = 0; round < BATCHES; round++) {
      batch.fill(random);
      short.foresee(batch.buffers, BATCH);
      for (const [i, request] of batch.requests.entries()) {
        const peer = peerFrom(random);
        ours.fill(0xee);
        const length = short.handleForeseen(i, request, ours, peer);
        expect(length).toBe(plain.handle(request, oracle, peer, later));
        if (length > 0) expect(ours.subarray(0, length)).toEqual(oracle.subarray(0, length));
      }
      await clock.advance(random.below(50));
    }
    expect(new Float64Array(short.counters.memory)).toEqual(new Float64Array(plain.counters.memory));
    expect(road.mock.calls.length).toBeLessThan(0.95 * BATCHES * BATCH);
  });

  test("a version that is published meanwhile, or another arena, spoils nothing", () => {
    const store = indexedStore();
    const reader = ZoneStore.attach(store.shared);
    const moved: ZoneStore["shared"][] = [];
    store.onMove = (shared) => moved.push(shared);
    reader.nextShared = () => moved.shift()!;
    const clock = new SimulatedClock();
    const server = new NameServer({ store: reader, clock, random: new SeededRandom(1), recursion: null });
    const request = encodeMessage(query("www.deep.example.", "A"));
    const response = new Uint8Array(512);
    const peer = peerFrom(new SeededRandom(0));
    /** The last octet of the address that is told. */
    const told = (): number => response[server.handleForeseen(0, request, response, peer) - 1]!;
    for (let version = 1; version < 60; version++) {
      const before = told();
      server.foresee([request], 1);
      publish(store, "deep.example.", ZONES["deep.example."]!.replace("192.0.2.11", `192.0.2.${version}`));
      if (version % 3 === 0) store.compact();
      // The road moves on to the version of now, and perhaps to another arena, in the middle of a batch.
      if (version % 2 === 0) server.handle(request, response, peer, () => undefined);
      expect([before, version]).toContain(told());
      // What comes when it is published is answered from it.
      server.foresee([request], 1);
      expect(told()).toBe(version);
    }
  });
});
