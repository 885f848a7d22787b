/**
 * What was learnt, until its time is up: RRsets with their trust (RFC 2181 §5.4.1), negative answers (RFC 2308), failures
 * (RFC 9520). Bounded in octets; the least recently used name goes first. Delegations have a cache of their own, because what
 * a zone says of itself must never keep alive what its parent has ended.
 */
import { LRUCache } from "lru-cache";
import { assert, type Clock } from "../base/index.ts";
import { type Name, type Question, type Rrset, TYPE } from "../dns/index.ts";

/** RFC 2181 §5.4.1, from least to most trusted. What is below `answer` never answers a client's question. */
export const RANK = {
  additional: 1,
  authority: 2,
  answer: 3,
  authoritativeAuthority: 4,
  authoritativeAnswer: 5,
} as const;

export type Rank = (typeof RANK)[keyof typeof RANK];

/** An RRset and the RRSIGs over it; `signed` says that signatures were asked for, so that none here means there are none. */
export interface Positive {
  readonly kind: "rrset";
  readonly rrset: Rrset;
  readonly signatures: Rrset | null;
  readonly signed: boolean;
  readonly rank: Rank;
}

/** A denial with the SOA that limits its life, and with the records that prove it when signatures were asked for. */
export interface Negative {
  readonly kind: "nodata" | "nxdomain";
  readonly soa: Rrset;
  readonly proof: readonly Rrset[];
  readonly signed: boolean;
}

/** Nobody could say (RFC 9520). The code is an extended DNS error (RFC 8914). */
export interface Failed {
  readonly kind: "failed";
  readonly infoCode: number;
  readonly text: string;
}

export type Cached = Positive | Negative | Failed;

export interface CacheOptions {
  readonly octetsMax: number;
  readonly ttlSecondsMin: number;
  readonly ttlSecondsMax: number;
  readonly negativeTtlSecondsMax: number;
}

export const DEFAULT_CACHE_OPTIONS: CacheOptions = {
  octetsMax: 64 * 1024 * 1024,
  ttlSecondsMin: 0,
  ttlSecondsMax: 86_400,
  // RFC 2308 §5 finds one to three hours sensible.
  negativeTtlSecondsMax: 10_800,
};

const FAILURE_SECONDS_MIN = 5;
const FAILURE_SECONDS_MAX = 300;
/** What an entry costs besides its octets: the entry, its key, its place in the map. Measured roughly, on the safe side. */
const ENTRY_OVERHEAD = 400;
const RECORD_OVERHEAD = 120;
/** The type under which a name's non-existence stands: it holds for all types (RFC 2308 §5). */
const ANY_TYPE = 0;

/** Of one name, so many are kept at most; the oldest go. Nobody asks for more types of a name (DESIGN §8). */
const ENTRIES_OF_NAME_MAX = 100;

interface Entry {
  readonly type: number;
  readonly class: number;
  readonly cached: Cached;
  readonly expiresAt: number;
  /** Of a failure: how long it is kept, doubled when it comes again. */
  readonly keptSeconds: number;
}

export interface CacheCounts {
  hits: number;
  misses: number;
  negativeHits: number;
  failureHits: number;
}

/** Hears of the question that something is kept for, and until when, on the cache's clock. */
export type OnKept = (key: string, question: Pick<Question, "type" | "class">, until: number) => void;

export class Cache {
  readonly options: CacheOptions;
  readonly counts: CacheCounts = { hits: 0, misses: 0, negativeHits: 0, failureHits: 0 };
  readonly #clock: Clock;
  readonly #onKept: OnKept | null;
  /** All that is known of a name stands together: a name that is not known, as most are that are asked for, costs one look. */
  readonly #names: LRUCache<string, readonly Entry[]>;
  #hasDnames = false;

