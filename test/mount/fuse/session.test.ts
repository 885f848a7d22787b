/** Conversations of a kernel with a FUSE session: what each request does, how faults are told, what is counted, and what broken requests do. */
import { describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../../base/index.ts";
import { type FileSystem, MemoryFileSystem, statuses } from "../../../mount/index.ts";
import { errnoOf } from "../../../mount/fuse/errno.ts";
import { readRequest } from "../../../mount/fuse/request.ts";
import { CONTRACT_FILES } from "../../support/file-system-contract.ts";
import { body, FuseKernel, request, u32, u64 } from "../../support/fuse-kernel.ts";

const OP = {
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
const [EINTR, EIO, ENOENT, EEXIST, EINVAL, EROFS, ENOSYS, ENOTEMPTY, EPROTO, ESTALE] = [
  4, 5, 2, 17, 22, 30, 38, 39, 71, 116,
];

function memory(isWritable = true): MemoryFileSystem {
  return MemoryFileSystem.of(CONTRACT_FILES, { clock: new SimulatedClock(), isWritable });
}

/** A kernel that has said hello. */
async function kernelOver(fileSystem: FileSystem): Promise<FuseKernel> {
  const kernel = await FuseKernel.over(fileSystem);
  await kernel.init();
  return kernel;
}

/** The same file system with some operations replaced. */
function changed(base: FileSystem, changes: Partial<FileSystem>): FileSystem {
  return new Proxy(base, {
    get: (target, name) => {
      const own: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof own === "function" && !(name in changes) ? own.bind(target) : own;
    },
  });
}

const read = (offset: number | bigint, octets: number): Buffer =>
  body(u64(0), u64(offset), u32(octets), u32(0), u64(0), u32(0), u32(0));
const write = (offset: number, data: Uint8Array): Buffer =>
  body(u64(0), u64(offset), u32(data.length), u32(0), u64(0), u32(0), u32(0), data);
const readdir = (handle: number, cookie: bigint, octets: number): Buffer =>
  body(u64(handle), u64(cookie), u32(octets), u32(0), u64(0), u32(0), u32(0));
const setattr = (valid: number, fields: { size?: number; mtime?: number; mode?: number }): Buffer =>
  body(
    ...[u32(valid), u32(0), u64(0), u64(fields.size ?? 0), u64(0), u64(0), u64(fields.mtime ?? 0), u64(0)],
    ...[u32(0), u32(5), u32(0), u32(fields.mode ?? 0), u32(0), u32(0), u32(0), u32(0)],
  );
const flushed = body(u64(0), u32(0), u32(0), u64(0));

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
    const kernel = await FuseKernel.over(memory());
    const reply = await kernel.ask(OP.INIT, body(u32(major), u32(minor), u32(131072), u32(0xffffffff)));
    expect(reply.errno).toBe(errno);
    if (answer === null) return;
    expect(reply.body).toHaveLength(64);
    expect([0, 4, 8].map((at) => reply.body.readUInt32LE(at))).toEqual(answer);
    if (major === 7) expect(reply.body.readUInt32LE(20)).toBe(1 << 20);
  });

  test("only what the kernel offers is taken, and nothing is done before it", async () => {
    const kernel = await FuseKernel.over(memory());
    expect((await kernel.ask(OP.GETATTR, new Uint8Array(16))).errno).toBe(EPROTO);
    const { body: answer } = await kernel.ask(OP.INIT, body(u32(7), u32(31), u32(4096), u32(1 << 5)));
    expect(answer.readUInt32LE(12)).toBe(1 << 5);
    expect((await kernel.ask(OP.GETATTR, new Uint8Array(16))).errno).toBe(0);
  });
});

