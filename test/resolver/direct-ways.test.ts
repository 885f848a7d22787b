/** Query threads that ask by themselves, beside each other and the engine: who asks what, for how long they know a way, and whom they believe. */
import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage, Name, RCODE, TYPE } from "../../dns/index.ts";
import { LATER } from "../../net/index.ts";
import { nameHash, questionHash } from "../../resolver/claims.ts";
import { askStub, DirectRig } from "../support/direct-rig.ts";
import { FORMS, makeWorld, ONE, requestFor, requestOf, ROOT_ZONE } from "../support/direct-zone.ts";
import { rr } from "../support/messages.ts";
import { PORT, ROOT, type World } from "./world.ts";

/** The zone is known, so threads may ask. */
async function prepared(world: World, count = 1): Promise<DirectRig> {
  const rig = new DirectRig(world, { count });
  await world.clock.run(rig.ask(requestOf("host0.example.")));
  world.asked.length = 0;
  return rig;
}

describe("one question at a time", () => {
  test("many clients of two threads and of the engine ask the same at once: it is asked once", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world, 2);
    const request = requestOf("host1.example.");
    const answers = [0, 0, 1, 1].map((thread) => rig.ask(request, thread));
    const byEngine = [askStub(rig.stub, request), askStub(rig.stub, requestFor(["host1.example.", "A"], FORMS[1]!))];
    for (const octets of await world.clock.run(Promise.all([...answers, ...byEngine]))) {
      expect(decodeMessage(octets).answer).toHaveLength(1);
    }
    expect(world.askedOf(ONE)).toEqual(["host1.example. A"]);
  });

  test("what the engine asks first is not asked by a thread beside it", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    const request = requestOf("host1.example.");
    const both = [askStub(rig.stub, request), rig.ask(request)];
    for (const octets of await world.clock.run(Promise.all(both))) {
      expect(decodeMessage(octets).answer).toHaveLength(1);
    }
    expect(world.askedOf(ONE)).toEqual(["host1.example. A"]);
    expect(rig.answersAsked).toBe(0);
  });

  test("an answer that waits to be told is not asked for again", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    const request = requestOf("host1.example.");
    await world.clock.run(rig.ask(request));
    for (const form of FORMS.slice(0, 4)) await world.clock.run(rig.ask(requestFor(["host1.example.", "A"], form)));
    expect(world.askedOf(ONE)).toEqual(["host1.example. A"]);
  });

  test("what was learnt and is not told yet is not asked for by another thread", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world, 2);
    // As long as one is on its way, what is learnt after the first answer is gathered.
    const names = ["host27.example.", "host1.example.", "host2.example."];
    const [silent, ...answered] = names.map((name) => rig.ask(requestOf(name), 0));
    await world.clock.run(Promise.all(answered));
    await world.clock.run(rig.ask(requestOf("host2.example."), 1));
    expect(world.askedOf(ONE)).toEqual(names.map((name) => `${name} A`));
    await world.clock.run(silent!);
  });

  test("two questions that have one hash get each its own answer", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    attachRaw(world, (right) => [right]);
    const [one, other] = namesOfOneHash(rig.claims.shared.seed);
    const responses = await world.clock.run(Promise.all([one, other].map((name) => rig.ask(requestOf(name)))));
    expect(responses.map((octets) => hex(decodeMessage(octets).answer[0]!.rdata))).toEqual([
      hex(addressFor(one)),
      hex(addressFor(other)),
    ]);
    expect(rig.answersAsked).toBe(1);
  });

  test("what is in hand of one question is not taken for another of the same hash", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    const [one, other] = namesOfOneHash(rig.claims.shared.seed);
    // The reply to one, without AA, is left to the engine, but not the request: it stays in hand when the other comes.
    attachRaw(world, (right) => {
      const isOne = decodeMessage(right).question[0]!.name.equals(Name.parse(one));
      return [right.map((octet, i) => (isOne && i === 2 ? octet & ~0x04 : octet))];
    });
    rig.threads[0]!.losesRequests = true;
    void rig.ask(requestOf(one));
    await world.clock.advance(100);
    const octets = await world.clock.run(askStub(rig.stub, requestOf(other)));
    expect(decodeMessage(octets).rcode).toBe(RCODE.NOERROR);
  });

  test("a failure that is remembered is not asked again by a thread", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    for (let times = 0; times < 3; times++) {
      const octets = await world.clock.run(rig.ask(requestOf("host22.example.")));
      expect(decodeMessage(octets).rcode).toBe(RCODE.SERVFAIL);
    }
    expect(world.askedOf(ONE)).toEqual(["host22.example. A"]);
  });

  test("what a thread that died had claimed is free for others", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world, 2);
    const request = requestOf("host1.example.");
    void rig.ask(request, 0);
    rig.threads[0]!.kill();
    rig.engine.direct!.begin(1);
    await world.clock.run(rig.ask(request, 1));
    expect(rig.answersAsked).toBe(1);
  });

  test("a thread that dies with its questions leaves them to others", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world, 2);
    const request = requestOf("host1.example.");
    const lost = rig.ask(request, 0);
    const waiting = rig.ask(request, 1);
    rig.threads[0]!.kill();
    rig.engine.direct!.begin(1);
    expect(decodeMessage(await world.clock.run(waiting)).answer).toHaveLength(1);
    expect(world.askedOf(ONE)).toEqual(["host1.example. A", "host1.example. A"]);
    void lost;
  });
});

