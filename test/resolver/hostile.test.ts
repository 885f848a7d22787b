import { describe, expect, test } from "vitest";
import { EDE, type Message, RCODE, type Rr, TYPE } from "../../dns/index.ts";
import { Trace } from "../../resolver/index.ts";
import { HINTS, query, records, reply, ROOT, texts, World } from "./world.ts";

const SOA = (apex: string): string => `${apex} 3600 SOA ns.${apex} admin. 1 3600 600 86400 300`;
const TLD = "198.51.100.1";
const TLD2 = "198.51.100.11";
const GOOD = "198.51.100.2";
const EVIL = "198.51.100.66";
const EVIL2 = "198.51.100.67";

/** The root, and `test.` with a good and an evil zone. */
function rootFor(world: World, tldAddresses = [TLD]): void {
  const lines = tldAddresses.map((address, i) => `test. 86400 NS ns${i}.test.\n ns${i}.test. 86400 A ${address}`);
  world.server(ROOT, { ".": `. 60 SOA a.root. admin. 1 1 1 1 60\n ${lines.join("\n")}` });
}

const TEST_ZONE = `
  ${SOA("test.")}
  good.test. 3600 NS ns.good.test.
  ns.good.test. 3600 A ${GOOD}
  evil.test. 3600 NS ns.evil.test.
  ns.evil.test. 3600 A ${EVIL}
`;

const GOOD_ZONE = `
  ${SOA("good.test.")}
  ns.good.test. 3600 A ${GOOD}
  www.good.test. 3600 A 203.0.113.1
`;

/** A server of evil.test that adds to each answer what the test wants believed. */
function poisoned(change: (response: Message) => Partial<Message>, seed = 1): World {
  const world = new World(seed);
  rootFor(world);
  world.server(TLD, { "test.": TEST_ZONE });
  world.server(GOOD, { "good.test.": GOOD_ZONE });
  world.server(EVIL, { "evil.test.": `${SOA("evil.test.")}\n www.evil.test. 60 A 203.0.113.66` }, (response) => ({
    ...response,
    ...change(response),
  }));
  return world;
}

describe("poisoning", () => {
  const forgedRecords: readonly (readonly [string, (response: Message) => Partial<Message>])[] = [
    [
      "an answer for another zone's name",
      ({ answer }) => ({ answer: [...answer, ...records("www.good.test. 9999 A 203.0.113.66")] }),
    ],
    [
      "an alias with the forged target's address",
      () => ({ answer: records("www.evil.test. 60 CNAME www.good.test.\nwww.good.test. 9999 A 203.0.113.66") }),
    ],
    ["NS of another zone in the authority section", () => ({ authority: records("good.test. 9999 NS ns.evil.test.") })],
    ["NS of the parent in the authority section", () => ({ authority: records("test. 9999 NS ns.evil.test.") })],
    ["an address of another zone's server", () => ({ additional: records(`ns.good.test. 9999 A ${EVIL}`) })],
    [
      "NS and forged glue together",
      () => ({
        authority: records("good.test. 9999 NS ns.good.test."),
        additional: records(`ns.good.test. 9999 A ${EVIL}`),
      }),
    ],
    [
      "a DNAME above its zone",
      () => ({ answer: records("test. 9999 DNAME evil.test.\nwww.evil.test. 60 A 203.0.113.66") }),
    ],
  ];
  test.each(forgedRecords)("%s is not believed (RFC 5452 §6)", async (_, change) => {
    const world = poisoned(change);
    const engine = world.engine();
    await world.resolve(engine, "www.evil.test.");
    const resolved = await world.resolve(engine, "www.good.test.");
    expect(texts(resolved)).toEqual(["www.good.test. A 203.0.113.1"]);
  });

  test("a referral upwards or sideways is a lame answer", async () => {
    const world = poisoned(() => ({
      authoritative: false,
      answer: [],
      authority: records("test. 9999 NS ns.evil.test."),
      additional: records(`ns.evil.test. 9999 A ${EVIL}`),
    }));
    const engine = world.engine();
    expect((await world.resolve(engine, "www.evil.test.")).rcode).toBe(RCODE.SERVFAIL);
    expect(texts(await world.resolve(engine, "www.good.test."))).toEqual(["www.good.test. A 203.0.113.1"]);
  });

  test("what was not believed stands in the trace", async () => {
    const world = poisoned(({ answer }) => ({ answer: [...answer, ...records("www.good.test. 9999 A 203.0.113.66")] }));
    const trace = new Trace();
    await world.resolve(world.engine(), "www.evil.test.", "A", trace);
    const last = trace.steps.at(-1)!;
    expect(last.kind === "ask" && last.ignored).toEqual(["www.good.test. A: outside evil.test."]);
  });

  test("a denial whose SOA is not above the name denies nothing", async () => {
    const world = poisoned((response) => ({
      rcode: RCODE.NXDOMAIN,
      answer: [],
      authority: records("good.test. 60 SOA a. b. 1 1 1 1 9999"),
      authoritative: response.authoritative,
    }));
    const engine = world.engine();
    await world.resolve(engine, "www.evil.test.");
    expect((await world.resolve(engine, "www.good.test.")).rcode).toBe(RCODE.NOERROR);
  });
});

