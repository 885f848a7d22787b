/** Signatures across implementations (RFC 8945): the tools of others ask us with keys, and we ask the servers of others. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clock, silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { Name, RCODE, type Rr, TSIG_ALGORITHMS, TsigKey, TYPE } from "../../dns/index.ts";
import type { ControlHandler } from "../../nameserver/index.ts";
import { listenTcp, NetCounters, systemAsk, systemAskMany } from "../../net/index.ts";
import { told } from "../support/closed-network.ts";
import { query, rrs } from "../support/messages.ts";
import { serverOf } from "../support/name-server.ts";
import { type PeerKey, transferWords } from "../support/peer-transfers.ts";
import { describeWithPeers, freePort, program, type RunningPeer, startServer } from "../support/peers.ts";
import { RunningStrata, Scratch } from "../support/strata.ts";

/** What tools say when a signature is not to their liking. */
const COMPLAINTS = /warning|couldn't verify|could not be validated|malformed|failed|timed out/i;

const keyText = (algorithm: string, secret: Uint8Array = new Uint8Array(32).fill(7)): PeerKey => ({
  name: `${algorithm}.key`,
  algorithm,
  secret: Buffer.from(secret).toString("base64"),
});

describeWithPeers("the tools of others ask us with keys", ["dig", "kdig", "drill", "tsig-keygen"], () => {
  const scratch = new Scratch();
  const files = new Map<string, string>();
  let port: number;
  let server: RunningStrata;

  beforeAll(async () => {
    const zone = scratch.file("vu.nl.zone");
    writeFileSync(
      zone,
      `$ORIGIN vu.nl.\n$TTL 300\n@ SOA ns hostmaster 7 3600 900 604800 300\n@ NS ns\nns A 127.0.0.1\nbig TXT ${`"${"x".repeat(250)}" `.repeat(8)}\n`,
    );
    for (const algorithm of TSIG_ALGORITHMS) {
      const file = scratch.file(`${algorithm}.key`);
      writeFileSync(file, execFileSync(program("tsig-keygen"), ["-a", algorithm, `${algorithm}.key`]));
      files.set(algorithm, file);
    }
    writeFileSync(scratch.file("all.key"), [...files.values()].map((file) => readFileSync(file, "utf8")).join(""));
    port = await freePort();
    server = await RunningStrata.start([
      ...["serve", "--zone", `vu.nl=${zone}`, "--listen", `127.0.0.1:${port}`, "--threads", "2"],
      ...["--update-key", scratch.file("all.key")],
    ]);
  });
  afterAll(async () => {
    await server.stop();
    scratch[Symbol.dispose]();
    // Those that were to be refused are told, each reason once.
    const reasons = ["no key other.key.", "the secrets differ", "by our clock"];
    expect(server.complaints).toEqual(reasons.map((reason): unknown => expect.stringContaining(reason)));
  });

  const secretOf = (algorithm: string): string =>
    /secret "([^"]+)"/.exec(readFileSync(files.get(algorithm)!, "utf8"))![1]!;
  const dig = (...words: string[]) =>
    told("dig", "@127.0.0.1", "-p", String(port), "+tries=1", "+time=5", "+norec", ...words, "vu.nl", "SOA");

  const WAYS = TSIG_ALGORITHMS.flatMap((algorithm) => [[algorithm, "udp"] as const, [algorithm, "tcp"] as const]);

  test.each(WAYS)("%s over %s", async (algorithm, transport) => {
    const tcp = transport === "tcp" ? ["+tcp"] : [];
    const shown = await dig("-k", files.get(algorithm)!, ...tcp);
    expect(shown).toMatch(/status: NOERROR/);
    expect(shown).toMatch(new RegExp(`^${algorithm}\\.key\\.\\s+0\\s+ANY\\s+TSIG\\s+${algorithm}\\..* NOERROR 0`, "m"));
    expect(shown).not.toMatch(COMPLAINTS);
    const named = `${algorithm}:${algorithm}.key:${secretOf(algorithm)}`;
    const where = ["@127.0.0.1", "-p", String(port), "+norec"];
    const byKnot = await told("kdig", ...where, ...tcp, "-y", named, "vu.nl", "SOA");
    expect(byKnot).toMatch(/status: NOERROR/);
    expect(byKnot).toMatch(/TSIG PSEUDOSECTION/);
    expect(byKnot).not.toMatch(COMPLAINTS);
    const drillKey = `${algorithm}.key:${secretOf(algorithm)}:${algorithm}`;
    const byLdns = await told(
      "drill",
      "-p",
      String(port),
      "-y",
      drillKey,
      ...(tcp.length > 0 ? ["-t"] : []),
      "vu.nl",
      "SOA",
      "@127.0.0.1",
    );
    expect(byLdns).toMatch(/rcode: NOERROR/);
    expect(byLdns).not.toMatch(COMPLAINTS);
  });

  test("an answer that has no room beside its signature comes over TCP", async () => {
    const shown = await told(
      ...[
        "dig",
        "@127.0.0.1",
        "-p",
        String(port),
        "+norec",
        "+tries=1",
        "+bufsize=512",
        "-k",
        files.get("hmac-sha512")!,
      ],
      ...["big.vu.nl", "TXT"],
    );
    expect(shown).toMatch(/Truncated, retrying in TCP/);
    expect(shown).toMatch(/ANSWER: 1/);
    expect(shown).not.toMatch(COMPLAINTS);
  });

  test.each<[string, () => string[], RegExp]>([
    ["a key that we do not have", () => ["-y", "hmac-sha256:other.key:c2VjcmV0"], / BADKEY 0 /],
    ["hmac-sha1", () => ["-y", `hmac-sha1:hmac-sha256.key:${secretOf("hmac-sha256")}`], / BADKEY 0 /],
    ["another secret", () => ["-y", "hmac-sha256:hmac-sha256.key:c2VjcmV0"], / BADSIG 0 /],
    ["a clock that is years behind", () => ["-k", files.get("hmac-sha256")!, "+fuzztime=1646972129"], / BADTIME 6 /],
  ])("%s: NOTAUTH and which (§5.2)", async (_what, words, pattern) => {
    for (const transport of ["+notcp", "+tcp"]) {
      const shown = await dig(...words(), transport);
      expect(shown).toMatch(/status: NOTAUTH/);
      expect(shown).toMatch(pattern);
    }
  });
});

