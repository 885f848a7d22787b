/** How much a run of the benchmarks is to do, where that is not what each of them does by itself. */
export interface Effort {
  /** How often the contenders take turns. */
  readonly rounds?: number;
  /** How long each is under load. */
  readonly seconds?: number;
}
