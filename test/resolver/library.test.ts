import { Resolver as DnsResolver } from "node:dns/promises";
import { describe, expect, test } from "vitest";
import { formatTrace, NodeResolver, Resolver, Trace } from "../../index.ts";
import { HintsError, lookupFunction, type LookupAddress, type LookupOptions, readHints } from "../../resolver/index.ts";
import { systemServers } from "../../resolver/resolver.ts";
import { HINTS, ROOT, World } from "./world.ts";

const ZONE = `
  . 60 SOA a. b. 1 1 1 1 60
  . 60 NS a.root.
  www.test. 60 A 192.0.2.1
  www.test. 60 AAAA 2001:db8::1
  four.test. 60 A 192.0.2.4
  alias.test. 60 CNAME www.test.
  test. 60 MX 10 mail.test.
  test. 60 SOA ns.test. admin.test. 1 2 3 4 5
  test. 60 TXT "one" "two"
  test. 60 CAA 0 issue "ca.test"
  test. 60 NS ns.test.
  _sip._udp.test. 60 SRV 1 2 5060 sip.test.
  test. 60 NAPTR 1 2 "s" "SIP+D2U" "" _sip._udp.test.
  1.2.0.192.in-addr.arpa. 60 PTR www.test.
  1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 PTR www.test.
`.replace("test. 60 NS ns.test.\n", "");

function world(): { readonly world: World; readonly parts: ConstructorParameters<typeof Resolver>[0] } {
  const made = new World();
  made.server(ROOT, { ".": ZONE });
  const files = {
    read: () => new TextEncoder().encode(HINTS),
    write: () => undefined,
    exists: () => true,
    stamp: () => null,
    remove: () => undefined,
  };
  const { clock, random } = made;
  return { world: made, parts: { hints: "root.hints", files, clock, random, ask: made.network.ask("192.0.2.250") } };
}

describe("the library", () => {
  test("gives records in dns-packet's shape, aliases left out", async () => {
    const { world: made, parts } = world();
    const resolver = new Resolver(parts);
    const records = await made.clock.run(resolver.resolve("alias.test", "A"));
    expect(records).toEqual([{ name: "www.test", type: "A", class: "IN", ttl: 60, data: "192.0.2.1" }]);
    expect(await made.clock.run(resolver.packet("test", "MX"))).toMatchObject({
      type: "response",
      rcode: "NOERROR",
      answers: [{ name: "test", type: "MX", data: { preference: 10, exchange: "mail.test" } }],
    });
  });

  test.each([
    ["gone.test", "A", "ENOTFOUND"],
    ["four.test", "AAAA", "ENODATA"],
    ["a..b", "A", "EBADNAME"],
    ["www.test", "NOPE", "EBADQUERY"],
  ])("%s %s rejects with %s", async (name, type, code) => {
    const { world: made, parts } = world();
    await expect(made.clock.run(new Resolver(parts).resolve(name, type))).rejects.toMatchObject({ code });
  });

  test("cancel ends what is under way with ECANCELLED; a silent server gives ETIMEOUT", async () => {
    const { world: made, parts } = world();
    const resolver = new Resolver(parts);
    const pending = resolver.resolve("www.test");
    resolver.cancel();
    await expect(pending).rejects.toMatchObject({ code: "ECANCELLED" });
    made.network.silence(ROOT);
    await expect(made.clock.run(resolver.resolve("www.test"))).rejects.toMatchObject({ code: "ETIMEOUT" });
  });

  test("a trace is filled as it goes", async () => {
    const { world: made, parts } = world();
    const trace = new Trace();
    await made.clock.run(new Resolver(parts).resolve("www.test", "A", { trace }));
    expect(formatTrace(trace.steps)).toContain("www.test. A?");
  });

  test("the system's resolvers are those of resolv.conf", () => {
    const text = "# comment\nnameserver 192.0.2.1\n  nameserver\t2001:db8::1\nsearch example\n";
    const files = { ...world().parts!.files!, read: () => new TextEncoder().encode(text) };
    expect(systemServers(files)).toEqual(["192.0.2.1", "2001:db8::1"]);
  });
});

