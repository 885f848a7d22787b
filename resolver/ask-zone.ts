/**
 * A zone asked one question: which of its servers, in which order, how often. At most 13 name servers are considered and
 * at most 5 names without glue looked up (DESIGN §8), one after another and only when the servers whose addresses are
 * known have failed, so that a referral to a hundred names costs next to nothing (NXNSAttack).
 */
import { CLASS, type Name, type Question, TYPE } from "../dns/index.ts";
import { type Endpoint, formatEndpoint } from "../net/index.ts";
import { addressOf, refusal } from "./address-rules.ts";
import { askServer, type Asking } from "./ask-server.ts";
import type { ServerAddress, ZoneServers } from "./delegations.ts";
import type { Job, Lookup } from "./lookup.ts";
import type { Parts } from "./parts.ts";
import type { Step } from "./step.ts";

/** What the zone's servers said, or why none said anything of use. */
export type ZoneSaid =
  | { readonly kind: "said"; readonly step: UsefulStep; readonly asking: Asking }
  | { readonly kind: "failed"; readonly heard: boolean; readonly text: string };

export type UsefulStep = Extract<Step, { readonly kind: "answer" | "alias" | "negative" | "referral" }>;

/** What asking a zone needs. */
export interface ZoneQuestion {
  readonly question: Question;
  readonly at: ZoneServers;
}

/** How often a server may be silent before it is left alone for this question. */
const SILENCES_MAX = 3;

interface Candidate {
  readonly serverName: Name | null;
  readonly endpoint: Endpoint;
  silences: number;
}

export async function askZone(parts: Parts, lookup: Lookup, asked: ZoneQuestion, job: Job): Promise<ZoneSaid> {
  const candidates = new Candidates(parts, lookup, asked.at, job);
  let heard = false;
  let last = "";
  for (;;) {
    const candidate = await candidates.next(asked.question);
    if (candidate === null) break;
    const { serverName, endpoint, silences } = candidate;
    const target = { zone: asked.at.zone, serverName, endpoint, silences };
    const asking = await askServer(parts, target, asked.question, job);
    if (asking.judged !== null && isUseful(asking.judged.step)) {
      parts.servers.serves(endpoint, asked.at.zone);
      return { kind: "said", step: asking.judged.step, asking };
    }
    const place = formatEndpoint(endpoint);
    last = asking.why.startsWith(place) ? asking.why : `${place}: ${asking.why}`;
    if (asking.judged === null && asking.isSilent) {
      candidate.silences++;
      continue;
    }
    // Where the system says that nobody listens, nobody will a moment later.
    if (asking.judged === null) {
      candidates.drop(candidate);
      continue;
    }
    heard = true;
    candidates.drop(candidate);
  }
  // Where every address was refused, the reason is what whoever configured the name space has to know.
  const why = last === "" ? candidates.refused : `the last was ${last}`;
  const text = `no server of ${asked.at.zone.toString()} could be asked${why === "" ? "" : `; ${why}`}`;
  return { kind: "failed", heard, text };
}

function isUseful(step: Step): step is UsefulStep {
  return step.kind === "answer" || step.kind === "alias" || step.kind === "negative" || step.kind === "referral";
}

/** The addresses of a zone's servers as they become known. */
class Candidates {
  readonly #parts: Parts;
  readonly #lookup: Lookup;
  readonly #at: ZoneServers;
  readonly #job: Job;
  readonly #known: Candidate[] = [];
  /** Gave nothing of use for this zone before. That may have been one name's or one type's fault, so they are asked last. */
  readonly #lame: Candidate[] = [];
  readonly #glueless: Name[] = [];
  #lookedUp = 0;
  /** Which address was not asked, and why; empty when none was refused. */
  refused = "";

  constructor(parts: Parts, lookup: Lookup, at: ZoneServers, job: Job) {
    this.#parts = parts;
    this.#lookup = lookup;
    this.#at = at;
    this.#job = job;
    for (const { name, addresses } of this.#considered()) {
      // A server inside the zone it serves can only be found with glue (RFC 1034 §4.2.1).
      if (addresses.length === 0 && !name.isAtOrBelow(at.zone)) this.#glueless.push(name);
      for (const address of addresses) this.#add(name, address);
    }
  }

