/** Conversations of a kernel with a FUSE session: what each request does. */
import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../../base/index.ts";
import { type FileSystem, MemoryFileSystem } from "../../../mount/index.ts";
import {
  body,
  changed,
  contractFiles,
  ERRNO,
  flushed,
  FuseKernel,
  kernelOver,
  OP,
  read,
  readdir,
  setattr,
  u32,
  u64,
  write,
} from "../../support/fuse-kernel.ts";

const { ENOENT, EIO, EEXIST, EINVAL, EROFS, ENOSYS, ENOTEMPTY, EPROTO, ESTALE } = ERRNO;

interface Line {
  readonly name: string;
  readonly cookie: bigint;
  readonly type: number;
  readonly node: number | null;
}

/** struct fuse_dirent one behind the other, each after a struct fuse_entry_out in READDIRPLUS. */
function linesOf(page: Buffer, isPlus: boolean): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < page.length;) {
    const start = at + (isPlus ? 128 : 0);
    const length = page.readUInt32LE(start + 16);
    lines.push({
      name: page.toString("utf8", start + 24, start + 24 + length),
      cookie: page.readBigUInt64LE(start + 8),
      type: page.readUInt32LE(start + 20),
      node: isPlus ? Number(page.readBigUInt64LE(at)) : null,
    });
    at = start + Math.ceil((24 + length) / 8) * 8;
  }
  return lines;
}

async function listWhole(
  kernel: FuseKernel,
  { opcode, node, octets }: { opcode: number; node: number; octets: number },
) {
  const handle = Number((await kernel.ask(OP.OPENDIR, body(u32(0), u32(0)), node)).body.readBigUInt64LE(0));
  const lines: Line[] = [];
  for (;;) {
    const { errno, body: page } = await kernel.ask(opcode, readdir(handle, lines.at(-1)?.cookie ?? 0n, octets), node);
    expect(errno).toBe(0);
    if (page.length === 0) break;
    expect(page.length).toBeLessThanOrEqual(octets);
    lines.push(...linesOf(page, opcode === OP.READDIRPLUS));
  }
  await kernel.ask(OP.RELEASEDIR, body(u64(handle), u32(0), u32(0), u64(0)), node);
  return lines;
}

describe("INIT", () => {
  test.each([
    ["Linux 6.1", 7, 37, 0, [7, 31, 131072]],
    ["a kernel of our version", 7, 31, 0, [7, 31, 131072]],
    ["an older one that will do", 7, 28, 0, [7, 28, 131072]],
    ["one that is too old", 7, 27, EPROTO, null],
    ["major version 6", 6, 9, EPROTO, null],
    ["a later major version, which asks again", 8, 1, 0, [7, 0, 0]],
  ] as const)("%s", async (_, major, minor, errno, answer) => {
    const kernel = await FuseKernel.over(contractFiles());
    const reply = await kernel.ask(OP.INIT, body(u32(major), u32(minor), u32(131072), u32(0xffffffff)));
    expect(reply.errno).toBe(errno);
    if (answer === null) return;
    expect(reply.body).toHaveLength(64);
    expect([0, 4, 8].map((at) => reply.body.readUInt32LE(at))).toEqual(answer);
    if (major === 7) expect(reply.body.readUInt32LE(20)).toBe(1 << 20);
  });

  test("only what the kernel offers is taken, and nothing is done before it", async () => {
    const kernel = await FuseKernel.over(contractFiles());
    expect((await kernel.ask(OP.GETATTR, new Uint8Array(16))).errno).toBe(EPROTO);
    const { body: answer } = await kernel.ask(OP.INIT, body(u32(7), u32(31), u32(4096), u32(1 << 5)));
    expect(answer.readUInt32LE(12)).toBe(1 << 5);
    expect((await kernel.ask(OP.GETATTR, new Uint8Array(16))).errno).toBe(0);
  });
});

