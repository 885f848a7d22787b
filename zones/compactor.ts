/**
 * Compacts a store between the other work of the thread that writes it, in slices so short that nobody notices. Without it edits
 * compact as they go, and what is left when they cease stays until the next ones.
 */
import type { Clock, Timer } from "../base/index.ts";
import { ArenaFullError } from "./arena.ts";
import type { ZoneStore } from "./store.ts";

/** Other work waits so long, that of a query thread on the same core too. */
const SLICE_MILLISECONDS = 0.25;
/** And then has so long for itself. */
const REST_MILLISECONDS = 1;
/** The clock is looked at so often: about five times in a slice. */
const STRIDE_OCTETS = 1 << 14;

export interface CompactorParts {
  readonly store: ZoneStore;
  readonly clock: Clock;
  /** Has memory given back that nobody can reach any more. */
  readonly collectGarbage: () => void;
}

export class Compactor {
  readonly #store: ZoneStore;
  readonly #clock: Clock;
  readonly #collectGarbage: () => void;
  #moves = 0;
  #timer: Timer | null = null;

  constructor({ store, clock, collectGarbage }: CompactorParts) {
    this.#store = store;
    this.#clock = clock;
    this.#collectGarbage = collectGarbage;
    store.onGarbage = () => this.#wait();
  }

  close(): void {
    this.#store.onGarbage = null;
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer ??= this.#clock.after(REST_MILLISECONDS, () => {
      this.#timer = null;
      if (this.#slice()) this.#wait();
      else if (this.#moves !== this.#store.stats.moves) {
        this.#moves = this.#store.stats.moves;
        this.#collectGarbage();
      }
    });
  }

  /** False when nothing is left to do now. */
  #slice(): boolean {
    const end = this.#clock.now() + SLICE_MILLISECONDS;
    try {
      while (this.#store.compactSome(STRIDE_OCTETS)) if (this.#clock.now() >= end) return true;
    } catch (error) {
      // The system gave less memory than is needed. The store goes on where it is, and tries again when there is more garbage.
      if (!(error instanceof ArenaFullError)) throw error;
    }
    return false;
  }
}
