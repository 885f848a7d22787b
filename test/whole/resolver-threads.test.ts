/**
 * A resolver's query threads on real sockets, by both transports: what they give from memory and what they hand on is what the plain way
 * says, and one that dies is replaced by one that knows the same answers.
 */
import { afterEach, describe, expect, test } from "vitest";
import { type Log, SeededRandom, silentLog, systemClock, systemRandom } from "../../base/index.ts";
import {
  decodeMessage,
  encodeMessage,
  extendedErrors,
  type Message,
  plainEdns,
  RCODE,
  type Rr,
  TYPE,
} from "../../dns/index.ts";
import { type Ask, type Endpoint, LATER, loadBatchSystem, Prefix, type QueryThreads } from "../../net/index.ts";
import { AnswerCache, createEngine, serversAt, startResolverThreads, StubServer } from "../../resolver/index.ts";
import { DatagramClient } from "../support/datagram-client.ts";
import { mutate, sampleMessages } from "../support/hostile.ts";
import { query, rr } from "../support/messages.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);
const NAMES = 500;
const LOOPBACK = [Prefix.parse("127.0.0.0/8")];
const UPSTREAM = serversAt([{ address: "127.0.0.53", port: 53 }]);

const system = await loadBatchSystem();
if (typeof system === "string") process.stderr.write(`SKIPPED: batches (${system}); npm ci brings koffi\n`);
const transports = (["batch", "dgram"] as const).filter((name) => name === "dgram" || typeof system !== "string");
type Transport = (typeof transports)[number];

let threads: QueryThreads | null = null;
afterEach(async () => {
  await threads?.close();
  threads = null;
});

interface Started {
  /** Where the threads' answers come from. */
  readonly server: StubServer;
  /** The same engine, without threads and without answers that are kept. */
  readonly plain: StubServer;
  readonly at: Endpoint;
  /** Questions that the engine asked. */
  readonly asked: string[];
  readonly gate: PromiseWithResolvers<void>;
}

interface Wanted {
  readonly threads?: number;
  readonly allow?: readonly Prefix[];
  readonly log?: Log;
}

/** What the only server there is says: every host has an address and the same TTL, `slow.` waits for the gate. */
function answerTo(request: Message): Message {
  const { name } = request.question[0]!;
  const text = name.toLowerCase().toString();
  const response = { ...request, response: true, recursionAvailable: true };
  if (request.question[0]!.type !== TYPE.A) return { ...response, authority: [rr("example. 60 SOA a. b. 1 1 1 1 60")] };
  if (text.startsWith("alias")) {
    const target = text.replace("alias", "host");
    return { ...response, answer: [rr(`${text} 200 CNAME ${target}`), rr(`${target} 300 A 192.0.2.1`)] };
  }
  if (text.startsWith("many")) return { ...response, answer: Array.from({ length: 40 }, (_, i) => many(text, i)) };
  if (text.startsWith("gone")) {
    return { ...response, rcode: RCODE.NXDOMAIN, authority: [rr("example. 60 SOA a. b. 1 1 1 1 60")] };
  }
  return { ...response, answer: [{ ...rr("x. 300 A 192.0.2.1"), owner: name }] };
}

const many = (owner: string, i: number): Rr => rr(`${owner} 300 A 198.51.100.${i}`);

async function start(transport: Transport, wanted: Wanted = {}): Promise<Started> {
  const asked: string[] = [];
  const gate = Promise.withResolvers<void>();
  const ask: Ask = async (_server, message) => {
    const name = message.question[0]!.name.toLowerCase().toString();
    asked.push(name);
    if (name.startsWith("slow")) await gate.promise;
    return { message: answerTo(message), octets: 100, roundTripMilliseconds: 1 };
  };
  const engine = createEngine(
    { ask, clock: systemClock, random: systemRandom },
    { hints: UPSTREAM, mode: "resolver", allowPrivate: true },
  );
  const { allow = LOOPBACK, log = silentLog, threads: count = 2 } = wanted;
  const answers = AnswerCache.create(1 << 22, SEED);
  const onFault = (error: unknown): never => {
    throw error;
  };
  const server = new StubServer({ engine, allow, onFault, keeping: { answers, clock: systemClock } });
  const plain = new StubServer({ engine, allow, onFault });
  threads = await startResolverThreads({ server, answers, allow, clock: systemClock, log, threads: count, transport });
  const [at] = await threads.listen([{ address: "127.0.0.1", port: 0 }]);
  return { server, plain, at: at!, asked, gate };
}

