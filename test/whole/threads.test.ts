/**
 * Query threads on real sockets, by both transports: they answer as the plain road does, see what is published at once, share
 * their limits, hand on what they cannot answer, and one that dies is replaced.
 */
import { afterEach, describe, expect, test } from "vitest";
import {
  type Clock,
  collectGarbage,
  type Log,
  SeededRandom,
  silentLog,
  SimulatedClock,
  systemClock,
  systemRandom,
} from "../../base/index.ts";
import { decodeMessage, encodeMessage, Name, OPTION, plainEdns, TYPE } from "../../dns/index.ts";
import {
  NameServer,
  nameServerMetricsPage,
  type ServerParts,
  startThreads,
  type TransportEvents,
  transportEvents,
} from "../../nameserver/index.ts";
import { type Endpoint, loadBatchSystem, Prefix, type QueryThreads, type Recursion } from "../../net/index.ts";
import { loadText, Lookup, lookup, ZoneStore } from "../../zones/index.ts";
import { DatagramClient } from "../support/datagram-client.ts";
import { mutate, sampleMessages } from "../support/hostile.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import { query, rr, rrs } from "../support/messages.ts";
import { askOctets, requestOf } from "../support/name-server.ts";
import { generateQueries } from "../support/query-generator.ts";
import { generateZones } from "../support/zone-generator.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);
const QUERIES = Number(process.env["STRATA_QUERIES"] ?? 100_000);

const system = await loadBatchSystem();
if (typeof system === "string") process.stderr.write(`SKIPPED: batches (${system}); npm ci brings koffi\n`);
const transports = (["batch", "dgram"] as const).filter((name) => name === "dgram" || typeof system !== "string");
type Transport = (typeof transports)[number];

const ANY_PORT: readonly Endpoint[] = [{ address: "127.0.0.1", port: 0 }];

let threads: QueryThreads | null = null;
afterEach(async () => {
  await threads?.close();
  threads = null;
});

interface Started {
  readonly server: NameServer;
  readonly at: readonly Endpoint[];
}

interface Wanted {
  readonly parts?: Partial<ServerParts>;
  readonly threads?: number;
  readonly endpoints?: readonly Endpoint[];
  readonly log?: Log;
  /** The keepers' clock. */
  readonly clock?: Clock;
}

async function start(transport: Transport, store: ZoneStore, wanted: Wanted = {}): Promise<Started> {
  const clock = systemClock;
  const server = new NameServer({ store, clock, random: systemRandom, recursion: null, ...wanted.parts });
  const count = wanted.threads ?? 2;
  const log = wanted.log ?? silentLog;
  threads = await startThreads({
    server,
    store,
    clock: wanted.clock ?? clock,
    log,
    threads: count,
    transport,
  });
  return { server, at: await threads.listen(wanted.endpoints ?? ANY_PORT) };
}

/** A zone whose every address says the version. */
function publish(store: ZoneStore, version: number): void {
  const edit = store.replace(Name.parse("example."));
  const texts = [`example. 300 SOA ns.example. a.example. ${version} 1 1 1 1`, `www.example. 300 A 10.0.0.${version}`];
  for (const { owner, type, ttlSeconds, rdata } of [...texts, "sub.example. 300 NS ns.far."].map(rr)) {
    edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
  }
  edit.commit();
}

function small(): ZoneStore {
  const store = ZoneStore.create({ capacityOctets: 1 << 24 });
  publish(store, 1);
  return store;
}

const www = requestOf("www.example. A");

/** As many clients as wanted, each from a port of its own, so that every thread gets some. */
const clients = (at: Endpoint, count: number): Promise<DatagramClient[]> =>
  Promise.all(Array.from({ length: count }, () => DatagramClient.open(at)));

async function closeAll(all: readonly DatagramClient[]): Promise<void> {
  await Promise.all(all.map((client) => client[Symbol.asyncDispose]()));
}

function versionIn(response: Uint8Array | null): number | null {
  if (response === null) return null;
  return decodeMessage(response).answer.find(({ type }) => type === TYPE.A)?.rdata[3] ?? null;
}

/** As hexadecimal digits, but for the id and what a cookie says of the time (RFC 9018 §4.1). */
function withoutCookie(response: Uint8Array | null): string {
  if (response === null) return "none";
  const digits = Buffer.from(response.subarray(2)).toString("hex");
  const cookie = decodeMessage(response).edns?.options.find(({ code }) => code === OPTION.COOKIE);
  return cookie === undefined ? digits : digits.replace(Buffer.from(cookie.data.subarray(8)).toString("hex"), "cookie");
}