describe("files", () => {
  test("are looked up, with attributes where struct fuse_entry_out has them", async () => {
    const kernel = await kernelOver(memory());
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
    const base = memory();
    const attributes = { ...base.root().attributes, lifeSeconds: 2.5 };
    const kernel = await kernelOver(changed(base, { attributes: () => attributes }));
    const { body: answer } = await kernel.ask(OP.GETATTR, new Uint8Array(16));
    expect(answer).toHaveLength(104);
    expect([answer.readBigUInt64LE(0), answer.readUInt32LE(8)]).toEqual([2n, 500_000_000]);
  });

  test("are read in parts, also from a file system that gives less than is asked", async () => {
    const base = memory();
    const short = changed(base, { read: (key, offset, octets) => base.read(key, offset, Math.min(octets, 3)) });
    const kernel = await kernelOver(short);
    const node = await kernel.lookup("readme");
    expect((await kernel.ask(OP.READ, read(0, 4096), node)).body.toString()).toBe("Strata\n");
    expect((await kernel.ask(OP.READ, read(2, 3), node)).body.toString()).toBe("rat");
    expect((await kernel.ask(OP.READ, read(100, 3), node)).body).toHaveLength(0);
    expect((await kernel.ask(OP.READ, read(2n ** 60n, 3), node)).errno).toBe(EINVAL);
  });

  test("are made, written, cut, given times, linked, moved and removed", async () => {
    const kernel = await kernelOver(memory());
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
    const kernel = await kernelOver(memory());
    const reply = await kernel.ask(OP.CREATE, body(u32(flags), u32(0o644), u32(0), u32(0), "readme"));
    expect(reply.errno).toBe(errno);
    if (size !== null) expect(reply.body.readBigUInt64LE(48)).toBe(size);
  });

  test("keep what the kernel has read of them only while they are the same", async () => {
    const kernel = await kernelOver(memory());
    const node = await kernel.lookup("readme");
    const open = async (): Promise<number> =>
      (await kernel.ask(OP.OPEN, body(u32(0), u32(0)), node)).body.readUInt32LE(8);
    expect([await open(), await open()]).toEqual([0, 2]);
    await kernel.ask(OP.WRITE, write(0, Buffer.from("x")), node);
    expect([await open(), await open()]).toEqual([0, 2]);
  });

  test("of a read-only file system refuse to be written, and say so to access(2)", async () => {
    const kernel = await kernelOver(memory(false));
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
    const kernel = await kernelOver(memory());
    for (const opcode of [OP.GETXATTR, 4095]) expect((await kernel.ask(opcode, new Uint8Array(64))).errno).toBe(ENOSYS);
    expect((await kernel.ask(OP.DESTROY)).errno).toBe(0);
  });
});

