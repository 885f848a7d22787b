import { expect, test } from "vitest";
import { RCODE } from "../../dns/index.ts";
import { formatTrace, Trace } from "../../resolver/index.ts";
import { HINTS, query, records, reply, ROOT, texts, World } from "./world.ts";

const SOA = (apex: string): string => `${apex} 3600 SOA ns.${apex === "." ? "" : apex} admin. 1 3600 600 86400 300`;

/** root → nl → vu.nl → cs.vu.nl, each with one server, and com with firstbank.com. */
export function internet(seed = 1): World {
  const world = new World(seed);
  world.server(ROOT, {
    ".": `
      ${SOA(".")}
      . 518400 NS a.root.
      a.root. 518400 A ${ROOT}
      nl. 172800 NS ns.nl.
      ns.nl. 172800 A 198.51.100.1
      com. 172800 NS ns.com.
      ns.com. 172800 A 198.51.100.2
    `,
  });
  world.server("198.51.100.1", {
    "nl.": `
      ${SOA("nl.")}
      nl. 172800 NS ns.nl.
      ns.nl. 172800 A 198.51.100.1
      vu.nl. 3600 NS ns.vu.nl.
      ns.vu.nl. 3600 A 198.51.100.3
      glueless.nl. 3600 NS ns.firstbank.com.
    `,
  });
  world.server("198.51.100.2", {
    "com.": `
      ${SOA("com.")}
      firstbank.com. 3600 NS ns.firstbank.com.
      ns.firstbank.com. 3600 A 198.51.100.4
    `,
  });
  world.server("198.51.100.3", {
    "vu.nl.": `
      ${SOA("vu.nl.")}
      vu.nl. 3600 NS ns.vu.nl.
      ns.vu.nl. 3600 A 198.51.100.3
      www.vu.nl. 3600 CNAME www.cs.vu.nl.
      bank.vu.nl. 3600 CNAME www.firstbank.com.
      loop.vu.nl. 3600 CNAME loop2.vu.nl.
      loop2.vu.nl. 3600 CNAME loop.vu.nl.
      old.vu.nl. 3600 DNAME cs.vu.nl.
      cs.vu.nl. 3600 NS ns.cs.vu.nl.
      ns.cs.vu.nl. 3600 A 198.51.100.5
    `,
  });
  world.server("198.51.100.4", {
    "firstbank.com.": `
      ${SOA("firstbank.com.")}
      ns.firstbank.com. 3600 A 198.51.100.4
      www.firstbank.com. 3600 A 203.0.113.7
    `,
    "glueless.nl.": `
      ${SOA("glueless.nl.")}
      www.glueless.nl. 60 A 203.0.113.8
    `,
  });
  world.server("198.51.100.5", {
    "cs.vu.nl.": `
      ${SOA("cs.vu.nl.")}
      cs.vu.nl. 30 NS ns.cs.vu.nl.
      ns.cs.vu.nl. 30 A 198.51.100.5
      www.cs.vu.nl. 30 A 192.0.2.1
      www.cs.vu.nl. 30 AAAA 2001:db8::1
      moving.cs.vu.nl. 0 A 192.0.2.9
      a.b.cs.vu.nl. 30 A 192.0.2.3
    `,
  });
  return world;
}

test("a cold iterative resolution walks from the root one layer at a time", async () => {
  const world = internet();
  const resolved = await world.resolve(world.engine(), "www.cs.vu.nl.");
  expect(texts(resolved)).toEqual(["www.cs.vu.nl. A 192.0.2.1"]);
  expect(world.asked.map(({ server }) => server)).toEqual([ROOT, "198.51.100.1", "198.51.100.3", "198.51.100.5"]);
  expect(world.asked.every(({ rd, edns, transport }) => !rd && edns && transport === "udp")).toBe(true);
  expect(resolved.cost.messages).toBe(4);
});

test("a warm resolution asks nobody, a neighbour only the last server, and TTLs count down", async () => {
  const world = internet();
  const engine = world.engine();
  await world.resolve(engine, "www.cs.vu.nl.");
  await world.clock.advance(10_000);
  world.asked.length = 0;
  const warm = await world.resolve(engine, "www.cs.vu.nl.");
  expect(warm.answer[0]!.ttlSeconds).toBe(20);
  expect(world.asked).toHaveLength(0);
  await world.resolve(engine, "a.b.cs.vu.nl.");
  expect(world.asked.map(({ server }) => server)).toEqual(["198.51.100.5"]);
});

