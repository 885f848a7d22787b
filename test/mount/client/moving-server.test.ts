/** The way to the server: it is slow, it restarts, it moves, it dies, it comes back as another. */
import { describe, expect, test } from "vitest";
import { good } from "../../support/file-system-contract.ts";
import { type ClientRig, clientRig, NFS_PORT } from "../../support/nfs-client-rig.ts";
import { type Acts, attributesOf, rootAttributes, ScriptedNfs } from "../../support/scripted-nfs.ts";

const TEXT = Buffer.from("0123456789".repeat(10_000));
/** A file of 100,000 octets. */
const big = attributesOf({ sizeOctets: TEXT.length });
const READ: NonNullable<Acts["READ"]> = ({ offset, octetsMax }) => {
  const octets = TEXT.subarray(offset, offset + octetsMax);
  return { status: "OK", good: { attributes: big, octets, isEnd: offset + octets.length >= TEXT.length } };
};
const LOOKUP: NonNullable<Acts["LOOKUP"]> = ({ name }) => ({
  status: "OK",
  good: { handle: `file ${name}`, attributes: big, directory: rootAttributes() },
});
const FILES: Acts = { READ, LOOKUP };

/** The same files under handles that begin with this word. */
function copyOf(word: string): Acts {
  const isOwn = (handle: string): boolean => handle.startsWith(word);
  return {
    MNT: () => ({ status: "OK", good: { handle: `${word} root`, flavors: [1] } }),
    GETATTR: (handle) => {
      if (!isOwn(handle)) return { status: "BADHANDLE", bad: null };
      return {
        status: "OK",
        good: handle.endsWith("root") ? rootAttributes({ fileSystemId: 99n }) : { ...big, fileSystemId: 99n },
      };
    },
    LOOKUP: (given, call) => {
      if (!isOwn(given.directory)) return { status: "BADHANDLE", bad: null };
      const result = LOOKUP(given, call);
      if (result === null || result instanceof Uint8Array || result.status !== "OK") return result;
      return { status: "OK", good: { ...result.good, handle: `${word} ${given.name}` } };
    },
    READ: (given, call) => (isOwn(given.handle) ? READ(given, call) : { status: "BADHANDLE", bad: null }),
  };
}

function second(rig: ClientRig, acts: Acts, address = "192.0.2.2"): ScriptedNfs {
  const server = new ScriptedNfs(acts);
  rig.streams.listen({ address, port: NFS_PORT }, server.accept);
  return server;
}

async function readWhole(
  { fileSystem, run }: ClientRig,
  key: Parameters<typeof fileSystem.read>[0],
  between: (offset: number) => void,
) {
  const parts: Buffer[] = [];
  for (let offset = 0; ;) {
    const { octets, isEnd } = await run(good(fileSystem.read(key, offset, 4096)));
    parts.push(Buffer.from(octets));
    offset += octets.length;
    between(offset);
    if (isEnd) return Buffer.concat(parts);
  }
}