  /** @param onKept Told of whatever is kept; types as in `Entry`. */
  constructor(clock: Clock, options: Partial<CacheOptions> = {}, onKept: OnKept | null = null) {
    this.#onKept = onKept;
    this.options = { ...DEFAULT_CACHE_OPTIONS, ...options };
    this.#clock = clock;
    this.#names = new LRUCache({
      maxSize: this.options.octetsMax,
      sizeCalculation: (entries, key) => {
        let octets = 2 * key.length;
        for (const { cached } of entries) octets += octetsOf(cached) + ENTRY_OVERHEAD;
        return octets;
      },
    });
  }

  get octets(): number {
    return this.#names.calculatedSize;
  }

  /** Names of which something is known. */
  get size(): number {
    return this.#names.size;
  }

  /**
   * What is known of the question itself, its TTLs counted down, or null. With `signed`, only what was obtained with its
   * signatures. Aliases are the caller's to follow: ask for CNAME.
   */
  get(question: Question, signed: boolean): Cached | null {
    const entries = this.#names.get(question.name.key);
    if (entries === undefined) return null;
    return (
      this.#live(find(entries, question.type, question.class), signed) ??
      this.#live(find(entries, ANY_TYPE, question.class), signed)
    );
  }

  /** The DNAME nearest above a name (RFC 6672 §2.4), or null. */
  dnameAbove(name: Name, recordClass: number, signed: boolean): Positive | null {
    if (!this.#hasDnames) return null;
    for (let above = name.parent(); above !== null; above = above.parent()) {
      const found = this.#live(find(this.#names.get(above.key) ?? [], TYPE.DNAME, recordClass), signed);
      if (found?.kind === "rrset") return found;
    }
    return null;
  }

  /**
   * Keeps an RRset unless something more trusted is there (RFC 2181 §5.4.1). Returns for how many seconds: 0 when it is
   * not kept.
   */
  put(positive: Positive): number {
    const { rrset, rank } = positive;
    const { key } = rrset.owner;
    const seconds = this.#clamp(rrset.ttlSeconds, this.options.ttlSecondsMax);
    const present = find(this.#names.peek(key) ?? [], rrset.type, rrset.class);
    if (present !== null && present.cached.kind === "rrset" && this.#isLive(present)) {
      if (present.cached.rank > rank) return 0;
      // Equal trust, same data: a server must not stretch the life of its own records by volunteering them.
      const isMore = positive.signed && !present.cached.signed;
      if (present.cached.rank === rank && rank < RANK.authoritativeAuthority && !isMore) return 0;
    }
    if (seconds === 0) return 0;
    if (rrset.type === TYPE.DNAME) this.#hasDnames = true;
    this.#set(key, { type: rrset.type, class: rrset.class, cached: positive }, seconds);
    return seconds;
  }

  /** Keeps a denial for the lesser of the SOA's TTL and its MINIMUM (RFC 2308 §5). Returns for how many seconds. */
  deny(question: Question, negative: Negative): number {
    const seconds = this.#clamp(negativeTtlSeconds(negative.soa), this.options.negativeTtlSecondsMax);
    if (seconds === 0) return 0;
    const type = negative.kind === "nxdomain" ? ANY_TYPE : question.type;
    this.#set(question.name.key, { type, class: question.class, cached: negative }, seconds);
    return seconds;
  }

  /** Keeps a failure for 5 s, and for twice as long each time it comes again soon, up to 300 s (RFC 9520 §3.2). */
  fail(question: Question, failed: Failed): number {
    const { key } = question.name;
    const present = find(this.#names.peek(key) ?? [], question.type, question.class);
    const now = this.#clock.now();
    if (present !== null && present.cached.kind !== "failed" && this.#isLive(present)) return 0;
    const isAgain =
      present?.cached.kind === "failed" && now < present.expiresAt + Math.max(present.keptSeconds, 60) * 1000;
    const seconds = isAgain ? Math.min(FAILURE_SECONDS_MAX, present.keptSeconds * 2) : FAILURE_SECONDS_MIN;
    this.#set(key, { type: question.type, class: question.class, cached: failed }, seconds);
    return seconds;
  }

  clear(): void {
    this.#names.clear();
  }

  /** Counts what a lookup found, which may have taken several calls of `get`. */
  count(found: Cached | null): void {
    if (found === null) this.counts.misses++;
    else if (found.kind === "rrset") this.counts.hits++;
    else if (found.kind === "failed") this.counts.failureHits++;
    else this.counts.negativeHits++;
  }

  #live(entry: Entry | null, signed: boolean): Cached | null {
    if (entry === null || !this.#isLive(entry)) return null;
    const { cached } = entry;
    if (cached.kind === "failed") return cached;
    if (signed && !cached.signed) return null;
    if (cached.kind === "rrset" && cached.rank < RANK.answer) return null;
    return aged(cached, Math.floor((entry.expiresAt - this.#clock.now()) / 1000));
  }

  #isLive(entry: Entry): boolean {
    return this.#clock.now() < entry.expiresAt;
  }

  #set(
    key: string,
    { type, class: recordClass, cached }: Pick<Entry, "type" | "class" | "cached">,
    seconds: number,
  ): void {
    assert(seconds > 0, "nothing is kept for no time");
    const expiresAt = this.#clock.now() + seconds * 1000;
    const entry: Entry = { type, class: recordClass, cached, expiresAt, keptSeconds: seconds };
    if (cached.kind !== "rrset" || cached.rank >= RANK.answer) this.#onKept?.(key, entry, expiresAt);
    const present = this.#names.peek(key);
    if (present === undefined) {
      this.#names.set(key, [entry]);
      return;
    }
    // A name that has records exists.
    const exists = cached.kind === "rrset" && cached.rank >= RANK.answer;
    const kept = present.filter(
      (other) => other.class !== recordClass || (other.type !== type && !(exists && other.type === ANY_TYPE)),
    );
    this.#names.set(key, [...kept.slice(1 - ENTRIES_OF_NAME_MAX), entry]);
  }

  /** A TTL of 0 is for the transaction in progress only (RFC 1035 §3.2.1), unless a minimum is configured. */
  #clamp(ttlSeconds: number, max: number): number {
    return Math.min(max, Math.max(this.options.ttlSecondsMin, ttlSeconds));
  }
}

/** RFC 2308 §3 and §5: the lesser of the SOA's own TTL and its MINIMUM field, which is RDATA's last four octets. */
export function negativeTtlSeconds(soa: Rrset): number {
  const rdata = soa.rdatas[0];
  if (rdata === undefined || rdata.length < 4) return 0;
  const minimum = new DataView(rdata.buffer, rdata.byteOffset + rdata.length - 4, 4).getUint32(0);
  return Math.min(soa.ttlSeconds, minimum);
}

function aged(cached: Positive | Negative, seconds: number): Positive | Negative {
  const age = (rrset: Rrset): Rrset => ({ ...rrset, ttlSeconds: seconds });
  if (cached.kind === "rrset") {
    return { ...cached, rrset: age(cached.rrset), signatures: cached.signatures && age(cached.signatures) };
  }
  return { ...cached, soa: age(cached.soa), proof: cached.proof.map(age) };
}

function find(entries: readonly Entry[], type: number, recordClass: number): Entry | null {
  for (const entry of entries) if (entry.type === type && entry.class === recordClass) return entry;
  return null;
}

function octetsOf(cached: Cached): number {
  if (cached.kind === "failed") return 2 * cached.text.length;
  const rrsets = cached.kind === "rrset" ? [cached.rrset, cached.signatures] : [cached.soa, ...cached.proof];
  let octets = 0;
  for (const rrset of rrsets) {
    if (rrset === null) continue;
    octets += RECORD_OVERHEAD + rrset.owner.octets.length;
    for (const rdata of rrset.rdatas) octets += RECORD_OVERHEAD + rdata.length;
  }
  return octets;
}
