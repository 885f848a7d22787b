/** `strata up`: the textbook's name space runs, names are found in three ways, and it stops cleanly. */
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const PORT = "9253";

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
  const resolve = (...words: string[]) => strata(["resolve", ...words, "--state", state]);

  test("it shows every zone by layer, the servers, and seven things to try", () => {
    const shown = up.stdout.join("\n");
    for (const word of ["global", "administrational", "managerial", "cs.vu.nl", "127.0.1.1", "127.0.1.53"]) {
      expect(shown).toContain(word);
    }
    expect(shown.split("\n").filter((line) => /^ +(\S*strata|dig) /.test(line))).toHaveLength(7);
  });

  test.each(["resolver", "iterative", "recursive"])("www.cs.vu.nl is found in mode %s", async (mode) => {
    const { status, stdout, stderr } = await resolve("www.cs.vu.nl", "--mode", mode);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^www\.cs\.vu\.nl\. \d+ IN A 192\.0\.2\.21\n$/);
  });

  test("without a mode the caching resolver is asked", async () => {
    expect((await resolve("jack.eng.yale.edu", "AAAA")).stdout).toMatch(
      /^jack\.eng\.yale\.edu\. \d+ IN AAAA 2001:db8:40::45\n$/,
    );
  });

  test("an alias is followed, and shown", async () => {
    const { stdout } = await resolve("www.vu.nl", "--mode", "iterative");
    expect(stdout.split("\n")[0]).toMatch(/^www\.vu\.nl\. \d+ IN CNAME vu\.nl\.$/);
    expect(stdout.split("\n")[1]).toMatch(/^vu\.nl\. \d+ IN A 192\.0\.2\.20$/);
  });

  test("a name that does not exist, and a type it does not have, end with 1 and nothing on standard output", async () => {
    const missing = await resolve("gone.cs.vu.nl");
    expect([missing.status, missing.stdout]).toEqual([1, ""]);
    expect(missing.stderr).toContain("gone.cs.vu.nl. does not exist");
    const nodata = await resolve("ftp.cs.vu.nl", "MX");
    expect([nodata.status, nodata.stdout]).toEqual([1, ""]);
    expect(nodata.stderr).toContain("ftp.cs.vu.nl. has no MX record");
  });

  test("the iterative trace names each layer's zone on the way", async () => {
    const { stdout, status } = await resolve("www.cs.vu.nl", "--mode", "iterative", "--trace");
    expect(status).toBe(0);
    for (const word of ["global", "administrational", "managerial", "127.0.1.20", "192.0.2.21"])
      expect(stdout).toContain(word);
  });

  test("the recursive trace shows the whole chain though the client asks only the root", async () => {
    const { stdout } = await resolve("pc24.cs.vu.nl", "--mode", "recursive", "--trace", "--json");
    const { trace, answers } = JSON.parse(stdout);
    expect(answers).toEqual([expect.objectContaining({ name: "pc24.cs.vu.nl", type: "A", data: "192.0.2.24" })]);
    expect(trace.filter((step: { kind: string }) => step.kind === "ask")).toHaveLength(1);
    for (const server of ["nl", "vu.nl", "cs.vu.nl"]) expect(JSON.stringify(trace)).toContain(server);
  });

  test("--compare sets both ways side by side", async () => {
    const { stdout, status } = await resolve("ftp.cs.vu.nl", "--compare");
    expect(status).toBe(0);
    expect(stdout).toMatch(/iterative +cold/);
    expect(stdout).toMatch(/recursive +warm/);
  });

  test("the root refers to nl when it is not asked to recurse", async () => {
    const { stdout } = await strata([
      "resolve",
      "nl",
      "NS",
      "--server",
      `127.0.1.1:${PORT}`,
      "--mode",
      "iterative",
      "--port",
      PORT,
    ]);
    expect(stdout).toMatch(/nl\. \d+ IN NS ns[12]\.nl\./);
  });

  test("over TCP the answer is the same", async () => {
    expect((await resolve("www.cs.vu.nl", "--tcp", "--mode", "iterative")).stdout).toContain("192.0.2.21");
  });

  test("a second one in the same place says who is in the way and what to do", async () => {
    const { status, stderr } = await strata(["up", "--state", state, "--port", PORT]);
    expect(status).toBe(2);
    expect(stderr).toContain(`process ${up.pid}`);
    expect(stderr).toContain("--state");
  });

  test("a second one elsewhere on the same port names the address that is taken", async () => {
    const { status, stderr } = await strata(["up", "--state", scratch.file("other"), "--port", PORT]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/127\.0\.1\.\d+:9253/);
    expect(stderr).toContain("another program has the port");
    expect(existsSync(scratch.file("other/state.json"))).toBe(false);
  });
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends it with 0 and takes its state away", async (signal) => {
  using scratch = new Scratch();
  const up = await RunningStrata.start(["up", "--state", scratch.file("state"), "--port", PORT]);
  expect(await up.stop(signal)).toBe(0);
  expect(existsSync(scratch.file("state/state.json"))).toBe(false);
});

