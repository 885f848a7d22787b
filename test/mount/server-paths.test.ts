/** MNT, EXPORT, DUMP, UMNT, and paths below the public handle: what is reached, and that nothing leads out of an export. */
import { describe, expect, test } from "vitest";
import {
  type FileKey,
  HandleStore,
  HandleStoreError,
  MemoryFileSystem,
  MOUNT_PROCEDURES as MOUNT,
  NFS_PROCEDURES as NFS,
  type Status,
} from "../../mount/index.ts";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { Prefix } from "../../net/index.ts";
import { everywhere, NfsRig, root, user } from "../support/nfs-rig.ts";

const files = {
  "/pub/globe/index.html": "<h1>globe</h1>\n",
  "/pub/readme": "read me\n",
  "/home/steen/mbox": "dear\n",
  "/secret/key": "key\n",
};
const links: Readonly<Record<string, string>> = {
  "/pub/latest": "globe",
  "/pub/globe/up": "../../secret",
  "/pub/abroad": "/secret",
  "/pub/home": "/home/steen",
  "/pub/ring": "ring2/x",
  "/pub/ring2": "ring",
};

function withLinks(): MemoryFileSystem {
  const made = MemoryFileSystem.of(files, { clock: new SimulatedClock(), isWritable: true });
  for (const [path, target] of Object.entries(links)) {
    const names = path.split("/").slice(1);
    const name = names.pop()!;
    let directory: FileKey = made.root().key;
    for (const one of names) {
      const found = made.lookup(directory, one);
      if (typeof found === "string") throw new Error(found);
      directory = found.key;
    }
    made.create({ directory, name }, { kind: "link", target, attributes: {} });
  }
  return made;
}

const exports = [
  { ...everywhere, path: "/pub" },
  { ...everywhere, path: "/home", networks: [Prefix.parse("192.0.2.0/24")] },
];

describe("MNT", () => {
  test.each([
    ["/pub", "/pub"],
    ["/pub/", "/pub"],
    ["//pub//globe", "/pub/globe"],
    ["/pub/./globe/../globe", "/pub/globe"],
    ["/pub/latest", "/pub/globe"],
    ["/pub/home", "/home/steen"],
    ["/home/steen", "/home/steen"],
    ["/pub/../../pub", "/pub"],
  ])("of %s gives the directory %s", (path, expected) => {
    using rig = new NfsRig({ fileSystem: withLinks(), exports });
    const [one, other] = [path, expected].map((way) => {
      const seen = rig.client.call(NFS.GETATTR, rig.client.mounted(way));
      return seen.status === "OK" ? seen.good.fileId : seen.status;
    });
    expect(one).toBe(other);
  });

  test.each<[string, Status]>([
    ["/", "ACCES"],
    ["/secret", "NOENT"],
    ["/pub/../secret", "NOENT"],
    ["/pub/globe/../../secret", "NOENT"],
    ["/pub/abroad", "NOENT"],
    ["/pub/globe/up", "NOENT"],
    ["/pub/ring", "INVAL"], // LOOP, which the protocol has no word for.
    ["/pub/readme", "NOTDIR"],
    ["/pub/nothing", "NOENT"],
    ["pub", "NOENT"],
    ["", "NOENT"],
    [`/pub/${"x".repeat(256)}`, "NAMETOOLONG"],
    ["/public", "NOENT"],
  ])("of %s ends with %s", (path, status) => {
    using rig = new NfsRig({ fileSystem: withLinks(), exports });
    expect(rig.client.call(MOUNT.MNT, path)).toEqual({ status, bad: null });
  });

  test("only from networks that are allowed", () => {
    using rig = new NfsRig({ files, exports });
    expect(rig.joined("192.0.2.99").call(MOUNT.MNT, "/home").status).toBe("OK");
    expect(rig.joined("198.51.100.1").call(MOUNT.MNT, "/home").status).toBe("ACCES");
    // A handle that was seen on the way is of no use elsewhere either.
    const handle = rig.joined("192.0.2.99").mounted("/home");
    expect(rig.joined("198.51.100.1").call(NFS.GETATTR, handle).status).toBe("ACCES");
  });
});

test("EXPORT lists what is configured, and nothing else; DUMP who has mounted what", () => {
  using rig = new NfsRig({ files, exports });
  const { client } = rig;
  expect(client.call(MOUNT.EXPORT, null)).toEqual([
    { path: "/pub", groups: [] },
    { path: "/home", groups: ["192.0.2.0/24"] },
  ]);
  client.mounted("/pub");
  client.mounted("/home/steen");
  const other = rig.joined("192.0.2.7");
  other.mounted("/pub");
  expect(client.call(MOUNT.DUMP, null)).toHaveLength(3);
  client.call(MOUNT.UMNT, "/pub");
  expect(client.call(MOUNT.DUMP, null)).toEqual([
    { host: "192.0.2.1", path: "/home/steen" },
    { host: "192.0.2.7", path: "/pub" },
  ]);
  client.call(MOUNT.UMNTALL, null);
  expect(rig.server.mounts()).toEqual([{ host: "192.0.2.7", path: "/pub" }]);
});