describe("a way that threads were told", () => {
  const isAskedByThread = async (world: World, rig: DirectRig, name: string): Promise<boolean> => {
    const before = rig.answersAsked;
    await world.clock.run(rig.ask(requestOf(name)));
    return rig.answersAsked > before;
  };

  test("ends when nobody has taken it for a while, and is told again by the engine's next answer", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    expect(await isAskedByThread(world, rig, "host1.example.")).toBe(true);
    await world.clock.advance(3_000);
    expect(await isAskedByThread(world, rig, "host2.example.")).toBe(false);
    expect(await isAskedByThread(world, rig, "host3.example.")).toBe(true);
  });

  test("lasts while it is taken, but no longer than its delegation", async () => {
    const world = makeWorld(ROOT_ZONE.replace("example. 86400 NS", "example. 3 NS"));
    const rig = await prepared(world);
    const asked: boolean[] = [];
    for (let i = 1; i <= 10; i++) {
      await world.clock.advance(400);
      asked.push(await isAskedByThread(world, rig, `host${i}.example.`));
    }
    // The delegation ends once in those four seconds.
    expect(asked.filter((isAsked) => !isAsked)).toHaveLength(1);
    expect(world.askedOf(ROOT).filter((question) => question === "example. A")).toHaveLength(1);
  });

  test("ends with a server that stays silent", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    await world.clock.run(rig.ask(requestOf("host27.example.")));
    expect(await isAskedByThread(world, rig, "host1.example.")).toBe(false);
  });
});

describe("what does not come from the server, or is no message", () => {
  test("octets that are no message do not end the wait", async () => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    attachRaw(world, (right) => [right.slice(0, -2), right]);
    const octets = await world.clock.run(rig.ask(requestOf("host1.example.")));
    expect(decodeMessage(octets).answer.map(({ rdata }) => hex(rdata))).toEqual([hex(addressFor("host1."))]);
    expect(rig.answersAsked).toBe(1);
  });

  test.each([
    ["another id", (right: Uint8Array) => right.map((octet, i) => (i === 1 ? octet ^ 1 : octet))],
    ["another case", (right: Uint8Array) => right.map((octet, i) => (i === 13 ? octet ^ 0x20 : octet))],
    ["no response", (right: Uint8Array) => right.map((octet, i) => (i === 2 ? octet & 0x7f : octet))],
  ])("a reply with %s before the right one moves the question to TCP", async (_, spoil) => {
    const world = makeWorld(ROOT_ZONE);
    const rig = await prepared(world);
    attachRaw(world, (right) => [spoil(right), right]);
    const transports: string[] = [];
    world.network.watch = ({ to, transport }) => {
      if (to.address === ONE) transports.push(transport);
    };
    const octets = await world.clock.run(rig.ask(requestOf("host1.example.")));
    expect(decodeMessage(octets).answer).toHaveLength(1);
    expect(transports).toContain("tcp");
    expect(transports.filter((transport) => transport === "udp")).toHaveLength(1);
    expect(rig.answersAsked).toBe(0);
  });
});

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

const namesOfHash = new Map<number, string>();

/** Two hosts whose addresses are asked for with one hash. */
function namesOfOneHash(seed: number): readonly [string, string] {
  for (let i = 0; i < 1_000_000; i++) {
    const text = `host${i}.example.`;
    const { octets } = Name.parse(text);
    const hash = questionHash(nameHash(seed, octets, 0, octets.length), TYPE.A, 1);
    const earlier = namesOfHash.get(hash);
    if (earlier !== undefined && earlier !== text) return [earlier, text];
    namesOfHash.set(hash, text);
  }
  throw new Error("no two of so many have one hash");
}

/** A host's address tells its name. */
const addressFor = (name: string): Uint8Array => {
  const number = Number(name.replaceAll(/\D/g, ""));
  return Uint8Array.of(10, number >> 16, number >> 8, number);
};

/** The server at ONE answers hosts, over UDP with all that `replies` makes of the right response. */
function attachRaw(world: World, replies: (right: Uint8Array) => readonly Uint8Array[]): void {
  world.network.host(ONE).attach(PORT, {
    handle(octets, response, peer, later) {
      const request = decodeMessage(octets);
      const { name } = request.question[0]!;
      const host = { ...rr("x. 300 A 192.0.2.1"), owner: name, rdata: addressFor(name.toString()) };
      const right = encodeMessage({ ...request, response: true, authoritative: true, answer: [host] });
      if (peer.transport === "tcp") {
        response.set(right);
        return right.length;
      }
      for (const reply of replies(right)) later(reply, "more");
      return LATER;
    },
  });
}
