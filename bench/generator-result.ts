/** What `generator.ts` prints, from what became of each query. */
import { type Generated, PATIENCE_MILLISECONDS } from "./generator-clients.ts";
import { percentile } from "./statistics.ts";

/** Times are milliseconds, from when a query was due to its answer; those of what was lost or answered wrongly are among them. */
export interface GeneratorResult {
  readonly sent: number;
  readonly answered: number;
  /** Without any response for three seconds. */
  readonly lost: number;
  /** With a response that is no answer. */
  readonly wrong: number;
  readonly unasked: number;
  /** Answers. */
  readonly perSecond: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly behindMilliseconds: number;
  /** CPU time of the generator itself, a query. */
  readonly microsecondsEach: number;
}

export function resultOf({ waited, wrong, unasked, perSecond, ...rest }: Generated, cpu: number): GeneratorResult {
  const sorted = waited.toSorted();
  const answered = sorted.filter((milliseconds) => milliseconds < PATIENCE_MILLISECONDS).length;
  return {
    sent: waited.length,
    answered,
    lost: waited.length - answered - wrong,
    wrong,
    unasked,
    perSecond,
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: sorted.at(-1) ?? NaN,
    behindMilliseconds: rest.behindMilliseconds,
    microsecondsEach: cpu / waited.length,
  };
}
