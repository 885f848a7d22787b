/** Replies to the kernel: headers and structures of <linux/fuse.h> as octets. */
import { fileNameOctets } from "../file-name.ts";
import type { Attributes, FileTime, Space } from "../file-system.ts";
import { FORMAT, FUSE_MAJOR, FUSE_MINOR, OUT_HEADER_OCTETS, OUT_OCTETS } from "./constants.ts";

/** What cp(1) and others are told to read at once. */
const BLOCK_OCTETS = 1 << 17;
const SPACE_BLOCK_OCTETS = 4096;
const NAME_OCTETS_MAX = 255;
const UNIT_OCTETS = 512;

/** How long the kernel may believe it. */
export interface Validity {
  readonly seconds: number;
}

export interface Entry {
  readonly node: number;
  readonly validity: Validity;
  readonly attributes: Attributes;
}

/** `errno` is 0 for success. */
export function header(unique: number, errno: number, bodyOctets: number): Uint8Array {
  const octets = new Uint8Array(OUT_HEADER_OCTETS);
  const view = new DataView(octets.buffer);
  view.setUint32(0, OUT_HEADER_OCTETS + bodyOctets, true);
  view.setInt32(4, -errno, true);
  setNumber(view, 8, unique);
  return octets;
}

export interface InitAnswer {
  readonly readaheadMax: number;
  readonly flags: number;
  readonly writeOctetsMax: number;
  readonly pagesMax: number;
  readonly backgroundMax: number;
}

/** A kernel that is older than this server's version of the protocol says so, and both keep to it. */
export function initOut(minor: number, answer: InitAnswer): Uint8Array {
  const view = new DataView(new ArrayBuffer(OUT_OCTETS.init));
  view.setUint32(0, FUSE_MAJOR, true);
  view.setUint32(4, Math.min(minor, FUSE_MINOR), true);
  view.setUint32(8, answer.readaheadMax, true);
  view.setUint32(12, answer.flags, true);
  view.setUint16(16, answer.backgroundMax, true);
  view.setUint16(18, Math.floor((answer.backgroundMax * 3) / 4), true);
  view.setUint32(20, answer.writeOctetsMax, true);
  // Times are kept to the nanosecond.
  view.setUint32(24, 1, true);
  view.setUint16(28, answer.pagesMax, true);
  return new Uint8Array(view.buffer);
}

export function entryOut(entry: Entry): Uint8Array {
  const octets = new Uint8Array(OUT_OCTETS.entry);
  writeEntry(octets, entry);
  return octets;
}

export function attrOut(attributes: Attributes, validity: Validity): Uint8Array {
  const octets = new Uint8Array(OUT_OCTETS.attrOut);
  const view = new DataView(octets.buffer);
  writeValidity(view, validity, { seconds: 0, nanoseconds: 8 });
  writeAttributes(view, 16, attributes);
  return octets;
}

export function openOut(handle: number, flags: number): Uint8Array {
  const octets = new Uint8Array(OUT_OCTETS.open);
  const view = new DataView(octets.buffer);
  setNumber(view, 0, handle);
  view.setUint32(8, flags, true);
  return octets;
}

export function writeOut(writtenOctets: number): Uint8Array {
  const octets = new Uint8Array(OUT_OCTETS.write);
  new DataView(octets.buffer).setUint32(0, writtenOctets, true);
  return octets;
}

export function statfsOut(space: Space): Uint8Array {
  const octets = new Uint8Array(OUT_OCTETS.statfs);
  const view = new DataView(octets.buffer);
  const free = Math.floor(space.freeOctets / SPACE_BLOCK_OCTETS);
  setNumber(view, 0, Math.floor(space.totalOctets / SPACE_BLOCK_OCTETS));
  setNumber(view, 8, free);
  setNumber(view, 16, free);
  setNumber(view, 24, space.totalFiles);
  setNumber(view, 32, space.freeFiles);
  view.setUint32(40, SPACE_BLOCK_OCTETS, true);
  view.setUint32(44, NAME_OCTETS_MAX, true);
  view.setUint32(48, SPACE_BLOCK_OCTETS, true);
  return octets;
}

