/** `strata register`: a name that follows its host, as a user runs it. What becomes of it when it dies or moves is `leases.test.ts`'s. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const LISTEN = "127.0.0.1:9296";
const ZONE = "$ORIGIN cs.vu.nl.\n$TTL 30\n@ SOA ns h 7 3600 900 604800 30\n@ NS ns\nns A 127.0.0.1\n";

const lookUp = async (name: string, type: string): Promise<string> =>
  (await strata(["resolve", name, type, "--server", LISTEN, "--mode", "iterative", "--port", "9296"])).stdout;

test("registers a name and a service with a lease, and withdraws both at the end", async () => {
  using scratch = new Scratch();
  const [file, key] = [scratch.file("cs.vu.nl.zone"), scratch.file("k.key")];
  writeFileSync(file, ZONE);
  writeFileSync(key, (await strata(["key", "generate", "k.vu.nl"])).stdout);
  const state = scratch.file("state");
  await using _server = await RunningStrata.start([
    ...["serve", "--zone", `cs.vu.nl=${file}`, "--listen", LISTEN, "--threads", "0"],
    ...["--state", state, "--update-key", key],
  ]);
  const words = ["register", "--name", "pc24.cs.vu.nl", "--srv", "_printer._tcp:631", "--address", "192.0.2.24"];
  const registered = await RunningStrata.start([...words, "--server", LISTEN, "--key", key, "--lease", "60s"]);
  expect(await lookUp("pc24.cs.vu.nl", "A")).toContain("192.0.2.24");
  expect(await lookUp("_printer._tcp.cs.vu.nl", "SRV")).toContain("0 0 631 pc24.cs.vu.nl.");
  expect((await strata(["zone", "leases", "cs.vu.nl", "--state", state])).stdout).toMatch(
    /pc24\.cs\.vu\.nl\. A .* s left/,
  );
  expect(await registered.stop("SIGTERM")).toBe(0);
  expect(await lookUp("pc24.cs.vu.nl", "A")).toBe("");
  expect(await lookUp("_printer._tcp.cs.vu.nl", "SRV")).toBe("");
});

test.each([
  [["--name", "pc24.cs.vu.nl"], /whom to send it to is missing/],
  [["--server", LISTEN], /what to register is missing/],
  [["--server", LISTEN, "--name", "a.b", "--srv", "printer:631"], /_SERVICE\._PROTOCOL:PORT is wanted/],
  [["--server", LISTEN, "--name", "a.b", "--address", "here"], /auto or an IP address is wanted/],
])("%j is refused", async (words, message) => {
  const { status, stderr } = await strata(["register", ...words]);
  expect(status).toBe(64);
  expect(stderr).toMatch(message);
});
