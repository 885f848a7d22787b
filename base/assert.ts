/** Assertions: what only a bug can break. Bad input is never asserted, it is refused with an error of its own kind. */

/** A broken assumption of our own code; it ends the request it happens in and is counted. */
export class AssertionError extends Error {
  readonly code = "ASSERTION";
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** For the end of a switch over a closed union: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`not to be reached: ${String(value)}`);
}
