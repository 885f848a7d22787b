/** Secrets that may be tried three times, whoever tries them and on however many servers; then whoever they belong to is blocked. */
import type { Card, DocumentOf, Staff, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { changeDocument, setDocument } from "./documents.ts";
import type { Desk } from "./parts.ts";

const WRONG_TRIES_MAX = 3;
/** Tries are judged within a moment. When so many are under way for so long, a server has died with them, and one more is let in. */
const JUDGING_SECONDS_MAX = 10;
/** Since when each has as many tries under way as may be wrong, as this thread sees it; of each desk. */
const BUSY_SINCE = new WeakMap<Desk, Map<string, number>>();
/** Remembered by one thread. */
const BUSY_MAX = 1000;
/** Tries of one, on one thread, are judged one after another; who would be further behind asks again. */
const QUEUE_MAX = 32;
const QUEUES = new WeakMap<Desk, Map<string, Queue>>();

interface Queue {
  length: number;
  last: Promise<void>;
}

/** One who logs in. */
export interface Trial<K extends "card" | "staff"> {
  readonly what: K;
  readonly id: string;
  /** What belongs to the secret in its hash. */
  readonly owner: string;
  readonly given: string;
  readonly secretOf: (value: DocumentOf<K>) => string;
}

/**
 * A try is counted before it is looked at, so that tries at the same moment count as many. Throws BankError "LOGIN", the same for one who is not
 * there, "FORBIDDEN" for one who is blocked, and "STORE" while others are being judged that may yet turn out wrong: nothing was done then.
 */
export function checkSecret<K extends "card" | "staff">(
  desk: Desk,
  trial: Trial<K>,
): Promise<Versioned<DocumentOf<K>>> {
  return inTurn(desk, trial, () => judge(desk, trial));
}

async function inTurn<T>(
  desk: Desk,
  { what, id }: Pick<Trial<"card" | "staff">, "what" | "id">,
  work: () => Promise<T>,
): Promise<T> {
  const queues = QUEUES.get(desk) ?? new Map<string, Queue>();
  QUEUES.set(desk, queues);
  const name = `${what} ${id}`;
  const queue = queues.get(name) ?? { length: 0, last: Promise.resolve() };
  if (queue.length >= QUEUE_MAX) {
    throw new BankError("STORE", `too many log in with that ${what} at this moment: nothing was done, ask again`);
  }
  queues.set(name, queue);
  queue.length++;
  const turn = queue.last.then(work);
  queue.last = turn.then(
    () => undefined,
    () => undefined,
  );
  try {
    return await turn;
  } finally {
    if (--queue.length === 0) queues.delete(name);
  }
}

async function judge<K extends "card" | "staff">(desk: Desk, trial: Trial<K>): Promise<Versioned<DocumentOf<K>>> {
  const { what, id } = trial;
  const place = { what, id, by: `login of ${what} ${what === "card" ? `…${id.slice(-4)}` : id}` };
  const counted = await changeDocument(desk, place, (value) => {
    if (value.state === "blocked") {
      throw new BankError("FORBIDDEN", `the ${what} is blocked: a member of staff can unblock it`);
    }
    if (isBusy(desk, trial, value)) {
      throw new BankError("STORE", `others log in with that ${what} at this moment: nothing was done, ask again`);
    }
    return { ...value, wrongTries: value.wrongTries + 1 };
  });
  if (counted === null) {
    await desk.pins.matchesNothing(trial.given);
    throw wrong(what);
  }
  const { value, version } = counted;
  if (!(await desk.pins.matches(trial.owner, trial.given, trial.secretOf(value)))) {
    if (value.wrongTries >= WRONG_TRIES_MAX) {
      await setDocument(desk, place, { value: { ...value, state: "blocked" }, ifVersion: version });
    }
    throw wrong(what);
  }
  // Somebody else's try meanwhile keeps the count: it is reset by the next one that is right.
  const passed = { ...value, wrongTries: 0 };
  const reset = await setDocument(desk, place, { value: passed, ifVersion: version });
  return { id, version: reset ?? version, value: passed };
}

function isBusy(
  desk: Desk,
  { what, id }: Pick<Trial<"card" | "staff">, "what" | "id">,
  { wrongTries }: Card | Staff,
): boolean {
  const name = `${what} ${id}`;
  const busySince = BUSY_SINCE.get(desk) ?? new Map<string, number>();
  BUSY_SINCE.set(desk, busySince);
  if (wrongTries < WRONG_TRIES_MAX) {
    busySince.delete(name);
    return false;
  }
  const now = desk.clock.wallSeconds();
  const since = busySince.get(name) ?? now;
  if (busySince.size >= BUSY_MAX) busySince.clear();
  busySince.set(name, now - since > JUDGING_SECONDS_MAX ? now : since);
  return now - since <= JUDGING_SECONDS_MAX;
}

const wrong = (what: "card" | "staff"): BankError =>
  new BankError("LOGIN", what === "card" ? "card or PIN is wrong" : "name or password is wrong");
