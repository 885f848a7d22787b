/**
 * From the closest delegation known down to the answer (RFC 1034 §5.3.3), one zone at a time. Each referral leads strictly
 * downwards (`step.ts`), so a name of n labels ends after n of them. With RD set the same walk lets each server do the
 * rest of the way, and goes on by itself where one will not.
 */
import { CLASS, EDE, Name, type Question, TYPE } from "../dns/index.ts";
import { askZone, type UsefulStep } from "./ask-zone.ts";
import { BoundError } from "./budget.ts";
import { nameServers, type ZoneServers } from "./delegations.ts";
import { type Failure, type Found, type Job, type Lookup, stopped } from "./lookup.ts";
import type { Parts } from "./parts.ts";
import { learn } from "./remember.ts";
import { rootServers } from "./roots.ts";

/** A Lookup that asks name servers. Addresses of servers without glue are looked up with `lookup`. */
export function iterate(parts: Parts, lookup: Lookup): Lookup {
  return async (question, job) => {
    try {
      return await walk(parts, { question, lookup }, job);
    } catch (error) {
      if (!(error instanceof BoundError)) throw error;
      return stopped(error, job);
    }
  };
}

interface Walk {
  readonly question: Question;
  readonly lookup: Lookup;
}

async function walk(parts: Parts, { question, lookup }: Walk, job: Job): Promise<Found> {
  let at = await start(parts, { question, lookup }, job);
  let shown = at.zone.labelCount;
  for (;;) {
    const asked = parts.settings.minimise && job.descent === null ? minimised(question, at.zone, shown) : question;
    const said = await askZone(parts, lookup, { question: asked, at }, job);
    if (said.kind === "failed") {
      if (asked === question || !said.heard) return unreachable(said.heard, said.text);
      // Some servers take offence at names they did not expect; the question itself they may answer (RFC 9156 §2.3).
      shown = question.name.labelCount;
      continue;
    }
    const { step, asking } = said;
    if (job.descent === null) parts.desk?.noteAnswer(parts, at);
    if (step.kind === "referral") {
      if (job.descent !== null && !job.descent.followsReferrals) {
        return unreachable(true, "the resolver that was asked does not recurse for us");
      }
      const next = toZone(parts, step, at);
      asking.traced?.kept.push({ what: `${step.zone.toString()} NS`, seconds: secondsUntil(parts, next) });
      at = next;
      shown = at.zone.labelCount;
      continue;
    }
    if (asked !== question) {
      // A broken server denies an empty non-terminal; the whole question shows what is true (RFC 9156 §2.3, step 6).
      const isDenied = step.kind === "negative" && step.denial.kind === "nxdomain";
      const isAlias = step.kind === "alias";
      shown = isDenied || isAlias ? question.name.labelCount : asked.name.labelCount;
      continue;
    }
    const kept = learn(parts.cache, question, step, job);
    asking.traced?.kept.push(...kept);
    return foundIn(step);
  }
}

function foundIn(step: Exclude<UsefulStep, { readonly kind: "referral" }>): Found {
  if (step.kind === "negative") return { kind: "negative", denial: step.denial };
  const alias = step.aliases[0];
  if (alias !== undefined) return { kind: "alias", alias };
  return { kind: "answer", sets: step.kind === "answer" ? step.found : [] };
}

/** DS belongs to the parent's side of a cut (RFC 4035 §3.1.4.1), so the walk begins above the name. */
async function start(parts: Parts, { question, lookup }: Walk, job: Job): Promise<ZoneServers> {
  const handed = job.descent?.start ?? null;
  if (job.descent !== null && handed !== null && question.name.isAtOrBelow(handed.zone)) {
    const own = handed === parts.settings.hints ? "hints" : "zone data";
    const from = job.descent.followsReferrals ? own : "configuration";
    job.trace?.add({ kind: "start", zone: handed.zone.toString(), from });
    return handed;
  }
  const name = question.type === TYPE.DS ? (question.name.parent() ?? Name.root) : question.name;
  const known = parts.delegations.closest(name);
  if (known !== null && !known.zone.isRoot) {
    job.trace?.add({ kind: "start", zone: known.zone.toString(), from: "cache" });
    return known;
  }
  return known ?? (await rootServers(parts, lookup, job));
}

/** How many labels are shown one by one; after these the whole name is (RFC 9156 §2.3, MINIMISE_ONE_LAB). */
const MINIMISED_LABELS_MAX = 4;

/**
 * One label more than is known to exist (RFC 9156 §2.3), asked for as A. Deep names (reverse trees) are shown whole after
 * four labels below the cut, where the text would spread the rest over six more messages: cheaper, a little less private.
 */
function minimised(question: Question, zone: Name, shown: number): Question {
  const wanted = shown + 1;
  const isWhole = wanted >= question.name.labelCount || wanted > zone.labelCount + MINIMISED_LABELS_MAX;
  return isWhole ? question : { name: question.name.ancestor(wanted), type: TYPE.A, class: CLASS.IN };
}

function toZone(
  parts: Parts,
  referral: Extract<UsefulStep, { readonly kind: "referral" }>,
  parent: ZoneServers,
): ZoneServers {
  const { zone, ns, glue } = referral;
  return parts.delegations.put({ zone, servers: nameServers(ns, glue) }, ns.ttlSeconds, parent);
}

function secondsUntil(parts: Parts, { endsAt }: ZoneServers): number {
  return Math.max(0, Math.round((endsAt - parts.clock.now()) / 1000));
}

function unreachable(heard: boolean, text: string): Failure {
  return { kind: "failed", infoCode: heard ? EDE.NO_REACHABLE_AUTHORITY : EDE.NETWORK_ERROR, text, bound: null };
}
