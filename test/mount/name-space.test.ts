/** The local name space as users see it: what is mounted where, what is hidden, which way ".." goes, what a union shows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { silentLog, SimulatedClock } from "../../base/index.ts";
import {
  BindFileSystem,
  type FileSystem,
  isStatus,
  MemoryFileSystem,
  Mounting,
  MountTableStore,
  parseMountOptions,
  parseSource,
  Walker,
} from "../../mount/index.ts";
import {
  CONTRACT_FILES,
  contents,
  type ContractSubject,
  describeReading,
  describeReadOnly,
  describeWriting,
  file,
  good,
  listed,
} from "../support/file-system-contract.ts";

const clock = new SimulatedClock();

/** Directories of "this machine" by name; "file:///gone" is a server that does not answer. */
function world(): Record<string, FileSystem> {
  // Closing a connection to a server does not take its files away.
  const of = (files: Record<string, string>) =>
    Object.assign(MemoryFileSystem.of(files, { clock, isWritable: true }), { close: async () => undefined });
  const links = of({ "/real/file": "real" });
  const { key } = links.root();
  const link = (name: string, target: string) =>
    links.create({ directory: key, name }, { kind: "link", target, attributes: {} });
  link("here", "real");
  link("absolute", "/vu/steen");
  link("out", "../vu/steen/mbox");
  link("self", "self");
  link("ping", "pong");
  link("pong", "ping");
  return {
    contract: of(CONTRACT_FILES),
    vu: of({ "/steen/mbox": "letters", "/steen/tex/paper": "paper", "/etc/motd": "vu" }),
    tools: of({ "/cc": "their cc", "/lint": "their lint" }),
    own: of({ "/cc": "my cc", "/make": "my make" }),
    links,
    gone: closed(),
  };
}

function closed(): FileSystem {
  const memory = new MemoryFileSystem({ clock, isWritable: false });
  return Object.assign(memory, { root: async () => "TIMEDOUT" as const });
}

interface Rig {
  readonly mounting: Mounting;
  readonly mount: (source: string, target: string, options?: string) => Promise<unknown>;
  readonly cat: (path: string) => Promise<string>;
  readonly ls: (path: string) => Promise<readonly string[] | string>;
}

function rig(directories = world(), path = ":memory:"): Rig {
  const store = new MountTableStore(path);
  const mounting = new Mounting({
    store,
    clock,
    log: silentLog,
    open: ({ sources }) => {
      const [source] = sources;
      const made = source?.kind === "file" ? directories[source.path.slice(1)] : undefined;
      if (made === undefined) throw new Error("no such directory in this test");
      return made;
    },
  });
  const find = async (at: string) => {
    const walked = await new Walker(mounting.nameSpace).walk(at);
    return "status" in walked ? walked.status : walked.steps.at(-1)!.found;
  };
  return {
    mounting,
    mount: (source, target, options = "") =>
      mounting.mount({ sources: [parseSource(source)], target, options: parseMountOptions(options) }),
    cat: async (at) => {
      const found = await find(at);
      if (isStatus(found)) return found;
      return found.attributes.kind === "file"
        ? (await contents(mounting.nameSpace, found.key)).toString()
        : found.attributes.kind;
    },
    ls: async (at) => {
      const found = await find(at);
      if (isStatus(found)) return found;
      return (await listed(mounting.nameSpace, found.key, 2)).map(({ name }) => name).sort();
    },
  };
}

/** The name space, seen from a directory of it. */
const subject = (sources: readonly (readonly [string, string, string])[], at: string) => async () => {
  const { mounting, mount } = rig();
  for (const [source, target, options] of sources) await mount(source, target, options);
  const walked = await new Walker(mounting.nameSpace).walk(at);
  if ("status" in walked) throw new Error(walked.status);
  const top = walked.steps.at(-1)!.found.key;
  const isWritable = sources.every(([, , options]) => options.includes("rw"));
  const fileSystem = Object.assign(new BindFileSystem(mounting.nameSpace, top), { isWritable });
  const bound: ContractSubject = { fileSystem, close: () => mounting.close() };
  return bound;
};

const one = [["file:///contract", "/m", "rw"]] as const;
describeReading("a mount", subject(one, "/m"));
describeWriting("a mount", subject(one, "/m"));
describeReadOnly("a mount without rw", subject([["file:///contract", "/m", "ro"]], "/m"));
const bound = [
  ["file:///contract", "/m", "rw"],
  ["ns:/m", "/again", "rw"],
] as const;
describeReading("a bind", subject(bound, "/again"));
describeWriting("a bind", subject(bound, "/again"));