const CLIENT_COOKIE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** The query with a client's cookie, and every other time with the server's as well (RFC 7873 §5.2). */
function withCookie(octets: Uint8Array, server: NameServer, random: SeededRandom): Uint8Array {
  const message = decodeMessage(octets);
  const asking = (data: Uint8Array): Uint8Array =>
    encodeMessage({ ...message, edns: { ...(message.edns ?? plainEdns), options: [{ code: OPTION.COOKIE, data }] } });
  const first = asking(CLIENT_COOKIE);
  if (random.below(2) === 0) return first;
  const given = decodeMessage(askOctets(server, first)!).edns?.options.find(({ code }) => code === OPTION.COOKIE);
  return asking(given!.data);
}

/** The query spoilt so that there is still an answer to it: a thread's silence takes a client's patience to see. */
function spoil(octets: Uint8Array, server: NameServer, random: SeededRandom): Uint8Array {
  for (let tries = 0; tries < 20; tries++) {
    const spoilt = mutate(octets, random).slice(0, 4096);
    if (spoilt.length < 2) continue;
    spoilt.fill(0, 0, 2);
    if (askOctets(server, spoilt) !== null) return spoilt;
  }
  return octets;
}

const KINDS = ["EDNS", "DO", "cookie", "alias", "wildcard", "NXDOMAIN", "NODATA", "referral", "truncated", "malformed"];

/** What a query and its answer are samples of. */
function kindsOf(store: ZoneStore, response: Uint8Array | null): string[] {
  if (response === null) return [];
  const { rcode, truncated, authoritative, edns, answer, authority, question } = decodeMessage(response);
  if (rcode === 1) return ["malformed"];
  const isGood = rcode === 0 && !truncated;
  return [
    ...(edns === null ? [] : ["EDNS"]),
    ...(edns?.dnssecOk === true ? ["DO"] : []),
    ...(edns?.options.some(({ code }) => code === OPTION.COOKIE) === true ? ["cookie"] : []),
    ...(rcode === 3 ? ["NXDOMAIN"] : []),
    ...(truncated ? ["truncated"] : []),
    ...(isGood && authoritative && answer.length === 0 ? ["NODATA"] : []),
    ...(isGood && !authoritative && authority.length > 0 ? ["referral"] : []),
    ...(answer.some(({ type }) => type === TYPE.CNAME) ? ["alias"] : []),
    ...(question.some(({ name, type }) => isByWildcard(store, name, type)) ? ["wildcard"] : []),
  ];
}
function isByWildcard(store: ZoneStore, name: Name, type: number): boolean {
  const zone = store.findZone(name.octets, 0);
  if (zone === 0) return false;
  lookup(store, zone, name.octets, 0, type, found);
  return found.wildcard;
}

const found = new Lookup();

