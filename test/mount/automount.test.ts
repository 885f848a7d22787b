/** What is mounted when its name is looked up: once, with a memory of what is not there, and never by a listing. */
import { describe, expect, test } from "vitest";
import { silentLog, SimulatedClock } from "../../base/index.ts";
import { AutomountFileSystem } from "../../mount/automount/automount-file-system.ts";
import type { AutomountMap, MapAnswer } from "../../mount/automount/map.ts";
import { MapFile } from "../../mount/automount/map-file.ts";
import {
  type FileSystem,
  formatSource,
  isStatus,
  MemoryFileSystem,
  MOUNT_OPTIONS_DEFAULT,
  parseSource,
  type Status,
} from "../../mount/index.ts";
import { type MountError, Mounting } from "../../mount/mounting.ts";
import { MountTableStore } from "../../mount/table-store.ts";
import { Walker } from "../../mount/walk.ts";
import { contents, describeReadOnly, good, listed } from "../support/file-system-contract.ts";

const NFS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "nfs://files/home/steen": { "/mbox": "mail of steen" },
  "nfs://files/home/ast": { "/mbox": "mail of ast" },
  "nfs://files/a": { "/sub/covered": "", "/top": "a" },
  "nfs://files/b": { "/inner": "b" },
};
const MAP = `steen files:/home/steen
ast files:/home/ast
gone files:/gone
multi / files:/a /sub files:/b
spread /one files:/a /two/deep files:/b
half /one files:/gone /two files:/b
`;

/** A map that waits to be let go on, and counts. */
class SlowMap implements AutomountMap {
  readonly asked: string[] = [];
  text: string;
  answer: MapAnswer | null = null;
  gate: Promise<void> = Promise.resolve();

  constructor(text: string) {
    this.text = text;
  }
  names(): readonly string[] {
    return this.#map().keys;
  }
  faults(): readonly string[] {
    return this.#map().faults.map(({ message }) => message);
  }
  async find(key: string): Promise<MapAnswer> {
    this.asked.push(key);
    await this.gate;
    if (this.answer !== null) return this.answer;
    const mounts = this.#map().find(key, MOUNT_OPTIONS_DEFAULT);
    return mounts === null ? { kind: "none", reason: "the map has no such name" } : { kind: "mounts", mounts };
  }
  #map(): MapFile {
    return MapFile.parse(this.text, { path: "/etc/auto", kind: "indirect", read: () => null });
  }
}

interface Rig {
  readonly mounting: Mounting;
  readonly map: SlowMap;
  readonly clock: SimulatedClock;
  readonly opened: string[];
  readonly walk: (path: string) => Promise<string>;
  readonly names: (path: string) => Promise<string[] | Status>;
}

async function rig(map = new SlowMap(MAP), store = new MountTableStore(":memory:")): Promise<Rig> {
  const clock = new SimulatedClock();
  const opened: string[] = [];
  const mounting: Mounting = new Mounting({
    ...{ store, clock, log: silentLog },
    open: (row) => {
      const [source] = row.sources;
      if (source?.kind === "auto") return automount(row.id, row.target);
      opened.push(formatSource(source!));
      const files = NFS[formatSource(source!)];
      const memory = MemoryFileSystem.of(files ?? {}, { clock, isWritable: false });
      return files === undefined ? Object.assign(memory, { root: () => "NOENT" as const }) : memory;
    },
  });
  const automount = (id: number, target: string): FileSystem =>
    new AutomountFileSystem({
      ...{ map, clock, log: silentLog },
      isMounted: (key) => mounting.nameSpace.table.at({ mount: id, key }) !== null,
      mount: async ({ key, below, ...request }) => {
        const whole = { ...request, target: target + below };
        const done = key === null ? mounting.mount(whole) : mounting.mountAutomatically({ mount: id, key }, whole);
        return done.then(
          () => null,
          ({ code, message: reason }: MountError) => ({
            status: code === "unreachable" ? "TIMEDOUT" : "NOENT",
            reason,
          }),
        );
      },
    });
  if (mounting.mounts().length === 0) {
    const sources = [parseSource("auto:/etc/auto")];
    await mounting.mount({ sources, target: "/home", options: MOUNT_OPTIONS_DEFAULT });
  }
  const found = async (path: string) => {
    const walked = await new Walker(mounting.nameSpace).walk(path);
    return "status" in walked ? walked.status : walked.steps.at(-1)!.found;
  };
  const walk = async (path: string): Promise<string> => {
    const end = await found(path);
    if (isStatus(end)) return end;
    return end.attributes.kind === "file" ? (await contents(mounting.nameSpace, end.key)).toString() : "directory";
  };
  const names = async (path: string) => {
    const end = await found(path);
    return isStatus(end) ? end : (await listed(mounting.nameSpace, end.key)).map(({ name }) => name).sort();
  };
  return { mounting, map, clock, opened, walk, names };
}

