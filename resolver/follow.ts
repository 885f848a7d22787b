/**
 * The whole answer to a client's question: aliases followed (RFC 1034 §3.6.2, RFC 6672), at most 11 of them, each target
 * looked up afresh in the zone that owns it. What comes out can be made a response.
 */
import {
  CLASS,
  EDE,
  type Edns,
  emptyMessage,
  encodeExtendedError,
  type ExtendedError,
  type Message,
  plainEdns,
  RCODE,
  recordsOf,
  type Rrset,
  TYPE,
} from "../dns/index.ts";
import type { Query } from "../net/index.ts";
import type { Bound } from "./budget.ts";
import { BoundError } from "./budget.ts";
import { type Failure, type Found, type Job, type Lookup, stopped } from "./lookup.ts";
import type { Alias, Denial, Signed } from "./step.ts";

/** What a client's question came to. */
export interface Resolved {
  readonly query: Query;
  readonly rcode: number;
  /** In the order of the chain; RRSIGs only when they were asked for. */
  readonly answer: readonly Rrset[];
  /** Of a negative answer: SOA, and the proof when it was asked for. */
  readonly authority: readonly Rrset[];
  readonly errors: readonly ExtendedError[];
  readonly failure: { readonly text: string; readonly bound: Bound | null } | null;
  readonly cost: Cost;
}

/** What it took upstream, the servers of a chain included as far as they told. */
export interface Cost {
  readonly messages: number;
  readonly octets: number;
  readonly milliseconds: number;
}

const FREE: Cost = { messages: 0, octets: 0, milliseconds: 0 };

export async function follow(lookup: Lookup, query: Query, job: Job): Promise<Resolved> {
  const answer: Rrset[] = [];
  const passed = new Set<string>();
  let { name } = query.question;
  for (;;) {
    const found = await lookup({ ...query.question, name }, job);
    switch (found.kind) {
      case "answer":
      case "negative":
        return resolvedBy(query, found, answer);
      case "failed":
        return failed(query, found);
      case "alias": {
        passed.add(name.key);
        const complaint = aliasComplaint(passed, found.alias, job.budget.limits.aliases);
        if (complaint !== null) return failed(query, stopped(complaint, job));
        pushAlias(answer, found.alias, query);
        const { from, target, rrset } = found.alias;
        const by = rrset.type === TYPE.DNAME ? "DNAME" : "CNAME";
        job.trace?.add({ kind: "alias", from: from.toString(), to: target.toString(), by });
        name = target;
      }
    }
  }
}

/** What ends a question: records, or their denial; after the aliases that led there. */
export function resolvedBy(
  query: Query,
  found: Extract<Found, { readonly kind: "answer" | "negative" }>,
  aliases: readonly Rrset[] = [],
): Resolved {
  const answer = [...aliases];
  if (found.kind === "answer") {
    for (const set of found.sets) pushSigned(answer, set, query);
    return resolved(query, { rcode: RCODE.NOERROR, answer, denial: null });
  }
  const { denial } = found;
  return resolved(query, { rcode: denial.kind === "nxdomain" ? RCODE.NXDOMAIN : RCODE.NOERROR, answer, denial });
}

function aliasComplaint(passed: ReadonlySet<string>, { target }: Alias, aliasesMax: number): BoundError | null {
  if (passed.has(target.key)) return new BoundError("cycle", `the alias to ${target.toString()} closes a circle`);
  if (passed.size > aliasesMax) return new BoundError("aliases", `more than ${aliasesMax} aliases in a row`);
  return null;
}

function pushSigned(answer: Rrset[], { rrset, signatures }: Signed, query: Query): void {
  answer.push(rrset);
  if (signatures !== null && query.dnssecOk) answer.push(signatures);
}

/** A DNAME goes with the CNAME it makes, which has the DNAME's TTL (RFC 6672 §3.1). */
function pushAlias(answer: Rrset[], alias: Alias, query: Query): void {
  const isThere = answer.some((rrset) => rrset.type === alias.rrset.type && rrset.owner.equals(alias.rrset.owner));
  if (!isThere) pushSigned(answer, alias, query);
  if (alias.rrset.type !== TYPE.DNAME) return;
  const { ttlSeconds } = alias.rrset;
  const rdatas = [alias.target.octets];
  answer.push({ owner: alias.from, type: TYPE.CNAME, class: CLASS.IN, ttlSeconds, rdatas });
}

interface Outcome {
  readonly rcode: number;
  readonly answer: readonly Rrset[];
  readonly denial: Denial | null;
}

function resolved(query: Query, { rcode, answer, denial }: Outcome): Resolved {
  const soa = denial?.soa ?? null;
  const proof = query.dnssecOk ? (denial?.proof ?? []) : [];
  return {
    query,
    rcode,
    answer,
    authority: soa === null ? [] : [soa, ...proof],
    errors: [],
    failure: null,
    cost: FREE,
  };
}

function failed(query: Query, { infoCode, text, bound }: Failure): Resolved {
  const errors = [{ infoCode, text: text.slice(0, EDE_TEXT_MAX) }];
  return { query, rcode: RCODE.SERVFAIL, answer: [], authority: [], errors, failure: { text, bound }, cost: FREE };
}

const EDE_TEXT_MAX = 200;

/** A failure that no lookup made: the client query ended before. */
export function failure(query: Query, text: string): Resolved {
  return failed(query, { kind: "failed", infoCode: EDE.OTHER, text, bound: null });
}

/** As a response: RA set, AA and AD clear, since nothing here speaks with authority and nothing is validated yet. */
export function responseOf({ query, rcode, answer, authority, errors }: Resolved): Message {
  const edns: Edns = { ...plainEdns, dnssecOk: query.dnssecOk, options: errors.map(encodeExtendedError) };
  return {
    ...emptyMessage,
    rcode,
    response: true,
    recursionDesired: query.recursionDesired,
    recursionAvailable: true,
    checkingDisabled: query.checkingDisabled,
    question: [query.question],
    answer: recordsOf(answer),
    authority: recordsOf(authority),
    edns,
  };
}
