/**
 * The cache around a Lookup: what is known is not asked, what is learnt is kept. Which trust it has is decided here
 * (RFC 2181 §5.4.1), from the step that said it.
 */
import { EDE, Name, type Question, type Rrset, TYPE, typeToText } from "../dns/index.ts";
import { type Cache, type Cached, negativeTtlSeconds, type Positive, RANK, type Rank } from "./cache.ts";
import { type Failure, type Found, type Job, type Lookup, questionKey } from "./lookup.ts";
import type { Alias, Denial, Signed, Step } from "./step.ts";
import { type Kept, questionText, recordTexts } from "./trace.ts";

/** A Lookup that asks `lookup` only for what the cache does not know. */
export function remember(lookup: Lookup, cache: Cache): Lookup {
  return async (question, job) => {
    const known = job.fresh.get(questionKey(question)) ?? recall(cache, question, job);
    if (known !== null) return known;
    const found = await lookup(question, job);
    if (found.kind === "failed" && isWorthKeeping(found, job)) {
      cache.fail(question, { kind: "failed", infoCode: found.infoCode, text: found.text });
    }
    return found;
  };
}

/** What the cache knows of a question, an alias in its place included; null when it must be asked. */
export function recall(cache: Cache, question: Question, job: Pick<Job, "dnssecOk" | "trace">): Found | null {
  const signed = job.dnssecOk;
  const direct = cache.get(question, signed);
  const canBeAlias = question.type !== TYPE.CNAME && question.type !== TYPE.ANY;
  const cname = direct === null && canBeAlias ? cache.get({ ...question, type: TYPE.CNAME }, signed) : null;
  // A denial found under CNAME denies the CNAME, not what was asked; a failure there says nothing either.
  const alias = cname?.kind === "rrset" ? cname : null;
  const cached = direct ?? alias ?? cache.dnameAbove(question.name, question.class, signed);
  cache.count(cached);
  if (cached === null) return null;
  const found = toFound(cached, question, direct !== null);
  if (found !== null) noteHit(cached, found, question, job);
  return found;
}

function toFound(cached: Cached, question: Question, isDirect: boolean): Found | null {
  switch (cached.kind) {
    case "failed":
      return { kind: "failed", infoCode: EDE.CACHED_ERROR, text: cached.text, bound: null };
    case "nodata":
    case "nxdomain":
      return { kind: "negative", denial: { kind: cached.kind, soa: cached.soa, proof: cached.proof } };
    case "rrset": {
      const { rrset, signatures } = cached;
      if (isDirect) return { kind: "answer", sets: [{ rrset, signatures }] };
      const target = targetOf(rrset, question.name);
      return target && { kind: "alias", alias: { rrset, signatures, from: question.name, target } };
    }
  }
}

function targetOf(rrset: Rrset, from: Name): Name | null {
  const to = Name.fromWire(rrset.rdatas[0]!);
  return rrset.type === TYPE.DNAME ? from.rebase(rrset.owner, to) : to;
}

function noteHit(cached: Cached, found: Found, question: Question, job: Pick<Job, "trace">): void {
  if (job.trace === null) return;
  const rrset = cached.kind === "rrset" ? cached.rrset : cached.kind === "failed" ? null : cached.soa;
  job.trace.add({
    kind: "cache",
    question: questionText(question),
    outcome: found.kind === "negative" ? found.denial.kind : found.kind,
    records: rrset === null ? [] : recordTexts(rrset),
    secondsLeft: rrset?.ttlSeconds ?? 0,
  });
}

/**
 * Failures of the servers are kept (RFC 9520 §3.2); those of a bound only for the client's own question and only with a
 * whole budget, since a lookup that ran into what another had spent says nothing of its own question.
 * What another server handed us came with a share of a budget, so its failures are not kept either.
 */
function isWorthKeeping(failure: Failure, job: Job): boolean {
  if (failure.infoCode === EDE.CACHED_ERROR || job.signal.aborted) return false;
  if (failure.bound === null) return (job.descent?.chain?.passed ?? []).length === 0;
  return job.stack.length === 1 && job.descent === null;
}

/** Keeps what a step taught, in the cache and for this client query; returns what was kept and for how long, when it is traced. */
export function learn(cache: Cache, question: Question, step: Step, job: LearningJob): Kept[] {
  const kept: Kept[] = [];
  switch (step.kind) {
    case "answer":
      learnAliases(cache, step.aliases, step.authoritative, { question, job, kept });
      for (const set of step.found) {
        const rank = rankOf(step.authoritative, step.aliases.length === 0);
        keep(cache, set, rank, { question, job, kept });
      }
      job.fresh.set(questionKey({ ...question, name: answeredName(question, step.aliases) }), {
        kind: "answer",
        sets: step.found,
      });
      break;
    case "alias":
      learnAliases(cache, step.aliases, step.authoritative, { question, job, kept });
      if (step.denial !== null) deny(cache, step.denial, { question: { ...question, name: step.target }, job, kept });
      break;
    case "negative":
      deny(cache, step.denial, { question, job, kept });
      break;
    default:
      break;
  }
  return kept;
}

export type LearningJob = Pick<Job, "fresh" | "trace" | "dnssecOk">;

interface Learning {
  readonly question: Question;
  readonly job: LearningJob;
  readonly kept: Kept[];
}

function answeredName(question: Question, aliases: readonly Alias[]): Name {
  return aliases.at(-1)?.target ?? question.name;
}

function learnAliases(cache: Cache, aliases: readonly Alias[], authoritative: boolean, learning: Learning): void {
  for (const [i, alias] of aliases.entries()) {
    keep(cache, alias, rankOf(authoritative, i === 0), learning);
    learning.job.fresh.set(questionKey({ ...learning.question, name: alias.from }), { kind: "alias", alias });
  }
}

/** AA speaks for the first name of the answer section only (RFC 2181 §5.4.1). */
function rankOf(authoritative: boolean, isFirst: boolean): Rank {
  return authoritative && isFirst ? RANK.authoritativeAnswer : RANK.answer;
}

function keep(cache: Cache, { rrset, signatures }: Signed, rank: Rank, { job, kept }: Learning): void {
  const positive: Positive = { kind: "rrset", rrset, signatures, signed: job.dnssecOk, rank };
  const seconds = cache.put(positive);
  if (job.trace !== null) kept.push({ what: `${rrset.owner.toString()} ${typeToText(rrset.type)}`, seconds });
}

function deny(cache: Cache, denial: Denial, { question, job, kept }: Learning): void {
  job.fresh.set(questionKey(question), { kind: "negative", denial });
  // Without an SOA there is nothing that says for how long (RFC 2308 §5).
  if (denial.soa === null) return;
  const { kind, soa, proof } = denial;
  const limited = { ...soa, ttlSeconds: negativeTtlSeconds(soa) };
  const seconds = cache.deny(question, { kind, soa: limited, proof, signed: job.dnssecOk });
  if (job.trace !== null) kept.push({ what: `${questionText(question)}: ${kind}`, seconds });
}
