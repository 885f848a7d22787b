/**
 * Query threads that ask servers by themselves, on real sockets: what clients get is what the plain way gives them, over as many ports as
 * there should be, also from servers that forge, break off, or are not there.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { decodeMessage, encodeMessage, type Message, plainEdns, RCODE, TYPE } from "../../dns/index.ts";
import { type Endpoint, loadBatchSystem, Prefix, type QueryThreads, systemAsk } from "../../net/index.ts";
import {
  AnswerCache,
  Claims,
  createEngine,
  serversAt,
  startResolverThreads,
  StubServer,
} from "../../resolver/index.ts";
import { DatagramClient } from "../support/datagram-client.ts";
import { query, rr } from "../support/messages.ts";

const SEED = 2026;
const NAMES = 1_000;
const LOOPBACK = [Prefix.parse("127.0.0.0/8")];
const TTL = 300;

const system = await loadBatchSystem();
if (typeof system === "string") process.stderr.write(`SKIPPED: batches (${system}); npm ci brings koffi\n`);

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The root at 127.0.0.52 and `example.` at 127.0.0.53, on one port. */
class Authority {
  readonly asked: { readonly name: string; readonly from: RemoteInfo }[] = [];
  /** What is sent in place of the right response. */
  replies: (right: Message, name: string) => readonly Uint8Array[] = (right) => [encodeMessage(right)];
  readonly #sockets: Socket[] = [];

  async listen(): Promise<Endpoint> {
    const root = await this.#open("127.0.0.52", 0, (request) => this.#refer(request));
    await this.#open("127.0.0.53", root.port, (request) => this.#answer(request));
    return root;
  }

  /** Nobody listens any more where `example.` is. */
  leave(): void {
    this.#sockets.pop()?.close();
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  async #open(address: string, port: number, answer: (request: Message) => Message): Promise<Endpoint> {
    const socket = createSocket("udp4");
    this.#sockets.push(socket);
    socket.bind(port, address);
    await once(socket, "listening");
    socket.on("message", (octets, from) => {
      const request = decodeMessage(octets);
      const name = request.question[0]!.name.toLowerCase().toString();
      if (address === "127.0.0.53") this.asked.push({ name, from });
      for (const reply of this.replies(answer(request), name)) socket.send(reply, from.port, from.address);
    });
    return { address, port: socket.address().port };
  }

  #refer(request: Message): Message {
    const response = { ...request, response: true, edns: plainEdns };
    if (request.question[0]!.type === TYPE.NS) {
      return {
        ...response,
        authoritative: true,
        answer: [rr(". 300 NS a.root.")],
        additional: [rr("a.root. 300 A 127.0.0.52")],
      };
    }
    return {
      ...response,
      authority: [rr("example. 300 NS ns.example.")],
      additional: [rr("ns.example. 300 A 127.0.0.53")],
    };
  }

  #answer(request: Message): Message {
    const { name, type } = request.question[0]!;
    const response = { ...request, response: true, authoritative: true, edns: plainEdns };
    const text = name.toLowerCase().toString();
    const soa = rr("example. 60 SOA a. b. 1 1 1 1 60");
    if (text.startsWith("gone")) return { ...response, rcode: RCODE.NXDOMAIN, authority: [soa] };
    if (type !== TYPE.A) return { ...response, authority: [soa] };
    if (text.startsWith("alias")) return { ...response, answer: [rr(`${text} ${TTL} CNAME host1.example.`)] };
    const number = Number(text.replaceAll(/\D/g, ""));
    return { ...response, answer: [{ ...rr(`x. ${TTL} A 192.0.2.${number % 256}`), owner: name }] };
  }
}

interface Started {
  readonly authority: Authority;
  readonly server: StubServer;
  readonly plain: StubServer;
  readonly client: DatagramClient;
  readonly threads: QueryThreads;
}

async function start(allow = LOOPBACK): Promise<Started> {
  const authority = new Authority();
  const root = await authority.listen();
  open.push(() => authority.close());
  const ask = systemAsk({ clock: systemClock, random: systemRandom });
  const options = {
    hints: serversAt([root]),
    port: root.port,
    minimise: true,
    prime: true,
    allowPrivate: true,
  } as const;
  const handed = { ask, clock: systemClock, random: systemRandom };
  const onFault = (error: unknown): never => {
    throw error;
  };
  const engine = createEngine(handed, { ...options, claims: Claims.create(SEED) });
  const answers = AnswerCache.create(1 << 22, SEED);
  const server = new StubServer({ engine, allow, onFault, keeping: { answers, clock: systemClock } });
  const plain = new StubServer({ engine: createEngine(handed, options), allow, onFault });
  const threads = await startResolverThreads({
    server,
    answers,
    allow,
    clock: systemClock,
    log: silentLog,
    threads: 2,
  });
  open.push(() => threads.close());
  const [at] = await threads.listen([{ address: "127.0.0.1", port: 0 }]);
  const client = await DatagramClient.open(at!);
  open.push(() => client[Symbol.asyncDispose]());
  return { authority, server, plain, client, threads };
}

