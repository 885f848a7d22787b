/** The features of generated zones: each writes some records and names the names worth asking for. */
import type { ZoneDraft } from "./zone-draft.ts";

type Feature = (draft: ZoneDraft) => void;

const address = (draft: ZoneDraft): string => `192.0.2.${draft.random.below(256)}`;

export const FEATURES: Readonly<Record<string, Feature>> = {
  hosts(draft) {
    for (const host of ["www", "ftp", "host-1", "_dmarc", "1", "-"]) {
      for (let i = draft.random.below(3) + 1; i > 0; i--) draft.add(host, "A", address(draft));
      if (draft.random.below(2) === 0) draft.add(host, "AAAA", `2001:db8::${draft.random.below(65_536).toString(16)}`);
      if (draft.random.below(3) === 0) draft.add(host, "TXT", '"a host" "of two strings"', draft.random.below(1000));
    }
    draft.ask("below.www");
    draft.ask("xwww");
  },

  wildcard(draft) {
    draft.add("*.wild", "A", address(draft));
    draft.add("*.wild", "TXT", '"any"');
    draft.add("known.wild", "A", address(draft));
    draft.add("deep.under.wild", "MX", "5 www");
    for (const label of ["x", "x.y", "known", "x.known", "under", "x.under", "x.deep.under", "*", "x.*"]) {
      draft.ask(`${label}.wild`, "A", "TXT");
    }
  },

  "wildcard at the apex"(draft) {
    draft.add("*", "A", address(draft));
    draft.add("*", "MX", "10 mail");
    draft.add("stop.here", "TXT", '"blocks"');
    draft.ask("anything", "A", "MX", "AAAA");
    draft.ask("any.thing", "A");
    draft.ask("here", "A");
    draft.ask("x.here", "A");
    draft.ask("x.stop.here", "A");
  },

  "wildcard alias"(draft) {
    const target = draft.random.pick(["real.aliased", "gone.aliased", "www.elsewhere.invalid.", "x.loop"]);
    draft.add("*.alias", "CNAME", target);
    draft.add("real.aliased", "A", address(draft));
    draft.add("*.loop", "CNAME", "y.loop");
    for (const name of ["a.alias", "b.c.alias", "alias", "z.loop", "*.alias"]) draft.ask(name, "A", "CNAME", "TXT");
  },

  "wildcards in a row"(draft) {
    draft.add("*.*.stars", "TXT", '"two stars"');
    draft.add("sub.*.stars", "A", address(draft));
    draft.add("a*.stars", "A", address(draft));
    for (const name of [
      "x.stars",
      "*.stars",
      "x.*.stars",
      "sub.*.stars",
      "x.y.stars",
      "sub.x.stars",
      "*.*.stars",
      "a*.stars",
    ]) {
      draft.ask(name, "TXT", "A");
    }
  },

  "empty non-terminals"(draft) {
    draft.add("a.b.c.d.ent", "A", address(draft));
    draft.add("other.c.d.ent", "TXT", '"x"');
    for (const name of ["b.c.d.ent", "c.d.ent", "d.ent", "ent", "x.b.c.d.ent", "x.c.d.ent", "x.ent", "a.a.b.c.d.ent"]) {
      draft.ask(name, "A", "TXT", "NS");
    }
  },

  delegation(draft) {
    draft.add("cut", "NS", "ns.cut", 7200);
    draft.add("cut", "NS", "ns2.cut", 7200);
    draft.add("ns.cut", "A", address(draft));
    draft.add("ns.cut", "AAAA", "2001:db8::53");
    draft.add("ns2.cut", "A", address(draft));
    if (draft.random.below(2) === 0) {
      draft.add("cut", "DS", "12345 13 2 49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0000");
    }
    for (const name of ["cut", "www.cut", "a.b.cut", "ns.cut"]) draft.ask(name, "A", "NS", "DS", "AAAA");
  },

  "delegation without glue"(draft) {
    draft.add("far", "NS", "ns.elsewhere.invalid.");
    draft.add("far", "NS", "ns.other.invalid.");
    draft.add("lost", "NS", "ns.lost");
    for (const name of ["far", "x.far", "lost", "x.lost", "ns.lost"]) draft.ask(name, "A", "NS", "DS");
  },

  "delegation with sibling glue"(draft) {
    draft.add("left", "NS", "ns.right");
    draft.add("right", "NS", "ns.right");
    draft.add("right", "NS", "ns.left");
    draft.add("ns.right", "A", address(draft));
    draft.add("ns.left", "AAAA", "2001:db8::54");
    draft.add("inside", "NS", "ns1");
    for (const name of ["left", "right", "x.left", "x.right", "ns.left", "inside", "x.inside"])
      draft.ask(name, "A", "NS");
  },

  "occluded names"(draft) {
    draft.add("over", "NS", "ns.over");
    draft.add("ns.over", "A", address(draft));
    draft.add("hidden.over", "TXT", '"occluded"');
    draft.add("*.over", "A", address(draft));
    draft.add("under.over", "NS", "ns.under.over");
    draft.add("ns.under.over", "A", address(draft));
    draft.add("over", "TXT", '"beside a cut"');
    for (const name of ["over", "hidden.over", "x.over", "*.over", "under.over", "x.under.over"]) {
      draft.ask(name, "TXT", "A", "NS", "DS");
    }
  },

  dname(draft) {
    draft.add("tree", "DNAME", draft.random.pick(["forest", "elsewhere.invalid.", "deep.forest"]));
    draft.add("tree", "TXT", '"beside a DNAME"');
    draft.add("leaf.forest", "A", address(draft));
    draft.add("*.wild.forest", "A", address(draft));
    draft.add("leaf.deep.forest", "CNAME", "leaf.forest");
    draft.add("chain", "DNAME", "tree");
    draft.add("to-tree", "CNAME", "leaf.tree");
    for (const name of [
      "tree",
      "leaf.tree",
      "x.wild.tree",
      "gone.tree",
      "leaf.chain",
      "chain",
      "to-tree",
      "a.b.tree",
    ]) {
      draft.ask(name, "A", "DNAME", "TXT", "CNAME");
    }
  },

  "dname that ends badly"(draft) {
    draft.add("ring", "DNAME", "ring2");
    draft.add("ring2", "DNAME", "ring");
    draft.add("self", "DNAME", "x.self");
    const label = "l".repeat(60);
    draft.add("long", "DNAME", `${label}.${label}.${label}`);
    for (const name of [
      "a.ring",
      "b.ring2",
      "x.self",
      "y.x.self",
      "a.long",
      `${label}.long`,
      `${label}.${"m".repeat(60)}.long`,
    ]) {
      draft.ask(name, "A", "TXT");
    }
  },

  aliases(draft) {
    const length = draft.random.pick([2, 4, 7]);
    for (let i = 1; i < length; i++) draft.add(`c${i}`, "CNAME", `c${i + 1}`, 60 * i);
    draft.add(`c${length}`, "A", address(draft));
    draft.add("out", "CNAME", "www.elsewhere.invalid.");
    draft.add("gone", "CNAME", "not.here");
    draft.add("to-cut", "CNAME", "www.cut");
    draft.add("to-wild", "CNAME", "made.wild");
    draft.add("to-apex", "CNAME", "@");
    draft.add("to-neighbour", "CNAME", "www.z0.test.");
    for (const name of ["c1", "c2", "out", "gone", "to-cut", "to-wild", "to-apex", "to-neighbour"]) {
      draft.ask(name, "A", "CNAME", "MX", "SOA");
    }
  },

  "alias loops"(draft) {
    draft.add("loop1", "CNAME", "loop2");
    draft.add("loop2", "CNAME", "loop3");
    draft.add("loop3", "CNAME", "loop1");
    draft.add("myself", "CNAME", "myself");
    for (const name of ["loop1", "loop2", "myself"]) draft.ask(name, "A", "CNAME");
  },

  "mixed case"(draft) {
    draft.add("MiXeD", "A", address(draft));
    draft.add("mixed", "TXT", '"Same NAME"');
    draft.add("MAIL-case", "MX", "10 MiXeD");
    draft.add("AlIaS-case", "CNAME", "MIXED");
    draft.add("PTR-case", "PTR", "Some.Name.INVALID.");
    for (const name of ["mixed", "MIXED", "mail-CASE", "alias-case", "ALIAS-CASE"]) draft.ask(name, "A", "TXT", "MX");
  },

  "odd octets"(draft) {
    for (const label of [
      "a\\.b",
      "\\000",
      "\\255\\254",
      "sp\\032ace",
      "at\\@",
      "semi\\;colon",
      'quo\\"te',
      "back\\\\slash",
      "p\\(a\\)r",
      "x\\$dollar",
    ]) {
      draft.add(`${label}.odd`, "A", address(draft));
      draft.ask(`x.${label}.odd`);
    }
    draft.add("\\*.star", "A", address(draft));
    draft.add("text", "TXT", '"\\000\\255\\"\\\\;" "" "\\200"');
    draft.add("to-odd", "CNAME", "a\\.b.odd");
    draft.ask("a.b.odd", "A");
    draft.ask("x.star", "A");
    draft.ask("to-odd", "A");
  },

  "long names"(draft) {
    const label = "n".repeat(63);
    const room = 255 - wireLength(draft.apex) - 3 * 64 - 1;
    const last = "e".repeat(Math.max(1, Math.min(63, room)));
    draft.add(`${label}`, "A", address(draft));
    draft.add(`${last}.${label}.${label}.${label}`, "TXT", '"as long as a name gets"');
    draft.ask(`${label}.${label}`, "A");
    draft.ask(`${label}.${label}.${label}`, "A");
  },

  "unknown types"(draft) {
    draft.add("odd-types", "TYPE731", "\\# 6 abcdef 012345");
    draft.add("odd-types", "TYPE65280", "\\# 0");
    draft.add("odd-types", "TYPE1", "\\# 4 0A000001");
    draft.add("*.odd-types", "TYPE65281", "\\# 1 ff");
    for (const name of ["odd-types", "x.odd-types"])
      draft.ask(name, "TYPE731", "TYPE65280", "TYPE65281", "A", "TYPE9999");
  },

  "many types"(draft) {
    for (const [type, rdata] of SAMPLES) draft.add("every", type, rdata);
    for (const [type, rdata] of SAMPLES.slice(0, 8)) draft.add("*.every", type, rdata);
    draft.ask("x.every", ...SAMPLES.slice(0, 8).map(([type]) => type));
  },

  "big sets"(draft) {
    for (let i = 0; i < 70; i++) draft.add("big", "A", `198.51.100.${i}`);
    for (let i = 0; i < 12; i++) draft.add("texts", "TXT", `"${String(i).padStart(120, "t")}"`);
    for (let i = 0; i < 25; i++) {
      draft.add("mails", "MX", `${i} mail${i}.big`);
      draft.add(`mail${i}.big`, "A", `198.51.100.${i}`);
      draft.add(`mail${i}.big`, "AAAA", `2001:db8::${i}`);
    }
    for (let i = 0; i < 14; i++) {
      draft.add("wide", "NS", `ns${i}.wide`);
      draft.add(`ns${i}.wide`, "A", `203.0.113.${i}`);
      draft.add(`ns${i}.wide`, "AAAA", `2001:db8:1::${i}`);
    }
    draft.add("to-big", "CNAME", "big");
    for (const name of ["big", "texts", "mails", "wide", "x.wide", "to-big"]) draft.ask(name, "A", "TXT", "MX", "NS");
  },

  "additional data"(draft) {
    draft.add("svc", "HTTPS", "1 target.add alpn=h2");
    draft.add("svc", "SVCB", "1 .");
    draft.add("svc", "A", address(draft));
    draft.add("alias-svc", "HTTPS", "0 svc");
    draft.add("target.add", "A", address(draft));
    draft.add("target.add", "AAAA", "2001:db8::80");
    draft.add("_sip._udp", "SRV", "0 5 5060 target.add");
    draft.add("_gone._udp", "SRV", "0 0 0 .");
    draft.add("mx-null", "MX", "0 .");
    draft.add("mx-two", "MX", "10 target.add");
    draft.add("mx-two", "MX", "20 made.wild");
    draft.add("mx-two", "MX", "30 mx.elsewhere.invalid.");
    draft.add("mx-alias", "MX", "10 c1");
    draft.add("kx", "KX", "10 target.add");
    draft.add("afs", "AFSDB", "1 target.add");
    draft.add("naptr", "NAPTR", '10 10 "A" "SIP+D2U" "" target.add');
    draft.add("mx-below-cut", "MX", "10 ns.cut");
    for (const name of ["svc", "_sip._udp", "_gone._udp", "mx-null", "mx-two", "mx-alias", "kx", "afs", "naptr"])
      draft.ask(name);
  },

  "odd lifetimes"(draft) {
    draft.add("ttl0", "A", address(draft), 0);
    draft.add("ttlmax", "A", address(draft), 2_147_483_647);
    draft.add("ttl1", "CNAME", "ttl0", 1);
  },

  "many hosts"(draft) {
    for (let i = 0; i < 120; i++) draft.add(`h${draft.random.below(100_000)}.many`, "A", address(draft));
    for (let i = 0; i < 10; i++) draft.ask(`h${draft.random.below(100_000)}.many`, "A");
  },
};

