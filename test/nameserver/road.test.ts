import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equalOctets, fromHex, toHex } from "../../base/index.ts";
import {
  CLASS,
  decodeMessage,
  EDE,
  extendedErrors,
  findOption,
  type Message,
  Name,
  nsidRequest,
  OPCODE,
  OPTION,
  RCODE,
  TYPE,
} from "../../dns/index.ts";
import { EVENT } from "../../nameserver/index.ts";
import { Prefix } from "../../net/index.ts";
import { ask, askMessage, askOctets, requestOf, serverOf } from "../support/name-server.ts";

const zones = {
  "example.": `
    example.     300 SOA ns.example. admin.example. 1 3600 600 86400 60
    example.     300 NS ns.example.
    ns.example.  300 A 192.0.2.1
    *.w.example. 300 TXT "any"
    sub.example. 300 NS ns.sub.example.
    ns.sub.example. 300 A 192.0.2.5
    old.example. 120 DNAME example.`,
};
const { server } = serverOf(zones, { identity: "ns1.test", version: "Strata test" });
const asks = "ns.example. A";

describe("header (RFC 1035 §4.1.1)", () => {
  const heads: [string, Partial<Message>][] = [
    [
      "id, RD and CD come back, AD does not",
      { id: 7, recursionDesired: true, checkingDisabled: true, authenticData: true },
    ],
    ["nothing set stays so", { id: 65_535 }],
  ];
  test.each(heads)("%s", (_, message) => {
    const response = askMessage(server, asks, { message });
    expect(response).toMatchObject({
      id: message.id,
      response: true,
      recursionDesired: message.recursionDesired ?? false,
      checkingDisabled: message.checkingDisabled ?? false,
      authenticData: false,
      recursionAvailable: false,
    });
  });

  test.each([
    ["NOTIFY", OPCODE.NOTIFY],
    ["UPDATE", OPCODE.UPDATE],
    ["STATUS", OPCODE.STATUS],
    ["one that nobody knows", 9],
  ])("opcode %s is NOTIMP", (_, opcode) => {
    expect(askMessage(server, asks, { message: { opcode } })).toMatchObject({ rcode: RCODE.NOTIMP, opcode });
  });

  test("class HS is REFUSED", () => {
    const question = [{ name: Name.parse("example."), type: TYPE.A, class: CLASS.HS }];
    expect(askMessage(server, asks, { message: { question } }).rcode).toBe(RCODE.REFUSED);
  });

  test.each([
    ["example. AXFR", RCODE.REFUSED],
    ["example. TYPE41", RCODE.FORMERR],
    ["example. MAILB", RCODE.NOTIMP],
  ])("%s", (question, rcode) => expect(askMessage(server, question).rcode).toBe(rcode));

  test("a response gets no response", () => {
    expect(askOctets(server, requestOf(asks, { message: { response: true } }))).toBeNull();
  });

  test("less than a header gets no response", () => {
    const request = requestOf(asks);
    for (let length = 0; length < 12; length++) expect(askOctets(server, request.subarray(0, length))).toBeNull();
  });

  test("a question cut short is FORMERR with the id", () => {
    const request = requestOf(asks);
    for (let length = 12; length < request.length; length++) {
      const response = decodeMessage(askOctets(server, request.subarray(0, length))!);
      expect(response).toMatchObject({ id: 0x1234, rcode: RCODE.FORMERR });
    }
  });
});

describe("EDNS (RFC 6891)", () => {
  test("no OPT in, no OPT out", () => expect(askMessage(server, asks).edns).toBeNull());

  test("DO comes back, our payload size is 1232", () => {
    const { edns } = askMessage(server, asks, { edns: { dnssecOk: true, payloadOctets: 4096 } });
    expect(edns).toMatchObject({ version: 0, dnssecOk: true, payloadOctets: 1232, options: [] });
  });

  test("§6.1.3: another version is BADVERS with ours, and no answer", () => {
    const response = askMessage(server, asks, { edns: { version: 1 } });
    expect(response).toMatchObject({ rcode: RCODE.BADVERS, answer: [], edns: { version: 0 } });
  });

  test("RFC 5001: NSID tells the identity", () => {
    const { edns } = askMessage(server, asks, { edns: { options: [nsidRequest] } });
    expect(new TextDecoder().decode(findOption(edns, OPTION.NSID)?.data)).toBe("ns1.test");
  });

  test("RFC 5001: nothing is told when there is nothing to tell", () => {
    const { edns } = askMessage(serverOf(zones).server, asks, { edns: { options: [nsidRequest] } });
    expect(edns?.options).toEqual([]);
  });

  test("RFC 8914: REFUSED outside our zones says that we have no authority", () => {
    const { edns, rcode } = askMessage(server, "www.elsewhere. A", { edns: {} });
    expect(rcode).toBe(RCODE.REFUSED);
    expect(extendedErrors(edns)).toEqual([{ infoCode: EDE.NOT_AUTHORITATIVE, text: "" }]);
  });

  test("RFC 7828: a keepalive is told over TCP, not over UDP", () => {
    const options = [{ code: OPTION.TCP_KEEPALIVE, data: new Uint8Array(0) }];
    expect(askMessage(server, asks, { edns: { options } }).edns?.options).toEqual([]);
    const overTcp = askMessage(server, asks, { edns: { options }, transport: "tcp" });
    expect(findOption(overTcp.edns, OPTION.TCP_KEEPALIVE)?.data).toHaveLength(2);
  });
});