const requestFor = (name: string, change: Partial<Message> = {}): Uint8Array =>
  encodeMessage(query(`${name}.example.`, "A", { id: 0, recursionDesired: true, ...change }));

/** Until the threads know the way. They hear of it only a moment after the engine does. */
async function findWay({ client, server }: Started): Promise<void> {
  for (let i = 0; server.answersAsked === 0; i++) {
    expect(i, "questions until a thread asks by itself").toBeLessThan(5_000);
    await client.ask(requestFor(`way${i}`));
  }
}

function withoutTtls(octets: Uint8Array | null): unknown {
  if (octets === null) return null;
  const { id: _id, answer, authority, ...rest } = decodeMessage(octets);
  const plain = [...answer, ...authority].map((record) => ({ ...record, ttlSeconds: 0 }));
  return { ...rest, plain, length: octets.length };
}

async function askPlain({ plain }: Started, request: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  plain.handle(request, new Uint8Array(4096), { address: "127.0.0.1", port: 1, transport: "udp" }, resolve);
  return promise;
}

describe.skipIf(typeof system === "string")("query threads that ask by themselves", () => {
  test("give what the plain way gives, and ask each name once", async () => {
    const started = await start();
    await findWay(started);
    const { client, authority, server } = started;
    authority.asked.length = 0;
    const names = Array.from({ length: NAMES }, (_, i) => `${["host", "HOST", "alias", "gone"][i % 4]!}${10 + i}`);
    const requests = names.map((name, i) => requestFor(name, i % 3 === 0 ? { edns: plainEdns } : {}));
    const answered = await client.askAll(requests);
    const asked = authority.asked.map(({ name }) => name);
    for (const [i, request] of requests.entries()) {
      expect(withoutTtls(answered[i]!), names[i]).toEqual(withoutTtls(await askPlain(started, request)));
    }
    expect(new Set(asked).size).toBe(asked.length - asked.filter((name) => name === "host1.example.").length + 1);
    expect(server.answersAsked).toBeGreaterThan(NAMES / 4);
    const ports = Map.groupBy(authority.asked, ({ from }) => from.port);
    for (const [port, questions] of ports)
      expect(questions.length, `questions of port ${port}`).toBeLessThanOrEqual(128);
    const sent = [...server.responsesSent.values()].reduce((sum, count) => sum + count, 0);
    expect(server.requests.udp + server.answersKept + server.answersAsked).toBe(sent);
  }, 60_000);

  test("answer also when the server's port is closed, or it is silent", async () => {
    const started = await start();
    await findWay(started);
    const { client, authority } = started;
    authority.replies = (right, name) => (name.startsWith("silent") ? [] : [encodeMessage(right)]);
    const silent = await client.ask(requestFor("silent1"), 20_000);
    expect(decodeMessage(silent!).rcode).toBe(RCODE.SERVFAIL);
    await findWayAgain(started);
    authority.leave();
    const closed = await client.ask(requestFor("closed1"), 20_000);
    expect(decodeMessage(closed!).rcode).toBe(RCODE.SERVFAIL);
  }, 60_000);

  test("believe no reply to another id, another name or from another place", async () => {
    const started = await start();
    await findWay(started);
    const { client, authority } = started;
    const forged = (right: Message): Message => ({ ...right, answer: [rr("x. 300 A 203.0.113.66")] });
    authority.replies = (right, name) => {
      if (!name.startsWith("host")) return [encodeMessage(right)];
      const wrong = forged(right);
      const { question } = right;
      const name2 = { ...question[0]!, name: question[0]!.name.toLowerCase() };
      return [
        encodeMessage({ ...wrong, id: right.id ^ 1 }),
        encodeMessage({ ...wrong, question: [name2], answer: [{ ...wrong.answer[0]!, owner: name2.name }] }),
        encodeMessage(right),
      ];
    };
    for (let i = 0; i < 20; i++) {
      const octets = await client.ask(requestFor(`hostwithmanyletters${i}`), 20_000);
      const { answer } = decodeMessage(octets!);
      // No TCP here: after a near miss the engine falls back to the one reply over UDP that fits in every bit.
      for (const { rdata } of answer) expect([...rdata.subarray(0, 3)]).toEqual([192, 0, 2]);
    }
  }, 60_000);

  test("who may not ask is REFUSED, and no server hears of it", async () => {
    const { client, authority } = await start([Prefix.parse("127.0.0.2")]);
    for (let i = 0; i < 5; i++)
      expect(decodeMessage((await client.ask(requestFor("host1")))!).rcode).toBe(RCODE.REFUSED);
    expect(authority.asked).toEqual([]);
  }, 60_000);

  test("a thread that dies is replaced by one that asks as well", async () => {
    const started = await start();
    await findWay(started);
    for (const keeper of started.threads.keepers) await keeper.kill();
    await findWayAgain(started);
  }, 60_000);
});

async function findWayAgain({ client, server }: Started): Promise<void> {
  const before = server.answersAsked;
  for (let i = 0; server.answersAsked === before; i++) {
    expect(i, "questions until a thread asks by itself").toBeLessThan(5_000);
    await client.ask(requestFor(`again${i}`), 20_000);
  }
}
