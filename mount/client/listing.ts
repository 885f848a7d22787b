/**
 * Listing directories: pages of READDIRPLUS, or READDIR where the server has no better (RFC 1813 §3.3.16, §3.3.17). Cookies are the server's; its cookie verifier is kept beside the
 * cookies that came with it. A server whose listing turns in a circle or never ends is found out in constant memory.
 */
import { type FileKey, fileKeyOf } from "../file-key.ts";
import { type ListEntry, type ListPart } from "../file-system.ts";
import { type Listed, type WireEntry, type WireEntryPlus } from "../nfs/listing-procedures.ts";
import { NFS_PROCEDURES } from "../nfs/procedures.ts";
import { type Result } from "../nfs/procedure.ts";
import { type Attributes } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import { BoundedMap } from "./bounded-map.ts";
import { type FileCalls, isServersName } from "./file-calls.ts";

/** Somebody who lists a directory. */
interface Course {
  verifier: bigint;
  /** Entries of the last page that were not given yet, and the cookie behind which they come. */
  left: readonly ListEntry[];
  leftAfter: bigint;
  leftIsEnd: boolean;
  /** Brent's way to see a circle: a cookie kept for twice as many pages each time. */
  kept: bigint;
  pages: number;
  pagesMax: number;
  entries: number;
}

type Page = Listed<WireEntry & Partial<Pick<WireEntryPlus, "attributes" | "handle">>>;

const COURSES_MAX = 256;
/** More than any directory has; a server that goes on is making them up. */
const ENTRIES_MAX = 50_000_000;
/** Pages without a single entry for us, before the end, in one call. */
const EMPTY_PAGES_MAX = 8;
/** A page as asked for: what an entry takes with attributes and handle, and what a server can be expected to give. */
const ENTRY_OCTETS = 256;
const PAGE_OCTETS_MIN = 4096;
const PAGE_OCTETS_MAX = 262_144;

export class Listing {
  readonly #calls: FileCalls;
  readonly #courses = new BoundedMap<FileKey, Course>(COURSES_MAX);
  #hasPlus = true;

  constructor(calls: FileCalls) {
    this.#calls = calls;
  }

  async list(directory: FileKey, cookie: bigint, entriesMax: number): Promise<ListPart | Status> {
    if (entriesMax < 1) return "TOOSMALL";
    const course = this.#courseFrom(directory, cookie);
    const given = takeLeft(course, cookie, entriesMax);
    if (given !== null) return given;
    let from = cookie;
    for (let i = 0; i < EMPTY_PAGES_MAX; i++) {
      const page = await this.#page(directory, course, from, entriesMax);
      if (isStatus(page)) return page;
      course.verifier = page.verifier;
      const last = page.entries.at(-1)?.cookie ?? from;
      // An end that never comes, a circle, a name that leads elsewhere: none of them is a listing.
      if (!page.isEnd && (page.entries.length === 0 || isCircle(course, last))) return "SERVERFAULT";
      const entries = this.#entriesOf(directory, page);
      course.entries += entries?.length ?? 0;
      if (entries === null || course.entries > ENTRIES_MAX) return "SERVERFAULT";
      if (entries.length > 0 || page.isEnd) return giveFrom(course, entries, { from, isEnd: page.isEnd, entriesMax });
      from = last;
    }
    return "SERVERFAULT";
  }

  /** We changed the directory: nothing of it is given out that was asked before. */
  changed(directory: FileKey): void {
    const course = this.#courses.get(directory);
    if (course !== undefined) course.left = [];
  }

