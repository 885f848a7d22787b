/**
 * The leases of the zones that a server changes, and the end of each: a record whose lease has ended goes by a change like any other,
 * journaled and told to secondaries (RFC 9664 §7). Leases are written down in the commit of the change that they come with, so
 * none is forgotten of a record that is there. A refresh changes no zone and gets no serial (§5.3).
 *
 * A record whose lease has ended is answered for as long as it cannot be removed: the zone is frozen, the disk full. It is tried again every
 * few seconds, and said when that begins, every so often while it lasts, and when it is over. To answer as if it were gone
 * would be a version of the zone that has no serial, and that no secondary could have.
 *
 * Not kept: §8's silence towards who renews too often. It would hold back a host that moves; a renewal in the same second costs
 * nothing, and any other one write.
 */
import { type Clock, type Log, type Timer } from "../base/index.ts";
import { CLASS, type Name, rdataType, type Rr } from "../dns/index.ts";
import { ChangeError, type ZoneChanger } from "./changer.ts";
import { leaseKey, type LeaseKeeping, type LeaseNote, type LeaseOccasion, leaseSecondsOf } from "./lease.ts";
import { isKeptAtApex } from "./update.ts";

export interface HeldLease extends LeaseNote {
  readonly endsAtSeconds: number;
  /** By the clock that never goes back. */
  readonly endsAt: number;
}

export interface LeasesParts {
  readonly clock: Clock;
  readonly log: Log;
}

/** Leases that end in so many milliseconds end together, which is one change. */
const TOGETHER_MILLISECONDS = 100;
/** When a change could not be made: the zone is frozen, the disk full. */
const RETRY_MILLISECONDS = 3000;
/** From one word to the next that it still could not. */
const TELL_MILLISECONDS = 600_000;
/** Timers of the system are for 24 days at most, and a wait is looked at anew much sooner. */
const WAIT_MILLISECONDS_MAX = 3_600_000;

export class Leases implements LeaseKeeping {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #held = new Map<string, HeldLease>();
  /** Held ones by when they end, in units of what ends together: few keys, however many leases. */
  readonly #ends = new Map<number, Set<string>>();
  /** What changes of the commit that is being made say, before it is on disk. */
  readonly #tentative = new Map<string, LeaseNote>();
  /** Of zones whose ended leases could not be removed when that was last tried: when it was last told. */
  readonly #overdue = new Map<string, number>();
  #changer: Pick<ZoneChanger, "submit"> | null = null;
  #timer: { readonly due: number; readonly timer: Timer } | null = null;

  constructor({ clock, log }: LeasesParts) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Takes what was kept on disk, and from now on ends what has ended. */
  start(changer: Pick<ZoneChanger, "submit">, kept: readonly LeaseNote[]): void {
    this.#changer = changer;
    this.take(kept);
    this.#schedule();
  }

  close(): void {
    this.#changer = null;
    this.#timer?.timer.cancel();
    this.#timer = null;
  }

  /** Those of a zone; the one that ends first stands first. */
  of(apex: Name): HeldLease[] {
    return [...this.#held.values()]
      .filter((lease) => lease.apex.equals(apex))
      .sort((a, b) => a.endsAtSeconds - b.endsAtSeconds || a.owner.compare(b.owner));
  }

  begin(): void {
    this.#tentative.clear();
  }

  notesOf({ apex, by, change, wish }: LeaseOccasion): LeaseNote[] {
    const notes: LeaseNote[] = [];
    const note = (record: Rr, ends: number | null): void => {
      const one = noteOf(apex, record, { by, ends });
      this.#tentative.set(leaseKey(one), one);
      notes.push(one);
    };
    for (const record of this.#held.size + this.#tentative.size === 0 ? [] : (change?.removed ?? [])) {
      const key = leaseKeyOf(apex, record);
      if (this.#now(key) === null) continue;
      // Another TTL is told as removed and added.
      const isStill = change!.added.some((added) => leaseKeyOf(apex, added) === key);
      if (!isStill) note(record, null);
    }
    for (const record of wish?.added ?? []) {
      if (record.owner.equals(apex) && isKeptAtApex(record.type)) continue;
      const known = this.#now(leaseKeyOf(apex, record));
      const lease = wish?.lease ?? null;
      const ends = lease === null ? null : this.#clock.wallSeconds() + leaseSecondsOf(record, lease);
      if ((known?.endsAtSeconds ?? null) !== ends) note(record, ends);
    }
    return notes;
  }

  take(notes: readonly LeaseNote[]): void {
    for (const note of notes) {
      const key = leaseKey(note);
      this.#forget(key);
      if (note.endsAtSeconds !== null) this.#hold(key, note, note.endsAtSeconds);
    }
    this.#schedule();
  }

  #hold(key: string, note: LeaseNote, endsAtSeconds: number): void {
    // A clock that was wrong when it was written, or is now, prolongs nothing beyond what anybody is granted.
    const left = Math.min(endsAtSeconds - this.#clock.wallSeconds(), LONGEST_SECONDS);
    const endsAt = this.#clock.now() + 1000 * Math.max(0, left);
    this.#held.set(key, { ...note, endsAtSeconds, endsAt });
    const unit = unitOf(endsAt);
    const together = this.#ends.get(unit);
    if (together === undefined) this.#ends.set(unit, new Set([key]));
    else together.add(key);
  }

  #forget(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    const unit = unitOf(held.endsAt);
    const together = this.#ends.get(unit);
    together?.delete(key);
    if (together?.size === 0) this.#ends.delete(unit);
  }

  /** The lease as it will be when what is being committed holds. */
  #now(key: string): { readonly endsAtSeconds: number } | null {
    const note = this.#tentative.get(key);
    if (note === undefined) return this.#held.get(key) ?? null;
    return note.endsAtSeconds === null ? null : { endsAtSeconds: note.endsAtSeconds };
  }