describe("cookies (RFC 7873)", () => {
  const cookieOption = (hex: string): { code: number; data: Uint8Array } => ({
    code: OPTION.COOKIE,
    data: fromHex(hex)!,
  });
  const CLIENT = "0102030405060708";
  const cookieOf = (from: ReturnType<typeof serverOf>["server"], hex: string, asking = {}): string => {
    const { edns } = askMessage(from, asks, { ...asking, edns: { options: [cookieOption(hex)] } });
    return toHex(findOption(edns, OPTION.COOKIE)!.data);
  };

  test("§5.2.3: a client cookie gets a server cookie, which is then good", () => {
    const cookie = cookieOf(server, CLIENT);
    expect(cookie).toMatch(/^0102030405060708010000006553f100/);
    const before = server.counters.events[EVENT.COOKIE_VALID]!;
    expect(cookieOf(server, cookie)).toBe(cookie);
    expect(server.counters.events[EVENT.COOKIE_VALID]).toBe(before + 1);
  });

  test("§5.2.4: a server cookie that is not ours is answered as if there were none", () => {
    expect(askMessage(server, asks, { edns: { options: [cookieOption(`${CLIENT}aaaaaaaaaaaaaaaa`)] } }).rcode).toBe(0);
  });

  test("§5.2.2: a cookie of a wrong length is FORMERR", () => {
    expect(askMessage(server, asks, { edns: { options: [cookieOption("0102030405")] } }).rcode).toBe(RCODE.FORMERR);
  });

  test("§5.2.3: where cookies are required, one that is not ours is BADCOOKIE over UDP, with a good one", () => {
    const strict = serverOf(zones, { cookieRequired: true }).server;
    const first = askMessage(strict, asks, { edns: { options: [cookieOption(CLIENT)] } });
    expect(first).toMatchObject({ rcode: RCODE.BADCOOKIE, answer: [] });
    const options = [{ code: OPTION.COOKIE, data: findOption(first.edns, OPTION.COOKIE)!.data }];
    expect(askMessage(strict, asks, { edns: { options } })).toMatchObject({ rcode: 0 });
    expect(askMessage(strict, asks, { edns: { options: [cookieOption(CLIENT)] }, transport: "tcp" }).rcode).toBe(0);
    expect(askMessage(strict, asks).rcode).toBe(0);
  });

  test("§5.4: no question but a cookie asks for a cookie; without one it is FORMERR", () => {
    const message = { question: [] };
    const response = askMessage(server, asks, { message: { ...message }, edns: { options: [cookieOption(CLIENT)] } });
    expect(response.rcode).toBe(RCODE.NOERROR);
    expect(findOption(response.edns, OPTION.COOKIE)?.data).toHaveLength(24);
    expect(askMessage(server, asks, { message }).rcode).toBe(RCODE.FORMERR);
  });
});

describe("class CHAOS (RFC 4892)", () => {
  const chaos = (from: typeof server, name: string): unknown => {
    const question = [{ name: Name.parse(name), type: TYPE.TXT, class: CLASS.CH }];
    const { rcode, answer } = askMessage(from, asks, { message: { question } });
    return rcode === 0 ? answer.map(({ rdata }) => new TextDecoder().decode(rdata.subarray(1))) : rcode;
  };
  test.each([
    ["version.bind.", ["Strata test"]],
    ["VERSION.server.", ["Strata test"]],
    ["id.server.", ["ns1.test"]],
    ["hostname.bind.", ["ns1.test"]],
    ["other.bind.", RCODE.REFUSED],
  ])("%s", (name, expected) => expect(chaos(server, name)).toEqual(expected));

  test("nothing is told unless configured", () =>
    expect(chaos(serverOf(zones).server, "version.bind.")).toBe(RCODE.REFUSED));
});

describe("access lists", () => {
  const strict = serverOf(zones, {
    allow: [Prefix.parse("192.0.2.0/24"), Prefix.parse("2001:db8::/32")],
    deny: [Prefix.parse("192.0.2.66")],
  }).server;
  test.each([
    ["192.0.2.1", "NOERROR aa"],
    ["::ffff:192.0.2.1", "NOERROR aa"],
    ["2001:db8::1", "NOERROR aa"],
    ["192.0.2.66", "REFUSED"],
    ["198.51.100.1", "REFUSED"],
    ["2001:db9::1", "REFUSED"],
  ])("%s gets %s", (from, head) => expect(ask(strict, asks, { from }).head).toBe(head));
});

