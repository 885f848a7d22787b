/** "Did you mean": the known words that differ from a given one by a slip or two of the fingers. */

/** Up to three of the nearest words, nearest first; none when all are far. */
export function nearest(word: string, known: readonly string[]): string[] {
  const wanted = word.toUpperCase();
  if (wanted.length > 24) return [];
  const most = wanted.length <= 3 ? 1 : 2;
  const near: { readonly word: string; readonly slips: number }[] = [];
  for (const candidate of known) {
    const slips = distance(wanted, candidate.toUpperCase());
    if (slips <= most) near.push({ word: candidate, slips });
  }
  near.sort((a, b) => a.slips - b.slips);
  return near
    .filter(({ slips }) => slips === near[0]?.slips)
    .slice(0, 3)
    .map(({ word: candidate }) => candidate);
}

/** `did you mean MX?`, or what else to say when nothing is near. */
export function didYouMean(word: string, known: readonly string[], otherwise: string): string {
  const near = nearest(word, known);
  if (near.length === 0) return otherwise;
  const last = near.pop()!;
  return `did you mean ${near.length === 0 ? last : `${near.join(", ")} or ${last}`}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that make one of the other. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let older: number[] = [];
  let old = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(old[j]! + 1, row[j - 1]! + 1, old[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, older[j - 2]! + 1);
      row.push(cost);
    }
    older = old;
    old = row;
  }
  return old[b.length]!;
}
