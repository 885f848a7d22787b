/**
 * Compiles the sources to dist/ for the package: Node runs TypeScript as it is, but not below node_modules. It writes
 * to a folder beside dist/ and then swaps them, so that a broken build leaves the old one and nothing stale stays.
 */
import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const draft = join(root, `dist.${process.pid}.new`);
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
if (!existsSync(compiler)) {
  process.stderr.write("the compiler is not installed: run npm ci first\n");
  process.exit(1);
}

const run = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", draft], {
  stdio: ["ignore", "inherit", "inherit"],
});
if (run.status !== 0) {
  rmSync(draft, { recursive: true, force: true });
  process.exit(1);
}
rmSync(join(root, "dist"), { recursive: true, force: true });
renameSync(draft, join(root, "dist"));
