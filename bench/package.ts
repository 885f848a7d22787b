/**
 * Strata as its users get it: what `npm pack` would take, in a folder of its own. Peers are measured as they are installed, so we are
 * measured as we are: started from the sources, every thread would read 150 modules first.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = join(ROOT, "node_modules", ".cache", "strata-package");
const BUILD_LIMIT_MILLISECONDS = 120_000;

let built: string | null = null;

/** The launcher of the package, which is built of the sources as they are when it is first wanted. */
export function strata(): string {
  built ??= build();
  return built;
}

function build(): string {
  process.stderr.write("building the package\n");
  mkdirSync(FOLDER, { recursive: true });
  execFileSync(process.execPath, [join(ROOT, "scripts", "build.mjs"), join(FOLDER, "dist")], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: BUILD_LIMIT_MILLISECONDS,
  });
  for (const part of ["bin", "examples", "package.json"])
    cpSync(join(ROOT, part), join(FOLDER, part), { recursive: true });
  rmSync(join(FOLDER, "node_modules"), { force: true });
  symlinkSync(join(ROOT, "node_modules"), join(FOLDER, "node_modules"));
  // Compiled code is kept here, and not among what the user of this machine keeps.
  process.env["NODE_COMPILE_CACHE"] = join(FOLDER, "cache");
  return join(FOLDER, "bin", "strata");
}
