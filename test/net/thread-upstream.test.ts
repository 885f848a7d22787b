/** The sockets from which query threads ask servers, by the same rules as those of `upstream.test.ts`, on real sockets. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { type Endpoint, loadBatchSystem, loadStreamSystem, ThreadUpstream } from "../../net/index.ts";
import { OPEN_PLACES } from "../../net/thread-upstream.ts";

const SEED = 20;
const LIMITS = { socketsPerServer: 4, questions: 20, milliseconds: 1_000 };
const LOOKS_MAX = 500;

const batches = await loadBatchSystem();
const streams = await loadStreamSystem();
if (typeof batches === "string") process.stderr.write(`SKIPPED: batches (${batches}); npm ci brings koffi\n`);

/** A server on loopback that notes where questions come from, and sends each back as `reply` makes it. */
class Server {
  readonly socket: Socket = createSocket("udp4");
  readonly seen: { readonly port: number; readonly id: number }[] = [];
  reply: (octets: Uint8Array, from: RemoteInfo) => Uint8Array | null = (octets) => octets;

  async listen(): Promise<Endpoint> {
    this.socket.on("message", (octets, from) => {
      this.seen.push({ port: from.port, id: octets.readUInt16BE(0) });
      const reply = this.reply(octets, from);
      if (reply !== null) this.socket.send(reply, from.port, from.address);
    });
    this.socket.bind(0, "127.0.0.1");
    await once(this.socket, "listening");
    return { address: "127.0.0.1", port: this.socket.address().port };
  }
}

type Outcome = "received" | "suspected" | "failed";

describe.skipIf(typeof batches === "string")(`sockets of a query thread to servers, with seed ${SEED}`, () => {
  let server: Server;
  let at: Endpoint;
  let clock: SimulatedClock;
  let open: Int32Array;
  let upstream: ThreadUpstream;

  beforeEach(async () => {
    if (typeof batches === "string" || typeof streams === "string") return;
    server = new Server();
    at = await server.listen();
    clock = new SimulatedClock();
    open = new Int32Array(OPEN_PLACES);
    const random = new SeededRandom(SEED);
    upstream = new ThreadUpstream({ batches, streams, clock, random, clients: [], open, limits: LIMITS });
  });
  afterEach(() => {
    upstream.close();
    expect(open.every((place) => place === 0)).toBe(true);
    server.socket.close();
  });

  /** Asks so many questions in one turn; their outcomes come to the list that is returned. */
  function ask(count: number): Outcome[] {
    const outcomes: Outcome[] = [];
    for (let i = 0; i < count; i++) {
      const message = new Uint8Array(40);
      const end = (outcome: Outcome): void => {
        outcomes.push(outcome);
        sent!.end((message[0]! << 8) | message[1]!);
      };
      const sent = upstream.ask(at, message, message.length, {
        received: (octets, length) => {
          const isOurs = length === message.length && octets[2] === 0;
          if (isOurs) end("received");
          return isOurs;
        },
        suspected: () => end("suspected"),
        failed: () => end("failed"),
      });
      expect(sent).not.toBeNull();
    }
    upstream.endTurn(clock.now());
    return outcomes;
  }

  /** Looks for what came until nobody waits; the server is in this thread and needs its turns. */
  async function drain(): Promise<void> {
    for (let looks = 0; upstream.waiting > 0; looks++) {
      expect(looks, "looks for replies").toBeLessThan(LOOKS_MAX);
      await new Promise((resolve) => setImmediate(resolve));
      upstream.wait(1);
    }
  }

  const openSockets = (): number => open.filter((place) => place !== 0).length - 1;

  test("a server gets so many ports and no more, each for a bounded number of questions, no port and id twice", async () => {
    for (let turn = 0; turn < 60; turn++) {
      const outcomes = ask(5);
      await drain();
      expect(outcomes).toEqual(Array.from({ length: 5 }, () => "received"));
      expect(openSockets()).toBeLessThanOrEqual(LIMITS.socketsPerServer);
    }
    const questions = Map.groupBy(server.seen, ({ port }) => port);
    expect(questions.size).toBeGreaterThan((60 * 5) / LIMITS.questions);
    for (const [port, asked] of questions) {
      expect(asked.length, `questions of port ${port}`).toBeLessThanOrEqual(LIMITS.questions);
      expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
    }
  });

  test("more questions than one call takes go out in one turn", async () => {
    const outcomes = ask(150);
    await drain();
    expect(outcomes).toEqual(Array.from({ length: 150 }, () => "received"));
  });

  test("a socket ends when its time is up", async () => {
    ask(1);
    await drain();
    expect(openSockets()).toBe(1);
    await clock.advance(LIMITS.milliseconds);
    upstream.endTurn(clock.now());
    expect(openSockets()).toBe(0);
  });

  test("an id that nobody used makes all who wait there suspicious, and ends the port", async () => {
    server.reply = (octets) =>
      server.seen.length === 3 ? octets.map((octet, i) => (i < 2 ? octet ^ 0x55 : octet)) : null;
    const outcomes = ask(3);
    await drain();
    expect(outcomes).toEqual(["suspected", "suspected", "suspected"]);
    expect(openSockets()).toBe(0);
  });

  test("a reply to another question is a suspicion for its own question only", async () => {
    server.reply = (octets) => (server.seen.length === 1 ? octets.map((octet, i) => (i === 2 ? 1 : octet)) : octets);
    const outcomes = ask(3);
    await drain();
    expect(outcomes.toSorted()).toEqual(["received", "received", "suspected"]);
    expect(openSockets()).toBe(0);
  });

  test("a reply that comes twice or late fits nothing", async () => {
    server.reply = (octets, from) => {
      server.socket.send(octets, from.port, from.address);
      return octets;
    };
    for (let turn = 0; turn < 5; turn++) {
      const outcomes = ask(4);
      await drain();
      expect(outcomes).toEqual(["received", "received", "received", "received"]);
    }
  });

  test("where nobody listens, all who wait hear of it", async () => {
    const gone = new Server();
    const there = await gone.listen();
    gone.socket.close();
    await once(gone.socket, "close");
    const before = at;
    at = there;
    const outcomes = ask(2);
    await drain();
    at = before;
    expect(outcomes).toEqual(["failed", "failed"]);
    expect(openSockets()).toBe(0);
  });

  test("octets of a reply that is longer than we offered to take are no reply", async () => {
    server.reply = (octets) => {
      if (server.seen.length > 1) return octets;
      const long = new Uint8Array(5_000);
      long.set(octets);
      return long;
    };
    const outcomes = ask(2);
    for (let looks = 0; looks < 50 && outcomes.length < 1; looks++) {
      await new Promise((resolve) => setImmediate(resolve));
      upstream.wait(1);
    }
    expect(outcomes).toEqual(["received"]);
    expect(upstream.waiting).toBe(1);
  });
});
