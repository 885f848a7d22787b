import { describe, expect, test } from "vitest";
import { EDE, type Message, RCODE, type Rr } from "../../dns/index.ts";
import { Trace } from "../../resolver/index.ts";
import { records, reply, ROOT, texts, World } from "./world.ts";

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
    expect(engine.counts.bounds.get("cycle")).toBe(1);
    expect(world.asked.length).toBeLessThan(6);
    world.asked.length = 0;
    expect((await world.resolve(engine, "www.one.test.")).errors[0]!.infoCode).toBe(EDE.CACHED_ERROR);
    expect(world.asked).toHaveLength(0);
  });

  test("servers of servers of servers: lookups for lookups nest eight deep", async () => {
    const world = new World();
    rootFor(world);
    const zones = Array.from({ length: 20 }, (_, i) => `z${i}.test. 60 NS ns.z${i + 1}.test.`);
    world.server(TLD, { "test.": `${SOA("test.")}\n${zones.join("\n")}` });
    const engine = world.engine();
    expect((await world.resolve(engine, "www.z0.test.")).rcode).toBe(RCODE.SERVFAIL);
    expect(engine.counts.bounds.get("depth")).toBe(1);
    expect(world.asked.length).toBeLessThan(12);
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
