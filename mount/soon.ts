/** Going on with an outcome that may be at hand: at once where it is, so that a request over a tree in memory needs no promise. */
import { type Soon } from "./file-system.ts";
import { isStatus, type Status } from "./status.ts";

/** What `next` makes of the outcome; a Status goes past it. */
export function afterwards<T, U>(outcome: Soon<T>, next: (answer: T) => Soon<U>): Soon<U> {
  if (outcome instanceof Promise) return outcome.then((answer) => (isStatus(answer) ? answer : next(answer)));
  return isStatus(outcome) ? outcome : next(outcome);
}

/** Like `afterwards`, for what also has something to say to a Status. */
export function whatever<T, U>(outcome: Soon<T>, next: (answer: T | Status) => Soon<U>): Soon<U> {
  return outcome instanceof Promise ? outcome.then(next) : next(outcome);
}

/** What is at hand, or a promise of it; a Status is nothing special here. */
export type Answer<T> = T | Promise<T>;

export function andThen<T, U>(answer: Answer<T>, next: (value: T) => Answer<U>): Answer<U> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}
