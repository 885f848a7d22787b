/**
 * The same work asked for twice at once is done once (RFC 5452 §5: many identical questions in flight would give a forger
 * as many chances). Who asked second waits for the first; the work stops when nobody waits any more.
 */
import { Stopper, type StopSignal } from "../base/index.ts";

export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  get size(): number {
    return this.#flights.size;
  }

  /** Joins the work under way for `key`, or starts it. Rejects with the signal's reason when the caller gives up. */
  join(key: string, signal: StopSignal, start: (signal: StopSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) return new Promise(() => signal.throwIfAborted());
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      flight = new Flight(this.#flights, key);
      this.#flights.set(key, flight);
      flight.begin(start);
    }
    return flight.wait(signal);
  }
}

class Flight<T> {
  readonly #flights: Map<string, Flight<T>>;
  readonly #key: string;
  readonly #stop = new Stopper();
  readonly #waiting: Waiting<T>[] = [];

  constructor(flights: Map<string, Flight<T>>, key: string) {
    this.#flights = flights;
    this.#key = key;
  }

  begin(start: (signal: StopSignal) => Promise<T>): void {
    start(this.#stop).then(
      (result) => {
        this.#leave();
        for (const waiting of this.#waiting) waiting.resolve(result);
      },
      (error: unknown) => {
        this.#leave();
        for (const waiting of this.#waiting) waiting.reject(error);
      },
    );
  }

  wait(signal: StopSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push(new Waiting<T>(signal, { resolve, reject, gaveUp: (waiting) => this.#gaveUp(waiting) }));
    return promise;
  }

  #gaveUp(waiting: Waiting<T>): void {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    if (this.#waiting.length > 0) return;
    this.#leave();
    this.#stop.abort(new Error("nobody waits for this any more"));
  }

  #leave(): void {
    // Once all have given up, the key may be another flight's.
    if (this.#flights.get(this.#key) === this) this.#flights.delete(this.#key);
  }
}

interface Ends<T> {
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
  readonly gaveUp: (waiting: Waiting<T>) => void;
}

/** One caller that waits for a flight, until it ends or the caller gives up. */
class Waiting<T> {
  readonly #signal: StopSignal;
  readonly #ends: Ends<T>;
  readonly #onAbort = (): void => {
    this.#ends.gaveUp(this);
    this.#ends.reject(this.#signal.reason);
  };

  constructor(signal: StopSignal, ends: Ends<T>) {
    this.#signal = signal;
    this.#ends = ends;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  resolve(result: T): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#ends.resolve(result);
  }

  reject(error: unknown): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#ends.reject(error);
  }
}
