import { describe, expect, test } from "vitest";
import { extendedErrors, RCODE } from "../../dns/index.ts";
import { ask, askMessage, serverOf } from "../support/name-server.ts";

const zones = {
  "example.": `
    example.            300 SOA ns.example. admin.example. 1 3600 600 86400 60
    example.            300 NS ns.example.
    ns.example.         300 A 192.0.2.1
    ns.example.         300 AAAA 2001:db8::1
    www.example.        300 A 192.0.2.2
    www.example.        300 A 192.0.2.3
    www.example.        300 TXT "hello"
    a.b.example.        300 A 192.0.2.4
    *.wild.example.     300 TXT "any"
    *.wild.example.     300 MX 10 www.example.
    *.lost.example.     300 CNAME www.example.
    alias.example.      300 CNAME www.example.
    twice.example.      300 CNAME alias.example.
    gone.example.       300 CNAME nothing.example.
    out.example.        300 CNAME www.elsewhere.
    across.example.     300 CNAME www.other.
    circle.example.     300 CNAME round.example.
    round.example.      300 CNAME circle.example.
    down.example.       300 CNAME host.sub.example.
    mail.example.       300 MX 10 www.example.
    mail.example.       300 MX 20 host.sub.example.
    nomail.example.     300 MX 0 .
    _sip._tcp.example.  300 SRV 0 0 5060 www.example.
    svc.example.        300 SVCB 1 . alpn=h2
    svc.example.        300 A 192.0.2.9
    sub.example.        300 NS ns.sub.example.
    sub.example.        300 NS ns.sibling.example.
    ns.sub.example.     300 A 192.0.2.5
    host.sub.example.   300 A 192.0.2.6
    sibling.example.    300 NS ns.sibling.example.
    ns.sibling.example. 300 A 192.0.2.7
    old.example.        120 DNAME new.other.
    to.example.         120 DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.example.`,
  "other.": `
    other.         300 SOA ns.example. admin.example. 1 3600 600 86400 900
    other.         300 NS ns.example.
    www.other.     300 A 198.51.100.1
    www.new.other. 300 A 198.51.100.2
    child.other.   300 NS ns.example.`,
  "child.other.": `
    child.other. 300 SOA ns.example. admin.example. 1 3600 600 86400 900
    child.other. 300 NS ns.example.`,
};
const { server } = serverOf(zones);
const SOA = "example. 60 SOA ns.example. admin.example. 1 3600 600 86400 60";
const OTHER_SOA = "other. 300 SOA ns.example. admin.example. 1 3600 600 86400 900";