describe("in the middle of a long read", () => {
  async function opened(rig: ClientRig) {
    const root = await rig.run(good(rig.fileSystem.root()));
    return (await rig.run(good(rig.fileSystem.lookup(root.key, "big")))).key;
  }

  test("the connection is lost: it goes on over a new one", async () => {
    const rig = clientRig(FILES);
    const key = await opened(rig);
    const text = await readWhole(rig, key, (offset) => {
      if (offset === 40_960) rig.streams.cut("192.0.2.1");
    });
    expect(text.equals(TEXT)).toBe(true);
    expect(rig.streams.begun.get("192.0.2.1")).toBe(2);
    expect(rig.states).toEqual([
      "up: 192.0.2.1 port 2049",
      "degraded: 192.0.2.1 port 2049: read ECONNRESET",
      "up: 192.0.2.1 port 2049",
    ]);
  });

  test("the server moves and its name with it: old handles go on, the old place is not asked again", async () => {
    const rig = clientRig(FILES);
    const key = await opened(rig);
    second(rig, FILES);
    let before = 0;
    const text = await readWhole(rig, key, (offset) => {
      if (offset !== 40_960) return;
      rig.found = { addresses: ["192.0.2.2"], lifeSeconds: 60 };
      rig.streams.silence("192.0.2.1");
      rig.streams.cut("192.0.2.1");
      before = rig.server.calls.get("READ")!;
    });
    expect(text.equals(TEXT)).toBe(true);
    expect(rig.server.calls.get("READ")).toBe(before);
    expect(rig.states.at(-1)).toBe("up: 192.0.2.2 port 2049");
    expect(rig.states.some((state) => state.startsWith("stale"))).toBe(false);
  });

  test("the name's life ends and it leads elsewhere while the old server still answers: it is left", async () => {
    const rig = clientRig(FILES);
    rig.found.lifeSeconds = 60;
    const key = await opened(rig);
    const moved = second(rig, FILES);
    rig.found = { addresses: ["192.0.2.2"], lifeSeconds: 60 };
    await rig.clock.advance(61_000);
    const text = await readWhole(rig, key, () => undefined);
    expect(text.equals(TEXT)).toBe(true);
    expect(moved.calls.get("READ")).toBeGreaterThan(10);
    expect(rig.fileSystem.counters.moves).toBe(1);
  });

  test("a copy with other handles takes over: stale is told, paths are walked again, the same file goes on", async () => {
    const rig = clientRig(FILES);
    const key = await opened(rig);
    second(rig, copyOf("copy"));
    const text = await readWhole(rig, key, (offset) => {
      if (offset !== 40_960) return;
      rig.found = { addresses: ["192.0.2.2"], lifeSeconds: 60 };
      rig.streams.cut("192.0.2.1");
    });
    expect(text.equals(TEXT)).toBe(true);
    expect(rig.states.filter((state) => /^(stale|up)/.test(state))).toEqual([
      "up: 192.0.2.1 port 2049",
      "stale: 192.0.2.2 port 2049 has another file system; paths are walked again",
      "up: 192.0.2.2 port 2049",
    ]);
    expect(rig.fileSystem.counters.recovered).toBe(1);
  });

  test("a copy whose file is another one takes over: STALE, not a mixture; the path leads to the new one", async () => {
    const rig = clientRig(FILES);
    const key = await opened(rig);
    const copy = copyOf("copy");
    const other = { ...big, modified: { seconds: 1_800_000_000, nanoseconds: 0 } };
    second(rig, {
      ...copy,
      LOOKUP: ({ name }) => ({ status: "OK", good: { handle: `copy ${name}`, attributes: other, directory: null } }),
    });
    await rig.run(good(rig.fileSystem.read(key, 0, 4096)));
    rig.found = { addresses: ["192.0.2.2"], lifeSeconds: 60 };
    rig.streams.cut("192.0.2.1");
    expect(await rig.run(rig.fileSystem.read(key, 4096, 4096))).toBe("STALE");
    const root = await rig.run(good(rig.fileSystem.root()));
    const now = await rig.run(good(rig.fileSystem.lookup(root.key, "big")));
    expect(now.key).not.toBe(key);
    expect((await rig.run(good(rig.fileSystem.read(now.key, 0, 10)))).octets.length).toBe(10);
  });
});

test("a server that takes the old root's handle but shows another file system there is another one", async () => {
  const rig = clientRig(FILES);
  await rig.run(good(rig.fileSystem.root()));
  second(rig, { ...FILES, GETATTR: () => ({ status: "OK", good: rootAttributes({ fileSystemId: 8n }) }) });
  rig.found = { addresses: ["192.0.2.2"], lifeSeconds: 60 };
  rig.streams.cut("192.0.2.1");
  await rig.clock.advance(61_000);
  await rig.run(good(rig.fileSystem.root()));
  expect(rig.states.filter((state) => state.startsWith("stale"))).toHaveLength(1);
  await rig.run(rig.fileSystem.close());
});

