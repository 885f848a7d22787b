import { describe, expect, test } from "vitest";
import { EDE, extendedErrors, findOption, type Message, Name, TYPE } from "../../dns/index.ts";
import { EVENT, NameServer, RECURSION_LIMITS } from "../../nameserver/index.ts";
import {
  type Chain,
  decodeReport,
  type Delegation,
  encodeChain,
  ExchangeError,
  Prefix,
  type Query,
  type Recursion,
  REPORT_OPTION,
} from "../../net/index.ts";
import { query, rrs } from "../support/messages.ts";
import { askLater, serverOf, type TestServer, told } from "../support/name-server.ts";

const zones = {
  "example.": `
    example.        300 SOA ns.example. admin.example. 1 3600 600 86400 60
    www.example.    300 A 192.0.2.1
    sub.example.    300 NS ns.sub.example.
    ns.sub.example. 300 A 192.0.2.5
    alias.example.  300 CNAME www.sub.example.
    out.example.    300 CNAME www.elsewhere.
    sub.example.    300 NS ns.far.`,
};

interface Call {
  readonly query: Query;
  readonly start: Delegation | null;
  readonly chain: Chain;
}

interface Fixture extends TestServer {
  readonly calls: Call[];
}

/** A server whose recursion answers everything with the same records, once `gate` opens. */
function fixture(outcome: Partial<Message> | Error, gate: Promise<void> = Promise.resolve(), settings = {}): Fixture {
  const calls: Call[] = [];
  const recursion: Recursion = async (asked, start, chain, signal) => {
    calls.push({ query: asked, start, chain });
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.reject(signal.reason as Error));
    await Promise.race([gate, aborted.promise]);
    if (outcome instanceof Error) throw outcome;
    return { message: { ...query("x.", "A"), response: true, ...outcome }, report: chain.trace ? '{"below":1}' : null };
  };
  const built = serverOf(zones, { identity: "me.test", ...settings }, { recursion });
  return { ...built, calls };
}

const recursive = { message: { recursionDesired: true } };
const found = { answer: rrs("www.sub.example. 60 A 192.0.2.77") };

describe("what is handed down", () => {
  test("a referral, from its cut, with its glue", async () => {
    const { server, calls } = fixture(found);
    const response = await askLater(server, "www.sub.example. A", recursive);
    expect(told(response)).toMatchObject({
      head: "NOERROR ra",
      answer: ["www.sub.example. 60 A 192.0.2.77"],
      authority: [],
    });
    const { start, query: asked } = calls[0]!;
    expect(start?.zone.toString()).toBe("sub.example.");
    expect(start?.ns.rdatas).toHaveLength(2);
    expect(start?.glue.map(({ owner }) => owner.toString())).toEqual(["ns.sub.example."]);
    expect(asked).toMatchObject({ recursionDesired: true, question: { type: TYPE.A } });
  });

  test("a name outside, from nowhere in particular", async () => {
    const { server, calls } = fixture({ rcode: 3 });
    expect(told(await askLater(server, "www.elsewhere. A", recursive)).head).toBe("NXDOMAIN ra");
    expect(calls[0]?.start).toBeNull();
  });

  test.each([
    ["alias.example. A", "www.sub.example.", "sub.example.", "alias.example. 300 CNAME www.sub.example."],
    ["out.example. A", "www.elsewhere.", undefined, "out.example. 300 CNAME www.elsewhere."],
  ])("what an alias leads to: %s", async (question, target, zone, cname) => {
    const { server, calls } = fixture(found);
    const response = await askLater(server, question, recursive);
    expect(calls[0]?.query.question.name.toString()).toBe(target);
    expect(calls[0]?.start?.zone.toString()).toBe(zone);
    expect(told(response).answer).toEqual([cname, "www.sub.example. 60 A 192.0.2.77"]);
  });

  test("our own data is answered at once, with RA for those who may", async () => {
    const { server, calls } = fixture(found);
    expect(told(await askLater(server, "www.example. A", recursive)).head).toBe("NOERROR aa ra");
    expect(calls).toEqual([]);
  });

  test.each([
    ["without RD the referral is the answer", {}, "NOERROR ra"],
    ["a client that is not allowed gets the referral and no RA", { ...recursive, from: "192.0.2.1" }, "NOERROR"],
  ])("%s", async (_, asking, head) => {
    const { server, calls } = fixture(found);
    const response = told(await askLater(server, "www.sub.example. A", asking));
    expect(response.head).toBe(head);
    expect(response.authority).toHaveLength(2);
    expect(calls).toEqual([]);
  });

  test("who is allowed is configured", async () => {
    const { server } = fixture(found, undefined, { recursionAllow: [Prefix.parse("192.0.2.0/24")] });
    expect(told(await askLater(server, "www.sub.example. A", { ...recursive, from: "192.0.2.1" })).head).toBe(
      "NOERROR ra",
    );
    expect(told(await askLater(server, "www.sub.example. A", recursive)).head).toBe("NOERROR");
  });
});

