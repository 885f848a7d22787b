/** A bank beside a running name space, as a user has it: found by its name, opened at its counter, right in its books. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const PORT = "9297";

describe("beside a running strata up", () => {
  const scratch = new Scratch();
  const state = scratch.file("state");
  let up: RunningStrata;
  beforeAll(async () => {
    up = await RunningStrata.start(["up", "--state", state, "--port", PORT]);
  });
  afterAll(async () => {
    await up.stop();
    scratch[Symbol.dispose]();
  });

  test("it shows the bank's page, and cards to try", () => {
    const shown = up.stdout.join("\n");
    expect(shown).toMatch(/firstbank\.com +https:\/\/127\.0\.1\.30:\d+\//);
    expect(shown).toMatch(/Alice +card \d{16}, PIN 1234/);
  });

  test("the bank's server stands in the name space, with its key and the head of its books", async () => {
    const found = await strata(["resolve", "_bank._tcp.firstbank.com", "SRV", "--state", state]);
    const [, port = ""] = /SRV 0 1 (\d+) bank\.firstbank\.com\./.exec(found.stdout) ?? [];
    expect(port).not.toBe("");
    const key = await strata(["resolve", `_${port}._tcp.bank.firstbank.com`, "TLSA", "--state", state]);
    expect(key.stdout).toMatch(/TLSA 3 1 1 [0-9A-Fa-f]{64}/);
    const epoch = await strata(["resolve", "_epoch.firstbank.com", "TXT", "--state", state]);
    expect(epoch.stdout).toContain("epoch=1 host=bank.firstbank.com");
  });

  test("an account is opened by name alone; the same key opens it once", async () => {
    const words = [
      "bank",
      "open",
      "--bank",
      "firstbank.com",
      "--holder",
      "Carol",
      "--pin",
      "2468",
      "--deposit",
      "12.30",
    ];
    const open = () => strata([...words, "--key", "once", "--state", state, "--json"]);
    const first = await open();
    expect(first.status).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ status: "ok", balance: "12.30", key: "once" });
    expect((await open()).stdout).toBe(first.stdout);
  });

  test("where the bank's own authority is not at hand, its name says which key is right", async () => {
    const resolver = /any name +(\S+)/.exec(up.stdout.join("\n"))?.[1] ?? "";
    const words = [
      "bank",
      "open",
      "--bank",
      "firstbank.com",
      "--holder",
      "Dave",
      "--pin",
      "2468",
      "--server",
      resolver,
    ];
    const { status, stdout } = await strata([...words, "--state", scratch.file("elsewhere"), "--json"]);
    expect([status, existsSync(scratch.file("elsewhere"))]).toEqual([0, false]);
    expect(JSON.parse(stdout)).toMatchObject({ status: "ok", balance: "0.00" });
  });

  test.each([
    [["--holder", "Eve"], 64, /--pin PIN/],
    [["--holder", "Eve", "--pin", "12"], 64, /pin/],
    [["--holder", "Eve", "--pin", "1234", "--deposit", "1.234"], 64, /at most 2 digits/],
    [["--holder", "Eve", "--pin", "1234", "--currency", "CHF"], 64, /keeps accounts in USD, not in CHF/],
  ])("%j is refused", async (words, code, message) => {
    const { status, stderr } = await strata(["bank", "open", "--bank", "firstbank.com", ...words, "--state", state]);
    expect(status).toBe(code);
    expect(stderr).toMatch(message);
  });

  test("a bank that is nowhere is not found, and nothing was done", async () => {
    const words = ["bank", "open", "--bank", "nobank.com", "--holder", "Eve", "--pin", "1234", "--state", state];
    const { status, stderr } = await strata(words);
    expect(status).toBe(2);
    expect(stderr).toMatch(/nothing was done: no server of nobank\.com is registered/);
  }, 60_000);

  test("beside it an update needs neither server nor key", async () => {
    const words = ["update", "add pc9.cs.vu.nl 30 A 192.0.2.99", "--state", state];
    expect(await strata(words)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("cs.vu.nl. at 127.0.1.20"),
    });
  });

  test("its books are right", async () => {
    const { status, stdout } = await strata(["bank", "verify", "--state", state]);
    expect([status, stdout]).toEqual([0, expect.stringContaining("books, holds and chain are right")]);
  });
});