describe("a server with several addresses", () => {
  test("the first that takes us is used; a dead one costs its share of the time-out", async () => {
    const rig = clientRig(FILES);
    second(rig, FILES);
    rig.streams.silence("192.0.2.1");
    rig.found = { addresses: ["192.0.2.1", "192.0.2.9", "192.0.2.2"], lifeSeconds: 60 };
    expect(await rig.run(rig.fileSystem.mount())).toBeNull();
    expect(rig.clock.now()).toBeLessThan(2000);
    expect(rig.states).toEqual(["up: 192.0.2.2 port 2049"]);
    expect(rig.fileSystem.facts().slice(0, 3)).toEqual([
      "server files.example",
      "address 192.0.2.2, port 2049 (the test, 58 s left)",
      "state up",
    ]);
  });
});

describe("a dead server", () => {
  test("soft: each call waits its time at most, then all fail at once until the server is back", async () => {
    const rig = clientRig(FILES);
    const root = await rig.run(good(rig.fileSystem.root()));
    await rig.clock.advance(120_000);
    rig.streams.silence("192.0.2.1");
    const began = rig.clock.now();
    expect(await rig.run(rig.fileSystem.attributes(root.key))).toBe("TIMEDOUT");
    expect(rig.clock.now() - began).toBe(10_000);
    const failing = rig.clock.now();
    for (let i = 0; i < 100; i++) expect(await rig.run(rig.fileSystem.attributes(root.key))).toBe("TIMEDOUT");
    expect(rig.clock.now()).toBe(failing);
    expect(rig.states.at(-1)).toMatch(/^failed: /);
    rig.streams.heal();
    await rig.clock.advance(20_000);
    expect(rig.states.at(-1)).toBe("up: 192.0.2.1 port 2049");
    await rig.run(good(rig.fileSystem.attributes(root.key)));
    await rig.run(rig.fileSystem.close());
  });

  test("hard: a call waits until it is back, however long that is", async () => {
    const rig = clientRig(FILES, { isSoft: false });
    const root = await rig.run(good(rig.fileSystem.root()));
    await rig.clock.advance(120_000);
    rig.streams.silence("192.0.2.1");
    const outcome = Promise.resolve(rig.fileSystem.attributes(root.key));
    await rig.clock.advance(3_600_000);
    rig.streams.heal();
    expect(await rig.run(outcome)).toMatchObject({ kind: "directory" });
    // An hour of trying with a back-off of ten seconds, time-outs included.
    expect(rig.streams.begun.get("192.0.2.1")).toBeLessThan(400);
    await rig.run(rig.fileSystem.close());
  });

  test("one that was never there: all who ask at once are told, then each at once, until it is tried again", async () => {
    const rig = clientRig(FILES);
    rig.streams.silence("192.0.2.1");
    const asked = Array.from({ length: 8 }, () => rig.fileSystem.root());
    for (const outcome of asked) expect(await rig.run(outcome)).toBe("TIMEDOUT");
    expect(rig.clock.now()).toBe(5000);
    expect(await rig.run(rig.fileSystem.root())).toBe("TIMEDOUT");
    expect(rig.clock.now()).toBe(5000);
    rig.streams.heal();
    expect(await rig.run(rig.fileSystem.mount())).toBeNull();
    expect(rig.clock.now()).toBe(5000);
    expect(rig.states).toEqual(["failed: 192.0.2.1 port 2049: no answer to connecting", "up: 192.0.2.1 port 2049"]);
    await rig.run(rig.fileSystem.close());
  });

  test("unmounting ends what waits for it", async () => {
    const rig = clientRig(FILES, { isSoft: false });
    const root = await rig.run(good(rig.fileSystem.root()));
    await rig.clock.advance(120_000);
    rig.streams.silence("192.0.2.1");
    const outcome = Promise.resolve(rig.fileSystem.attributes(root.key));
    await rig.clock.advance(6000);
    await rig.run(rig.fileSystem.close());
    expect(await rig.run(outcome)).toBe("TIMEDOUT");
    const begun = rig.streams.begun.get("192.0.2.1");
    await rig.clock.advance(3_600_000);
    expect(rig.streams.begun.get("192.0.2.1")).toBe(begun);
  });
});

