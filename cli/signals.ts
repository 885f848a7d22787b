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

/** Calls back on every SIGHUP. */
export function onHangUp(callback: () => void): void {
  process.on("SIGHUP", callback);
}

/** Resolves when the signal aborts, and keeps the process alive until then. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // Listeners keep the process alive by their sockets; a process that only supervises others needs this.
  const { promise, resolve } = Promise.withResolvers<void>();
  const keepAlive = setInterval(() => undefined, 3_600_000);
  signal.addEventListener(
    "abort",
    () => {
      clearInterval(keepAlive);
      resolve();
    },
    { once: true },
  );
  return promise;
}