  #courseFrom(directory: FileKey, cookie: bigint): Course {
    const known = this.#courses.get(directory);
    if (known !== undefined && cookie !== 0n) {
      // Two who list it at once would look like one who turns in a circle.
      if (cookie !== known.leftAfter) beginCircle(known);
      return known;
    }
    const course: Course = {
      verifier: 0n,
      left: [],
      leftAfter: 0n,
      leftIsEnd: false,
      kept: 0n,
      pages: 0,
      pagesMax: 1,
      entries: 0,
    };
    this.#courses.set(directory, course);
    return course;
  }

  async #page(directory: FileKey, course: Course, cookie: bigint, entriesMax: number): Promise<Page | Status> {
    const verifier = cookie === 0n ? 0n : course.verifier;
    let octetsMax = Math.min(PAGE_OCTETS_MAX, Math.max(PAGE_OCTETS_MIN, entriesMax * ENTRY_OCTETS));
    for (;;) {
      const result = await this.#ask(directory, { cookie, verifier, octetsMax });
      if (typeof result !== "string" && result.status === "OK") {
        if (result.good.directory !== null && this.#calls.learn(directory, result.good.directory) === null)
          return "STALE";
        return result.good;
      }
      const status = this.#calls.failed(result, [directory]);
      if (status === "NOTSUPP" && this.#hasPlus) this.#hasPlus = false;
      else if (status === "TOOSMALL" && octetsMax < PAGE_OCTETS_MAX) octetsMax *= 2;
      else return status;
    }
  }

  #ask(
    directory: FileKey,
    page: { readonly cookie: bigint; readonly verifier: bigint; readonly octetsMax: number },
  ): Promise<Result<Page, Attributes | null> | Status> {
    const keys = [directory];
    if (!this.#hasPlus) return this.#calls.on(keys, NFS_PROCEDURES.READDIR, (handle) => ({ handle, ...page }));
    const nameOctetsMax = page.octetsMax;
    return this.#calls.on(keys, NFS_PROCEDURES.READDIRPLUS, (handle) => ({ handle, nameOctetsMax, ...page }));
  }

  /** Null when a name is no name. */
  #entriesOf(directory: FileKey, page: Page): ListEntry[] | null {
    const entries: ListEntry[] = [];
    for (const { name, fileId, cookie, attributes, handle } of page.entries) {
      if (name === "." || name === "..") continue;
      if (!isServersName(name) || cookie === 0n) return null;
      const hasBoth = attributes !== undefined && attributes !== null && handle !== undefined && handle !== null;
      const found = hasBoth ? this.#found(directory, name, { handle, attributes }) : null;
      entries.push({ name, fileId, cookie, found });
    }
    return entries;
  }

  #found(
    directory: FileKey,
    name: string,
    { handle, attributes }: { readonly handle: string; readonly attributes: Attributes },
  ): ListEntry["found"] {
    const key = this.#calls.keyOf(handle);
    const learned = this.#calls.learn(key, attributes);
    if (learned === null) return null;
    this.#calls.learnName({ directory, name }, key);
    return { key: fileKeyOf(key), attributes: learned };
  }
}

/** What is left of the page before, where it goes on right there. */
function takeLeft(course: Course, cookie: bigint, entriesMax: number): ListPart | null {
  if (cookie === 0n || course.left.length === 0 || course.leftAfter !== cookie) return null;
  return giveFrom(course, course.left, { from: cookie, isEnd: course.leftIsEnd, entriesMax });
}

/** As many as are wanted; the rest is kept for who goes on. */
function giveFrom(
  course: Course,
  entries: readonly ListEntry[],
  { from, isEnd, entriesMax }: { readonly from: bigint; readonly isEnd: boolean; readonly entriesMax: number },
): ListPart {
  const given = entries.slice(0, entriesMax);
  course.left = entries.slice(entriesMax);
  course.leftAfter = given.at(-1)?.cookie ?? from;
  course.leftIsEnd = isEnd;
  return { entries: given, isEnd: isEnd && course.left.length === 0 };
}

function beginCircle(course: Course): void {
  course.kept = 0n;
  course.pages = 0;
  course.pagesMax = 1;
  course.entries = 0;
}

/** Whether this page ends where an earlier one did. */
function isCircle(course: Course, last: bigint): boolean {
  if (last === course.kept) return true;
  if (++course.pages < course.pagesMax) return false;
  course.kept = last;
  course.pages = 0;
  course.pagesMax *= 2;
  return false;
}
