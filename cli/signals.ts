/** Signals, as promises and callbacks. The first ^C asks for an orderly end, the second ends at once. */

/** What a shell reports for a process that ^C ended. */
const EXIT_INTERRUPTED = 130;

/** Aborted by the first SIGINT or SIGTERM, or when the process that supervises us is gone: we must not outlive it. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    // The channel to a supervisor would keep the process alive.
    if (process.connected) process.disconnect?.();
    controller.abort(new Error("stopped by a signal"));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  if (process.connected) process.once("disconnect", onSignal);
  return controller.signal;
}

/** Calls back on every SIGHUP. */
export function onHangUp(callback: () => void): void {
  process.on("SIGHUP", callback);
}

/** Resolves when the signal aborts. It does not keep the process alive: sockets and children do. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