function requestFor(name: string, change: Partial<Message> = {}): Uint8Array {
  return encodeMessage(query(name, "A", { id: 0, recursionDesired: true, ...change }));
}

async function askPlain({ plain }: Started, request: Uint8Array): Promise<Uint8Array | null> {
  const response = new Uint8Array(4096);
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const length = plain.handle(request, response, { address: "127.0.0.1", port: 1, transport: "udp" }, resolve);
  if (length === LATER) return promise;
  return length === 0 ? null : response.slice(0, length);
}

/** TTLs to none, because time goes by between two askings; so many seconds at most. */
function withoutTtls(octets: Uint8Array | null, ttls: number[]): string {
  if (octets === null) return "none";
  const message = decodeMessage(octets);
  const plain = (records: readonly Rr[]): Rr[] =>
    records.map((record) => {
      ttls.push(record.ttlSeconds);
      return { ...record, ttlSeconds: 0 };
    });
  const told = { ...message, id: 0, answer: plain(message.answer), authority: plain(message.authority) };
  return `${octets.length} ${Buffer.from(encodeMessage(told)).toString("hex")}`;
}

const FORMS: readonly Partial<Message>[] = [
  {},
  { authenticData: true },
  { checkingDisabled: true },
  { edns: plainEdns },
  { edns: { ...plainEdns, dnssecOk: true } },
  { edns: { ...plainEdns, payloadOctets: 700 } },
  { recursionDesired: false },
  { edns: { ...plainEdns, options: [{ code: 10, data: new Uint8Array(8) }] } },
];
const KINDS = ["host", "alias", "gone", "many"];
const SECONDS_GONE_MAX = 20;

const clients = (at: Endpoint, count: number): Promise<DatagramClient[]> =>
  Promise.all(Array.from({ length: count }, () => DatagramClient.open(at)));

async function closeAll(all: readonly DatagramClient[]): Promise<void> {
  await Promise.all(all.map((client) => client[Symbol.asyncDispose]()));
}

