/**
 * The parts that most procedures share (RFC 1813 §2.5, §2.6), in both directions: handles, names, attributes (fattr3), attributes to be set (sattr3), and what a changing procedure says
 * of before and after (wcc_data). Handles are strings with one octet a character, as file keys are.
 */
import { type AttributeChanges, type Attributes, type FileKind, type FileTime } from "../file-system.ts";
import { fileNameOctets, fileNameText } from "../file-name.ts";
import { XdrError, type XdrReader } from "../rpc/xdr-reader.ts";
import { type XdrWriter } from "../rpc/xdr-writer.ts";

/** NFS3_FHSIZE. */
export const HANDLE_OCTETS_MAX = 64;
/** Names and paths on the wire: as long as a path may be, so that a name too long is told by its status and WebNFS paths come through. */
export const PATH_OCTETS_MAX = 4096;

/** A file's size and times before a change, so that a client sees whether somebody else changed it in between. */
export interface WccAttributes {
  readonly sizeOctets: number;
  readonly modified: FileTime;
  readonly changed: FileTime;
}

export interface WccData {
  readonly before: WccAttributes | null;
  readonly after: Attributes | null;
}

/** A directory's handle and a name in it (diropargs3). */
export interface WirePlace {
  readonly directory: string;
  readonly name: string;
}

/** ftype3, from 1 on. */
const KINDS: readonly FileKind[] = ["file", "directory", "block", "character", "link", "socket", "fifo"];
const KIND_NUMBERS: ReadonlyMap<FileKind, number> = new Map(KINDS.map((kind, index) => [kind, index + 1]));
const SECONDS_MAX = 0xffff_ffff;

export function writeHandle(writer: XdrWriter, handle: string): void {
  writer.opaqueText(handle);
}

export function readHandle(reader: XdrReader): string {
  return reader.opaqueText(HANDLE_OCTETS_MAX);
}

export function writeName(writer: XdrWriter, name: string): void {
  writer.opaque(fileNameOctets(name));
}

export function readName(reader: XdrReader): string {
  return fileNameText(reader.opaque(PATH_OCTETS_MAX));
}

export function writePlace(writer: XdrWriter, place: WirePlace): void {
  writeHandle(writer, place.directory);
  writeName(writer, place.name);
}

export function readPlace(reader: XdrReader): WirePlace {
  const directory = readHandle(reader);
  return { directory, name: readName(reader) };
}

export function writeTime(writer: XdrWriter, time: FileTime): void {
  // NFSv3 counts from 1970 to 2106; what lies outside becomes the nearer end.
  writer.u32(Math.min(SECONDS_MAX, Math.max(0, time.seconds)));
  writer.u32(time.nanoseconds);
}

export function readTime(reader: XdrReader): FileTime {
  const seconds = reader.u32();
  return { seconds, nanoseconds: reader.u32() };
}

/** fattr3. The device numbers of block and character devices are not kept: nobody opens a device over a mount. */
export function writeAttributes(writer: XdrWriter, attributes: Attributes): void {
  writer.u32(KIND_NUMBERS.get(attributes.kind)!);
  writer.u32(attributes.mode);
  writer.u32(attributes.links);
  writer.u32(attributes.uid);
  writer.u32(attributes.gid);
  writer.size(attributes.sizeOctets);
  writer.size(attributes.usedOctets);
  writer.u32(0);
  writer.u32(0);
  writer.u64(attributes.fileSystemId);
  writer.u64(attributes.fileId);
  writeTime(writer, attributes.accessed);
  writeTime(writer, attributes.modified);
  writeTime(writer, attributes.changed);
}

