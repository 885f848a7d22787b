/** What a server of files answers to who changes something: wcc data, who may what, read-only ones, and calls that come twice. */
import { describe, expect, test } from "vitest";
import { type FileKey, MemoryFileSystem, NFS_PROCEDURES as NFS, type Status } from "../../mount/index.ts";
import { type Procedure, type Result } from "../../mount/nfs/procedure.ts";
import { everywhere, NfsRig, type PlainClient, root, user } from "../support/nfs-rig.ts";

const files = { "/home/steen/mbox": "dear\n", "/home/readme": "read\n" };
const someone = { ...user, uid: 2000, gid: 2000, groups: [] };

interface Case {
  readonly what: string;
  readonly call: (client: PlainClient) => {
    readonly status: Status | "OK";
    readonly good?: unknown;
    readonly bad?: unknown;
  };
}

const changes: readonly Case[] = [
  {
    what: "SETATTR",
    call: (client) =>
      client.call(NFS.SETATTR, { handle: client.at("/home/readme"), changes: { mode: 0o600 }, guard: null }),
  },
  {
    what: "WRITE",
    call: (client) =>
      client.call(NFS.WRITE, {
        handle: client.at("/home/readme"),
        offset: 0,
        stability: "file",
        octets: Buffer.from("x"),
      }),
  },
  {
    what: "COMMIT",
    call: (client) => client.call(NFS.COMMIT, { handle: client.at("/home/readme"), offset: 0, octets: 0 }),
  },
  {
    what: "CREATE",
    call: (client) =>
      client.call(NFS.CREATE, {
        place: { directory: client.at("/home"), name: "new" },
        file: { kind: "file", how: "guarded", verifier: 0n, attributes: { mode: 0o640 } },
      }),
  },
  {
    what: "MKDIR",
    call: (client) => client.call(NFS.MKDIR, { place: { directory: client.at("/home"), name: "new" }, attributes: {} }),
  },
  {
    what: "SYMLINK",
    call: (client) =>
      client.call(NFS.SYMLINK, {
        place: { directory: client.at("/home"), name: "new" },
        attributes: {},
        target: "readme",
      }),
  },
  { what: "REMOVE", call: (client) => client.call(NFS.REMOVE, { directory: client.at("/home"), name: "readme" }) },
  { what: "RMDIR", call: (client) => client.call(NFS.RMDIR, { directory: client.at("/home"), name: "empty" }) },
  {
    what: "RENAME",
    call: (client) =>
      client.call(NFS.RENAME, {
        from: { directory: client.at("/home"), name: "readme" },
        to: { directory: client.at("/home/steen"), name: "read" },
      }),
  },
  {
    what: "LINK",
    call: (client) =>
      client.call(NFS.LINK, {
        handle: client.at("/home/readme"),
        place: { directory: client.at("/home"), name: "again" },
      }),
  },
];

function rigWithEmpty(): NfsRig {
  const rig = new NfsRig({ files });
  rig.client.call(NFS.MKDIR, { place: { directory: rig.client.at("/home"), name: "empty" }, attributes: {} });
  return rig;
}

/** The wcc data in whatever a result carries. */
function wccIn(value: unknown): { before: unknown; after: unknown }[] {
  if (typeof value !== "object" || value === null) return [];
  if ("before" in value && "after" in value) return [{ before: value.before, after: value.after }];
  return Object.values(value).flatMap(wccIn);
}

describe.each(changes)("$what", ({ what, call }) => {
  test("is done, and tells before and after", () => {
    using rig = rigWithEmpty();
    const result = call(rig.client);
    expect(result.status).toBe("OK");
    const wcc = wccIn(result);
    expect(wcc.length).toBeGreaterThan(0);
    for (const { before, after } of wcc) {
      expect(before).not.toBeNull();
      expect(after).not.toBeNull();
      if (what !== "COMMIT") expect(before).not.toEqual(after);
    }
  });

  test.each([
    ["a file system that is read-only", false, true],
    ["an export that is read-only", true, false],
  ])("in %s ends with ROFS, and nothing has changed", (_what, isWritable, isExportWritable) => {
    using rig = new NfsRig({ files, isWritable, exports: [{ ...everywhere, isWritable: isExportWritable }] });
    const result = call(rig.client);
    expect(result.status).toBe("ROFS");
    const wcc = wccIn(result);
    expect(wcc.length).toBeGreaterThan(0);
    for (const { before, after } of wcc) expect(after).toMatchObject(before as object);
  });

  test("by somebody who may not ends with ACCES or PERM", () => {
    using rig = rigWithEmpty();
    rig.client.credential = someone;
    expect(["ACCES", "PERM"]).toContain(call(rig.client).status);
  });
});

