/** Leases (RFC 9664): how long a record that an update added is to stay, as it is granted and as it is kept on disk. */
import { type Name, rdataType, type Rr, TYPE, type UpdateLease } from "../dns/index.ts";
import type { ChangeSet } from "./change-set.ts";

/** What is granted at least and at most (RFC 9664 §8). */
export interface LeaseBounds {
  readonly secondsMin: number;
  readonly secondsMax: number;
  readonly keySecondsMax: number;
}

export const LEASE_BOUNDS: LeaseBounds = { secondsMin: 30, secondsMax: 86_400, keySecondsMax: 7 * 86_400 };

/** A record's lease as it is from now on. */
export interface LeaseNote {
  readonly apex: Name;
  /** In lower case, and the RDATA in canonical form: so it is the key of the record. */
  readonly owner: Name;
  readonly type: number;
  readonly rdata: Uint8Array;
  /** By the wall clock; null: there is none any more. */
  readonly endsAtSeconds: number | null;
  /** Who had it granted, as `JournalEntry.by`. */
  readonly by: string;
}

/** What a change says of leases. */
export interface LeaseWish {
  /** Records that it added, or found there already. */
  readonly added: readonly Rr[];
  /** For how long; null: for good, so that they lose the lease that they may have had. */
  readonly lease: UpdateLease | null;
}

/** A change that is about to be committed. */
export interface LeaseOccasion {
  readonly apex: Name;
  readonly by: string;
  readonly change: ChangeSet | null;
  readonly wish: LeaseWish | null;
}

/** Who keeps the leases, as far as the one who changes zones knows it. */
export interface LeaseKeeping {
  /** A commit begins; what was noted of one that came to nothing is forgotten. */
  begin(): void;
  /** What is to be written down of leases together with this change. */
  notesOf(occasion: LeaseOccasion): LeaseNote[];
  /** These hold now: they are on disk. */
  take(notes: readonly LeaseNote[]): void;
}

/** Within the bounds, and of the form in which it was asked (RFC 9664 §4.3). */
export function grantLease({ seconds, keySeconds }: UpdateLease, bounds: LeaseBounds): UpdateLease {
  const { secondsMin, secondsMax, keySecondsMax } = bounds;
  return {
    seconds: clamped(seconds, secondsMin, secondsMax),
    keySeconds: keySeconds === null ? null : clamped(keySeconds, secondsMin, keySecondsMax),
  };
}

/** KEY records have their own, where it was asked for; they keep a name for its owner (RFC 9664 §4). */
export function leaseSecondsOf({ type }: Rr, { seconds, keySeconds }: UpdateLease): number {
  return type === TYPE.KEY ? (keySeconds ?? seconds) : seconds;
}

/** The same for all spellings of one record. */
export function leaseKey({ apex, owner, type, rdata }: Pick<LeaseNote, "apex" | "owner" | "type" | "rdata">): string {
  const value = Buffer.from(rdataType(type).canonical(rdata)).toString("latin1");
  return `${apex.key} ${owner.key} ${type} ${value}`;
}

function clamped(seconds: number, min: number, max: number): number {
  return Math.min(Math.max(seconds, min), max);
}