test("a record lives for its TTL and then is asked again; one with TTL 0 is never kept (RFC 1035 §3.2.1)", async () => {
  const world = internet();
  const engine = world.engine();
  await world.resolve(engine, "www.cs.vu.nl.");
  await world.clock.advance(30_000);
  world.asked.length = 0;
  await world.resolve(engine, "www.cs.vu.nl.");
  expect(world.asked).toHaveLength(1);
  await world.resolve(engine, "moving.cs.vu.nl.");
  await world.resolve(engine, "moving.cs.vu.nl.");
  expect(world.askedOf("198.51.100.5").filter((question) => question === "moving.cs.vu.nl. A")).toHaveLength(2);
});

test.each<readonly [string, string, number, string]>([
  ["gone.cs.vu.nl.", "A", RCODE.NXDOMAIN, "the name does not exist (RFC 2308 §2.1)"],
  ["www.cs.vu.nl.", "MX", RCODE.NOERROR, "the name has no such type (RFC 2308 §2.2)"],
  ["b.cs.vu.nl.", "A", RCODE.NOERROR, "an empty non-terminal (RFC 8020)"],
])("%s %s is denied and the denial is kept for the SOA's MINIMUM: %s %s", async (name, type, rcode) => {
  const world = internet();
  const engine = world.engine();
  const first = await world.resolve(engine, name, type);
  expect([first.rcode, first.answer.length, first.authority.length]).toEqual([rcode, 0, 1]);
  world.asked.length = 0;
  await world.clock.advance(299_000);
  const second = await world.resolve(engine, name, type);
  expect(second.rcode).toBe(rcode);
  expect(second.authority[0]!.ttlSeconds).toBe(1);
  expect(world.asked).toHaveLength(0);
  await world.clock.advance(1_000);
  await world.resolve(engine, name, type);
  expect(world.asked.length).toBeGreaterThan(0);
});

test("NXDOMAIN holds for every type of the name (RFC 2308 §5)", async () => {
  const world = internet();
  const engine = world.engine();
  await world.resolve(engine, "gone.cs.vu.nl.", "A");
  world.asked.length = 0;
  expect((await world.resolve(engine, "gone.cs.vu.nl.", "MX")).rcode).toBe(RCODE.NXDOMAIN);
  expect(world.asked).toHaveLength(0);
});

test("an alias leads to the zone that owns its target", async () => {
  const world = internet();
  const resolved = await world.resolve(world.engine(), "bank.vu.nl.");
  expect(texts(resolved)).toEqual(["bank.vu.nl. CNAME www.firstbank.com.", "www.firstbank.com. A 203.0.113.7"]);
});

test("a DNAME makes its CNAME, from the network and from the cache (RFC 6672 §3)", async () => {
  const world = internet();
  const engine = world.engine();
  const cold = await world.resolve(engine, "www.old.vu.nl.");
  expect(texts(cold)).toEqual([
    "old.vu.nl. DNAME cs.vu.nl.",
    "www.old.vu.nl. CNAME www.cs.vu.nl.",
    "www.cs.vu.nl. A 192.0.2.1",
  ]);
  world.asked.length = 0;
  const other = await world.resolve(engine, "a.b.old.vu.nl.");
  expect(texts(other).slice(0, 2)).toEqual(["old.vu.nl. DNAME cs.vu.nl.", "a.b.old.vu.nl. CNAME a.b.cs.vu.nl."]);
  expect(world.askedOf("198.51.100.3")).toEqual([]);
});

test("aliases in a circle end in SERVFAIL", async () => {
  const world = internet();
  const resolved = await world.resolve(world.engine(), "loop.vu.nl.");
  expect(resolved.rcode).toBe(RCODE.SERVFAIL);
  expect(world.asked.length).toBeLessThan(8);
});