describe("unstable writes", () => {
  function losing(verifiers: { write: bigint; commit: bigint }): FileSystem {
    const base = memory();
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
    const kernel = await kernelOver(memory());
    const lines = await listWhole(kernel, { opcode, node: 1, octets });
    expect(lines.map(({ name }) => name)).toEqual([".", "..", "readme", "empty", "pub"]);
    expect(lines.map(({ type }) => type)).toEqual([4, 4, 8, 8, 4]);
    expect(new Set(lines.map(({ cookie }) => cookie)).size).toBe(5);
    if (opcode !== OP.READDIRPLUS) return;
    expect(lines.map(({ node }) => (node ?? 0) > 0)).toEqual([false, false, true, true, true]);
    expect(await kernel.lookup("pub")).toBe(lines[4]!.node);
  });

  test("a listing goes back to an earlier place", async () => {
    const kernel = await kernelOver(memory());
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

describe("what the kernel was told", () => {
  test("is counted until it is forgotten as often, and numbers are not used again", async () => {
    const kernel = await kernelOver(memory());
    const [first, again, other] = [
      await kernel.lookup("readme"),
      await kernel.lookup("readme"),
      await kernel.lookup("pub"),
    ];
    expect(again).toBe(first);
    expect(kernel.session.nodeCount).toBe(2);
    kernel.send(OP.FORGET, body(u64(1)), first);
    expect(kernel.session.nodeCount).toBe(2);
    const forgets = [u64(first), u64(1), u64(other), u64(5), u64(1), u64(100), u64(777), u64(1)];
    kernel.send(OP.BATCH_FORGET, body(u32(4), u32(0), ...forgets));
    expect(kernel.session.nodeCount).toBe(0);
    expect((await kernel.ask(OP.GETATTR, new Uint8Array(16))).errno).toBe(0);
    expect(await kernel.lookup("readme")).not.toBe(first);
  });

  test("is not counted when the reply found nobody any more", async () => {
    const kernel = await kernelOver(memory());
    kernel.givenUp.add(4);
    kernel.send(OP.LOOKUP, body("readme"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(kernel.session.nodeCount).toBe(0);
  });
});

describe("what takes long", () => {
  const hanging = (): FileSystem =>
    changed(memory(), { attributes: () => new Promise(() => undefined), remove: () => new Promise(() => undefined) });

  test("does not keep others waiting: replies come out of order", async () => {
    const { promise, resolve } = Promise.withResolvers<"NOENT">();
    const kernel = await kernelOver(changed(memory(), { readlink: () => promise }));
    const slow = kernel.send(OP.READLINK);
    await kernel.lookup("readme");
    expect(kernel.replies.has(slow)).toBe(false);
    resolve("NOENT");
    await kernel.lookup("readme");
    expect(kernel.replies.get(slow)?.errno).toBe(ENOENT);
  });

  test("ends with EINTR when a signal came; a change is waited for a little", async () => {
    const kernel = await kernelOver(hanging());
    const looking = kernel.send(OP.GETATTR, new Uint8Array(16));
    const removing = kernel.send(OP.UNLINK, body("readme"));
    for (const unique of [looking, removing, 12345]) kernel.send(OP.INTERRUPT, body(u64(unique)));
    await kernel.lookup("readme");
    expect(kernel.replies.get(looking)?.errno).toBe(EINTR);
    expect(kernel.replies.has(removing)).toBe(false);
    await kernel.clock.advance(2000);
    expect(kernel.replies.get(removing)?.errno).toBe(EINTR);
  });

  test("is asked for again while it says JUKEBOX", async () => {
    const base = memory();
    let tries = 0;
    const kernel = await kernelOver(
      changed(base, { lookup: (key, name) => (++tries < 4 ? "JUKEBOX" : base.lookup(key, name)) }),
    );
    const unique = kernel.send(OP.LOOKUP, body("readme"));
    await kernel.clock.advance(650);
    expect(kernel.replies.has(unique)).toBe(false);
    await kernel.clock.advance(100);
    expect(kernel.replies.get(unique)?.errno).toBe(0);
  });
});

test("a file system that throws ends one request with EIO", async () => {
  const kernel = await kernelOver(
    changed(memory(), {
      readlink: () => {
        throw new Error("a bug");
      },
    }),
  );
  expect((await kernel.ask(OP.READLINK)).errno).toBe(EIO);
  expect((await kernel.ask(OP.GETATTR, new Uint8Array(16))).errno).toBe(0);
});

test("each status has an errno", () => {
  for (const status of statuses()) expect(errnoOf(status)).toBeGreaterThan(0);
  expect(["NOENT", "STALE", "TIMEDOUT", "ROFS", "LOOP"].map((status) => errnoOf(status as "NOENT"))).toEqual([
    2, 116, 110, 30, 40,
  ]);
});

describe("broken requests", () => {
  /** Octets behind the header that each kind needs at least: sizeof in <linux/fuse.h>, then a NUL for each name. */
  const LEAST: readonly (readonly [keyof typeof OP, number])[] = [
    ...([
      ["FORGET", 8],
      ["GETATTR", 16],
      ["SETATTR", 88],
      ["LINK", 9],
      ["OPEN", 8],
      ["READ", 40],
      ["WRITE", 40],
    ] as const),
    ...([
      ["RELEASE", 24],
      ["FSYNC", 16],
      ["FLUSH", 24],
      ["INIT", 16],
      ["OPENDIR", 8],
      ["READDIR", 40],
      ["READDIRPLUS", 40],
    ] as const),
    ...([
      ["RELEASEDIR", 24],
      ["ACCESS", 8],
      ["CREATE", 17],
      ["INTERRUPT", 8],
      ["BATCH_FORGET", 8],
      ["RENAME", 10],
    ] as const),
    ...([
      ["RENAME2", 18],
      ["MKNOD", 17],
      ["MKDIR", 9],
      ["SYMLINK", 2],
      ["LOOKUP", 1],
      ["UNLINK", 1],
      ["RMDIR", 1],
    ] as const),
  ];

  test.each(LEAST)("%s has at least %d octets", (name, least) => {
    const opcode = OP[name];
    const whole = readRequest(request({ opcode, unique: 2 }, new Uint8Array(least)));
    expect(whole?.body.kind).not.toBe("malformed");
    for (let length = 0; length < least; length++) {
      expect(readRequest(request({ opcode, unique: 2 }, new Uint8Array(length)))?.body.kind).toBe("malformed");
    }
  });

  test.each([
    ["more forgets announced than came", OP.BATCH_FORGET, body(u32(0xffffffff), u32(0), u64(1), u64(1))],
    [
      "more data announced than came",
      OP.WRITE,
      body(u64(0), u64(0), u32(6), u32(0), u64(0), u32(0), u32(0), Buffer.from("hello")),
    ],
    ["a name without an end", OP.LOOKUP, Buffer.from("readme")],
    ["one name instead of two", OP.RENAME, body(u64(1), "readme")],
  ])("%s: EINVAL", async (_, opcode, content) => {
    const kernel = await kernelOver(memory());
    expect((await kernel.ask(opcode, content)).errno).toBe(EINVAL);
    expect(kernel.session.malformedCount).toBe(1);
  });

  test("a header that says another length: EINVAL; half a header: no reply", async () => {
    const kernel = await kernelOver(memory());
    const whole = request({ opcode: OP.GETATTR, unique: 1001 }, new Uint8Array(16));
    kernel.session.receive(whole.subarray(0, 50));
    for (const length of [0, 1, 39]) kernel.session.receive(whole.subarray(0, length));
    await kernel.lookup("readme");
    expect(kernel.replies.get(1001)?.errno).toBe(EINVAL);
    expect(kernel.session.malformedCount).toBe(4);
  });

  test("names with a slash are refused before any file system sees them", async () => {
    const kernel = await kernelOver(memory());
    for (const name of ["pub/globe", ""]) {
      expect((await kernel.ask(OP.LOOKUP, body(name))).errno).toBe(EINVAL);
      expect((await kernel.ask(OP.UNLINK, body(name))).errno).toBe(EINVAL);
      expect((await kernel.ask(OP.RENAME, body(u64(1), "readme", name))).errno).toBe(EINVAL);
    }
  });

  test("200,000 mutated requests: each is answered or passed over, the session lives", async () => {
    const seed = 20261123;
    const random = new SeededRandom(seed);
    const kernel = await kernelOver(memory());
    const samples = [
      ...LEAST.map(([name, least]) => request({ opcode: OP[name], unique: 2 }, new Uint8Array(least))),
      request({ opcode: OP.CREATE, unique: 2 }, body(u32(0o102), u32(0o100600), u32(0), u32(0), "new")),
      request({ opcode: OP.WRITE, unique: 2, node: 2 }, write(0, Buffer.from("hello"))),
      request({ opcode: OP.SYMLINK, unique: 2 }, body("l", "target")),
      request({ opcode: OP.READDIRPLUS, unique: 2 }, readdir(1, 0n, 4096)),
    ];
    await kernel.ask(OP.OPENDIR, body(u32(0), u32(0)));
    for (let i = 0; i < 200_000; i++) {
      const octets = Buffer.from(samples[random.below(samples.length)]!);
      octets.writeBigUInt64LE(BigInt(1_000_000 + i), 8);
      for (let flips = random.below(4); flips > 0; flips--)
        octets[16 + random.below(octets.length - 16)]! ^= 1 << random.below(8);
      // INIT may break the connection's version, which is another test's.
      if (octets.readUInt32LE(4) === OP.INIT) continue;
      kernel.session.receive(random.below(4) === 0 ? octets.subarray(0, random.below(octets.length)) : octets);
      if (i % 1000 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        kernel.replies.clear();
      }
    }
    expect((await kernel.ask(OP.GETATTR, new Uint8Array(16))).errno, `seed ${seed}`).toBe(0);
  });
});
