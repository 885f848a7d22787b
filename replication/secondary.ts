/**
 * Keeps one zone as its primaries have it (RFC 1034 §4.3.5): asks them in turn when the timetable or a NOTIFY says so, takes what is
 * newer, and withdraws the zone when it has expired. What a primary sends never harms the version that is served: a transfer is
 * read whole, held to the rules and built beside it (`zone-copy.ts`).
 *
 * Chosen where the RFCs leave it open: a round asks one primary after another until one gives us something newer or all have
 * said that there is nothing, because one of several primaries may lag. It succeeds when any of them answered.
 */
import { type Clock, type Log, type Random, Stopper, type Timer } from "../base/index.ts";
import { compareSerials, type Name, type Rr } from "../dns/index.ts";
import { type Endpoint, ExchangeError, formatEndpoint } from "../net/index.ts";
import { ChangeError, ChangeLogError, soaSerial } from "../zones/index.ts";
import { OlderPrimaries, type OlderPrimary } from "./older-primaries.ts";
import { fetchTransfer, type Newest, newestSoa, type Primary, type PrimaryParts } from "./primary.ts";
import {
  type Asked,
  beginning,
  confirmed,
  confirmedBy,
  expiresAt,
  failed,
  type Freshness,
  isExpired,
  notified,
  restored,
  type Timetable,
  timesOf,
} from "./timetable.ts";
import { TransferError } from "./transfer-error.ts";
import type { Turns } from "./turns.ts";
import type { ZoneCopy } from "./zone-copy.ts";

export interface SecondaryParts extends PrimaryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Shared by all zones. */
  readonly turns: Turns;
}

export interface SecondarySettings {
  readonly apex: Name;
  /** In the order in which they are asked. */
  readonly primaries: readonly Primary[];
}

export interface SecondaryStatus {
  readonly apex: Name;
  readonly primaries: readonly Endpoint[];
  /** Null: nothing is served. */
  readonly serial: number | null;
  /** Seconds from now; null while there is nothing that could expire, 0 when it has. */
  readonly expiresInSeconds: number | null;
  readonly nextCheckInSeconds: number;
  /** Seconds since a primary last confirmed the version; null: none did since the start. */
  readonly checkedSecondsAgo: number | null;
  /** Why the last round gave nothing; null: it did not fail. */
  readonly failure: string | null;
  /** Primaries that said last that they have an older version than ours, which is not taken unless by `retransfer`. */
  readonly older: readonly OlderPrimary[];
}

/** What a round is to bring: what is newer, or all of the zone, whichever serial a primary has. */
type Wanted = "newer" | "any";

/** A NOTIFY's word: which serial, where it said so. */
interface Told {
  readonly serial: number | null;
  readonly primary: Primary;
}

interface Taking {
  readonly ours: Rr | null;
  readonly isWhole: boolean;
  /** What the primary said that it has. */
  readonly newest: Newest;
}

/** What asking one primary came to. */
interface Answered {
  readonly as: "newer" | "same";
  /** For how long our version is good by what it says (RFC 7314); null: it does not say. */
  readonly leftSeconds: number | null;
}

export class Secondary {
  readonly apex: Name;
  readonly primaries: readonly Primary[];
  readonly #parts: SecondaryParts;
  readonly #copy: ZoneCopy;
  readonly #stopper = new Stopper();
  #table: Timetable;
  /** The last round, where it gave nothing newer. */
  #asked: Asked | null = null;
  readonly #older: OlderPrimaries;
  #isConfirmed = false;
  /** When it was last written down that the zone was confirmed. */
  #notedAt: number | null = null;
  #failure: string | null = null;
  /** The last NOTIFY that no round was begun for. */
  #told: Told | null = null;
  /** Who is asked first: who gave us the last version, or told of a newer one. */
  #preferred: Primary;
  #timer: Timer | null = null;
  #round: Promise<boolean> | null = null;
  readonly #firstRound = Promise.withResolvers<void>();

