/**
 * The example name space as others see it: dig, kdig, drill and delv ask the servers of `strata up`, Unbound walks from our
 * root hints to the leaves, and none of them has anything to complain about. In a closed network, so that port 53 is ours.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ClosedNetwork, describeInClosedNetwork, told } from "../support/closed-network.ts";
import { describeWithPeers, type RunningPeer, startNamedResolver, startUnbound } from "../support/peers.ts";
import { RunningStrata, Scratch } from "../support/strata.ts";

const PORT = "9257";

/** What tools say when a response is not to their liking. */
const COMPLAINTS = /warning|malformed|mismatch|\berrors?\b|unexpected|extra bytes|bad packet|garbage|failed|timed out/i;

describeWithPeers("what dig, kdig and drill see of strata up", ["dig", "kdig", "drill"], () => {
  const scratch = new Scratch();
  let up: RunningStrata;
  beforeAll(async () => {
    up = await RunningStrata.start(["up", "--state", scratch.file("state"), "--port", PORT]);
  });
  afterAll(async () => {
    await up.stop();
    scratch[Symbol.dispose]();
    expect(up.stderr).toEqual([]);
  });
  const server = ["@127.0.1.1", "-p", PORT];
  const dig = (...words: string[]) => told("dig", ...server, "+tries=1", ...words);

  const REFERRAL = [
    /status: NOERROR/,
    /flags: qr( ra)?;/,
    /ANSWER: 0, AUTHORITY: 2/,
    /^nl\.\s+86400\s+IN\s+NS\s+ns1\.nl\.$/m,
    /^ns1\.nl\.\s+86400\s+IN\s+A\s+127\.0\.1\.5$/m,
  ];

  test.each<readonly [string, string, readonly RegExp[]]>([
    ["+norec www.cs.vu.nl", "a referral to nl (RFC 1034 §4.3.2)", REFERRAL],
    ["+norec +tcp www.cs.vu.nl", "the same over TCP (RFC 7766 §5)", [...REFERRAL, /\(TCP\)/]],
    ["+norec +noedns www.cs.vu.nl", "the same without EDNS, and no OPT (RFC 6891 §7)", [...REFERRAL, /ADDITIONAL: 2/]],
    ["+norec +dnssec www.cs.vu.nl", "DO is given back (RFC 3225 §3)", [...REFERRAL, /flags: do; udp: 1232/]],
    ["+norec +nsid . SOA", "NSID names the server (RFC 5001 §2.3)", [/NSID: .*\("a\.root-servers"\)/, /flags: qr aa/]],
    ["+norec +cookie . SOA", "a server cookie (RFC 7873 §5.2)", [/COOKIE: [0-9a-f]{48} \(good\)/, /NOERROR/]],
    ["+norec . ANY", "little, but something (RFC 8482 §4)", [/NOERROR/, /flags: qr aa/, /ANSWER: [1-9]/]],
    ["+norec +notcp . ANY", "over UDP one RRset (RFC 8482 §4.1)", [/NOERROR/, /^\.\s+86400\s+IN\s+(SOA|NS)/m, /UDP/]],
    ["+norec +bufsize=512 . NS", "a small buffer is enough", [/NOERROR/, /ANSWER: 2/, /udp: 1232/]],
    ["+norec +ednsopt=100 . SOA", "an unknown option is passed over (RFC 6891 §6.1.2)", [/NOERROR/, /ANSWER: 1/]],
    ["+norec +ednsflags=0x80 . SOA", "unknown EDNS flags are (RFC 6891 §6.1.4)", [/NOERROR/, /flags:; udp: 1232/]],
    ["+norec +zflag . SOA", "and the Z flag (RFC 8906 §3.1.3)", [/NOERROR/, /flags: qr aa( ra)?;/]],
    ["+norec +edns=1 +noednsneg . SOA", "BADVERS, version 0 (RFC 6891 §6.1.3)", [/BADVERS/, /version: 0/, /ANSWER: 0/]],
    ["+norec +noedns +opcode=15 +header-only", "an opcode nobody knows (RFC 8906 §3.1.4)", [/NOTIMP/, /RESERVED15/]],
    [
      "+norec . TYPE731",
      "a type nobody knows, NODATA (RFC 8906 §3.1.2)",
      [/NOERROR/, /ANSWER: 0, AUTHORITY: 1/, /SOA/],
    ],
    ["+norec +subnet=192.0.2.0/24 . SOA", "client subnet (RFC 7871 §7.2.1)", [/NOERROR/, /ANSWER: 1/]],
    ["+norec gone. A", "NXDOMAIN with the SOA (RFC 2308 §2.1)", [/NXDOMAIN/, /flags: qr aa/, /AUTHORITY: 1/, /SOA/]],
    [
      "www.cs.vu.nl",
      "handed down, as RD asks",
      [/NOERROR/, /flags: qr rd ra;/, /^www\.cs\.vu\.nl\.\s.*192\.0\.2\.21$/m],
    ],
  ])("dig %s: %s", async (words, _why, patterns) => {
    const shown = await dig(...words.split(" "));
    for (const pattern of patterns) expect(shown).toMatch(pattern);
    expect(shown).not.toMatch(COMPLAINTS);
  });

  test("a cookie that the server gave is taken back (RFC 7873 §5.2.4)", async () => {
    const [, cookie = ""] = /COOKIE: ([0-9a-f]{48})/.exec(await dig("+norec", "+cookie=0123456789abcdef", ".", "SOA"))!;
    expect(cookie).toMatch(/^0123456789abcdef/);
    const again = await dig("+norec", `+cookie=${cookie}`, ".", "SOA");
    expect(again).toMatch(/COOKIE: 0123456789abcdef[0-9a-f]{32} \(good\)/);
    expect(again).not.toMatch(COMPLAINTS);
  });

  test.each<readonly [string, readonly RegExp[]]>([
    [
      "+norec +nsid +cookie +dnssec www.cs.vu.nl",
      [/NOERROR/, /NSID: .*"a\.root-servers"/, /COOKIE: /, /flags: do/, /nl\. .*NS/],
    ],
    ["+norec +tcp +keepopen nl. vu.nl. com.", [/ns1\.nl\./, /ns2\.com\./, /\(TCP\)/]],
    ["+norec +padding=64 +bufsize=600 nl.", [/NOERROR/, /ns1\.nl\./]],
    ["+norec +edns=1 . SOA", [/BADVERS/]],
    ["+rec mail.vu.nl", [/NOERROR/, /qr rd ra;/, /192\.0\.2\.25/]],
  ])("kdig %s", async (words, patterns) => {
    const shown = await told("kdig", ...server, "+retry=0", ...words.split(" "));
    for (const pattern of patterns) expect(shown).toMatch(pattern);
    expect(shown.replaceAll("ext-rcode: NOERROR", "")).not.toMatch(/;; (WARNING|ERROR)|malformed/);
  });

  test.each<readonly [string, readonly RegExp[]]>([
    ["-o rd www.cs.vu.nl", [/rcode: NOERROR/, /flags: qr (ra )?;/, /^nl\.\s.*NS\s+ns1\.nl\.$/m]],
    ["-t -D www.cs.vu.nl", [/rcode: NOERROR/, /192\.0\.2\.21/]],
    ["-D nl DS", [/rcode: NOERROR/, /ANSWER: 0, AUTHORITY: 1/, /SOA/]],
    ["gone.nl", [/rcode: NXDOMAIN/, /SOA/]],
  ])("drill %s", async (words, patterns) => {
    const shown = await told("drill", "-p", PORT, "@127.0.1.1", ...words.split(" "));
    for (const pattern of patterns) expect(shown).toMatch(pattern);
    expect(shown).not.toMatch(COMPLAINTS);
  });
});

