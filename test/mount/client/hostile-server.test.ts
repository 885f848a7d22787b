/** A server that breaks the rules: each breach ends with one status, in bounded time, and harms nothing else. */
import { describe, expect, test } from "vitest";
import { isStatus } from "../../../mount/index.ts";
import { type XdrWriter } from "../../../mount/rpc/xdr-writer.ts";
import { good } from "../../support/file-system-contract.ts";
import { clientRig } from "../../support/nfs-client-rig.ts";
import { type Acts, attributesOf, reply, rootAttributes } from "../../support/scripted-nfs.ts";

const octets = (...pieces: readonly Uint8Array[]): Uint8Array => Buffer.concat(pieces);
const mark = (length: number): Uint8Array => {
  const written = Buffer.alloc(4);
  written.writeUInt32BE(length);
  return written;
};

const ATTRIBUTES: readonly (readonly [string, Acts["GETATTR"], string])[] = [
  ["a reply that never comes", () => null, "TIMEDOUT"],
  ["half a record, and then nothing", () => octets(mark(0x8000_0064), Buffer.alloc(50)), "TIMEDOUT"],
  ["half a record's mark", () => Buffer.from([0x80]), "TIMEDOUT"],
  ["a record of a gigabyte", () => mark(0xc000_0000), "SERVERFAULT"],
  [
    "a record that grows by fragments",
    () => octets(...Array<Uint8Array>(3).fill(octets(mark(1 << 20), Buffer.alloc(1 << 20)))),
    "SERVERFAULT",
  ],
  ["a record of nothing", () => mark(0x8000_0000), "SERVERFAULT"],
  ["fragments of nothing, without end", () => Buffer.alloc(4096), "TIMEDOUT"],
  ["another call's number", (_, { xid }) => octets(...reply(xid + 1, (writer) => writer.u32(0))), "TIMEDOUT"],
  [
    "a thousand replies that nobody asked for",
    (_, { xid }) =>
      octets(...Array.from({ length: 1001 }, (__, i) => octets(...reply(xid + 1 + i, (writer) => writer.u32(0))))),
    "SERVERFAULT",
  ],
  ["a call instead of a reply", (_, { xid }) => octets(mark(0x8000_0008), mark(xid), mark(0)), "SERVERFAULT"],
  ["results that end too early", (_, { xid }) => octets(...reply(xid, (writer) => writer.u32(0))), "SERVERFAULT"],
  ["a kind of file that there is not", (_, { xid }) => octets(...reply(xid, writeKind99)), "SERVERFAULT"],
  ["a status that nobody defined", (_, { xid }) => octets(...reply(xid, (writer) => writer.u32(4711))), "SERVERFAULT"],
  [
    "attributes of another kind than before",
    () => ({ status: "OK", good: attributesOf({ kind: "directory" }) }),
    "STALE",
  ],
  ["the connection closed each time", (_, { stream }) => (stream.close(), null), "TIMEDOUT"],
];

function writeKind99(writer: XdrWriter): void {
  writer.u32(0);
  writer.u32(99);
  writer.fixed(Buffer.alloc(80));
}

describe("attributes are answered with", () => {
  test.each(ATTRIBUTES)("%s", async (_what, act, status) => {
    const { fileSystem, server, run, clock } = clientRig({});
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "a")));
    await clock.advance(60_000);
    const plain = server.acts;
    server.acts = {
      GETATTR: (handle, call) => (handle === "root" ? { status: "OK", good: rootAttributes() } : act!(handle, call)),
    };
    const began = clock.now();
    expect(await run(fileSystem.attributes(key))).toBe(status);
    expect(clock.now() - began).toBeLessThanOrEqual(10_000);
    // It is well again: so is the mount, at once or after its back-off.
    server.acts = plain;
    await clock.advance(15_000);
    expect(isStatus(await run(fileSystem.attributes(key)))).toBe(false);
    await run(fileSystem.close());
  });
});

