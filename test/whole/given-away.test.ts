/** BIND, NSD and Knot as secondaries of ours: the zone by AXFR, a change by NOTIFY and IXFR, all with a key. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeMessage, rdataType, TYPE } from "../../dns/index.ts";
import { message } from "../../bench/queries.ts";
import { PeerClient } from "../support/peer-client.ts";
import { program, type ServerPeer } from "../support/peer-configuration.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const PORTS: Readonly<Record<ServerPeer, number>> = { named: 9342, nsd: 9343, knotd: 9344 };
const PRIMARY = 9341;
const ZONE = "$ORIGIN vu.nl.\n$TTL 300\n@ SOA ns h 7 3600 600 604800 300\n@ NS ns\nns A 127.0.0.1\n*.w TXT any\n";
const PATIENCE_MILLISECONDS = 20_000;

interface Told {
  readonly folder: string;
  readonly port: number;
  readonly secret: string;
}

/** The configuration of a secondary of 127.0.0.1's PRIMARY, and the words that start it. */
const SECONDARIES: Readonly<
  Record<ServerPeer, (told: Told) => { readonly text: string; readonly words: readonly string[] }>
> = {
  named: ({ folder, port, secret }) => ({
    text: `key "t.vu.nl" { algorithm hmac-sha256; secret "${secret}"; };
options { directory "${folder}"; managed-keys-directory "${folder}"; pid-file none; session-keyfile none;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; empty-zones-enable no; };
controls { };
zone "vu.nl" { type secondary; file "vu.nl.db"; primaries { 127.0.0.1 port ${PRIMARY} key "t.vu.nl"; }; allow-notify { 127.0.0.1; }; };
`,
    words: ["-f", "-n", "1", "-c"],
  }),
  nsd: ({ folder, port, secret }) => ({
    text: `server:
  ip-address: 127.0.0.1@${port}
  zonesdir: "${folder}"
  username: ""
  chroot: ""
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/xfrd.state"
  database: ""
  zonelistfile: "${folder}/zone.list"
  xfrdir: "${folder}"
remote-control:
  control-enable: no
key:
  name: "t.vu.nl"
  algorithm: hmac-sha256
  secret: "${secret}"
zone:
  name: "vu.nl"
  zonefile: "vu.nl.db"
  request-xfr: 127.0.0.1@${PRIMARY} t.vu.nl
  allow-notify: 127.0.0.1 NOKEY
`,
    words: ["-d", "-c"],
  }),
  knotd: ({ folder, port, secret }) => ({
    text: `server:
    rundir: "${folder}"
    listen: 127.0.0.1@${port}
database:
    storage: "${folder}"
key:
  - id: t.vu.nl
    algorithm: hmac-sha256
    secret: ${secret}
remote:
  - id: primary
    address: 127.0.0.1@${PRIMARY}
    key: t.vu.nl
acl:
  - id: told
    address: 127.0.0.1
    action: notify
template:
  - id: default
    storage: "${folder}"
zone:
  - domain: vu.nl
    master: primary
    acl: told
`,
    words: ["-c"],
  }),
};

describeWithPeers("zones given to others", ["named", "nsd", "knotd"], () => {
  test.each(["named", "nsd", "knotd"] as const)(
    "%s takes the zone, and a change of it",
    async (name) => {
      using scratch = new Scratch();
      const [zone, updateKey, transferKey] = ["vu.nl.zone", "k.key", "t.key"].map((file) => scratch.file(file));
      writeFileSync(zone!, ZONE);
      writeFileSync(updateKey!, (await strata(["key", "generate", "k.vu.nl"])).stdout);
      const key = (await strata(["key", "generate", "t.vu.nl"])).stdout;
      writeFileSync(transferKey!, key);
      const port = PORTS[name];
      await using _primary = await RunningStrata.start([
        ...["serve", "--zone", `vu.nl=${zone}`, "--listen", `127.0.0.1:${PRIMARY}`, "--threads", "0", "--log", "error"],
        ...["--state", scratch.file("state"), "--update-key", updateKey!, "--transfer-key", transferKey!],
        ...["--notify", `127.0.0.1:${port}`],
      ]);
      const folder = scratch.file(name);
      mkdirSync(folder);
      const { text, words } = SECONDARIES[name]({ folder, port, secret: /secret "(.*)"/.exec(key)![1]! });
      const configuration = join(folder, "conf");
      writeFileSync(configuration, text);
      const peer = spawn(program(name), [...words, configuration], { stdio: "ignore" });
      const ended = once(peer, "exit");
      try {
        expect(await answerOf(port, "x.w.vu.nl. TXT", TYPE.TXT)).toBe("any");
        const server = ["--server", `127.0.0.1:${PRIMARY}`, "--key", updateKey!];
        const outcome = await strata(["update", ...server, "add pc24.vu.nl 30 A 192.0.2.24"]);
        expect(outcome.status).toBe(0);
        expect(await answerOf(port, "pc24.vu.nl. A", TYPE.A)).toBe("192.0.2.24");
      } finally {
        peer.kill("SIGTERM");
        await ended;
      }
    },
    60_000,
  );
});

/** The first record of the answer, once there is one. */
async function answerOf(port: number, question: string, type: number): Promise<string | null> {
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  while (Date.now() < deadline) {
    await using client = await PeerClient.open(port);
    const octets = await client.ask(message(question)).catch(() => null);
    const record = octets === null ? undefined : decodeMessage(octets).answer.find((one) => one.type === type);
    if (record !== undefined) return rdataType(type).format(record.rdata).replaceAll('"', "");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}