describe("a name that is looked up", () => {
  test("is mounted, once, and stays", async () => {
    const { walk, map, opened, mounting } = await rig();
    expect(await walk("/home/steen/mbox")).toBe("mail of steen");
    expect(await walk("/home/steen/mbox")).toBe("mail of steen");
    expect(await walk("/home/ast/../steen/mbox")).toBe("mail of steen");
    expect(map.asked).toEqual(["steen", "ast"]);
    expect(opened).toEqual(["nfs://files/home/steen", "nfs://files/home/ast"]);
    expect(mounting.mounts().map(({ row }) => [row.target, row.isAutomatic])).toEqual([
      ["/home", false],
      ["/home/steen", true],
      ["/home/ast", true],
    ]);
  });

  test("by many at once is mounted once", async () => {
    const { walk, map, opened } = await rig();
    const open = Promise.withResolvers<void>();
    map.gate = open.promise;
    const all = Array.from({ length: 20 }, () => walk("/home/steen/mbox"));
    await Promise.resolve();
    open.resolve();
    expect(new Set(await Promise.all(all))).toEqual(new Set(["mail of steen"]));
    expect([map.asked, opened]).toEqual([["steen"], ["nfs://files/home/steen"]]);
  });

  test("and is not there is not asked for again for a minute", async () => {
    const { walk, map, clock } = await rig();
    for (const path of ["/home/nobody", "/home/gone"])
      expect([await walk(path), await walk(path)]).toEqual(["NOENT", "NOENT"]);
    expect(map.asked).toEqual(["nobody", "gone"]);
    map.text = "nobody files:/home/steen";
    await clock.advance(59_000);
    expect(await walk("/home/nobody")).toBe("NOENT");
    await clock.advance(1000);
    expect(await walk("/home/nobody/mbox")).toBe("mail of steen");
  });

  test("and does not lead anywhere says why, for as long", async () => {
    const { walk, mounting, clock } = await rig();
    for (const name of ["nobody", "gone"]) await walk(`/home/${name}`);
    await clock.advance(20_000);
    const [auto] = mounting.mounts();
    expect(auto!.facts()).toEqual([
      "nobody is not mounted: the map has no such name (tried again in 40 s)",
      "gone is not mounted: /home/gone: there is no such file or directory (tried again in 40 s)",
    ]);
    await clock.advance(40_000);
    expect(auto!.facts()).toEqual([]);
  });

  test("and of which nobody can say anything is asked for again soon", async () => {
    const { walk, map, clock } = await rig();
    map.answer = { kind: "failed", status: "TIMEDOUT", reason: "silence" };
    expect([await walk("/home/steen"), await walk("/home/steen")]).toEqual(["TIMEDOUT", "TIMEDOUT"]);
    map.answer = null;
    await clock.advance(10_000);
    expect(await walk("/home/steen/mbox")).toBe("mail of steen");
    expect(map.asked).toHaveLength(2);
  });

  test("whatever it is called", async () => {
    const { mounting } = await rig();
    const [auto] = mounting.mounts();
    const fs = mounting.nameSpace;
    expect(await fs.lookup(auto!.rootKey, "a/b")).toBe("INVAL");
    expect(await fs.lookup(auto!.rootKey, "x".repeat(256))).toBe("NAMETOOLONG");
    expect((await good(fs.lookup(auto!.rootKey, "."))).key).toBe(auto!.rootKey);
  });

  test("does not wait for others that are slow, and too many of those are put off", async () => {
    const { mounting, map } = await rig();
    map.gate = new Promise(() => undefined);
    const { rootKey } = mounting.mounts()[0]!;
    for (let i = 0; i < 64; i++) void mounting.nameSpace.lookup(rootKey, `slow${i}`);
    expect(await mounting.nameSpace.lookup(rootKey, "one-more")).toBe("JUKEBOX");
  });
});

