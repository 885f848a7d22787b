import { chmodSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
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

test("a file is written safely in parts, for us alone, and read in parts", () => {
  const path = join(folder, "safe");
  writeFileSync(path, "old and much longer than what comes");
  chmodSync(path, 0o666);
  expect(systemFiles.status(path)).toMatchObject({ octets: 35, isOursAlone: false });
  systemFiles.writeSafely(path, [Uint8Array.of(1, 2, 3), new Uint8Array(new SharedArrayBuffer(2)), Uint8Array.of(4)]);
  expect([...systemFiles.read(path)]).toEqual([1, 2, 3, 0, 0, 4]);
  expect(systemFiles.status(path)).toMatchObject({ octets: 6, isOursAlone: true });
  const part = new Uint8Array(4).fill(9);
  expect(systemFiles.readInto(path, 2, part.subarray(1))).toBe(3);
  expect([...part]).toEqual([9, 3, 0, 0]);
  expect(systemFiles.readInto(path, 5, part)).toBe(1);
  expect(systemFiles.readInto(path, 9, part)).toBe(0);
});

test("a draft left by a killed process is in nobody's way, nor is a link that somebody put there", () => {
  const path = join(folder, "drafted");
  symlinkSync(join(folder, "elsewhere"), `${path}.new`);
  systemFiles.writeSafely(path, [Uint8Array.of(1)]);
  writeFileSync(`${path}.new`, "half of a dra");
  systemFiles.writeSafely(path, [Uint8Array.of(2)]);
  expect([...systemFiles.read(path)]).toEqual([2]);
  expect(readdirSync(folder).filter((name) => /drafted.new|elsewhere/.test(name))).toEqual([]);
});

test("what cannot be written leaves the old file and no draft", () => {
  expect(() => systemFiles.writeSafely(join(folder, "no", "folder"), [])).toThrow("there is no such file");
  expect(systemFiles.status(join(folder, "none"))).toBeNull();
  expect(() => systemFiles.readInto(join(folder, "none"), 0, new Uint8Array(1))).toThrow(FileError);
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

test("another content with the length and the time of before is another file to the system", async () => {
  const path = join(folder, "settled");
  const long = new Date("2020-01-01T00:00:00Z");
  writeFileSync(path, "one");
  utimesSync(path, long, long);
  const before = systemFiles.status(path);
  // As long as it is too fresh it has none; then it keeps what it has.
  const settled = await vi.waitUntil(() => systemFiles.status(path)?.identity ?? null, {
    timeout: 10_000,
    interval: 5,
  });
  expect(settled).toBe(systemFiles.status(path)?.identity);
  writeFileSync(path, "two");
  utimesSync(path, long, long);
  const after = systemFiles.status(path);
  expect(after).toMatchObject({ octets: 3, modifiedMilliseconds: before?.modifiedMilliseconds });
  expect(after?.identity).not.toBe(settled);
});