describeWithPeers("responses of many messages that we sign", ["dig", "kdig"], () => {
  test("dig and kdig verify each (§5.3.1)", async () => {
    const { name, algorithm, secret } = keyText("hmac-sha384");
    const key = new TsigKey(Name.parse(name), "hmac-sha384", Buffer.from(secret, "base64"));
    const [soa] = rrs("example. 300 SOA ns.example. admin.example. 1 3600 600 86400 60");
    const transfer: ControlHandler = ({ respond }) => {
      const send = (answer: readonly Rr[], expect?: "more"): void =>
        respond({ rcode: RCODE.NOERROR, authoritative: true, answer }, expect);
      send([soa!], "more");
      for (let i = 0; i < 200; i++) send(rrs(`h${i}.example. 300 A 192.0.2.1`), "more");
      send([soa!]);
    };
    const control = { keys: new Map([[key.name.key, key]]), transfer, notify: null, update: null };
    const { server } = serverOf(
      { "example.": "example. 300 SOA ns.example. admin.example. 1 1 1 1 60" },
      {},
      { control, clock: systemClock },
    );
    const parts = { clock: systemClock, log: silentLog, counters: new NetCounters() };
    const listener = await listenTcp({ address: "127.0.0.1", port: 0 }, server, parts);
    try {
      const words = [
        "@127.0.0.1",
        "-p",
        String(listener.endpoint.port),
        "-y",
        `${algorithm}:${name}:${secret}`,
        "example.",
        "AXFR",
      ];
      for (const tool of ["dig", "kdig"]) {
        const shown = await told(tool, ...words);
        expect(shown).toMatch(/^h199\.example\./m);
        expect(shown).toMatch(/messages 202|202 messages/i);
        expect(shown).not.toMatch(COMPLAINTS);
      }
    } finally {
      await listener.close();
    }
  });
});

describeWithPeers("we ask the servers of others with keys", ["named", "nsd", "knotd"], () => {
  const scratch = new Scratch();
  const zone = scratch.file("example.zone");
  const key = keyText("hmac-sha512");
  const by = (secret = key.secret, name = key.name): TsigKey =>
    new TsigKey(Name.parse(name), "hmac-sha512", Buffer.from(secret, "base64"));
  /** By a clock that is wrong by so many seconds. */
  const parts = (aheadSeconds = 0): { clock: Clock; random: typeof systemRandom } => ({
    clock: { ...systemClock, wallSeconds: () => systemClock.wallSeconds() + aheadSeconds },
    random: systemRandom,
  });
  const signal = new AbortController().signal;

  beforeAll(() => {
    // So much that it takes many messages, whoever gives it away.
    const records = Array.from({ length: 12_000 }, (_, i) => `h${i} TXT "${"x".repeat(240)}"`).join("\n");
    writeFileSync(
      zone,
      `$ORIGIN example.\n$TTL 300\n@ SOA ns hostmaster 1 3600 900 604800 300\n@ NS ns\nns A 127.0.0.1\n${records}\n`,
    );
  });
  afterAll(() => scratch[Symbol.dispose]());

  const start = async (name: "named" | "nsd" | "knotd"): Promise<RunningPeer> => {
    const { first, more } = transferWords(name, { port: await freePort(), key });
    return startServer(name, [{ apex: "example", file: zone, more }], first);
  };

  test.each(["named", "nsd", "knotd"] as const)("%s: what is right, and each thing that is not", async (name) => {
    await using peer = await start(name);
    const server = { address: "127.0.0.1", port: peer.port };
    const ask = (as: TsigKey, aheadSeconds = 0) =>
      systemAsk(parts(aheadSeconds))(server, query("example.", "SOA"), {
        transport: "udp",
        timeoutMilliseconds: 5000,
        signal,
        key: as,
      });
    expect((await ask(by())).message.answer).toHaveLength(1);
    await expect(ask(by("c2VjcmV0"))).rejects.toThrow(/does not accept the key .*: its secret is another/);
    await expect(ask(by(key.secret, "other.key"))).rejects.toThrow(/does not know that key/);
    await expect(ask(by(), 1000)).rejects.toThrow(/by its clock it is (999|1000|1001) s earlier than by ours/);
    await expect(ask(by(), -1000)).rejects.toThrow(/by its clock it is (999|1000|1001) s later than by ours/);

    const taken = { messages: 0, records: 0, soas: 0 };
    await systemAskMany(parts())(server, query("example.", "AXFR"), {
      idleMilliseconds: 10_000,
      timeoutMilliseconds: 60_000,
      signal,
      key: by(),
      take({ answer }) {
        taken.messages++;
        taken.records += answer.length;
        taken.soas += answer.filter(({ type }) => type === TYPE.SOA).length;
        return taken.soas === 2 ? "done" : "more";
      },
    });
    expect(taken.records).toBe(12_004);
    expect(taken.messages).toBeGreaterThan(40);
  });
});
