import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage, findOption, type Message, Name, plainEdns, RCODE } from "../../dns/index.ts";
import {
  CHAIN_OPTION,
  type Chain,
  decodeChain,
  type Delegation,
  encodeReport,
  type Handler,
  LATER,
} from "../../net/index.ts";
import {
  compare,
  createEngine,
  formatComparison,
  formatTrace,
  handDown,
  readHints,
  Trace,
} from "../../resolver/index.ts";
import { HINTS, PORT, query, records, reply, ROOT, texts, World } from "./world.ts";

const SERVERS = [
  { address: ROOT, zone: ".", below: "nl.", at: "198.51.100.1" },
  { address: "198.51.100.1", zone: "nl.", below: "vu.nl.", at: "198.51.100.2" },
  { address: "198.51.100.2", zone: "vu.nl.", below: "cs.vu.nl.", at: "198.51.100.3" },
];
const LEAF = "198.51.100.3";
const LEAF_ZONE = {
  "cs.vu.nl.": "cs.vu.nl. 60 SOA ns.cs.vu.nl. admin. 1 1 1 1 60\n www.cs.vu.nl. 30 A 192.0.2.1",
};

const FULL: Chain = { passed: [], messagesLeft: 128, octetsLeft: 100_000, millisecondsLeft: 10_000, trace: false };

function delegationTo(zone: string, address: string): Delegation {
  const name = `ns.${zone}`;
  const ns = records(`${zone} 3600 NS ${name}`)[0]!;
  const glue = records(`${name} 3600 A ${address}`)[0]!;
  return { zone: Name.parse(zone), ns: { ...ns, rdatas: [ns.rdata] }, glue: [{ ...glue, rdatas: [glue.rdata] }] };
}

interface Link {
  readonly address: string;
  readonly zone: string;
  readonly below: string;
  readonly at: string;
}

/** A name server that hands down whatever it is asked with RD, as the real one does: a stand-in of a few lines. */
function recursingServer(world: World, { address, zone, below, at }: Link, chains: Chain[]): void {
  const hints = readHints(new TextEncoder().encode(HINTS), "hints");
  const parts = { ask: world.network.ask(address), clock: world.clock, random: world.random };
  const engine = createEngine(parts, { hints, own: [{ address, port: PORT }] });
  const recursion = handDown(engine, { identity: `ns.${zone}` });
  const handler: Handler = {
    handle(octets, _response, _peer, later) {
      const request = decodeMessage(octets);
      world.asked.push({
        server: address,
        question: request.question[0]!.name.toString(),
        transport: _peer.transport,
        edns: true,
        rd: request.recursionDesired,
      });
      const option = findOption(request.edns, CHAIN_OPTION);
      const chain = (option === null ? null : decodeChain(option.data)) ?? FULL;
      chains.push(chain);
      const asked = query(request.question[0]!.name.toString());
      recursion(asked, delegationTo(below, at), chain, new AbortController().signal)
        .then(({ message, report }) => withReport({ ...message, id: request.id, question: request.question }, report))
        .catch(() => reply(request, { rcode: RCODE.SERVFAIL, authoritative: false, recursionAvailable: true }))
        .then((message) => later(encodeMessage(message)))
        .catch(() => undefined);
      return LATER;
    },
  };
  world.network.host(address).attach(PORT, handler);
}

function withReport(message: Message, report: string | null): Message {
  return report === null ? message : { ...message, edns: { ...plainEdns, options: [encodeReport(report)] } };
}

function chainOfServers(world: World): Chain[] {
  const chains: Chain[] = [];
  for (const link of SERVERS) recursingServer(world, link, chains);
  world.server(LEAF, LEAF_ZONE);
  return chains;
}

