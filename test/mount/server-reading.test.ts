/** What a server of files answers to who only reads: every procedure, every status, who may what. */
import { describe, expect, test } from "vitest";
import { NFS_PROCEDURES as NFS, type Status } from "../../mount/index.ts";
import { ACCESS } from "../../mount/nfs/file-procedures.ts";
import { everywhere, NfsRig, root, user } from "../support/nfs-rig.ts";

const files = { "/pub/globe/index.html": "<h1>globe</h1>\n", "/pub/readme": "read me\n" };

/** A rig whose files belong to the user 1000 and the group 100, with these modes by path. */
function rigWith(modes: Readonly<Record<string, number>>): NfsRig {
  const rig = new NfsRig({ files });
  for (const [path, mode] of Object.entries(modes)) {
    const handle = rig.client.at(path);
    const changes = { mode, uid: 1000, gid: 100 };
    expect(rig.client.call(NFS.SETATTR, { handle, changes, guard: null }).status).toBe("OK");
  }
  return rig;
}

test("a file is walked to, looked at and read", () => {
  using rig = new NfsRig({ files });
  const handle = rig.client.at("/pub/globe/index.html");
  expect(rig.client.call(NFS.GETATTR, handle)).toMatchObject({ status: "OK", good: { kind: "file", sizeOctets: 15 } });
  const result = rig.client.call(NFS.READ, { handle, offset: 4, octetsMax: 5 });
  expect(result).toMatchObject({ status: "OK", good: { isEnd: false, attributes: { sizeOctets: 15 } } });
  if (result.status === "OK") expect(Buffer.from(result.good.octets).toString()).toBe("globe");
  expect(rig.client.call(NFS.READ, { handle, offset: 10, octetsMax: 500 })).toMatchObject({ good: { isEnd: true } });
  expect(rig.client.call(NFS.READ, { handle, offset: 2 ** 52, octetsMax: 5 })).toMatchObject({
    good: { isEnd: true, octets: Buffer.alloc(0) },
  });
});

describe("LOOKUP", () => {
  test.each<[string, string, Status]>([
    ["/pub", "nothing", "NOENT"],
    ["/pub", "", "INVAL"],
    ["/pub", "a/b", "INVAL"],
    ["/pub", "a\0", "INVAL"],
    ["/pub", "x".repeat(256), "NAMETOOLONG"],
    ["/pub/readme", "x", "NOTDIR"],
    ["/pub/readme", "..", "NOTDIR"],
  ])("in %s of %j ends with %s", (directory, name, status) => {
    using rig = new NfsRig({ files });
    const result = rig.client.call(NFS.LOOKUP, { directory: rig.client.at(directory), name });
    expect(result).toMatchObject({ status, bad: { kind: directory === "/pub" ? "directory" : "file" } });
  });

  test("of . is the directory, of .. the one above, and above an export's root there is nothing", () => {
    using rig = new NfsRig({ files, exports: [everywhere, { ...everywhere, path: "/pub" }] });
    const { client } = rig;
    const idOf = (directory: string, name: string): bigint => {
      const result = client.call(NFS.LOOKUP, { directory, name });
      if (result.status !== "OK") throw new Error(result.status);
      return result.good.attributes!.fileId;
    };
    const globe = client.at("/pub/globe");
    const fromPub = client.mounted("/pub/globe");
    expect(idOf(globe, ".")).toBe(idOf(fromPub, "."));
    expect(idOf(globe, "..")).toBe(idOf(fromPub, ".."));
    const pub = client.call(NFS.LOOKUP, { directory: fromPub, name: ".." });
    if (pub.status !== "OK") throw new Error(pub.status);
    expect(idOf(pub.good.handle, "..")).toBe(idOf(pub.good.handle, "."));
    expect(idOf(client.at("/pub"), "..")).toBe(idOf(client.mounted("/"), "."));
    expect(idOf(client.mounted("/"), "..")).toBe(idOf(client.mounted("/"), "."));
  });

  test("of .. in a directory that was moved out of the export leads nowhere", () => {
    using rig = new NfsRig({ files, exports: [everywhere, { ...everywhere, path: "/pub" }] });
    const { client } = rig;
    const globe = client.mounted("/pub/globe");
    const moved = client.call(NFS.RENAME, {
      from: { directory: client.at("/pub"), name: "globe" },
      to: { directory: client.mounted("/"), name: "away" },
    });
    expect(moved.status).toBe("OK");
    const self = client.call(NFS.LOOKUP, { directory: globe, name: "." });
    const above = client.call(NFS.LOOKUP, { directory: globe, name: ".." });
    if (self.status !== "OK" || above.status !== "OK") throw new Error("LOOKUP");
    expect(above.good.handle).toBe(self.good.handle);
  });
});