describe("files", () => {
  test("are looked up, with attributes where struct fuse_entry_out has them", async () => {
    const kernel = await kernelOver(contractFiles());
    const { errno, body: entry } = await kernel.ask(OP.LOOKUP, body("readme"));
    expect(errno).toBe(0);
    expect(entry).toHaveLength(128);
    expect(Number(entry.readBigUInt64LE(0))).toBeGreaterThan(1);
    expect(entry.readBigUInt64LE(16)).toBe(1n);
    expect(entry.readBigUInt64LE(48)).toBe(7n);
    expect(entry.readUInt32LE(100).toString(8)).toBe("100644");
    expect(entry.readUInt32LE(104)).toBe(1);
    expect((await kernel.ask(OP.LOOKUP, body("gone"))).errno).toBe(ENOENT);
    expect((await kernel.ask(OP.GETATTR, new Uint8Array(16), 999)).errno).toBe(ESTALE);
  });

  test("say how long they may be kept: their TTL, in seconds and nanoseconds", async () => {
    const base = contractFiles();
    const attributes = { ...base.root().attributes, lifeSeconds: 2.5 };
    const kernel = await kernelOver(changed(base, { attributes: () => attributes }));
    const { body: answer } = await kernel.ask(OP.GETATTR, new Uint8Array(16));
    expect(answer).toHaveLength(104);
    expect([answer.readBigUInt64LE(0), answer.readUInt32LE(8)]).toEqual([2n, 500_000_000]);
  });

  test("are read in parts, also from a file system that gives less than is asked", async () => {
    const base = contractFiles();
    const short = changed(base, { read: (key, offset, octets) => base.read(key, offset, Math.min(octets, 3)) });
    const kernel = await kernelOver(short);
    const node = await kernel.lookup("readme");
    expect((await kernel.ask(OP.READ, read(0, 4096), node)).body.toString()).toBe("Strata\n");
    expect((await kernel.ask(OP.READ, read(2, 3), node)).body.toString()).toBe("rat");
    expect((await kernel.ask(OP.READ, read(100, 3), node)).body).toHaveLength(0);
    expect((await kernel.ask(OP.READ, read(2n ** 60n, 3), node)).errno).toBe(EINVAL);
  });

  test("are made, written, cut, given times, linked, moved and removed", async () => {
    const kernel = await kernelOver(contractFiles());
    const { body: made } = await kernel.ask(OP.CREATE, body(u32(0o102), u32(0o100600), u32(0), u32(0), "new"));
    expect(made).toHaveLength(144);
    const node = Number(made.readBigUInt64LE(0));
    expect((await kernel.ask(OP.WRITE, write(0, Buffer.from("hello")), node)).body.readUInt32LE(0)).toBe(5);
    expect((await kernel.ask(OP.FLUSH, flushed, node)).errno).toBe(0);
    const cut = await kernel.ask(
      OP.SETATTR,
      setattr((1 << 3) | (1 << 5) | 1, { size: 2, mtime: 99, mode: 0o640 }),
      node,
    );
    expect(cut.body.readBigUInt64LE(16 + 8)).toBe(2n);
    expect([cut.body.readBigUInt64LE(16 + 32), cut.body.readUInt32LE(16 + 52)]).toEqual([99n, 5]);
    expect(cut.body.readUInt32LE(16 + 60)).toBe(0o100640);
    const pub = await kernel.lookup("pub");
    expect((await kernel.ask(OP.LINK, body(u64(node), "second"), pub)).body.readUInt32LE(104)).toBe(2);
    expect((await kernel.ask(OP.MKNOD, body(u32(0o100644), u32(0), u32(0), u32(0), "node"))).errno).toBe(0);
    expect((await kernel.ask(OP.MKNOD, body(u32(0o010644), u32(0), u32(0), u32(0), "fifo"))).errno).toBe(1);
    expect((await kernel.ask(OP.MKDIR, body(u32(0o755), u32(0), "d"))).body.readUInt32LE(100)).toBe(0o40755);
    expect((await kernel.ask(OP.RENAME, body(u64(pub), "new", "moved"))).errno).toBe(0);
    expect((await kernel.ask(OP.RENAME2, body(u64(pub), u32(0), u32(0), "node", "moved2"))).errno).toBe(0);
    expect((await kernel.ask(OP.RENAME2, body(u64(pub), u32(2), u32(0), "d", "globe"))).errno).toBe(EINVAL);
    expect((await kernel.ask(OP.RMDIR, body("pub"))).errno).toBe(ENOTEMPTY);
    expect((await kernel.ask(OP.RMDIR, body("d"))).errno).toBe(0);
    expect((await kernel.ask(OP.UNLINK, body("moved"), pub)).errno).toBe(0);
    expect((await kernel.ask(OP.READ, read(0, 9), await kernel.lookup("second", pub))).body.toString()).toBe("he");
    const { body: link } = await kernel.ask(OP.SYMLINK, body("l", "päth/☃"));
    expect((await kernel.ask(OP.READLINK, undefined, Number(link.readBigUInt64LE(0)))).body.toString()).toBe("päth/☃");
  });

  test.each([
    ["O_CREAT alone keeps what is there", 0o100, 0, 7n],
    ["with O_TRUNC it is emptied", 0o1100, 0, 0n],
    ["with O_EXCL it is refused", 0o300, EEXIST, null],
  ])("made where one is: %s", async (_, flags, errno, size) => {
    const kernel = await kernelOver(contractFiles());
    const reply = await kernel.ask(OP.CREATE, body(u32(flags), u32(0o644), u32(0), u32(0), "readme"));
    expect(reply.errno).toBe(errno);
    if (size !== null) expect(reply.body.readBigUInt64LE(48)).toBe(size);
  });

  test("keep what the kernel has read of them only while they are the same", async () => {
    const kernel = await kernelOver(contractFiles());
    const node = await kernel.lookup("readme");
    const open = async (): Promise<number> =>
      (await kernel.ask(OP.OPEN, body(u32(0), u32(0)), node)).body.readUInt32LE(8);
    expect([await open(), await open()]).toEqual([0, 2]);
    await kernel.ask(OP.WRITE, write(0, Buffer.from("x")), node);
    expect([await open(), await open()]).toEqual([0, 2]);
  });

  test("of a read-only file system refuse to be written, and say so to access(2)", async () => {
    const kernel = await kernelOver(contractFiles(false));
    const node = await kernel.lookup("readme");
    expect((await kernel.ask(OP.WRITE, write(0, Buffer.from("x")), node)).errno).toBe(EROFS);
    expect((await kernel.ask(OP.ACCESS, body(u32(2), u32(0)), node)).errno).toBe(EROFS);
    expect((await kernel.ask(OP.ACCESS, body(u32(4), u32(0)), node)).errno).toBe(0);
    expect((await kernel.ask(OP.MKDIR, body(u32(0o755), u32(0), "d"))).errno).toBe(EROFS);
  });

  test("tell how much room there is", async () => {
    const kernel = await kernelOver(
      new MemoryFileSystem({ clock: new SimulatedClock(), isWritable: true, octetsMax: 1 << 20 }),
    );
    const { body: answer } = await kernel.ask(OP.STATFS);
    expect(answer).toHaveLength(80);
    expect([answer.readBigUInt64LE(0), answer.readUInt32LE(40), answer.readUInt32LE(44)]).toEqual([256n, 4096, 255]);
  });

  test("what nobody knows is ENOSYS, DESTROY is answered", async () => {
    const kernel = await kernelOver(contractFiles());
    for (const opcode of [OP.GETXATTR, 4095]) expect((await kernel.ask(opcode, new Uint8Array(64))).errno).toBe(ENOSYS);
    expect((await kernel.ask(OP.DESTROY)).errno).toBe(0);
  });
});

