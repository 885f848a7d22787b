/** Answers given from shared memory are those of the plain way: `serve.ts` and the engine's cache are the oracle. */
import { describe, expect, test } from "vitest";
import { equalOctets, SeededRandom } from "../../base/index.ts";
import {
  decodeMessage,
  emptyMessage,
  encodeMessage,
  LOWER_CASE,
  type Message,
  plainEdns,
  RCODE,
  type Rr,
  typeFromText,
} from "../../dns/index.ts";
import { LATER, Prefix } from "../../net/index.ts";
import { StubServer } from "../../resolver/index.ts";
import { AnswerCache } from "../../resolver/answer-cache.ts";
import { AnswerKey } from "../../resolver/answer-key.ts";
import { AnswerCounts, AnswerServer } from "../../resolver/answer-server.ts";
import { query, ROOT, World } from "./world.ts";

const SEED = Number(process.env["SEED"] ?? 4711);
const CLIENT = { address: "192.0.2.200", port: 5000, transport: "udp" } as const;
const ALLOW = [Prefix.parse("192.0.2.0/24")];
const MANY = Array.from({ length: 60 }, (_, i) => `big. 90 A 203.0.113.${i}`).join("\n");
const SOME = Array.from({ length: 35 }, (_, i) => `some. 70 A 203.0.113.${i}`).join("\n");
const ZONE = `
  .      60 SOA a. b. 1 1 1 1 45
  www.   60 A 192.0.2.1
  www.  120 AAAA 2001:db8::1
  mail.  30 MX 10 www.
  alias. 20 CNAME www.
  far.   80 CNAME alias.
  never.  0 A 192.0.2.7
  long. 604800 A 192.0.2.9
  old.   40 DNAME new.
  x.new. 50 A 192.0.2.3
  one.sub.deep. 50 CNAME other.sub.deep.
  other.sub.deep. 50 MX 10 mail.SUB.deep.
  TYPES.deep. 50 HTTPS 1 .
  ${SOME}
  ${MANY}
`;

interface Both {
  readonly world: World;
  readonly plain: StubServer;
  readonly answers: AnswerCache;
  readonly kept: AnswerServer;
  readonly counts: AnswerCounts;
}

function both(octets = 1 << 20): Both {
  const world = new World();
  world.server(ROOT, { ".": ZONE });
  const answers = AnswerCache.create(octets, SEED);
  const plain = new StubServer({
    engine: world.engine(),
    allow: ALLOW,
    keeping: { answers, clock: world.clock },
    onFault: (error) => {
      throw error;
    },
  });
  const counts = new AnswerCounts();
  const kept = new AnswerServer({ answers: answers.shared, clock: world.clock, allow: ALLOW, counts });
  return { world, plain, answers, kept, counts };
}

async function askPlain({ world, plain }: Both, request: Uint8Array): Promise<Uint8Array> {
  const response = new Uint8Array(65_535);
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const length = plain.handle(request, response, CLIENT, resolve);
  return length === LATER ? await world.clock.run(promise) : response.slice(0, length);
}

function askKept({ kept }: Both, request: Uint8Array): Uint8Array | null {
  const response = new Uint8Array(1232);
  const length = kept.handle(request, response, CLIENT);
  return length === LATER ? null : response.slice(0, length);
}

function request(name: string, type = "A", change: Partial<Message> = {}): Uint8Array {
  const message: Message = {
    ...emptyMessage,
    id: 7,
    recursionDesired: true,
    question: [{ ...query(name).question, type: typeFromText(type)! }],
    ...change,
  };
  return encodeMessage(message);
}

const plainName = (octets: Uint8Array): Uint8Array => octets.map((octet) => LOWER_CASE[octet]!);

/** Without TTLs; where the client mixed cases names are in lower case, which the plain way writes as it learnt them. */
function told(message: Message, isMixed: boolean): Uint8Array {
  const records = (all: readonly Rr[]): Rr[] =>
    all.map((rr) => ({
      ...rr,
      ttlSeconds: 0,
      ...(isMixed ? { owner: rr.owner.toLowerCase(), rdata: plainName(rr.rdata) } : {}),
    }));
  return encodeMessage({ ...message, answer: records(message.answer), authority: records(message.authority) });
}