describe("rate limit", () => {
  const rateLimits = { responsesPerSecond: 3, errorsPerSecond: 3, windowSeconds: 5, slip: 2, counters: 1024 };
  const from = "192.0.2.1";

  test("beyond it silence and TC take turns; TCP, a valid cookie and other questions pass", () => {
    const { server: limited } = serverOf(zones, { rateLimits });
    const heads = Array.from({ length: 7 }, () => {
      const octets = askOctets(limited, requestOf(asks), { from });
      return octets === null ? "silence" : decodeMessage(octets).truncated ? "tc" : "answer";
    });
    expect(heads).toEqual(["answer", "answer", "answer", "silence", "tc", "silence", "tc"]);
    expect(ask(limited, asks, { from, transport: "tcp" }).head).toBe("NOERROR aa");
    const cookie = { code: OPTION.COOKIE, data: fromHex("0102030405060708")! };
    const first = askOctets(limited, requestOf("example. NS", { edns: { options: [cookie] } }), { from })!;
    const valid = { code: OPTION.COOKIE, data: findOption(decodeMessage(first).edns, OPTION.COOKIE)!.data };
    expect(ask(limited, asks, { from, edns: { options: [valid] } }).head).toBe("NOERROR aa");
  });

  test("a cookie that is not ours passes nobody (RFC 7873 §5.2.5)", () => {
    const { server: limited } = serverOf(zones, { rateLimits: { ...rateLimits, slip: 0 } });
    for (const forged of ["0102030405060708", `010203040506070801000000${"6553f100"}${"00".repeat(8)}`]) {
      const options = [{ code: OPTION.COOKIE, data: fromHex(forged)! }];
      for (let i = 0; i < 10; i++) askOctets(limited, requestOf(asks, { edns: { options } }), { from });
      expect(askOctets(limited, requestOf(asks, { edns: { options } }), { from })).toBeNull();
    }
  });

  test("names that do not exist share one account", () => {
    const { server: limited } = serverOf(zones, { rateLimits: { ...rateLimits, slip: 0 } });
    const answered = Array.from({ length: 10 }, (_, i) => askOctets(limited, requestOf(`x${i}.example. A`), { from }));
    expect(answered.filter((octets) => octets !== null)).toHaveLength(3);
  });
});

describe("whatever comes in", () => {
  const { server: unlimited } = serverOf(zones, { identity: "ns1.test", rateLimits: null });
  const response = new Uint8Array(65_535);
  function handle(request: Uint8Array, transport: "udp" | "tcp"): Uint8Array {
    const length = unlimited.handle(request, response, { address: "192.0.2.9", port: 1, transport }, () => undefined);
    return response.slice(0, Math.max(0, length));
  }
  const limitOf = (request: Uint8Array, transport: string): number => {
    if (transport === "tcp") return 65_535;
    try {
      return Math.min(1232, Math.max(512, decodeMessage(request).edns?.payloadOctets ?? 512));
    } catch {
      return 1232;
    }
  };

  test("the response is a message of the right length, or there is none", () => {
    const names = ["example.", "ns.example.", "a.w.example.", "x.sub.example.", "a.old.example.", "else."];
    const valid = fc
      .record({
        name: fc.constantFrom(...names),
        type: fc.constantFrom("A", "NS", "TXT", "ANY", "DS", "SOA", "DNAME"),
        payload: fc.integer({ min: 0, max: 65_535 }),
        dnssecOk: fc.boolean(),
      })
      .map(({ name, type, payload, dnssecOk }) =>
        requestOf(`${name} ${type}`, { edns: { payloadOctets: payload, dnssecOk, options: [nsidRequest] } }),
      );
    const mutated = fc
      .tuple(valid, fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }))
      .map(([octets, changes]) => {
        const copy = octets.slice();
        for (const [at, octet] of changes) if (at < copy.length) copy[at] = octet;
        return copy;
      });
    fc.assert(
      fc.property(
        fc.oneof(valid, mutated, fc.uint8Array({ maxLength: 100 })),
        fc.constantFrom("udp" as const, "tcp" as const),
        (request, transport) => {
          const octets = handle(request, transport);
          if (octets.length === 0) return;
          expect(octets.length).toBeLessThanOrEqual(limitOf(request, transport));
          const message = decodeMessage(octets);
          expect(message.response).toBe(true);
          expect(equalOctets(octets.subarray(0, 2), request.subarray(0, 2))).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("every prefix and every flipped bit of a request", () => {
    const request = requestOf("x.sub.example. A", { edns: { dnssecOk: true, options: [nsidRequest] } });
    for (let length = 0; length <= request.length; length++) handle(request.subarray(0, length), "udp");
    for (let bit = 0; bit < 8 * request.length; bit++) {
      const copy = request.slice();
      copy[bit >> 3]! ^= 1 << (bit & 7);
      const octets = handle(copy, "udp");
      if (octets.length > 0) expect(() => decodeMessage(octets)).not.toThrow();
    }
  });
});