describe("who may what (mode bits and AUTH_SYS)", () => {
  const someone = { ...user, uid: 2000, gid: 2000, groups: [] };
  const fellow = { ...user, uid: 2000, gid: 2000, groups: [7, 100] };
  test.each([
    [0o600, user, "OK"],
    [0o000, user, "OK"], // The owner may have opened it before.
    [0o640, fellow, "OK"],
    [0o604, fellow, "ACCES"],
    [0o640, someone, "ACCES"],
    [0o644, someone, "OK"],
    [0o611, someone, "OK"], // To execute it is to read it.
    [0o000, root, "OK"],
    [0o600, { flavor: "none" } as const, "ACCES"],
    [0o604, { flavor: "none" } as const, "OK"],
  ])("a file of mode %o is read by %j: %s", (mode, credential, status) => {
    using rig = rigWith({ "/pub/readme": mode });
    const handle = rig.client.at("/pub/readme");
    rig.client.credential = credential;
    expect(rig.client.call(NFS.READ, { handle, offset: 0, octetsMax: 10 }).status).toBe(status);
  });

  const { READ, LOOKUP, MODIFY, EXTEND, DELETE, EXECUTE } = ACCESS;
  test.each([
    ["/pub", 0o755, user, READ | LOOKUP | MODIFY | EXTEND | DELETE],
    ["/pub", 0o755, someone, READ | LOOKUP],
    ["/pub", 0o711, someone, LOOKUP],
    ["/pub", 0o700, fellow, 0],
    ["/pub", 0o000, root, READ | LOOKUP | MODIFY | EXTEND | DELETE],
    ["/pub/readme", 0o644, user, READ | MODIFY | EXTEND],
    ["/pub/readme", 0o755, user, READ | MODIFY | EXTEND | EXECUTE],
    ["/pub/readme", 0o644, root, READ | MODIFY | EXTEND],
    ["/pub/readme", 0o464, fellow, READ | MODIFY | EXTEND],
  ])("ACCESS of %s with mode %o to %j", (path, mode, credential, access) => {
    using rig = rigWith({ [path]: mode });
    const handle = rig.client.at(path);
    rig.client.credential = credential;
    expect(rig.client.call(NFS.ACCESS, { handle, access: 0x3f })).toMatchObject({ status: "OK", good: { access } });
  });

  test("what is not to be searched or listed is neither", () => {
    using rig = rigWith({ "/pub": 0o711, "/pub/globe": 0o744 });
    const { client } = rig;
    const [pub, globe] = [client.at("/pub"), client.at("/pub/globe")];
    client.credential = someone;
    const page = { cookie: 0n, verifier: 0n, octetsMax: 4096 };
    expect(client.call(NFS.READDIR, { handle: pub, ...page }).status).toBe("ACCES");
    expect(client.call(NFS.LOOKUP, { directory: pub, name: "readme" }).status).toBe("OK");
    expect(client.call(NFS.READDIR, { handle: globe, ...page }).status).toBe("OK");
    expect(client.call(NFS.LOOKUP, { directory: globe, name: "index.html" }).status).toBe("ACCES");
  });

  test.each([
    ["root", root, "ACCES"],
    ["root", { ...user, uid: 7, groups: [0] }, "ACCES"],
    ["none", root, "OK"],
    ["all", user, "ACCES"],
    ["root", user, "OK"],
  ] as const)("squash %s of %j: %s", (squash, credential, status) => {
    using rig = rigWith({ "/pub/readme": 0o600 });
    rig.server.publish([{ ...everywhere, squash }]);
    const handle = rig.client.at("/pub/readme");
    rig.client.credential = credential;
    expect(rig.client.call(NFS.READ, { handle, offset: 0, octetsMax: 10 }).status).toBe(status);
  });

  test("a read-only export grants no writing", () => {
    using rig = new NfsRig({ files, exports: [{ ...everywhere, isWritable: false }] });
    const asked = { handle: rig.client.at("/pub"), access: 0x3f };
    expect(rig.client.call(NFS.ACCESS, asked)).toMatchObject({ good: { access: READ | LOOKUP } });
  });
});

