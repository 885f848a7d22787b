/**
 * The one place through which what a zone says is changed while it is served. All that comes in one turn of the event loop shares
 * one commit: a version of each zone, one transaction of the journal. It is published after it is on disk and acknowledged
 * after it is published, so what was acknowledged is neither lost nor unseen (RFC 2136 §3.5: durable before the response).
 */
import type { Clock, Log } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { ArenaFullError } from "./arena.ts";
import type { ChangeSet, JournalEntry } from "./change-set.ts";
import { type SerialRule, ZoneDraft } from "./draft.ts";
import type { LeaseKeeping, LeaseNote, LeaseWish } from "./lease.ts";
import type { ZoneStore } from "./store.ts";
import type { ZoneEdit } from "./zone-edit.ts";

/** Where changes are kept. Without one, none outlive the server. */
export interface ChangeLog {
  /** All or none is on disk when it returns, the leases that come with it included. Throws ChangeLogError. */
  append(entries: readonly JournalEntry[], leases: readonly LeaseNote[]): void;
}

/** The disk is full, or fails. */
export class ChangeLogError extends Error {}

export class ChangeError extends Error {
  readonly code: "DISK" | "MEMORY" | "FROZEN" | "NO_ZONE" | "CLOSED";

  constructor(code: ChangeError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A change that somebody wants made. */
export interface Submission<T> {
  readonly apex: Name;
  /** See `JournalEntry`. */
  readonly by: string;
  readonly serial?: SerialRule;
  /** Does it, at once and on the draft alone. When it throws, none of what it did holds, and `submit` rejects with that. */
  readonly work: (draft: ZoneDraft) => T;
  /** What it says of leases, from what the work returned; nothing unless given. */
  readonly wishOf?: (value: T) => LeaseWish;
}

export interface Submitted<T> {
  readonly value: T;
  /** Null when all is as it was. */
  readonly change: ChangeSet | null;
}

export interface ChangerParts {
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly changeLog: ChangeLog | null;
  /** None are kept unless given. */
  readonly leases?: LeaseKeeping;
}

/** Octets that publishing a version takes at most: a path of the catalogue. */
const PUBLISHING_OCTETS = 1 << 16;

/** A change that was made on the draft. */
interface Begun {
  readonly entry: JournalEntry | null;
  readonly leases: readonly LeaseNote[];
  readonly done: () => void;
}

/** A submission on its way, its type of value forgotten. */
interface Waiting {
  readonly apex: Name;
  /** Does the work; what it returns is called when the version is published. */
  readonly begin: (draft: ZoneDraft) => Begun;
  readonly fail: (error: unknown) => void;
}

/** The changes of one zone that share a version. */
interface Group {
  readonly edit: ZoneEdit;
  readonly entries: JournalEntry[];
  readonly leases: LeaseNote[];
  readonly done: (() => void)[];
  readonly waiting: Waiting[];
}

export class ZoneChanger {
  readonly #parts: ChangerParts;
  readonly #frozen = new Set<string>();
  /** Zones whose changes wait, and how many ask for that. */
  readonly #held = new Map<string, number>();
  readonly #listeners = new Set<(entry: JournalEntry) => void>();
  #waiting: Waiting[] = [];
  /** Why the last changes could not be written down; null: they could. */
  #failure: string | null = null;
  #isDue = false;
  #isClosed = false;

  constructor(parts: ChangerParts) {
    this.#parts = parts;
  }

  /** Resolves once the change is on disk and every thread answers by it. Rejects with ChangeError, or with what the work threw. */
  submit<T>(submission: Submission<T>): Promise<Submitted<T>> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new ChangeError("CLOSED", "the server is stopping"));
        return;
      }
      this.#commitSoon();
      this.#waiting.push({
        apex: submission.apex,
        begin: (draft) => this.#begin(submission, draft, resolve),
        fail: reject,
      });
    });
  }

  /** Makes no more changes of the zone by `submit` until `thaw`. */
  freeze(apex: Name): void {
    this.#frozen.add(apex.key);
  }

  /** False when it was not frozen. */
  thaw(apex: Name): boolean {
    return this.#frozen.delete(apex.key);
  }

  isFrozen(apex: Name): boolean {
    return this.#frozen.has(apex.key);
  }

  /** Has changes of the zone wait until what this returns is called: while a version of it is made otherwise. */
  hold(apex: Name): () => void {
    const { key } = apex;
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = this.#held.get(key)! - 1;
      if (left > 0) this.#held.set(key, left);
      else this.#held.delete(key);
      this.#commitSoon();
    };
  }

  /** Tells `listener` of every change that is published, in order. Returns how to stop that. */
  subscribe(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For a version that was published otherwise and journaled: a reloaded file, a transfer of the whole zone. */
  announce(entry: JournalEntry): void {
    this.#endLeases(entry);
    this.#tell(entry);
  }

  /** Of what is not there any more. */
  #endLeases({ change, by }: JournalEntry): void {
    const { leases, changeLog, log } = this.#parts;
    leases?.begin();
    const notes = leases?.notesOf({ apex: change.apex, by, change, wish: null }) ?? [];
    if (notes.length === 0) return;
    try {
      changeLog?.append([], notes);
      leases?.take(notes);
    } catch (error) {
      if (!(error instanceof ChangeLogError)) throw error;
      log.warn({ reason: error.message }, "leases of records that are gone were not forgotten");
    }
  }

  /** Does what was submitted, and takes nothing more. */
  close(): void {
    this.#held.clear();
    this.#commit();
    this.#isClosed = true;
  }

  #commitSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#parts.clock.soon(() => this.#commit());
  }

  #begin<T>(
    { apex, by, serial, work, wishOf }: Submission<T>,
    draft: ZoneDraft,
    resolve: (submitted: Submitted<T>) => void,
  ): Begun {
    const value = work(draft);
    const change = draft.take(serial ?? "bumped");
    const done = (): void => resolve({ value, change });
    const leases = this.#parts.leases?.notesOf({ apex, by, change, wish: wishOf?.(value) ?? null }) ?? [];
    if (change === null) return { entry: null, leases, done };
    return { entry: { change, by, atSeconds: this.#parts.clock.wallSeconds() }, leases, done };
  }

  #commit(): void {
    this.#isDue = false;
    const waiting = this.#waiting.filter(({ apex }) => !this.#held.has(apex.key));
    this.#waiting = this.#waiting.filter(({ apex }) => this.#held.has(apex.key));
    this.#parts.leases?.begin();
    const groups: Group[] = [];
    for (const ofZone of Map.groupBy(waiting, ({ apex }) => apex.key).values()) {
      const group = this.#make(ofZone);
      if (group !== null) groups.push(group);
    }
    if (this.#keep(groups)) for (const group of groups) this.#publish(group);
  }

  /** Makes the next version of a zone; null when there is none to be made. */
  #make(waiting: Waiting[]): Group | null {
    const { store } = this.#parts;
    const { apex } = waiting[0]!;
    const problem = this.#problemOf(apex);
    if (problem !== null) {
      for (const { fail } of waiting) fail(problem);
      return null;
    }
    const edit = store.edit(apex);
    const group: Group = { edit, entries: [], leases: [], done: [], waiting: [] };
    try {
      const draft = new ZoneDraft(edit);
      for (const one of waiting) this.#makeOne(one, draft, group);
      store.arena.assureRoom(PUBLISHING_OCTETS);
    } catch (error) {
      edit.abort();
      const told = error instanceof ArenaFullError ? new ChangeError("MEMORY", error.message) : error;
      for (const { fail } of waiting) fail(told);
      return null;
    }
    if (group.entries.length + group.leases.length > 0) return group;
    edit.abort();
    for (const done of group.done) done();
    return null;
  }

  #problemOf(apex: Name): ChangeError | null {
    const name = apex.toString();
    if (this.#parts.store.zoneOf(apex) === 0) return new ChangeError("NO_ZONE", `the zone ${name} is not served here`);
    return this.isFrozen(apex)
      ? new ChangeError("FROZEN", `the zone ${name} is frozen; strata thaw ${name} ends that`)
      : null;
  }

  #makeOne(one: Waiting, draft: ZoneDraft, group: Group): void {
    let begun: Begun;
    try {
      begun = one.begin(draft);
    } catch (error) {
      if (error instanceof ArenaFullError) throw error;
      draft.revert();
      one.fail(error);
      return;
    }
    if (begun.entry !== null) group.entries.push(begun.entry);
    group.leases.push(...begun.leases);
    group.done.push(begun.done);
    group.waiting.push(one);
  }

  /** Puts the changes on disk. When that fails, none of them was made. */
  #keep(groups: readonly Group[]): boolean {
    try {
      const entries = groups.flatMap((group) => group.entries);
      const leases = groups.flatMap((group) => group.leases);
      if (groups.length > 0) this.#append(entries, leases);
      return true;
    } catch (error) {
      if (!(error instanceof ChangeLogError)) throw error;
      // Once, however many are refused until there is room again: each is told why itself.
      if (this.#failure !== error.message) {
        const about = { reason: error.message };
        this.#parts.log.error(about, "changes cannot be written to the journal and are not made");
      }
      this.#failure = error.message;
      const told = new ChangeError("DISK", error.message);
      for (const { edit, waiting } of groups) {
        edit.abort();
        for (const { fail } of waiting) fail(told);
      }
      return false;
    }
  }

  #append(entries: readonly JournalEntry[], leases: readonly LeaseNote[]): void {
    this.#parts.changeLog?.append(entries, leases);
    if (this.#failure !== null) this.#parts.log.warn({}, "changes are written to the journal again");
    this.#failure = null;
  }

  #publish({ edit, entries, leases, done }: Group): void {
    // A lease that was renewed changes nothing of the zone.
    if (entries.length > 0) edit.commit();
    else edit.abort();
    this.#parts.leases?.take(leases);
    for (const entry of entries) this.#tell(entry);
    for (const one of done) one();
  }

  #tell(entry: JournalEntry): void {
    for (const listener of this.#listeners) listener(entry);
  }
}
