/**
 * Query threads that ask by themselves, held to the plain way: the same name space, with servers of every kind of behaviour, gives the same
 * octets to clients, the same cache, and the same messages to servers.
 */
import { describe, expect, test } from "vitest";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  Name,
  plainEdns,
  RCODE,
  TYPE,
  typeToText,
} from "../../dns/index.ts";
import { LATER } from "../../net/index.ts";
import type { Engine } from "../../resolver/index.ts";
import { askStub, DirectRig, PlainRig } from "../support/direct-rig.ts";
import { query, rr } from "../support/messages.ts";
import { type Mischief, PORT, ROOT, World } from "./world.ts";

const SEED = Number(process.env["SEED"] ?? 12);
const ONE = "192.0.2.53";
const OTHER = "192.0.2.54";
const CHILD = "192.0.2.55";

const HOSTS = Array.from({ length: 40 }, (_, i) => `host${i}.example. 300 A 192.0.2.${i}`).join("\n");
const ZONE = `
  example. 300 SOA ns.example. admin.example. 1 3600 600 86400 60
  example. 300 NS ns.example.
  example. 300 A 192.0.2.80
  ns.example. 300 A ${ONE}
  ${HOSTS}
  six.example. 300 AAAA 2001:db8::6
  six.example. 300 A 192.0.2.6
  text.example. 300 TXT "one" "two"
  mail.example. 300 MX 10 host1.example.
  two.example. 300 A 192.0.2.1
  two.example. 300 A 192.0.2.2
  alias.example. 300 CNAME host1.example.
  outside.example. 300 CNAME www.other.
  cut.example. 300 NS ns.cut.example.
  ns.cut.example. 300 A ${CHILD}
  a.deep.example. 300 A 192.0.2.9
  tree.example. 300 DNAME host.other.
  none.example. 0 A 192.0.2.10
  long.example. 172800 A 192.0.2.11
  *.wild.example. 300 A 192.0.2.12
  ${Array.from({ length: 20 }, (_, i) => `many.example. 300 A 198.51.100.${i}`).join("\n")}
  ${Array.from({ length: 10 }, (_, i) => `book.example. 300 TXT "${`page ${i} `.repeat(8)}"`).join("\n")}
  ${Array.from({ length: 40 }, (_, i) => `wide.example. 300 AAAA 2001:db8::${i.toString(16)}`).join("\n")}
`;
const CHILD_ZONE = `
  cut.example. 300 SOA ns.cut.example. admin.example. 1 3600 600 86400 60
  cut.example. 300 NS ns.cut.example.
  ns.cut.example. 300 A ${CHILD}
  www.cut.example. 300 A 192.0.2.90
  ftp.cut.example. 300 A 192.0.2.91
`;
const ROOT_ZONE = `
  . 86400 SOA a.root. admin.root. 1 3600 600 86400 60
  . 86400 NS a.root.
  a.root. 86400 A ${ROOT}
  example. 86400 NS ns.example.
  ns.example. 86400 A ${ONE}
`;
const TWO_SERVERS = `${ROOT_ZONE}
  example. 86400 NS ns2.example.
  ns2.example. 86400 A ${OTHER}
`;

/** What a server may do to its answer to a name that begins so. */
const MISCHIEF: Readonly<Record<string, (response: Message, request: Message) => Message | null>> = {
  "host20.": (response) => ({ ...response, truncated: true, answer: [] }),
  "host21.": (response) => ({ ...response, authoritative: false }),
  "host22.": (response) => ({ ...response, rcode: RCODE.SERVFAIL, answer: [] }),
  "host23.": (response) => ({ ...response, rcode: RCODE.REFUSED, answer: [] }),
  "host24.": (response) => ({ ...response, id: (response.id + 1) & 0xffff }),
  "host25.": (response) => withName(response, response.question[0]!.name.toLowerCase()),
  "host26.": (response) => withName(response, Name.parse("other.example.")),
  "host27.": () => null,
  "host28.": (response) => ({ ...response, edns: null }),
  "host29.": (response) => ({ ...response, edns: { ...plainEdns, options: [{ code: 3, data: new Uint8Array(4) }] } }),
  "host30.": (response) => ({ ...response, answer: [...response.answer, rr("host30.example. 200 A 192.0.2.99")] }),
  "host31.": (response) => ({ ...response, answer: [...response.answer, ...response.answer] }),
  "host32.": (response) => ({ ...response, answer: [...response.answer, rr("host1.example. 300 A 192.0.2.99")] }),
  "host33.": (response) => ({ ...response, authority: [rr("example. 300 NS ns.example.")] }),
  "host34.": (response) => ({ ...response, answer: [rr("www.other. 300 A 192.0.2.99")] }),
  "host35.": (response) => ({ ...response, rcode: RCODE.NXDOMAIN }),
  "host36.": (response) => ({ ...response, rcode: RCODE.FORMERR, answer: [], edns: null }),
  "host37.": (response) => ({ ...response, recursionDesired: true }),
  "host38.": (response) => ({
    ...response,
    answer: response.answer.map((record) => ({ ...record, ttlSeconds: 2 ** 31 })),
  }),
  "host39.": (response) => ({ ...response, rcode: RCODE.FORMERR, question: [], answer: [], edns: null }),
};

const withName = (message: Message, name: Name): Message => {
  return { ...message, question: [{ ...message.question[0]!, name }] };
};

const mischief: Mischief = (response, request) => {
  const text = request.question[0]!.name.toLowerCase().toString();
  const way = Object.entries(MISCHIEF).find(([begin]) => text.startsWith(begin));
  return way === undefined ? response : way[1](response, request);
};

