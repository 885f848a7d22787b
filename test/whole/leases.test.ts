/**
 * What becomes of a name when its host dies or moves, end to end by processes: `strata register`, a primary, two secondaries and a
 * resolver. The promises are bounds in seconds (DESIGN §2, RFC 9664): a name goes within its lease and a second, and a resolver
 * follows one that moves within the TTL. What is beyond that here is for a machine that is busy; what was measured is printed.
 */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage, rdataType, TYPE } from "../../dns/index.ts";
import { query } from "../support/messages.ts";
import { PeerClient } from "../support/peer-client.ts";
import { freePort } from "../support/peers.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const PRIMARY = "127.0.4.1";
const SECONDARIES = ["127.0.4.2", "127.0.4.3"] as const;
const RESOLVER = "127.0.4.53";
const LEASE_SECONDS = 4;
const TTL_SECONDS = 3;
/** Of a machine that does much else besides. */
const BUSY_SECONDS = 5;
const LIMIT_MILLISECONDS = 30_000;

/** The root is here too, so that a resolver finds the way. */
const ROOT = `. 300 SOA ns. h. 1 3600 600 86400 1
. 300 NS ns.
ns. 300 A ${PRIMARY}
cs.vu.nl. 300 NS ns1.cs.vu.nl.
${["ns1", "ns2", "ns3"].map((name, i) => `${name}.cs.vu.nl. 300 A 127.0.4.${i + 1}`).join("\n")}
`;
const ZONE = `$ORIGIN cs.vu.nl.
$TTL 300
@ SOA ns1 h 7 3600 600 86400 1
${["ns1", "ns2", "ns3"].map((name, i) => `@ NS ${name}\n${name} A 127.0.4.${i + 1}`).join("\n")}
`;

describe("a name under a lease", () => {
  const scratch = new Scratch();
  const running: AsyncDisposable[] = [];
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    writeFileSync(scratch.file("root"), ROOT);
    writeFileSync(scratch.file("zone"), ZONE);
    writeFileSync(scratch.file("k.key"), (await strata(["key", "generate", "k.vu.nl"])).stdout);
    writeFileSync(
      scratch.file("strata.yaml"),
      `listen: [${PRIMARY}:${port}]
state: state
threads: 0
keyFiles: [k.key]
zones:
  - { name: ., file: root }
  - name: cs.vu.nl
    file: zone
    layer: administrational
    leases: { secondsMin: 1 }
    update: [{ key: k.vu.nl }]
    transfer: { allow: [127.0.0.0/8] }
    notify: [${SECONDARIES.map((address) => `"${address}:${port}"`).join(", ")}]
`,
    );
    running.push(await RunningStrata.start(["serve", "--config", scratch.file("strata.yaml")]));
    const secondary = ["serve", "--secondary", `cs.vu.nl=${PRIMARY}:${port}`, "--threads", "0", "--listen"];
    const resolver = ["resolver", "--hints", scratch.file("root"), "--port", String(port), "--listen"];
    const others = [
      ...SECONDARIES.map((address) => [...secondary, `${address}:${port}`]),
      [...resolver, `${RESOLVER}:${port}`, "--threads", "0"],
    ];
    running.push(...(await Promise.all(others.map((words) => RunningStrata.start(words)))));
  });

  afterAll(async () => {
    await Promise.all(running.map((one) => one[Symbol.asyncDispose]()));
    scratch[Symbol.dispose]();
  });

  /** At this address, for as long as it runs. */
  const register = (name: string, address: string): Promise<RunningStrata> =>
    RunningStrata.start([
      ...["register", "--name", name, "--address", address, "--server", `${PRIMARY}:${port}`],
      ...["--key", scratch.file("k.key"), "--lease", `${LEASE_SECONDS}s`, "--ttl", String(TTL_SECONDS)],
    ]);

  /** Asks that server until it tells of exactly these addresses; resolves to the time, by the wall clock. */
  async function until(server: string, name: string, addresses: readonly string[]): Promise<number> {
    await using client = await PeerClient.open(port, server);
    const deadline = Date.now() + LIMIT_MILLISECONDS;
    for (;;) {
      const response = await client.ask(encodeMessage(query(`${name}.`, "A", { recursionDesired: true })));
      const answer = response === null ? null : decodeMessage(response).answer;
      const told = answer?.map(({ rdata }) => rdataType(TYPE.A).format(rdata)) ?? null;
      if (told?.join(" ") === addresses.join(" ")) return Date.now();
      if (Date.now() > deadline) throw new Error(`${server} tells of ${name}: ${told?.join(" ") ?? "nothing"}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const untilAll = (name: string, addresses: readonly string[]): Promise<number[]> =>
    Promise.all([PRIMARY, ...SECONDARIES].map((server) => until(server, name, addresses)));

  test("is renewed while its host lives, and gone within its lease and a second everywhere when that is killed", async () => {
    const name = "pc24.cs.vu.nl";
    await using host = await register(name, "192.0.2.24");
    await untilAll(name, ["192.0.2.24"]);
    const ends = async (): Promise<number> => {
      const { stdout } = await strata(["zone", "leases", "cs.vu.nl", "--state", scratch.file("state"), "--json"]);
      return (JSON.parse(stdout) as { readonly endsAtSeconds: number }[])[0]!.endsAtSeconds;
    };
    const first = await ends();
    const deadline = Date.now() + LIMIT_MILLISECONDS;
    while ((await ends()) <= first && Date.now() < deadline);
    expect(await ends()).toBeGreaterThan(first);

    await host.stop("SIGKILL");
    const endsAt = await ends();
    const late = (await untilAll(name, [])).map((at) => at / 1000 - endsAt);
    process.stderr.write(`\ngone after the lease's end by ${late.map((s) => `${s.toFixed(2)} s`).join(", ")}\n`);
    // The end is told in whole seconds.
    expect(Math.min(...late)).toBeGreaterThan(-1);
    expect(Math.max(...late)).toBeLessThan(1 + BUSY_SECONDS);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "that moves after %s is found there by resolvers within the TTL",
    async (how) => {
      const name = `robot-${how.toLowerCase()}.cs.vu.nl`;
      const before = await register(name, "192.0.2.24");
      await untilAll(name, ["192.0.2.24"]);
      await until(RESOLVER, name, ["192.0.2.24"]);
      await before.stop(how);
      await using _after = await register(name, "192.0.2.25");
      const moved = Date.now();
      const [resolved] = await Promise.all([until(RESOLVER, name, ["192.0.2.25"]), untilAll(name, ["192.0.2.25"])]);
      const seconds = (resolved - moved) / 1000;
      process.stderr.write(
        `\na resolver follows after ${how} in ${seconds.toFixed(2)} s, the TTL being ${TTL_SECONDS} s\n`,
      );
      expect(seconds).toBeLessThan(TTL_SECONDS + BUSY_SECONDS);
    },
  );
});