describe("listings", () => {
  const many = Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`/many/file-${i}`, ""]));

  test.each([200, 512, 4096, 65_536, 0xffff_ffff])("page by page of %i octets, each name once", (octetsMax) => {
    using rig = new NfsRig({ files: many });
    const handle = rig.client.at("/many");
    const names: string[] = [];
    let [cookie, verifier, isEnd] = [0n, 0n, false];
    while (!isEnd) {
      const before = rig.client.sent.length;
      const result = rig.client.call(NFS.READDIR, { handle, cookie, verifier, octetsMax });
      if (result.status !== "OK") throw new Error(result.status);
      expect(before).toBe(0);
      names.push(...result.good.entries.map(({ name }) => name));
      cookie = result.good.entries.at(-1)?.cookie ?? cookie;
      ({ verifier, isEnd } = result.good);
      expect(isEnd || result.good.entries.length > 0).toBe(true);
    }
    expect(names.slice(0, 2)).toEqual([".", ".."]);
    expect(new Set(names).size).toBe(702);
    expect(names).toHaveLength(702);
  });

  test.each([
    [1024, 0xffff_ffff],
    [100_000, 512],
    [8192, 8192],
  ])("READDIRPLUS within %i octets, %i of them names", (octetsMax, nameOctetsMax) => {
    using rig = new NfsRig({ files: many });
    const handle = rig.client.at("/many");
    const names: string[] = [];
    let [cookie, verifier, isEnd] = [0n, 0n, false];
    while (!isEnd) {
      rig.client.receives(rig.client.record(NFS.READDIRPLUS, { handle, cookie, verifier, nameOctetsMax, octetsMax }));
      const [reply] = rig.client.replies();
      // Without the status, which is not counted.
      expect(reply!.reader.left - 4).toBeLessThanOrEqual(octetsMax);
      const result = NFS.READDIRPLUS.result.read(reply!.reader);
      if (result.status !== "OK") throw new Error(result.status);
      for (const entry of result.good.entries) {
        expect(entry.attributes?.fileId).toBe(entry.fileId);
        expect(rig.client.call(NFS.GETATTR, entry.handle!)).toMatchObject({ good: { fileId: entry.fileId } });
      }
      names.push(...result.good.entries.map(({ name }) => name));
      cookie = result.good.entries.at(-1)?.cookie ?? cookie;
      ({ verifier, isEnd } = result.good);
    }
    expect(new Set(names).size).toBe(702);
  });

  test.each<[string, object, Status]>([
    ["too small a reply", { octetsMax: 110 }, "TOOSMALL"],
    ["a cookie with another's verifier", { cookie: 5n, verifier: 77n }, "BAD_COOKIE"],
  ])("%s", (_what, change, status) => {
    using rig = new NfsRig({ files: many });
    const usual = { handle: rig.client.at("/many"), cookie: 0n, verifier: 0n, octetsMax: 4096 };
    expect(rig.client.call(NFS.READDIR, { ...usual, ...change }).status).toBe(status);
  });

  test("of a file there is none", () => {
    using rig = new NfsRig({ files });
    const asked = { handle: rig.client.at("/pub/readme"), cookie: 0n, verifier: 0n, octetsMax: 4096 };
    expect(rig.client.call(NFS.READDIR, asked).status).toBe("NOTDIR");
  });

  test(".. of an export's root is the root itself", () => {
    using rig = new NfsRig({ files, exports: [{ ...everywhere, path: "/pub" }] });
    const handle = rig.client.mounted("/pub");
    const result = rig.client.call(NFS.READDIR, { handle, cookie: 0n, verifier: 0n, octetsMax: 4096 });
    if (result.status !== "OK") throw new Error(result.status);
    const [self, above] = result.good.entries;
    expect(above!.fileId).toBe(self!.fileId);
  });
});

test("a directory is not read, and a file is no link", () => {
  using rig = new NfsRig({ files });
  const read = { handle: rig.client.at("/pub"), offset: 0, octetsMax: 10 };
  expect(rig.client.call(NFS.READ, read).status).toBe("ISDIR");
  expect(rig.client.call(NFS.READLINK, rig.client.at("/pub/readme")).status).toBe("INVAL");
});

test("what the file system as a whole is and can do", () => {
  using rig = new NfsRig({ files });
  const handle = rig.client.mounted("/");
  expect(rig.client.call(NFS.FSINFO, handle)).toMatchObject({
    status: "OK",
    good: { readOctetsMax: 1_048_576, writeOctetsMax: 1_048_576, timeStep: { seconds: 0, nanoseconds: 1 } },
  });
  expect(rig.client.call(NFS.FSSTAT, handle)).toMatchObject({
    status: "OK",
    good: { attributes: { kind: "directory" } },
  });
  expect(rig.client.call(NFS.PATHCONF, handle)).toMatchObject({
    status: "OK",
    good: { nameOctetsMax: 255, refusesLongNames: true, ignoresCase: false },
  });
});
