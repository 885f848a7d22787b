/** What the client believes and for how long, what it reads ahead, and what it keeps of unsafe writes. */
import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../../base/index.ts";
import { fileKeyOf } from "../../../mount/index.ts";
import { AttributeCache } from "../../../mount/client/attribute-cache.ts";
import { BoundedMap } from "../../../mount/client/bounded-map.ts";
import { NameCache } from "../../../mount/client/name-cache.ts";
import { good } from "../../support/file-system-contract.ts";
import { clientRig } from "../../support/nfs-client-rig.ts";
import { type Acts, attributesOf, rootAttributes } from "../../support/scripted-nfs.ts";

const SECONDS = { fileMin: 3, fileMax: 60, directoryMin: 30, directoryMax: 60 };
const key = fileKeyOf("a");

describe("attributes are believed", () => {
  test("for the least time at first, twice as long each time they come back the same, up to the most", async () => {
    const clock = new SimulatedClock();
    const cache = new AttributeCache(clock, SECONDS);
    const lives: number[] = [];
    for (let i = 0; i < 7; i++) {
      cache.learn(key, attributesOf());
      const began = clock.now();
      while (cache.fresh(key) !== null) await clock.advance(1000);
      lives.push((clock.now() - began) / 1000);
    }
    expect(lives).toEqual([3, 6, 12, 24, 48, 60, 60]);
    expect(cache.learn(key, attributesOf({ sizeOctets: 11 }))).toBe("changed");
    await clock.advance(3000);
    expect(cache.fresh(key)).toBeNull();
  });

  test("not longer because they come with many replies", async () => {
    const clock = new SimulatedClock();
    const cache = new AttributeCache(clock, SECONDS);
    for (let i = 0; i < 100; i++) cache.learn(key, attributesOf());
    await clock.advance(3000);
    expect(cache.fresh(key)).toBeNull();
  });

  test("of directories by their own times, and never under noac", async () => {
    const clock = new SimulatedClock();
    const cache = new AttributeCache(clock, SECONDS);
    cache.learn(key, rootAttributes());
    await clock.advance(29_000);
    expect(cache.fresh(key)).not.toBeNull();
    const never = new AttributeCache(clock, { fileMin: 0, fileMax: 0, directoryMin: 0, directoryMax: 0 });
    never.learn(key, rootAttributes());
    expect(never.fresh(key)).toBeNull();
    expect(never.learn(key, attributesOf())).toBe("another-kind");
  });
});

test("a bounded map forgets what was not used for longest", () => {
  const map = new BoundedMap<number, number>(3);
  for (const i of [1, 2, 3]) map.set(i, i);
  map.get(1);
  map.set(4, 4);
  expect([...map.keys()]).toEqual([3, 1, 4]);
});

describe("names are believed", () => {
  const directory = fileKeyOf("d");
  const place = { directory, name: "a" };
  const later = { seconds: 1_800_000_000, nanoseconds: 0 };

  test("while their directory has not changed, and over our own change of it", () => {
    const names = new NameCache();
    const before = rootAttributes();
    const after = rootAttributes({ changed: later });
    names.learn(place, key, before);
    names.learn({ directory, name: "gone" }, null, before);
    expect(names.get(place, before)).toBe(key);
    expect(names.get({ directory, name: "gone" }, before)).toBeNull();
    expect(names.get(place, after)).toBeUndefined();
    names.carryOver(directory, before.changed, later);
    expect(names.get(place, after)).toBe(key);
  });

  test("a path is walked up to the root; a circle of places ends", () => {
    const names = new NameCache();
    const root = fileKeyOf("root");
    names.learn({ directory: root, name: "d" }, directory, null);
    names.learn(place, key, null);
    expect(names.pathOf(key, root)).toEqual(["d", "a"]);
    names.learn({ directory: key, name: "up" }, directory, null);
    expect(names.pathOf(key, root)).toBeNull();
  });
});