  /** Untried ones first, then names to look up, then lame ones, then those that were silent, then those that rest. */
  async next(question: Question): Promise<Candidate | null> {
    const { servers, desk } = this.#parts;
    for (;;) {
      const untried = this.#known.filter(({ silences, endpoint }) => silences === 0 && !servers.isResting(endpoint));
      const inHand = desk?.serverInHand(question, untried) ?? null;
      if (inHand !== null) return inHand;
      if (untried.length > 0) return this.#choose(untried);
      if (this.#glueless.length === 0) break;
      await this.#lookUpNext();
    }
    const lame = this.#lame.shift();
    if (lame !== undefined) return lame;
    const again = this.#known.filter(
      ({ silences, endpoint }) => silences < (silences > 0 && servers.edns(endpoint) === "unknown" ? SILENCES_MAX : 2),
    );
    // One that rests was silent to others: once is enough to see whether it still is.
    const hopeful = again.filter(({ silences, endpoint }) => silences > 0 || !servers.isResting(endpoint));
    return this.#choose(hopeful.length > 0 ? hopeful : again);
  }

  drop(candidate: Candidate): void {
    const index = this.#known.indexOf(candidate);
    if (index >= 0) this.#known.splice(index, 1);
  }

  #considered(): ZoneServers["servers"] {
    const { nameServers } = this.#job.budget.limits;
    const { servers } = this.#at;
    if (servers.length <= nameServers) return servers;
    this.#bound("name-servers", `${servers.length} name servers, of which ${nameServers} are considered`);
    // Those with addresses first: they cost nothing.
    const known = servers.filter(({ addresses }) => addresses.length > 0);
    const unknown = servers.filter(({ addresses }) => addresses.length === 0);
    return [...known, ...unknown].slice(0, nameServers);
  }

  #choose(candidates: readonly Candidate[]): Candidate | null {
    const chosen = this.#parts.servers.choose(candidates.map(({ endpoint }) => endpoint));
    return candidates.find(({ endpoint }) => endpoint === chosen) ?? null;
  }

  #add(name: Name, { address, octets, port }: ServerAddress): void {
    const { settings, servers, counts } = this.#parts;
    const endpoint = { address, port: port ?? settings.port };
    const isKnown = ({ endpoint: known }: Candidate): boolean =>
      known.address === address && known.port === endpoint.port;
    if (this.#known.some(isKnown) || this.#lame.some(isKnown)) return;
    const why = refusal(octets, endpoint, settings.rules);
    if (why === null) {
      const candidate = { serverName: name.isRoot ? null : name, endpoint, silences: 0 };
      (servers.isLame(endpoint, this.#at.zone) ? this.#lame : this.#known).push(candidate);
      return;
    }
    counts.refusedAddresses++;
    this.refused = `${name.toString()} ${address} is not asked: ${why}`;
    this.#job.trace?.add({ kind: "note", text: this.refused });
  }

  async #lookUpNext(): Promise<void> {
    const { gluelessNames } = this.#job.budget.limits;
    if (this.#lookedUp >= gluelessNames) {
      this.#bound("glueless-names", `${gluelessNames} names of servers without glue were looked up, the rest is left`);
      this.#glueless.length = 0;
      return;
    }
    this.#lookedUp++;
    const name = this.#glueless.shift()!;
    const why = `address of a server of ${this.#at.zone.toString()}`;
    for (const type of [TYPE.A, TYPE.AAAA]) {
      const question = { name, type, class: CLASS.IN };
      const trace = this.#job.trace?.inner(why, question) ?? null;
      // Found iteratively, whatever the client asked for; signatures are of no use here.
      const inner = { ...this.#job, trace, dnssecOk: false, descent: null };
      const found = await this.#lookup(question, inner);
      if (found.kind !== "answer") {
        // Failures and names that do not exist have no other address type either.
        if (found.kind === "failed" || (found.kind === "negative" && found.denial.kind === "nxdomain")) return;
        continue;
      }
      for (const { rrset } of found.sets) {
        for (const rdata of rrset.rdatas) {
          const address = addressOf({ type: rrset.type, rdata });
          this.#add(name, { address, octets: rdata, port: null });
        }
      }
      return;
    }
  }

  #bound(bound: "name-servers" | "glueless-names", text: string): void {
    const { bounds } = this.#parts.counts;
    bounds.set(bound, (bounds.get(bound) ?? 0) + 1);
    this.#job.trace?.add({ kind: "bound", bound, text });
  }
}
