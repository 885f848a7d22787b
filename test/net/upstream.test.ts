/** The sockets on which servers are asked: how they are shared, when they end, and what a forger gets from them. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock, Stopper } from "../../base/index.ts";
import { decodeMessage, encodeMessage, type Message } from "../../dns/index.ts";
import { AskCounters, askOver, type Ask, type Endpoint, ExchangeError, type Transport } from "../../net/index.ts";
import { Asked } from "../../net/asked.ts";
import { type UpstreamLimits, UpstreamSockets } from "../../net/udp-client.ts";
import { query, rr } from "../support/messages.ts";

const SEED = 20;

type Reaction = (request: Message, from: RemoteInfo, send: (message: Message) => void) => void;

const good = (request: Message): Message => ({
  ...request,
  response: true,
  answer: [rr("www.example. 300 A 192.0.2.7")],
});

/** A server on loopback that notes where questions come from. */
class Server {
  readonly socket: Socket = createSocket("udp4");
  readonly seen: { readonly port: number; readonly id: number }[] = [];
  react: Reaction = (request, _from, send) => send(good(request));

  async listen(): Promise<Endpoint> {
    this.socket.on("message", (octets, from) => {
      const request = decodeMessage(octets);
      this.seen.push({ port: from.port, id: request.id });
      this.react(request, from, (message) => this.socket.send(encodeMessage(message), from.port, from.address));
    });
    this.socket.bind(0, "127.0.0.1");
    await once(this.socket, "listening");
    return { address: "127.0.0.1", port: this.socket.address().port };
  }
}