test("a server without glue is looked up", async () => {
  const world = internet();
  const resolved = await world.resolve(world.engine(), "www.glueless.nl.");
  expect(texts(resolved)).toEqual(["www.glueless.nl. A 203.0.113.8"]);
  expect(world.askedOf("198.51.100.4")).toContain("ns.firstbank.com. A");
});

test("DS is asked of the parent's side of the cut (RFC 4035 §3.1.4.1)", async () => {
  const world = internet();
  const engine = world.engine();
  await world.resolve(engine, "www.cs.vu.nl.");
  world.asked.length = 0;
  const resolved = await world.resolve(engine, "cs.vu.nl.", "DS");
  expect(resolved.rcode).toBe(RCODE.NOERROR);
  expect(world.asked.map(({ server }) => server)).toEqual(["198.51.100.3"]);
});

test("identical questions in flight are one", async () => {
  const world = internet();
  const engine = world.engine();
  const { signal } = new AbortController();
  const all = Array.from({ length: 20 }, () => engine.resolve(query("www.cs.vu.nl."), { signal }));
  const outcomes = await world.clock.run(Promise.all(all));
  expect(new Set(outcomes.map((outcome) => texts(outcome).join()))).toEqual(new Set(["www.cs.vu.nl. A 192.0.2.1"]));
  expect(world.asked).toHaveLength(4);
});

test("one who gives up does not end it for the others", async () => {
  const world = internet();
  const engine = world.engine();
  const impatient = new AbortController();
  const first = engine.resolve(query("www.cs.vu.nl."), { signal: impatient.signal });
  const second = engine.resolve(query("www.cs.vu.nl."), { signal: new AbortController().signal });
  impatient.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  expect(texts(await world.clock.run(second))).toHaveLength(1);
});

test("priming asks the root for its servers once per TTL (RFC 8109)", async () => {
  const world = internet();
  const engine = world.engine({ prime: true });
  await world.resolve(engine, "www.cs.vu.nl.");
  await world.resolve(engine, "www.firstbank.com.");
  expect(world.askedOf(ROOT)).toEqual([". NS", "www.cs.vu.nl. A", "www.firstbank.com. A"]);
});

test("with QNAME minimisation each zone sees one label more than it must (RFC 9156)", async () => {
  const world = internet();
  const engine = world.engine({ minimise: true });
  const resolved = await world.resolve(engine, "a.b.cs.vu.nl.");
  expect(texts(resolved)).toEqual(["a.b.cs.vu.nl. A 192.0.2.3"]);
  expect(world.askedOf(ROOT)).toEqual(["nl. A"]);
  expect(world.askedOf("198.51.100.1")).toEqual(["vu.nl. A"]);
  expect(world.askedOf("198.51.100.5")).toEqual(["b.cs.vu.nl. A", "a.b.cs.vu.nl. A"]);
});

test("a trace shows each step and draws it", async () => {
  const world = internet();
  const engine = world.engine();
  const trace = new Trace();
  await world.resolve(engine, "bank.vu.nl.", "A", trace);
  expect(trace.steps.map(({ kind }) => kind)).toEqual([
    "start",
    "ask",
    "ask",
    "ask",
    "alias",
    "start",
    "ask",
    "ask",
    "ask",
  ]);
  expect(formatTrace(trace.steps)).toMatchSnapshot();
  expect(JSON.parse(JSON.stringify(trace.steps))).toEqual(trace.steps);
});

test("a caching resolver is asked with RD, and one that does not recurse is no help", async () => {
  const world = internet();
  world.server("198.51.100.99", {}, (_, request) =>
    reply(request, { authoritative: false, recursionAvailable: true, answer: records("x.test. 60 A 192.0.2.77") }),
  );
  const hintsText = HINTS.replaceAll(ROOT, "198.51.100.99");
  const resolved = await world.resolve(world.engine({ mode: "resolver", hintsText }), "x.test.");
  expect(texts(resolved)).toEqual(["x.test. A 192.0.2.77"]);
  expect(world.asked).toMatchObject([{ rd: true }]);
  const refused = await world.resolve(world.engine({ mode: "resolver" }), "www.cs.vu.nl.");
  expect(refused.rcode).toBe(RCODE.SERVFAIL);
});
