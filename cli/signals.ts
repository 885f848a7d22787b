/** Signals, as promises and callbacks. The first ^C asks for an orderly end, the second ends at once. */

/** What a shell reports for a process that ^C ended. */
const EXIT_INTERRUPTED = 130;

/** Aborted by the first SIGINT or SIGTERM. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort(new Error("stopped by a signal"));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}

/** Aborts with the channel to the process that supervises us, if there is one: we must not outlive it. */
export function stopWithSupervisor(stop: () => void): void {
  if (process.connected) process.once("disconnect", stop);
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
