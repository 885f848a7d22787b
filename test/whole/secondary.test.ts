/** `strata serve` as a secondary: restarts, one behind another, and what it says when it cannot. How a zone comes to it is `transfers.test.ts`. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeWithPeers, freePort, startServer } from "../support/peers.ts";
import { bindKey, transferWords } from "../support/peer-transfers.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const zoneText = (serial: number, more: string): string => `$ORIGIN example.
$TTL 300
@ SOA ns hostmaster ${serial} 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
${Array.from({ length: 3000 }, (_, i) => `h${i} A 192.0.2.${i % 250}`).join("\n")}
${more}
`;

const ask = async (port: number, name: string, ...words: string[]): Promise<string> => {
  const where = ["--server", `127.0.0.1:${port}`, "--mode", "iterative", "--port", String(port)];
  return (await strata(["resolve", name, ...words, ...where])).stdout;
};

describeWithPeers("a secondary that keeps its zone on disk", ["knotd"], () => {
  test.each(["SIGTERM", "SIGKILL"] as const)(
    "after %s it serves the last version at once, its primary being gone",
    async (how) => {
      using scratch = new Scratch();
      const file = scratch.file("example.zone");
      writeFileSync(file, zoneText(1, "old A 192.0.2.1"));
      const port = await freePort();
      const words = ["serve", "--listen", `127.0.0.1:${port}`, "--state", scratch.file("state"), "--log", "info"];
      let primary: string[];
      {
        const { first, more } = transferWords("knotd", { port, key: null });
        await using peer = await startServer("knotd", [{ apex: "example", file, more }], first);
        primary = ["--secondary", `example=127.0.0.1:${peer.port}`];
        await using serve = await RunningStrata.start([...words, ...primary]);
        writeFileSync(file, zoneText(2, "new A 192.0.2.2"));
        process.kill(peer.pid, "SIGHUP");
        await serve.line("stderr", /"serial":2,.*"as":"changes"/);
        const { stdout } = await strata(["status", "--state", scratch.file("state")]);
        expect(stdout).toMatch(
          /example\. {2}serial 2, 3004 records, from 127\.0\.0\.1:\d+, confirmed \d+ s ago, expires in \d d\n/,
        );
        await serve.stop(how);
      }
      await using _again = await RunningStrata.start([...words, ...primary]);
      expect(await ask(port, "new.example")).toContain("192.0.2.2");
      expect(await ask(port, "old.example")).not.toContain("192.0.2.1");
      const { stdout } = await strata(["status", "--state", scratch.file("state")]);
      expect(stdout).toMatch(/serial 2, .* expires in \d d/);
    },
  );
});

test("our own server as the primary: an update comes to the secondary, and to one behind that", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("zone"), zoneText(1, "old A 192.0.2.1"));
  writeFileSync(scratch.file("key"), bindKey({ name: "k.example", algorithm: "hmac-sha512", secret: "c2VjcmV0" }));
  const [first, second, third] = [await freePort(), await freePort(), await freePort()];
  const at = (port: number): string => `127.0.0.1:${port}`;
  const key = ["--transfer-key", scratch.file("key")];
  await using _primary = await RunningStrata.start([
    ...["serve", "--zone", `example=${scratch.file("zone")}`, "--listen", at(first), "--state", scratch.file("1")],
    ...["--update-key", scratch.file("key"), ...key, "--notify", at(second)],
  ]);
  await using middle = await RunningStrata.start([
    ...["serve", "--secondary", `example=${at(first)}`, "--listen", at(second), "--state", scratch.file("2")],
    ...[...key, "--notify", at(third), "--log", "info"],
  ]);
  await using last = await RunningStrata.start([
    ...["serve", "--secondary", `example=${at(second)}`, "--listen", at(third), "--log", "info", ...key],
  ]);
  const updated = await strata([
    ...["update", "--server", at(first), "--key", scratch.file("key"), "--zone", "example"],
    "add new.example. 30 A 192.0.2.2",
  ]);
  expect([updated.status, updated.stderr]).toEqual([0, ""]);
  await middle.line("stderr", /"serial":2,.*"as":"changes"/);
  await last.line("stderr", /"serial":2,.*"as":"changes"/);
  for (const port of [second, third]) expect(await ask(port, "new.example")).toContain("192.0.2.2");
  const travelled = await strata(["propagation", "example", "--state", scratch.file("1")]);
  expect(travelled.stdout).toMatch(new RegExp(`${at(second)} +serial 2 over UDP current, NOTIFY of 2: NOERROR`));
  expect(travelled.status).toBe(0);
});

test.each([
  ["without a state folder", [], 0],
  ["of more records than a change is made out of", ["--state"], 101_000],
])("our own server as the primary, %s: an edited file comes to the secondary at once", async (_, state, more) => {
  using scratch = new Scratch();
  const records = Array.from({ length: more }, (_, i) => `m${i} A 192.0.2.1`).join("\n");
  writeFileSync(scratch.file("zone"), zoneText(1, records));
  const [first, second] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  await using primary = await RunningStrata.start([
    ...["serve", "--zone", `example=${scratch.file("zone")}`, "--listen", first, "--transfer", "127.0.0.1"],
    ...["--notify", second, "--log", "info", ...state.flatMap((word) => [word, scratch.file("state")])],
  ]);
  await using copy = await RunningStrata.start([
    ...["serve", "--secondary", `example=${first}`, "--listen", second, "--log", "info"],
  ]);
  await primary.line("stderr", /"serial":1,.*a secondary was told/);
  writeFileSync(scratch.file("zone"), zoneText(2, records));
  primary.signal("SIGHUP");
  await copy.line("stderr", /"serial":2,.*"as":"zone"/);
});

describeWithPeers("a secondary with a wrong key", ["named"], () => {
  test("is told so, and so is its user", async () => {
    using scratch = new Scratch();
    const file = scratch.file("example.zone");
    writeFileSync(file, zoneText(1, "www A 192.0.2.1"));
    const key = { name: "transfer.example", algorithm: "hmac-sha256", secret: "c2VjcmV0LW9mLXR3by1zZXJ2ZXJz" };
    writeFileSync(scratch.file("key"), bindKey({ ...key, secret: "YW5vdGhlci1zZWNyZXQ=" }));
    const port = await freePort();
    const { first, more } = transferWords("named", { port, key });
    await using peer = await startServer("named", [{ apex: "example", file, more }], first);
    await using serve = await RunningStrata.start([
      ...["serve", "--secondary", `example=127.0.0.1:${peer.port}`, "--listen", `127.0.0.1:${port}`],
      ...["--transfer-key", scratch.file("key")],
    ]);
    expect(await serve.line("stderr", /"zone":"example\."/)).toMatch(/key|signature/);
    expect(serve.stderr.join("\n")).not.toContain("YW5vdGhlci");
  });
});

test("no primary there: SERVFAIL with an extended error until it is", async () => {
  using scratch = new Scratch();
  const file = scratch.file("example.zone");
  writeFileSync(file, zoneText(1, "www A 192.0.2.1"));
  const [port, primaryPort] = [await freePort(), await freePort()];
  await using serve = await RunningStrata.start([
    ...["serve", "--secondary", `example=127.0.0.1:${primaryPort}`, "--listen", `127.0.0.1:${port}`],
  ]);
  await serve.line("stderr", new RegExp(`127.0.0.1:${primaryPort}`));
  const said = await strata(["resolve", "www.example", "--server", `127.0.0.1:${port}`, "--json"]);
  expect(said.stdout).toContain("SERVFAIL");
});
