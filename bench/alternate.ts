/** Contenders measured in turn, A B C A B C, so that what disturbs the machine disturbs all of them. Says on standard error how far it is. */
import type { Result } from "./history.ts";
import { spread } from "./statistics.ts";

export type Sample = Readonly<Record<string, number>>;

export async function alternate<T extends { readonly name: string }>(
  contenders: readonly T[],
  rounds: number,
  measure: (contender: T) => Promise<Sample>,
): Promise<Result["rows"]> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      process.stderr.write(`  round ${round + 1} of ${rounds}: ${contender.name}\n`);
      const sample = await measure(contender);
      samples.set(contender.name, [...(samples.get(contender.name) ?? []), sample]);
    }
  }
  return Object.fromEntries([...samples].map(([name, taken]) => [name, spreads(taken)]));
}

export function spreads(samples: readonly Sample[]): Result["rows"][string] {
  const quantities = Object.keys(samples[0] ?? {});
  return Object.fromEntries(quantities.map((what) => [what, spread(samples.map((sample) => sample[what] ?? NaN))]));
}