describe("recursion handed down the layers", () => {
  test("the client sends one message, each server on the way one", async () => {
    const world = new World();
    const chains = chainOfServers(world);
    const resolved = await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.");
    expect(texts(resolved)).toEqual(["www.cs.vu.nl. A 192.0.2.1"]);
    expect(world.asked.map(({ server }) => server)).toEqual([...SERVERS.map(({ address }) => address), LEAF]);
    expect(world.asked.every(({ rd }) => rd)).toBe(true);
    expect(chains.map(({ passed }) => passed)).toEqual([[], ["ns.."], ["ns..", "ns.nl."]]);
  });

  test("every server on the way keeps the answer by its TTL", async () => {
    const world = new World();
    chainOfServers(world);
    await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.");
    await world.clock.advance(10_000);
    world.asked.length = 0;
    const again = await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.");
    expect(again.answer[0]!.ttlSeconds).toBeLessThanOrEqual(20);
    expect(world.asked.map(({ server }) => server)).toEqual([ROOT]);
  });

  test("the budget shrinks on the way down and is never more than the client's", async () => {
    const world = new World();
    const chains = chainOfServers(world);
    await world.resolve(world.engine({ mode: "recursive", limits: { messages: 40 } }), "www.cs.vu.nl.");
    const left = chains.map(({ messagesLeft }) => messagesLeft);
    expect(left[0]).toBeLessThanOrEqual(20);
    expect(left).toEqual([...left].sort((a, b) => b - a));
    const times = chains.map(({ millisecondsLeft }) => millisecondsLeft);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  test("with --trace the servers report and the chain is drawn", async () => {
    const world = new World();
    chainOfServers(world);
    const trace = new Trace();
    await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.", "A", trace);
    expect(formatTrace(trace.steps)).toMatchSnapshot();
  });

  test("a server that does not recurse gives a referral, and the walk goes on from there", async () => {
    const world = new World();
    chainOfServers(world);
    world.server("198.51.100.1", {
      "nl.": "nl. 60 SOA a. b. 1 1 1 1 60\n vu.nl. 60 NS ns.vu.nl.\n ns.vu.nl. 60 A 198.51.100.2",
    });
    const resolved = await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.");
    expect(texts(resolved)).toEqual(["www.cs.vu.nl. A 192.0.2.1"]);
  });

  test("a server that refuses RD is asked again without", async () => {
    const world = new World();
    world.server(
      ROOT,
      { ".": `. 60 SOA a. b. 1 1 1 1 60\n cs.vu.nl. 60 NS ns.cs.vu.nl.\n ns.cs.vu.nl. 60 A ${LEAF}` },
      (response, request) =>
        request.recursionDesired ? reply(request, { rcode: RCODE.REFUSED, authoritative: false }) : response,
    );
    world.server(LEAF, LEAF_ZONE);
    const resolved = await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.");
    expect(texts(resolved)).toHaveLength(1);
  });

  test("a question that comes round to a server it has passed ends there", async () => {
    const world = new World();
    const chains: Chain[] = [];
    recursingServer(world, { address: ROOT, zone: ".", below: "nl.", at: "198.51.100.1" }, chains);
    recursingServer(world, { address: "198.51.100.1", zone: "nl.", below: "cs.vu.nl.", at: ROOT }, chains);
    const resolved = await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.");
    expect(resolved.rcode).toBe(RCODE.SERVFAIL);
    expect(world.asked.length).toBeLessThan(20);
  });

  test("a spent budget is not spent again", async () => {
    const world = new World();
    chainOfServers(world);
    const engine = world.engine();
    const recursion = handDown(engine, { identity: "ns.test." });
    const { signal } = new AbortController();
    const start = delegationTo("nl.", "198.51.100.1");
    await expect(recursion(query("www.cs.vu.nl."), start, { ...FULL, messagesLeft: 0 }, signal)).rejects.toThrow(
      "spent",
    );
    await expect(recursion(query("www.cs.vu.nl."), start, { ...FULL, passed: ["ns.test."] }, signal)).rejects.toThrow(
      "before",
    );
    expect(world.asked).toEqual([]);
  });

  test("what a report says is held against its form, and may not forge the drawing", async () => {
    const world = new World();
    const forged = JSON.stringify({ server: "x\n└─ all is well\u001b[2J", messages: 1, octets: 1, steps: [] });
    for (const text of [
      forged,
      "{",
      '{"server":1}',
      '{"server":"x","messages":1,"octets":1,"steps":[{"kind":"ask"}]}',
    ]) {
      world.server(ROOT, {}, (_, request) => {
        const answer = records("www.cs.vu.nl. 0 A 192.0.2.1");
        return {
          ...reply(request, { answer, recursionAvailable: true }),
          edns: { ...plainEdns, options: [encodeReport(text)] },
        };
      });
      const trace = new Trace();
      await world.resolve(world.engine({ mode: "recursive" }), "www.cs.vu.nl.", "A", trace);
      expect(formatTrace(trace.steps)).not.toMatch(/^└─ all is well|\u001b/mu);
    }
  });
});

test("compare shows what each way costs whom", async () => {
  const world = new World();
  world.server(ROOT, { ".": ". 60 SOA a. b. 1 1 1 1 60\n nl. 60 NS ns.nl.\n ns.nl. 60 A 198.51.100.1" });
  world.server("198.51.100.1", { "nl.": "nl. 60 SOA a. b. 1 1 1 1 60\n www.nl. 60 A 192.0.2.1" });
  const engines = { iterative: world.engine(), recursive: world.engine({ mode: "recursive" }), clock: world.clock };
  const rows = await world.clock.run(compare(engines, query("www.nl."), new AbortController().signal));
  expect(formatComparison(rows)).toMatchInlineSnapshot(`
    "mode       cache  messages  round trips  octets    ms  cache hits
    iterative  cold          2            2     197  40.0           0
    iterative  warm          0            0       0   0.0           1
    recursive  cold          2            2     189  80.0           0
    recursive  warm          0            0       0   0.0           1"
  `);
});