const READS: readonly (readonly [string, Acts["READ"], string])[] = [
  [
    "more than was asked for",
    () => ({ status: "OK", good: { attributes: null, octets: Buffer.alloc(11), isEnd: false } }),
    "SERVERFAULT",
  ],
  [
    "nothing, but not the end",
    () => ({ status: "OK", good: { attributes: null, octets: Buffer.alloc(0), isEnd: false } }),
    "SERVERFAULT",
  ],
  [
    "attributes of a directory",
    () => ({ status: "OK", good: { attributes: rootAttributes(), octets: Buffer.alloc(1), isEnd: false } }),
    "STALE",
  ],
  ["a count beyond what was sent", (_, { xid }) => octets(...reply(xid, writeFalseCount)), "SERVERFAULT"],
];

function writeFalseCount(writer: XdrWriter): void {
  for (const value of [0, 0, 10, 0, 4, 0x61616161]) writer.u32(value);
}

describe("a read is answered with", () => {
  test.each(READS)("%s", async (_what, act, status) => {
    const { fileSystem, run } = clientRig({ READ: act! });
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "a")));
    expect(await run(fileSystem.read(key, 0, 10))).toBe(status);
    await run(fileSystem.close());
  });
});

type ListAct = NonNullable<Acts["READDIRPLUS"]>;
const page = (names: readonly (readonly [string, bigint])[], isEnd = false): ReturnType<ListAct> => ({
  status: "OK",
  good: {
    directory: rootAttributes(),
    verifier: 1n,
    entries: names.map(([name, cookie]) => ({ name, cookie, fileId: cookie, attributes: null, handle: null })),
    isEnd,
  },
});

const LISTINGS: readonly (readonly [string, ListAct])[] = [
  ["pages that turn in a circle", ({ cookie }) => page([[`f${cookie}`, (cookie % 5n) + 1n]])],
  ["the same cookie again and again", () => page([["f", 7n]])],
  ["pages without an entry that are not the end", () => page([])],
  [
    "nothing but . and .., for ever",
    ({ cookie }) =>
      page([
        [".", cookie + 1n],
        ["..", cookie + 2n],
      ]),
  ],
  ["a name with a slash", () => page([["../etc/passwd", 1n]], true)],
  ["a name with NUL", () => page([["a\0b", 1n]], true)],
  ["an empty name", () => page([["", 1n]], true)],
  ["a name of 256 octets", () => page([["x".repeat(256), 1n]], true)],
  ["the cookie that means the beginning", () => page([["f", 0n]], true)],
];

