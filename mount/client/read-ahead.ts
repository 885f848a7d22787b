/**
 * Reading files: one READ as asked for where a file is read here and there, and a window of them under way ahead of whoever reads it from one end to the other. What was
 * read ahead is given out once, and dropped when the file changes or after the time that its attributes are believed at least.
 */
import { type Clock } from "../../base/index.ts";
import { type FileKey } from "../file-key.ts";
import { type ReadPart } from "../file-system.ts";
import { NFS_PROCEDURES } from "../nfs/procedures.ts";
import { isStatus, type Status } from "../status.ts";
import { type AttributeCache } from "./attribute-cache.ts";
import { BoundedMap } from "./bounded-map.ts";
import { type ClientCounters } from "./counters.ts";
import { type FileCalls } from "./file-calls.ts";
import { type Rooms } from "./rooms.ts";

export interface ReadAheadParts {
  readonly clock: Clock;
  readonly calls: FileCalls;
  readonly attributes: AttributeCache;
  readonly counters: ClientCounters;
  readonly rooms: Rooms;
  readonly windowCalls: number;
  /** How long what was read ahead may be given out. */
  readonly lifeMilliseconds: number;
  /** How much one READ asks for at most. */
  readonly partOctets: () => number;
}

/** One READ ahead. `part` is there when it has come. */
interface Ahead {
  readonly offset: number;
  readonly end: number;
  readonly until: number;
  readonly coming: Promise<ReadPart | Status>;
  part: ReadPart | null;
}

/** How a file is being read. */
interface Course {
  /** Where the next read begins if it goes on as before. */
  next: number;
  /** Reads that went on as before, one after the other. */
  steps: number;
  ahead: Ahead[];
}

/** So many files are read ahead at once; each may hold a window. */
const COURSES_MAX = 8;
/** From the second read on that goes on where the one before ended, more is read than was asked for. */
const STEPS_MIN = 1;
const NO_OCTETS = new Uint8Array(0);

export class ReadAhead {
  readonly #parts: ReadAheadParts;
  readonly #courses = new BoundedMap<FileKey, Course>(COURSES_MAX);

  constructor(parts: ReadAheadParts) {
    this.#parts = parts;
  }

  read(key: FileKey, offset: number, octetsMax: number): ReadPart | Status | Promise<ReadPart | Status> {
    const course = this.#courses.get(key) ?? this.#begin(key);
    const isGoingOn = course.next === offset;
    course.steps = isGoingOn ? course.steps + 1 : course.ahead.length > 0 ? course.steps : 0;
    const held = this.#heldAt(course, offset);
    const size = held === null ? this.#partOctets(octetsMax) : Math.min(octetsMax, held.end - offset);
    course.next = offset + size;
    if (this.#parts.windowCalls > 1 && course.steps > STEPS_MIN) this.#extend(key, course);
    if (held === null) return this.#askInCourse(key, course, offset, size);
    this.#parts.counters.readAheadHits++;
    const skipped = offset - held.offset;
    // A part that is given whole is given to one reader only, who may give its memory back.
    const isWhole = skipped === 0 && octetsMax >= held.end - held.offset;
    if (isWhole) {
      course.ahead = course.ahead.filter((ahead) => ahead !== held);
      return held.part ?? held.coming.then((part) => (isStatus(part) ? this.#ask(key, offset, size) : part));
    }
    if (held.part !== null) return cut(course, held.part, skipped, octetsMax);
    return held.coming.then((part) => {
      // What went wrong ahead may be right now, and what came short is asked for by itself.
      if (isStatus(part) || (skipped >= part.octets.length && !part.isEnd)) return this.#ask(key, offset, size);
      return cut(course, part, skipped, octetsMax);
    });
  }

  /** Nothing that was read ahead of that file is given out any more. */
  drop(key: FileKey): void {
    const course = this.#courses.get(key);
    if (course !== undefined) course.ahead = [];
  }

  clear(): void {
    this.#courses.clear();
  }

  #begin(key: FileKey): Course {
    const course: Course = { next: 0, steps: 0, ahead: [] };
    this.#courses.set(key, course);
    return course;
  }

  #partOctets(octetsMax: number): number {
    return Math.min(octetsMax, this.#parts.partOctets());
  }

  /** The READ ahead in which the offset lies. Those wholly behind it have served. */
  #heldAt(course: Course, offset: number): Ahead | null {
    const now = this.#parts.clock.now();
    if (course.ahead.length === 0) return null;
    // Readers that ask for several parts at once (a kernel behind our server) come a little out of order.
    const behind = offset - this.#parts.windowCalls * this.#parts.partOctets();
    course.ahead = course.ahead.filter(({ end, until }) => end > behind && until > now);
    return course.ahead.find((ahead) => ahead.offset <= offset && offset < endOf(ahead)) ?? null;
  }

  /** Puts as many READs on their way behind the last one as the window has room for: one more for each step. */
  #extend(key: FileKey, course: Course): void {
    const { windowCalls, clock, attributes, lifeMilliseconds } = this.#parts;
    const partOctets = this.#parts.partOctets();
    // Where the size is not known, one READ ahead finds the end.
    const size = attributes.last(key)?.sizeOctets ?? course.next + partOctets;
    const window = Math.min(windowCalls, course.steps);
    let from = course.ahead.reduce((end, ahead) => Math.max(end, ahead.end), course.next);
    while (from < size && from < course.next + window * partOctets) {
      const offset = from;
      const coming = this.#ask(key, offset, partOctets);
      const ahead: Ahead = {
        offset,
        end: Math.min(size, offset + partOctets),
        until: clock.now() + lifeMilliseconds,
        coming,
        part: null,
      };
      void coming.then((part) => {
        if (!isStatus(part)) ahead.part = part;
      });
      course.ahead.push(ahead);
      from = offset + partOctets;
    }
  }

  /** A server may give less than was asked for; who reads on goes on from there. */
  async #askInCourse(key: FileKey, course: Course, offset: number, size: number): Promise<ReadPart | Status> {
    const part = await this.#ask(key, offset, size);
    if (!isStatus(part) && course.next === offset + size) course.next = offset + part.octets.length;
    return part;
  }

  async #ask(key: FileKey, offset: number, octetsMax: number): Promise<ReadPart | Status> {
    const { calls, counters } = this.#parts;
    if (octetsMax === 0) return { octets: NO_OCTETS, isEnd: false };
    const result = await calls.on([key], NFS_PROCEDURES.READ, (handle) => ({ handle, offset, octetsMax }));
    if (typeof result === "string" || result.status !== "OK") return calls.failed(result, [key]);
    const { octets, isEnd, attributes } = result.good;
    if (attributes !== null && calls.learn(key, attributes) === null) return "STALE";
    // More than was asked for, or nothing for ever, is no reading.
    if (octets.length > octetsMax || (octets.length === 0 && !isEnd)) return "SERVERFAULT";
    counters.readOctets += octets.length;
    return { octets, isEnd, release: this.#parts.rooms.releaseOf(octets) };
  }
}

/** Where it ends: a server may give less than was asked for. */
function endOf({ offset, end, part }: Ahead): number {
  return part === null || part.isEnd ? end : offset + part.octets.length;
}

function cut(course: Course, part: ReadPart, skipped: number, octetsMax: number): ReadPart {
  const octets = part.octets.subarray(skipped, skipped + octetsMax);
  const isEnd = part.isEnd && skipped + octets.length >= part.octets.length;
  // Who has come to the end needs it no more.
  if (isEnd) course.ahead = [];
  return { octets, isEnd };
}
