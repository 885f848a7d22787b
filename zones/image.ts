/**
 * The image of a zone on disk: what stands in the arena once its master file is read, so that a server that starts again need not
 * read the text again. It is written beside the file or in a folder for it, and believed only when everything it depends on is
 * as it was: format, program, zone, default TTL, and of every file that was read length, time, and identity or else digest. It must be whole by
 * its checksums, and nobody but our own user may have been able to write it: for whoever can write as us can change the
 * server itself, so offsets in an image that is whole are not doubted one by one.
 *
 *   magic (8 octets), octets of the head, CRC-32 of the head, head (JSON), octets of the arena, CRC-32 of those
 *
 * Numbers have 32 bits and are little-endian.
 *
 * What the octets mean is not this file's business: where they go to another place than they come from, `compact.ts` copies.
 */
import { endianness } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { concatOctets, FileError, type Files } from "../base/index.ts";
import { Arena, ARENA_OCTETS_DEFAULT, ARENA_START, ArenaFullError, type ArenaRegion } from "./arena.ts";
import { type LoadCounts, ttlSecondsDefaultOf, type ZoneFileToLoad } from "./load.ts";
import type { MasterProblem } from "./master/problem.ts";
import type { BuiltZone } from "./region.ts";
import { digestOf, type ReadFile, type SourceFiles } from "./source-files.ts";

/** To be raised whenever this file's format or anything in the arena changes; test/zones/image.test.ts sees when. */
export const IMAGE_FORMAT = 3;

const MAGIC = "STRATA\0Z";
const PREAMBLE_OCTETS = 16;
const CHECKSUM_OCTETS = 4;
const CHUNK_OCTETS = 1 << 20;
const HEAD_OCTETS_MAX = 1 << 26;

/** Where a zone's image stands, and which program's it must be. */
export interface ImagePlace {
  readonly path: string;
  readonly program: string;
}

interface ImageSource {
  /** Relative to the folder of the zone's file. */
  readonly file: string;
  readonly octets: number;
  readonly modifiedMilliseconds: number;
  /** See FileStatus. */
  readonly identity: string | null;
  readonly sha256: string;
}

interface ImageHead {
  readonly format: number;
  readonly byteOrder: string;
  readonly program: string;
  readonly apex: string;
  readonly ttlSecondsDefault: number | null;
  readonly sources: readonly ImageSource[];
  /** Where in its arena the zone stood. */
  readonly start: number;
  readonly built: BuiltZone;
  readonly counts: LoadCounts;
  readonly problems: readonly MasterProblem[];
}

export type ImageReading =
  | { readonly kind: "none" }
  /** `isStale`: it was right when it was written. */
  | { readonly kind: "unfit"; readonly reason: string; readonly isStale: boolean }
  | {
      readonly kind: "read";
      /** Holds the zone where `built` says: the region's arena, or another from which it must be copied. */
      readonly arena: Arena;
      readonly isInPlace: boolean;
      readonly built: BuiltZone;
      readonly counts: LoadCounts;
      readonly problems: readonly MasterProblem[];
    };

class Unfit extends Error {
  readonly isStale: boolean;

  constructor(reason: string, isStale = false) {
    super(reason);
    this.isStale = isStale;
  }
}

/** What reading needs to know. */
export interface ImageWish {
  readonly place: ImagePlace;
  readonly zone: ZoneFileToLoad;
  readonly sources: SourceFiles;
  readonly region: ArenaRegion;
}

/** Reads the zone's image, into the region if it comes from the same place. Throws ArenaFullError when the region is too small. */
export function readImage(wish: ImageWish): ImageReading {
  const { place, sources } = wish;
  try {
    const status = sources.files.status(place.path);
    if (status === null) return { kind: "none" };
    if (!status.isOursAlone) throw new Unfit("others than this server's user may have written it");
    const { head, at } = readHead(sources.files, place.path);
    checkHead(head, wish);
    if (status.octets !== at + head.built.end - head.start + CHECKSUM_OCTETS)
      throw new Unfit("it is cut off or has too much");
    checkSources(head, wish);
    return readBody(head, at, wish);
  } catch (error) {
    if (error instanceof Unfit) return { kind: "unfit", reason: error.message, isStale: error.isStale };
    if (error instanceof FileError) return { kind: "unfit", reason: error.message, isStale: false };
    throw error;
  }
}