  constructor({ apex, primaries }: SecondarySettings, copy: ZoneCopy, parts: SecondaryParts) {
    this.apex = apex;
    this.primaries = primaries;
    this.#copy = copy;
    this.#parts = parts;
    this.#preferred = primaries[0]!;
    this.#older = new OlderPrimaries(apex.toString());
    this.#table = beginning(this.#now());
  }

  /** Serves what is on the shelf, if it is still good, and begins to ask. */
  async start(): Promise<void> {
    this.#copy.withdraw();
    const checkedAtSeconds = await this.#restore();
    if (this.#stopper.aborted) return;
    const soa = this.#copy.soa();
    if (soa !== null && checkedAtSeconds !== null) {
      // Clocks may jump; this one counts on from where it is.
      const ago = Math.max(0, this.#parts.clock.wallSeconds() - checkedAtSeconds);
      this.#table = restored(timesOf(soa), this.#now() - ago, this.#now());
    } else this.#table = beginning(this.#now());
    this.#expire();
    this.#arm();
  }

  /** Resolves when all primaries were asked once, or one has given the zone; at once where it was on the shelf. */
  async ready(): Promise<void> {
    if (this.#copy.soa() === null) await this.#firstRound.promise;
  }

  /** One of the primaries says that the zone has changed (RFC 1996 §3.7); null: it does not say to which serial. */
  notify(primary: Primary, serial: number | null): void {
    this.#told = { serial, primary };
    // A round that is going on may have asked too early (RFC 1996 §4.4): another follows.
    if (this.#round === null) this.#heed();
  }

  /**
   * Takes all of the zone from the first primary that gives it, also where that one has an older version: for when a primary's serial
   * was set back, or a copy is not believed any more. Null when that is done, else why not; the copy is then what it was.
   */
  async retransfer(): Promise<string | null> {
    while (this.#round !== null) await this.#round;
    if (this.#stopper.aborted) return "the server is stopping";
    const isTaken = await this.#begin("any");
    return isTaken ? null : (this.#failure ?? "the server is stopping");
  }

  get status(): SecondaryStatus {
    const now = this.#now();
    const expiry = expiresAt(this.#table);
    return {
      apex: this.apex,
      primaries: this.primaries.map(({ endpoint }) => endpoint),
      serial: this.#serial(),
      expiresInSeconds: expiry === null ? null : Math.max(0, Math.round(expiry - now)),
      nextCheckInSeconds: Math.max(0, Math.round(this.#table.nextCheckAt - now)),
      checkedSecondsAgo: this.#isConfirmed ? Math.round(now - this.#table.checkedAt) : null,
      failure: this.#failure,
      older: this.#older.list,
    };
  }

  async close(): Promise<void> {
    this.#stopper.abort(new ExchangeError("CLOSED", "the server is stopping"));
    this.#timer?.cancel();
    this.#firstRound.resolve();
    await this.#round;
  }

  #now(): number {
    return this.#parts.clock.now() / 1000;
  }

  #serial(): number | null {
    const soa = this.#copy.soa();
    return soa === null ? null : soaSerial(soa.rdata);
  }

  async #restore(): Promise<number | null> {
    try {
      return await this.#copy.restore();
    } catch (error) {
      this.#log(`its copy on disk is not served: ${reasonOf(error)}`);
      return null;
    }
  }

  #heed(): void {
    const told = this.#told;
    if (told === null) return;
    this.#told = null;
    const ours = this.#serial();
    // Of an older one as well: a serial that was set back by mistake is seen at once, not at the next REFRESH.
    if (told.serial !== null && told.serial === ours) return;
    this.#preferred = told.primary;
    this.#table = notified(this.#table, this.#now(), this.#asked);
    this.#arm();
  }

  /** Wakes when something is due. */
  #arm(): void {
    this.#timer?.cancel();
    if (this.#stopper.aborted) return;
    const expiry = this.#copy.soa() === null ? null : expiresAt(this.#table);
    const due = this.#round === null ? this.#table.nextCheckAt : Number.POSITIVE_INFINITY;
    const wakeAt = Math.min(due, expiry ?? Number.POSITIVE_INFINITY);
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    const milliseconds = Math.min((wakeAt - this.#now()) * 1000, TIMER_MILLISECONDS_MAX);
    this.#timer = this.#parts.clock.after(Math.max(0, milliseconds), () => this.#wake());
  }

  #wake(): void {
    this.#expire();
    if (this.#round === null && this.#now() >= this.#table.nextCheckAt) void this.#begin("newer");
    this.#arm();
  }

  #begin(wanted: Wanted): Promise<boolean> {
    this.#round = this.#askAll(wanted).finally(() => {
      this.#round = null;
      this.#firstRound.resolve();
      this.#heed();
      this.#arm();
    });
    return this.#round;
  }

  #expire(): void {
    if (this.#copy.soa() === null || !isExpired(this.#table, this.#now())) return;
    this.#copy.withdraw();
    this.#log("the zone has expired: no primary could be reached for as long as its SOA allows; queries get SERVFAIL");
  }

  /** One round: whether a primary gave us what was wanted. Never rejects. */
  async #askAll(wanted: Wanted): Promise<boolean> {
    this.#told = null;
    const failures: string[] = [];
    const answers: Answered[] = [];
    let isFault = false;
    let isNewer = false;
    for (const primary of this.#inTurn()) {
      try {
        const answered = await (wanted === "any" ? this.#takeAny(primary) : this.#askOne(primary));
        if (answered.as === "same") {
          answers.push(answered);
          continue;
        }
        answers.splice(0, answers.length, answered);
        isNewer = true;
        this.#preferred = primary;
        break;
      } catch (error) {
        if (this.#stopper.aborted) return false;
        isFault ||= error instanceof TransferError;
        const reason = reasonOf(error);
        const where = formatEndpoint(primary.endpoint);
        failures.push(reason.includes(where) ? reason : `${where}: ${reason}`);
        this.#log(failures.at(-1)!);
      }
    }
    const faults = isFault ? (this.#asked?.faults ?? 0) + 1 : 0;
    this.#asked = isNewer ? null : { at: this.#now(), faults };
    this.#note({ leftSeconds: longest(answers), isTaken: isNewer }, answers.length > 0, failures);
    return isNewer;
  }

  #note(freshness: Freshness, isAnswered: boolean, failures: readonly string[]): void {
    const { random } = this.#parts;
    const chance = random.below(CHANCES) / CHANCES;
    const soa = this.#copy.soa();
    if (!isAnswered || soa === null) {
      this.#failure = failures.join("; ");
      this.#table = failed(this.#table, this.#now(), chance);
      return;
    }
    this.#failure = null;
    this.#isConfirmed = true;
    this.#table = confirmedBy(this.#table, confirmed(timesOf(soa), this.#now(), chance), freshness);
    // What was kept with a version that came just now says that it is as new as that.
    if (freshness.isTaken && this.#table.checkedAt < this.#now()) this.#notedAt = null;
    this.#noteOnDisk();
  }

  /** Not each time: a zone that changes all the time would have it written all the time, and a hundredth of EXPIRE does no harm. */
  #noteOnDisk(): void {
    const now = this.#now();
    const seconds = (this.#table.times?.expireSeconds ?? 0) / 100;
    if (this.#notedAt !== null && now < this.#notedAt + seconds) return;
    try {
      this.#copy.confirm(Math.round(now - this.#table.checkedAt));
      this.#notedAt = now;
    } catch (error) {
      this.#log(`it is not noted on disk that the zone was confirmed: ${reasonOf(error)}`);
    }
  }

  #inTurn(): readonly Primary[] {
    return [this.#preferred, ...this.primaries.filter((primary) => primary !== this.#preferred)];
  }

  async #askOne(primary: Primary): Promise<Answered> {
    const newest = await newestSoa(this.#parts, primary, this.apex, this.#stopper);
    const ours = this.#copy.soa();
    if (ours !== null && !this.#isNewer(newest.soa, ours, primary)) {
      return { as: "same", leftSeconds: newest.expireSeconds };
    }
    return this.#parts.turns.take(this.#stopper, () => this.#take(primary, ours, newest));
  }

  #isNewer(theirs: Rr, ours: Rr, primary: Primary): boolean {
    const [their, our] = [soaSerial(theirs.rdata), soaSerial(ours.rdata)];
    const order = compareSerials(their, our);
    const isOlder = order === -1 || order === null;
    const news = isOlder ? this.#older.note(primary, their, our) : null;
    if (news !== null) this.#log(news);
    if (!isOlder) this.#older.forget(primary);
    return order === 1;
  }

  /** All of the zone, whichever version of it the primary has. */
  async #takeAny(primary: Primary): Promise<Answered> {
    const newest = await newestSoa(this.#parts, primary, this.apex, this.#stopper);
    const taking = { ours: null, isWhole: true, newest };
    const answered = await this.#parts.turns.take(this.#stopper, () => this.#takeOnce(primary, taking));
    this.#older.clear();
    return answered;
  }

  /** What has changed if it can be had, else all of the zone (RFC 1995 §2). */
  async #take(primary: Primary, ours: Rr | null, newest: Newest): Promise<Answered> {
    if (ours === null) return this.#takeOnce(primary, { ours, isWhole: true, newest });
    try {
      return await this.#takeOnce(primary, { ours, isWhole: false, newest });
    } catch (error) {
      if (!(error instanceof TransferError) || error.code === "TOO_LARGE") throw error;
      this.#log(`${formatEndpoint(primary.endpoint)}: ${error.message}; asking for the whole zone`);
      return this.#takeOnce(primary, { ours, isWhole: true, newest });
    }
  }

  async #takeOnce(primary: Primary, { ours, isWhole, newest }: Taking): Promise<Answered> {
    const wanted = { apex: this.apex, ours, isWhole, takesEdns: newest.takesEdns };
    const { transfer, expireSeconds } = await fetchTransfer(this.#parts, primary, wanted, this.#stopper);
    // What was asked for before the zone was stopped or withdrawn is not made any more.
    this.#stopper.throwIfAborted();
    const by = `primary ${formatEndpoint(primary.endpoint)}`;
    switch (transfer.kind) {
      case "current":
        throw new TransferError(
          "BROKEN",
          `it told of serial ${soaSerial(newest.soa.rdata)} and sent serial ${transfer.serial}`,
        );
      case "changes":
        await this.#copy.apply(transfer.changes, by);
        break;
      case "zone":
        await this.#copy.replace(transfer.records, by);
    }
    const serial = soaSerial(transfer.soa.rdata);
    const zone = this.apex.toString();
    this.#parts.log.info({ zone, serial, by, as: transfer.kind }, "a newer version of the zone was taken");
    return { as: "newer", leftSeconds: expireSeconds ?? newest.expireSeconds };
  }

  #log(words: string): void {
    this.#parts.log.warn({ zone: this.apex.toString() }, words);
  }
}

/** The best informed counts; null: one of them does not say, and none is taken to be better informed than that. */
function longest(answers: readonly Answered[]): number | null {
  const lefts = answers.map(({ leftSeconds }) => leftSeconds ?? Number.POSITIVE_INFINITY);
  const left = Math.max(0, ...lefts);
  return left === Number.POSITIVE_INFINITY ? null : left;
}

/** Of a timer, which cannot be set for longer than 24 days. */
const TIMER_MILLISECONDS_MAX = 86_400_000;
const CHANCES = 1 << 16;

const REASONS = [TransferError, ExchangeError, ChangeError, ChangeLogError];

/** In words, for what may go wrong outside of us. Anything else is a mistake of ours and goes on being thrown. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && REASONS.some((reason) => error instanceof reason)) return error.message;
  throw error;
}
