/**
 * The real root zone: it is checked and served, answers as NSD, Knot and BIND do, validates when it is signed, and resolvers
 * walk from its servers down into the example's zones. Its addresses are real hosts', so that walk happens only in networks
 * of our own: a simulated one, and a closed one.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemFiles } from "../../base/index.ts";
import { Name, RCODE } from "../../dns/index.ts";
import { NameServer } from "../../nameserver/index.ts";
import { formatTrace, Trace } from "../../resolver/index.ts";
import { loadZone, ZoneStore } from "../../zones/index.ts";
import { PORT, texts, World } from "../resolver/world.ts";
import { ClosedNetwork, describeInClosedNetwork } from "../support/closed-network.ts";
import { runDifferential } from "../support/differential.ts";
import { describeDifference } from "../support/peer-answers.ts";
import { KINDS } from "../support/peer-differences.ts";
import { describeWithPeers, type RunningPeer, startUnbound } from "../support/peers.ts";
import { describeWithRealRoot, exampleZone, RealRoot, ROOT_FILE, TLDS } from "../support/real-root.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";
import { sign } from "../support/zone-signer.ts";

const EXAMPLE = ["vu.nl", "cs.vu.nl", "yale.edu", "eng.yale.edu", "firstbank.com", "atm.firstbank.com"] as const;

describeWithRealRoot("the real root zone, by itself", () => {
  test("zone check reads all of it, and has one thing to say", async () => {
    const { status, stdout, stderr } = await strata(["zone", "check", ROOT_FILE, "--origin", ".", "--layer", "global"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/note soa-repeated: .*RFC 5936 §2\.2/);
    expect(stdout).toMatch(/root-2018031200\.zone: \. 19598 records: 1 note/);
  });

  test("zone print writes what zone check and zone print read again", async () => {
    using scratch = new Scratch();
    const printed = await strata(["zone", "print", ROOT_FILE, "--origin", "."]);
    expect(printed.status).toBe(0);
    expect(printed.stdout.split("\n").length).toBe(19_598);
    writeFileSync(scratch.file("again.zone"), printed.stdout);
    expect((await strata(["zone", "print", scratch.file("again.zone"), "--origin", "."])).stdout).toBe(printed.stdout);
    expect((await strata(["zone", "check", scratch.file("again.zone"), "--origin", "."])).stdout).not.toMatch(
      /error|warning/,
    );
  });

  test("strata serve serves it", async () => {
    await using _serve = await RunningStrata.start(["serve", "--zone", `.=${ROOT_FILE}`, "--listen", "127.0.0.1:9258"]);
    const ask = (...words: string[]) =>
      strata(["resolve", ...words, "--server", "127.0.0.1:9258", "--mode", "resolver"]);
    expect((await ask(".", "SOA")).stdout).toMatch(/ 2018031200 1800 900 604800 86400$/m);
    expect((await ask("de", "DS")).stdout).toMatch(/^de\. 86400 IN DS 39227 8 2 AAB73083/im);
    expect((await ask("strata", "A")).status).toBe(1);
  });

  test.each([
    ["www.cs.vu.nl.", "A", "www.cs.vu.nl. A 192.0.2.21"],
    ["vu.nl.", "MX", "vu.nl. MX 10 mail.vu.nl."],
    ["jack.eng.yale.edu.", "AAAA", "jack.eng.yale.edu. AAAA 2001:db8:40::45"],
  ])("a resolver walks on a simulated network from its servers to %s %s", async (name, type, expected) => {
    const { world, hintsText } = simulated();
    const trace = new Trace();
    const resolved = await world.resolve(world.engine({ hintsText, allowPrivate: true }), name, type, trace);
    expect(texts(resolved)).toEqual([expected]);
    const zones = trace.steps.flatMap((step) => (step.kind === "ask" ? [step.zone.toString()] : []));
    const tld = `${name.split(".").at(-2)}.`;
    expect(zones.slice(0, 2), formatTrace(trace.steps)).toEqual([".", tld]);
  });

  test("and the root itself says that there is no such name", async () => {
    const { world, hintsText } = simulated();
    const resolved = await world.resolve(world.engine({ hintsText }), "www.strata.", "A");
    expect([resolved.rcode, resolved.answer]).toEqual([RCODE.NXDOMAIN, []]);
  });
});

/** The real root and, on the real addresses of their servers, the example's com, edu and nl; below them the example as it is. */
function simulated(): { world: World; hintsText: string } {
  const world = new World();
  const root = new RealRoot();
  const serve = (addresses: readonly string[], zones: readonly (readonly [string, string])[]): void => {
    const store = ZoneStore.create({ capacityOctets: 1 << 24 });
    for (const [apex, file] of zones) {
      expect(loadZone({ store, files: systemFiles }, { apex: Name.parse(apex), file }).kind).toBe("loaded");
    }
    const server = new NameServer({ store, clock: world.clock, random: world.random, recursion: null });
    for (const address of new Set(addresses)) world.network.host(address).attach(PORT, server);
  };
  serve(root.addresses(""), [[".", ROOT_FILE]]);
  serve(
    tldAddresses(root),
    TLDS.map((apex) => [apex, exampleZone(apex)]),
  );
  const below = Array.from({ length: 20 }, (_, i) => `127.0.1.${i + 10}`);
  serve(
    below,
    EXAMPLE.map((apex) => [apex, exampleZone(apex)]),
  );
  return { world, hintsText: root.hints(root.addresses("")) };
}

