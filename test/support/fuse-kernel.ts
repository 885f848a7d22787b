/** A kernel for a FUSE session: makes requests octet by octet as <linux/fuse.h> has them, apart from the product's own structures, and waits for replies. */
import { SimulatedClock, silentLog } from "../../base/index.ts";
import { FuseSession } from "../../mount/fuse/session.ts";
import type { FileSystem } from "../../mount/index.ts";
import { good } from "./file-system-contract.ts";

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
