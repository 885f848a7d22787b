/**
 * The end of SQLite's write-ahead log, looked at before SQLite does: it goes on from the last commit whose checksums are right and drops what
 * is behind without a word (https://www.sqlite.org/fileformat2.html#the_write_ahead_log). A server that was killed leaves such an end, and
 * so does a damaged disk; whoever runs it is to know.
 */
import type { Files, Log } from "../base/index.ts";

export interface LogEnd {
  /** Octets behind the last sound commit that belong to the log, and that SQLite drops. */
  readonly droppedOctets: number;
  /** Whether commits stand there: what was acknowledged may be among them. */
  readonly hasLostCommits: boolean;
  /** Whether what is dropped ends in the middle: that may have been a commit as well. */
  readonly isCut: boolean;
}

const HEADER_OCTETS = 32;
const FRAME_HEADER_OCTETS = 24;
/** Of the frame header, what its checksum covers: page number and size of the database after a commit. */
const FRAME_SUMMED_OCTETS = 8;
/** The last bit says whether sums are made of big-endian words. */
const MAGIC = 0x377f0682;

const SOUND: LogEnd = { droppedOctets: 0, hasLostCommits: false, isCut: false };

/** Of the log that a server left; one that is not there ends well. Throws FileError. */
export function logEndOf(path: string, files: Pick<Files, "exists" | "read">): LogEnd {
  return files.exists(path) ? readLogEnd(files.read(path)) : SOUND;
}

export function tellOfLogEnd(journal: string, { droppedOctets, hasLostCommits, isCut }: LogEnd, log: Log): void {
  if (droppedOctets === 0) return;
  const about = { journal, droppedOctets };
  if (hasLostCommits)
    log.error(about, "the journal's log is damaged: it goes on from the last sound commit before that");
  else if (isCut) log.warn(about, "the journal's log is cut off: it goes on from the last sound commit before that");
  else log.warn(about, "the journal's log ends in a change that was not finished: it goes on from the one before");
}

function readLogEnd(log: Uint8Array): LogEnd {
  if (log.length < HEADER_OCTETS) return { ...SOUND, droppedOctets: log.length, isCut: log.length > 0 };
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const isLittle = (view.getUint32(0) & 1) === 0;
  const pageOctets = view.getUint32(8);
  const isPage = pageOctets >= 512 && pageOctets <= 65_536;
  const sum = new Sum(view, isLittle);
  sum.add(0, 24);
  const isHeader = (view.getUint32(0) & ~1) >>> 0 === MAGIC && isPage && sum.is(24);
  if (!isHeader) return { ...SOUND, droppedOctets: log.length, hasLostCommits: true };
  return readFrames(view, FRAME_HEADER_OCTETS + pageOctets, sum);
}

function readFrames(view: DataView, frameOctets: number, sum: Sum): LogEnd {
  let soundOctets = HEADER_OCTETS;
  let end = HEADER_OCTETS;
  let isSound = true;
  let hasLostCommits = false;
  let at = HEADER_OCTETS;
  for (; at + frameOctets <= view.byteLength; at += frameOctets) {
    const isCommit = view.getUint32(at + 4) !== 0;
    // Frames with other salts are of a time before the log was begun anew, and mean nothing.
    const isOurs = view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    if (isSound && isOurs) {
      sum.add(at, FRAME_SUMMED_OCTETS);
      sum.add(at + FRAME_HEADER_OCTETS, frameOctets - FRAME_HEADER_OCTETS);
    }
    isSound &&= isOurs && sum.is(at + 16);
    if (isOurs) end = at + frameOctets;
    if (isSound && isCommit) soundOctets = end;
    else if (isOurs && isCommit) hasLostCommits = true;
  }
  // A frame that was cut off, if it follows on what is ours.
  const isCut = end === at && at < view.byteLength;
  if (isCut) end = view.byteLength;
  return { droppedOctets: end - soundOctets, hasLostCommits, isCut };
}

/** SQLite's running checksum: two sums over pairs of 32-bit words. */
class Sum {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  #first = 0;
  #second = 0;

  constructor(view: DataView, isLittle: boolean) {
    this.#view = view;
    this.#isLittle = isLittle;
  }

  /** `length` is a multiple of eight. */
  add(from: number, length: number): void {
    let first = this.#first;
    let second = this.#second;
    for (let at = from; at < from + length; at += 8) {
      first = (first + this.#view.getUint32(at, this.#isLittle) + second) | 0;
      second = (second + this.#view.getUint32(at + 4, this.#isLittle) + first) | 0;
    }
    this.#first = first;
    this.#second = second;
  }

  /** Whether it is what stands there, which is big-endian always. */
  is(at: number): boolean {
    return this.#view.getInt32(at) === this.#first && this.#view.getInt32(at + 4) === this.#second;
  }
}