/** The number that programs see: of one file system its own, of those mounted in it mixed with theirs, since all are one device to the kernel. */
export function inodeNumber(fileId: bigint, fileSystemId: bigint): bigint {
  if (fileSystemId === 0n) return fileId;
  return BigInt.asUintN(64, fileId ^ (fileSystemId * 0x9e37_79b9_7f4a_7c15n));
}

export interface DirectoryLine {
  readonly name: string;
  readonly inode: bigint;
  readonly cookie: bigint;
  readonly attributes: Attributes | null;
}

/** A page of a directory, as many lines as fit. */
export class DirectoryPage {
  readonly #octets: Uint8Array;
  #length = 0;

  constructor(sizeOctets: number) {
    this.#octets = new Uint8Array(sizeOctets);
  }

  get octets(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  /** False when it has no room for the line. */
  add(line: DirectoryLine): boolean {
    return this.#add(line, 0);
  }

  /** Node 0 tells the kernel nothing but the name. */
  hasRoomWithEntry(name: string): boolean {
    return this.#length + alignedLength(OUT_OCTETS.entry, fileNameOctets(name).length) <= this.#octets.length;
  }

  addWithEntry(line: DirectoryLine, entry: Entry | null): boolean {
    const start = this.#length;
    if (!this.#add(line, OUT_OCTETS.entry)) return false;
    if (entry !== null) writeEntry(this.#octets.subarray(start, start + OUT_OCTETS.entry), entry);
    return true;
  }

  #add({ name, inode, cookie, attributes }: DirectoryLine, before: number): boolean {
    const octets = fileNameOctets(name);
    const length = alignedLength(before, octets.length);
    if (this.#length + length > this.#octets.length) return false;
    const at = this.#length + before;
    const view = new DataView(this.#octets.buffer, this.#octets.byteOffset);
    view.setBigUint64(at, inode, true);
    view.setBigUint64(at + 8, cookie, true);
    view.setUint32(at + 16, octets.length, true);
    view.setUint32(at + 20, attributes === null ? 0 : FORMAT[attributes.kind] >> 12, true);
    this.#octets.set(octets, at + OUT_OCTETS.dirent);
    this.#length += length;
    return true;
  }
}

/** FUSE_DIRENT_ALIGN: records begin at multiples of 8. */
function alignedLength(before: number, nameOctets: number): number {
  return (before + OUT_OCTETS.dirent + nameOctets + 7) & ~7;
}

function writeEntry(octets: Uint8Array, { node, validity, attributes }: Entry): void {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  setNumber(view, 0, node);
  writeValidity(view, validity, { seconds: 16, nanoseconds: 32 });
  writeValidity(view, validity, { seconds: 24, nanoseconds: 36 });
  writeAttributes(view, 40, attributes);
}

function writeValidity(
  view: DataView,
  { seconds }: Validity,
  at: { readonly seconds: number; readonly nanoseconds: number },
): void {
  setNumber(view, at.seconds, Math.floor(seconds));
  view.setUint32(at.nanoseconds, Math.floor((seconds % 1) * 1e9), true);
}

/** struct fuse_attr. */
function writeAttributes(view: DataView, at: number, attributes: Attributes): void {
  const { accessed, modified, changed } = attributes;
  view.setBigUint64(at, inodeNumber(attributes.fileId, attributes.fileSystemId), true);
  setNumber(view, at + 8, attributes.sizeOctets);
  setNumber(view, at + 16, Math.ceil(attributes.usedOctets / UNIT_OCTETS));
  [accessed, modified, changed].forEach((time, i) =>
    writeTime(view, { seconds: at + 24 + 8 * i, nanoseconds: at + 48 + 4 * i }, time),
  );
  view.setUint32(at + 60, FORMAT[attributes.kind] | attributes.mode, true);
  view.setUint32(at + 64, attributes.links, true);
  view.setUint32(at + 68, attributes.uid, true);
  view.setUint32(at + 72, attributes.gid, true);
  view.setUint32(at + 80, BLOCK_OCTETS, true);
}

function writeTime(
  view: DataView,
  at: { readonly seconds: number; readonly nanoseconds: number },
  { seconds, nanoseconds }: FileTime,
): void {
  view.setBigInt64(at.seconds, BigInt(seconds), true);
  view.setUint32(at.nanoseconds, nanoseconds, true);
}

/** 64 bits, below 2^53. */
function setNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}
