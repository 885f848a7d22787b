/** Medians with their spread, because the machines are shared and one run says little. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

/** `5.1 (4.9–5.6)`. */
export function formatSpread(value: Spread, digits: number): string {
  const text = (number: number): string => number.toFixed(digits);
  return `${text(value.median)} (${text(value.min)}–${text(value.max)})`;
}

/** Of what is sorted already; NaN of nothing. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