test("a name and its attributes are asked once; what is not there as well", async () => {
  const { fileSystem, run, server, clock } = clientRig({
    LOOKUP: ({ name }) =>
      name === "gone"
        ? { status: "NOENT", bad: rootAttributes() }
        : { status: "OK", good: { handle: name, attributes: attributesOf(), directory: rootAttributes() } },
  });
  const root = await run(good(fileSystem.root()));
  for (let i = 0; i < 10; i++) {
    await run(good(fileSystem.lookup(root.key, "a")));
    expect(await run(fileSystem.lookup(root.key, "gone"))).toBe("NOENT");
  }
  expect(server.calls.get("LOOKUP")).toBe(2);
  await clock.advance(61_000);
  await run(good(fileSystem.lookup(root.key, "a")));
  expect(server.calls.get("LOOKUP")).toBe(3);
  await run(fileSystem.close());
});

describe("reading from one end to the other", () => {
  const size = 200_000;
  const text = Buffer.alloc(size, "Strata reads ahead. ");
  const attributes = attributesOf({ sizeOctets: size });
  const LOOKUP: NonNullable<Acts["LOOKUP"]> = () => ({
    status: "OK",
    good: { handle: "big", attributes, directory: rootAttributes() },
  });
  const part = (offset: number, octetsMax: number): Buffer => text.subarray(offset, offset + octetsMax);

  async function reading(READ: NonNullable<Acts["READ"]>, stepOctets: number) {
    const { fileSystem, run, server } = clientRig({ LOOKUP, READ });
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "big")));
    const parts: Buffer[] = [];
    for (let offset = 0, isEnd = false; !isEnd;) {
      const read = await run(good(fileSystem.read(key, offset, stepOctets)));
      parts.push(Buffer.from(read.octets));
      offset += read.octets.length;
      isEnd = read.isEnd;
    }
    await run(fileSystem.close());
    expect(Buffer.concat(parts).equals(text)).toBe(true);
    return { calls: server.calls.get("READ")!, hits: fileSystem.counters.readAheadHits };
  }

  test.each([512, 1000, 4096, 65_536])(
    "by %i octets: a window is on its way, and nothing is read twice",
    async (step) => {
      let open = 0;
      let openMax = 0;
      const { calls, hits } = await reading(({ offset, octetsMax }) => {
        openMax = Math.max(openMax, ++open);
        queueMicrotask(() => open--);
        return {
          status: "OK",
          good: { attributes, octets: part(offset, octetsMax), isEnd: offset + octetsMax >= size },
        };
      }, step);
      expect(hits).toBeGreaterThan(40);
      expect(calls).toBeLessThanOrEqual(Math.ceil(size / 4096) + 4);
    },
  );

  test("a server that gives less than was asked for loses nothing", async () => {
    const { hits } = await reading(({ offset, octetsMax }) => {
      const octets = part(offset, Math.min(octetsMax, 1500));
      return { status: "OK", good: { attributes, octets, isEnd: offset + octets.length >= size } };
    }, 4096);
    expect(hits).toBeGreaterThan(0);
  });

  test("a part that fails ahead fails nobody who asks again", async () => {
    const failed = new Set<number>();
    await reading(({ offset, octetsMax }) => {
      if (offset % 3 === 0 && !failed.has(offset)) {
        failed.add(offset);
        if (offset > 8192) return { status: "IO", bad: null };
      }
      return { status: "OK", good: { attributes, octets: part(offset, octetsMax), isEnd: offset + octetsMax >= size } };
    }, 4096);
    expect(failed.size).toBeGreaterThan(3);
  });

  test("what was read ahead is not given out after the file has changed", async () => {
    let now = { attributes, letter: "a" };
    const { fileSystem, run, clock } = clientRig({
      LOOKUP,
      GETATTR: (handle) => ({ status: "OK", good: handle === "root" ? rootAttributes() : now.attributes }),
      READ: ({ octetsMax }) => ({
        status: "OK",
        good: { attributes: now.attributes, octets: Buffer.alloc(octetsMax, now.letter), isEnd: false },
      }),
    });
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "big")));
    const letterAt = async (offset: number): Promise<string> =>
      Buffer.from((await run(good(fileSystem.read(key, offset, 4096)))).octets).toString("latin1", 0, 1);
    for (let i = 0; i < 4; i++) expect(await letterAt(i * 4096)).toBe("a");
    now = { attributes: { ...attributes, changed: { seconds: 1_800_000_000, nanoseconds: 0 } }, letter: "b" };
    await clock.advance(3000);
    await run(good(fileSystem.attributes(key)));
    expect(await letterAt(4 * 4096)).toBe("b");
    await run(fileSystem.close());
  });
});