export function readAttributes(reader: XdrReader): Attributes {
  const number = reader.u32();
  const kind = KINDS[number - 1];
  if (kind === undefined) throw new XdrError("value", `there is no file type ${number}`);
  const mode = reader.u32() & 0o7777;
  const links = reader.u32();
  const uid = reader.u32();
  const gid = reader.u32();
  const sizeOctets = reader.size();
  const usedOctets = reader.size();
  reader.u32();
  reader.u32();
  const fileSystemId = reader.u64();
  const fileId = reader.u64();
  const accessed = readTime(reader);
  const modified = readTime(reader);
  const changed = readTime(reader);
  // One literal, so that all attributes have one shape.
  return {
    kind,
    mode,
    links,
    uid,
    gid,
    sizeOctets,
    usedOctets,
    fileSystemId,
    fileId,
    accessed,
    modified,
    changed,
    lifeSeconds: null,
  };
}

/** post_op_attr: there or not. */
export function writeMaybeAttributes(writer: XdrWriter, attributes: Attributes | null): void {
  writer.boolean(attributes !== null);
  if (attributes !== null) writeAttributes(writer, attributes);
}

export function readMaybeAttributes(reader: XdrReader): Attributes | null {
  return reader.boolean() ? readAttributes(reader) : null;
}

/** post_op_fh3. */
export function writeMaybeHandle(writer: XdrWriter, handle: string | null): void {
  writer.boolean(handle !== null);
  if (handle !== null) writeHandle(writer, handle);
}

export function readMaybeHandle(reader: XdrReader): string | null {
  return reader.boolean() ? readHandle(reader) : null;
}

export function writeWcc(writer: XdrWriter, wcc: WccData): void {
  writer.boolean(wcc.before !== null);
  if (wcc.before !== null) {
    writer.size(wcc.before.sizeOctets);
    writeTime(writer, wcc.before.modified);
    writeTime(writer, wcc.before.changed);
  }
  writeMaybeAttributes(writer, wcc.after);
}

export function readWcc(reader: XdrReader): WccData {
  const before = reader.boolean() ? readWccAttributes(reader) : null;
  return { before, after: readMaybeAttributes(reader) };
}

function readWccAttributes(reader: XdrReader): WccAttributes {
  const sizeOctets = reader.size();
  const modified = readTime(reader);
  return { sizeOctets, modified, changed: readTime(reader) };
}

/** time_how. */
const DONT_CHANGE = 0;
const SET_TO_SERVER_TIME = 1;
const SET_TO_CLIENT_TIME = 2;

/** sattr3. */
export function writeChanges(writer: XdrWriter, changes: AttributeChanges): void {
  for (const value of [changes.mode, changes.uid, changes.gid]) {
    writer.boolean(value !== undefined);
    if (value !== undefined) writer.u32(value);
  }
  writer.boolean(changes.sizeOctets !== undefined);
  if (changes.sizeOctets !== undefined) writer.size(changes.sizeOctets);
  writeTimeChange(writer, changes.accessed);
  writeTimeChange(writer, changes.modified);
}

function writeTimeChange(writer: XdrWriter, time: FileTime | "now" | undefined): void {
  if (time === undefined) writer.u32(DONT_CHANGE);
  else if (time === "now") writer.u32(SET_TO_SERVER_TIME);
  else {
    writer.u32(SET_TO_CLIENT_TIME);
    writeTime(writer, time);
  }
}

export function readChanges(reader: XdrReader): AttributeChanges {
  const mode = reader.boolean() ? reader.u32() & 0o7777 : undefined;
  const uid = reader.boolean() ? reader.u32() : undefined;
  const gid = reader.boolean() ? reader.u32() : undefined;
  const sizeOctets = reader.boolean() ? reader.size() : undefined;
  const accessed = readTimeChange(reader);
  const modified = readTimeChange(reader);
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(sizeOctets === undefined ? {} : { sizeOctets }),
    ...(accessed === undefined ? {} : { accessed }),
    ...(modified === undefined ? {} : { modified }),
  };
}

function readTimeChange(reader: XdrReader): FileTime | "now" | undefined {
  const how = reader.u32();
  if (how > SET_TO_CLIENT_TIME) throw new XdrError("value", `there is no way ${how} to set a time`);
  return how === DONT_CHANGE ? undefined : how === SET_TO_SERVER_TIME ? "now" : readTime(reader);
}