describe("a listing is answered with", () => {
  test.each(LISTINGS)("%s", async (_what, act) => {
    const { fileSystem, run } = clientRig({ READDIRPLUS: act });
    const { key } = await run(good(fileSystem.root()));
    let outcome = await run(fileSystem.list(key, 0n, 100));
    for (let i = 0; i < 100 && !isStatus(outcome) && !outcome.isEnd; i++) {
      outcome = await run(fileSystem.list(key, outcome.entries.at(-1)!.cookie, 100));
    }
    expect(outcome).toBe("SERVERFAULT");
    await run(fileSystem.close());
  });

  test("a directory that never ends costs each page its own work and nothing more", async () => {
    const { fileSystem, run } = clientRig({
      READDIRPLUS: ({ cookie }) => page([[`f${cookie}`, cookie + 1n]]),
    });
    const { key } = await run(good(fileSystem.root()));
    let cookie = 0n;
    for (let i = 0; i < 500; i++) {
      const { entries, isEnd } = await run(good(fileSystem.list(key, cookie, 100)));
      expect([entries.length, isEnd]).toEqual([1, false]);
      cookie = entries[0]!.cookie;
    }
    await run(fileSystem.close());
  });

  test("two who list it at once are not taken for one who turns in a circle", async () => {
    const { fileSystem, run } = clientRig({
      READDIRPLUS: ({ cookie }) => page([[`f${cookie}`, cookie + 1n]], cookie === 30n),
    });
    const { key } = await run(good(fileSystem.root()));
    const cookies = [0n, 0n];
    for (let i = 0; i < 62; i++) {
      // The second follows the first over pages that it has passed.
      const who = i === 0 ? 0 : i === 1 ? 1 : i < 21 ? 0 : i < 51 ? 1 : 0;
      const { entries } = await run(good(fileSystem.list(key, cookies[who]!, 100)));
      cookies[who] = entries.at(-1)!.cookie;
    }
    expect(cookies).toEqual([31n, 31n]);
    await run(fileSystem.close());
  });

  test("a server without READDIRPLUS is asked by READDIR; one that wants more room gets it", async () => {
    const { fileSystem, run, server } = clientRig({
      READDIRPLUS: () => ({ status: "NOTSUPP", bad: null }),
      READDIR: ({ octetsMax }) =>
        octetsMax < 10_000
          ? { status: "TOOSMALL", bad: null }
          : {
              status: "OK",
              good: { directory: null, verifier: 1n, entries: [{ name: "f", fileId: 9n, cookie: 3n }], isEnd: true },
            },
    });
    const { key } = await run(good(fileSystem.root()));
    expect(await run(good(fileSystem.list(key, 0n, 10)))).toEqual({
      entries: [{ name: "f", fileId: 9n, cookie: 3n, found: null }],
      isEnd: true,
    });
    expect(server.calls.get("READDIRPLUS")).toBe(1);
    await run(fileSystem.close());
  });
});

const MOUNTS: readonly (readonly [string, Acts, string])[] = [
  ["a refusal", { MNT: () => ({ status: "ACCES", bad: null }) }, "ACCES"],
  ["no such export", { MNT: () => ({ status: "NOENT", bad: null }) }, "NOENT"],
  ["a file instead of a directory", { GETATTR: () => ({ status: "OK", good: attributesOf() }) }, "NOTDIR"],
  ["a wish for Kerberos", { MNT: () => ({ status: "OK", good: { handle: "root", flavors: [390_003] } }) }, "ACCES"],
  [
    "what is no RPC (another protocol's greeting)",
    { MNT: () => Buffer.from("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") },
    "SERVERFAULT",
  ],
  ["silence", { MNT: () => null }, "TIMEDOUT"],
  ["a handle of 65 octets", { MNT: (_, { xid }) => octets(...reply(xid, writeLongHandle)) }, "SERVERFAULT"],
];

function writeLongHandle(writer: XdrWriter): void {
  writer.u32(0);
  writer.opaque(Buffer.alloc(65));
  writer.u32(0);
}

describe("a mount is answered with", () => {
  test.each(MOUNTS)("%s", async (_what, acts, status) => {
    const { fileSystem, run, states } = clientRig(acts);
    const failure = await run(fileSystem.mount());
    expect(failure).toMatchObject({ status });
    expect(failure!.reason).toContain("192.0.2.1 port 2049: ");
    expect(states).toEqual([`failed: ${failure!.reason}`]);
    expect(await run(fileSystem.root())).toBe(status);
    await run(fileSystem.close());
  });
});

test.each([
  ["more than was given", 11, "file"],
  ["nothing at all", 0, "file"],
  ["less safely than was asked for", 10, "unstable"],
] as const)("a write that is answered with %s: SERVERFAULT", async (_what, writtenOctets, stability) => {
  const { fileSystem, run } = clientRig(
    {
      WRITE: () => ({
        status: "OK",
        good: { file: { before: null, after: null }, writtenOctets, stability, verifier: 1n },
      }),
    },
    { isWritable: true },
  );
  const root = await run(good(fileSystem.root()));
  const { key } = await run(good(fileSystem.lookup(root.key, "a")));
  expect(await run(fileSystem.write(key, 0, Buffer.alloc(10), "file"))).toBe("SERVERFAULT");
  await run(fileSystem.close());
});
