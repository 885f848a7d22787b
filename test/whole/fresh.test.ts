/** A fresh clone on the machine's own Node: `npm start` sets itself up and ends in `ready`; set-up is safe and instant. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/peers.ts";
import { copyRepository, hasOwnNode, userEnvironment } from "../support/repository-copy.ts";

describe.skipIf(!hasOwnNode())("a fresh clone", () => {
  let folder = "";
  beforeAll(() => {
    folder = copyRepository();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const npm = (...args: string[]): ChildProcess =>
    spawn("npm", args, { cwd: folder, env: userEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
  const setUp = async (): Promise<{ code: number | null; text: string }> => {
    const child = npm("run", "prestart");
    const text = collect(child);
    const [code] = (await once(child, "exit")) as [number | null];
    return { code, text: text() };
  };

  test("two runs at once set it up once", async () => {
    const [first, second] = await Promise.all([setUp(), setUp()]);
    expect([first.code, second.code], first.text + second.text).toEqual([0, 0]);
    expect((first.text + second.text).match(/installing what/g)).toHaveLength(1);
    const version = execFileSync(join(folder, "node_modules/.bin/node"), ["--version"], { encoding: "utf8" });
    expect(version).toMatch(/^v26\./);
  }, 600_000);

  test("set up again it does nothing", async () => {
    const { code, text } = await setUp();
    expect(code).toBe(0);
    expect(text).not.toContain("installing");
  });

  test("npm start ends in ready and stops cleanly", async () => {
    const port = await freePort();
    const child = npm("start", "--", "--port", String(port), "--state", join(folder, ".strata"));
    const text = collect(child);
    await waitFor(child, /^ready$/m, text);
    const resolve = ["resolve", "www.cs.vu.nl", "--state", join(folder, ".strata")];
    const answer = execFileSync(join(folder, "bin/strata"), resolve, { env: userEnvironment(), encoding: "utf8" });
    expect(answer).toContain("192.0.2.21");
    // npm passes the signal on to what it runs, which must not be a shell that keeps it to itself.
    child.kill("SIGTERM");
    await once(child, "exit");
    const after = spawnSync(join(folder, "bin/strata"), resolve, { env: userEnvironment(), encoding: "utf8" });
    expect(after.status, after.stderr).toBe(64);
  });

  test("a changed lock file is seen", async () => {
    const lock = join(folder, "package-lock.json");
    const before = readFileSync(lock, "utf8");
    writeFileSync(lock, before.replace('"requires": true,', '"requires":  true,'));
    const { code, text } = await setUp();
    expect(code, text).toBe(0);
    expect(text).toContain("installing");
  }, 600_000);
});

function collect(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

/** Resolves when what the process wrote matches; rejects when it ends before. */
function waitFor(child: ChildProcess, pattern: RegExp, text: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (pattern.test(text())) resolve();
    };
    child.stdout?.on("data", look);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}:\n${text()}`)));
    look();
  });
}