test.each([[[]], [["--processes"]]])("a change at a primary comes to its secondary at once %j", async (how) => {
  using scratch = new Scratch();
  const [state, folder] = [scratch.file("state"), scratch.file("internet")];
  cpSync(fileURLToPath(new URL("../../examples/internet", import.meta.url)), folder, { recursive: true });
  const words = ["up", `${folder}/namespace.yaml`, "--state", state, "--port", PORT, ...how];
  await using up = await RunningStrata.start(words);
  const file = `${folder}/vu.nl.zone`;
  const text = readFileSync(file, "utf8").replace("2026112301", "2026112302");
  writeFileSync(file, `${text}\nfresh A 192.0.2.99\n`);
  up.signal("SIGHUP");
  await up.line("stderr", /vu\.nl\. has 15 records/);
  const agreed = await strata(["propagation", "vu.nl", "--watch", "--state", state]);
  expect([agreed.status, agreed.stderr]).toEqual([0, ""]);
  const second = ["--server", `127.0.1.15:${PORT}`, "--mode", "iterative", "--port", PORT];
  expect((await strata(["resolve", "fresh.vu.nl", ...second])).stdout).toContain("192.0.2.99");
});

test("a copy that another name space left in the state folder is not served", async () => {
  using scratch = new Scratch();
  const [state, folder] = [scratch.file("state"), scratch.file("internet")];
  cpSync(fileURLToPath(new URL("../../examples/internet", import.meta.url)), folder, { recursive: true });
  const file = `${folder}/vu.nl.zone`;
  const text = readFileSync(file, "utf8");
  writeFileSync(file, `${text.replace("2026112301", "2027010101")}\nfresh A 192.0.2.99\n`);
  await (await RunningStrata.start(["up", `${folder}/namespace.yaml`, "--state", state, "--port", PORT])).stop();
  await using _up = await RunningStrata.start(["up", "--state", state, "--port", PORT]);
  const second = ["--server", `127.0.1.15:${PORT}`, "--mode", "iterative", "--port", PORT];
  expect((await strata(["resolve", "fresh.vu.nl", ...second])).status).toBe(1);
});

test("state that a dead strata up left is said to be stale by resolve, and taken over by up", async () => {
  using scratch = new Scratch();
  const state = scratch.file("state");
  const up = await RunningStrata.start(["up", "--state", state, "--port", PORT]);
  await up.stop("SIGKILL");
  expect(existsSync(`${state}/state.json`)).toBe(true);
  const { status, stderr } = await strata(["resolve", "www.vu.nl", "--state", state]);
  expect(status).toBe(64);
  expect(stderr).toContain("does not run any more");
  await using again = await RunningStrata.start(["up", "--state", state, "--port", PORT]);
  expect(again.stderr.join("\n")).toContain("left by a strata up that is gone");
});

test("state that cannot be understood is said to be damaged", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("state.json"), "{");
  const { status, stderr } = await strata(["resolve", "www.vu.nl", "--state", scratch.path]);
  expect(status).toBe(2);
  expect(stderr).toContain("damaged");
});

test("without a strata up, resolve says where it could begin", async () => {
  using scratch = new Scratch();
  const { status, stderr } = await strata(["resolve", "www.vu.nl", "--state", scratch.file("none")]);
  expect(status).toBe(64);
  for (const word of ["strata up", "--server", "--hints"]) expect(stderr).toContain(word);
});

test("with --processes each server has a process of its own, and one that dies comes back", async () => {
  using scratch = new Scratch();
  const state = scratch.file("state");
  await using up = await RunningStrata.start(["up", "--processes", "--state", state, "--port", PORT]);
  const { processes } = JSON.parse(readFileSync(`${state}/processes.json`, "utf8"));
  const pid: number = processes["ns.cs.vu.nl"];
  expect((await strata(["resolve", "www.cs.vu.nl", "--state", state, "--mode", "iterative"])).stdout).toContain(
    "192.0.2.21",
  );
  process.kill(pid, "SIGKILL");
  await up.line("stderr", /ns\.cs\.vu\.nl died .*again/);
  await up.line("stderr", /ns\.cs\.vu\.nl runs again/);
  expect((await strata(["resolve", "pc24.cs.vu.nl", "--state", state, "--mode", "iterative"])).stdout).toContain(
    "192.0.2.24",
  );
  expect(await up.stop("SIGINT")).toBe(0);
  for (const other of Object.values(processes)) expect(() => process.kill(Number(other), 0)).toThrow();
});
