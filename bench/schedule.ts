/**
 * When the queries of a steady stream are due. Latency is counted from there and not from the sending, because a query that leaves late would
 * otherwise hide how long its client has waited by then ("coordinated omission").
 */
export class Schedule {
  readonly #millisecondsEach: number;
  #began: number;

  constructor(began: number, perSecond: number) {
    this.#began = began;
    this.#millisecondsEach = 1000 / perSecond;
  }

  /** How many are due by now. */
  countAt(now: number): number {
    return Math.max(0, Math.floor((now - this.#began) / this.#millisecondsEach));
  }

  /** When the nth is due, from 0 on. */
  dueAt(index: number): number {
    return this.#began + (index + 1) * this.#millisecondsEach;
  }

  /** All that has not been sent is due that many queries' time later. */
  postpone(queries: number): void {
    this.#began += queries * this.#millisecondsEach;
  }
}
