/**
 * Compiles the sources to dist/ for the package, or to the folder that it is given: Node runs TypeScript as it is, but not below
 * node_modules. What is started by name is one file each, so that it starts soon; the library stays as it is compiled. It writes to a
 * folder beside and then swaps them, so that a broken build leaves the old one and nothing stale stays.
 */
import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const target = resolve(process.argv[2] ?? join(root, "dist"));
const draft = `${target}.${process.pid}.new`;
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
if (!existsSync(compiler)) {
  process.stderr.write("the compiler is not installed: run npm ci first\n");
  process.exit(1);
}
const { bundle } = await import("./bundle.mjs");

const STARTED = [
  "cli/main.js",
  "nameserver/thread.js",
  "resolver/thread.js",
  "zones/builder-thread.js",
  "bank/threads/desk-thread.js",
  "bank/threads/verify-thread.js",
  "bank/threads/writer-thread.js",
  "mount/fuse/device-thread.js",
];

const run = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", draft], {
  stdio: ["ignore", "inherit", "inherit"],
});
try {
  if (run.status !== 0) throw new Error("it does not compile");
  for (const entry of STARTED) bundle(draft, entry);
  rmSync(target, { recursive: true, force: true });
  renameSync(draft, target);
} catch (error) {
  rmSync(draft, { recursive: true, force: true });
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