describe("answers", () => {
  test.each([
    ["RFC 1034 §4.3.2", "www.example. A", ["www.example. 300 A 192.0.2.2", "www.example. 300 A 192.0.2.3"]],
    [
      "RFC 4343 §4: the case of the question",
      "WwW.eXample. A",
      ["WwW.eXample. 300 A 192.0.2.2", "WwW.eXample. 300 A 192.0.2.3"],
    ],
    [
      "RFC 4592 §3.3.1: under the name that was asked for",
      "x.y.wild.example. TXT",
      ['x.y.wild.example. 300 TXT "any"'],
    ],
    [
      "RFC 1034 §3.6.2",
      "alias.example. A",
      ["alias.example. 300 CNAME www.example.", "www.example. 300 A 192.0.2.2", "www.example. 300 A 192.0.2.3"],
    ],
    [
      "RFC 1034 §3.6.2: QTYPE CNAME is not followed",
      "twice.example. CNAME",
      ["twice.example. 300 CNAME alias.example."],
    ],
    [
      "RFC 1034 §4.3.2: from zone to zone",
      "across.example. A",
      ["across.example. 300 CNAME www.other.", "www.other. 300 A 198.51.100.1"],
    ],
    ["RFC 1034 §3.6.2: an alias out of our zones", "out.example. A", ["out.example. 300 CNAME www.elsewhere."]],
    [
      "RFC 1034 §3.6.2: a circle is said once",
      "circle.example. A",
      ["circle.example. 300 CNAME round.example.", "round.example. 300 CNAME circle.example."],
    ],
    [
      "RFC 6672 §3.2: DNAME and the CNAME it makes",
      "WWW.old.example. A",
      [
        "old.example. 120 DNAME new.other.",
        "WWW.old.example. 120 CNAME WWW.new.other.",
        "WWW.new.other. 300 A 198.51.100.2",
      ],
    ],
    ["RFC 6672 §2.3: the DNAME's owner is not changed", "old.example. DNAME", ["old.example. 120 DNAME new.other."]],
    [
      "RFC 1034 §4.3.3: alias from a wildcard",
      "x.lost.example. TXT",
      ["x.lost.example. 300 CNAME www.example.", 'www.example. 300 TXT "hello"'],
    ],
  ])("%s: %s", (_, question, answer) => {
    const response = ask(server, question);
    expect(response.head).toBe("NOERROR aa");
    expect(response.answer).toEqual(answer);
    expect(response.authority).toEqual([]);
  });

  test("RFC 6672 §2.2: a name that would be too long is YXDOMAIN, with the DNAME", () => {
    const label = "c".repeat(63);
    const response = ask(server, `${label}.${label}.${label}.to.example. A`);
    expect(response.head).toBe("YXDOMAIN aa");
    expect(response.answer).toHaveLength(1);
  });

  test("RFC 2181 §5: DNAMEs in a circle are said once", () => {
    const circle = "x. 300 SOA ns.x. a.x. 1 2 3 4 5\na.x. 300 DNAME b.x.\nb.x. 300 DNAME a.x.";
    expect(ask(serverOf({ "x.": circle }).server, "w.a.x. A").answer).toEqual([
      "a.x. 300 DNAME b.x.",
      "w.a.x. 300 CNAME w.b.x.",
      "b.x. 300 DNAME a.x.",
      "w.b.x. 300 CNAME w.a.x.",
    ]);
  });

  test("DESIGN §8: eight aliases are followed and no more", () => {
    const chain = Array.from({ length: 12 }, (_, i) => `c${i}.x. 300 CNAME c${i + 1}.x.`).join("\n");
    const long = serverOf({ "x.": `x. 300 SOA ns.x. a.x. 1 2 3 4 5\n${chain}` });
    expect(ask(long.server, "c0.x. A").answer).toHaveLength(9);
  });
});

describe("denials", () => {
  test.each([
    ["RFC 2308 §2.1", "nothing.example. A", "NXDOMAIN aa", [], SOA],
    ["RFC 2308 §2.2", "www.example. MX", "NOERROR aa", [], SOA],
    ["RFC 2308 §3: the SOA's TTL when it is lower than MINIMUM", "www.other. MX", "NOERROR aa", [], OTHER_SOA],
    ["RFC 4592 §2.2.2: an empty non-terminal exists", "b.example. A", "NOERROR aa", [], SOA],
    ["RFC 4592 §2.2.1: the wildcard has no such type", "x.wild.example. A", "NOERROR aa", [], SOA],
    [
      "RFC 6604 §3: the RCODE of the last name",
      "gone.example. A",
      "NXDOMAIN aa",
      ["gone.example. 300 CNAME nothing.example."],
      SOA,
    ],
    ["RFC 4035 §3.1.4.1: DS of a zone whose parent we hold too", "child.other. DS", "NOERROR aa", [], OTHER_SOA],
  ])("%s: %s is %s", (_, question, head, answer, soa) => {
    const response = ask(server, question);
    expect(response).toMatchObject({ head, answer, authority: [soa], additional: [] });
  });
});