describe("ghost domains", () => {
  test("a child that goes on answering does not outlive the delegation its parent ended", async () => {
    const world = new World();
    rootFor(world);
    let revoked = false;
    world.server(TLD, { "test.": TEST_ZONE }, (response, request) =>
      revoked ? reply(request, { rcode: RCODE.NXDOMAIN, authority: records(SOA("test.")) }) : response,
    );
    world.server(EVIL, {
      "evil.test.": `${SOA("evil.test.")}
        evil.test. 86400 NS ns.evil.test.
        ns.evil.test. 86400 A ${EVIL}
        a.evil.test. 1 A 203.0.113.66
        sub.evil.test. 86400 NS ns.sub.evil.test.
        ns.sub.evil.test. 86400 A ${EVIL2}`,
    });
    world.server(EVIL2, { "sub.evil.test.": `${SOA("sub.evil.test.")}\n a.sub.evil.test. 1 A 203.0.113.66` });
    const engine = world.engine();
    await world.resolve(engine, "a.sub.evil.test.");
    revoked = true;
    for (let hour = 0; hour < 4; hour++) {
      await world.clock.advance(1_000_000);
      await world.resolve(engine, "evil.test.", "NS");
      await world.resolve(engine, "a.evil.test.");
      await world.resolve(engine, "a.sub.evil.test.");
    }
    expect((await world.resolve(engine, "a.evil.test.")).rcode).toBe(RCODE.NXDOMAIN);
    expect((await world.resolve(engine, "a.sub.evil.test.")).rcode).toBe(RCODE.NXDOMAIN);
  });
});

