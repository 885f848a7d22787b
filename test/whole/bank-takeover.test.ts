/** Two servers of one bank: one is the primary, the other waits, and takes over when the first is gone; whoever asks goes on by name. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const LISTEN = "127.0.5.1:9298";
const ZONE = `$ORIGIN firstbank.com.
$TTL 5
@ SOA ns h 7 3600 900 604800 5
@ NS ns
ns A 127.0.5.1
`;

/** A zone that takes short leases from whoever has that key. */
function zoneServer(scratch: Scratch, key: string): Promise<RunningStrata> {
  const file = scratch.file("firstbank.com.zone");
  writeFileSync(file, ZONE);
  const zone = { name: "firstbank.com", file, update: [{ key: "update.firstbank.com" }], leases: { secondsMin: 1 } };
  const more = { state: scratch.file("zone-state"), keyFiles: [key], threads: 0 };
  writeFileSync(scratch.file("server.yaml"), JSON.stringify({ listen: [LISTEN], zones: [zone], ...more }));
  return RunningStrata.start(["serve", "--config", scratch.file("server.yaml")]);
}

test("a server that is killed is followed by the one that waited; no request is lost, none is done twice", async () => {
  using scratch = new Scratch();
  const key = scratch.file("update.key");
  writeFileSync(key, (await strata(["key", "generate", "update.firstbank.com"])).stdout);
  await using _zone = await zoneServer(scratch, key);
  const state = scratch.file("state");
  const words = [
    ...["bank", "serve", "--name", "firstbank.com", "--server", LISTEN],
    ...["--key", key, "--state", state, "--lease", "2s"],
  ];
  const first = await RunningStrata.start([...words, "--host", "b1"]);
  const second = RunningStrata.start([...words, "--host", "b2"]);
  const open = (name: string) =>
    strata([
      ...["bank", "open", "--bank", "firstbank.com", "--holder", name, "--pin", "1234", "--deposit", "10"],
      ...["--key", name, "--server", LISTEN, "--state", state, "--json"],
    ]);
  const before = await open("Alice");
  expect(before.status).toBe(0);
  await first.stop("SIGKILL");
  await using _second = await second;
  expect(_second.stderr.join("\n")).toContain("b1.firstbank.com. is the bank's server now");
  // Asked again of the other server: the same octets, and nothing is done twice.
  expect((await open("Alice")).stdout).toBe(before.stdout);
  expect((await open("Bob")).status).toBe(0);
  const asked = ["_epoch.firstbank.com", "TXT", "--server", LISTEN, "--mode", "iterative", "--port", "9298"];
  const found = await strata(["resolve", ...asked]);
  expect(found.stdout).toContain("epoch=2 host=b2.firstbank.com");
  const { stdout } = await strata(["bank", "verify", "--state", state]);
  expect(stdout).toContain("2 entries");
}, 60_000);

test("a server whose key the zone does not take does not wait to find out", async () => {
  using scratch = new Scratch();
  const [right, wrong] = [scratch.file("update.key"), scratch.file("other.key")];
  writeFileSync(right, (await strata(["key", "generate", "update.firstbank.com"])).stdout);
  writeFileSync(wrong, (await strata(["key", "generate", "other.firstbank.com"])).stdout);
  await using _zone = await zoneServer(scratch, right);
  const where = ["--server", LISTEN, "--state", scratch.file("state")];
  const unfit = await strata(["bank", "serve", "--name", "firstbank.com", ...where, "--key", wrong]);
  const why = expect.stringMatching(/does not accept the key other\.firstbank\.com/) as string;
  expect([unfit.status, unfit.stderr]).toEqual([2, why]);
});
