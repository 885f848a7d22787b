import { describe, expect, test } from "vitest";
import { EDE, type Message, RCODE, TYPE } from "../../dns/index.ts";
import { Trace } from "../../resolver/index.ts";
import { HINTS, query, reply, ROOT, texts, World } from "./world.ts";

const SOA = (apex: string): string => `${apex} 3600 SOA ns.${apex} admin. 1 3600 600 86400 300`;
const TLD = "198.51.100.1";
const TLD2 = "198.51.100.11";

/** The root, and the addresses of the servers of `test.`. */
function rootFor(world: World, tldAddresses = [TLD]): void {
  const lines = tldAddresses.map((address, i) => `test. 86400 NS ns${i}.test.\n ns${i}.test. 86400 A ${address}`);
  world.server(ROOT, { ".": `. 60 SOA a.root. admin. 1 1 1 1 60\n ${lines.join("\n")}` });
}

describe("servers that are not fit", () => {
  function twoServers(world: World): void {
    rootFor(world, [TLD, TLD2]);
  }
  const ZONE = { "test.": `${SOA("test.")}\n www.test. 1 A 203.0.113.5` };

  test.each([
    ["REFUSED", (_: Message, request: Message) => reply(request, { authoritative: false, rcode: RCODE.REFUSED })],
    ["SERVFAIL", (_: Message, request: Message) => reply(request, { authoritative: false, rcode: RCODE.SERVFAIL })],
    ["an answer without AA", (response: Message) => ({ ...response, authoritative: false })],
    [
      "an answer to another question",
      (response: Message, request: Message) => ({
        ...response,
        question: [{ ...request.question[0]!, type: TYPE.MX }],
      }),
    ],
    ["silence", () => null],
  ])("a server that gives %s is passed over for the other", async (_, mischief) => {
    const world = new World(3);
    twoServers(world);
    world.server(TLD, ZONE, mischief);
    world.server(TLD2, ZONE);
    const engine = world.engine();
    for (let i = 0; i < 8; i++) {
      expect(texts(await world.resolve(engine, "www.test."))).toEqual(["www.test. A 203.0.113.5"]);
      await world.clock.advance(1_000);
    }
    expect(world.askedOf(TLD).length).toBeLessThanOrEqual(3);
  });

  test.each([
    ["FORMERR", RCODE.FORMERR],
    ["NOTIMP", RCODE.NOTIMP],
    ["REFUSED", RCODE.REFUSED],
    ["SERVFAIL", RCODE.SERVFAIL],
  ])(
    "a server that gives %s for one type still answers for the others (RFC 9520 §3.2: of the question)",
    async (_, rcode) => {
      const world = new World();
      rootFor(world);
      world.server(TLD, ZONE, (response, request) =>
        request.question[0]!.type === TYPE.HTTPS
          ? reply(request, { rcode, authoritative: false, edns: null })
          : response,
      );
      const engine = world.engine();
      expect((await world.resolve(engine, "www.test.", "HTTPS")).rcode).toBe(RCODE.SERVFAIL);
      expect(texts(await world.resolve(engine, "www.test."))).toEqual(["www.test. A 203.0.113.5"]);
    },
  );

  test.each([
    ["NOTIMP", RCODE.NOTIMP],
    ["REFUSED", RCODE.REFUSED],
    ["SERVFAIL", RCODE.SERVFAIL],
  ])("%s to a minimised name: the whole name is asked (RFC 9156 §2.3)", async (_, rcode) => {
    const world = new World();
    rootFor(world);
    const zone = { "test.": `${SOA("test.")}\n a.b.c.test. 1 A 203.0.113.5` };
    world.server(TLD, zone, (response, request) =>
      request.question[0]!.name.labelCount < 4 ? reply(request, { rcode, authoritative: false, edns: null }) : response,
    );
    const engine = world.engine({ minimise: true });
    expect(texts(await world.resolve(engine, "a.b.c.test."))).toEqual(["a.b.c.test. A 203.0.113.5"]);
  });

  test("where nobody listens is asked once, and the failure is kept in every mode", async () => {
    for (const mode of ["iterative", "recursive"] as const) {
      const world = new World();
      const engine = world.engine({ mode });
      const first = await world.resolve(engine, "www.test.");
      expect([first.rcode, first.cost.messages]).toEqual([RCODE.SERVFAIL, 1]);
      expect((await world.resolve(engine, "www.test.")).cost.messages).toBe(0);
    }
  });

  test("a third of the datagrams lost, both servers sometimes silent: every question is answered", async () => {
    const world = new World(11);
    twoServers(world);
    world.server(TLD, ZONE);
    world.server(TLD2, ZONE);
    world.network.weather = { delayMilliseconds: 20, jitterMilliseconds: 30, loss: 0.2, duplication: 0.1 };
    const engine = world.engine();
    for (let i = 0; i < 30; i++) {
      expect(texts(await world.resolve(engine, "www.test.")), `seed ${world.seed}, question ${i}`).toHaveLength(1);
      await world.clock.advance(1_000);
    }
  });

  test("the faster server gets nearly all questions", async () => {
    const world = new World(5);
    twoServers(world);
    world.server(TLD, ZONE);
    world.server(TLD2, ZONE);
    const engine = world.engine();
    world.network.watch = ({ to }) => {
      world.network.weather = { ...world.network.weather, delayMilliseconds: to.address === TLD ? 5 : 60 };
    };
    for (let i = 0; i < 60; i++) {
      await world.resolve(engine, "www.test.");
      await world.clock.advance(1_000);
    }
    expect(world.askedOf(TLD).length).toBeGreaterThan(50);
  });

  test("all silent: SERVFAIL with an extended error, kept for 5 s and then for longer (RFC 9520 §3.2)", async () => {
    const world = new World();
    rootFor(world);
    world.server(TLD, ZONE, () => null);
    const engine = world.engine();
    const first = await world.resolve(engine, "www.test.");
    expect(first.errors[0]!.infoCode).toBe(EDE.NETWORK_ERROR);
    world.asked.length = 0;
    expect((await world.resolve(engine, "www.test.")).errors[0]!.infoCode).toBe(EDE.CACHED_ERROR);
    await world.clock.advance(4_900);
    await world.resolve(engine, "www.test.");
    expect(world.asked).toHaveLength(0);
    await world.clock.advance(100);
    await world.resolve(engine, "www.test.");
    expect(world.asked.length).toBeGreaterThan(0);
    world.asked.length = 0;
    await world.clock.advance(9_900);
    await world.resolve(engine, "www.test.");
    expect(world.asked).toHaveLength(0);
  });

  test("a cut response is asked for again over TCP (RFC 7766 §5)", async () => {
    const world = new World();
    rootFor(world);
    const many = Array.from({ length: 90 }, (_, i) => `big.test. 60 A 203.0.113.${i}`);
    world.server(TLD, { "test.": `${SOA("test.")}\n${many.join("\n")}` });
    const resolved = await world.resolve(world.engine(), "big.test.");
    expect(texts(resolved)).toHaveLength(90);
    expect(world.asked.map(({ transport }) => transport)).toEqual(["udp", "udp", "tcp"]);
  });

  test.each([
    ["FORMERR", RCODE.FORMERR],
    ["NOTIMP", RCODE.NOTIMP],
  ])("%s to EDNS: asked without it, and remembered (RFC 6891 §7)", async (_, rcode) => {
    const world = new World();
    rootFor(world);
    world.server(TLD, ZONE, (response, request) =>
      request.edns === null ? response : reply(request, { rcode, edns: null, question: [] }),
    );
    const engine = world.engine();
    expect(texts(await world.resolve(engine, "www.test."))).toHaveLength(1);
    await world.clock.advance(2_000);
    await world.resolve(engine, "www.test.");
    const manners = world.asked.filter(({ server }) => server === TLD).map(({ edns }) => edns);
    expect(manners).toEqual([true, false, false]);
  });

  test("a server that drops EDNS in silence is asked without it in the end", async () => {
    const world = new World();
    rootFor(world);
    world.server(TLD, ZONE, (response, request) => (request.edns === null ? response : null));
    expect(texts(await world.resolve(world.engine(), "www.test."))).toHaveLength(1);
  });

  test.each([
    ["0.1.2.3", "no server can have this address"],
    ["224.0.0.1", "no server can have this address"],
    ["255.255.255.255", "no server can have this address"],
    ["127.0.0.1", "a private address, and this name space is a public one"],
    ["10.1.2.3", "a private address, and this name space is a public one"],
    ["192.168.1.1", "a private address, and this name space is a public one"],
    ["192.0.2.53", "our own address"],
  ])("a referral to %s is not followed: %s", async (address, why) => {
    const world = new World();
    rootFor(world);
    world.server(TLD, { "test.": `${SOA("test.")}\n trap.test. 60 NS ns.trap.test.\n ns.trap.test. 60 A ${address}` });
    world.server(address, { "trap.test.": `${SOA("trap.test.")}\n www.trap.test. 60 A 203.0.113.1` });
    const trace = new Trace();
    const engine = world.engine({ own: [{ address: "192.0.2.53", port: 53 }] });
    const resolved = await world.resolve(engine, "www.trap.test.", "A", trace);
    expect(resolved.rcode).toBe(RCODE.SERVFAIL);
    expect(world.askedOf(address)).toEqual([]);
    expect(JSON.stringify(trace.steps)).toContain(why);
    // Whoever asked without a trace hears it as well (RFC 8914).
    expect(resolved.errors[0]!.text).toContain(`ns.trap.test. ${address} is not asked: ${why}`);
  });

  test("private addresses are followed where the hints are private themselves", async () => {
    const world = new World();
    const hintsText = HINTS.replaceAll(ROOT, "127.0.1.1");
    world.server("127.0.1.1", { ".": `. 60 SOA a. b. 1 1 1 1 60\n test. 60 NS ns.test.\n ns.test. 60 A 127.0.1.2` });
    world.server("127.0.1.2", ZONE);
    expect(texts(await world.resolve(world.engine({ hintsText }), "www.test."))).toHaveLength(1);
  });

  test("signatures are asked for when the client asks, and an answer without them does not serve it", async () => {
    const world = new World();
    rootFor(world);
    const dnssec: boolean[] = [];
    world.server(TLD, ZONE, (response, request) => {
      dnssec.push(request.edns?.dnssecOk === true);
      return response;
    });
    const engine = world.engine({ cache: { ttlSecondsMin: 60 } });
    const { signal } = new AbortController();
    await world.resolve(engine, "www.test.");
    await world.clock.run(engine.resolve(query("www.test.", "A", { dnssecOk: true }), { signal }));
    await world.resolve(engine, "www.test.");
    expect(dnssec).toEqual([false, true]);
  });
});
