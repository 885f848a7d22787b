/**
 * The matrix of zone transfer (RFC 5936, RFC 1995, RFC 1996): we as primary and as secondary of BIND, NSD and Knot, each by AXFR, NOTIFY
 * and IXFR, plain and with TSIG. All run at once. Which way a zone went is what our log says; that it arrived is what dig transfers
 * from either side. At the end the table of all cells is printed.
 */
import { execFile } from "node:child_process";
import { utimesSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bindKey, copyWords, type PeerKey, type PeerWords, transferWords } from "../support/peer-transfers.ts";
import { describeWithPeers, freePort, program, type RunningPeer, startServer } from "../support/peers.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const PEERS = ["named", "nsd", "knotd"] as const;
const HOWS = ["plain", "TSIG"] as const;
const OURS = ["primary", "secondary"] as const;
const WAYS = ["AXFR", "NOTIFY", "IXFR"] as const;

type Peer = (typeof PEERS)[number];
type How = (typeof HOWS)[number];
type Role = (typeof OURS)[number];
type Way = (typeof WAYS)[number];

const KEY: PeerKey = { name: "transfer.example", algorithm: "hmac-sha256", secret: "c2VjcmV0LW9mLXR3by1zZXJ2ZXJz" };
const PATIENCE_MILLISECONDS = 30_000;

const keyOf = (how: How): PeerKey | null => (how === "plain" ? null : KEY);
const zoneName = (we: Role, peer: Peer, how: How): string => `${how.toLowerCase()}.${peer}.${we}.example`;

/**
 * Types of many kinds, one unknown, in more than one message; REFRESH is long, so that only NOTIFY tells of a change. No MX: NSD 4.6.1 makes
 * change sets that add each MX RRset anew, at which we ask for the whole zone.
 */
const zoneText = (name: string, serial: number, more: string): string => `$ORIGIN ${name}.
$TTL 300
@ SOA ns hostmaster ${serial} 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
mail AAAA 2001:db8::1
mail NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:i@example!" .
*.w TXT "any" "thing"
_printer._tcp SRV 0 0 631 ns
sub NS ns.sub
ns.sub A 192.0.2.9
alias CNAME mail
odd TYPE731 \\# 3 010203
${Array.from({ length: 2000 }, (_, i) => `h${i} A 192.0.2.${i % 250}`).join("\n")}
${more}
`;

const PAIRS = OURS.flatMap((we) => PEERS.flatMap((peer) => HOWS.map((how) => [we, peer, how] as const)));