describe("calls that come twice (duplicate-request cache)", () => {
  function sentTwice<A, B, C>(
    rig: NfsRig,
    procedure: Procedure<A, Result<B, C>>,
    argument: A,
    second: PlainClient,
  ): string[] {
    const { client } = rig;
    const record = client.record(procedure, argument);
    const statuses: string[] = [];
    for (const one of [client, second]) {
      one.receives(record);
      const [reply] = one.replies();
      statuses.push(procedure.result.read(reply!.reader).status);
    }
    return statuses;
  }

  test("a REMOVE sent again over a new connection is told that it was done", () => {
    using rig = new NfsRig({ files });
    const place = { directory: rig.client.at("/home"), name: "readme" };
    expect(sentTwice(rig, NFS.REMOVE, place, rig.joined("192.0.2.1"))).toEqual(["OK", "OK"]);
    expect(rig.server.counters.replayed).toBe(1);
  });

  test("the same number from another address is another call", () => {
    using rig = new NfsRig({ files });
    const place = { directory: rig.client.at("/home"), name: "readme" };
    expect(sentTwice(rig, NFS.REMOVE, place, rig.joined("192.0.2.2"))).toEqual(["OK", "NOENT"]);
  });

  test("the same number with another content is another call", () => {
    using rig = new NfsRig({ files });
    const directory = rig.client.at("/home");
    const xid = 4711;
    expect(rig.client.call(NFS.REMOVE, { directory, name: "readme" }, { xid }).status).toBe("OK");
    expect(rig.client.call(NFS.REMOVE, { directory, name: "nothing" }, { xid }).status).toBe("NOENT");
    expect(rig.server.counters.replayed).toBe(0);
  });

  test("after two minutes it is done again", async () => {
    using rig = new NfsRig({ files });
    const directory = rig.client.at("/home");
    const again = { directory, name: "readme" };
    expect(rig.client.call(NFS.REMOVE, again, { xid: 4711 }).status).toBe("OK");
    await rig.clock.advance(121_000);
    expect(rig.client.call(NFS.REMOVE, again, { xid: 4711 }).status).toBe("NOENT");
  });
});

describe("names that cannot be", () => {
  test.each<[string, string, Status]>([
    ["CREATE", ".", "EXIST"],
    ["CREATE", "..", "EXIST"],
    ["CREATE", "a/b", "INVAL"],
    ["CREATE", "", "INVAL"],
    ["CREATE", "x".repeat(256), "NAMETOOLONG"],
    ["REMOVE", ".", "INVAL"],
    ["REMOVE", "a/b", "INVAL"],
    ["RMDIR", ".", "INVAL"],
    ["RMDIR", "..", "EXIST"],
    ["REMOVE", "steen", "ISDIR"],
    ["RMDIR", "readme", "NOTDIR"],
    ["RMDIR", "steen", "NOTEMPTY"],
    ["REMOVE", "nothing", "NOENT"],
  ])("%s of %j ends with %s", (what, name, status) => {
    using rig = new NfsRig({ files });
    const place = { directory: rig.client.at("/home"), name };
    const result =
      what === "CREATE"
        ? rig.client.call(NFS.CREATE, { place, file: { kind: "file", how: "guarded", verifier: 0n, attributes: {} } })
        : rig.client.call(what === "REMOVE" ? NFS.REMOVE : NFS.RMDIR, place);
    expect(result.status).toBe(status);
  });

  test("RENAME from . or to .. is refused", () => {
    using rig = new NfsRig({ files });
    const directory = rig.client.at("/home");
    for (const [from, to] of [
      [".", "x"],
      ["readme", ".."],
    ] as const)
      expect(rig.client.call(NFS.RENAME, { from: { directory, name: from }, to: { directory, name: to } }).status).toBe(
        "INVAL",
      );
  });

  test("MKNOD is not supported, for a directory it is the wrong type", () => {
    using rig = new NfsRig({ files });
    const place = { directory: rig.client.at("/home"), name: "pipe" };
    expect(rig.client.call(NFS.MKNOD, { place, kind: "fifo" })).toMatchObject({
      status: "NOTSUPP",
      bad: { after: { kind: "directory" } },
    });
    expect(rig.client.call(NFS.MKNOD, { place, kind: "other" }).status).toBe("BADTYPE");
  });
});