describe.each(transports)("threads by %s", (transport) => {
  test(`answer as the plain road does, octet for octet (${QUERIES} queries, seed ${SEED})`, async () => {
    const zones = generateZones(SEED, 60).filter(
      ({ features }) => !features.some((name) => name.startsWith("hostile")),
    );
    const store = ZoneStore.create();
    for (const { apex, text } of zones) {
      const octets = new TextEncoder().encode(text);
      const zone = { apex: Name.parse(apex), file: apex, layer: null };
      loadText({ store, files: new MemoryFiles() }, zone, { name: apex, octets });
    }
    const random = new SeededRandom(SEED);
    const each = Math.ceil(QUERIES / zones.length);
    const { server, at } = await start(transport, store);
    const requests = zones
      .flatMap((zone) => [...generateQueries(zone, each, random)].map(({ octets }) => octets))
      .map((octets, i) => (i % 8 === 0 ? withCookie(octets, server, random) : octets))
      .map((octets, i) => (i % 10 === 1 ? spoil(octets, server, random) : octets));
    const all = await clients(at[0]!, 8);
    const share = Math.ceil(requests.length / all.length);
    const answered = await Promise.all(
      all.map((client, i) => client.askAll(requests.slice(i * share, (i + 1) * share))),
    );
    const kinds = new Map<string, number>();
    const differing = answered.flat().flatMap((octets, i) => {
      const plain = askOctets(server, requests[i]!);
      for (const kind of kindsOf(store, plain)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      const [one, other] = [withoutCookie(octets), withoutCookie(plain)];
      return one === other ? [] : [{ request: Buffer.from(requests[i]!).toString("hex"), threads: one, plain: other }];
    });
    await closeAll(all);
    for (const kind of KINDS) expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(QUERIES / 2000);
    expect(requests.length).toBeGreaterThanOrEqual(QUERIES);
    expect(differing.slice(0, 3)).toEqual([]);
  }, 300_000);

  test("what is published is what the next query sees, also after the zones moved to another arena", async () => {
    const store = small();
    const { at } = await start(transport, store);
    const all = await clients(at[0]!, 6);
    for (let version = 2; version <= 60; version++) {
      publish(store, version);
      if (version % 7 === 0) store.compact();
      if (version % 14 === 0) store.compact();
      const seen = await Promise.all(all.map(async (client) => versionIn(await client.ask(www))));
      expect(new Set(seen)).toEqual(new Set([version]));
    }
    await closeAll(all);
  }, 60_000);

  test("an arena that the zones have left is given back, whether or not anybody asks", async () => {
    const store = ZoneStore.create({ capacityOctets: 1 << 26 });
    const edit = store.replace(Name.parse("large."));
    const text = rr("x.large. 300 A 192.0.2.1");
    for (let i = 0; i < 100_000; i++) {
      edit.add(Name.parse(`h${i}.large.`).octets, 0, text.type, 300, text.rdata, 0, 4);
    }
    edit.commit();
    const arenaOctets = store.stats.usedOctets;
    await start(transport, store);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 12; i++) store.compact();
    // Threads look round four times a second, and on a busy machine their turn may come late.
    let kept = Number.POSITIVE_INFINITY;
    for (let looks = 0; looks < 800 && kept > 4 * arenaOctets; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      collectGarbage();
      kept = process.memoryUsage.rss() - before;
    }
    expect(kept).toBeLessThanOrEqual(4 * arenaOctets);
  }, 60_000);

  test("answers leave from the address that was asked, over IPv4 and IPv6", async () => {
    const endpoints = [
      { address: "0.0.0.0", port: 0 },
      { address: "::", port: 0 },
    ];
    const { at } = await start(transport, small(), { endpoints });
    const [ipv4, ipv6] = [at[0]!.port, at[1]!.port];
    // Linux has all of 127.0.0.0/8; node:dgram answers from whatever address routing likes.
    const asked = [
      { address: "127.0.0.1", port: ipv4 },
      { address: "::1", port: ipv6 },
      ...(transport === "batch" ? [{ address: "127.9.8.7", port: ipv4 }] : []),
    ];
    for (const endpoint of asked) {
      await using client = await DatagramClient.open(endpoint);
      expect(versionIn(await client.ask(www)), endpoint.address).toBe(1);
    }
  }, 60_000);

  test("a question that leads out is answered by the control thread, and holds up nobody", async () => {
    const gate = Promise.withResolvers<void>();
    const recursion: Recursion = async () => {
      await gate.promise;
      const message = {
        ...query("www.sub.example.", "A"),
        response: true,
        answer: rrs("www.sub.example. 60 A 10.0.0.77"),
      };
      return { message, report: null };
    };
    const { server, at } = await start(transport, small(), { parts: { recursion } });
    const all = await clients(at[0]!, 4);
    const out = requestOf("www.sub.example. A", { message: { recursionDesired: true } });
    const waiting = Promise.all(all.map((client) => client.ask(out)));
    for (const client of all) expect(versionIn(await client.ask(www))).toBe(1);
    gate.resolve();
    expect((await waiting).map(versionIn)).toEqual([77, 77, 77, 77]);
    const total = server.counters.total();
    expect([total.requests[0], total.responses[0]]).toEqual([8, 8]);
    const events = (): TransportEvents => transportEvents([], threads?.batchCounts ?? []);
    const page = await nameServerMetricsPage({ counters: server.counters, store: small(), events })();
    expect(page).toContain('strata_requests_total{transport="udp"} 8');
    if (transport === "batch") expect(page).toMatch(/event="udp_batched_requests"} 8\n/);
    await closeAll(all);
  }, 60_000);

  test("spoilt messages are answered as the plain road answers them, or with the same silence", async () => {
    const { server, at } = await start(transport, small());
    const random = new SeededRandom(SEED);
    const samples = sampleMessages().map(([, octets]) => octets);
    const spoilt = Array.from({ length: 60_000 }, () => mutate(random.pick(samples), random).slice(0, 4096))
      // The id is the client's, and what is a response or has no header is met with silence.
      .filter((octets) => octets.length >= 2)
      .map((octets) => octets.fill(0, 0, 2));
    const plain = spoilt.map((octets) => askOctets(server, octets));
    const answered = spoilt.filter((_, i) => plain[i] !== null);
    const silent = spoilt.filter((_, i) => plain[i] === null);
    await using client = await DatagramClient.open(at[0]!);
    const none = await client.askAll(silent.slice(0, 500), 20);
    expect(none.every((response) => response === null)).toBe(true);
    const responses = await client.askAll(answered);
    const expected = plain.filter((octets) => octets !== null);
    const texts = (all: readonly (Uint8Array | null)[]): string[] => all.map((octets) => withoutCookie(octets));
    expect(texts(responses)).toEqual(texts(expected));
    expect(expected.length).toBeGreaterThan(1000);
    expect(versionIn(await client.ask(www))).toBe(1);
  }, 60_000);

  test("the rate limit is one for all threads", async () => {
    const rateLimits = { responsesPerSecond: 20, errorsPerSecond: 20, windowSeconds: 15, slip: 0, counters: 1024 };
    const settings = { rateLimits, unlimited: [Prefix.parse("192.0.2.0/24")] };
    const { at } = await start(transport, small(), { parts: { settings } });
    const all = await clients(at[0]!, 8);
    const began = performance.now();
    const answered = await Promise.all(
      all.map((client) =>
        client.askAll(
          Array.from({ length: 30 }, () => www),
          300,
        ),
      ),
    );
    const seconds = (performance.now() - began) / 1000;
    const count = answered.flat().filter((response) => response !== null).length;
    // When both threads open the account at once, a few may be counted for nothing.
    expect(count).toBeLessThanOrEqual(20 * (1 + seconds) + 5);
    expect(count).toBeGreaterThanOrEqual(15);
    await closeAll(all);
  }, 60_000);
});