describe("in place of node:dns", () => {
  test("has every method of Node's own resolver", () => {
    const wanted = Object.getOwnPropertyNames(DnsResolver.prototype).concat(
      Object.getOwnPropertyNames(Object.getPrototypeOf(DnsResolver.prototype)),
    );
    const ours = new Set(Object.getOwnPropertyNames(NodeResolver.prototype));
    expect(wanted.filter((name) => !ours.has(name) && name !== "setLocalAddress" && name !== "constructor")).toEqual(
      [],
    );
  });

  test.each<readonly [string, (resolver: NodeResolver) => Promise<unknown>, unknown]>([
    ["resolve4", (r) => r.resolve4("www.test"), ["192.0.2.1"]],
    ["resolve4 with TTL", (r) => r.resolve4("www.test", { ttl: true }), [{ address: "192.0.2.1", ttl: 60 }]],
    ["resolve6", (r) => r.resolve6("www.test"), ["2001:db8::1"]],
    ["resolveCname", (r) => r.resolveCname("alias.test"), ["www.test"]],
    ["resolveMx", (r) => r.resolveMx("test"), [{ exchange: "mail.test", priority: 10 }]],
    ["resolveTxt", (r) => r.resolveTxt("test"), [["one", "two"]]],
    ["resolveSrv", (r) => r.resolveSrv("_sip._udp.test"), [{ name: "sip.test", port: 5060, priority: 1, weight: 2 }]],
    ["resolveCaa", (r) => r.resolveCaa("test"), [{ critical: 0, issue: "ca.test" }]],
    [
      "resolveNaptr",
      (r) => r.resolveNaptr("test"),
      [{ flags: "s", service: "SIP+D2U", regexp: "", replacement: "_sip._udp.test", order: 1, preference: 2 }],
    ],
    [
      "resolveSoa",
      (r) => r.resolveSoa("test"),
      { nsname: "ns.test", hostmaster: "admin.test", serial: 1, refresh: 2, retry: 3, expire: 4, minttl: 5 },
    ],
    ["resolveNs", (r) => r.resolveNs("."), ["a.root"]],
    ["reverse of IPv4", (r) => r.reverse("192.0.2.1"), ["www.test"]],
    ["reverse of IPv6", (r) => r.reverse("2001:db8::1"), ["www.test"]],
    ["resolve", (r) => r.resolve("www.test"), ["192.0.2.1"]],
    [
      "resolveAny",
      (r) => r.resolveAny("www.test"),
      [
        { type: "A", address: "192.0.2.1", ttl: 60 },
        { type: "AAAA", address: "2001:db8::1", ttl: 60 },
      ],
    ],
  ])("%s", async (_, call, expected) => {
    const { world: made, parts } = world();
    expect(await made.clock.run(call(new NodeResolver(parts)))).toEqual(expected);
  });

  test("errors are Node's: code, syscall, hostname, message", async () => {
    const { world: made, parts } = world();
    const resolver = new NodeResolver(parts);
    await expect(made.clock.run(resolver.resolve4("gone.test"))).rejects.toMatchObject({
      code: "ENOTFOUND",
      syscall: "queryA",
      hostname: "gone.test",
      message: "queryA ENOTFOUND gone.test",
    });
    await expect(made.clock.run(resolver.resolveMx("gone.test"))).rejects.toMatchObject({ syscall: "queryMx" });
    await expect(resolver.reverse("nonsense")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(resolver.resolve("www.test", "NOPE")).rejects.toThrow(TypeError);
  });

  test("setServers takes what getServers gives", () => {
    const resolver = new NodeResolver(world().parts);
    resolver.setServers(["192.0.2.1", "192.0.2.2:5353", "[2001:db8::1]:53"]);
    expect(resolver.getServers()).toEqual(["192.0.2.1", "192.0.2.2:5353", "2001:db8::1"]);
    expect(() => resolver.setServers(["nonsense"])).toThrow();
  });
});

describe("the lookup option", () => {
  const SIX = { address: "2001:db8::1", family: 6 };
  const FOUR = { address: "192.0.2.1", family: 4 };
  test.each<readonly [string, LookupOptions, unknown]>([
    ["www.test", { all: true }, [SIX, FOUR]],
    ["www.test", { all: true, order: "ipv4first" }, [FOUR, SIX]],
    ["www.test", { all: true, family: 4 }, [FOUR]],
    ["www.test", { all: true, family: "IPv6" }, [SIX]],
    ["four.test", { all: true, family: 6, hints: 8 }, [{ address: "::ffff:192.0.2.4", family: 6 }]],
    ["four.test", {}, { address: "192.0.2.4", family: 4 }],
    ["192.0.2.9", { all: true }, [{ address: "192.0.2.9", family: 4 }]],
    ["localhost", { family: 4 }, { address: "127.0.0.1", family: 4 }],
    ["gone.test", {}, "ENOTFOUND"],
    ["four.test", { family: 6 }, "ENOTFOUND"],
  ])("%s with %o", async (hostname, options, expected) => {
    const { world: made, parts } = world();
    const lookup = lookupFunction(new NodeResolver(parts));
    const outcome = new Promise<unknown>((resolve) => {
      lookup(hostname, options, (error, address: string | LookupAddress[], family) =>
        resolve(error !== null ? error.code : Array.isArray(address) ? address : { address, family }),
      );
    });
    expect(await made.clock.run(outcome)).toEqual(expected);
  });
});

describe("hints", () => {
  const read = (text: string): unknown => readHints(new TextEncoder().encode(text), "root.hints");
  test("reads IANA's form", () => {
    const text = `; comment\n.                        3600000      NS    A.ROOT-SERVERS.NET.\r\nA.ROOT-SERVERS.NET.      3600000      A     198.41.0.4\nA.ROOT-SERVERS.NET. IN AAAA 2001:503:ba3e::2:30\n; End of file`;
    expect(read(text)).toMatchObject({
      servers: [{ addresses: [{ address: "198.41.0.4" }, { address: "2001:503:ba3e::2:30" }] }],
    });
  });
  test.each([
    ["", "root.hints: no NS record of the root"],
    [". NS a.root.", "root.hints: no NS record of the root"],
    [". 3600 NS a.root.\na.root. A 1.2.3", "root.hints:2:"],
    [". 3600 NOPE a.root.", 'root.hints:1:8: "NOPE" is no TTL, class IN or type'],
    ["$INCLUDE x", "root.hints:1:1: $INCLUDE has no place"],
    ["a..b. 1 A 192.0.2.1", "root.hints:1:"],
  ])("%j is refused: %s", (text, message) => {
    expect(() => read(text)).toThrow(HintsError);
    expect(() => read(text)).toThrow(message);
  });
});
