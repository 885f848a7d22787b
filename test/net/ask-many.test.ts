/** One contract for every AskMany: the system's sockets and the simulated network must behave alike. */
import { afterEach, describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { encodeMessage, type Message } from "../../dns/index.ts";
import { type Endpoint, LATER, MemoryNetwork } from "../../net/index.ts";
import { answering, type AskWorld, memoryWorld, systemWorld } from "../support/ask-worlds.ts";
import { query, rr } from "../support/messages.ts";

/** The request's response with that many records of A, so that messages can be told apart. */
const part = (request: Message, records: number): Message => ({
  ...request,
  response: true,
  answer: Array.from({ length: records }, (_, i) => rr(`www.example. 300 A 192.0.2.${i}`)),
});

interface Taking {
  readonly idleMilliseconds?: number;
  readonly timeoutMilliseconds?: number;
  readonly signal?: AbortSignal;
  /** Messages that are wanted. */
  readonly count?: number;
}

describe.each([
  ["the simulated network", memoryWorld],
  ["the system's network", systemWorld],
])("asking for many messages over %s", (_where, makeWorld) => {
  let world: AskWorld;
  afterEach(() => world.close());

  /** Records of each message that came. */
  async function take(server: Endpoint, taking: Taking = {}): Promise<number[]> {
    const { idleMilliseconds = 5000, timeoutMilliseconds = 10_000, count = 3 } = taking;
    const { signal = new AbortController().signal } = taking;
    const counts: number[] = [];
    const asked = world.askMany(server, query("example.", "AXFR"), {
      idleMilliseconds,
      timeoutMilliseconds,
      signal,
      take: ({ answer }) => (counts.push(answer.length) < count ? "more" : "done"),
    });
    await world.run(asked);
    return counts;
  }

  test("all messages come, in order, as far as they are wanted", async () => {
    world = makeWorld();
    const server = await world.listen(answering((request) => [1, 2, 3, 4, 5].map((n) => part(request, n))));
    expect(await take(server)).toEqual([1, 2, 3]);
    expect(await take(server, { count: 5 })).toEqual([1, 2, 3, 4, 5]);
  });

  test("messages after the first may leave the question out (RFC 5936 §2.2.2)", async () => {
    world = makeWorld();
    const server = await world.listen(
      answering((request) => [part(request, 1), { ...part(request, 2), question: [] }, part(request, 3)]),
    );
    expect(await take(server)).toEqual([1, 2, 3]);
  });

  test("65535 octets, hundreds of times", async () => {
    world = makeWorld();
    const txt = { ...rr("www.example. 300 TXT a"), rdata: new Uint8Array(65_000).fill(0) };
    const server = await world.listen(
      answering((request) => Array.from({ length: 10 }, () => ({ ...part(request, 0), answer: [txt] }))),
    );
    expect(await take(server, { count: 10 })).toHaveLength(10);
  });

  test.each<[string, (request: Message) => Message | Uint8Array]>([
    ["another id", (request) => ({ ...part(request, 1), id: request.id ^ 1 })],
    ["another question", (request) => ({ ...part(request, 1), question: query("a.example.", "AXFR").question })],
    ["a query", (request) => ({ ...part(request, 1), response: false })],
    ["half a message", (request) => encodeMessage(part(request, 1)).slice(0, -3)],
    ["a message of one octet", () => new Uint8Array(1)],
  ])("%s, first or later: MALFORMED at once", async (_what, wrong) => {
    world = makeWorld();
    const first = await world.listen(answering((request) => [wrong(request), part(request, 2)]));
    await expect(take(first)).rejects.toMatchObject({ code: "MALFORMED" });
    await world.close();
    world = makeWorld();
    const later = await world.listen(answering((request) => [part(request, 1), wrong(request), part(request, 3)]));
    await expect(take(later)).rejects.toMatchObject({ code: "MALFORMED" });
  });

  test("no question in the first message: MALFORMED", async () => {
    world = makeWorld();
    const server = await world.listen(answering((request) => [{ ...part(request, 1), question: [] }]));
    await expect(take(server)).rejects.toMatchObject({ code: "MALFORMED" });
  });

  test.each([
    ["nothing comes at all", 0],
    ["no more comes", 2],
  ])("%s: TIMEOUT after the idle time", async (_what, sent) => {
    world = makeWorld();
    const server = await world.listen(
      answering((request) => Array.from({ length: sent }, (_, i) => part(request, i + 1))),
    );
    const asked = take(server, { idleMilliseconds: 40 });
    await expect(asked).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(asked).rejects.toThrow("sent nothing in 40 ms");
  });

  test("nobody listens: UNREACHABLE", async () => {
    world = makeWorld();
    const server = await world.listen(
      answering((request) => [part(request, 1)]),
      ["udp"],
    );
    await expect(take(server)).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  test("what the taker throws ends it, and it is given no more", async () => {
    world = makeWorld();
    const server = await world.listen(answering((request) => [1, 2, 3].map((n) => part(request, n))));
    let taken = 0;
    const asked = world.askMany(server, query("example.", "AXFR"), {
      idleMilliseconds: 5000,
      timeoutMilliseconds: 5000,
      signal: new AbortController().signal,
      take: () => {
        taken++;
        throw new Error("not that");
      },
    });
    await expect(world.run(asked)).rejects.toThrow("not that");
    expect(taken).toBe(1);
  });

  test("an abort ends it with its reason", async () => {
    world = makeWorld();
    const controller = new AbortController();
    const server = await world.listen({
      handle: (): number => {
        controller.abort(new Error("no longer wanted"));
        return 0;
      },
    });
    await expect(take(server, { signal: controller.signal })).rejects.toThrow("no longer wanted");
    await expect(take(server, { signal: controller.signal })).rejects.toThrow("no longer wanted");
  });
});

const server = { address: "192.0.2.53", port: 53 };

test("who sends a little now and then keeps nobody for ever: TIMEOUT after the whole time", async () => {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock, new SeededRandom(1));
  network.attach(server, {
    handle(request, _response, _peer, later) {
      const octets = request.slice();
      octets[2]! |= 0x80;
      const drip = (): void => {
        later(octets, "more");
        clock.after(900, drip);
      };
      drip();
      return LATER;
    },
  });
  const asked = network.askMany("192.0.2.1")(server, query("example.", "AXFR"), {
    idleMilliseconds: 1000,
    timeoutMilliseconds: 60_000,
    signal: new AbortController().signal,
    take: () => "more",
  });
  await expect(clock.run(asked)).rejects.toThrow("did not end in 60000 ms");
});

test("over a network that reorders, a stream keeps its order; what is cut in the middle gives no later message", async () => {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock, new SeededRandom(3), { jitterMilliseconds: 500 });
  network.attach(
    server,
    answering((request) => Array.from({ length: 50 }, (_, i) => part(request, i + 1))),
  );
  const taken: number[] = [];
  const askMany = (): Promise<void> =>
    network.askMany("192.0.2.1")(server, query("example.", "AXFR"), {
      idleMilliseconds: 3000,
      timeoutMilliseconds: 60_000,
      signal: new AbortController().signal,
      take: ({ answer }) => (taken.push(answer.length) < 50 ? "more" : "done"),
    });
  await clock.run(askMany());
  expect(taken).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));

  taken.length = 0;
  let back = 0;
  network.watch = ({ from, octets }) => {
    if (from.address !== server.address || octets.length === 0) return;
    back++;
    if (back === 20) network.partition("192.0.2.1", server.address);
    if (back === 21) network.heal();
  };
  await expect(clock.run(askMany())).rejects.toThrow("sent nothing in 3000 ms");
  expect(taken.length).toBeLessThan(20);
});