describe.each(transports)("a resolver's threads by %s", (transport) => {
  test(`answer as the plain way does, the first time and later (seed ${SEED})`, async () => {
    const started = await start(transport);
    const { server, at } = started;
    const random = new SeededRandom(SEED);
    const requests = Array.from({ length: 6 * NAMES }, () => {
      const name = `${random.pick(KINDS)}${random.below(NAMES / 4)}.`;
      return requestFor(`${random.below(3) === 0 ? name.toUpperCase() : name}example.`, random.pick(FORMS));
    });
    const all = await clients(at, 6);
    for (let round = 0; round < 3; round++) {
      const answered = await Promise.all(
        all.map((client, i) => client.askAll(requests.slice(i * NAMES, (i + 1) * NAMES))),
      );
      const expected: (Uint8Array | null)[] = [];
      // The first time the engine may not know yet what the plain way is asked for without RD.
      for (const request of requests) expected.push(await askPlain(started, request));
      const differing = answered.flat().flatMap((octets, i) => {
        const [oursLeft, theirsLeft]: [number[], number[]] = [[], []];
        const [ours, theirs] = [withoutTtls(octets, oursLeft), withoutTtls(expected[i]!, theirsLeft)];
        const isOld = oursLeft.some((left, n) => Math.abs(left - (theirsLeft[n] ?? 0)) > SECONDS_GONE_MAX);
        const isRefused = round === 0 && (requests[i]![2]! & 1) === 0;
        if (isRefused || (ours === theirs && !isOld)) return [];
        return [{ request: Buffer.from(requests[i]!).toString("hex"), ours, theirs, oursLeft, theirsLeft }];
      });
      expect(differing.slice(0, 2), `round ${round}`).toEqual([]);
    }
    // By node:dgram the control thread is one of the threads and answers the plain way.
    expect(server.answersKept).toBeGreaterThan(transport === "batch" ? NAMES * 6 : 100);
    expect(server.requests.udp + server.answersKept).toBe(3 * requests.length);
    const sent = [...server.responsesSent.values()].reduce((sum, count) => sum + count, 0);
    expect(sent).toBe(3 * requests.length);
    await closeAll(all);
  }, 120_000);

  test("a question that takes long holds up nobody", async () => {
    const { at, gate } = await start(transport);
    const all = await clients(at, 4);
    const slow = Promise.all(all.map((client) => client.ask(requestFor("slow.example."))));
    for (const client of all) {
      for (let times = 0; times < 3; times++) {
        expect(decodeMessage((await client.ask(requestFor("host1.example.")))!).answer).toHaveLength(1);
      }
    }
    gate.resolve();
    for (const octets of await slow) expect(decodeMessage(octets!).answer).toHaveLength(1);
    await closeAll(all);
  }, 60_000);

  test("who may not ask is REFUSED, also when the answer is known", async () => {
    const { at, asked } = await start(transport, { allow: [Prefix.parse("127.0.0.2")] });
    const client = await DatagramClient.open(at);
    for (let times = 0; times < 3; times++) {
      const { rcode, edns } = decodeMessage((await client.ask(requestFor("host1.example.", { edns: plainEdns })))!);
      expect([rcode, extendedErrors(edns).length]).toEqual([RCODE.REFUSED, 1]);
    }
    expect(asked).toEqual([]);
    await closeAll([client]);
  }, 60_000);

  test("spoilt messages are answered as the plain way answers them, or with the same silence", async () => {
    const started = await start(transport);
    const random = new SeededRandom(SEED);
    const samples = [
      ...sampleMessages().map(([, octets]) => octets),
      ...FORMS.map((form) => requestFor("host1.example.", form)),
    ];
    const spoilt = Array.from({ length: 4000 }, () => mutate(random.pick(samples), random).slice(0, 4096))
      .filter((octets) => octets.length >= 2)
      .map((octets) => octets.fill(0, 0, 2));
    // So that both know the same.
    for (const request of spoilt) await askPlain(started, request);
    const expected: (Uint8Array | null)[] = [];
    for (const request of spoilt) expected.push(await askPlain(started, request));
    const answered = spoilt.filter((_, i) => expected[i] !== null);
    const client = await DatagramClient.open(started.at);
    for (let round = 0; round < 2; round++) {
      const responses = await client.askAll(answered);
      const texts = (all: readonly (Uint8Array | null)[]): string[] => all.map((octets) => withoutTtls(octets, []));
      expect(texts(responses)).toEqual(texts(expected.filter((octets) => octets !== null)));
    }
    expect(answered.length).toBeGreaterThan(500);
    await closeAll([client]);
  }, 120_000);
});

test.skipIf(typeof system === "string")(
  "a thread that dies is replaced by one that knows the same answers",
  async () => {
    const words: string[] = [];
    const log: Log = { ...silentLog, error: (_about, text) => words.push(text) };
    const { server, at, asked } = await start("batch", { threads: 1, log });
    const client = await DatagramClient.open(at);
    const wanted = requestFor("host1.example.");
    for (let times = 0; times < 3; times++) expect(await client.ask(wanted)).not.toBeNull();
    const before = server.answersKept;
    await threads!.keepers[0]!.kill();
    expect(await client.ask(wanted)).not.toBeNull();
    expect(server.answersKept).toBe(before + 1);
    expect(words).toEqual(["a query thread has ended and is replaced"]);
    expect(asked).toEqual(["host1.example."]);
    await closeAll([client]);
  },
  60_000,
);
