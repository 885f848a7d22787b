import { describe, expect, test } from "vitest";
import {
  CLASS,
  decodeMessage,
  EDE,
  emptyMessage,
  encodeMessage,
  extendedErrors,
  type Message,
  Name,
  plainEdns,
  RCODE,
  TYPE,
} from "../../dns/index.ts";
import { LATER, Prefix } from "../../net/index.ts";
import { metricSamples, metricsText, StubServer } from "../../resolver/index.ts";
import { query, ROOT, textOf, World } from "./world.ts";

const ANYONE = [Prefix.parse("0.0.0.0/0")];
const SOA = ". 60 SOA a. b. 1 1 1 1 60";
const MANY = Array.from({ length: 60 }, (_, i) => `big. 60 A 203.0.113.${i}`).join("\n");

function stub(allow = ANYONE): { readonly world: World; readonly server: StubServer } {
  const world = new World();
  world.server(ROOT, { ".": `${SOA}\n www. 60 A 192.0.2.1\n ${MANY}` });
  world.server("198.51.100.1", {}, () => null);
  return {
    world,
    server: new StubServer({
      engine: world.engine(),
      allow,
      authoritativePort: 5300,
      onFault: (error) => {
        throw error;
      },
    }),
  };
}

function request(name: string, change: Partial<Message> = {}): Message {
  return {
    ...emptyMessage,
    id: 4711,
    recursionDesired: true,
    authenticData: true,
    question: [query(name).question],
    edns: plainEdns,
    ...change,
  };
}

async function ask(
  { world, server }: ReturnType<typeof stub>,
  message: Message,
  transport: "udp" | "tcp" = "udp",
): Promise<Message> {
  return askOctets({ world, server }, encodeMessage(message), transport);
}

async function askOctets(
  { world, server }: ReturnType<typeof stub>,
  octets: Uint8Array,
  transport: "udp" | "tcp",
): Promise<Message> {
  const response = new Uint8Array(65_535);
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const length = server.handle(octets, response, { address: "192.0.2.200", port: 5000, transport }, resolve);
  return decodeMessage(length === LATER ? await world.clock.run(promise) : response.slice(0, length));
}

