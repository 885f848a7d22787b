/**
 * How long a well-behaved cache may go on saying what a change has made untrue: what was there for as long as its TTL was (RFC 1035
 * §3.2.1), that nothing was there for the negative TTL (RFC 2308 §5). Counted from when the last server answers by the change.
 */
import type { Rr } from "../dns/index.ts";
import type { ChangeSet } from "./change-set.ts";

export interface Forgetting {
  /** The greatest TTL of RRsets that the change took away or altered; null when it did neither. */
  readonly oldSeconds: number | null;
  /** How long what the change added may not be seen, being thought not to be there or cached without it; null when it added none. */
  readonly newSeconds: number | null;
}

export function forgettingOf({ soaBefore, removed, added }: ChangeSet): Forgetting {
  const before = new Set(removed.map(rrsetKey));
  const known = removed.map(({ ttlSeconds }) => ttlSeconds);
  // An RRset that only grew is in caches with a TTL which is the new one's: no other was taken away.
  const grown = added.filter((record) => !before.has(rrsetKey(record)));
  return {
    oldSeconds: known.length === 0 ? null : Math.max(...known),
    newSeconds:
      grown.length === 0 ? null : Math.max(negativeTtlOf(soaBefore), ...grown.map(({ ttlSeconds }) => ttlSeconds)),
  };
}

/** The lesser of the SOA's TTL and its MINIMUM (RFC 2308 §5). */
function negativeTtlOf({ rdata, ttlSeconds }: Rr): number {
  const minimum = new DataView(rdata.buffer, rdata.byteOffset).getUint32(rdata.length - 4);
  return Math.min(ttlSeconds, minimum);
}

const rrsetKey = ({ owner, type }: Rr): string => `${type} ${owner.key}`;
