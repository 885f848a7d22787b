import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { assert, AssertionError, FileError, systemFiles } from "../../base/index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "files-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file is written whole, in folders that are made for it, and read back", () => {
  const path = join(folder, "a", "b", "zone");
  expect(systemFiles.exists(path)).toBe(false);
  expect(systemFiles.stamp(path)).toBeNull();
  systemFiles.write(path, "one");
  expect(Buffer.from(systemFiles.read(path)).toString()).toBe("one");
  const stamp = systemFiles.stamp(path);
  systemFiles.write(path, Uint8Array.of(1, 2, 3, 4));
  expect([...systemFiles.read(path)]).toEqual([1, 2, 3, 4]);
  expect(systemFiles.stamp(path)).not.toBe(stamp);
  systemFiles.remove(path);
  systemFiles.remove(path);
  expect(systemFiles.exists(path)).toBe(false);
});

test("faults say what was wrong in words", () => {
  const read = (path: string) => () => systemFiles.read(join(folder, path));
  expect(read("none")).toThrow(FileError);
  expect(read("none")).toThrow("there is no such file");
  expect(read("none")).toThrow(expect.objectContaining({ code: "ENOENT", path: join(folder, "none") }));
  expect(read(".")).toThrow("it is a directory");
  expect(() => systemFiles.write(folder, "x")).toThrow(FileError);
});

test("assertions are errors of their own kind", () => {
  expect(() => assert(false, "cannot be")).toThrow(AssertionError);
  expect(() => assert(true, "is")).not.toThrow();
});