function makeWorld(rootZone: string): World {
  const world = new World(SEED);
  world.server(ROOT, { ".": rootZone });
  world.server(ONE, { "example.": ZONE }, mischief);
  world.server(OTHER, { "example.": ZONE }, (response) => response);
  world.server(CHILD, { "cut.example.": CHILD_ZONE });
  return world;
}

const QUESTIONS: readonly (readonly [string, string])[] = [
  ["host1.example.", "A"],
  ["HOST1.eXample.", "A"],
  ...Array.from({ length: 40 }, (_, i) => [`host${i}.example.`, "A"] as const),
  ["host2.example.", "AAAA"],
  ["six.example.", "A"],
  ["six.example.", "AAAA"],
  ["text.example.", "TXT"],
  ["mail.example.", "MX"],
  ["two.example.", "A"],
  ["many.example.", "A"],
  ["wide.example.", "AAAA"],
  ["book.example.", "TXT"],
  ["alias.example.", "A"],
  ["outside.example.", "A"],
  ["tree.example.", "A"],
  ["under.tree.example.", "A"],
  ["gone.example.", "A"],
  ["gone.example.", "AAAA"],
  ["example.", "A"],
  ["example.", "NS"],
  ["www.cut.example.", "A"],
  ["ftp.cut.example.", "A"],
  ["cut.example.", "A"],
  ["a.deep.example.", "A"],
  ["deep.example.", "A"],
  ["none.example.", "A"],
  ["long.example.", "A"],
  ["x.wild.example.", "A"],
  [".", "A"],
  ["host1.example.", "ANY"],
  ["host1.example.", "DS"],
];
const FORMS: readonly Partial<Message>[] = [
  {},
  { edns: plainEdns },
  { edns: { ...plainEdns, payloadOctets: 512 } },
  { authenticData: true },
  { checkingDisabled: true },
  { edns: { ...plainEdns, dnssecOk: true } },
  { recursionDesired: false },
];

const requestFor = ([name, type]: readonly [string, string], form: Partial<Message>): Uint8Array =>
  encodeMessage(query(name, type, { id: 0x4711, recursionDesired: true, ...form }));

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

function remembered(engine: Engine): string[] {
  const types = [TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.MX, TYPE.CNAME, TYPE.DNAME, TYPE.NS];
  const names = new Set(QUESTIONS.map(([name]) => name.toLowerCase()));
  return [...names].flatMap((name) =>
    types.map((type) => {
      const found = engine.cache.get({ name: Name.parse(name), type, class: 1 }, false);
      return `${name} ${typeToText(type)} ${JSON.stringify(found, (_, value: unknown) => (value instanceof Name ? value.toLowerCase().toString() : value instanceof Uint8Array ? hex(value) : value))}`;
    }),
  );
}

const requestOf = (name: string): Uint8Array => requestFor([name, "A"], {});

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
    expect(decodeMessage(octets).answer.map(({ rdata }) => hex(rdata))).toEqual(["c0000201"]);
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

/** The server at ONE answers hosts, over UDP with all that `replies` makes of the right response. */
function attachRaw(world: World, replies: (right: Uint8Array) => readonly Uint8Array[]): void {
  world.network.host(ONE).attach(PORT, {
    handle(octets, response, peer, later) {
      const request = decodeMessage(octets);
      const host = { ...rr("x. 300 A 192.0.2.1"), owner: request.question[0]!.name };
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

describe.each([
  ["one server", ROOT_ZONE],
  ["two servers, of which one is honest", TWO_SERVERS],
])(`with %s (SEED=${SEED})`, (_, rootZone) => {
  test.each(FORMS.map((form) => [JSON.stringify(form), form] as const))(
    "%s: answers, cache and messages are those of the plain way",
    async (_form, form) => {
      const [plainWorld, directWorld] = [makeWorld(rootZone), makeWorld(rootZone)];
      const plain = new PlainRig(plainWorld);
      const direct = new DirectRig(directWorld, { keeps: false });
      for (const rig of [
        { world: plainWorld, ask: plain },
        { world: directWorld, ask: direct },
      ]) {
        await rig.world.clock.run(rig.ask.ask(requestFor(["host0.example.", "A"], {})));
      }
      const [expected, answered]: [string[], string[]] = [[], []];
      for (const question of QUESTIONS) {
        const request = requestFor(question, form);
        const theirs = await plainWorld.clock.run(plain.ask(request));
        const ours = await directWorld.clock.run(direct.ask(request));
        await level(plainWorld, directWorld);
        expected.push(`${question.join(" ")} ${shown(theirs)}`);
        answered.push(`${question.join(" ")} ${shown(ours)}`);
      }
      expect(answered).toEqual(expected);
      if (rootZone === ROOT_ZONE) {
        expect(remembered(direct.engine)).toEqual(remembered(plain.engine));
        expect(directWorld.asked).toEqual(plainWorld.asked);
      }
      const isPlainForm =
        form.checkingDisabled !== true && form.edns?.dnssecOk !== true && form.recursionDesired !== false;
      if (isPlainForm) expect(direct.answersAsked).toBeGreaterThan(20);
      else expect(direct.answersAsked).toBe(0);
    },
    60_000,
  );
});

/** A question that takes longer on one side is not to age what is learnt later. */
async function level(...worlds: readonly World[]): Promise<void> {
  const now = Math.max(...worlds.map(({ clock }) => clock.now()));
  for (const { clock } of worlds) await clock.advance(now - clock.now());
}

/** Which server answers is chance where there are two, so what a failure tells of servers is left out. */
function shown(octets: Uint8Array): string {
  const message = decodeMessage(octets);
  return message.rcode === RCODE.SERVFAIL ? "SERVFAIL" : hex(octets);
}