describe("what a path shows", () => {
  test("nested mounts: the longest prefix is the one that is meant, and mount points are listed", async () => {
    const { mount, cat, ls } = rig();
    await mount("file:///vu", "/remote/vu");
    await mount("file:///tools", "/remote/vu/steen/tex");
    expect(await cat("/remote/vu/steen/mbox")).toBe("letters");
    expect(await cat("/remote/vu/steen/tex/cc")).toBe("their cc");
    expect(await cat("/remote/vu/steen/tex/paper")).toBe("NOENT");
    expect(await ls("/remote/vu/steen")).toEqual(["mbox", "tex"]);
    expect(await ls("/")).toEqual(["remote"]);
  });
  test("a mount hides what was there, and gives it back; one upon another as well", async () => {
    const { mounting, mount, ls } = rig();
    await mount("file:///vu", "/m");
    await mount("file:///tools", "/m");
    expect(await ls("/m")).toEqual(["cc", "lint"]);
    await mounting.unmount("/m", { isLazy: false, isRecursive: false });
    expect(await ls("/m")).toEqual(["etc", "steen"]);
    await mounting.unmount("/m", { isLazy: false, isRecursive: false });
    expect(await ls("/m")).toBe("NOENT");
    expect(await ls("/")).toEqual([]);
  });
  test("a mount over the root", async () => {
    const { mounting, mount, ls, cat } = rig();
    await mount("file:///vu", "/");
    expect(await ls("/")).toEqual(["etc", "steen"]);
    expect(await cat("/steen/../etc/motd")).toBe("vu");
    await mount("file:///tools", "/steen/tex");
    expect(await cat("/steen/tex/cc")).toBe("their cc");
    await mounting.unmount("/", { isLazy: false, isRecursive: true });
    expect(await ls("/")).toEqual([]);
  });
  test.each([
    ["/links/here/file", "real", "a link within the mount"],
    ["/links/absolute/mbox", "letters", "an absolute link begins at the root of the name space"],
    ["/links/out", "letters", "a link over the border of its mount"],
    ["/links/absolute/../here/file", "real", "'..' undoes the name that was walked, not where the link led"],
    ["/vu/steen/../../links/here/file", "real", "'..' over a mount point"],
    ["/../../vu/etc/motd", "vu", "nothing is above the root"],
    ["/links/self", "LOOP", "a link to itself"],
    ["/links/ping/x", "LOOP", "links to each other"],
    ["/vu//./steen/mbox", "letters", "'.' and empty components mean nothing"],
    [`/vu/${"x".repeat(256)}`, "NAMETOOLONG", "a component over 255 octets"],
    [`/${"x/".repeat(2048)}y`, "NAMETOOLONG", "a path over 4096 octets"],
    ["/vu/a\0b", "INVAL", "NUL in a component"],
    ["vu", "INVAL", "a path that is not absolute"],
    ["/vu/etc/motd/x", "NOTDIR", "a file is no directory"],
  ])("%s: %s, %s", async (path, shown) => {
    const { mount, cat } = rig();
    await mount("file:///vu", "/vu");
    await mount("file:///links", "/links");
    expect(await cat(path)).toBe(shown);
  });
  test("'..' by key, as NFS clients ask: the root of a mount stands in its mount point's directory", async () => {
    const { mounting, mount } = rig();
    await mount("file:///vu", "/remote/vu");
    const space = mounting.nameSpace;
    const remote = await good(space.lookup((await good(space.root())).key, "remote"));
    const vu = await good(space.lookup(remote.key, "vu"));
    expect((await good(space.lookup(vu.key, ".."))).key).toBe(remote.key);
    expect((await good(space.lookup(remote.key, ".."))).key).toBe((await good(space.root())).key);
    expect(vu.attributes.fileSystemId).not.toBe(remote.attributes.fileSystemId);
  });
});