describe("what was read ahead", () => {
  const size = 200_000;
  const attributes = attributesOf({ sizeOctets: size });

  async function begun() {
    let letter = "a";
    const rig = clientRig({
      LOOKUP: () => ({ status: "OK", good: { handle: "big", attributes, directory: rootAttributes() } }),
      READ: ({ octetsMax }) => ({
        status: "OK",
        good: { attributes, octets: Buffer.alloc(octetsMax, letter), isEnd: false },
      }),
    });
    const { fileSystem, run } = rig;
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "big")));
    for (let i = 0; i < 4; i++) await run(good(fileSystem.read(key, i * 4096, 4096)));
    // What is still on its way comes.
    await rig.clock.advance(1);
    return { ...rig, key, become: (next: string) => (letter = next) };
  }

  test("is given out for three seconds at most", async () => {
    const { fileSystem, run, clock, key, become } = await begun();
    become("b");
    expect((await run(good(fileSystem.read(key, 4 * 4096, 1)))).octets[0]).toBe("a".charCodeAt(0));
    await clock.advance(3000);
    expect((await run(good(fileSystem.read(key, 4 * 4096, 4096)))).octets[0]).toBe("b".charCodeAt(0));
    await run(fileSystem.close());
  });

  test("is given to one reader only, because he may give its memory back", async () => {
    const { fileSystem, run, key } = await begun();
    const [one, other] = await run(
      Promise.all([good(fileSystem.read(key, 4 * 4096, 4096)), good(fileSystem.read(key, 4 * 4096, 4096))]),
    );
    expect(one.octets).not.toBe(other.octets);
    await run(fileSystem.close());
  });
});

test("above the root is the root, whatever the server says", async () => {
  const { fileSystem, run, server } = clientRig();
  const root = await run(good(fileSystem.root()));
  expect((await run(good(fileSystem.lookup(root.key, "..")))).key).toBe(root.key);
  expect(server.calls.get("LOOKUP")).toBeUndefined();
  await run(fileSystem.close());
});

test("a kept name whose file has gone is looked up again", async () => {
  let handle = "one";
  const { fileSystem, run, clock } = clientRig({
    LOOKUP: () => ({
      status: "OK",
      good: { handle, attributes: attributesOf({ fileId: BigInt(handle.length) }), directory: rootAttributes() },
    }),
    GETATTR: (asked) => {
      if (asked === "root") return { status: "OK", good: rootAttributes() };
      return asked === handle
        ? { status: "OK", good: attributesOf({ fileId: BigInt(handle.length) }) }
        : { status: "STALE", bad: null };
    },
  });
  const root = await run(good(fileSystem.root()));
  expect((await run(good(fileSystem.lookup(root.key, "a")))).key).toBe("one");
  handle = "another";
  await clock.advance(4000);
  expect((await run(good(fileSystem.lookup(root.key, "a")))).key).toBe("another");
  await run(fileSystem.close());
});

test("the file system that was mounted is 0, others below it keep their numbers", async () => {
  const { fileSystem, run } = clientRig({
    LOOKUP: ({ name }) => ({
      status: "OK",
      good: { handle: name, attributes: attributesOf({ fileSystemId: BigInt(name) }), directory: null },
    }),
  });
  const root = await run(good(fileSystem.root()));
  const numbers = [root.attributes.fileSystemId];
  for (const name of ["7", "9", "0"]) {
    numbers.push((await run(good(fileSystem.lookup(root.key, name)))).attributes.fileSystemId);
  }
  expect(numbers).toEqual([0n, 0n, 9n, 7n]);
  await run(fileSystem.close());
});