function readHead(files: Files, path: string): { head: ImageHead; at: number } {
  const preamble = new Uint8Array(PREAMBLE_OCTETS);
  if (files.readInto(path, 0, preamble) < PREAMBLE_OCTETS) throw new Unfit("it is cut off or has too much");
  if (Buffer.from(preamble.subarray(0, 8)).toString("latin1") !== MAGIC) throw new Unfit("it is no image of a zone");
  const numbers = new DataView(preamble.buffer);
  const length = numbers.getUint32(8, true);
  if (length > HEAD_OCTETS_MAX) throw new Unfit("it is damaged");
  const octets = new Uint8Array(length);
  if (files.readInto(path, PREAMBLE_OCTETS, octets) < length) throw new Unfit("it is cut off or has too much");
  if (crc32(octets) !== numbers.getUint32(12, true)) throw new Unfit("it is damaged");
  const text = new TextDecoder().decode(octets);
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch {
    throw new Unfit("it is damaged");
  }
  if (!isObject(head) || head["format"] !== IMAGE_FORMAT) throw new Unfit("it has another format", true);
  if (!isHead(head)) throw new Unfit("it is damaged");
  return { head, at: PREAMBLE_OCTETS + length };
}

function checkHead(head: ImageHead, { zone, place: { program } }: ImageWish): void {
  if (head.program !== program) throw new Unfit(`${head.program} wrote it, and this is ${program}`, true);
  if (head.byteOrder !== endianness()) throw new Unfit("it comes from a machine with another order of octets");
  if (head.apex !== zone.apex.key) throw new Unfit("it is the image of another zone");
  if (head.ttlSecondsDefault !== ttlSecondsDefaultOf(zone)) throw new Unfit("the default TTL is another now", true);
}

/**
 * All times and lengths first: then nothing is read of files that have changed in the usual way. Nor of one that the system says has
 * not been touched; any other, a copy for instance, must have the digest of the one that was read.
 */
function checkSources({ sources: wanted }: ImageHead, { zone, sources }: ImageWish): void {
  const folder = resolve(dirname(zone.file));
  const paths = wanted.map(({ file }, i) => (i === 0 ? zone.file : resolve(folder, file)));
  const untouched = wanted.map(({ octets, modifiedMilliseconds, identity }, i) => {
    const status = sources.look(paths[i]!);
    if (status === null) throw new Unfit(`${paths[i]!} is gone`, true);
    if (status.octets !== octets || status.modifiedMilliseconds !== modifiedMilliseconds) {
      throw new Unfit(`${paths[i]!} has changed`, true);
    }
    return identity !== null && status.identity === identity;
  });
  wanted.forEach(({ sha256 }, i) => {
    if (untouched[i] === true) return;
    if (digestOf(sources.read(paths[i]!)) !== sha256) throw new Unfit(`${paths[i]!} has changed`, true);
  });
}

function readBody(head: ImageHead, at: number, { place: { path }, zone, sources, region }: ImageWish): ImageReading {
  const { start, built, counts } = head;
  const length = built.end - start;
  if (length > region.end - region.start) throw new ArenaFullError("the image is larger than the room for it");
  const isInPlace = start === region.start;
  const arena = new Arena(isInPlace ? region.buffer : new SharedArrayBuffer((built.end + 7) & ~7));
  const body = arena.octets.subarray(start, built.end);
  const checksum = new Uint8Array(CHECKSUM_OCTETS);
  const { files } = sources;
  const octets = files.readInto(path, at, body) + files.readInto(path, at + length, checksum);
  if (octets < length + CHECKSUM_OCTETS) throw new Unfit("it is cut off or has too much");
  if (crc32(body) !== new DataView(checksum.buffer).getUint32(0, true)) throw new Unfit("it is damaged");
  const main = head.sources[0]!.file;
  const problems = head.problems.map((problem) => ({
    ...problem,
    file: problem.file === main ? zone.file : join(dirname(zone.file), problem.file),
  }));
  return { kind: "read", arena, isInPlace, built, counts, problems };
}

/** What an image is made of. */
export interface ImageDraft {
  readonly place: ImagePlace;
  readonly zone: ZoneFileToLoad;
  readonly region: ArenaRegion;
  readonly built: BuiltZone;
  readonly counts: LoadCounts;
  readonly problems: readonly MasterProblem[];
  /** The zone's own file first. */
  readonly sources: readonly ReadFile[];
}

/**
 * The image's parts, to be written one behind the other. What stands in the arena is copied first, a little at a time: an edit
 * may meanwhile mark in it what it changes, and what is written must be what was summed up.
 */
