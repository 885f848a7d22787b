/** A FUSE session in trouble: what takes long, what is counted, how faults are told, and what broken requests do. */
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../../base/index.ts";
import { type FileSystem, statuses } from "../../../mount/index.ts";
import { errnoOf } from "../../../mount/fuse/errno.ts";
import { readRequest } from "../../../mount/fuse/request.ts";
import {
  body,
  changed,
  contractFiles,
  ERRNO,
  kernelOver,
  OP,
  read,
  readdir,
  request,
  u32,
  u64,
  write,
} from "../../support/fuse-kernel.ts";

const { ENOENT, EINTR, EIO, EINVAL } = ERRNO;

describe("what the kernel was told", () => {
  test("is counted until it is forgotten as often, and numbers are not used again", async () => {
    const kernel = await kernelOver(contractFiles());
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
    const kernel = await kernelOver(contractFiles());
    kernel.givenUp.add(4);
    kernel.send(OP.LOOKUP, body("readme"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(kernel.session.nodeCount).toBe(0);
  });
});

describe("what takes long", () => {
  const hanging = (): FileSystem =>
    changed(contractFiles(), {
      attributes: () => new Promise(() => undefined),
      remove: () => new Promise(() => undefined),
    });

  test("does not keep others waiting: replies come out of order", async () => {
    const { promise, resolve } = Promise.withResolvers<"NOENT">();
    const kernel = await kernelOver(changed(contractFiles(), { readlink: () => promise }));
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
    const base = contractFiles();
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

test("what was read is given back once, when the kernel has it, and also when nobody waits for it", async () => {
  const base = contractFiles();
  const released: string[] = [];
  const kernel = await kernelOver(
    changed(base, {
      read: (key, offset, octets) => {
        const part = base.read(key, offset, Math.min(octets, 4));
        if (typeof part === "string") return part;
        return { ...part, release: () => void released.push(Buffer.from(part.octets).toString()) };
      },
    }),
  );
  const node = await kernel.lookup("readme");
  expect((await kernel.ask(OP.READ, read(0, 100), node)).body.toString()).toBe("Strata\n");
  expect(released).toEqual(["Stra", "ta\n"]);
  kernel.givenUp.add(kernel.lastUnique + 2);
  kernel.send(OP.READ, read(0, 4), node);
  await kernel.lookup("readme");
  expect(released).toEqual(["Stra", "ta\n", "Stra"]);
});

test("a file system that throws ends one request with EIO", async () => {
  const kernel = await kernelOver(
    changed(contractFiles(), {
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
    const kernel = await kernelOver(contractFiles());
    expect((await kernel.ask(opcode, content)).errno).toBe(EINVAL);
    expect(kernel.session.malformedCount).toBe(1);
  });

  test("a header that says another length: EINVAL; half a header: no reply", async () => {
    const kernel = await kernelOver(contractFiles());
    const whole = request({ opcode: OP.GETATTR, unique: 1001 }, new Uint8Array(16));
    kernel.session.receive(whole.subarray(0, 50));
    for (const length of [0, 1, 39]) kernel.session.receive(whole.subarray(0, length));
    await kernel.lookup("readme");
    expect(kernel.replies.get(1001)?.errno).toBe(EINVAL);
    expect(kernel.session.malformedCount).toBe(4);
  });

  test("names with a slash are refused before any file system sees them", async () => {
    const kernel = await kernelOver(contractFiles());
    for (const name of ["pub/globe", ""]) {
      expect((await kernel.ask(OP.LOOKUP, body(name))).errno).toBe(EINVAL);
      expect((await kernel.ask(OP.UNLINK, body(name))).errno).toBe(EINVAL);
      expect((await kernel.ask(OP.RENAME, body(u64(1), "readme", name))).errno).toBe(EINVAL);
    }
  });

  test("200,000 mutated requests: each is answered or passed over, the session lives", async () => {
    const seed = 20261123;
    const random = new SeededRandom(seed);
    const kernel = await kernelOver(contractFiles());
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
