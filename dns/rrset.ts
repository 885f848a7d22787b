/** Resource records and RRsets as values (RFC 1035 §3.2.1, RFC 2181 §5). RDATA is uncompressed wire format throughout. */
import type { Name } from "./name.ts";

/** One resource record. */
export interface Rr {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly rdata: Uint8Array;
}

/** All records of one owner, class and type; one TTL for all of them (RFC 2181 §5.2). */
export interface Rrset {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly rdatas: readonly Uint8Array[];
}

/** A question (RFC 1035 §4.1.2). */
export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** The records of RRsets, one after another. */
export function recordsOf(rrsets: readonly Rrset[]): Rr[] {
  const records: Rr[] = [];
  for (const { owner, type, class: rrClass, ttlSeconds, rdatas } of rrsets) {
    for (const rdata of rdatas) records.push({ owner, type, class: rrClass, ttlSeconds, rdata });
  }
  return records;
}

/** TTLs above 2^31 - 1 count as zero (RFC 2181 §8). */
export function sanitizeTtl(ttl: number): number {
  return ttl > 0x7fffffff ? 0 : ttl;
}