/** What may differ: a TTL may be a second less than the plain way says, or more where the plain way has learnt it anew meanwhile. */
function expectSame(kept: Uint8Array, plain: Uint8Array, secondsLessMax = 1): void {
  const [ours, theirs] = [decodeMessage(kept), decodeMessage(plain)];
  const ttls = (message: Message): number[] =>
    [...message.answer, ...message.authority, ...message.additional].map(({ ttlSeconds }) => ttlSeconds);
  const asked = ours.question[0]!.name;
  const isMixed = !equalOctets(asked.octets, asked.toLowerCase().octets);
  expect(told(ours, isMixed)).toEqual(told(theirs, isMixed));
  // The octets of the question, and of the owners that it is, are those of the request.
  for (const { owner } of [...ours.answer, ...theirs.answer]) {
    if (owner.equals(asked)) expect(owner.octets).toEqual(asked.octets);
  }
  if (isMixed) expect(kept.length).toBeLessThanOrEqual(plain.length);
  else expect(kept.length).toBe(plain.length);
  ttls(ours).forEach((ttl, i) => {
    expect(ttl).toBeGreaterThanOrEqual(0);
    expect(ttl).toBeLessThanOrEqual(ttls(theirs)[i]!);
    expect(ttl).toBeGreaterThanOrEqual(ttls(theirs)[i]! - secondsLessMax);
  });
}

/** Any letter may be a capital. */
function mixed(name: string, random: SeededRandom): string {
  return [...name].map((letter) => (random.below(2) === 0 ? letter.toUpperCase() : letter)).join("");
}

const FORMS: readonly (readonly [what: string, change: Partial<Message>])[] = [
  ["plain", {}],
  ["with AD", { authenticData: true }],
  ["with CD", { checkingDisabled: true }],
  ["with EDNS", { edns: plainEdns }],
  ["with DO", { edns: { ...plainEdns, dnssecOk: true } }],
  ["with little room", { edns: { ...plainEdns, payloadOctets: 600 } }],
  ["with less room than anybody has", { edns: { ...plainEdns, payloadOctets: 100 } }],
];

