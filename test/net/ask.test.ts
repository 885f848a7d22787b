/** One contract for every Ask: the system's sockets and the simulated network must behave alike. */
import { afterEach, describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { encodeMessage, type Message } from "../../dns/index.ts";
import {
  AskCounters,
  askOver,
  type Endpoint,
  ExchangeError,
  type StartAttempt,
  type Transport,
} from "../../net/index.ts";
import { answering, type AskWorld, memoryWorld, systemWorld } from "../support/ask-worlds.ts";
import { query, rr } from "../support/messages.ts";

const ANSWER = rr("www.example. 300 A 192.0.2.7");

const good = (request: Message): Message => ({ ...request, response: true, answer: [ANSWER] });

describe.each([
  ["the simulated network", memoryWorld],
  ["the system's network", systemWorld],
])("asking over %s", (_where, makeWorld) => {
  let world: AskWorld;
  afterEach(() => world.close());

  const ask = (
    server: Endpoint,
    transport: Transport,
    timeoutMilliseconds = 5000,
    signal = new AbortController().signal,
  ) => world.run(world.ask(server, query("www.example.", "A"), { transport, timeoutMilliseconds, signal }));

  test.each(["udp", "tcp"] as const)("%s: the response comes back, in the case that was asked", async (transport) => {
    world = makeWorld();
    const server = await world.listen(answering((request) => [good(request)]));
    const reply = await ask(server, transport);
    expect(reply.message.question[0]!.name.toString()).toBe("www.example.");
    expect(reply.message.answer).toHaveLength(1);
    expect(reply.message.answer[0]!.owner.toString()).toBe("www.example.");
    expect(reply.octets).toBeGreaterThan(40);
    expect(reply.roundTripMilliseconds).toBeGreaterThan(0);
  });

  test("udp: letters of the question go out in random case, the id is ours to choose", async () => {
    world = makeWorld();
    const seen: string[] = [];
    const server = await world.listen(
      answering((request) => {
        seen.push(`${request.id} ${request.question[0]!.name.toString()}`);
        return [good(request)];
      }),
    );
    await ask(server, "udp");
    await ask(server, "udp");
    expect(new Set(seen).size).toBe(2);
    expect(seen.every((one) => one.toLowerCase().endsWith("www.example."))).toBe(true);
    expect(seen.some((one) => !one.endsWith("www.example."))).toBe(true);
  });

  test.each([
    ["a wrong id", (request: Message) => ({ ...good(request), id: request.id ^ 1 })],
    ["another question", (request: Message) => ({ ...good(request), question: query("evil.example.", "A").question })],
    [
      "the question in lower case",
      (request: Message) => ({ ...good(request), question: query("www.example.", "A").question }),
    ],
    ["no question though it says NOERROR", (request: Message) => ({ ...good(request), question: [] })],
    ["a query in place of a response", (request: Message) => ({ ...good(request), response: false })],
    ["another opcode", (request: Message) => ({ ...good(request), opcode: 4 })],
  ])("udp: after %s the question moves to TCP", async (_what, forge) => {
    world = makeWorld();
    const forged = { ...rr("www.example. 300 A 203.0.113.66") };
    const server = await world.listen(
      answering((request, transport) =>
        transport === "udp"
          ? [
              { ...forge(request), answer: [forged] },
              { ...good(request), answer: [forged] },
            ]
          : [good(request)],
      ),
    );
    const reply = await ask(server, "udp");
    expect([...reply.message.answer[0]!.rdata]).toEqual([192, 0, 2, 7]);
    expect(world.counters.nearMisses).toBeGreaterThan(0);
  });

  test("udp: after a wrong reply, where the server speaks no TCP, the right one is believed after all", async () => {
    world = makeWorld();
    const server = await world.listen(
      answering((request) => [{ ...good(request), id: request.id ^ 1 }, good(request)]),
      ["udp"],
    );
    const reply = await ask(server, "udp");
    expect(reply.message.answer).toHaveLength(1);
  });

  test("udp: a malformed reply does not end the wait", async () => {
    world = makeWorld();
    const server = await world.listen(
      answering((request) => [encodeMessage(good(request)).slice(0, -1), good(request)]),
    );
    const reply = await ask(server, "udp");
    expect(reply.message.answer).toHaveLength(1);
    expect(world.counters.malformed).toBe(1);
  });

  test("a header alone is believed when it reports an error (RFC 1035 §4.1.1)", async () => {
    world = makeWorld();
    const server = await world.listen(answering((request) => [{ ...request, response: true, rcode: 1, question: [] }]));
    expect((await ask(server, "udp")).message.rcode).toBe(1);
  });

  test.each([
    ["udp", "TIMEOUT", []],
    ["tcp", "TIMEOUT", []],
    ["udp", "MALFORMED", ["broken"]],
  ] as const)("%s: %s when nothing better comes in time", async (transport, code, responses) => {
    world = makeWorld();
    const server = await world.listen(
      answering((request) => responses.map(() => encodeMessage(good(request)).slice(0, -1))),
    );
    await expect(ask(server, transport, 50)).rejects.toMatchObject({ code } satisfies Partial<ExchangeError>);
  });

  test.each(["udp", "tcp"] as const)("%s: UNREACHABLE at once when nobody listens", async (transport) => {
    world = makeWorld();
    const other: Transport = transport === "udp" ? "tcp" : "udp";
    const server = await world.listen(
      answering((request) => [good(request)]),
      [other],
    );
    await expect(ask(server, transport)).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  test.each(["udp", "tcp"] as const)("%s: an abort ends the wait with its reason", async (transport) => {
    world = makeWorld();
    const controller = new AbortController();
    const server = await world.listen({
      handle: (): number => {
        controller.abort(new Error("no longer wanted"));
        return 0;
      },
    });
    await expect(ask(server, transport, 5000, controller.signal)).rejects.toThrow("no longer wanted");
  });

  test("what was aborted before is not asked", async () => {
    world = makeWorld();
    const signal = AbortSignal.abort(new Error("too late"));
    const server = await world.listen(answering((request) => [good(request)]));
    await expect(ask(server, "udp", 5000, signal)).rejects.toThrow("too late");
    expect(world.counters.sent).toBe(0);
  });

  test("tcp carries 65535 octets", async () => {
    world = makeWorld();
    const txt = { ...rr("www.example. 300 TXT a"), rdata: new Uint8Array(65_000).fill(0) };
    const server = await world.listen(answering((request) => [{ ...request, response: true, answer: [txt] }]));
    const reply = await ask(server, "tcp");
    expect(reply.message.answer[0]!.rdata.length).toBe(65_000);
    expect(reply.octets).toBeGreaterThan(65_000);
  });
});

test("many wrong replies turn one question to TCP once (DESIGN §8)", async () => {
  const clock = new SimulatedClock();
  const counters = new AskCounters();
  const started: Transport[] = [];
  const start: StartAttempt = (transport, _server, _asked, events) => {
    started.push(transport);
    if (transport === "tcp") events.failed(new ExchangeError("UNREACHABLE", "nobody listens"));
    else for (let i = 0; i < 100; i++) clock.after(1 + i, () => events.stray("stray"));
    return { close: () => undefined };
  };
  const ask = askOver(start, { clock, random: new SeededRandom(1), counters });
  const server = { address: "192.0.2.53", port: 53 };
  const { signal } = new AbortController();
  const asked = ask(server, query("www.example.", "A"), { transport: "udp", timeoutMilliseconds: 500, signal });
  await expect(clock.run(asked)).rejects.toThrow("did not answer");
  expect(started).toEqual(["udp", "tcp"]);
  expect(counters.nearMisses).toBe(100);
});