const tldAddresses = (root: RealRoot): string[] => [...new Set(TLDS.flatMap((apex) => root.addresses(apex)))];

const PROGRAMS = ["named", "nsd", "knotd", "dnssec-keygen", "dnssec-signzone", "ldns-keygen", "ldns-signzone"] as const;
const QUERIES = 2000;

describeWithRealRoot("the real root zone beside NSD, Knot and BIND", () => {
  describeWithPeers("that serve the same file", PROGRAMS, () => {
    test.each(["none", "nsec", "nsec3", "nsec3-opt-out", "ldns-nsec", "ldns-nsec3"] as const)(
      "signed: %s",
      async (signing) => {
        const root = new RealRoot();
        const text = signing === "none" ? root.withOneSoa() : root.toSign();
        const zone = { apex: ".", text, features: [], names: root.names(), signing };
        const outcome = await runDifferential({ seed: 2018, zones: [zone], queries: QUERIES });
        expect(outcome.unsigned).toEqual([]);
        expect([...outcome.refused].filter(([, apexes]) => apexes.length > 0)).toEqual([]);
        expect(outcome.unanswered).toEqual([]);
        expect(outcome.queries).toBeGreaterThanOrEqual(QUERIES);
        const unlisted = outcome.differences.filter((difference) => !KINDS.some(({ matches }) => matches(difference)));
        expect(unlisted.slice(0, 5).map(describeDifference).join("\n\n")).toBe("");
      },
    );
  });
});

const VALIDATORS = ["unbound", "dig", "delv", "drill", "dnssec-keygen", "dnssec-signzone"] as const;