describe("failures are SERVFAIL with the reason (RFC 8914)", () => {
  test.each([
    ["nobody answers", new ExchangeError("TIMEOUT", "nobody answered"), EDE.NO_REACHABLE_AUTHORITY],
    ["the budget is spent", new ExchangeError("BUDGET", "its budget is spent"), EDE.OTHER],
    ["garbage", new ExchangeError("MALFORMED", "no message"), EDE.INVALID_DATA],
  ])("%s", async (_, error, infoCode) => {
    const { server } = fixture(error);
    const response = await askLater(server, "www.sub.example. A", { ...recursive, edns: {} });
    expect(told(response).head).toBe("SERVFAIL ra");
    expect(extendedErrors(response.edns)[0]).toMatchObject({ infoCode });
  });

  test("time is over", async () => {
    const { server, clock } = fixture(found, new Promise(() => undefined));
    const response = askLater(server, "www.sub.example. A", recursive);
    expect(told(await clock.run(response)).head).toBe("SERVFAIL ra");
    expect(clock.now()).toBe(10_000);
  });
});

describe("chain", () => {
  const chain: Chain = { passed: ["a", "b"], messagesLeft: 9, octetsLeft: 9000, millisecondsLeft: 900, trace: true };
  const asking = (passed: Chain): object => ({ ...recursive, edns: { options: [encodeChain(passed)] } });

  test("what is left of the budget goes on, and the report comes back", async () => {
    const { server, calls } = fixture(found);
    const response = await askLater(server, "www.sub.example. A", { ...asking(chain), transport: "tcp" });
    expect(calls[0]?.chain).toEqual(chain);
    expect(decodeReport(findOption(response.edns, REPORT_OPTION)!.data)).toBe('{"below":1}');
  });

  test("nobody gets more than a query of our own would", async () => {
    const { server, calls } = fixture(found);
    await askLater(server, "www.sub.example. A", asking({ ...chain, messagesLeft: 60_000, octetsLeft: 4e9 }));
    expect(calls[0]?.chain).toMatchObject({ messagesLeft: 128, octetsLeft: 100_000 });
  });

  test("a question that was here before is SERVFAIL", async () => {
    const { server, calls } = fixture(found);
    const response = await askLater(server, "www.sub.example. A", asking({ ...chain, passed: ["me.test"] }));
    expect(told(response).head).toBe("SERVFAIL ra");
    expect(calls).toEqual([]);
    expect(server.counters.events[EVENT.RECURSION_LOOP]).toBe(1);
  });
});

describe("many at once", () => {
  test("the same question is asked once, and everyone gets an answer with the own id and case", async () => {
    const gate = Promise.withResolvers<void>();
    const { server, calls } = fixture(found, gate.promise);
    const all = ["www.sub.example. A", "WWW.sub.example. A"].map((question, id) =>
      askLater(server, question, { message: { recursionDesired: true, id } }),
    );
    const other = askLater(server, "www.sub.example. AAAA", recursive);
    gate.resolve();
    const responses = await Promise.all(all);
    await other;
    expect(calls).toHaveLength(2);
    expect(responses.map(({ id }) => id)).toEqual([0, 1]);
    expect(responses[1]?.question[0]?.name.toString()).toBe("WWW.sub.example.");
  });

  test.each([
    ["questions in flight", { questions: 2, clients: 100 }],
    ["clients waiting", { questions: 100, clients: 2 }],
  ])("%s are bounded: SERVFAIL at once", async (_, limits) => {
    const gate = Promise.withResolvers<void>();
    const recursionLimits = { ...RECURSION_LIMITS, ...limits };
    const { server } = fixture(found, gate.promise, { recursionLimits });
    const ask = (i: number): Promise<Message> => askLater(server, `n${i}.sub.example. A`, recursive);
    const waiting = [ask(1), ask(2)];
    expect(told(await ask(3)).head).toBe("SERVFAIL ra");
    expect(server.counters.events[EVENT.RECURSION_BOUND]).toBe(1);
    gate.resolve();
    await Promise.all(waiting);
    expect(told(await ask(4)).head).toBe("NOERROR ra");
  });
});

test("a server without an identity still has one in chains", () => {
  expect(fixture(found, undefined, { identity: null }).server).toBeInstanceOf(NameServer);
  expect(Name.root.isRoot).toBe(true);
});
