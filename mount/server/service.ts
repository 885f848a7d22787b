/** A procedure with what answers it. */
import { type Procedure } from "../nfs/procedure.ts";
import { type Client, type Desk } from "./desk.ts";
import { type Answer } from "../soon.ts";

export interface Service<A, R> {
  readonly procedure: Procedure<A, R>;
  answer(desk: Desk, client: Client, argument: A): Answer<R>;
  /** What is said when the answer takes too long; null: the caller waits, because asking again would do the work twice. */
  readonly late: R | null;
  /** Doing it twice is not the same as doing it once: a repeated call gets the answer that the first one got (RFC 1813 §4.2). */
  readonly isOnce: boolean;
  /** How many octets its answer may hold, for the bound on what is held for a connection. */
  octets(argument: A): number;
  /** Told when a result has been sent, or will not be, where somebody wants to know. */
  sent?(result: R): void;
}

/** For tables: every service of them is called with what its own procedure has read. */
export type AnyService = Service<unknown, unknown>;