  #schedule(): void {
    if (this.#changer === null || this.#ends.size === 0) return;
    let first = Infinity;
    for (const unit of this.#ends.keys()) first = Math.min(first, unit);
    this.#wakeAt(first * TOGETHER_MILLISECONDS);
  }

  #wakeAt(due: number): void {
    if (this.#timer !== null && this.#timer.due <= due) return;
    this.#timer?.timer.cancel();
    const wait = Math.max(0, Math.min(due - this.#clock.now(), WAIT_MILLISECONDS_MAX));
    this.#timer = { due, timer: this.#clock.after(wait, () => this.#wake()) };
  }

  #wake(): void {
    this.#timer = null;
    const unit = Math.floor(this.#clock.now() / TOGETHER_MILLISECONDS);
    const keys = [...this.#ends].flatMap(([end, together]) => (end <= unit ? [...together] : []));
    if (keys.length === 0) {
      this.#schedule();
      return;
    }
    const byZone = Map.groupBy(keys, (key) => this.#held.get(key)!.apex.key);
    void Promise.all([...byZone.values()].map((ofZone) => this.#end(ofZone))).then((ended) => {
      if (ended.every(Boolean)) this.#schedule();
      else if (this.#changer !== null) this.#wakeAt(this.#clock.now() + RETRY_MILLISECONDS);
    });
  }

  /** Removes the records of these leases, all of one zone. False when that has to be tried again. */
  async #end(keys: readonly string[]): Promise<boolean> {
    const { apex } = this.#held.get(keys[0]!)!;
    try {
      await this.#changer?.submit({
        apex,
        by: "lease",
        work: (draft) => {
          const ended = this.#ended(keys);
          for (const { owner, type, rdata } of ended) draft.remove(owner, type, rdata);
          return ended;
        },
        // Of records that are gone already no change tells.
        wishOf: (ended) => ({ added: ended.map(recordOf), lease: null }),
      });
      if (this.#overdue.delete(apex.key))
        this.#log.info({ zone: apex.toString() }, "records whose lease has ended are removed now");
      return true;
    } catch (error) {
      if (!(error instanceof ChangeError)) throw error;
      const { code, message: reason } = error;
      if (code === "NO_ZONE") {
        // It is not served any more; should it be again, the journal still has them.
        for (const key of keys) this.#forget(key);
        this.#overdue.delete(apex.key);
        return true;
      }
      if (code !== "CLOSED") this.#tellOverdue(apex, { records: keys.length, reason });
      return false;
    }
  }

  #tellOverdue(apex: Name, about: { readonly records: number; readonly reason: string }): void {
    const now = this.#clock.now();
    const told = this.#overdue.get(apex.key);
    if (told !== undefined && now - told < TELL_MILLISECONDS) return;
    this.#overdue.set(apex.key, now);
    this.#log.warn(
      { zone: apex.toString(), ...about },
      "records whose lease has ended are still answered, because they could not be removed; it is tried again",
    );
  }

  /** Those of them that were not renewed meanwhile, by whatever shares the commit. */
  #ended(keys: readonly string[]): HeldLease[] {
    const now = this.#clock.now() + TOGETHER_MILLISECONDS;
    return keys.flatMap((key) => {
      const held = this.#held.get(key);
      return held === undefined || held.endsAt > now || this.#tentative.has(key) ? [] : [held];
    });
  }
}

/** Nobody is granted more, whatever the bounds of a zone. */
const LONGEST_SECONDS = 10 * 365 * 86_400;

function unitOf(endsAt: number): number {
  return Math.ceil(endsAt / TOGETHER_MILLISECONDS);
}

function leaseKeyOf(apex: Name, { owner, type, rdata }: Rr): string {
  return leaseKey({ apex, owner, type, rdata });
}

function recordOf({ owner, type, rdata }: HeldLease): Rr {
  return { owner, type, class: CLASS.IN, ttlSeconds: 0, rdata };
}

function noteOf(
  apex: Name,
  record: Rr,
  { by, ends }: { readonly by: string; readonly ends: number | null },
): LeaseNote {
  const { owner, type, rdata } = record;
  return { apex, owner: owner.toLowerCase(), type, rdata: rdataType(type).canonical(rdata), endsAtSeconds: ends, by };
}
