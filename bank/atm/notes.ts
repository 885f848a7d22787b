/** Notes: how many of which an ATM has, and which it gives for an amount. Amounts are minor units. */

/** Notes of one denomination. */
export interface Notes {
  readonly denomination: bigint;
  readonly count: number;
}

/** From one withdrawal. */
export const NOTES_MAX = 40;

export const sumOf = (notes: readonly Notes[]): bigint =>
  notes.reduce((sum, { denomination, count }) => sum + denomination * BigInt(count), 0n);

/** Exactly that amount in the fewest notes, or null. What was tried in vain is remembered, so that it is soon over however odd the denominations. */
export function chooseNotes(cassettes: readonly Notes[], amount: bigint): readonly Notes[] | null {
  const large = [...cassettes]
    .filter(({ count }) => count > 0)
    .sort((a, b) => (a.denomination < b.denomination ? 1 : -1));
  for (let most = 1; amount > 0n && most <= NOTES_MAX; most++) {
    const chosen = choose(large, { at: 0, amount, most, vain: new Set() });
    if (chosen !== null) return chosen;
  }
  return null;
}

interface Search {
  readonly at: number;
  readonly amount: bigint;
  /** Notes that are left to be given. */
  readonly most: number;
  readonly vain: Set<string>;
}

function choose(large: readonly Notes[], { at, amount, most, vain }: Search): readonly Notes[] | null {
  if (amount === 0n) return [];
  const cassette = large[at];
  if (cassette === undefined || most === 0 || amount > cassette.denomination * BigInt(most)) return null;
  const name = `${at} ${amount} ${most}`;
  if (vain.has(name)) return null;
  const { denomination } = cassette;
  const fitting = amount / denomination;
  for (let count = Number(fitting < BigInt(most) ? fitting : BigInt(most)); count >= 0; count--) {
    if (count > cassette.count) continue;
    const rest = { at: at + 1, amount: amount - denomination * BigInt(count), most: most - count, vain };
    const others = choose(large, rest);
    if (others !== null) return count === 0 ? others : [{ denomination, count }, ...others];
  }
  vain.add(name);
  return null;
}

/** Throws nothing: a denomination that is not there is taken as empty, and none is left below zero. */
export function withoutNotes(cassettes: readonly Notes[], taken: readonly Notes[]): readonly Notes[] {
  return cassettes.map(({ denomination, count }) => {
    const gone = taken.find((notes) => notes.denomination === denomination)?.count ?? 0;
    return { denomination, count: Math.max(0, count - gone) };
  });
}

export function withNotes(cassettes: readonly Notes[], added: readonly Notes[]): readonly Notes[] {
  const all = new Map(cassettes.map(({ denomination, count }) => [denomination, count]));
  for (const { denomination, count } of added) all.set(denomination, (all.get(denomination) ?? 0) + count);
  return [...all]
    .map(([denomination, count]) => ({ denomination, count }))
    .sort((a, b) => (a.denomination < b.denomination ? 1 : -1));
}
