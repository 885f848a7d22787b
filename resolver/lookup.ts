/**
 * The function type the parts of the resolver compose: one question in, what is known of it out, aliases not followed.
 * Iterating, remembering and breaking circles are Lookups around Lookups; `follow.ts` makes an Exchange of one.
 */
import type { StopSignal } from "../base/index.ts";
import type { Question } from "../dns/index.ts";
import type { Chain } from "../net/index.ts";
import { type Bound, BoundError, type Budget } from "./budget.ts";
import type { ZoneServers } from "./delegations.ts";
import type { Alias, Denial, Signed } from "./step.ts";
import { questionText, type Trace } from "./trace.ts";

export type Found =
  | { readonly kind: "answer"; readonly sets: readonly Signed[] }
  | { readonly kind: "alias"; readonly alias: Alias }
  | { readonly kind: "negative"; readonly denial: Denial }
  | Failure;

/** Nobody could say. `bound` names the limit that ended it; null when the servers are at fault. */
export interface Failure {
  readonly kind: "failed";
  readonly infoCode: number;
  readonly text: string;
  readonly bound: Bound | null;
}

/** What belongs to one client query and is handed to every lookup made for its sake. */
export interface Job {
  readonly budget: Budget;
  readonly signal: StopSignal;
  readonly trace: Trace | null;
  /** How often each bound fired, for this client query and all others. */
  readonly bounds: Map<string, number>;
  /** The questions whose answers wait for this one. */
  readonly stack: readonly string[];
  /** What was learnt for this client query, TTL 0 included: it holds for the transaction in progress (RFC 1035 §3.2.1). */
  readonly fresh: Map<string, Found>;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
  /** How the question is handed down with RD set; null to ask iteratively. */
  readonly descent: Descent | null;
}

export interface Descent {
  /** The servers it has passed, and whether they report; null for a client or for servers that know no chains. */
  readonly chain: Pick<Chain, "passed" | "trace"> | null;
  /** Where to begin instead of the closest delegation known; null to begin there. */
  readonly start: ZoneServers | null;
  /** A referral is followed (name servers), or is no answer (a caching resolver is asked). */
  readonly followsReferrals: boolean;
}

export type Lookup = (question: Question, job: Job) => Promise<Found>;

/** Lookups for the sake of lookups that come round to themselves end there, and so do those that nest too deep. */
export function withoutCircles(lookup: Lookup): Lookup {
  return (question, job) => {
    const key = questionKey(question);
    if (job.stack.includes(key)) {
      return Promise.resolve(stopped(new BoundError("cycle", `${questionText(question)} waits for itself`), job));
    }
    if (job.stack.length > job.budget.limits.depth) {
      const text = `lookups for lookups nest more than ${job.budget.limits.depth} deep`;
      return Promise.resolve(stopped(new BoundError("depth", text), job));
    }
    return lookup(question, inner(job, [...job.stack, key]));
  };
}

/** Field by field, because every lookup makes one, and copying an object whole costs several times as much. */
function inner(job: Job, stack: readonly string[]): Job {
  const { budget, signal, trace, bounds, fresh, dnssecOk, checkingDisabled, descent } = job;
  return { budget, signal, trace, bounds, stack, fresh, dnssecOk, checkingDisabled, descent };
}

/** The failure that a bound makes, counted and noted in the trace. */
export function stopped(error: BoundError, job: Job): Failure {
  job.bounds.set(error.bound, (job.bounds.get(error.bound) ?? 0) + 1);
  job.trace?.add({ kind: "bound", bound: error.bound, text: error.message });
  return { kind: "failed", infoCode: 0, text: `bound reached: ${error.message}`, bound: error.bound };
}

/** What of a query beside its question makes it another one, as part of a key. */
export function flagsText(dnssecOk: boolean, checkingDisabled: boolean): string {
  return dnssecOk ? (checkingDisabled ? "3" : "1") : checkingDisabled ? "2" : "0";
}

export function questionKey(question: Question): string {
  return question.name.key + String.fromCharCode(question.type, question.class);
}