export function* imageParts(draft: ImageDraft): Generator<Uint8Array> {
  yield headOf(draft);
  const { region, built } = draft;
  const octets = new Uint8Array(region.buffer);
  const chunk = new Uint8Array(Math.min(CHUNK_OCTETS, built.end - region.start));
  let sum = 0;
  for (let at = region.start; at < built.end; at += CHUNK_OCTETS) {
    const part = chunk.subarray(0, Math.min(CHUNK_OCTETS, built.end - at));
    part.set(octets.subarray(at, at + part.length));
    sum = crc32(part, sum);
    yield part;
  }
  const checksum = new Uint8Array(CHECKSUM_OCTETS);
  new DataView(checksum.buffer).setUint32(0, sum, true);
  yield checksum;
}

function headOf({ place, zone, region, built, counts, problems, sources }: ImageDraft): Uint8Array {
  const folder = resolve(dirname(zone.file));
  const head: ImageHead = {
    format: IMAGE_FORMAT,
    byteOrder: endianness(),
    program: place.program,
    apex: zone.apex.key,
    ttlSecondsDefault: ttlSecondsDefaultOf(zone),
    sources: sources.map(({ path, octets, status }) => ({
      file: relative(folder, resolve(path)),
      octets: octets.length,
      modifiedMilliseconds: status?.modifiedMilliseconds ?? -1,
      identity: status?.identity ?? null,
      sha256: digestOf(octets),
    })),
    start: region.start,
    built,
    counts,
    problems: problems.map((problem) => ({ ...problem, file: relative(folder, resolve(problem.file)) })),
  };
  const octets = new TextEncoder().encode(JSON.stringify(head));
  const preamble = new Uint8Array(PREAMBLE_OCTETS);
  preamble.set(Buffer.from(MAGIC, "latin1"));
  const numbers = new DataView(preamble.buffer);
  numbers.setUint32(8, octets.length, true);
  numbers.setUint32(12, crc32(octets), true);
  return concatOctets([preamble, octets]);
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(given: unknown): given is Fields {
  return typeof given === "object" && given !== null;
}

/** Whether every field that is read is there and a number is one that can be right. */
function isHead(given: unknown): given is ImageHead {
  if (!isObject(given) || !isOffset(given["start"]) || !isBuilt(given["built"], given["start"])) return false;
  const { byteOrder, program, apex, ttlSecondsDefault, sources, counts, problems } = given;
  const isText = [byteOrder, program, apex].every((text) => typeof text === "string");
  const isTtl = ttlSecondsDefault === null || typeof ttlSecondsDefault === "number";
  const isList = Array.isArray(sources) && sources.length > 0 && sources.every(isSource);
  const areProblems = Array.isArray(problems) && problems.every(isProblem);
  return isText && isTtl && isList && areProblems && isCounts(counts);
}

function isCounts(given: unknown): given is LoadCounts {
  if (!isObject(given)) return false;
  const { records, duplicates, serial } = given;
  return Number.isInteger(records) && Number.isInteger(duplicates) && (serial === null || Number.isInteger(serial));
}

function isOffset(given: unknown): given is number {
  return typeof given === "number" && Number.isInteger(given) && given >= ARENA_START && given % 4 === 0;
}

function isBuilt(given: unknown, start: number): given is BuiltZone {
  if (!isObject(given) || !isOffset(given["end"]) || given["end"] < start) return false;
  const { end, names, nsec3, index, records, liveOctets, wasteOctets } = given;
  const isRoot = (trie: unknown): boolean => {
    const root = isObject(trie) ? trie["root"] : undefined;
    return root === 0 || (typeof root === "number" && isOffset(root & ~1) && root >= start && root < end);
  };
  const nameCount = isObject(names) ? names["count"] : undefined;
  const isCounted = [records, nameCount, liveOctets, wasteOctets].every((count) => Number.isInteger(count));
  const isIndex = index === 0 || (isOffset(index) && index >= start && index < end);
  return end <= ARENA_OCTETS_DEFAULT && isRoot(names) && isRoot(nsec3) && isIndex && isCounted;
}

function isSource(given: unknown): given is ImageSource {
  if (!isObject(given)) return false;
  const { file, octets, modifiedMilliseconds, identity, sha256 } = given;
  const isText = [file, sha256, identity ?? ""].every((text) => typeof text === "string");
  return isText && typeof octets === "number" && typeof modifiedMilliseconds === "number";
}

function isProblem(given: unknown): given is MasterProblem {
  if (!isObject(given)) return false;
  const { severity, file, message, rule, suggestion, sourceLine, line, column, sourceColumn, length } = given;
  const isText = [file, message, rule, suggestion, sourceLine].every((text) => typeof text === "string");
  const isNumber = [line, column, sourceColumn, length].every((number) => typeof number === "number");
  return severity === "warning" && isText && isNumber;
}
