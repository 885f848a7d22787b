/** Spoils the last page of a journal that no server uses: of its log, or of its main file. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { SeededRandom } from "../../base/index.ts";

const PAGE_OCTETS = 4096;

export type SpoiltFile = "log" | "main";

const WAYS: readonly { readonly how: string; readonly spoil: (page: Uint8Array, random: SeededRandom) => void }[] = [
  { how: "a flipped bit in", spoil: (page, random) => void (page[random.below(page.length)]! ^= 1 << random.below(8)) },
  { how: "zeros for", spoil: (page) => void page.fill(0) },
  {
    how: "noise for",
    spoil: (page, random) => {
      for (let at = 0; at < page.length; at++) page[at] = random.below(256);
    },
  },
];

/** Returns what was done, in words; null when there is no such file. */
export function spoilJournal(journal: string, file: SpoiltFile, random: SeededRandom): string | null {
  const path = file === "log" ? `${journal}-wal` : journal;
  if (!existsSync(path)) return null;
  const octets = readFileSync(path);
  if (octets.length === 0) return null;
  const { how, spoil } = WAYS[random.below(WAYS.length)]!;
  spoil(octets.subarray(Math.max(0, octets.length - PAGE_OCTETS)), random);
  writeFileSync(path, octets);
  return `${how} the last page of its ${file === "log" ? "log" : "main file"}`;
}
