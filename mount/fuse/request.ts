/**
 * Requests of the kernel as values, read with bounds (struct fuse_in_header and what follows it in <linux/fuse.h>; numbers are in the machine's order, which is little-endian
 * wherever Node runs). Names and data are copied out, for the octets are read into again.
 */
import type { AttributeChanges, FileTime } from "../file-system.ts";
import { fileNameText } from "../file-name.ts";
import { FATTR, IN_HEADER_OCTETS, IN_OCTETS, OPCODE } from "./constants.ts";

export interface Request {
  readonly unique: number;
  readonly node: number;
  readonly opcode: number;
  readonly body: Body;
}

/** A member for each kind, so that a group of kinds can be taken out. */
type Kinds<K extends string, Fields = unknown> = K extends string ? { readonly kind: K } & Readonly<Fields> : never;

export type Body =
  | Kinds<"init", { major: number; minor: number; readaheadMax: number; flags: number }>
  | Kinds<"lookup" | "unlink" | "rmdir", { name: string }>
  | Kinds<"forget", { forgets: readonly Forget[] }>
  | Kinds<"getattr" | "readlink" | "statfs" | "opendir" | "open" | "flush" | "fsync" | "destroy">
  | Kinds<"setattr", { changes: AttributeChanges }>
  | Kinds<"symlink", { name: string; target: string }>
  | Kinds<"mknod" | "mkdir", { name: string; mode: number }>
  | Kinds<"create", { name: string; mode: number; flags: number }>
  | Kinds<"rename", { name: string; newNode: number; newName: string; flags: number }>
  | Kinds<"link", { oldNode: number; name: string }>
  | Kinds<"read", { offset: number; sizeOctets: number }>
  | Kinds<"write", { offset: number; octets: Uint8Array }>
  | Kinds<"release" | "releasedir", { handle: number }>
  | Kinds<"readdir" | "readdirplus", { handle: number; cookie: bigint; sizeOctets: number }>
  | Kinds<"access", { mask: number }>
  | Kinds<"interrupt", { interrupted: number }>
  /** What nobody here knows, and what is known but broken. */
  | Kinds<"unknown">
  | Kinds<"malformed", { why: string }>;

export type BodyOf<K extends Body["kind"]> = Extract<Body, { readonly kind: K }>;

export interface Forget {
  readonly node: number;
  readonly lookups: number;
}

class Malformed extends Error {}