describeWithRealRoot("the real root zone, signed", () => {
  describe.each(["nsec", "nsec3"] as const)("with %s", (signing) => {
    describeInClosedNetwork("to those who validate", VALIDATORS, () => {
      const scratch = new Scratch();
      const root = new RealRoot();
      const hints = scratch.file("root.hints");
      let network: ClosedNetwork;
      const running: RunningStrata[] = [];
      let unbound: RunningPeer;
      let key = "";

      beforeAll(async () => {
        const zone = scratch.file("root.zone");
        writeFileSync(zone, root.toSign(TLDS));
        expect(await sign({ apex: ".", file: zone, signing }, scratch.file("keys"))).toBeNull();
        key = scratch.file(`keys/${readdirSync(scratch.file("keys")).find((name) => name.endsWith(".key"))!}`);
        writeFileSync(hints, root.hints(root.addresses("")));
        network = await ClosedNetwork.open([...new Set([...root.addresses(""), ...tldAddresses(root)])]);
        const start = async (...words: string[]) => running.push(await RunningStrata.start(words, network.within));
        const listen = (addresses: readonly string[]) => addresses.flatMap((address) => ["--listen", `${address}:53`]);
        await start("serve", "--zone", `.=${zone}`, ...listen([...root.addresses(""), "127.0.0.2"]));
        const zones = TLDS.flatMap((apex) => ["--zone", `${apex}=${exampleZone(apex)}`]);
        await start("serve", ...zones, ...listen(tldAddresses(root)));
        await start("up", "--state", scratch.file("state"), "--port", "53");
        unbound = await startUnbound({ hints, anchors: key, within: network.within });
      });
      afterAll(async () => {
        await unbound[Symbol.asyncDispose]();
        for (const server of running) await server.stop();
        await network[Symbol.asyncDispose]();
        scratch[Symbol.dispose]();
      });

      test.each<readonly [string, string, readonly RegExp[]]>([
        [". NS", "answer", [/NOERROR/, /flags: qr rd ra ad;/, /ANSWER: 14/]],
        ["de DS", "answer below the apex", [/NOERROR/, /flags: qr rd ra ad;/, /ANSWER: 2/]],
        ["aero DS", "proof that there is no DS", [/NOERROR/, /flags: qr rd ra ad;/, /ANSWER: 0/]],
        [". TYPE731", "NODATA at the apex", [/NOERROR/, /flags: qr rd ra ad;/, /ANSWER: 0/]],
        ["gone A", "NXDOMAIN", [/NXDOMAIN/, /flags: qr rd ra ad;/]],
        ["www.zzzz A", "NXDOMAIN, after the last name", [/NXDOMAIN/, /flags: qr rd ra ad;/]],
        [
          "www.cs.vu.nl A",
          "down through a delegation proven unsigned",
          [/NOERROR/, /flags: qr rd ra;/, /192\.0\.2\.21/],
        ],
        ["gone.firstbank.com A", "NXDOMAIN down there", [/NXDOMAIN/, /flags: qr rd ra;/, /^firstbank\.com\..*SOA/m]],
        ["jack.eng.yale.edu AAAA", "the third branch", [/NOERROR/, /2001:db8:40::45/]],
      ])("Unbound believes %s: %s", async (question, _what, patterns) => {
        const words = ["-p", String(unbound.port), "+dnssec", "+tries=1", ...question.split(" ")];
        const shown = await network.run("dig", "@127.0.0.1", ...words);
        for (const pattern of patterns) expect(shown).toMatch(pattern);
      });

      test("Unbound found nothing bogus, lame or broken", () => {
        const lines = unbound.log().split("\n");
        expect(lines.filter((line) => /lame|formerr|servfail|error|warning|bogus|failed/i.test(line))).toEqual([]);
        for (const server of running) expect(server.complaints).toEqual([]);
      });

      test.each([
        [". NS", /^; fully validated$/m],
        ["de DS", /^; fully validated$/m],
        ["gone A", /^; negative response, fully validated\n.*\$NXDOMAIN$/m],
        [". TYPE731", /^; negative response, fully validated\n.*\$NXRRSET$/m],
        ["nl DS", /^; negative response, fully validated\n.*\$NXRRSET$/m],
      ])("delv validates %s", async (question, expected) => {
        const octets = readFileSync(key, "utf8")
          .match(/DNSKEY 257 3 13 (.*)$/m)![1]!
          .replaceAll(" ", "");
        writeFileSync(scratch.file("anchor"), `trust-anchors { . static-key 257 3 13 "${octets}"; };\n`);
        const anchor = ["-a", scratch.file("anchor"), "+root=."];
        expect(await network.run("delv", ...anchor, "@198.41.0.4", ...question.split(" "))).toMatch(expected);
      });

      test("drill traces with trust from the root to the leaf", async () => {
        const shown = await network.run("drill", "-r", hints, "-k", key, "-TD", "www.cs.vu.nl");
        expect(shown).toMatch(/^\[T\] \. \d+ IN DNSKEY 257 3 13/m);
        expect(shown).toMatch(/^\[U\] www\.cs\.vu\.nl\.\s+30\s+IN\s+A\s+192\.0\.2\.21$/m);
        expect(shown).not.toMatch(/^\[B\]/m);
      });

      test("strata resolve walks from its servers, and says whom it asked", async () => {
        const near = scratch.file("near.hints");
        writeFileSync(near, root.hints(["127.0.0.2"]));
        const words = ["resolve", "www.cs.vu.nl", "--mode", "iterative", "--hints", near, "--trace"];
        const { status, stdout } = await strata(words, {}, network.within);
        expect(status).toBe(0);
        expect(stdout).toMatch(/referral to nl\., served by ns1\.dns\.nl\./);
        expect(stdout).toMatch(/^www\.cs\.vu\.nl\. 30 IN A 192\.0\.2\.21$/m);
      });
    });
  });
});