describe("unsafe writes", () => {
  /** A server that keeps what is written to memory only until it is committed, or restarts. */
  function forgetful() {
    let verifier = 1n;
    const disk = Buffer.alloc(20_000);
    let memory = Buffer.alloc(20_000);
    const wcc = { before: null, after: null };
    const acts: Acts = {
      WRITE: ({ offset, octets, stability }) => {
        memory.set(octets, offset);
        if (stability !== "unstable") disk.set(octets, offset);
        return { status: "OK", good: { file: wcc, writtenOctets: octets.length, stability, verifier } };
      },
      COMMIT: () => {
        disk.set(memory);
        return { status: "OK", good: { file: wcc, verifier } };
      },
    };
    return {
      acts,
      disk,
      restart: () => {
        verifier++;
        memory = Buffer.from(disk);
      },
    };
  }
  const text = Buffer.alloc(20_000, "not lost, ");

  test("that the server lost in a restart are written again at the commit", async () => {
    const server = forgetful();
    const { fileSystem, run } = clientRig(server.acts, { isWritable: true });
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "a")));
    const own = Buffer.from(text.subarray(0, 10_000));
    const first = await run(good(fileSystem.write(key, 0, own, "unstable")));
    // The caller's memory is his again.
    own.fill(0);
    server.restart();
    const later = await run(good(fileSystem.write(key, 10_000, text.subarray(10_000), "unstable")));
    const committed = await run(good(fileSystem.commit(key)));
    expect(server.disk.equals(text)).toBe(true);
    expect(new Set([first.verifier, later.verifier, committed.verifier]).size).toBe(1);
    expect(fileSystem.counters.rewritten).toBe(3);
    await run(fileSystem.close());
  });

  test("are committed when it is unmounted, and when too many are kept", async () => {
    const server = forgetful();
    const { fileSystem, run } = clientRig(server.acts, { isWritable: true, writeOctets: 1_048_576 });
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "a")));
    await run(good(fileSystem.write(key, 0, text, "unstable")));
    await run(fileSystem.close());
    expect(server.disk.equals(text)).toBe(true);
  });

  test("do not keep a mount whose server is dead, hard or not", async () => {
    const { fileSystem, run, streams, clock } = clientRig(forgetful().acts, { isWritable: true, isSoft: false });
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "a")));
    await run(good(fileSystem.write(key, 0, text, "unstable")));
    streams.silence("192.0.2.1");
    const began = clock.now();
    await run(fileSystem.close());
    expect(clock.now() - began).toBe(15_000);
  });

  test("of more than is kept make the client commit by itself", async () => {
    let commits = 0;
    const wcc = { before: null, after: null };
    const { fileSystem, run } = clientRig(
      {
        WRITE: ({ octets }) => ({
          status: "OK",
          good: { file: wcc, writtenOctets: octets.length, stability: "unstable", verifier: 1n },
        }),
        COMMIT: () => {
          commits++;
          return { status: "OK", good: { file: wcc, verifier: 1n } };
        },
      },
      { isWritable: true },
    );
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "a")));
    for (let i = 0; i < 5; i++) await run(good(fileSystem.write(key, i << 23, Buffer.alloc(1 << 23), "unstable")));
    expect(commits).toBe(1);
    await run(fileSystem.close());
  });

  test("to a server that never makes one safe end with SERVERFAULT", async () => {
    let verifier = 1n;
    const wcc = { before: null, after: null };
    const { fileSystem, run } = clientRig(
      {
        WRITE: ({ octets }) => ({
          status: "OK",
          good: { file: wcc, writtenOctets: octets.length, stability: "unstable", verifier: verifier++ },
        }),
        COMMIT: () => ({ status: "OK", good: { file: wcc, verifier: verifier++ } }),
      },
      { isWritable: true },
    );
    const root = await run(good(fileSystem.root()));
    const { key } = await run(good(fileSystem.lookup(root.key, "a")));
    await run(good(fileSystem.write(key, 0, text, "unstable")));
    expect(await run(fileSystem.commit(key))).toBe("SERVERFAULT");
    await run(fileSystem.close());
  });
});
