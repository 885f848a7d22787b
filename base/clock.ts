/**
 * Time, handed in and never reached for. The only file that reads the system's clock or sets its timers; the simulated
 * clock lets a test run hours in milliseconds.
 */

export interface Timer {
  /** The callback will not run any more; harmless when it already did. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds on a clock that never goes back; only differences mean something. */
  now(): number;
  /** Seconds since 1970-01-01 UTC, by a clock that may be wrong or jump. */
  wallSeconds(): number;
  /** Runs the callback once, `milliseconds` from now. It does not keep the process alive by itself. */
  after(milliseconds: number, callback: () => void): Timer;
  /** Runs the callback once all that has already come from outside is handled: work that gathers up to then can be done together. */
  soon(callback: () => void): void;
}

/** performance.now() counts from the start of its thread; all threads are to read one clock, so that they may share times. */
const THREAD_BEGAN = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  now: () => THREAD_BEGAN + performance.now(),
  wallSeconds: () => Math.floor(Date.now() / 1000),
  after(milliseconds, callback) {
    const timeout = setTimeout(callback, milliseconds);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
  soon(callback) {
    setImmediate(callback);
  },
};

/** Keeps the process alive until it is disposed of, which timers of a clock do not. */
export function stayAlive(): Disposable {
  const timer = setInterval(() => undefined, FOR_EVER_MILLISECONDS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** As long as a timer can be. */
const FOR_EVER_MILLISECONDS = 0x7fff_ffff;

/** Resolves after `milliseconds`; rejects with the signal's reason when that comes first. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal.aborted) {
    reject(signal.reason as Error);
    return promise;
  }
  const onAbort = (): void => {
    timer.cancel();
    reject(signal.reason as Error);
  };
  const timer = clock.after(milliseconds, () => {
    signal.removeEventListener("abort", onAbort);
    resolve();
  });
  signal.addEventListener("abort", onAbort, { once: true });
  return promise;
}

interface Pending {
  readonly due: number;
  readonly sequence: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test advances it. Timers due at the same moment run in the order they were set. */
export class SimulatedClock implements Clock {
  #now = 0;
  #sequence = 0;
  readonly #startSeconds: number;
  readonly #pending = new Set<Pending>();

  constructor(startSeconds = 1_700_000_000) {
    this.#startSeconds = startSeconds;
  }

  now(): number {
    return this.#now;
  }

  wallSeconds(): number {
    return this.#startSeconds + Math.floor(this.#now / 1000);
  }

  after(milliseconds: number, callback: () => void): Timer {
    const entry: Pending = { due: this.#now + Math.max(0, milliseconds), sequence: this.#sequence++, callback };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  /** Lets `milliseconds` pass: every timer due by then runs at its own moment, and promises settle between timers. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (let next = this.#next(); next !== null && next.due <= end; next = this.#next()) {
      this.#pending.delete(next);
      this.#now = next.due;
      next.callback();
      await settle();
    }
    this.#now = end;
  }

  /** Advances until the promise settles and returns what it settled to; fails after `limitMilliseconds` of simulated time. */
  async run<T>(promise: Promise<T>, limitMilliseconds = 3_600_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    watched.catch(() => undefined);
    const end = this.#now + limitMilliseconds;
    await settle();
    while (!settled) {
      const next = this.#next();
      if (next === null || next.due > end) throw new Error(`still waiting after ${this.#now} simulated milliseconds`);
      await this.advance(next.due - this.#now);
    }
    return watched;
  }

  #next(): Pending | null {
    let first: Pending | null = null;
    for (const entry of this.#pending) {
      if (first === null || entry.due < first.due || (entry.due === first.due && entry.sequence < first.sequence)) {
        first = entry;
      }
    }
    return first;
  }
}

/** Lets promise chains and immediate callbacks run dry. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
