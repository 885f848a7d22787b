import { expect, test } from "vitest";
import { ask, serverOf } from "../support/name-server.ts";

const signature = (type: string, labels: number): string =>
  `RRSIG ${type} 8 ${labels} 300 20300101000000 20200101000000 1 s. AAAA`;

/** A signed zone; its signatures are not verified by anybody here. */
const { server } = serverOf({
  "s.": `
    s.       300 SOA ns.s. admin.s. 1 3600 600 86400 60
    s.       300 ${signature("SOA", 1)}
    s.       300 NS a.s.
    s.       300 ${signature("NS", 1)}
    s.       60  NSEC a.s. NS SOA RRSIG NSEC
    s.       60  ${signature("NSEC", 1)}
    a.s.     300 A 192.0.2.1
    a.s.     300 ${signature("A", 2)}
    a.s.     60  NSEC open.s. A RRSIG NSEC
    a.s.     60  ${signature("NSEC", 2)}
    open.s.  300 NS ns.open.s.
    ns.open.s. 300 A 192.0.2.2
    open.s.  60  NSEC sec.s. NS RRSIG NSEC
    open.s.  60  ${signature("NSEC", 2)}
    sec.s.   300 NS ns.sec.s.
    ns.sec.s. 300 A 192.0.2.3
    sec.s.   300 DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
    sec.s.   300 ${signature("DS", 2)}
    sec.s.   60  NSEC *.w.s. NS DS RRSIG NSEC
    sec.s.   60  ${signature("NSEC", 2)}
    *.w.s.   300 TXT "any"
    *.w.s.   300 ${signature("TXT", 2)}
    *.w.s.   60  NSEC s. TXT RRSIG NSEC
    *.w.s.   60  ${signature("NSEC", 2)}`,
});
const DO = { edns: { dnssecOk: true } };

/** Owner and type, RRSIG with what it covers. */
function short(records: readonly string[]): string[] {
  return records.map((text) => {
    const [owner = "", , type = "", covered = ""] = text.split(" ");
    return type === "RRSIG" ? `${owner} RRSIG(${covered})` : `${owner} ${type}`;
  });
}

test("without DO nothing of DNSSEC is sent (RFC 4035 §3.1)", () => {
  for (const question of ["a.s. A", "b.s. A", "x.w.s. TXT", "h.open.s. A", "h.sec.s. A"]) {
    const { answer, authority, additional } = ask(server, question);
    expect(short([...answer, ...authority, ...additional]).join()).not.toMatch(/RRSIG|NSEC|DS/);
  }
});

test.each([
  ["RFC 4035 §3.1.1: an answer with its signature", "a.s. A", ["a.s. A", "a.s. RRSIG(A)"], []],
  ["RFC 4035 §3.1.3.1: NODATA", "a.s. TXT", [], ["s. SOA", "s. RRSIG(SOA)", "a.s. NSEC", "a.s. RRSIG(NSEC)"]],
  [
    "RFC 4035 §3.1.3.2: NXDOMAIN, the name and the wildcard",
    "b.s. A",
    [],
    ["s. SOA", "s. RRSIG(SOA)", "a.s. NSEC", "a.s. RRSIG(NSEC)", "s. NSEC", "s. RRSIG(NSEC)"],
  ],
  [
    "RFC 4035 §3.1.3.3: a wildcard's answer",
    "x.w.s. TXT",
    ["x.w.s. TXT", "x.w.s. RRSIG(TXT)"],
    ["*.w.s. NSEC", "*.w.s. RRSIG(NSEC)"],
  ],
  [
    "RFC 4035 §3.1.3.4: a wildcard without the type",
    "x.w.s. A",
    [],
    ["s. SOA", "s. RRSIG(SOA)", "*.w.s. NSEC", "*.w.s. RRSIG(NSEC)"],
  ],
  ["RFC 4035 §3.1.4: an unsigned delegation", "h.open.s. A", [], ["open.s. NS", "open.s. NSEC", "open.s. RRSIG(NSEC)"]],
  ["RFC 4035 §3.1.4: a signed delegation", "h.sec.s. A", [], ["sec.s. NS", "sec.s. DS", "sec.s. RRSIG(DS)"]],
  ["RFC 4035 §3.1.4.1: DS itself", "sec.s. DS", ["sec.s. DS", "sec.s. RRSIG(DS)"], []],
  ["RFC 4035 §3.1.4.1: no DS", "open.s. DS", [], ["s. SOA", "s. RRSIG(SOA)", "open.s. NSEC", "open.s. RRSIG(NSEC)"]],
])("%s", (_, question, answer, authority) => {
  const response = ask(server, question, DO);
  expect(short(response.answer)).toEqual(answer);
  expect(short(response.authority).sort()).toEqual([...authority].sort());
});