describe(`sockets to servers, with seed ${SEED}`, () => {
  let server: Server;
  let at: Endpoint;
  let clock: SimulatedClock;
  let sockets: UpstreamSockets;
  let counters: AskCounters;
  let started: Transport[];

  const asking = (limits: Partial<UpstreamLimits> = {}): Ask => {
    const random = new SeededRandom(SEED);
    sockets = new UpstreamSockets({ clock, random, limits });
    return askOver(
      (transport, to, asked, events) => {
        started.push(transport);
        if (transport === "udp") return sockets.ask(to, asked, events);
        const answer: Message = { ...good(query("www.example.", "A")), id: asked.id };
        queueMicrotask(() => events.reply(answer, 50));
        return { close: () => undefined };
      },
      { clock, random, counters },
    );
  };
  const options = { transport: "udp", timeoutMilliseconds: 1000, signal: new Stopper() } as const;
  const ports = (): Set<number> => new Set(server.seen.map(({ port }) => port));

  beforeEach(async () => {
    clock = new SimulatedClock();
    server = new Server();
    counters = new AskCounters();
    started = [];
    at = await server.listen();
  });
  afterEach(async () => {
    // Those that are idle end when their time is up.
    for (let i = 0; i < 3; i++) await clock.advance(10_000);
    expect(sockets.open).toBe(0);
    server.socket.close();
  });

  test("a server gets so many ports and no more, each for a bounded number of questions, no port and id twice", async () => {
    const ask = asking({ socketsPerServer: 4, questions: 20 });
    for (let round = 0; round < 30; round++) {
      await Promise.all(Array.from({ length: 10 }, () => ask(at, query("www.example.", "A"), options)));
      expect(sockets.open).toBeLessThanOrEqual(4);
    }
    const uses = new Map<number, number>();
    for (const { port } of server.seen) uses.set(port, (uses.get(port) ?? 0) + 1);
    expect(server.seen).toHaveLength(300);
    expect(Math.max(...uses.values())).toBeLessThanOrEqual(20);
    expect(uses.size).toBeGreaterThanOrEqual(300 / 20);
    expect(new Set(server.seen.map(({ port, id }) => `${port} ${id}`)).size).toBe(300);
  });

  test("who is asked seldom is asked from a fresh port each time", async () => {
    const ask = asking();
    for (let i = 0; i < 5; i++) {
      await ask(at, query("www.example.", "A"), options);
      await clock.advance(6_000);
    }
    expect(ports().size).toBe(5);
  });

  test("an id that is taken on the socket is drawn again", async () => {
    const random = new SeededRandom(SEED);
    sockets = new UpstreamSockets({ clock, random, limits: { socketsPerServer: 1 } });
    const events = { reply: () => undefined, stray: () => undefined, failed: () => undefined };
    const first = new Asked(query("www.example.", "A"), new SeededRandom(1), false);
    const second = new Asked(query("www.example.", "A"), new SeededRandom(1), false);
    expect(second.id).toBe(first.id);
    const attempts = [sockets.ask(at, first, events), sockets.ask(at, second, events)];
    expect(second.id).not.toBe(first.id);
    for (const attempt of attempts) attempt.close();
  });

  test.each<readonly [string, (request: Message) => Message]>([
    ["a wrong id", (request) => ({ ...good(request), id: request.id ^ 1 })],
    ["another question", (request) => ({ ...good(request), question: query("evil.example.", "A").question })],
  ])("%s, a hundred times: one question over TCP, and the port that was found is left", async (_what, forge) => {
    const ask = asking({ socketsPerServer: 1 });
    server.react = (request, _from, send) => {
      for (let i = 0; i < 100; i++) send(forge(request));
    };
    const reply = await ask(at, query("www.example.", "A"), options);
    expect(reply.message.answer).toHaveLength(1);
    expect(started).toEqual(["udp", "tcp"]);
    expect(counters.nearMisses).toBeGreaterThan(0);
    server.react = (request, _from, send) => send(good(request));
    await ask(at, query("www.example.", "A"), options);
    expect(ports().size).toBe(2);
  });

  test("a reply that comes twice or late is nobody's near miss", async () => {
    const ask = asking({ socketsPerServer: 1 });
    const late: (() => void)[] = [];
    server.react = (request, _from, send) => {
      send(good(request));
      send(good(request));
      late.push(() => send(good(request)));
    };
    await ask(at, query("www.example.", "A"), options);
    for (const again of late) again();
    await ask(at, query("www.example.", "A"), options);
    expect([counters.nearMisses, ports().size]).toEqual([0, 1]);
  });

  test("with no more sockets to be had, idle ones make room; when none is idle the question fails and says why", async () => {
    const other = new Server();
    const third = new Server();
    const [atOther, atThird] = [await other.listen(), await third.listen()];
    const ask = asking({ sockets: 2 });
    await ask(at, query("www.example.", "A"), options);
    await ask(atOther, query("www.example.", "A"), options);
    await ask(atThird, query("www.example.", "A"), options);
    expect(sockets.open).toBe(2);
    const stop = new Stopper();
    const waiting = [atOther, atThird].map((silent) => {
      other.react = third.react = (request, _from, send): void => {
        if (request.question[0]?.name.labels[0]?.length === "again".length) send(good(request));
      };
      return ask(silent, query("www.example.", "A"), { ...options, signal: stop }).catch(() => "stopped");
    });
    await expect(ask(at, query("www.example.", "A"), options)).rejects.toThrow(ExchangeError);
    // A server that has a socket is still asked, on that one.
    await ask(atThird, query("again.example.", "A"), options);
    stop.abort(new Error("enough"));
    expect(await Promise.all(waiting)).toEqual(["stopped", "stopped"]);
    other.socket.close();
    third.socket.close();
  });

  test("nobody listens: all that wait there hear it at once, and the next question tries another port", async () => {
    const closed = new Server();
    const nowhere = await closed.listen();
    closed.socket.close();
    const ask = asking({ socketsPerServer: 1 });
    const tried = await Promise.allSettled([1, 2, 3].map(() => ask(nowhere, query("www.example.", "A"), options)));
    for (const { status } of tried) expect(status).toBe("rejected");
    expect(counters.timeouts).toBe(0);
    await expect(ask(nowhere, query("www.example.", "A"), options)).rejects.toMatchObject({ code: "UNREACHABLE" });
  });
});