describe("unstable writes", () => {
  function losing(verifiers: { write: bigint; commit: bigint }): FileSystem {
    const base = contractFiles();
    return changed(base, {
      write: (_file, _offset, octets) => ({
        writtenOctets: octets.length,
        stability: "unstable",
        verifier: verifiers.write,
      }),
      commit: () => ({ verifier: verifiers.commit }),
    });
  }

  test.each([
    ["committed by the verifier of the writes: fine", { write: 1n, commit: 1n }, 0],
    ["lost in a restart of the server: EIO, once", { write: 1n, commit: 2n }, EIO],
  ])("are %s", async (_, verifiers, errno) => {
    const kernel = await kernelOver(losing(verifiers));
    const node = await kernel.lookup("readme");
    expect((await kernel.ask(OP.WRITE, write(0, Buffer.from("x")), node)).errno).toBe(0);
    expect((await kernel.ask(OP.FLUSH, flushed, node)).errno).toBe(errno);
    expect((await kernel.ask(OP.FSYNC, body(u64(0), u32(0), u32(0)), node)).errno).toBe(0);
  });

  test("of two verifiers are known to be lost, whatever commit says", async () => {
    const verifiers = { write: 1n, commit: 2n };
    const kernel = await kernelOver(losing(verifiers));
    const node = await kernel.lookup("readme");
    await kernel.ask(OP.WRITE, write(0, Buffer.from("x")), node);
    verifiers.write = 2n;
    await kernel.ask(OP.WRITE, write(1, Buffer.from("y")), node);
    expect((await kernel.ask(OP.FLUSH, flushed, node)).errno).toBe(EIO);
  });
});

describe("directories", () => {
  test.each([
    ["READDIR", OP.READDIR, 4096],
    ["READDIR with room for one line", OP.READDIR, 48],
    ["READDIRPLUS", OP.READDIRPLUS, 4096],
    ["READDIRPLUS with room for one line", OP.READDIRPLUS, 176],
  ])("%s gives each name once, . and .. before them", async (_, opcode, octets) => {
    const kernel = await kernelOver(contractFiles());
    const lines = await listWhole(kernel, { opcode, node: 1, octets });
    expect(lines.map(({ name }) => name)).toEqual([".", "..", "readme", "empty", "pub"]);
    expect(lines.map(({ type }) => type)).toEqual([4, 4, 8, 8, 4]);
    expect(new Set(lines.map(({ cookie }) => cookie)).size).toBe(5);
    if (opcode !== OP.READDIRPLUS) return;
    expect(lines.map(({ node }) => (node ?? 0) > 0)).toEqual([false, false, true, true, true]);
    expect(await kernel.lookup("pub")).toBe(lines[4]!.node);
  });

  test("a listing goes back to an earlier place", async () => {
    const kernel = await kernelOver(contractFiles());
    const handle = Number((await kernel.ask(OP.OPENDIR, body(u32(0), u32(0)))).body.readBigUInt64LE(0));
    const page = async (cookie: bigint, octets = 4096): Promise<Line[]> =>
      linesOf((await kernel.ask(OP.READDIR, readdir(handle, cookie, octets))).body, false);
    const all = await page(0n);
    expect(await page(all.at(-1)!.cookie)).toEqual([]);
    for (const [i, { cookie }] of all.entries()) expect(await page(cookie)).toEqual(all.slice(i + 1));
    expect(await page(0n)).toEqual(all);
    expect((await kernel.ask(OP.READDIR, readdir(handle + 1, 0n, 4096))).errno).toBe(ESTALE);
  });
});
