/** The local name space when something goes wrong in or below it: a mount table that was damaged, a file system that fails, a mount point that others would rename away. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { silentLog, SimulatedClock } from "../../base/index.ts";
import {
  type FileSystem,
  MemoryFileSystem,
  Mounting,
  MountTableStore,
  parseMountOptions,
  parseSource,
} from "../../mount/index.ts";
import { good } from "../support/file-system-contract.ts";

const clock = new SimulatedClock();
const plain = { isLazy: false, isRecursive: false };

function begin(path: string, open: () => FileSystem): Mounting {
  return new Mounting({ store: new MountTableStore(path), clock, log: silentLog, open });
}

function memory(): FileSystem {
  return MemoryFileSystem.of({ "/etc/motd": "vu" }, { clock, isWritable: true });
}

function mount(mounting: Mounting, target: string): Promise<unknown> {
  return mounting.mount({ sources: [parseSource("file:///vu")], target, options: parseMountOptions("rw") });
}

test("nothing is renamed onto a mount point: what is mounted there could not be reached any more", async () => {
  const mounting = begin(":memory:", memory);
  const { nameSpace } = mounting;
  await mount(mounting, "/vu");
  const directory = (await good(nameSpace.lookup((await good(nameSpace.root())).key, "vu"))).key;
  for (const name of ["point", "new"]) {
    await good(nameSpace.create({ directory, name }, { kind: "directory", attributes: {} }));
  }
  await mount(mounting, "/vu/point");
  const rename = (from: string, to: string) => nameSpace.rename({ directory, name: from }, { directory, name: to });
  expect(await rename("new", "point")).toBe("ACCES");
  expect(await good(nameSpace.lookup(directory, "point"))).toHaveProperty("key");
  expect(await rename("new", "newer")).toBe(null);
  await mounting.close();
});

test("a file system that could not be opened is opened at the next use, and what fails leaves no mount busy", async () => {
  let fault: Error | null = null;
  const mounting = begin(":memory:", () => {
    if (fault !== null) throw fault;
    return Object.assign(memory(), { readlink: () => Promise.reject(new Error("a bug")) });
  });
  const { nameSpace } = mounting;
  await mount(mounting, "/vu");
  const [mounted] = mounting.mounts();
  const root = mounted!.rootKey;
  await expect(nameSpace.readlink(root)).rejects.toThrow("a bug");
  await mounted!.rest();
  fault = new Error("the disk is full");
  await expect(nameSpace.lookup(root, "etc")).rejects.toThrow("full");
  fault = null;
  expect(await good(nameSpace.lookup(root, "etc"))).toHaveProperty("key");
  expect(await mounting.unmount("/vu", plain)).toHaveLength(1);
});

test.each([
  ["a target that is no path", "target = 'vu'"],
  ["a place in no mount", "place_mount = -1"],
  ["a number that fits no key", "id = 4294967296"],
])("a row damaged by hand, %s, is left out, and the others are used", async (_what, damage) => {
  const folder = mkdtempSync(join(tmpdir(), "strata-mount-"));
  try {
    const path = join(folder, "mounts.db");
    const first = begin(path, memory);
    await mount(first, "/vu");
    await mount(first, "/tools");
    await first.close();
    const database = new DatabaseSync(path);
    database.exec(`UPDATE mounts SET ${damage} WHERE id = 1`);
    database.close();
    const second = begin(path, memory);
    expect(second.mounts().map(({ row }) => row.target)).toEqual(["/tools"]);
    await second.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a mount that cannot be written down is refused, and leaves nothing; an unmount changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-mount-"));
  const path = join(folder, "mounts.sqlite");
  const mounting = begin(path, memory);
  await mount(mounting, "/kept");
  const other = new DatabaseSync(path);
  // What a disk that is full does to every change.
  const trigger = (name: string, what: string): void =>
    other.exec(
      `CREATE TRIGGER ${name} BEFORE ${what} ON mounts BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
    );
  trigger("added", "INSERT");
  trigger("removed", "DELETE");
  await expect(mount(mounting, "/new/place")).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("database or disk is full"),
  });
  const { nameSpace } = mounting;
  expect(await nameSpace.lookup((await good(nameSpace.root())).key, "new")).toBe("NOENT");
  await expect(mounting.unmount("/kept", plain)).rejects.toThrow("cannot be written");
  expect(mounting.mounts().map(({ row }) => row.target)).toEqual(["/kept"]);
  other.exec("DROP TRIGGER added; DROP TRIGGER removed");
  await mount(mounting, "/new/place");
  other.close();
  await mounting.close();
  rmSync(folder, { recursive: true });
});

test("two who mount at one place at once: the second is told, and there is no union of both", async () => {
  const opened = Promise.withResolvers<null>();
  const slow = new Mounting({
    store: new MountTableStore(":memory:"),
    clock,
    log: silentLog,
    open: async () => {
      await opened.promise;
      return memory();
    },
  });
  const both = [mount(slow, "/vu"), mount(slow, "/vu")];
  await new Promise((resolve) => setImmediate(resolve));
  opened.resolve(null);
  const outcomes = await Promise.allSettled(both);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(slow.mounts()).toHaveLength(1);
  await slow.close();
});