describe("binds", () => {
  test("show what is mounted below, follow changes, and keep to themselves", async () => {
    const { mount, cat } = rig();
    await mount("file:///vu", "/vu");
    await mount("ns:/vu/steen", "/home");
    await mount("file:///tools", "/vu/steen/tex");
    expect(await cat("/home/mbox")).toBe("letters");
    expect(await cat("/home/tex/cc")).toBe("their cc");
    expect(await cat("/home/../vu/etc/motd")).toBe("vu");
  });
  test("into itself: each turn costs a part of the key, and then it is a loop", async () => {
    const { mounting, mount, cat } = rig();
    await mount("file:///vu", "/a/vu");
    await mount("ns:/a", "/a/b");
    expect(await cat("/a/b/vu/etc/motd")).toBe("vu");
    expect(await cat(`/a${"/b".repeat(200)}/vu/etc/motd`)).toBe("LOOP");
    await expect(mounting.unmount("/a/vu", { isLazy: false, isRecursive: false })).resolves.toHaveLength(1);
  });
});

describe("unions", () => {
  test("before and after: the first that has a name is seen, listings are merged", async () => {
    const { mount, cat, ls } = rig();
    await mount("file:///tools", "/bin");
    await mount("file:///own", "/bin", "before");
    expect(await cat("/bin/cc")).toBe("my cc");
    expect(await cat("/bin/lint")).toBe("their lint");
    expect(await ls("/bin")).toEqual(["cc", "lint", "make"]);
    await mount("file:///vu", "/bin", "after");
    expect(await cat("/bin/etc/motd")).toBe("vu");
    expect(await cat("/bin/etc/../cc")).toBe("my cc");
  });
  test("a directory that is there is a member", async () => {
    const { mount, cat, ls, mounting } = rig();
    await mount("file:///vu", "/vu");
    await mount("file:///own", "/vu/steen", "after");
    expect(await ls("/vu/steen")).toEqual(["cc", "make", "mbox", "tex"]);
    expect(await cat("/vu/steen/mbox")).toBe("letters");
    await mounting.unmount("/vu/steen", { isLazy: false, isRecursive: false });
    expect(await ls("/vu/steen")).toEqual(["mbox", "tex"]);
  });
  test("one at the root: directories for mount points are still made on the base", async () => {
    const { mount, cat, ls } = rig();
    await mount("file:///vu", "/vu");
    await mount("file:///tools", "/", "after");
    await mount("file:///own", "/my/bin");
    expect(await ls("/")).toEqual(["cc", "lint", "my", "vu"]);
    expect(await cat("/my/bin/make")).toBe("my make");
    expect(await cat("/lint")).toBe("their lint");
  });
  test("a new file goes to the member that takes them; without one the union takes none", async () => {
    const directories = world();
    const { mounting, mount, cat } = rig(directories);
    await mount("file:///tools", "/bin", "rw");
    await mount("file:///own", "/bin", "after,rw");
    const space = mounting.nameSpace;
    const bin = await good(space.lookup((await good(space.root())).key, "bin"));
    const at = (name: string) => ({ directory: bin.key, name });
    expect(await space.create(at("new"), file("guarded"))).toBe("ROFS");
    await mounting.unmount("/bin", { isLazy: false, isRecursive: false });
    await mount("file:///own", "/bin", "after,create,rw");
    const again = await good(space.lookup((await good(space.root())).key, "bin"));
    await good(space.create({ directory: again.key, name: "new" }, file("guarded")));
    expect(await cat("/bin/new")).toBe("");
    const own = directories["own"]!;
    expect(isStatus(await own.lookup((await good(own.root())).key, "new"))).toBe(false);
    // "cc" is seen in the first member, so it exists; it is removed where it is seen, and the one behind it appears.
    expect(await space.create({ directory: again.key, name: "cc" }, file("guarded"))).toBe("EXIST");
    expect(await space.remove({ directory: again.key, name: "cc" })).toBe(null);
    expect(await cat("/bin/cc")).toBe("my cc");
  });
  test("a member that does not answer is not passed over: another file would be shown", async () => {
    const directories = world();
    const { mount, cat } = rig(directories);
    await mount("file:///own", "/bin");
    await mount("file:///tools", "/bin", "after");
    Object.assign(directories["own"]!, { lookup: async () => "TIMEDOUT" as const });
    expect(await cat("/bin/lint")).toBe("TIMEDOUT");
  });
});