describeInClosedNetwork("resolvers that walk from our root", ["unbound", "named", "dig", "drill", "delv"], () => {
  const scratch = new Scratch();
  const hints = scratch.file("state/root.hints");
  let network: ClosedNetwork;
  let up: RunningStrata;
  let unbound: RunningPeer;
  let named: RunningPeer;
  beforeAll(async () => {
    network = await ClosedNetwork.open();
    up = await RunningStrata.start(["up", "--state", scratch.file("state"), "--port", "53"], network.within);
    unbound = await startUnbound({ hints, within: network.within });
    named = await startNamedResolver({ hints, within: network.within });
  });
  afterAll(async () => {
    await unbound[Symbol.asyncDispose]();
    await named[Symbol.asyncDispose]();
    await up.stop();
    await network[Symbol.asyncDispose]();
    scratch[Symbol.dispose]();
  });

  test.each<readonly [string, readonly RegExp[]]>([
    ["www.cs.vu.nl A", [/NOERROR/, /^www\.cs\.vu\.nl\.\s+(30|2\d)\s+IN\s+A\s+192\.0\.2\.21$/m]],
    ["jack.eng.yale.edu AAAA", [/NOERROR/, /2001:db8:40::45/]],
    ["vu.nl MX", [/NOERROR/, /MX\s+10 mail\.vu\.nl\./]],
    ["www.vu.nl A", [/NOERROR/, /CNAME\s+vu\.nl\./, /192\.0\.2\.20/]],
    ["www.informatics.vu.nl A", [/NOERROR/, /DNAME\s+cs\.vu\.nl\./, /192\.0\.2\.21/]],
    ["gone.cs.vu.nl A", [/NXDOMAIN/, /^cs\.vu\.nl\.\s+(30|2\d)\s+IN\s+SOA/m]],
    ["gone.vu.nl A", [/NXDOMAIN/, /^vu\.nl\.\s+(300|29\d)\s+IN\s+SOA/m]],
    ["gone A", [/NXDOMAIN/, /^\.\s+\d+\s+IN\s+SOA/m]],
    ["ftp.cs.vu.nl MX", [/NOERROR/, /ANSWER: 0, AUTHORITY: 1/]],
    ["atm.firstbank.com NS", [/NOERROR/, /ANSWER: 1/, /ns\.atm\.firstbank\.com\./]],
    ["www.cs.vu.nl ANY", [/NOERROR/, /ANSWER: [1-9]/]],
  ])("Unbound and BIND resolve %s through all layers", async (question, patterns) => {
    for (const { port } of [unbound, named]) {
      const shown = await network.run("dig", "@127.0.0.1", "-p", `${port}`, "+tries=1", ...question.split(" "));
      for (const pattern of patterns) expect(shown).toMatch(pattern);
      expect(shown).not.toMatch(COMPLAINTS);
    }
  });

  test("they found no server lame, no response broken, and asked nobody without EDNS", () => {
    expect(unbound.log()).toMatch(/reply from <cs\.vu\.nl\.> 127\.0\.1\.20#53/);
    const said = [...unbound.log().split("\n"), ...named.log().split("\n")];
    const complaints = /lame|formerr|edns|servfail|error|warning|throwaway|fail|broken|unexpected|resolving/i;
    expect(said.filter((line) => complaints.test(line) && !/ info: resolving /.test(line))).toEqual([]);
    expect(up.stderr).toEqual([]);
  });

  test("drill -T traces from our root to the leaf", async () => {
    const shown = await network.run("drill", "-r", hints, "-T", "www.cs.vu.nl");
    const zones = shown
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/)[0]);
    expect([...new Set(zones)]).toEqual([".", "nl.", "vu.nl.", "cs.vu.nl.", "www.cs.vu.nl."]);
    expect(shown).toMatch(/192\.0\.2\.21$/m);
  });

  test("delv believes our caching resolver, as far as unsigned zones go", async () => {
    const shown = await network.run("delv", "-i", "@127.0.1.53", "www.cs.vu.nl", "A");
    expect(shown).toMatch(/^www\.cs\.vu\.nl\.\s+\d+\s+IN\s+A\s+192\.0\.2\.21$/m);
    expect(shown).not.toMatch(/failed|broken|error/i);
  });
});