describe("referrals", () => {
  const authority = ["sub.example. 300 NS ns.sub.example.", "sub.example. 300 NS ns.sibling.example."];
  const glue = ["ns.sub.example. 300 A 192.0.2.5", "ns.sibling.example. 300 A 192.0.2.7"];

  test.each([
    ["below the cut", "host.sub.example. A"],
    ["at the cut", "sub.example. MX"],
    ["the glue's own name", "ns.sub.example. A"],
  ])("RFC 1034 §4.3.2 3b: %s", (_, question) => {
    expect(ask(server, question)).toMatchObject({ head: "NOERROR", answer: [], authority, additional: glue });
  });

  test("RFC 4035 §3.1.4.1: DS at the cut is answered by the parent", () => {
    expect(ask(server, "sub.example. DS")).toMatchObject({ head: "NOERROR aa", authority: [SOA] });
  });

  test("an alias to below a cut keeps AA, which speaks of the alias (RFC 1035 §4.1.1)", () => {
    const response = ask(server, "down.example. A");
    expect(response.head).toBe("NOERROR aa");
    expect(response.answer).toEqual(["down.example. 300 CNAME host.sub.example."]);
    expect(response.authority).toEqual(authority);
  });

  test("each server's glue has its own name, in the case of the NS", () => {
    const { server } = serverOf({
      "example.": `
        example.          300 SOA ns.example. admin.example. 1 3600 600 86400 60
        sub.example.      300 NS ns1.other.example.
        sub.example.      300 NS ns1.sub.example.
        sub.example.      300 NS NS2.sub.example.
        sub.example.      300 NS .
        sub.example.      300 NS ns3.sub.example.
        ns1.sub.example.  300 A 192.0.2.1
        ns1.sub.example.  300 AAAA 2001:db8::1
        ns2.sub.example.  300 A 192.0.2.2
        ns3.sub.example.  300 A 192.0.2.3
        other.example.    300 NS ns1.other.example.
        ns1.other.example. 300 A 192.0.2.4`,
    });
    expect(ask(server, "www.sub.example. A").additional).toEqual([
      "ns1.sub.example. 300 A 192.0.2.1",
      "ns1.sub.example. 300 AAAA 2001:db8::1",
      "NS2.sub.example. 300 A 192.0.2.2",
      "ns3.sub.example. 300 A 192.0.2.3",
      "ns1.other.example. 300 A 192.0.2.4",
    ]);
  });

  test("RFC 9471 §3.1: TC when in-domain glue does not fit", () => {
    const names = Array.from({ length: 8 }, (_, i) => `n${i}-of-a-rather-long-name.big.t.`);
    const records = names.map((n, i) => `big.t. 300 NS ${n}\n${n} 300 AAAA 2001:db8::${i}`).join("\n");
    const big = serverOf({ "t.": `t. 300 SOA ns.t. a.t. 1 2 3 4 5\n${records}` });
    expect(ask(big.server, "www.big.t. A").head).toBe("NOERROR tc");
    expect(ask(big.server, "www.big.t. A", { transport: "tcp" }).additional).toHaveLength(8);
  });

  test("RFC 9471 §3.2: sibling glue that does not fit is left out without TC", () => {
    const names = Array.from({ length: 8 }, (_, i) => `n${i}-of-a-rather-long-name.side.t.`);
    const records = names.map((n, i) => `big.t. 300 NS ${n}\n${n} 300 AAAA 2001:db8::${i}`).join("\n");
    const big = serverOf({ "t.": `t. 300 SOA ns.t. a.t. 1 2 3 4 5\nside.t. 300 NS n1.side.t.\n${records}` });
    expect(ask(big.server, "www.big.t. A").head).toBe("NOERROR");
  });
});