describe("a resolver for stubs", () => {
  test("answers with RA, without AA and AD, TTLs counted down", async () => {
    const stubs = stub();
    await ask(stubs, request("www."));
    await stubs.world.clock.advance(20_000);
    const answer = await ask(stubs, request("www."));
    expect(answer).toMatchObject({
      id: 4711,
      rcode: 0,
      recursionAvailable: true,
      recursionDesired: true,
      authoritative: false,
      authenticData: false,
    });
    expect(answer.answer.map(textOf)).toEqual(["www. A 192.0.2.1"]);
    expect(answer.answer[0]!.ttlSeconds).toBe(40);
    expect(stubs.world.asked).toHaveLength(1);
  });

  test("a denial carries the SOA in the authority section (RFC 2308 §3)", async () => {
    const answer = await ask(stub(), request("gone."));
    expect(answer.rcode).toBe(RCODE.NXDOMAIN);
    expect(answer.authority.map(({ type }) => type)).toEqual([TYPE.SOA]);
  });

  test("who is not on the list is REFUSED, with the reason", async () => {
    const stubs = stub([Prefix.parse("127.0.0.0/8")]);
    const answer = await ask(stubs, request("www."));
    expect(answer.rcode).toBe(RCODE.REFUSED);
    expect(extendedErrors(answer.edns)).toEqual([{ infoCode: EDE.PROHIBITED, text: "" }]);
    expect(stubs.world.asked).toEqual([]);
  });

  test("without RD only the cache speaks", async () => {
    const stubs = stub();
    const norec = request("www.", { recursionDesired: false });
    expect((await ask(stubs, norec)).rcode).toBe(RCODE.REFUSED);
    expect(stubs.world.asked).toEqual([]);
    await ask(stubs, request("www."));
    expect((await ask(stubs, norec)).answer).toHaveLength(1);
  });

  test("what does not fit a datagram is cut, with TC; TCP has all", async () => {
    const stubs = stub();
    const cut = await ask(stubs, request("big.", { edns: null }));
    expect([cut.truncated, cut.edns, encodeMessage(cut).length <= 512]).toEqual([true, null, true]);
    const whole = await ask(stubs, request("big."), "tcp");
    expect([whole.truncated, whole.answer.length]).toEqual([false, 60]);
  });

  test("when no server answers it says so (RFC 8914)", async () => {
    const stubs = stub();
    stubs.world.network.silence(ROOT);
    const answer = await ask(stubs, request("www."));
    expect(answer.rcode).toBe(RCODE.SERVFAIL);
    expect(extendedErrors(answer.edns)[0]!.infoCode).toBe(EDE.NETWORK_ERROR);
  });

  test.each([
    ["another opcode", request("www.", { opcode: 4 }), RCODE.NOTIMP],
    ["EDNS of a later version", request("www.", { edns: { ...plainEdns, version: 1 } }), RCODE.BADVERS],
    ["no question", request("www.", { question: [] }), RCODE.FORMERR],
    ["a transfer", request("www.", { question: [query("www.", "AXFR").question] }), RCODE.REFUSED],
    ["another class", request("www.", { question: [{ ...query("www.").question, class: 3 }] }), RCODE.SERVFAIL],
  ])("%s gives its error", async (_, message, rcode) => {
    expect((await ask(stub(), message)).rcode).toBe(rcode);
  });

  test("an error copies DO as an answer does (RFC 3225 §3)", async () => {
    for (const dnssecOk of [true, false]) {
      const answer = await ask(stub([]), request("www.", { edns: { ...plainEdns, dnssecOk } }));
      expect([answer.rcode, answer.edns!.dnssecOk]).toEqual([RCODE.REFUSED, dnssecOk]);
    }
  });

  test("whoever may ask is told at which port the servers are that it asks", async () => {
    const question = [{ name: Name.parse("port.resolver."), type: TYPE.TXT, class: CLASS.CH }];
    const { answer } = await ask(stub(), request("www.", { question }));
    expect(answer.map(({ rdata }) => new TextDecoder().decode(rdata.subarray(1)))).toEqual(["5300"]);
    expect(await ask(stub([]), request("www.", { question }))).toMatchObject({ rcode: RCODE.REFUSED, answer: [] });
  });

  test("more questions at once than it takes are SERVFAIL, and counted", async () => {
    const { world } = stub();
    const engine = world.engine();
    const onFault = (error: unknown): void => {
      throw error;
    };
    const server = new StubServer({ engine, allow: ANYONE, onFault, pendingMax: 1 });
    const first = ask({ world, server }, request("www."));
    expect((await ask({ world, server }, request("gone."))).rcode).toBe(RCODE.SERVFAIL);
    expect((await first).rcode).toBe(0);
    expect([server.overloaded, server.pending]).toEqual([1, 0]);
  });

  test("octets that are no message get FORMERR where a header can be read, else silence", async () => {
    const stubs = stub();
    const whole = encodeMessage(request("www."));
    for (let length = 0; length < whole.length; length++) {
      const octets = whole.slice(0, length);
      if (length < 12) {
        const peer = { address: "192.0.2.200", port: 5000, transport: "udp" } as const;
        expect(stubs.server.handle(octets, new Uint8Array(512), peer, () => undefined)).toBe(0);
      } else expect((await askOctets(stubs, octets, "udp")).rcode).toBe(RCODE.FORMERR);
    }
    expect(
      stubs.server.handle(
        encodeMessage(request("www.", { response: true })),
        new Uint8Array(512),
        { address: "192.0.2.200", port: 5000, transport: "udp" },
        () => undefined,
      ),
    ).toBe(0);
  });

  test("counts what it does", async () => {
    const stubs = stub();
    await ask(stubs, request("www."));
    await ask(stubs, request("www."));
    const text = metricsText(metricSamples(stubs.server));
    expect(text).toContain('strata_resolver_requests_total{transport="udp"} 2\n');
    expect(text).toContain('strata_resolver_responses_total{rcode="NOERROR"} 2\n');
    expect(text).toContain('strata_resolver_cache_hits_total{what="records"} 1\n');
    expect(text.match(/# TYPE strata_resolver_requests_total counter/g)).toHaveLength(1);
  });
});
