/** The TCP thread on real sockets: it answers as the plain road does, hands on what it cannot answer, and is replaced when it dies. */
import { afterEach, describe, expect, test } from "vitest";
import { type Log, SeededRandom, silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { decodeMessage, Name, OPTION, TYPE } from "../../dns/index.ts";
import { NameServer, type ServerParts, startThreads } from "../../nameserver/index.ts";
import { type Endpoint, loadStreamSystem, type QueryThreads, type Recursion } from "../../net/index.ts";
import { loadText, ZoneStore } from "../../zones/index.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import { query, rr, rrs } from "../support/messages.ts";
import { askOctets, requestOf } from "../support/name-server.ts";
import { generateQueries } from "../support/query-generator.ts";
import { StreamClient } from "../support/stream-client.ts";
import { generateZones } from "../support/zone-generator.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);
const QUERIES = Number(process.env["STRATA_QUERIES"] ?? 100_000);

const system = await loadStreamSystem();
if (typeof system === "string") process.stderr.write(`SKIPPED: the TCP thread (${system}); npm ci brings koffi\n`);

let threads: QueryThreads | null = null;
afterEach(async () => {
  await threads?.close();
  threads = null;
});

interface Started {
  readonly server: NameServer;
  readonly at: Endpoint;
  readonly running: QueryThreads;
}

async function start(store: ZoneStore, parts: Partial<ServerParts> = {}, log: Log = silentLog): Promise<Started> {
  const clock = systemClock;
  const server = new NameServer({ store, clock, random: systemRandom, recursion: null, ...parts });
  threads = await startThreads({ server, store, clock, log, threads: 1 });
  const [at] = await threads.listen([{ address: "127.0.0.1", port: 0 }]);
  return { server, at: at!, running: threads };
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

function versionIn(response: Uint8Array | null): number | null {
  if (response === null) return null;
  return decodeMessage(response).answer.find(({ type }) => type === TYPE.A)?.rdata[3] ?? null;
}

describe.skipIf(typeof system === "string")("the TCP thread", () => {
  test(`answers as the plain road does, octet for octet (${QUERIES} queries, seed ${SEED})`, async () => {
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
    const requests = zones.flatMap((zone) => [...generateQueries(zone, each, random)].map(({ octets }) => octets));
    const { server, at } = await start(store);
    await using client = await StreamClient.open(at);
    const differing: unknown[] = [];
    const hex = (octets: Uint8Array | null): string => (octets === null ? "none" : Buffer.from(octets).toString("hex"));
    for (let from = 0; from < requests.length; from += 500) {
      const some = requests.slice(from, from + 500);
      const answered = await Promise.all(some.map((request) => client.ask(request)));
      answered.forEach((octets, i) => {
        octets?.fill(0, 0, 2);
        const plain = hex(askOctets(server, some[i]!, { transport: "tcp" }));
        if (hex(octets) !== plain) differing.push({ request: hex(some[i]!), thread: hex(octets), plain });
      });
    }
    expect(requests.length).toBeGreaterThanOrEqual(QUERIES);
    expect(differing.slice(0, 3)).toEqual([]);
  }, 300_000);

  test("what is published is what the next query sees, also after the zones moved to another arena", async () => {
    const store = small();
    const { at } = await start(store);
    await using client = await StreamClient.open(at);
    for (let version = 2; version <= 40; version++) {
      publish(store, version);
      if (version % 7 === 0) store.compact();
      expect(versionIn(await client.ask(www))).toBe(version);
    }
  }, 60_000);

  test("a question that leads out is answered by the control thread, and holds up nobody", async () => {
    const gate = Promise.withResolvers<void>();
    const recursion: Recursion = async () => {
      await gate.promise;
      const answer = rrs("www.sub.example. 60 A 10.0.0.77");
      return { message: { ...query("www.sub.example.", "A"), response: true, answer }, report: null };
    };
    const { server, at } = await start(small(), { recursion });
    await using client = await StreamClient.open(at);
    const out = requestOf("www.sub.example. A", { message: { recursionDesired: true } });
    const waiting = [client.ask(out), client.ask(out)];
    expect(versionIn(await client.ask(www))).toBe(1);
    gate.resolve();
    expect((await Promise.all(waiting)).map(versionIn)).toEqual([77, 77]);
    const total = server.counters.total();
    expect([total.requests[1], total.responses[1]]).toEqual([3, 3]);
  }, 60_000);

  test("a client that asks is told how long its connection is kept (RFC 7828)", async () => {
    const { at } = await start(small(), { settings: { tcpIdleMilliseconds: 5000 } });
    await using client = await StreamClient.open(at);
    const asking = { options: [{ code: OPTION.TCP_KEEPALIVE, data: new Uint8Array(0) }] };
    const response = decodeMessage((await client.ask(requestOf("www.example. A", { edns: asking })))!);
    const told = response.edns?.options.find(({ code }) => code === OPTION.TCP_KEEPALIVE);
    expect([...(told?.data ?? [])]).toEqual([0, 50]);
  }, 60_000);

  test("one that dies closes its connections, and the next one serves", async () => {
    const words: string[] = [];
    const log: Log = { ...silentLog, error: (_about, text) => words.push(text) };
    const { at, running } = await start(small(), {}, log);
    const clients = await Promise.all([StreamClient.open(at), StreamClient.open(at)]);
    for (const client of clients) expect(versionIn(await client.ask(www))).toBe(1);
    await running.tcp!.keeper.kill();
    await Promise.all(clients.map(({ closed }) => closed));
    await using next = await StreamClient.open(at);
    expect(versionIn(await next.ask(www))).toBe(1);
    expect(words).toContain("a query thread has ended and is replaced");
  }, 60_000);

  test("stopping waits for what is being answered, also elsewhere", async () => {
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const recursion: Recursion = async () => {
      asked.resolve();
      await gate.promise;
      const answer = rrs("www.sub.example. 60 A 10.0.0.77");
      return { message: { ...query("www.sub.example.", "A"), response: true, answer }, report: null };
    };
    const { at, running } = await start(small(), { recursion });
    const client = await StreamClient.open(at);
    await client.ask(www);
    const waiting = client.ask(requestOf("www.sub.example. A", { message: { recursionDesired: true } }));
    await asked.promise;
    const closing = running.close();
    threads = null;
    gate.resolve();
    expect(versionIn(await waiting)).toBe(77);
    await client.closed;
    await closing;
    expect(running.tcp!.counters).toMatchObject({ tcpConnections: 1, tcpOpen: 0, tcpRequests: 2, tcpResponses: 2 });
  }, 60_000);

  test("two servers do not listen at one address", async () => {
    const { at, running } = await start(small());
    threads = null;
    await expect(startAt(at)).rejects.toMatchObject({ code: "IN_USE" });
    await running.close();
  }, 60_000);
});

/** UDP's threads share their port with others on purpose, so it is TCP that tells. */
async function startAt(at: Endpoint): Promise<void> {
  const store = small();
  const server = new NameServer({ store, clock: systemClock, random: systemRandom, recursion: null });
  threads = await startThreads({ server, store, clock: systemClock, log: silentLog, threads: 1 });
  await threads.listen([at]);
}