describe("additional data", () => {
  test.each([
    [
      "RFC 1035 §3.3.9: MX",
      "mail.example. MX",
      ["www.example. 300 A 192.0.2.2", "www.example. 300 A 192.0.2.3", "host.sub.example. 300 A 192.0.2.6"],
    ],
    ["RFC 7505: MX to nobody", "nomail.example. MX", []],
    ["RFC 2782: SRV", "_sip._tcp.example. SRV", ["www.example. 300 A 192.0.2.2", "www.example. 300 A 192.0.2.3"]],
    ["RFC 1035 §3.3.11: NS", "example. NS", ["ns.example. 300 A 192.0.2.1", "ns.example. 300 AAAA 2001:db8::1"]],
    ["RFC 9460 §2.5.2: SVCB in ServiceMode, the owner itself", "svc.example. SVCB", ["svc.example. 300 A 192.0.2.9"]],
    ["wildcard MX", "x.wild.example. MX", ["www.example. 300 A 192.0.2.2", "www.example. 300 A 192.0.2.3"]],
  ])("%s", (_, question, additional) => {
    expect(ask(server, question).additional).toEqual(additional);
  });
});

describe("ANY (RFC 8482)", () => {
  test("over UDP one RRset, over TCP all of them", () => {
    const types = (answer: readonly string[]): string[] => [...new Set(answer.map((text) => text.split(" ")[2] ?? ""))];
    expect(types(ask(server, "www.example. ANY").answer)).toHaveLength(1);
    expect(types(ask(server, "www.example. ANY", { transport: "tcp" }).answer).sort()).toEqual(["A", "TXT"]);
  });
});

describe("sizes", () => {
  const texts = Array.from({ length: 10 }, (_, i) => `big.s. 300 TXT "${i}${"x".repeat(99)}"`).join("\n");
  const big = serverOf({ "s.": `s. 300 SOA ns.s. a.s. 1 2 3 4 5\n${texts}` }).server;

  test.each([
    ["RFC 1035 §4.2.1: 512 without EDNS", {}, "NOERROR aa tc", 0],
    ["RFC 6891 §6.2.3: as much as the client takes", { edns: { payloadOctets: 1232 } }, "NOERROR aa", 10],
    ["RFC 6891 §6.2.3: less than 512 is 512", { edns: { payloadOctets: 100 } }, "NOERROR aa tc", 0],
    ["over TCP all of it", { transport: "tcp" as const }, "NOERROR aa", 10],
  ])("%s", (_, asking, head, records) => {
    const response = ask(big, "big.s. TXT", asking);
    expect(response.head).toBe(head);
    expect(response.answer).toHaveLength(records);
  });
});

test("DESIGN §8: over UDP 1232 octets and no more, whatever the client takes", () => {
  const texts = Array.from({ length: 20 }, (_, i) => `big.s. 300 TXT "${i}${"x".repeat(99)}"`).join("\n");
  const zone = `s. 300 SOA ns.s. a.s. 1 2 3 4 5\n${texts}`;
  const asking = { edns: { payloadOctets: 4096 } };
  expect(ask(serverOf({ "s.": zone }).server, "big.s. TXT", asking).head).toBe("NOERROR aa tc");
  expect(ask(serverOf({ "s.": zone }, { payloadOctets: 4096 }).server, "big.s. TXT", asking).answer).toHaveLength(20);
});

describe("where no zone is", () => {
  test("REFUSED", () => expect(ask(server, "www.elsewhere. A").head).toBe("REFUSED"));
  test("the closest zone wins", () => {
    expect(ask(server, "x.child.other. A").authority).toEqual([
      "child.other. 300 SOA ns.example. admin.example. 1 3600 600 86400 900",
    ]);
  });
});

describe("a zone that we are to serve and cannot: a secondary's copy that has expired (RFC 8914 §4.25)", () => {
  const { server: expired } = serverOf({ ...zones, "child.other.": "" });
  test.each(["child.other. SOA", "www.child.other. A", "x.y.child.other. TXT"])("%s: SERVFAIL, 24", (question) => {
    const message = askMessage(expired, question, { edns: {} });
    expect(message.rcode).toBe(RCODE.SERVFAIL);
    expect(extendedErrors(message.edns)).toMatchObject([{ infoCode: 24 }]);
  });
  test("its DS is its parent's to answer", () => {
    expect(ask(expired, "child.other. DS").head).toBe("NOERROR aa");
  });
  test("other zones are answered as ever", () => expect(ask(expired, "www.other. A").head).toBe("NOERROR aa"));
});
