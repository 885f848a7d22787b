/**
 * What all changing procedures have in common: the attributes before and after (wcc_data, RFC 1813 §2.6), and the order of refusals. "Before" is told only where nobody can have come in
 * between, that is where everything was at hand at once: a client that compares it would believe its cache otherwise.
 */
import { type Attributes, type Soon } from "../file-system.ts";
import { type WccAttributes, type WccData } from "../nfs/attributes.ts";
import { isStatus, type Status } from "../status.ts";
import { type Client, type Desk, see, type Seen, writeFault } from "./desk.ts";
import { type Answer, andThen } from "../soon.ts";

export const UNKNOWN_WCC: WccData = { before: null, after: null };

export interface Changed<T> {
  readonly outcome: T | Status;
  /** For each handle, in order. */
  readonly wcc: readonly WccData[];
}

export interface Change<T> {
  /** The files whose wcc data is told: one, or the two directories of a rename. */
  readonly handles: readonly string[];
  /** Why not, or null. Called with the files as they are. */
  readonly fault: (...seen: readonly Seen[]) => Answer<Status | null>;
  readonly act: (...seen: readonly Seen[]) => Soon<T>;
}

export function change<T>(desk: Desk, client: Client, { handles, fault, act }: Change<T>): Answer<Changed<T>> {
  const looked = seeAll(desk, client, handles);
  return andThen(looked, (seen) => {
    if (isStatus(seen)) return { outcome: seen, wcc: handles.map(() => UNKNOWN_WCC) };
    const readOnly = seen.map((one) => writeFault(desk, one)).find((why) => why !== null);
    const judged = readOnly ?? fault(...seen);
    return andThen(judged, (why) => {
      if (why !== null) return { outcome: why, wcc: seen.map(({ attributes }) => unchanged(attributes)) };
      const acted = act(...seen);
      const isAtOnce = [looked, judged, acted].every((step) => !(step instanceof Promise));
      return andThen<T | Status, Changed<T>>(acted, (outcome) =>
        andThen(wccAfter(desk, seen, isAtOnce), (wcc) => ({ outcome, wcc })),
      );
    });
  });
}

function wccAfter(desk: Desk, seen: readonly Seen[], isAtOnce: boolean): Answer<readonly WccData[]> {
  return all(
    seen.map(({ key, attributes }) => {
      const after = desk.fileSystem.attributes(key);
      const before = isAtOnce && !(after instanceof Promise) ? wccAttributes(attributes) : null;
      return andThen(after, (value): WccData => (isStatus(value) ? UNKNOWN_WCC : { before, after: value }));
    }),
  );
}

/** The file's data when nothing was done to it. */
export function unchanged(attributes: Attributes): WccData {
  return { before: wccAttributes(attributes), after: attributes };
}

function wccAttributes({ sizeOctets, modified, changed }: Attributes): WccAttributes {
  return { sizeOctets, modified, changed };
}

function seeAll(desk: Desk, client: Client, handles: readonly string[]): Answer<readonly Seen[] | Status> {
  return andThen(all(handles.map((handle) => see(desk, client, handle))), (outcomes) => {
    const seen: Seen[] = [];
    for (const outcome of outcomes) {
      if (isStatus(outcome)) return outcome;
      seen.push(outcome);
    }
    return seen;
  });
}

function all<T>(answers: readonly Answer<T>[]): Answer<readonly T[]> {
  const atHand: T[] = [];
  for (const answer of answers) {
    if (answer instanceof Promise) return Promise.all(answers);
    atHand.push(answer);
  }
  return atHand;
}