describe("a listing", () => {
  test("shows what the map tells of, and mounts nothing", async () => {
    const { names, opened, map } = await rig();
    expect(await names("/home")).toEqual(["ast", "gone", "half", "multi", "spread", "steen"]);
    expect([opened, map.asked]).toEqual([[], []]);
  });

  test("shows what is mounted by a rule for every key", async () => {
    const { names, walk } = await rig(new SlowMap("* files:/home/&"));
    expect(await names("/home")).toEqual([]);
    await walk("/home/ast");
    await walk("/home/nobody");
    expect(await names("/home")).toEqual(["ast"]);
  });

  test("goes on where it was, in pages", async () => {
    const { mounting } = await rig(new SlowMap(Array.from({ length: 100 }, (_, i) => `u${i} f:/x`).join("\n")));
    const entries = await listed(mounting.nameSpace, mounting.mounts()[0]!.rootKey, 7);
    expect(new Set(entries.map(({ name }) => name)).size).toBe(100);
    expect(entries).toHaveLength(100);
  });
});

describe("an entry of several mounts", () => {
  test("one in the other", async () => {
    const { walk } = await rig();
    expect(await walk("/home/multi/top")).toBe("a");
    expect(await walk("/home/multi/sub/inner")).toBe("b");
    expect(await walk("/home/multi/sub/covered")).toBe("NOENT");
  });

  test("beside each other, in directories that only they need", async () => {
    const { walk, names } = await rig();
    expect(await walk("/home/spread/two/deep/inner")).toBe("b");
    expect(await walk("/home/spread/one/top")).toBe("a");
    expect([await names("/home/spread"), await names("/home/spread/two")]).toEqual([["one", "two"], ["deep"]]);
    expect(await walk("/home/spread/two/../one/top")).toBe("a");
    expect(await walk("/home/spread/three")).toBe("NOENT");
  });

  test("of which one is not there", async () => {
    const { walk } = await rig();
    expect(await walk("/home/half/two/inner")).toBe("b");
    expect(await walk("/home/half/one")).toBe("NOENT");
  });
});

describe("after a restart", () => {
  test("what was mounted is there under its old keys, without being looked up", async () => {
    const store = new MountTableStore(":memory:");
    const before = await rig(new SlowMap(MAP), store);
    await before.walk("/home/steen/mbox");
    await before.walk("/home/spread/two/deep");
    const keys = before.mounting.mounts().map(({ rootKey }) => rootKey);
    const after = await rig(new SlowMap(MAP), store);
    expect(after.mounting.mounts().map(({ rootKey }) => rootKey)).toEqual(keys);
    expect(await after.walk("/home/steen/mbox")).toBe("mail of steen");
    expect(after.map.asked).toEqual([]);
    expect(await after.walk("/home/spread/two/deep/inner")).toBe("b");
  });

  test("a name too long for a key leads to its mount, and .. back", async () => {
    const name = "n".repeat(200);
    const store = new MountTableStore(":memory:");
    await (await rig(new SlowMap(`${name} files:/a`), store)).walk(`/home/${name}/top`);
    const { mounting, walk } = await rig(new SlowMap(""), store);
    const [auto, mounted] = mounting.mounts();
    const above = await good(mounting.nameSpace.lookup(mounted!.rootKey, ".."));
    expect(above.attributes.fileId).toBe((await good(mounting.nameSpace.attributes(auto!.rootKey))).fileId);
    expect(await walk(`/home/${name}/top`)).toBe("a");
  });
});

test("what rests after a while is opened again", async () => {
  const { walk, mounting, clock, opened } = await rig();
  await walk("/home/steen/mbox");
  await clock.advance(601_000);
  await mounting.restIdle();
  expect(mounting.mounts()[1]!.state).toBe("configured");
  expect(await walk("/home/steen/mbox")).toBe("mail of steen");
  expect(opened).toHaveLength(2);
});

describeReadOnly("automount", async () => {
  const { clock } = await rig();
  const parts = { map: new SlowMap(MAP), clock, log: silentLog };
  const fileSystem = new AutomountFileSystem({ ...parts, isMounted: () => false, mount: () => Promise.resolve(null) });
  return { fileSystem, close: () => fileSystem.close() };
});