describe("what was answered before", () => {
  test.each(FORMS)("%s is given again, as the plain way would", async (_, change) => {
    const all = both();
    const wanted = request("www.", "A", change);
    expect(askKept(all, wanted)).toBeNull();
    await askPlain(all, wanted);
    expectSame(askKept(all, wanted)!, await askPlain(all, wanted));
    expect(all.counts.byRcode[RCODE.NOERROR]).toBe(1);
  });

  test("an answer for one form is none for another", async () => {
    const all = both();
    for (const [, change] of FORMS) {
      const wanted = request("www.", "A", change);
      for (let times = 0; times < 3; times++) await askPlain(all, wanted);
      for (const [, other] of FORMS) {
        const given = askKept(all, request("www.", "A", other));
        if (given !== null) expectSame(given, await askPlain(all, request("www.", "A", other)));
      }
    }
  });

  test("a name is one name however it is written, and everybody sees it as he wrote it", async () => {
    const all = both();
    const names = ["one.SUB.deep.", "one.sub.deep.", "ONE.sub.DEEP."];
    for (const first of names) {
      const wanted = request(first, "MX");
      await askPlain(all, wanted);
      await askPlain(all, wanted);
      for (const name of names) {
        const given = askKept(all, request(name, "MX"))!;
        expectSame(given, await askPlain(all, request(name, "MX")));
        const { question, answer } = decodeMessage(given);
        expect([question[0]!.name.toString(), answer[0]!.owner.toString()]).toEqual([name, name]);
      }
    }
    expect(all.world.asked.map(({ question }) => question)).toEqual(["one.sub.deep. MX"]);
  });

  test("a type that is a letter's number is not taken for that letter", async () => {
    const all = both();
    await askPlain(all, request("types.deep.", "HTTPS"));
    expect(askKept(all, request("TYPES.deep.", "HTTPS"))).not.toBeNull();
    expect(askKept(all, request("TYPES.deep.", "TYPE97"))).toBeNull();
  });

  test.each([
    ["an answer", "www.", "A"],
    ["an alias", "far.", "A"],
    ["a DNAME's alias", "x.old.", "A"],
    ["NODATA", "www.", "MX"],
    ["NXDOMAIN", "nobody.", "A"],
  ])("%s lives until the first TTL ends, to the millisecond", async (_, name, type) => {
    const all = both();
    const wanted = request(name, type);
    for (let times = 0; times < 2; times++) await askPlain(all, wanted);
    const { answer, authority } = decodeMessage(askKept(all, wanted)!);
    const least = Math.min(...[...answer, ...authority].map(({ ttlSeconds }) => ttlSeconds));
    await all.world.clock.advance(1000 * least - 1);
    expect(askKept(all, wanted)).not.toBeNull();
    await all.world.clock.advance(1);
    expect(askKept(all, wanted)).toBeNull();
  });

  test.each([
    ["a denial", "nobody.", "A", 45],
    ["a record whose TTL the cache cuts", "long.", "A", 86_400],
  ])("%s is kept once the cache has said how long it lives", async (_, name, type, ttlSecondsMax) => {
    const all = both();
    const wanted = request(name, type);
    await askPlain(all, wanted);
    expect(askKept(all, wanted)).toBeNull();
    await askPlain(all, wanted);
    const { answer, authority } = decodeMessage(askKept(all, wanted)!);
    for (const { ttlSeconds } of [...answer, ...authority]) expect(ttlSeconds).toBeLessThanOrEqual(ttlSecondsMax);
  });

  test.each([
    ["TTL 0", request("never.")],
    ["what does not fit", request("big.")],
    ["without RD", request("www.", "A", { recursionDesired: false })],
    ["an option", request("www.", "A", { edns: { ...plainEdns, options: [{ code: 10, data: new Uint8Array(8) }] } })],
    ["EDNS version 1", request("www.", "A", { edns: { ...plainEdns, version: 1 } })],
    ["no question", request("www.", "A", { question: [] })],
    ["two questions", request("www.", "A", { question: [query("www.").question, query("www.").question] })],
    ["a transfer", request("www.", "AXFR")],
  ])("%s goes the plain way each time", async (_, wanted) => {
    const all = both();
    for (let times = 0; times < 4; times++) {
      expect(askKept(all, wanted)).toBeNull();
      await askPlain(all, wanted);
    }
  });

  test("who may not ask gets nothing from memory, and TCP goes the plain way", async () => {
    const all = both();
    const wanted = request("www.");
    for (let times = 0; times < 2; times++) await askPlain(all, wanted);
    const response = new Uint8Array(512);
    expect(all.kept.handle(wanted, response, { ...CLIENT, address: "198.51.100.7" })).toBe(LATER);
    expect(all.kept.handle(wanted, response, { ...CLIENT, addressOctets: Uint8Array.of(198, 51, 100, 7) })).toBe(LATER);
    expect(all.kept.handle(wanted, response, { ...CLIENT, transport: "tcp" })).toBe(LATER);
    expect(
      all.kept.handle(wanted, response, { ...CLIENT, addressOctets: Uint8Array.of(192, 0, 2, 9) }),
    ).toBeGreaterThan(0);
  });
});

