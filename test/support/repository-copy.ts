/** A copy of the repository as a fresh clone would have it: sources only, nothing installed, nothing built. */
import { cpSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

const MADE: ReadonlySet<string> = new Set(["node_modules", "dist", ".git", ".strata", ".cache", "coverage", "results"]);

export function copyRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), "strata-fresh-"));
  for (const entry of readdirSync(ROOT)) {
    const isMade = (path: string): boolean => MADE.has(path.slice(path.lastIndexOf("/") + 1)) || path.endsWith(".tgz");
    if (!isMade(`/${entry}`)) {
      cpSync(join(ROOT, entry), join(folder, entry), { recursive: true, filter: (path) => !isMade(path) });
    }
  }
  return folder;
}

/** The environment of a user's shell: without what npm and vitest added, with the machine's own Node. */
export function userEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|NODE_|STRATA_|TEST$|CI$|INIT_CWD)/.test(name),
  );
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), NO_COLOR: "1" };
}

/** True when a Node stands on the user's PATH: without one there is no npm to try. */
export function hasOwnNode(): boolean {
  return (userEnvironment()["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, "npm")));
}