describe.skipIf(typeof system === "string")("a thread that dies", () => {
  test("is replaced and logged, and costs at most its batch, however much waits for it", async () => {
    const words: string[] = [];
    const log: Log = { ...silentLog, error: (_about, text) => words.push(text) };
    const { at } = await start("batch", small(), { threads: 1, log });
    const all = await clients(at[0]!, 8);
    // Each client has 64 requests in flight: eight times a batch.
    const asking = all.map((client) =>
      client.askAll(
        Array.from({ length: 4000 }, () => www),
        5000,
      ),
    );
    await all[0]!.ask(www);
    await threads!.keepers[0]!.kill();
    const lost = (await Promise.all(asking)).flat().filter((response) => response === null).length;
    expect(lost).toBeLessThanOrEqual(64);
    expect(words).toEqual(["a query thread has ended and is replaced"]);
    expect(versionIn(await all[0]!.ask(www))).toBe(1);
    await closeAll(all);
  }, 60_000);

  test("again and again is started again once a second, and what came meanwhile is answered", async () => {
    const simulated = new SimulatedClock();
    const words: string[] = [];
    const log: Log = { ...silentLog, error: (_about, text) => words.push(text) };
    const { at } = await start("batch", small(), { threads: 1, log, clock: simulated });
    const client = await DatagramClient.open(at[0]!);
    for (let death = 1; death <= 3; death++) {
      expect(versionIn(await client.ask(www))).toBe(1);
      await threads!.keepers[0]!.kill();
      expect(words).toHaveLength(death);
      const waiting = client.ask(www, 20_000);
      await simulated.advance(999);
      expect(threads!.keepers[0]!.isRunning).toBe(false);
      await simulated.advance(1);
      expect(threads!.keepers[0]!.isRunning).toBe(true);
      expect(versionIn(await waiting)).toBe(1);
    }
    await client[Symbol.asyncDispose]();
    const stopping = threads!.close();
    threads = null;
    await stopping;
  }, 60_000);

  test("stopping answers what has come", async () => {
    const { at } = await start("batch", small());
    const client = await DatagramClient.open(at[0]!);
    const asking = Array.from({ length: 50 }, () => client.ask(www, 2000));
    await new Promise((resolve) => setImmediate(resolve));
    await threads!.close();
    threads = null;
    expect((await Promise.all(asking)).map(versionIn)).toEqual(Array.from({ length: 50 }, () => 1));
    await client[Symbol.asyncDispose]();
  }, 60_000);
});