describe("what is made belongs to its maker", () => {
  const file = (attributes: object): object => ({ kind: "file", how: "unchecked", verifier: 0n, attributes });
  test.each([
    ["as he is", user, {}, { uid: 1000, gid: 100 }],
    ["and to a group of his", user, { gid: 24 }, { uid: 1000, gid: 24 }],
    ["not to another's group", user, { gid: 7 }, { uid: 1000, gid: 100 }],
    ["not to somebody else", user, { uid: 0 }, { uid: 1000, gid: 100 }],
    ["root gives it to whom he wants", root, { uid: 5, gid: 6 }, { uid: 5, gid: 6 }],
  ])("%s", (_what, credential, attributes, expected) => {
    using rig = new NfsRig({ files });
    const directory = rig.client.at("/home");
    rig.client.call(NFS.SETATTR, { handle: directory, changes: { mode: 0o777 }, guard: null });
    rig.client.credential = credential;
    const made = rig.client.call(NFS.CREATE, {
      place: { directory, name: "new" },
      file: file(attributes) as never,
    });
    expect(made).toMatchObject({ status: "OK", good: { attributes: expected } });
  });

  test("a file that is there is cut only by who may write it", () => {
    using rig = new NfsRig({ files });
    const directory = rig.client.at("/home");
    rig.client.call(NFS.SETATTR, { handle: directory, changes: { mode: 0o777 }, guard: null });
    rig.client.credential = someone;
    const place = { directory, name: "readme" };
    const made = rig.client.call(NFS.CREATE, { place, file: file({ sizeOctets: 0 }) as never });
    expect(made.status).toBe("ACCES");
  });

  test("an exclusive one is the same when it is asked for again, and EXIST to others", () => {
    using rig = new NfsRig({ files });
    const place = { directory: rig.client.at("/home"), name: "lock" };
    const ask = (verifier: bigint): Status | "OK" =>
      rig.client.call(NFS.CREATE, { place, file: { kind: "file", how: "exclusive", verifier, attributes: {} } }).status;
    expect([ask(7n), ask(7n), ask(8n)]).toEqual(["OK", "OK", "EXIST"]);
  });
});

describe("SETATTR", () => {
  const time = { seconds: 5, nanoseconds: 6 };
  test.each<[string, typeof user, object, Status | "OK"]>([
    ["the owner changes the mode", user, { mode: 0o600 }, "OK"],
    ["somebody else does not", someone, { mode: 0o600 }, "PERM"],
    ["nobody gives his file away", user, { uid: 5 }, "PERM"],
    ["but to a group of his", user, { gid: 24 }, "OK"],
    ["not to another's", user, { gid: 7 }, "PERM"],
    ["the owner sets a time", user, { modified: time }, "OK"],
    ["who may write sets it to now", { ...someone, gid: 100 }, { modified: "now" }, "OK"],
    ["but to no other", { ...someone, gid: 100 }, { modified: time }, "ACCES"],
    ["who may write cuts it", { ...someone, gid: 100 }, { sizeOctets: 1 }, "OK"],
    ["who may not write does not", someone, { sizeOctets: 1 }, "ACCES"],
  ])("%s", (_what, credential, changed, status) => {
    using rig = new NfsRig({ files });
    const handle = rig.client.at("/home/readme");
    rig.client.call(NFS.SETATTR, { handle, changes: { mode: 0o664, uid: 1000, gid: 100 }, guard: null });
    rig.client.credential = credential;
    expect(rig.client.call(NFS.SETATTR, { handle, changes: changed, guard: null }).status).toBe(status);
  });

  test("with a guard that no longer holds ends with NOT_SYNC", () => {
    using rig = new NfsRig({ files });
    const handle = rig.client.at("/home/readme");
    const guard = { seconds: 1, nanoseconds: 1 };
    expect(rig.client.call(NFS.SETATTR, { handle, changes: { mode: 0o600 }, guard }).status).toBe("NOT_SYNC");
    const seen = rig.client.call(NFS.GETATTR, handle);
    if (seen.status !== "OK") throw new Error(seen.status);
    expect(rig.client.call(NFS.SETATTR, { handle, changes: { mode: 0o600 }, guard: seen.good.changed }).status).toBe(
      "OK",
    );
  });
});

