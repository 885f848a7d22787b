/** What the benchmarks of mounting serve, in memory or in a folder: one large file, one small, and a directory of many. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export const BIG_OCTETS = 2 ** 30;
export const ENTRIES = 100_000;

/** Makes it in a folder, below "tree". */
export function makeTree(folder: string): void {
  mkdirSync(join(folder, "tree", "many"), { recursive: true });
  writeFileSync(join(folder, "tree", "small"), "x");
  const chunk = Buffer.alloc(2 ** 24, "strata ");
  const file = openSync(join(folder, "tree", "big"), "w");
  for (let at = 0; at < BIG_OCTETS; at += chunk.length) writeSync(file, chunk);
  closeSync(file);
  for (let i = 0; i < ENTRIES; i++) closeSync(openSync(join(folder, "tree", "many", `file-${i}`), "w"));
}