describe("costs", () => {
  test("a referral to 135 names costs at most five lookups (NXNSAttack)", async () => {
    const world = new World();
    rootFor(world);
    const names = Array.from({ length: 135 }, (_, i) => `attack.test. 3600 NS ns${i}.good.test.`);
    world.server(TLD, { "test.": `${TEST_ZONE}\n${names.join("\n")}` });
    world.server(GOOD, { "good.test.": GOOD_ZONE });
    const engine = world.engine();
    const trace = new Trace();
    const resolved = await world.resolve(engine, "www.attack.test.", "A", trace);
    expect(resolved.rcode).toBe(RCODE.SERVFAIL);
    expect(world.askedOf(GOOD)).toHaveLength(5);
    expect(world.asked.length).toBeLessThan(12);
    const bounds = trace.steps.filter((step) => step.kind === "bound").map((step) => step.bound);
    expect(bounds).toEqual(["name-servers", "glueless-names"]);
  });

  /** Zones whose servers' names lie in further zones whose servers' names …: each lookup costs several more. */
  function fanOut(world: World): void {
    const pool = "0123456789abcdef";
    rootFor(world);
    world.server(TLD, {}, (_, request) => {
      const { name } = request.question[0]!;
      const zone = name.ancestor(Math.min(2, name.labelCount));
      const authority: Rr[] = Array.from({ length: 13 }, (_, i) => {
        const label = [...pool].map(() => pool[world.random.below(16)]).join("");
        return records(`${zone.toString()} 0 NS ns.${label}${i}.test.`)[0]!;
      });
      return reply(request, { authoritative: false, authority });
    });
  }

  test("one budget for all sub-queries, never reset: 128 messages", async () => {
    const world = new World(7);
    fanOut(world);
    const engine = world.engine({ limits: { octets: 10_000_000, milliseconds: 1e9 } });
    const resolved = await world.resolve(engine, "www.attack.test.");
    expect(resolved.failure?.text).toBeDefined();
    expect(resolved.cost.messages).toBeLessThanOrEqual(128);
    expect(world.asked.length).toBe(resolved.cost.messages);
    expect(engine.counts.bounds.get("messages") ?? 0).toBeGreaterThan(0);
  });

  test("100 kB", async () => {
    const world = new World(8);
    fanOut(world);
    const resolved = await world.resolve(
      world.engine({ limits: { octets: 5_000, milliseconds: 1e9 } }),
      "www.attack.test.",
    );
    expect(resolved.cost.octets).toBeLessThan(5_000 + 1_500);
    expect(resolved.cost.messages).toBeLessThan(20);
  });

  test("10 s", async () => {
    const world = new World();
    rootFor(world, [TLD, TLD2, "198.51.100.12", "198.51.100.13", "198.51.100.14", "198.51.100.15", "198.51.100.16"]);
    for (const last of [1, 11, 12, 13, 14, 15, 16]) world.network.silence(`198.51.100.${last}`);
    for (const last of [1, 11, 12, 13, 14, 15, 16]) world.server(`198.51.100.${last}`, {});
    const begun = world.clock.now();
    const resolved = await world.resolve(world.engine(), "www.good.test.");
    expect(resolved.rcode).toBe(RCODE.SERVFAIL);
    expect(world.clock.now() - begun).toBeLessThanOrEqual(10_000);
  });

  test("two zones that are each served from the other end at once (TsuNAME)", async () => {
    const world = new World();
    rootFor(world);
    world.server(TLD, { "test.": `${SOA("test.")}\n one.test. 60 NS ns.two.test.\n two.test. 60 NS ns.one.test.` });
    const engine = world.engine();
    const trace = new Trace();
    const resolved = await world.resolve(engine, "www.one.test.", "A", trace);
    expect(resolved.rcode).toBe(RCODE.SERVFAIL);
    expect(JSON.stringify(trace.steps)).toContain('"bound":"cycle"');
    expect(world.asked.length).toBeLessThan(6);
    world.asked.length = 0;
    expect((await world.resolve(engine, "www.one.test.")).errors[0]!.infoCode).toBe(EDE.CACHED_ERROR);
    expect(world.asked).toHaveLength(0);
  });

  test("a zone served only from inside itself without glue is not looked up", async () => {
    const world = new World();
    rootFor(world);
    world.server(TLD, { "test.": `${SOA("test.")}\n self.test. 60 NS ns.self.test.` });
    expect((await world.resolve(world.engine(), "www.self.test.")).rcode).toBe(RCODE.SERVFAIL);
    expect(world.asked).toHaveLength(2);
  });

  test.each([
    [11, RCODE.NOERROR],
    [12, RCODE.SERVFAIL],
  ])("%i aliases in a row give rcode %i", async (count, rcode) => {
    const world = new World();
    rootFor(world);
    const chain = Array.from({ length: count }, (_, i) => `a${i}.test. 60 CNAME a${i + 1}.test.`);
    world.server(TLD, { "test.": `${SOA("test.")}\n${chain.join("\n")}\n a${count}.test. 60 A 203.0.113.5` });
    const resolved = await world.resolve(world.engine(), "a0.test.");
    expect(resolved.rcode).toBe(rcode);
    expect(world.asked.length).toBeLessThan(16);
  });
});

describe("servers", () => {
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
    expect((await world.resolve(engine, "www.trap.test.", "A", trace)).rcode).toBe(RCODE.SERVFAIL);
    expect(world.askedOf(address)).toEqual([]);
    expect(JSON.stringify(trace.steps)).toContain(why);
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