describe("a directory with the sticky bit", () => {
  test.each([
    [user, "OK"],
    [someone, "PERM"],
    [root, "OK"],
  ] as const)("%j takes away the user's file: %s", (credential, status) => {
    using rig = new NfsRig({ files });
    const directory = rig.client.at("/home");
    rig.client.call(NFS.SETATTR, { handle: directory, changes: { mode: 0o1777 }, guard: null });
    rig.client.call(NFS.SETATTR, { handle: rig.client.at("/home/readme"), changes: { uid: 1000 }, guard: null });
    rig.client.credential = credential;
    expect(rig.client.call(NFS.REMOVE, { directory, name: "readme" }).status).toBe(status);
  });
});

test("between two exports nothing is moved or linked", () => {
  using rig = new NfsRig({ files, exports: [everywhere, { ...everywhere, path: "/home/steen" }] });
  const { client } = rig;
  const [home, steen] = [client.at("/home"), client.mounted("/home/steen")];
  const moved = client.call(NFS.RENAME, {
    from: { directory: home, name: "readme" },
    to: { directory: steen, name: "readme" },
  });
  expect(moved.status).toBe("XDEV");
  const linked = client.call(NFS.LINK, {
    handle: client.at("/home/readme"),
    place: { directory: steen, name: "readme" },
  });
  expect(linked.status).toBe("XDEV");
});

test("the write verifier is another after a restart, and the same for write and commit", () => {
  const verifiers = [1, 2].map((boot) => {
    using rig = new NfsRig({ files, seed: boot });
    const handle = rig.client.at("/home/readme");
    const written = rig.client.call(NFS.WRITE, { handle, offset: 0, stability: "unstable", octets: Buffer.from("x") });
    const committed = rig.client.call(NFS.COMMIT, { handle, offset: 0, octets: 0 });
    if (written.status !== "OK" || committed.status !== "OK") throw new Error(`boot ${boot}`);
    expect(written.good.verifier).toBe(committed.good.verifier);
    return written.good.verifier;
  });
  expect(verifiers[0]).not.toBe(verifiers[1]);
});

test("before is not told where others may have come in between", async () => {
  /** A file system in memory that takes its time to remove something. */
  class SlowToRemove extends MemoryFileSystem {
    override remove(place: { readonly directory: FileKey; readonly name: string }): never {
      return Promise.resolve(super.remove(place)) as never;
    }
  }
  using plain = new NfsRig();
  const fileSystem = new SlowToRemove({ clock: plain.clock, isWritable: true });
  fileSystem.create(
    { directory: fileSystem.root().key, name: "readme" },
    { kind: "file", how: "guarded", verifier: 0n, attributes: {} },
  );
  using rig = new NfsRig({ fileSystem });
  const { client } = rig;
  client.receives(client.record(NFS.REMOVE, { directory: client.mounted("/"), name: "readme" }));
  await rig.clock.advance(1);
  const [reply] = client.replies();
  expect(NFS.REMOVE.result.read(reply!.reader)).toMatchObject({
    status: "OK",
    good: { before: null, after: { kind: "directory" } },
  });
});