test(`any request at any time is answered as the plain way does, or not at all (SEED=${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  const all = both();
  // No DNAME: with its alias or without, the plain way answers by what it happened to learn first.
  const names = [
    "www.",
    "mail.",
    "alias.",
    "far.",
    "some.",
    "big.",
    "never.",
    "long.",
    "nobody.",
    "one.sub.deep.",
    ".",
  ];
  const types = ["A", "A", "A", "AAAA", "MX", "CNAME", "NS", "ANY"];
  let hits = 0;
  for (let i = 0; i < 3000; i++) {
    await all.world.clock.advance(random.below(3) * random.below(200));
    const name = random.below(3) === 0 ? mixed(random.pick(names), random) : random.pick(names);
    const wanted = request(name, random.pick(types), { ...random.pick(FORMS)[1], id: random.below(65536) });
    // Some are spoilt: a bit, which may be that of a letter's case, or the end.
    if (random.below(10) === 0) wanted[random.below(wanted.length)]! ^= 1 << random.below(8);
    const sent = random.below(20) === 0 ? wanted.subarray(0, random.below(wanted.length)) : wanted;
    const given = askKept(all, sent);
    const plain = await askPlain(all, sent);
    if (given === null) continue;
    hits++;
    expectSame(given, plain, Number.POSITIVE_INFINITY);
  }
  expect(hits).toBeGreaterThan(800);
}, 60_000);

describe("the memory", () => {
  const clockTime = 5000;
  const key = (): AnswerKey => new AnswerKey(SEED);

  function answerTo(wanted: Uint8Array): Uint8Array {
    const message = decodeMessage(wanted);
    const rr = {
      owner: message.question[0]!.name,
      type: 1,
      class: 1,
      ttlSeconds: 300,
      rdata: Uint8Array.of(192, 0, 2, 1),
    };
    return encodeMessage({ ...message, response: true, answer: [rr] });
  }

  test("takes no more than it was made with: what was kept first goes first", () => {
    const cache = AnswerCache.create(1 << 16, SEED);
    const response = new Uint8Array(512);
    const known = (i: number): boolean => {
      const asked = key();
      expect(asked.read(request(`host${i}.`))).toBe(true);
      return cache.find(asked, clockTime, response) > 0;
    };
    const COUNT = 5000;
    for (let i = 0; i < COUNT; i++) {
      const asked = key();
      const wanted = request(`host${i}.`);
      asked.read(wanted);
      expect(cache.put(asked, answerTo(wanted), clockTime)).toBe(true);
      expect(known(i), `host${i}`).toBe(true);
    }
    const there = Array.from({ length: COUNT }, (_, i) => known(i));
    expect(there.slice(0, COUNT / 2).some(Boolean)).toBe(false);
    expect(there.slice(-100).every(Boolean)).toBe(true);
  });

  test("a place whose content was overwritten meanwhile, or spoilt, gives nothing", () => {
    const cache = AnswerCache.create(1 << 16, SEED);
    const wanted = request("www.");
    const asked = key();
    asked.read(wanted);
    cache.put(asked, answerTo(wanted), clockTime);
    const ring = new Uint8Array(cache.shared.ring);
    const used = ring.findLastIndex((octet) => octet !== 0) + 1;
    const whole = ring.slice(0, used);
    const right = new Uint8Array(512);
    const length = cache.find(asked, clockTime, right);
    expect(length).toBeGreaterThan(0);
    for (let at = 0; at < used; at++) {
      for (let bit = 0; bit < 8; bit++) {
        ring[at] = whole[at]! ^ (1 << bit);
        const response = new Uint8Array(512);
        const given = cache.find(asked, clockTime, response);
        if (given > 0) expect(response.slice(0, given), `octet ${at}, bit ${bit}`).toEqual(right.slice(0, length));
      }
      ring[at] = whole[at]!;
    }
  });

  test("the ring's count of words may wrap around", () => {
    const cache = AnswerCache.create(1 << 16, SEED);
    // As after 2³² words: the count goes through the sign and through zero.
    for (const start of [0x7fffff00, -0x200]) {
      new Int32Array(cache.shared.control)[0] = start;
      for (let i = 0; i < 200; i++) {
        const wanted = request(`h${i}.`);
        const asked = key();
        asked.read(wanted);
        cache.put(asked, answerTo(wanted), clockTime);
        expect(cache.find(asked, clockTime, new Uint8Array(512)), `${start} ${i}`).toBeGreaterThan(0);
      }
    }
  });
});
