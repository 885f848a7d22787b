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
];

export const TRANSPORT = { UDP: 0, TCP: 1 } as const;
export const TRANSPORT_NAMES: readonly string[] = ["udp", "tcp"];

/** Types above are counted together, in the last place: a client may ask for 65536 of them. */
const TYPES_COUNTED = 260;
/** Extended RCODEs in use end at 23; others are counted in the last place. */
const RCODES_COUNTED = 25;

export class NameServerCounters {
  /** By transport; see TRANSPORT. */
  readonly requests = new Float64Array(TRANSPORT_NAMES.length);
  readonly responses = new Float64Array(TRANSPORT_NAMES.length);
  readonly responseOctets = new Float64Array(TRANSPORT_NAMES.length);
  /** By RCODE, all twelve bits. */
  readonly rcodes = new Float64Array(RCODES_COUNTED);
  /** By QTYPE. */
  readonly types = new Float64Array(TYPES_COUNTED + 1);
  /** By EVENT. */
  readonly events = new Float64Array(EVENT_NAMES.length);

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

/** The place of `types` where all types stand that have none of their own. */
export const OTHER_TYPES = TYPES_COUNTED;
