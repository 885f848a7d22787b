/** Whether something that goes up and down, such as memory, grows: by the greatest values of stretches of time, and a line through them. */

const STRETCHES = 10;
/** Those at the start that do not count, because things warm up: caches fill, code is compiled, arenas have their first full turn. */
const WARM_UP = 3;

export class Growth {
  readonly #samples: { readonly at: number; readonly value: number }[] = [];

  add(seconds: number, value: number): void {
    this.#samples.push({ at: seconds, value });
  }

  get max(): number {
    return this.#samples.reduce((most, { value }) => Math.max(most, value), 0);
  }

  /** What a minute adds, by least squares over the greatest value of each stretch but the first. */
  get aMinute(): number {
    const peaks = this.#peaks().slice(WARM_UP);
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const at = mean(peaks.map((peak) => peak.at));
    const value = mean(peaks.map((peak) => peak.value));
    let over = 0;
    let under = 0;
    for (const peak of peaks) {
      over += (peak.at - at) * (peak.value - value);
      under += (peak.at - at) ** 2;
    }
    return under === 0 ? 0 : (over / under) * 60;
  }

  /** By how much the second half's greatest value is above the first half's, those of the warm-up left out. */
  get rise(): number {
    const peaks = this.#peaks().slice(WARM_UP);
    const greatest = (some: typeof peaks): number => Math.max(0, ...some.map(({ value }) => value));
    const half = peaks.length >> 1;
    return greatest(peaks.slice(half)) - greatest(peaks.slice(0, half));
  }

  #peaks(): { readonly at: number; readonly value: number }[] {
    const first = this.#samples[0]?.at ?? 0;
    const length = ((this.#samples.at(-1)?.at ?? 0) - first) / STRETCHES;
    const peaks: { at: number; value: number }[] = [];
    for (const { at, value } of this.#samples) {
      const stretch = Math.min(STRETCHES - 1, length === 0 ? 0 : Math.floor((at - first) / length));
      const peak = (peaks[stretch] ??= { at: first + (stretch + 0.5) * length, value });
      peak.value = Math.max(peak.value, value);
    }
    return peaks.filter(() => true);
  }
}
