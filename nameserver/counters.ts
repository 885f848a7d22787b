/**
 * What the server has done, in typed arrays that the query path adds to without allocating. Reading them, and giving them
 * names, is `metrics.ts`'s.
 */

/** Places of `NameServerCounters.events`. */
export const EVENT = {
  /** Requests that get no response: no header, or a response themselves. */
  SILENT: 0,
  MALFORMED: 1,
  TRUNCATED: 2,
  /** By an access list. */
  DENIED: 3,
  /** Bounds (DESIGN §8). */
  RATE_DROPPED: 4,
  RATE_SLIPPED: 5,
  ALIASES_BOUND: 6,
  RECURSION_BOUND: 7,
  RECURSION_LOOP: 8,
  COOKIE_VALID: 9,
  COOKIE_NEW: 10,
  COOKIE_BAD: 11,
  RECURSION_STARTED: 12,
  /** Questions that joined one already in flight. */
  RECURSION_SHARED: 13,
  RECURSION_FAILED: 14,
  DNSSEC_OK: 15,
  EDNS: 16,
  /** Requests with a right TSIG, and with a wrong one. */
  SIGNED: 17,
  SIGNATURE_REFUSED: 18,
} as const;

export const EVENT_NAMES: readonly string[] = [
  "silent",
  "malformed",
  "truncated",
  "denied",
  "rate_dropped",
  "rate_slipped",
  "aliases_bound",
  "recursion_bound",
  "recursion_loop",
  "cookie_valid",
  "cookie_new",
  "cookie_bad",
  "recursion_started",
  "recursion_shared",
  "recursion_failed",
  "dnssec_ok",
  "edns",
  "signed",
  "signature_refused",
];

export const TRANSPORT = { UDP: 0, TCP: 1 } as const;
export const TRANSPORT_NAMES: readonly string[] = ["udp", "tcp"];

/** Types above are counted together, in the last place: a client may ask for 65536 of them. */
const TYPES_COUNTED = 260;
/** Extended RCODEs in use end at 23; others are counted in the last place. */
const RCODES_COUNTED = 25;

const COUNTS = 3 * TRANSPORT_NAMES.length + RCODES_COUNTED + TYPES_COUNTED + 1 + EVENT_NAMES.length;

export class NameServerCounters {
  /** By transport; see TRANSPORT. */
  readonly requests: Float64Array;
  readonly responses: Float64Array;
  readonly responseOctets: Float64Array;
  /** By RCODE, all twelve bits. */
  readonly rcodes: Float64Array;
  /** By QTYPE. */
  readonly types: Float64Array;
  /** By EVENT. */
  readonly events: Float64Array;
  /** All of the above, for other threads to read; each thread adds to its own alone. */
  readonly memory: SharedArrayBuffer;
  readonly #others: NameServerCounters[] = [];

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(COUNTS * Float64Array.BYTES_PER_ELEMENT)) {
    let at = 0;
    const places = (count: number): Float64Array => {
      const array = new Float64Array(memory, at, count);
      at += array.byteLength;
      return array;
    };
    this.memory = memory;
    this.requests = places(TRANSPORT_NAMES.length);
    this.responses = places(TRANSPORT_NAMES.length);
    this.responseOctets = places(TRANSPORT_NAMES.length);
    this.rcodes = places(RCODES_COUNTED);
    this.types = places(TYPES_COUNTED + 1);
    this.events = places(EVENT_NAMES.length);
  }

  /** Counters of another thread, to be part of the total from now on. */
  include(other: NameServerCounters): void {
    this.#others.push(other);
  }

  /** These and the included ones, as they are now. */
  total(): NameServerCounters {
    const sum = new NameServerCounters();
    const all = new Float64Array(sum.memory);
    for (const { memory } of [this, ...this.#others]) {
      new Float64Array(memory).forEach((value, i) => (all[i]! += value));
    }
    return sum;
  }

  event(event: number): void {
    this.events[event]!++;
  }

  type(qtype: number): void {
    this.types[qtype < TYPES_COUNTED ? qtype : TYPES_COUNTED]!++;
  }

  response(transport: number, rcode: number, octets: number): void {
    this.responses[transport]!++;
    this.responseOctets[transport]! += octets;
    this.rcodes[rcode < RCODES_COUNTED ? rcode : RCODES_COUNTED - 1]!++;
  }
}

/**
 * For requests that a query thread handed on: the thread has counted the request and what was seen on its way, so that only
 * the response is left to count.
 */
export class HandedOnCounters extends NameServerCounters {
  readonly #counters: NameServerCounters;

  constructor(counters: NameServerCounters) {
    super();
    this.#counters = counters;
  }

  override event(): void {}

  override response(transport: number, rcode: number, octets: number): void {
    this.#counters.response(transport, rcode, octets);
  }
}

/** The place of `types` where all types stand that have none of their own. */
export const OTHER_TYPES = TYPES_COUNTED;
