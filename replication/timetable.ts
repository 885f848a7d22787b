/**
 * When a secondary asks its primaries again, and until when it may answer for the zone (RFC 1034 §4.3.5, RFC 1035 §3.3.13): a
 * value, and functions that give the next one. Seconds on a clock that only goes forward; whoever keeps a timetable through a
 * restart brings `checkedAt` over to the new clock.
 *
 * Chosen where the RFCs leave it open: RETRY is doubled at each further failure, as far as REFRESH, so that a primary that is
 * gone for a day, or sends nonsense, is not asked for all of the zone every few minutes; NOTIFY cuts every wait short. Waits are
 * up to a tenth shorter than they say, at random, so that a thousand zones that came together do not go on asking together.
 */
import type { Rr } from "../dns/index.ts";

export interface SoaTimes {
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
}

export interface Timetable {
  /** Of the version we have; null while there is none. */
  readonly times: SoaTimes | null;
  /** When a primary last said which version is the newest and we had it. */
  readonly checkedAt: number;
  /** Rounds since then in which no primary gave us the newest version. */
  readonly failures: number;
  readonly nextCheckAt: number;
}

/** Bounds that SOAs are held to: a typing error is not to make a secondary ask without pause or never. */
const WAIT_SECONDS_MIN = 1;
const REFRESH_SECONDS_MAX = 28 * 86_400;
const RETRY_SECONDS_MAX = 14 * 86_400;
/** Without any version, the first waits double from one second up to this. */
const FIRST_WAIT_SECONDS_MAX = 300;
/** As much of a wait may be cut off at random. */
const SPREAD = 0.1;
/** NOTIFY that leads to nothing new is heeded no more often: anybody may send one in a primary's name. */
const NOTIFY_SECONDS_MIN = 1;
const NOTIFY_SECONDS_MAX = 60;

/** What the SOA says, within bounds. A zone never expires before one refresh and one retry have failed. */
export function timesOf({ rdata }: Rr): SoaTimes {
  const numbers = new DataView(rdata.buffer, rdata.byteOffset + rdata.length - 16, 12);
  const refreshSeconds = clamp(numbers.getUint32(0), REFRESH_SECONDS_MAX);
  const retrySeconds = clamp(numbers.getUint32(4), RETRY_SECONDS_MAX);
  const expireSeconds = Math.max(numbers.getUint32(8), refreshSeconds + retrySeconds);
  return { refreshSeconds, retrySeconds, expireSeconds };
}

/** For a zone that we have nothing of: asks at once. */
export function beginning(now: number): Timetable {
  return { times: null, checkedAt: now, failures: 0, nextCheckAt: now };
}

/** For a zone kept from before: it is good until it expires, and is asked for at once, for nobody knows how long we were away. */
export function restored(times: SoaTimes, checkedAt: number, now: number): Timetable {
  return { times, checkedAt: Math.min(checkedAt, now), failures: 0, nextCheckAt: now };
}

/** We have the newest version. `chance` is drawn evenly from 0 to 1. */
export function confirmed(times: SoaTimes, now: number, chance: number): Timetable {
  return { times, checkedAt: now, failures: 0, nextCheckAt: now + spread(times.refreshSeconds, chance) };
}

/** What primaries told in a round of the version that we have now. */
export interface Freshness {
  /** For how long the zone is good by the one who is best informed (RFC 7314 §4); null: one did not say, and is believed to be the source. */
  readonly leftSeconds: number | null;
  /** Whether the version is a new one: an old one is never good for less long than it was already. */
  readonly isTaken: boolean;
}

/**
 * As `confirmed`, where the primary may be a secondary itself (RFC 7314 §4): the zone is then as old as it is there. Whatever is told, it
 * is not good for longer than its SOA says.
 */
export function confirmedBy(table: Timetable, fresh: Timetable, { leftSeconds, isTaken }: Freshness): Timetable {
  const { times, checkedAt: now } = fresh;
  if (leftSeconds === null || times === null) return fresh;
  const checkedAt = now - Math.max(0, times.expireSeconds - leftSeconds);
  return { ...fresh, checkedAt: isTaken || table.times === null ? checkedAt : Math.max(checkedAt, table.checkedAt) };
}

/** No primary gave us the newest version. */
export function failed(table: Timetable, now: number, chance: number): Timetable {
  const failures = table.failures + 1;
  return { ...table, failures, nextCheckAt: now + spread(waitAfter(table.times, failures), chance) };
}

/** A round that gave nothing newer. */
export interface Asked {
  readonly at: number;
  /** Transfers in a row that were not taken, because of what was sent. */
  readonly faults: number;
}

/** A primary says that there may be a newer version (RFC 1996 §4.7: as if REFRESH had run out). `asked`: the last round in vain. */
export function notified(table: Timetable, now: number, asked: Asked | null): Timetable {
  const at = asked === null ? now : Math.max(now, asked.at + notifySeconds(asked.faults));
  return at < table.nextCheckAt ? { ...table, nextCheckAt: at } : table;
}

/** Who sends nonsense is not to have it fetched over and over by sending NOTIFY too. */
function notifySeconds(faults: number): number {
  return Math.min(NOTIFY_SECONDS_MIN * 2 ** Math.min(faults, 30), NOTIFY_SECONDS_MAX);
}

/** Null: there is nothing that could expire. */
export function expiresAt({ times, checkedAt }: Timetable): number | null {
  return times === null ? null : checkedAt + times.expireSeconds;
}

export function isExpired(table: Timetable, now: number): boolean {
  const at = expiresAt(table);
  return at !== null && now >= at;
}

function waitAfter(times: SoaTimes | null, failures: number): number {
  // Far enough for any bound, and no overflow after years of failures.
  const doubled = 2 ** Math.min(failures - 1, 30);
  if (times === null) return Math.min(doubled, FIRST_WAIT_SECONDS_MAX);
  return Math.min(times.retrySeconds * doubled, Math.max(times.refreshSeconds, times.retrySeconds));
}

function spread(seconds: number, chance: number): number {
  return seconds * (1 - SPREAD * chance);
}

function clamp(seconds: number, most: number): number {
  return Math.min(Math.max(seconds, WAIT_SECONDS_MIN), most);
}