/** Null when not even the header is whole, so that there is nobody to answer. */
export function readRequest(octets: Uint8Array): Request | null {
  if (octets.length < IN_HEADER_OCTETS) return null;
  const header = new BodyReader(octets);
  const length = header.u32();
  const opcode = header.u32();
  try {
    const [unique, node] = [header.u64(), header.u64()];
    return { unique, node, opcode, body: readBody(octets, { length, opcode, node }) };
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

function readBody(
  octets: Uint8Array,
  { length, opcode, node }: { readonly length: number; readonly opcode: number; readonly node: number },
): Body {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  // Extensions stand at the end; none was asked for.
  const end = length - 8 * view.getUint16(36, true);
  if (length !== octets.length) return { kind: "malformed", why: `${length} octets announced, ${octets.length} came` };
  if (end < IN_HEADER_OCTETS) return { kind: "malformed", why: "the extensions are longer than the request" };
  const read = READERS[opcode];
  if (read === undefined) return { kind: "unknown" };
  try {
    return read(new BodyReader(octets.subarray(IN_HEADER_OCTETS, end)), node);
  } catch (error) {
    if (error instanceof Malformed) return { kind: "malformed", why: error.message };
    throw error;
  }
}

/** Reads numbers and names one behind the other; throws Malformed at the end of the octets. */
class BodyReader {
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Numbers from 2^53 on are none that the kernel or this server gives. */
  u64(): number {
    const at = this.#take(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high >= 1 << 21) throw new Malformed("a number is 2^53 or more");
    return high * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  u64Whole(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  s64(): number {
    return Number(this.#view.getBigInt64(this.#take(8), true));
  }

  skip(count: number): this {
    this.#take(count);
    return this;
  }

  /** Asserts how long the structure is that begins here. */
  struct(octets: number): this {
    if (this.#at + octets > this.#octets.length) throw new Malformed("it ends in the middle of its structure");
    return this;
  }

  name(): string {
    const end = this.#octets.indexOf(0, this.#at);
    if (end < 0) throw new Malformed("a name has no end");
    const name = fileNameText(this.#octets.slice(this.#at, end));
    this.#at = end + 1;
    return name;
  }

  rest(octets: number): Uint8Array {
    const at = this.#take(octets);
    return this.#octets.slice(at, at + octets);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#octets.length) throw new Malformed("it is too short");
    this.#at += count;
    return at;
  }
}

const READERS: Readonly<Record<number, (body: BodyReader, node: number) => Body>> = {
  [OPCODE.INIT]: (body) => {
    const [major, minor, readaheadMax, flags] = [body.u32(), body.u32(), body.u32(), body.u32()];
    return { kind: "init", major, minor, readaheadMax, flags };
  },
  [OPCODE.LOOKUP]: (body) => ({ kind: "lookup", name: body.name() }),
  [OPCODE.UNLINK]: (body) => ({ kind: "unlink", name: body.name() }),
  [OPCODE.RMDIR]: (body) => ({ kind: "rmdir", name: body.name() }),
  [OPCODE.FORGET]: (body, node) => ({ kind: "forget", forgets: [{ node, lookups: body.u64() }] }),
  [OPCODE.BATCH_FORGET]: readForgets,
  [OPCODE.GETATTR]: (body) => (body.struct(IN_OCTETS.getattr), { kind: "getattr" }),
  [OPCODE.SETATTR]: (body) => ({ kind: "setattr", changes: readChanges(body.struct(IN_OCTETS.setattr)) }),
  [OPCODE.READLINK]: () => ({ kind: "readlink" }),
  [OPCODE.SYMLINK]: (body) => ({ kind: "symlink", name: body.name(), target: body.name() }),
  [OPCODE.MKNOD]: (body) => {
    const mode = body.struct(IN_OCTETS.mknod).u32();
    return { kind: "mknod", mode, name: body.skip(12).name() };
  },
  [OPCODE.MKDIR]: (body) => {
    const mode = body.struct(IN_OCTETS.mkdir).u32();
    return { kind: "mkdir", mode, name: body.skip(4).name() };
  },
  [OPCODE.RENAME]: (body) => ({
    kind: "rename",
    newNode: body.u64(),
    flags: 0,
    name: body.name(),
    newName: body.name(),
  }),
  [OPCODE.RENAME2]: (body) => {
    const [newNode, flags] = [body.u64(), body.u32()];
    return { kind: "rename", newNode, flags, name: body.skip(4).name(), newName: body.name() };
  },
  [OPCODE.LINK]: (body) => ({ kind: "link", oldNode: body.u64(), name: body.name() }),
  [OPCODE.OPEN]: (body) => (body.struct(IN_OCTETS.open), { kind: "open" }),
  [OPCODE.OPENDIR]: (body) => (body.struct(IN_OCTETS.open), { kind: "opendir" }),
  [OPCODE.CREATE]: (body) => {
    const [flags, mode] = [body.struct(IN_OCTETS.create).u32(), body.u32()];
    return { kind: "create", flags, mode, name: body.skip(8).name() };
  },
  [OPCODE.READ]: (body) => {
    const offset = body.struct(IN_OCTETS.read).skip(8).u64();
    return { kind: "read", offset, sizeOctets: body.u32() };
  },
  [OPCODE.WRITE]: (body) => {
    const offset = body.struct(IN_OCTETS.write).skip(8).u64();
    const sizeOctets = body.u32();
    return { kind: "write", offset, octets: body.skip(20).rest(sizeOctets) };
  },
  [OPCODE.STATFS]: () => ({ kind: "statfs" }),
  [OPCODE.RELEASE]: (body) => ({ kind: "release", handle: body.struct(IN_OCTETS.release).u64() }),
  [OPCODE.RELEASEDIR]: (body) => ({ kind: "releasedir", handle: body.struct(IN_OCTETS.release).u64() }),
  [OPCODE.FSYNC]: (body) => (body.struct(IN_OCTETS.fsync), { kind: "fsync" }),
  [OPCODE.FLUSH]: (body) => (body.struct(IN_OCTETS.flush), { kind: "flush" }),
  [OPCODE.READDIR]: (body) => readListing(body, "readdir"),
  [OPCODE.READDIRPLUS]: (body) => readListing(body, "readdirplus"),
  [OPCODE.ACCESS]: (body) => ({ kind: "access", mask: body.struct(IN_OCTETS.access).u32() }),
  [OPCODE.INTERRUPT]: (body) => ({ kind: "interrupt", interrupted: body.u64() }),
  [OPCODE.DESTROY]: () => ({ kind: "destroy" }),
};

function readListing(body: BodyReader, kind: "readdir" | "readdirplus"): Body {
  const handle = body.struct(IN_OCTETS.read).u64();
  const cookie = body.u64Whole();
  return { kind, handle, cookie, sizeOctets: body.u32() };
}

function readForgets(body: BodyReader): Body {
  const count = body.u32();
  body.skip(4).struct(count * IN_OCTETS.forgetOne);
  const forgets: Forget[] = [];
  for (let i = 0; i < count; i++) forgets.push({ node: body.u64(), lookups: body.u64() });
  return { kind: "forget", forgets };
}

/** struct fuse_setattr_in. */
function readChanges(body: BodyReader): AttributeChanges {
  const valid = body.u32();
  const sizeOctets = body.skip(12).u64Whole();
  const seconds = [body.skip(8).s64(), body.s64()] as const;
  const nanoseconds = [body.skip(8).u32(), body.u32()] as const;
  const mode = body.skip(4).u32();
  const [uid, gid] = [body.skip(4).u32(), body.u32()];
  if (sizeOctets > Number.MAX_SAFE_INTEGER && (valid & FATTR.SIZE) !== 0) throw new Malformed("a size is 2^53 or more");
  const time = (which: 0 | 1, [given, now]: readonly [number, number]): FileTime | "now" | undefined => {
    if ((valid & now) !== 0) return "now";
    return (valid & given) === 0 ? undefined : { seconds: seconds[which], nanoseconds: nanoseconds[which] };
  };
  const [accessed, modified] = [time(0, [FATTR.ATIME, FATTR.ATIME_NOW]), time(1, [FATTR.MTIME, FATTR.MTIME_NOW])];
  return {
    ...((valid & FATTR.MODE) === 0 ? {} : { mode: mode & 0o7777 }),
    ...((valid & FATTR.UID) === 0 ? {} : { uid }),
    ...((valid & FATTR.GID) === 0 ? {} : { gid }),
    ...((valid & FATTR.SIZE) === 0 ? {} : { sizeOctets: Number(sizeOctets) }),
    ...(accessed === undefined ? {} : { accessed }),
    ...(modified === undefined ? {} : { modified }),
  };
}