describe("mounting is refused", () => {
  test.each([
    ["file:///vu", "relative", "write an absolute path"],
    ["file:///vu", "/vu/etc/motd", "/vu/etc/motd is not a directory"],
    ["file:///vu", "/vu/new", "there is no such file or directory"],
    ["ns:/nowhere", "/x", "/nowhere: there is no such file or directory"],
    ["file:///gone", "/gone", "the server does not answer"],
  ])("%s at %s: %s", async (source, target, words) => {
    const { mount, mounting, ls } = rig();
    await mount("file:///vu", "/vu");
    await expect(mount(source, target)).rejects.toThrow(words);
    expect(mounting.mounts()).toHaveLength(1);
    expect(await ls("/")).toEqual(["vu"]);
  });
});

describe("unmounting", () => {
  test("what others stand on is busy; recursive takes them first", async () => {
    const { mounting, mount, ls } = rig();
    await mount("file:///vu", "/vu");
    await mount("file:///tools", "/vu/etc");
    await mount("ns:/vu/steen", "/home");
    const plain = { isLazy: false, isRecursive: false };
    await expect(mounting.unmount("/vu", plain)).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining("/vu/etc, /home"),
    });
    await expect(mounting.unmount("/nothing", plain)).rejects.toMatchObject({ code: "refused" });
    await mounting.unmount("/vu", { isLazy: false, isRecursive: true });
    expect(await ls("/")).toEqual([]);
  });
  test("operations under way: busy, or lazily: gone from the tree at once, let go when they end", async () => {
    const directories = world();
    const { mounting, mount, cat } = rig(directories);
    await mount("file:///vu", "/vu");
    const { promise, resolve } = Promise.withResolvers<"NOENT">();
    Object.assign(directories["vu"]!, { lookup: () => promise });
    const waiting = cat("/vu/steen");
    await Promise.resolve();
    await new Promise((done) => setImmediate(done));
    await expect(mounting.unmount("/vu", { isLazy: false, isRecursive: false })).rejects.toThrow("1 operations");
    await mounting.unmount("/vu", { isLazy: true, isRecursive: false });
    expect(await cat("/vu")).toBe("NOENT");
    resolve("NOENT");
    expect(await waiting).toBe("NOENT");
  });
});

describe("after a restart", () => {
  let folder = "";
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("the tree is as it was, keys are good, numbers are not given again, and nobody was asked", async () => {
    folder = mkdtempSync(join(tmpdir(), "strata-mount-"));
    const path = join(folder, "mounts.db");
    const directories = world();
    const first = rig(directories, path);
    await first.mount("file:///vu", "/remote/vu");
    await first.mount("file:///tools", "/remote/vu/etc");
    await first.mount("file:///own", "/remote/vu/etc", "before");
    await first.mount("ns:/remote/vu/steen", "/home");
    await first.mounting.unmount("/home", { isLazy: false, isRecursive: false });
    await first.mount("ns:/remote/vu/steen", "/home");
    const walk = async ({ mounting }: Rig, at: string) => {
      const walked = await new Walker(mounting.nameSpace).walk(at);
      if ("status" in walked) throw new Error(walked.status);
      return walked.steps.at(-1)!.found.key;
    };
    const paths = [
      "/",
      "/remote",
      "/remote/vu",
      "/remote/vu/steen/mbox",
      "/remote/vu/etc",
      "/remote/vu/etc/cc",
      "/home",
    ];
    const keys = await Promise.all(paths.map((at) => walk(first, at)));
    let asked = 0;
    const counting = Object.fromEntries(
      Object.entries(directories).map(([name, directory]) => {
        return [name, new Proxy(directory, { get: (to, what) => (asked++, bindTo(to, what)) })];
      }),
    );
    const second = rig(counting, path);
    expect(asked).toBe(0);
    expect(second.mounting.mounts().map(({ row, state }) => [row.id, row.target, state])).toEqual([
      [1, "/remote/vu", "configured"],
      [2, "/remote/vu/etc", "configured"],
      [3, "/remote/vu/etc", "configured"],
      [5, "/home", "configured"],
    ]);
    expect(await second.cat("/remote/vu/etc/cc")).toBe("my cc");
    expect(await Promise.all(paths.map((at) => walk(second, at)))).toEqual(keys);
    for (const key of keys) expect(isStatus(await second.mounting.nameSpace.attributes(key))).toBe(false);
    await second.mounting.close();
  });
});

function bindTo(to: FileSystem, what: string | symbol): unknown {
  const value: unknown = Reflect.get(to, what, to);
  return typeof value === "function" ? value.bind(to) : value;
}