test("additional data brings its signatures, glue has none (RFC 4035 §3.1.1)", () => {
  expect(short(ask(server, "s. NS", DO).additional)).toEqual(["a.s. A", "a.s. RRSIG(A)"]);
  expect(short(ask(server, "h.sec.s. A", DO).additional)).toEqual(["ns.sec.s. A"]);
});

test("RRSIG asked for itself", () => {
  expect(short(ask(server, "a.s. RRSIG", { transport: "tcp" }).answer)).toEqual(["a.s. RRSIG(A)", "a.s. RRSIG(NSEC)"]);
  expect(ask(server, "a.s. RRSIG").answer).toHaveLength(2);
});

test.each([
  [
    "a.c.s. A",
    ["a.c.s. CNAME", "a.c.s. RRSIG(CNAME)", "a.s. A", "a.s. RRSIG(A)"],
    ["*.c.s. NSEC", "*.c.s. RRSIG(NSEC)"],
  ],
  [
    "a.r.s. A",
    ["a.r.s. CNAME", "a.r.s. RRSIG(CNAME)", "b.r.s. CNAME", "b.r.s. RRSIG(CNAME)"],
    ["*.r.s. NSEC", "*.r.s. RRSIG(NSEC)"],
  ],
  ["a.o.s. A", ["a.o.s. CNAME", "a.o.s. RRSIG(CNAME)"], ["*.o.s. NSEC", "*.o.s. RRSIG(NSEC)"]],
])("the proof of a wildcard CNAME stands behind the whole answer section: %s", (question, answer, authority) => {
  const aliases = [
    ["c", "a.s."],
    ["r", "b.r.s."],
    ["o", "www.elsewhere."],
  ].map(([name, target]) => {
    const owner = `*.${name}.s.`;
    const proof = `${owner} 60 NSEC s. CNAME RRSIG NSEC\n${owner} 60 ${signature("NSEC", 2)}`;
    return `${owner} 300 CNAME ${target}\n${owner} 300 ${signature("CNAME", 2)}\n${proof}`;
  });
  const zone = `s. 300 SOA ns.s. a.s. 1 2 3 4 5\ns. 60 NSEC a.s. SOA RRSIG NSEC
    a.s. 300 A 192.0.2.1\na.s. 300 ${signature("A", 2)}\n${aliases.join("\n")}`;
  const response = ask(serverOf({ "s.": zone }).server, question, { edns: { dnssecOk: true, payloadOctets: 4096 } });
  expect(short(response.answer)).toEqual(answer);
  expect(short(response.authority)).toEqual(authority);
});

test("a proof that does not fit is missed: TC (RFC 4035 §3.1)", () => {
  const fat = `RRSIG NSEC 8 1 300 20300101000000 20200101000000 1 s. ${"AAAA".repeat(128)}`;
  const { server: fatServer } = serverOf({
    "s.": `s. 300 SOA ns.s. a.s. 1 2 3 4 5\n s. 60 NSEC s. SOA RRSIG NSEC\n s. 60 ${fat}`,
  });
  const cut = ask(fatServer, "b.s. A", { edns: { dnssecOk: true, payloadOctets: 512 } });
  expect([cut.head, short(cut.authority)]).toEqual(["NXDOMAIN aa tc", ["s. SOA"]]);
  const whole = ask(fatServer, "b.s. A", { edns: { dnssecOk: true, payloadOctets: 1232 } });
  expect([whole.head, whole.authority.length]).toEqual(["NXDOMAIN aa", 3]);
});

test("NSEC that no signature covers proves nothing and is not sent (RFC 4035 §3.1.3)", () => {
  const bare = serverOf({
    "u.": `
      u.      300 SOA ns.u. admin.u. 1 3600 600 86400 60
      u.      300 NS ns.open.u.
      u.      60  NSEC open.u. NS SOA RRSIG NSEC
      open.u. 300 NS ns.open.u.
      ns.open.u. 300 A 192.0.2.2
      open.u. 60  NSEC u. NS RRSIG NSEC`,
  });
  expect(short(ask(bare.server, "gone.u. A", DO).authority)).toEqual(["u. SOA"]);
  expect(short(ask(bare.server, "h.open.u. A", DO).authority)).toEqual(["open.u. NS"]);
  expect(short(ask(bare.server, "u. NSEC", DO).answer)).toEqual(["u. NSEC"]);
});
