/**
 * Response rate limiting, against a server being used to flood somebody whose address was forged: a bounded rate of
 * like responses to one network (/24, /56), as BIND, NSD and Knot do it. The memory is fixed: counters in typed arrays,
 * found by hash, one set for all threads. Two networks that fall on one counter take turns in it, and the newcomer starts with a full account, so
 * a collision lets responses through and never holds back the wrong client.
 * What being limited looks like (silence, or TC by slip) is `respond.ts`'s.
 */
import type { Clock } from "../base/index.ts";
import type { AccessList } from "./access.ts";
import type { ClientAddress } from "./client.ts";

/** What responses are like each other: one account for each kind, network and, where it says, name. */
export const RESPONSE_KIND = { ANSWER: 1, REFERRAL: 2, NODATA: 3, NXDOMAIN: 4, ERROR: 5 } as const;

export interface RateLimits {
  /** Of one kind to one network; 0 limits nothing. */
  readonly responsesPerSecond: number;
  /** Error responses (REFUSED, FORMERR…), which carry nothing anybody needs often. */
  readonly errorsPerSecond: number;
  /** How long a network that asked too much stays limited once it stops, at most. */
  readonly windowSeconds: number;
  /** Every how manyth limited response goes out empty with TC, so that a real client comes back over TCP; 0 never. */
  readonly slip: number;
  /** Counters; each takes 12 octets. */
  readonly counters: number;
}

/** NSD's rate. Loopback is never limited unless the configuration says so (`ServerParts.unlimited`). */
export const RATE_LIMITS: RateLimits = {
  responsesPerSecond: 200,
  errorsPerSecond: 200,
  windowSeconds: 15,
  slip: 2,
  counters: 1 << 16,
};

export type RateVerdict = "send" | "slip" | "drop";

const IPV4_OCTETS = 3;
const IPV6_OCTETS = 7;
const MILLI = 1000;

/** The accounts, in memory that all threads share. */
export interface RateAccounts {
  readonly memory: SharedArrayBuffer;
  /** When time began for them, by the clock that the threads share. */
  readonly epochMilliseconds: number;
}

const ACCOUNT_OCTETS = 12;

/** Full accounts. */
export function createRateAccounts(limits: RateLimits, clock: Clock): RateAccounts {
  const counters = 2 ** Math.ceil(Math.log2(Math.max(16, limits.counters)));
  return { memory: new SharedArrayBuffer(counters * ACCOUNT_OCTETS), epochMilliseconds: clock.now() };
}

export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #unlimited: AccessList;
  readonly #mask: number;
  /** Whose counter it is, in 32 bits of hash. */
  readonly #owners: Int32Array;
  /** Responses left, in thousandths; below zero is limited. */
  readonly #balances: Int32Array;
  /** When the balance was right, in milliseconds of our own epoch. */
  readonly #times: Int32Array;
  readonly #epoch: number;
  #limited = 0;

  constructor(limits: RateLimits, clock: Clock, unlimited: AccessList, accounts = createRateAccounts(limits, clock)) {
    const counters = accounts.memory.byteLength / ACCOUNT_OCTETS;
    this.#limits = limits;
    this.#clock = clock;
    this.#unlimited = unlimited;
    this.#mask = counters - 1;
    this.#owners = new Int32Array(accounts.memory, 0, counters);
    this.#balances = new Int32Array(accounts.memory, 4 * counters, counters);
    this.#times = new Int32Array(accounts.memory, 8 * counters, counters);
    this.#epoch = accounts.epochMilliseconds;
  }

  /**
   * Takes one response from its account.
   * @param nameHash Of the name that makes responses alike: the question's for answers, the zone's for denials and
   *   referrals (else random names would each have an account of their own), 0 for errors.
   */
  charge(client: ClientAddress, kind: number, nameHash: number): RateVerdict {
    const limits = this.#limits;
    const rate = kind === RESPONSE_KIND.ERROR ? limits.errorsPerSecond : limits.responsesPerSecond;
    if (rate === 0 || this.#unlimited.includes(client)) return "send";
    const balance = this.#take(accountOf(client, kind, nameHash), rate);
    if (balance >= 0) return "send";
    this.#limited = (this.#limited + 1) | 0;
    return limits.slip > 0 && this.#limited % limits.slip === 0 ? "slip" : "drop";
  }

  /**
   * Threads take from one account at the same moment, most of all in a flood, so what is taken and given is added in one
   * step; who sees first that time has passed gives for it. Changing hands is not one step: that may lose a response's count.
   */
  #take(owner: number, rate: number): number {
    const balances = this.#balances;
    const times = this.#times;
    const slot = (owner ^ (owner >>> 15)) & this.#mask;
    const now = (this.#clock.now() - this.#epoch) | 0;
    const full = rate * MILLI;
    const since = Atomics.load(times, slot);
    const elapsed = (now - since) | 0;
    // Beyond the window the account is full whatever it was; this also keeps the product small. Clocks of threads may
    // differ by a little.
    const isOld = elapsed < -MILLI || elapsed > MILLI * (this.#limits.windowSeconds + 1);
    if (this.#owners[slot] !== owner || isOld) {
      this.#owners[slot] = owner;
      Atomics.store(times, slot, now);
      Atomics.store(balances, slot, full);
    } else if (elapsed > 0 && Atomics.compareExchange(times, slot, since, now) === since) {
      Atomics.add(balances, slot, Math.min(elapsed * rate, full - Atomics.load(balances, slot)));
    }
    const balance = Atomics.sub(balances, slot, MILLI) - MILLI;
    const least = -full * this.#limits.windowSeconds;
    if (balance < least) Atomics.store(balances, slot, least);
    return Math.max(balance, least);
  }
}

/** Never 0, which is nobody. */
function accountOf(client: ClientAddress, kind: number, nameHash: number): number {
  const address = client.octets;
  const length = address.length === 4 ? IPV4_OCTETS : IPV6_OCTETS;
  let hash = Math.imul(0x811c9dc5 ^ kind ^ nameHash, 0x01000193);
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ address[i]!, 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash === 0 ? 1 : hash;
}
