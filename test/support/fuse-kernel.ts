/** A kernel for a FUSE session: makes requests octet by octet as <linux/fuse.h> has them, apart from the product's own structures, and waits for replies. */
import { SimulatedClock, silentLog } from "../../base/index.ts";
import { FuseSession } from "../../mount/fuse/session.ts";
import { type FileSystem, MemoryFileSystem } from "../../mount/index.ts";
import { CONTRACT_FILES, good } from "./file-system-contract.ts";

export interface FuseReply {
  readonly errno: number;
  readonly body: Buffer;
}

/** Numbers of the given widths one behind the other, names with their NUL. */
export function body(...parts: readonly (readonly ["u32" | "u64", number | bigint] | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === "string") return Buffer.from(`${part}\0`);
      if (part instanceof Uint8Array) return part;
      const octets = Buffer.alloc(part[0] === "u32" ? 4 : 8);
      if (part[0] === "u32") octets.writeUInt32LE(Number(part[1]));
      else octets.writeBigUInt64LE(BigInt(part[1]));
      return octets;
    }),
  );
}

export const u32 = (value: number) => ["u32", value] as const;
export const u64 = (value: number | bigint) => ["u64", value] as const;

export function request(head: { opcode: number; unique: number; node?: number }, content: Uint8Array): Buffer {
  const header = body(u32(40 + content.length), u32(head.opcode), u64(head.unique), u64(head.node ?? 1));
  return Buffer.concat([header, body(u32(1000), u32(1000), u32(77), u32(0)), content]);
}

export class FuseKernel {
  readonly session: FuseSession;
  readonly clock = new SimulatedClock();
  readonly replies = new Map<number, FuseReply>();
  /** Requests that it gave up: their replies are refused. */
  readonly givenUp = new Set<number>();
  #unique = 0;

  private constructor(session: (kernel: FuseKernel) => FuseSession) {
    this.session = session(this);
  }

  static async over(fileSystem: FileSystem): Promise<FuseKernel> {
    const root = await good(fileSystem.root());
    return new FuseKernel(
      (kernel) =>
        new FuseSession(root, {
          fileSystem,
          clock: kernel.clock,
          log: silentLog,
          reply: (pieces) => kernel.#take(Buffer.concat(pieces)),
        }),
    );
  }

  get lastUnique(): number {
    return this.#unique;
  }

  /** Sends a request and gives its number. */
  send(opcode: number, content: Uint8Array = Buffer.alloc(0), node = 1): number {
    this.#unique += 2;
    this.session.receive(request({ opcode, unique: this.#unique, node }, content));
    return this.#unique;
  }

  async ask(opcode: number, content?: Uint8Array, node?: number): Promise<FuseReply> {
    const unique = this.send(opcode, content, node);
    for (let turns = 0; turns < 200; turns++) {
      const reply = this.replies.get(unique);
      if (reply !== undefined) return reply;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`no reply to request ${unique} of kind ${opcode}`);
  }

  /** INIT as Linux 6.1 sends it. */
  init(): Promise<FuseReply> {
    return this.ask(26, body(u32(7), u32(37), u32(131072), u32(0x73fffffb), u32(0), new Uint8Array(44)));
  }

  /** The node of a name, which the kernel holds from then on. */
  async lookup(name: string, node = 1): Promise<number> {
    const { errno, body: entry } = await this.ask(1, body(name), node);
    if (errno !== 0) throw new Error(`LOOKUP ${name}: errno ${errno}`);
    return Number(entry.readBigUInt64LE(0));
  }

  #take(reply: Buffer): boolean {
    const unique = Number(reply.readBigUInt64LE(8));
    if (reply.readUInt32LE(0) !== reply.length) throw new Error("a reply says another length than it has");
    if (this.givenUp.has(unique)) return false;
    if (this.replies.has(unique)) throw new Error(`request ${unique} was answered twice`);
    this.replies.set(unique, { errno: Math.abs(reply.readInt32LE(4)), body: reply.subarray(16) });
    return true;
  }
}

/** Opcodes, as <linux/fuse.h> numbers them. */
export const OP = {
  ...{
    LOOKUP: 1,
    FORGET: 2,
    GETATTR: 3,
    SETATTR: 4,
    READLINK: 5,
    SYMLINK: 6,
    MKNOD: 8,
    MKDIR: 9,
    UNLINK: 10,
    RMDIR: 11,
  },
  ...{
    RENAME: 12,
    LINK: 13,
    OPEN: 14,
    READ: 15,
    WRITE: 16,
    STATFS: 17,
    RELEASE: 18,
    FSYNC: 20,
    GETXATTR: 22,
    FLUSH: 25,
  },
  ...{ INIT: 26, OPENDIR: 27, READDIR: 28, RELEASEDIR: 29, ACCESS: 34, CREATE: 35, INTERRUPT: 36, DESTROY: 38 },
  ...{ BATCH_FORGET: 42, READDIRPLUS: 44, RENAME2: 45 },
};

export const ERRNO = {
  ...{
    ENOENT: 2,
    EINTR: 4,
    EIO: 5,
    EEXIST: 17,
    EINVAL: 22,
    EROFS: 30,
    ENOSYS: 38,
    ENOTEMPTY: 39,
    EPROTO: 71,
    ESTALE: 116,
  },
};

export function contractFiles(isWritable = true): MemoryFileSystem {
  return MemoryFileSystem.of(CONTRACT_FILES, { clock: new SimulatedClock(), isWritable });
}

/** A kernel that has said hello. */
export async function kernelOver(fileSystem: FileSystem): Promise<FuseKernel> {
  const kernel = await FuseKernel.over(fileSystem);
  await kernel.init();
  return kernel;
}

/** The same file system with some operations replaced. */
export function changed(base: FileSystem, changes: Partial<FileSystem>): FileSystem {
  return new Proxy(base, {
    get: (target, name) => {
      const own: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof own === "function" && !(name in changes) ? own.bind(target) : own;
    },
  });
}

export const read = (offset: number | bigint, octets: number): Buffer =>
  body(u64(0), u64(offset), u32(octets), u32(0), u64(0), u32(0), u32(0));
export const write = (offset: number, data: Uint8Array): Buffer =>
  body(u64(0), u64(offset), u32(data.length), u32(0), u64(0), u32(0), u32(0), data);
export const readdir = (handle: number, cookie: bigint, octets: number): Buffer =>
  body(u64(handle), u64(cookie), u32(octets), u32(0), u64(0), u32(0), u32(0));
export const setattr = (valid: number, fields: { size?: number; mtime?: number; mode?: number }): Buffer =>
  body(
    ...[u32(valid), u32(0), u64(0), u64(fields.size ?? 0), u64(0), u64(0), u64(fields.mtime ?? 0), u64(0)],
    ...[u32(0), u32(5), u32(0), u32(fields.mode ?? 0), u32(0), u32(0), u32(0), u32(0)],
  );
export const flushed = body(u64(0), u32(0), u32(0), u64(0));
