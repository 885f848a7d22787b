/** The control channel of running servers: status, reload, freeze and thaw, as a user types them. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const LISTEN = "127.0.0.1:9281";

const zoneText = (serial: number): string => `$ORIGIN vu.nl.
$TTL 300
@ SOA ns hostmaster ${serial} 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
`;

describe("a server with a state folder", () => {
  test("tells its status, reloads, freezes and thaws, to its own user alone", async () => {
    using scratch = new Scratch();
    const file = scratch.file("vu.nl.zone");
    const state = scratch.file("state");
    writeFileSync(file, zoneText(7));
    const words = ["serve", "--zone", `vu.nl=${file}`, "--listen", LISTEN, "--state", state];
    const serve = await RunningStrata.start(words);
    expect(statSync(join(state, "control.sock")).mode & 0o077).toBe(0);

    const status = await strata(["status", "--state", state]);
    expect(status.stdout).toMatch(/127\.0\.0\.1:9281, strata .*\n {2}vu\.nl\. {2}serial 7, 3 records\n/);

    expect(await strata(["freeze", "vu.nl", "--state", state])).toMatchObject({ status: 0 });
    const frozen: unknown = JSON.parse((await strata(["status", "--state", state, "--json"])).stdout);
    expect(frozen).toMatchObject([{ zones: [{ zone: "vu.nl.", serial: 7, frozen: true }] }]);
    expect(await strata(["thaw", "vu.nl", "--state", state])).toMatchObject({ status: 0 });
    expect(await strata(["thaw", "vu.nl", "--state", state])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("is not frozen") as string,
    });
    expect(await strata(["freeze", "other.", "--state", state])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("does not serve the zone other.") as string,
    });

    writeFileSync(file, zoneText(8));
    expect((await strata(["reload", "--state", state])).stdout).toContain("vu.nl. has 3 records, serial 8");
    expect(await strata(["zone", "apply", "vu.nl", file, "--state", state])).toMatchObject({
      status: 0,
      stderr: "there is no difference\n",
    });
    writeFileSync(file, `${zoneText(9)}www A 192.0.2.999\n`);
    expect(await strata(["reload", "--state", state])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("vu.nl. goes on with serial 8") as string,
    });
    expect(await strata(["reload", "other", "--state", state])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("does not have the zone other.") as string,
    });
    expect(await serve.stop("SIGTERM")).toBe(0);
    expect(await strata(["status", "--state", state])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no server keeps its state") as string,
    });
  });

  test.each([
    ["file", "pc24", "edited"],
    ["journal", "edited", "pc24"],
  ])(
    "whose file was edited while it did not run, the zone having changed, asks, and takes the %s",
    async (take, gone, there) => {
      using scratch = new Scratch();
      const [file, key, state] = [scratch.file("vu.nl.zone"), scratch.file("key"), scratch.file("state")];
      writeFileSync(file, zoneText(7));
      writeFileSync(key, (await strata(["key", "generate", "k.vu.nl"])).stdout);
      const words = ["serve", "--zone", `vu.nl=${file}`, "--listen", LISTEN, "--state", state, "--update-key", key];
      {
        await using _before = await RunningStrata.start(words);
        const update = ["update", "--server", LISTEN, "--key", key, "add pc24.vu.nl 30 A 192.0.2.24"];
        expect(await strata(update)).toMatchObject({ status: 0 });
      }
      writeFileSync(file, `${zoneText(7)}edited A 192.0.2.44\n`);
      await using server = await RunningStrata.start(words);
      await server.line("stderr", /was edited and vu\.nl\. has changed as well/);
      const reload = ["reload", "vu.nl", "--state", state];
      const asked = await strata(reload);
      expect([asked.status, asked.stdout]).toEqual([1, expect.stringContaining("say --take file or --take journal")]);
      expect(await strata([...reload, "--take", take])).toMatchObject({ status: 0 });
      expect(await strata(reload)).toMatchObject({ status: 0, stdout: "reload: no zone file has changed\n" });
      expect((await strata(["resolve", `${gone}.vu.nl`, "--server", LISTEN])).status).toBe(1);
      expect((await strata(["resolve", `${there}.vu.nl`, "--server", LISTEN])).status).toBe(0);
    },
  );

  test("is alone with it", async () => {
    using scratch = new Scratch();
    const file = scratch.file("vu.nl.zone");
    writeFileSync(file, zoneText(7));
    const words = ["serve", "--zone", `vu.nl=${file}`, "--state", scratch.file("state"), "--listen"];
    await using first = await RunningStrata.start([...words, LISTEN]);
    const second = await strata([...words, "127.0.0.1:9282"]);
    expect(second).toMatchObject({ status: 2, stderr: expect.stringContaining("another server uses") as string });
    expect(first.complaints).toEqual([]);
  });
});

describe("a copy whose primary's serial was set back", () => {
  test("stays, which is said, until it is fetched anew", async () => {
    using scratch = new Scratch();
    const file = scratch.file("vu.nl.zone");
    const state = scratch.file("copy");
    const [primaryAt, copyAt] = ["127.0.0.1:9283", "127.0.0.1:9284"];
    writeFileSync(file, zoneText(7));
    const serving = ["serve", "--zone", `vu.nl=${file}`, "--listen", primaryAt];
    const giving = ["--transfer", "127.0.0.0/8", "--notify", copyAt];
    const before = await RunningStrata.start([...serving, ...giving]);
    await using copy = await RunningStrata.start([
      ...["serve", "--secondary", `vu.nl=${primaryAt}`, "--listen", copyAt, "--state", state],
    ]);
    await before.stop("SIGTERM");
    writeFileSync(file, zoneText(3));
    const primary = await RunningStrata.start([...serving, ...giving]);
    await copy.line("stderr", /has serial 3, which is older than our 7/);
    expect((await strata(["status", "--state", state])).stdout).toMatch(/serial 7, .* has the older serial 3 /);

    expect(await strata(["retransfer", "vu.nl", "--state", state])).toMatchObject({
      status: 0,
      stdout: `${state} has vu.nl. anew, serial 3\n`,
    });
    const told = (await strata(["status", "--state", state])).stdout;
    expect(told).toContain("serial 3");
    expect(told).not.toContain("older");

    expect(await primary.stop("SIGTERM")).toBe(0);
    expect(await strata(["retransfer", "vu.nl", "--state", state])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("vu.nl. stays as it was: ") as string,
    });
    expect(await strata(["retransfer", "other.", "--state", state])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no server here fetches other. from another") as string,
    });
  });
});
