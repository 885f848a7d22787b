/** One connection, and many: what is no RPC, what waits, what is too much, and clients that do not read. */
import { describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import {
  type FileKey,
  MemoryFileSystem,
  MOUNT_PROCEDURES as MOUNT,
  NFS_PROCEDURES as NFS,
  type ReadPart,
  XdrWriter,
  writeCall,
} from "../../mount/index.ts";
import { everywhere, NfsRig, type PlainClient, root } from "../support/nfs-rig.ts";
import { mutated } from "../support/wire-mutations.ts";

const files = { "/pub/readme": "read me\n", "/pub/big": Buffer.alloc(3_000_000, 7) };

/** A file system in memory that answers some lookups when it is told to. */
class Waiting extends MemoryFileSystem {
  readonly #waiting: (() => void)[] = [];

  override lookup(directory: FileKey, name: string): ReturnType<MemoryFileSystem["lookup"]> {
    const found = super.lookup(directory, name);
    if (!name.startsWith("slow")) return found;
    return new Promise((resolve) => this.#waiting.push(() => resolve(found))) as never;
  }

  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

function waiting(): { rig: NfsRig; fileSystem: Waiting; directory: string } {
  const fileSystem = new Waiting({ clock: new SimulatedClock(), isWritable: true });
  for (const name of ["slow", "quick"])
    fileSystem.create(
      { directory: fileSystem.root().key, name },
      { kind: "file", how: "guarded", verifier: 0n, attributes: {} },
    );
  const rig = new NfsRig({ fileSystem, limits: { callsInFlight: 4 } });
  return { rig, fileSystem, directory: rig.client.mounted("/") };
}

const xids = (client: PlainClient): number[] => client.replies().map(({ header }) => header.xid);

describe("what waits", () => {
  test("holds up nobody else: replies come in the order in which they are ready", async () => {
    const { rig, fileSystem, directory } = waiting();
    const { client } = rig;
    client.receives(client.record(NFS.LOOKUP, { directory, name: "slow" }, { xid: 100 }));
    client.receives(client.record(NFS.LOOKUP, { directory, name: "quick" }, { xid: 101 }));
    expect(xids(client)).toEqual([101]);
    fileSystem.release();
    await rig.clock.advance(1);
    expect(xids(client)).toEqual([100]);
  });

  test("for four seconds is told to come again, and what comes later is not sent", async () => {
    const { rig, fileSystem, directory } = waiting();
    const { client } = rig;
    client.receives(client.record(NFS.LOOKUP, { directory, name: "slow" }));
    await rig.clock.advance(3999);
    expect(client.replies()).toHaveLength(0);
    await rig.clock.advance(1);
    const [reply] = client.replies();
    expect(NFS.LOOKUP.result.read(reply!.reader)).toEqual({ status: "JUKEBOX", bad: null });
    fileSystem.release();
    await rig.clock.advance(1);
    expect(client.replies()).toHaveLength(0);
    expect(rig.server.counters.late).toBe(1);
  });

  test("is bounded: reading pauses until something is ready", async () => {
    const { rig, fileSystem, directory } = waiting();
    const { client } = rig;
    const calls = Array.from({ length: 6 }, () => client.record(NFS.LOOKUP, { directory, name: "slow" }));
    client.receives(Buffer.concat(calls));
    expect(client.isPaused).toBe(true);
    fileSystem.release();
    await rig.clock.advance(1);
    expect(client.replies()).toHaveLength(4);
    expect(client.isPaused).toBe(false);
    fileSystem.release();
    await rig.clock.advance(1);
    expect(client.replies()).toHaveLength(2);
  });

  test("when the client is gone is answered to nobody", async () => {
    const { rig, fileSystem, directory } = waiting();
    rig.client.receives(rig.client.record(NFS.LOOKUP, { directory, name: "slow" }));
    rig.client.leaves();
    fileSystem.release();
    await rig.clock.advance(5000);
    expect(rig.client.sent).toHaveLength(0);
    expect(rig.server.counters.open).toBe(0);
  });
});

test("the replies of one turn leave together, and data is not copied", () => {
  using rig = new NfsRig({ files });
  const { client } = rig;
  const handle = client.at("/pub/big");
  let writes = 0;
  const { write } = client;
  client.write = (pieces) => {
    writes++;
    return write.call(client, pieces);
  };
  client.receives(
    Buffer.concat(
      [0, 100_000, 200_000].map((offset) => client.record(NFS.READ, { handle, offset, octetsMax: 100_000 })),
    ),
  );
  expect(writes).toBe(1);
  expect(client.sent.filter((piece) => piece.buffer === files["/pub/big"].buffer)).toHaveLength(3);
  expect(client.replies()).toHaveLength(3);
});

describe("octets that a file system wants back", () => {
  /** Lends octets and counts what has come back; slow when it is told so. */
  class Lending extends MemoryFileSystem {
    returned = 0;
    answer: (part: ReadPart) => unknown = (part) => part;

    override read(file: FileKey, offset: number, octetsMax: number): ReturnType<MemoryFileSystem["read"]> {
      const part = super.read(file, offset, octetsMax);
      if (typeof part === "string") return part;
      return this.answer({ ...part, release: () => this.returned++ }) as never;
    }
  }

  function lending(): { rig: NfsRig; fileSystem: Lending; read: Buffer } {
    const clock = new SimulatedClock();
    const fileSystem = new Lending({ clock, isWritable: true });
    const { key: directory } = fileSystem.root();
    fileSystem.create({ directory, name: "f" }, { kind: "file", how: "guarded", verifier: 0n, attributes: {} });
    const rig = new NfsRig({ fileSystem });
    const read = rig.client.record(NFS.READ, { handle: rig.client.at("/f"), offset: 0, octetsMax: 100 });
    return { rig, fileSystem, read };
  }

  test("get it when they are sent, and not before", () => {
    const { rig, fileSystem, read } = lending();
    let gone: (() => void) | undefined;
    rig.client.write = (_pieces, told) => {
      gone = told;
      return true;
    };
    rig.client.receives(Buffer.concat([read, read]));
    expect(fileSystem.returned).toBe(0);
    gone!();
    expect(fileSystem.returned).toBe(2);
  });

  test("get it when they come too late, or for a client that is gone", async () => {
    const { rig, fileSystem, read } = lending();
    const late: (() => void)[] = [];
    fileSystem.answer = (part) => new Promise((resolve) => late.push(() => resolve(part)));
    rig.client.receives(read);
    await rig.clock.advance(4000);
    rig.client.receives(read);
    rig.client.leaves();
    for (const come of late) come();
    await rig.clock.advance(1);
    expect(fileSystem.returned).toBe(2);
  });
});

test("a client that does not read is not answered on and on", async () => {
  using rig = new NfsRig({ files });
  const { client } = rig;
  const handle = client.at("/pub/big");
  client.takes = false;
  const many = Array.from({ length: 400 }, () => client.record(NFS.READ, { handle, offset: 0, octetsMax: 1_048_576 }));
  client.receives(Buffer.concat(many));
  expect(client.isPaused).toBe(true);
  const sent = client.sent.reduce((sum, piece) => sum + piece.length, 0);
  expect(sent).toBeLessThan(3_000_000);
  client.drains();
  expect(client.isPaused).toBe(false);
  expect(client.replies()).toHaveLength(400);
  // One that never reads again is let go.
  client.takes = false;
  client.receives(client.record(NFS.READ, { handle, offset: 0, octetsMax: 1_048_576 }));
  await rig.clock.advance(40_000);
  expect(client.isClosed).toBe(true);
  expect(rig.server.counters).toMatchObject({ dropped: 1, open: 0 });
});

describe("what is no call", () => {
  const call = { xid: 9, program: 100003, version: 3, procedure: 1, credential: root };
  const sent = (change: Partial<typeof call>, argument: Uint8Array = new Uint8Array(0)): Buffer => {
    const writer = new XdrWriter();
    writer.beginRecord();
    writeCall(writer, { ...call, ...change });
    writer.fixed(argument);
    writer.endRecord();
    return Buffer.concat(writer.take());
  };

  test.each([
    ["another program", { program: 100000 }, { kind: "program-unavailable" }],
    ["version 2 of NFS", { version: 2 }, { kind: "program-mismatch", lowest: 3, highest: 3 }],
    ["version 4 of NFS", { version: 4 }, { kind: "program-mismatch", lowest: 3, highest: 3 }],
    ["version 1 of MOUNT", { program: 100005, version: 1 }, { kind: "program-mismatch", lowest: 3, highest: 3 }],
    ["procedure 22 of NFS", { procedure: 22 }, { kind: "procedure-unavailable" }],
    ["arguments that are missing", {}, { kind: "garbage-arguments" }],
    [
      "RPCSEC_GSS",
      { credential: { flavor: "other", number: 6 } as never },
      { kind: "auth-error", state: "REJECTEDCRED" },
    ],
  ])("%s is told so", (_what, change, outcome) => {
    using rig = new NfsRig({ files });
    rig.client.receives(sent(change));
    expect(rig.client.replies().map(({ header }) => header)).toEqual([{ xid: 9, outcome }]);
    expect(rig.client.isClosed).toBe(false);
  });

  test.each([100003, 100005])("NULL of program %i does nothing, for anybody", (program) => {
    using rig = new NfsRig({ files });
    rig.client.receives(sent({ program, procedure: 0, credential: { flavor: "none" } as never }));
    expect(rig.client.replies()[0]!.header.outcome).toEqual({ kind: "success" });
  });

  test.each([
    ["a record longer than two mebibytes", "80200001"],
    ["a reply", "80000018 00000009 00000001 00000000 00000000 00000000 00000000"],
    ["an empty record", "80000000"],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n").toString("hex")],
  ])("%s ends the connection", (_what, hex) => {
    using rig = new NfsRig({ files });
    rig.client.receives(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    expect(rig.client.isClosed).toBe(true);
    expect(rig.server.counters).toMatchObject({ unreadable: 1, open: 0 });
  });

  test("half a record waits for thirty seconds", async () => {
    using rig = new NfsRig({ files });
    rig.client.receives(Buffer.from("800000", "hex"));
    await rig.clock.advance(29_000);
    expect(rig.client.isClosed).toBe(false);
    await rig.clock.advance(10_000);
    expect(rig.client.isClosed).toBe(true);
  });

  test("a client that only waits stays", async () => {
    using rig = new NfsRig({ files });
    rig.client.mounted("/");
    await rig.clock.advance(3_600_000);
    expect(rig.client.isClosed).toBe(false);
  });
});

describe("too many connections", () => {
  test("one more is turned away, unless another has been idle for long", async () => {
    using rig = new NfsRig({ files, limits: { connections: 2 } });
    rig.joined("192.0.2.2");
    expect(rig.joined("192.0.2.3").isClosed).toBe(true);
    await rig.clock.advance(61_000);
    expect(rig.joined("192.0.2.4").isClosed).toBe(false);
    expect(rig.server.counters).toMatchObject({ refused: 1, dropped: 1, open: 2 });
  });
});

test("a bug in the file system ends that call, and no other", () => {
  class Broken extends MemoryFileSystem {
    override readlink(): never {
      throw new Error("a bug");
    }
  }
  using rig = new NfsRig({ fileSystem: new Broken({ clock: new SimulatedClock(), isWritable: true }) });
  const handle = rig.client.mounted("/");
  rig.client.receives(rig.client.record(NFS.READLINK, handle));
  expect(rig.client.replies()[0]!.header.outcome).toEqual({ kind: "system-error" });
  expect(rig.client.call(NFS.GETATTR, handle).status).toBe("OK");
  expect(rig.server.counters.failed).toBe(1);
});

test("spoilt calls of every kind are answered or end the connection, and others are served on", () => {
  using rig = new NfsRig({ files, exports: [everywhere] });
  const random = new SeededRandom(1813);
  const good = rig.joined("192.0.2.9");
  const handle = good.at("/pub/readme");
  const directory = good.at("/pub");
  const page = { handle: directory, cookie: 0n, verifier: 0n, octetsMax: 4096 };
  const samples = [
    good.record(NFS.GETATTR, handle),
    good.record(NFS.LOOKUP, { directory, name: "readme" }),
    good.record(NFS.READ, { handle, offset: 0, octetsMax: 4096 }),
    good.record(NFS.WRITE, { handle, offset: 0, stability: "file", octets: Buffer.from("read me\n") }),
    good.record(NFS.READDIRPLUS, { ...page, nameOctetsMax: 4096 }),
    good.record(NFS.RENAME, { from: { directory, name: "a" }, to: { directory, name: "b" } }),
    good.record(NFS.LOOKUP, { directory: "", name: "pub/readme" }),
    good.record(MOUNT.MNT, "/pub"),
  ];
  let client = rig.client;
  for (let turn = 0; turn < 20_000; turn++) {
    if (client.isClosed) client = rig.joined("192.0.2.1");
    client.receives(mutated(samples[turn % samples.length]!, random));
    client.sent.length = 0;
    // A length that lies makes it wait for what follows.
    if (turn % 16 === 0) {
      client.leaves();
      client = rig.joined("192.0.2.1");
    }
  }
  expect(rig.server.counters.failed).toBe(0);
  expect(good.call(NFS.GETATTR, handle).status).toBe("OK");
});