const SAMPLES: readonly (readonly [type: string, rdata: string])[] = [
  ["A", "192.0.2.77"],
  ["AAAA", "2001:db8::77"],
  ["MX", "10 www"],
  ["TXT", '"text" "more"'],
  ["SRV", "1 2 3 www"],
  ["PTR", "www"],
  ["CAA", '0 issue "ca.invalid"'],
  ["HINFO", '"PC" "Plan 9"'],
  ["RP", "admin txt"],
  ["AFSDB", "1 afs"],
  ["LOC", "52 20 0.000 N 4 52 0.000 E 2.00m 1m 10000m 10m"],
  ["NAPTR", '100 10 "S" "SIP+D2U" "" _sip._udp'],
  ["KX", "10 kx"],
  ["CERT", "1 2 3 AQID"],
  ["APL", "1:192.0.2.0/24 !2:2001:db8::/32"],
  ["SSHFP", "4 2 123456789ABCDEF67890123456789ABCDEF67890123456789ABCDEF678901234"],
  ["DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="],
  ["TLSA", "3 1 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"],
  ["SMIMEA", "3 1 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"],
  ["OPENPGPKEY", "AQIDBAUGBwg="],
  ["CSYNC", "66 3 A NS AAAA"],
  ["SPF", '"v=spf1 -all"'],
  ["EUI48", "00-00-5e-00-53-2a"],
  ["EUI64", "00-00-5e-ef-10-00-00-2a"],
  ["URI", '10 1 "https://www.invalid/"'],
  ["IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="],
  ["HTTPS", "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1"],
  ["SVCB", "16 www key667=hello"],
];

function wireLength(name: string): number {
  return name.length + 1;
}
