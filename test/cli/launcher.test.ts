/** bin/strata: which Node it takes, and what it says when none will do. */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "launcher-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A package as npm installs it: bin/strata and compiled code, below node_modules. */
function install(): string {
  const root = join(folder, "node_modules", "strata");
  mkdirSync(join(root, "bin"), { recursive: true });
  mkdirSync(join(root, "dist", "cli"), { recursive: true });
  writeFileSync(join(root, "dist", "cli", "main.js"), "");
  const launcher = join(root, "bin", "strata");
  copyFileSync(fileURLToPath(new URL("../../bin/strata", import.meta.url)), launcher);
  chmodSync(launcher, 0o755);
  return launcher;
}

/** A stand-in that tells its version, and otherwise who it is and what it was given. */
function fakeNode(path: string, version: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && { echo ${version}; exit; }\necho "${version} $*"\n`);
  chmodSync(path, 0o755);
}

const launch = (launcher: string, path: readonly string[]) =>
  spawnSync(launcher, ["zone", "check"], {
    encoding: "utf8",
    env: { PATH: [...path.map((name) => join(folder, name)), "/nowhere"].join(":"), HOME: folder },
  });

test("the first Node on the PATH that is new enough runs the compiled code", () => {
  const launcher = install();
  fakeNode(join(folder, "old", "node"), "v20.1.0");
  fakeNode(join(folder, "new", "node"), "v26.0.1");
  const { stdout, status } = launch(launcher, ["old", "new"]);
  expect(stdout).toMatch(/^v26\.0\.1 .*dist\/cli\/main\.js zone check\n$/);
  expect(status).toBe(0);
});

test("a link to the launcher, as npm makes one, leads to the package", () => {
  install();
  mkdirSync(join(folder, "node_modules", ".bin"));
  const link = join(folder, "node_modules", ".bin", "strata");
  symlinkSync("../strata/bin/strata", link);
  fakeNode(join(folder, "new", "node"), "v27.0.0");
  // readlink is the system's; the Node found first is still ours.
  const { stdout } = spawnSync(link, [], {
    encoding: "utf8",
    env: { PATH: `${join(folder, "new")}:/usr/bin:/bin`, HOME: folder },
  });
  expect(stdout).toContain("/strata/bin/../dist/cli/main.js");
});

test("a Node that npm installed beside the package comes before the PATH, when it is new enough", () => {
  const launcher = install();
  fakeNode(join(folder, "node_modules", ".bin", "node"), "v26.9.0");
  fakeNode(join(folder, "new", "node"), "v27.0.0");
  expect(launch(launcher, ["new"]).stdout).toContain("v26.9.0 ");
  fakeNode(join(folder, "node_modules", ".bin", "node"), "v18.0.0");
  expect(launch(launcher, ["new"]).stdout).toContain("v27.0.0 ");
});

test("where no Node will do, it says which were found and what to do, and ends with 64", () => {
  const launcher = install();
  fakeNode(join(folder, "old", "node"), "v20.1.0");
  const { stderr, stdout, status } = launch(launcher, ["old"]);
  expect(status).toBe(64);
  expect(stdout).toBe("");
  expect(stderr).toContain("no Node 26 or later was found");
  expect(stderr).toContain("node is v20.1.0");
});