test("a call that was lost on the way is repeated under its number, so that a server can know it", async () => {
  const xids: number[] = [];
  const rig = clientRig(
    {
      ...FILES,
      SETATTR: (_, { xid, times }) => {
        xids.push(xid);
        return times === 0 ? null : { status: "OK", good: { before: null, after: rootAttributes() } };
      },
    },
    { isWritable: true },
  );
  const root = await rig.run(good(rig.fileSystem.root()));
  await rig.run(good(rig.fileSystem.setAttributes(root.key, { mode: 0o700 })));
  expect(xids).toHaveLength(2);
  expect(xids[0]).toBe(xids[1]);
  await rig.run(rig.fileSystem.close());
});

test("it takes longer (JUKEBOX): asked again as a new call, later each time, up to the mount's patience", async () => {
  const xids = new Set<number>();
  const rig = clientRig({
    ...FILES,
    READLINK: (_, { xid, times }) => {
      xids.add(xid);
      return times < 3
        ? { status: "JUKEBOX", bad: null }
        : { status: "OK", good: { attributes: null, target: "there" } };
    },
    FSSTAT: () => ({ status: "JUKEBOX", bad: null }),
  });
  const root = await rig.run(good(rig.fileSystem.root()));
  expect(await rig.run(rig.fileSystem.readlink(root.key))).toEqual({ target: "there" });
  expect(xids.size).toBe(4);
  expect(rig.clock.now()).toBe(700);
  const began = rig.clock.now();
  expect(await rig.run(rig.fileSystem.space(root.key))).toBe("JUKEBOX");
  expect(rig.clock.now() - began).toBeLessThanOrEqual(10_000);
  await rig.run(rig.fileSystem.close());
});

test("a handle that has gone is found again by its path, when it is the same file", async () => {
  let word = "one";
  const rig = clientRig({
    ...FILES,
    LOOKUP: ({ name }) => ({
      status: "OK",
      good: { handle: `${word} ${name}`, attributes: big, directory: rootAttributes() },
    }),
    READ: (given, call) => (given.handle.startsWith(word) ? READ(given, call) : { status: "STALE", bad: null }),
  });
  const root = await rig.run(good(rig.fileSystem.root()));
  const { key } = await rig.run(good(rig.fileSystem.lookup(root.key, "a")));
  word = "two";
  expect((await rig.run(good(rig.fileSystem.read(key, 0, 10)))).octets.length).toBe(10);
  expect(rig.fileSystem.counters.recovered).toBe(1);
  await rig.run(rig.fileSystem.close());
});

test("replicas: the second serves when the first is dead, and nothing is written to them", async () => {
  const rig = clientRig(FILES);
  expect(rig.fileSystem.isWritable).toBe(false);
  second(rig, copyOf("copy"));
  rig.found = { addresses: ["192.0.2.1", "192.0.2.2"], lifeSeconds: 60 };
  const root = await rig.run(good(rig.fileSystem.root()));
  const { key } = await rig.run(good(rig.fileSystem.lookup(root.key, "big")));
  rig.streams.silence("192.0.2.1");
  rig.streams.cut("192.0.2.1");
  await rig.clock.advance(100);
  expect((await rig.run(good(rig.fileSystem.read(key, 0, 10)))).octets.length).toBe(10);
  expect(rig.states.at(-1)).toBe("up: 192.0.2.2 port 2049");
  await rig.run(rig.fileSystem.close());
});
