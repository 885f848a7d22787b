/**
 * Telling work that nobody wants it any more. What waits takes a StopSignal; every AbortSignal is one. A Stopper is one for
 * work that begins and ends thousands of times a second: AbortController makes an EventTarget, which costs microseconds, and
 * searches its listeners from the front, so that many waiting on one signal cost each other more than the work itself.
 */

export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Signal and controller in one. Listeners run once, in the order they came. */
export class Stopper implements StopSignal {
  aborted = false;
  reason: unknown = undefined;
  #listeners: Set<() => void> | null = null;

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = null;
    if (listeners !== null) for (const listener of listeners) listener();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (this.aborted) return;
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners?.delete(listener);
  }
}