describe("paths below the public handle (RFC 2054, RFC 2055)", () => {
  test.each([
    ["globe/index.html", "file"],
    ["/pub/globe/index.html", "file"],
    ["globe", "directory"],
    ["", "directory"],
    [".", "directory"],
    ["latest/index.html", "file"],
    ["latest", "link"], // Its reader follows it.
    ["gl%6fbe/index%2Ehtml", "file"],
    ["\udc80globe", "directory"],
    ["../../../globe", "directory"],
    ["/home/steen/mbox", "file"],
  ])("%j is a %s", (name, kind) => {
    using rig = new NfsRig({ fileSystem: withLinks(), exports });
    const result = rig.client.call(NFS.LOOKUP, { directory: "", name });
    expect(result).toMatchObject({ status: "OK", good: { attributes: { kind } } });
    if (result.status === "OK")
      expect(rig.client.call(NFS.GETATTR, result.good.handle)).toMatchObject({ status: "OK", good: { kind } });
  });

  test.each<[string, Status]>([
    ["../secret/key", "NOENT"],
    ["/secret/key", "NOENT"],
    ["abroad/key", "NOENT"],
    ["globe/up/key", "NOENT"],
    ["readme/x", "NOTDIR"],
    ["ring/x", "INVAL"],
    ["globe%2", "INVAL"],
    ["globe%00", "INVAL"],
    ["x/".repeat(2047), "NOENT"],
  ])("%j ends with %s", (name, status) => {
    using rig = new NfsRig({ fileSystem: withLinks(), exports });
    expect(rig.client.call(NFS.LOOKUP, { directory: "", name }).status).toBe(status);
  });

  test("the handle alone is the directory itself", () => {
    using rig = new NfsRig({ files, exports });
    expect(rig.client.call(NFS.GETATTR, "")).toMatchObject({ status: "OK", good: { kind: "directory" } });
  });

  test("who may not search a directory gets no further", () => {
    using rig = new NfsRig({ files, exports });
    const { client } = rig;
    client.call(NFS.SETATTR, { handle: client.mounted("/pub/globe"), changes: { mode: 0o700 }, guard: null });
    client.credential = user;
    expect(client.call(NFS.LOOKUP, { directory: "", name: "globe/index.html" }).status).toBe("ACCES");
    client.credential = root;
    expect(client.call(NFS.LOOKUP, { directory: "", name: "globe/index.html" }).status).toBe("OK");
  });

  test("without an export for the caller there is none", () => {
    using rig = new NfsRig({ files, exports: [] });
    expect(rig.client.call(NFS.LOOKUP, { directory: "", name: "globe" }).status).toBe("ACCES");
    expect(rig.client.call(NFS.GETATTR, "").status).toBe("ACCES");
  });
});

describe("handles", () => {
  test("are at most 56 octets, a multiple of 4, and the same every time", () => {
    using rig = new NfsRig({ files });
    for (const path of ["/", "/pub/readme"]) {
      const handle = rig.client.at(path);
      expect(handle.length).toBeLessThanOrEqual(56);
      expect(handle.length % 4).toBe(0);
      expect(rig.client.at(path)).toBe(handle);
    }
  });

  test("that are changed in any octet, cut or made longer are BADHANDLE", () => {
    using rig = new NfsRig({ files });
    const handle = rig.client.at("/pub/readme");
    const wrong = Array.from({ length: handle.length }, (_, at) => {
      const changed = String.fromCharCode(handle.charCodeAt(at) ^ 1);
      return handle.slice(0, at) + changed + handle.slice(at + 1);
    });
    for (const one of [...wrong, handle.slice(0, -4), `${handle}\0\0\0\0`, "x", "\0".repeat(64), "x".repeat(28)])
      expect(rig.client.call(NFS.GETATTR, one).status).toBe("BADHANDLE");
  });

  test("of another server are BADHANDLE, of a file that is gone STALE", () => {
    using rig = new NfsRig({ files });
    using other = new NfsRig({ files, seed: 7 });
    expect(rig.client.call(NFS.GETATTR, other.client.at("/pub/readme")).status).toBe("BADHANDLE");
    const handle = rig.client.at("/pub/readme");
    rig.client.call(NFS.REMOVE, { directory: rig.client.at("/pub"), name: "readme" });
    expect(rig.client.call(NFS.GETATTR, handle).status).toBe("STALE");
  });

  test("of an export that is taken back are STALE, and good when it is there again", () => {
    using rig = new NfsRig({ files });
    const handle = rig.client.at("/pub/readme");
    rig.server.publish([{ ...everywhere, path: "/home" }]);
    expect(rig.client.call(NFS.GETATTR, handle).status).toBe("STALE");
    rig.server.publish([{ ...everywhere, path: "/home" }, everywhere]);
    expect(rig.client.call(NFS.GETATTR, handle).status).toBe("OK");
  });

  test("stay good over a restart, also where the file's key is too long to stand in one", () => {
    /** A file system whose keys are as long as keys may be. */
    class LongKeys extends MemoryFileSystem {
      static readonly prefix = "k".repeat(70);
      override root(): ReturnType<MemoryFileSystem["root"]> {
        return { ...super.root(), key: longKey(super.root().key) };
      }
      override attributes(key: FileKey): ReturnType<MemoryFileSystem["attributes"]> {
        return super.attributes(shortKey(key));
      }
    }
    const longKey = (key: FileKey): FileKey => `${LongKeys.prefix}${key}` as FileKey;
    const shortKey = (key: FileKey): FileKey => key.slice(LongKeys.prefix.length) as FileKey;
    const clock = new SimulatedClock();
    using store = new HandleStore(":memory:", new SeededRandom(1));
    const handles = [1, 2].map((seed) => {
      const fileSystem = new LongKeys({ clock, isWritable: true });
      const rig = new NfsRig({ fileSystem, store, seed });
      const handle = rig.client.mounted("/");
      expect(handle.length).toBeLessThanOrEqual(56);
      expect(rig.client.call(NFS.GETATTR, handle).status).toBe("OK");
      return handle;
    });
    expect(handles[0]).toBe(handles[1]);
  });

  test("a store that cannot be opened is told in words", () => {
    expect(() => new HandleStore("/dev/null/handles", new SeededRandom(1))).toThrow(HandleStoreError);
  });
});