describeWithPeers("zone transfer, cell by cell", ["named", "nsd", "knotd", "dig"], () => {
  const scratch = new Scratch();
  const peers = new Map<string, RunningPeer>();
  const passed = new Map<string, string>();
  let port: number;
  let server: RunningStrata;

  const peerOf = (we: Role, peer: Peer): RunningPeer => peers.get(`${we} ${peer}`)!;
  const fileOf = (we: Role, peer: Peer, how: How): string => scratch.file(`${zoneName(we, peer, how)}.zone`);
  const pass = (way: Way, [we, peer, how]: (typeof PAIRS)[number], what: string): void => {
    passed.set(`${we} ${peer} ${how} ${way}`, what);
  };

  beforeAll(async () => {
    port = await freePort();
    writeFileSync(scratch.file("transfer.key"), bindKey(KEY));
    writeFileSync(scratch.file("update.key"), bindKey({ ...KEY, name: "update.example" }));
    for (const [we, peer, how] of PAIRS)
      writeFileSync(fileOf(we, peer, how), zoneText(zoneName(we, peer, how), 1, "old A 192.0.2.1"));
    await Promise.all(
      OURS.flatMap((we) => PEERS.map(async (peer) => peers.set(`${we} ${peer}`, await startPeer(we, peer)))),
    );
    writeFileSync(scratch.file("strata.yaml"), configuration());
    server = await RunningStrata.start(["serve", "--config", scratch.file("strata.yaml")]);
  });

  afterAll(async () => {
    await Promise.all([server?.stop(), ...Array.from(peers.values(), (peer) => peer[Symbol.asyncDispose]())]);
    scratch[Symbol.dispose]();
    process.stderr.write(table(passed));
  });

  async function startPeer(we: Role, peer: Peer): Promise<RunningPeer> {
    const words = (how: How): PeerWords => {
      const given = { port, key: keyOf(how) };
      return we === "primary" ? copyWords(peer, given) : transferWords(peer, given);
    };
    const zones = HOWS.map((how) => ({
      apex: zoneName(we, peer, how),
      // A copy's file is its own, and not there yet.
      file: we === "primary" ? `${fileOf(we, peer, how)}.copy` : fileOf(we, peer, how),
      more: words(how).more,
      isCopy: we === "primary",
    }));
    return startServer(peer, zones, HOWS.map((how) => words(how).first).join(""));
  }

  /** Where a key is wanted, the address alone gets nothing. */
  function configuration(): string {
    const zones = PAIRS.map(([we, peer, how]) => {
      const at = `127.0.0.1:${peerOf(we, peer).port}`;
      const where = how === "plain" ? at : `{ address: "${at}", key: ${KEY.name} }`;
      const name = `  - name: ${zoneName(we, peer, how)}\n`;
      if (we === "secondary") return `${name}    primaries: [${where}]\n    transfer: { allow: [127.0.0.1/32] }\n`;
      const allowed = how === "plain" ? "{ allow: [127.0.0.1/32] }" : `{ keys: [${KEY.name}] }`;
      const changed = `    update: [{ key: update.example }]\n    transfer: ${allowed}\n    notify: [${where}]\n`;
      return `${name}    file: ${fileOf(we, peer, how)}\n${changed}`;
    });
    return `listen: [127.0.0.1:${port}]
state: ${scratch.file("state")}
threads: 0
log: info
keyFiles: [transfer.key, update.key]
zones:
${zones.join("")}`;
  }

  /** The first line of our log with all of these members; a key that was not used is not told. */
  const logged = async (about: Readonly<Record<string, unknown>>, how: How): Promise<Record<string, unknown>> => {
    const members = Object.entries(about).map(([name, value]) => `(?=.*"${name}":${JSON.stringify(value)})`);
    const signed = how === "plain" ? '(?!.*"key":)' : `(?=.*"key":"${KEY.name}\\.")`;
    const line = await server.line("stderr", new RegExp(`^${members.join("")}${signed}.*$`));
    return JSON.parse(line) as Record<string, unknown>;
  };

  /** Waits until both sides have the same zone, and it has that many records. */
  async function ends(pair: (typeof PAIRS)[number], has: string, lacks: string): Promise<number> {
    const [we, peer, how] = pair;
    const name = zoneName(we, peer, how);
    const key = how === "plain" ? [] : ["-k", scratch.file("transfer.key")];
    const [ourKey, theirKey] = we === "primary" ? [key, []] : [[], key];
    const deadline = Date.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      const [ours, theirs] = await Promise.all([
        transferred(port, name, ourKey),
        transferred(peerOf(we, peer).port, name, theirKey),
      ]);
      const isThere = ours.some((line) => line.startsWith(`${has}.${name}.`));
      const isGone = !ours.some((line) => line.startsWith(`${lacks}.${name}.`));
      if (isThere && isGone && ours.join("\n") === theirs.join("\n")) return ours.length;
      if (Date.now() > deadline) {
        expect(theirs).toEqual(ours);
        throw new Error(`${name}: ${has} is ${isThere ? "" : "not "}there, ${lacks} is ${isGone ? "" : "not "}gone`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test.each(PAIRS)(
    "we as %s, %s, %s: AXFR",
    async (...pair) => {
      const [we, peer, how] = pair;
      const zone = `${zoneName(we, peer, how)}.`;
      if (we === "primary") await logged({ zone, serial: 1, as: "zone", msg: "a zone was given" }, how);
      else await server.line("stderr", new RegExp(`"zone":"${zone}","serial":1,.*"as":"zone"`));
      pass("AXFR", pair, `${await ends(pair, "old", "new")} records`);
    },
    60_000,
  );

  describe("and a change", () => {
    beforeAll(async () => {
      const script = PAIRS.filter(([we]) => we === "primary").map(([we, peer, how]) => {
        const name = zoneName(we, peer, how);
        return `zone ${name}.\nupdate delete old.${name}.\nupdate add new.${name}. 60 A 192.0.2.2\nsend\n`;
      });
      writeFileSync(scratch.file("script"), `server 127.0.0.1 ${port}\n${script.join("")}`);
      const words = ["update", "--key", scratch.file("update.key"), "--file", scratch.file("script")];
      expect(await strata(words)).toMatchObject({ status: 0, stderr: "" });
      for (const [we, peer, how] of PAIRS) {
        if (we === "primary") continue;
        const file = fileOf(we, peer, how);
        writeFileSync(file, zoneText(zoneName(we, peer, how), 2, "new A 192.0.2.2"));
        // NSD reads a file again when its time has another second.
        utimesSync(file, new Date(), new Date(Date.now() + 5000));
      }
      for (const peer of PEERS) process.kill(peerOf("secondary", peer).pid, "SIGHUP");
    });

    test.each(PAIRS)(
      "we as %s, %s, %s: NOTIFY",
      async (...pair) => {
        const [we, peer, how] = pair;
        const zone = `${zoneName(we, peer, how)}.`;
        if (we === "primary") await logged({ zone, serial: 2, answer: "NOERROR", msg: "a secondary was told" }, how);
        else await logged({ zone, serial: 2, msg: "a NOTIFY was heeded" }, how);
        pass("NOTIFY", pair, we === "primary" ? "NOERROR" : "heeded");
      },
      60_000,
    );

    test.each(PAIRS)(
      "we as %s, %s, %s: IXFR",
      async (...pair) => {
        const [we, peer, how] = pair;
        const zone = `${zoneName(we, peer, how)}.`;
        if (we === "primary") await logged({ zone, serial: 2, as: "changes", msg: "a zone was given" }, how);
        else await server.line("stderr", new RegExp(`"zone":"${zone}","serial":2,.*"as":"changes"`));
        pass("IXFR", pair, `${await ends(pair, "new", "old")} records`);
      },
      60_000,
    );

    test("what wants a key is not given to an address", async () => {
      for (const peer of PEERS) expect(await transferred(port, zoneName("primary", peer, "TSIG"), [])).toEqual([]);
    });
  });
});

/** The records of a zone as dig transfers it, sorted; none while it is not to be had. */
async function transferred(port: number, name: string, key: readonly string[]): Promise<string[]> {
  const words = ["@127.0.0.1", "-p", String(port), ...key, name, "AXFR"];
  const shown = ["+noall", "+answer", "+onesoa", "+time=5", "+tries=1"];
  const { stdout } = await promisify(execFile)(program("dig"), [...words, ...shown], { timeout: 10_000 });
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith(";"));
  return lines.map((line) => line.replace(/\s+/g, " ")).sort();
}

function table(passed: ReadonlyMap<string, string>): string {
  const rows = PAIRS.map(([we, peer, how]) => {
    const cells = WAYS.map((way) => (passed.get(`${we} ${peer} ${how} ${way}`) ?? "-").padEnd(14));
    return `  we as ${we.padEnd(10)} ${peer.padEnd(6)} ${how.padEnd(6)} ${cells.join("")}`;
  });
  const head = `  ${"".padEnd(31)}${WAYS.map((way) => way.padEnd(14)).join("")}`;
  return `\nZone transfer with others\n${[head, ...rows].map((row) => row.trimEnd()).join("\n")}\n\n`;
}
